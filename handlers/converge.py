"""Decide and apply: what should exist minus what exists is copied. The one way to a copy, of one or of all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from handlers import provenance
from handlers.core.decision import Decision, Key, Scope
from handlers.core.errors import TokenSpent
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup
from handlers.core.places import is_limit, waits_for_a_place
from handlers.core.plan import plan
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason
from handlers.lists import read_copies
from handlers.start import start

SETTLING = timedelta(seconds=10)
"""After which a new copy is taken to be listed. Oracle names no bound; in practice it is a second or two."""

UNANSWERED = "the call's time was up before it was known whether this was started"

log = structlog.get_logger()

Attempts = dict[Key, Decision]


def converge(inventory: Inventory, scope: Scope, call: Call, *, dry_run: bool) -> list[Decision]:
    """Start the copies that are missing, and say how it stands with each backup and destination in the scope.

    `inventory` is what was gathered for this scope. What is PLANNED in the answer was not started: in a dry run all.
    """
    attempts: Attempts = {}
    plan_of_all = _plan(inventory, scope, attempts, call) if dry_run else _start_all(inventory, scope, attempts, call)
    decisions = [each for each in plan_of_all if scope.has(each.original)]
    if not dry_run:
        provenance.complete(decisions, inventory, scope, call)
        decisions = [_left(each) for each in decisions]
    return decisions


def _start_all(inventory: Inventory, scope: Scope, attempts: Attempts, call: Call) -> list[Decision]:
    """The plan in which nothing is left to be started, once it is known what was."""
    unused: Mapping[Key, int] = {}
    while True:
        planned = _start_missing(inventory, scope, attempts, call, unused)
        if not any(_is_unsettled(each, scope) for each in attempts.values()):
            return planned
        more = _settle(inventory, scope, attempts, call)
        if more is None:
            return _plan(inventory, scope, attempts, call)
        unused = more


def _plan(inventory: Inventory, scope: Scope, attempts: Attempts, call: Call) -> list[Decision]:
    return plan(inventory, scope, call.settings, call.clock.now(), attempts)


def _start_missing(
    inventory: Inventory, scope: Scope, attempts: Attempts, call: Call, unused: Mapping[Key, int]
) -> list[Decision]:
    """Start copies as long as there are places: what Oracle refuses makes room for the next. The plan as it is then.

    `unused` is for each copy whose retry token was refused the attempt whose token may not be.
    """
    while True:
        planned = _plan(inventory, scope, attempts, call)
        batch = [
            replace(each, attempt=max(each.attempt, unused.get(each.key, 0)))
            for each in planned
            if each.outcome is Outcome.PLANNED and scope.has(each.original)
        ]
        if not batch:
            return planned
        done = call.workers(partial(start, scope=scope, call=call), batch)
        tried = [after or _unanswered(before) for before, after in zip(batch, done, strict=True)]
        for each in tried:
            if each.copy:
                inventory.add_copy(each.copy)
        under_way = list(inventory.in_flight())
        for each in tried:
            attempts[each.key] = _at_a_limit(each, under_way, scope) if each.fault and is_limit(each.fault) else each


def _at_a_limit(attempt: Decision, under_way: Collection[Backup], scope: Scope) -> Decision:
    """Nothing was started. It is in order where there will be room again: who sees a part knows of no other reason."""
    fault = attempt.fault
    is_of_others = scope.is_part and fault is not None and fault.code != "QuotaExceeded"
    if fault and (is_of_others or waits_for_a_place(fault, attempt.region, under_way)):
        attempt = replace(attempt, outcome=Outcome.DEFERRED, reason=Reason.LIMIT)
    return replace(attempt, settled=True)


def _unanswered(decision: Decision) -> Decision:
    return replace(decision, outcome=Outcome.DEFERRED, reason=Reason.DEADLINE, message=UNANSWERED)


def _left(decision: Decision) -> Decision:
    """What a place became free for only when all was done: a later call's work."""
    is_left = decision.outcome is Outcome.PLANNED
    return replace(decision, outcome=Outcome.DEFERRED, reason=Reason.LIMIT) if is_left else decision


def _settle(inventory: Inventory, scope: Scope, attempts: Attempts, call: Call) -> Mapping[Key, int] | None:
    """Look again where it is not known whether a copy was started; `None` where there is nothing more to be known.

    Else these attempts are forgotten where a copy has turned up, or a retry token was refused; the answer says which
    attempt is next there. A token is refused where its copy was deleted, but also where somebody copies the same backup
    by another name or key at this moment: their copy may not be listed yet, and is given the time to be, once for all.
    """
    for waited in (False, True):
        unsettled = [each for each in attempts.values() if _is_unsettled(each, scope)]
        if not unsettled or call.time_left <= SETTLING:
            return None
        if waited:
            log.info("copy.unsettled", count=len(unsettled))
            call.clock.sleep(SETTLING)
        read_copies(inventory, sorted({_list_of(each) for each in unsettled}, key=str), scope, call)
        for each in unsettled:
            if inventory.has_living_copy(each.original, str(each.region)):
                del attempts[each.key]
    spent = [each for each in unsettled if isinstance(each.fault, TokenSpent) and each.key in attempts]
    looked_for = [each for each in unsettled if each.key in attempts and _list_of(each) not in inventory.unread]
    attempts.update({each.key: replace(each, settled=True) for each in looked_for})
    for each in spent:
        del attempts[each.key]
    # Where a list still cannot be read nothing is known, and waiting once more would not help.
    return {each.key: each.attempt + 1 for each in spent} if spent or looked_for else None


def _list_of(attempt: Decision) -> Listing:
    """Where the copy would be listed."""
    return Listing(str(attempt.region), attempt.original.kind, attempt.original.compartment_id)


def _is_unsettled(attempt: Decision, scope: Scope) -> bool:
    """A single copy is not kept waiting for an answer that failed: it has nothing else to start."""
    if scope.target:
        return isinstance(attempt.fault, TokenSpent)
    was_begun = attempt.fault is not None or attempt.outcome is Outcome.FAILED
    return attempt.may_be_under_way and was_begun
