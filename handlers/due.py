"""CreateDueBackups: each source that is due for a backup gets one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog

from handlers.core.due import GIVEN_UP, MOST_FAULTY, Due, due
from handlers.core.errors import ApiFault, Refused, TokenSpent
from handlers.core.findings import Findings
from handlers.core.model import Backup, Lifecycle
from handlers.core.operations import CreateDueBackups
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason, failure
from handlers.core.tokens import due_token, slot_tags
from handlers.gather import gather_here

ATTEMPTS = 10
UNANSWERED = "the call's time was up before it was known whether this was made"

log = structlog.get_logger()


def create_due(operation: CreateDueBackups, call: Call) -> Findings:
    """One result for each source, and one for each list that could not be read; two ticks make one backup."""
    named = operation.compartment_id or ()
    try:
        compartments = dict.fromkeys([*call.compartments, *named])
    except ApiFault as fault:
        return Findings([failure(operation.operation, None, fault)])
    inventory = gather_here(compartments, call)
    decisions = due(inventory, call.settings, call.clock.now(), operation.every, named)
    if not operation.dry_run:
        decisions = _create(decisions, call)
    lists = {**inventory.unread_source_lists, **inventory.unread}
    results = [
        failure(operation.operation, listing.compartment_id, fault)
        for listing, fault in lists.items()
        if not named or listing.compartment_id in named
    ]
    return Findings(results + [each.result(operation.operation) for each in decisions], is_of_all=not named)


def _create(decisions: Sequence[Due], call: Call) -> list[Due]:
    planned = [each for each in decisions if each.outcome is Outcome.PLANNED]
    done = call.workers(partial(_begin, call=call), planned)
    tried = [after or _unanswered(before) for before, after in zip(planned, done, strict=True)]
    return tried + [each for each in decisions if each.outcome is not Outcome.PLANNED]


def _unanswered(decision: Due) -> Due:
    return replace(decision, outcome=Outcome.DEFERRED, reason=Reason.DEADLINE, message=UNANSWERED)


def _begin(decision: Due, call: Call) -> Due:
    """What came of making a backup; raises nothing."""
    if call.out_of_time:
        return replace(decision, outcome=Outcome.DEFERRED, reason=Reason.DEADLINE)
    try:
        backup = _make(decision, call)
    except ApiFault as fault:
        return replace(decision, outcome=Outcome.FAILED, fault=fault)
    except Exception:  # a fault of ours with one of them does not hide the others
        log.exception("due.crashed", source_id=decision.source.id)
        return replace(decision, outcome=Outcome.FAILED, reason=Reason.INTERNAL_ERROR)
    log.info(
        "backup.created",
        source_id=decision.source.id,
        backup_id=backup.id,
        region=backup.region,
        lifecycle=backup.lifecycle,
        opc_request_id=backup.opc_request_id,
    )
    return replace(decision, outcome=Outcome.CREATED, backup=backup)


def _make(decision: Due, call: Call) -> Backup:
    """The backup of this slot. Oracle binds a retry token for 24 hours to what it made, also where that is dead by now.

    Body and tokens are the same whoever asks in this slot: so a second tick finds what the first has made, also where
    no list shows it yet. What ended FAULTY, or was deleted, is made anew under the next token.
    """
    source, slot = decision.source, decision.slot
    if slot is None:
        raise ValueError("nothing is due")
    tags = slot_tags(source.id, slot)
    body = {source.kind.source_field: source.id, "displayName": f"due-{slot:%Y-%m-%dT%H:%MZ}", "freeformTags": tags}
    faulty = set(decision.faulty)
    for attempt in range(decision.attempt, decision.attempt + ATTEMPTS):
        try:
            backup = call.here.create(source.kind, body, due_token(source.id, slot, attempt))
        except TokenSpent:
            continue
        if not backup.lifecycle.is_dead:
            return backup
        if backup.lifecycle is Lifecycle.FAULTY:
            faulty.add(backup.id)
        if len(faulty) >= MOST_FAULTY:
            raise Refused(Reason.FAULTY, GIVEN_UP)
    raise Refused(Reason.FAULTY, "every backup ended dead: look at the source")
