"""What needs a person, in words, and what to do about it. What passes by itself is not among it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.core.findings import Findings
from handlers.core.model import Lifecycle
from handlers.core.prune import UNREAD
from handlers.core.recovery_point import CopyState, Recovery
from handlers.core.report import Outcome, Reason, Result

SIZES = 21
"""Twice as many, again and again, is more than there can be."""

MANY = 20
"""Of so many concerns of one kind in one region only their number is told: they have one cause."""

ROOM = 120
"""Of more than so many in all, any that are alike are told by their number: the topic's memory has no room for each."""

PASSING = "passing"
LASTING = timedelta(hours=6)
"""What has not passed by itself for so long needs a person."""

MAX_NAME, MAX_MESSAGE = 80, 300

FIRST = " First: "
"""What stands before the id of the first of many."""

UNREACHABLE = "see whether the region is up, and the tenancy subscribed to it; each call tries again"
PERMISSION = "see to it that the function's policy allows this, or that what it is about is there"
REMEDIES = {
    Reason.HELD: 'nothing was deleted; {"operation": "PruneCopies", "dryRun": true} answers with the list',
    Reason.NO_ROOM: "a backup has ten tags, so that it cannot be marked: take one away, or delete it by hand",
    Reason.KEY_MISSING: "name a key for the region in KMS_KEY_IDS or POLICY, or null for Oracle's own",
    Reason.TAG_MALFORMED: "correct the tag on the source; until then nothing is done for it",
    Reason.FAULTY: "look at the source, and delete the backup if it cannot be read",
    Reason.INTERNAL_ERROR: "look into the function's log, which has the place, and report it",
    "NotAuthorizedOrNotFound": PERMISSION,
    "ConnectionFailed": UNREACHABLE,
    "Timeout": UNREACHABLE,
    "QuotaExceeded": "raise the compartment's quota for backups, or keep fewer",
    "LimitExceeded": "ask Oracle for a higher limit in the region, or keep fewer",
}
OTHERWISE = "look into the function's log for the request ID, and ask Oracle with it if the code does not say enough"


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs a person; its `key` is the same in every call as long as it lasts."""

    key: str
    text: str
    remedy: str
    patience: timedelta = timedelta()
    """For how long every call has to find it before it is told: it may pass by itself."""


@dataclass(frozen=True, slots=True)
class Concerns:
    """What needs a person now. `fine` are the keys of what was looked at and does not; each with words for its end."""

    standing: Sequence[Concern]
    fine: Sequence[Concern]
    is_of_all: bool = False
    """Whether everything was looked at that is configured."""
    hides_nothing: bool = False
    """Whether also nothing kept what failed before from failing again."""


def concerns_of(operation: str, findings: Findings) -> Concerns:
    """What one operation has found. That there are no longer many of a kind is only known where all was looked at.

    Of what only sees a part, in the place of all, nothing is told but what failed: it would be told by each part.
    """
    groups: defaultdict[tuple[str, str], list[Concern]] = defaultdict(list)
    recoveries = () if findings.is_part else findings.recoveries
    for recovery in recoveries:
        for kind, concern in _of_recovery(recovery):
            groups[kind, recovery.region].append(concern)
    standing: list[Concern] = []
    most = MANY if sum(map(len, groups.values())) <= ROOM else 1
    for (kind, region), alike in groups.items():
        standing += _many(kind, region, alike) if len(alike) > most else alike
    standing += _failures(operation, findings)
    fine = [_in_time(each) for each in recoveries if _is_fine(each)]
    if findings.is_of_all:
        fine += _few(groups, recoveries, most)
    return Concerns(standing, fine, findings.is_of_all, findings.hides_nothing)


def _many(kind: str, region: str, alike: Sequence[Concern]) -> Iterator[Concern]:
    """One for each size that they have reached: that they have become twice as many is news."""
    text = f"{len(alike)} times in {region}: {_PLURAL[kind]}"
    remedy = f"{alike[0].remedy}. The first is: {alike[0].text}"
    for size in range(1, len(alike).bit_length() + 1):
        yield Concern(_many_key(kind, region, size), text, remedy)


def _many_key(kind: str, region: str, size: int) -> str:
    return f"many {kind} {region} {size}"


def _few(
    groups: Mapping[tuple[str, str], Sequence[Concern]], recoveries: Sequence[Recovery], most: int
) -> Iterator[Concern]:
    """The regions that were read as a whole where there are not so many of a kind, or not any more.

    What cannot be judged may be one of them.
    """
    unread = {each.region for each in recoveries if not each.is_known}
    unsure = Counter(each.region for each in recoveries if each.is_unsure)
    for region in sorted({each.region for each in recoveries} - unread):
        for kind, plural in _PLURAL.items():
            count = len(groups.get((kind, region), ()))
            text = f"in {region} it is so only {count} times by now: {plural}"
            sizes = range(1, SIZES) if count + unsure[region] <= most else ()
            yield from (Concern(_many_key(kind, region, size), text, "") for size in sizes)


def _is_fine(recovery: Recovery) -> bool:
    """What may be there with a target that is not known may be in breach."""
    return recovery.is_known and recovery.breach_since is None and not recovery.is_unsure


def _in_time(recovery: Recovery) -> Concern:
    name, region = _named(recovery), recovery.region
    if not recovery.belongs or recovery.target is None:
        text = f"nothing is due of {name} in {region} any more"
    elif recovery.point is None:
        text = f"{name} has a backup, and the first copy of it in {region} is not late yet"
    else:
        text = f"{name} is in time again: its recovery point in {region} is {_long(recovery.age)} old"
    return Concern(_breach_key(recovery), text, "")


_PLURAL = {
    "breach": "the recovery point is older than its target",
    "faulty": "a copy ended FAULTY",
    "stuck": "a copy has been under way for more than a day",
    "backup": "a backup of the source ended FAULTY",
}


def _breach_key(recovery: Recovery) -> str:
    return f"breach {recovery.source.id} {recovery.region}"


def _of_recovery(recovery: Recovery) -> Iterator[tuple[str, Concern]]:
    """What is wrong with one source in one region, each with its kind."""
    name, region = _named(recovery), recovery.region
    if recovery.breach_since:
        text = f"the recovery point of {name} in {region} {_how_old(recovery)}; the target is {_long(recovery.target)}"
        yield "breach", Concern(_breach_key(recovery), text, _why_behind(recovery))
    for copy in recovery.having(Lifecycle.FAULTY):
        text = f"the copy {copy.id} of {name} in {region} ended FAULTY"
        yield "faulty", Concern(f"faulty {copy.id}", text, _after_faulty(copy, recovery))
    for copy in recovery.in_flight:
        if copy.is_stuck(recovery.now):
            text = f"the copy {copy.id} of {name} in {region} has been under way for {_long(recovery.now - copy.began)}"
            yield "stuck", Concern(f"stuck {copy.id}", text, "ask Oracle about it; no other is made while it lasts")
    for backup_id in recovery.faulty_backups:
        text = f"the backup {backup_id} of {name} ended FAULTY"
        yield "backup", Concern(f"faulty {backup_id}", text, "look at the source, and delete the FAULTY backup")


def _after_faulty(copy: CopyState, recovery: Recovery) -> str:
    others = [each.lifecycle for each in recovery.copies if each.moment == copy.moment and each.id != copy.id]
    if Lifecycle.AVAILABLE in others:
        return "another copy of the same backup is there: delete the FAULTY one"
    if copy.is_orphan or not recovery.belongs:
        return "it cannot be made again, since its backup is gone, or no copies are wanted there: delete the FAULTY one"
    return "it is made again by itself; then delete the FAULTY one"


def _how_old(recovery: Recovery) -> str:
    if not recovery.is_known:
        since = recovery.point or recovery.told_of
        age = _long(recovery.now - since) if since else "of unknown age, or"
        return f"is {age} old as far as is known, since the region cannot be read"
    unsure = " as far as is known, since the source region cannot be read" if recovery.is_unsure else ""
    return (f"is {_long(recovery.age)} old" if recovery.point else "does not exist yet") + unsure


def _why_behind(recovery: Recovery) -> str:
    """What to look at first."""
    if not recovery.is_known:
        return (
            "see whether the region is up, the tenancy subscribed to it, and the function allowed to list backups there"
        )
    if recovery.is_unsure:
        return "see whether the source region is up, and the function allowed to list what is there and its backups"
    if not recovery.knows_backups:
        return "its backups could not be listed: see what the last calls say of that, and whether CreateDueBackups runs"
    if recovery.newest_backup is None:
        return "no backup of it is to be seen: see whether CreateDueBackups runs, and what it answers"
    if recovery.point is None or recovery.behind:
        return "a copy is missing: see what the last sweep says of it, and whether the region can be reached"
    return "its last backup is copied, but old: see whether backups are made, and what CreateDueBackups answers"


def _failures(operation: str, findings: Findings) -> Iterator[Concern]:
    """What failed for a reason that stays until somebody changes something, alike together.

    What may pass is told when it has not for long, under whatever codes, by calls that look at everything. What is held
    while a list cannot be read goes on when that can be.
    """
    alike: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in findings.results:
        passes = result.may_pass and result.reason != Reason.INTERNAL_ERROR
        is_held_up = result.reason == Reason.HELD and result.message == UNREAD
        if result.outcome is Outcome.FAILED and not is_held_up and not (passes and not findings.is_of_all):
            kind = PASSING if passes else str(result.reason)
            alike[kind, result.destination_region or "the source region"].append(result)
    for (kind, region), failed in alike.items():
        first, passes = failed[0], kind == PASSING
        reason = str(first.reason)
        count = f", {len(failed)} of its results" if len(failed) > 1 else ""
        about = f"{FIRST}{first.source_id}." if first.source_id else ""
        said = f" {_line(first.message, MAX_MESSAGE).rstrip('.')}." if first.message else ""
        patience = LASTING if passes else timedelta()
        since = f" for more than {_long(patience)}" if patience else ""
        text = f"{operation} failed in {region}{since}: {reason}{count}.{said}{about}"
        yield Concern(f"failed {operation} {kind} {region}", text, REMEDIES.get(reason, OTHERWISE), patience)


def _named(recovery: Recovery) -> str:
    """A source as people know it."""
    name = _line(recovery.source.name, MAX_NAME)
    return f"{name} ({recovery.source.id})" if name else recovery.source.id


def _line(text: str, most: int) -> str:
    """What others have written: it is cut, and cannot break a line."""
    return "".join(each if each.isprintable() else " " for each in text[:most]).strip()


def _long(length: timedelta | None) -> str:
    if length is None:
        return "of unknown age"
    hours = length // timedelta(hours=1)
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h {length // timedelta(minutes=1) % 60} min"
