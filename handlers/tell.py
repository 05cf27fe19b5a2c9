"""What is told beside the answer: metrics to Monitoring, and to people what needs one of them. Never fails the work."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import structlog

from handlers.core.concerns import concerns_of
from handlers.core.errors import ApiFault, Outrun, Refused
from handlers.core.findings import Findings
from handlers.core.points import deletion_points, points_of, sweep_point
from handlers.core.ports import Call, Notices, TopicTags
from handlers.core.recovery_point import Recovery
from handlers.core.report import Outcome, Reason
from handlers.core.told import Marks, News, news, read_marks, write_marks, write_message

ATTEMPTS = 3
AGAIN = "This comes again with every call: allow the function to change the topic's tags (ONS_TOPIC_UPDATE)."
SWEEP = "Sweep"

log = structlog.get_logger()


def tell(found: Sequence[tuple[str, Findings]], call: Call) -> None:
    """Say what came of these operations, each by its name: in one message at most, and in points of metrics."""
    if not found:
        return
    for say in (_notify, _measure):
        if call.out_of_time:
            log.warning("tell.failed", reason=str(Reason.DEADLINE), message="no time is left to tell of this call")
            return
        try:
            say(found, call)
        except ApiFault as fault:
            log.warning("tell.failed", reason=fault.code, message=fault.message, opc_request_id=fault.opc_request_id)
        except Exception:  # the work is done, whatever becomes of its telling
            log.exception("tell.crashed")


def _measure(found: Sequence[tuple[str, Findings]], call: Call) -> None:
    if call.settings.metrics == "OFF":
        return
    now = call.clock.now()
    points = points_of(_latest(found))
    points += [point for _, each in found for point in deletion_points(each.deletions, now)]
    if any(operation == SWEEP and (each.is_of_all or each.is_part) for operation, each in found):
        points.append(sweep_point(now))
    if points:
        call.metrics.publish(points)


def _latest(found: Sequence[tuple[str, Findings]]) -> Sequence[Recovery]:
    """How it stood at last, with what sweeps had done by then: a report only sees that."""
    latest = next((each.recoveries for _, each in reversed(found) if each.recoveries), ())
    swept = [each.recoveries for operation, each in found if operation == SWEEP and each.recoveries]
    if not swept:
        return latest
    done: defaultdict[tuple[str, str], Counter[Outcome]] = defaultdict(Counter)
    for recoveries in swept:
        for each in recoveries:
            done[each.source.id, each.region].update(each.outcomes)
    return [replace(each, outcomes=done[each.source.id, each.region]) for each in latest]


def _notify(found: Sequence[tuple[str, Findings]], call: Call) -> None:
    """What was said, and what is over without a word, is remembered."""
    if call.notices is None:
        return
    concerns = [(operation, concerns_of(operation, each)) for operation, each in found]
    before = call.notices.tags()
    told = read_marks(before.tags)
    fresh = news(told, concerns, call.clock.now())
    if fresh.begun or fresh.ended:
        title, body = write_message(fresh, call.settings.region)
        call.notices.publish(title, body if _may_remember(call.notices, before) else f"{body}\n\n{AGAIN}")
        log.info("notice.published", begun=len(fresh.begun), ended=len(fresh.ended))
    if set(fresh.marks) != set(told):
        _remember(fresh, told, call.notices)


def _may_remember(notices: Notices, before: TopicTags) -> bool:
    """Whether the topic's tags may be changed: this is tried before, so that the message can say it."""
    try:
        notices.replace_tags(before.tags, before.etag)
    except ApiFault as fault:
        return isinstance(fault, Outrun) or not isinstance(fault, Refused)
    return True


def _remember(fresh: News, told: Marks, notices: Notices) -> None:
    """Only when it is said: a message that comes twice is better than none. What others have told meanwhile stays."""
    added, over = set(fresh.marks) - set(told), set(told) - set(fresh.marks)
    rank = {each: place for place, each in enumerate(fresh.marks)}
    for attempts_left in reversed(range(ATTEMPTS)):
        now = notices.tags()
        marks = {*read_marks(now.tags), *added} - over
        ordered = sorted(marks, key=lambda each: (rank.get(each, -1), each))
        try:
            notices.replace_tags(write_marks(tuple(ordered), now.tags), now.etag)
        except Outrun:
            if not attempts_left:
                raise
            continue
        return
