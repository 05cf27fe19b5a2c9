"""Which payload goes to which handler. A handler is loaded by the first call that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import assert_never

import structlog

from handlers.core.admission import admit
from handlers.core.errors import ApiFault, Problem, Rejected
from handlers.core.findings import Findings
from handlers.core.operations import (
    CopyBackup,
    CreateBackup,
    CreateDueBackups,
    ExplainPolicy,
    Operation,
    Overview,
    PruneCopies,
    ReportCopies,
    Sweep,
    UpdateBackup,
)
from handlers.core.payloads import Nothing, Payload, Work
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason, Report, Result, Trigger
from handlers.core.settings import Settings

TELLING = timedelta(seconds=10)
"""What is kept of a call's time for telling what came of it."""

log = structlog.get_logger()


def dispatch(payload: Payload, call: Call) -> Report:
    """Carry out what the payload asks for, in its order. Every operation gets at least one result.

    Raises `Rejected`, before anything is begun, when one of the operations may not be carried out.
    """
    match payload:
        case Nothing():
            return Report(payload.trigger, [_ignored(payload)])
        case Work():
            operations = payload.operations
            if operations is None:
                operations = call.settings.schedule
            _admit(payload, operations, call.settings)
            _require_compartments(operations, call)
            working = _leave_time_to_tell(operations, call)
            found = [_guarded(each, working) for each in operations]
            _tell(
                [(each.operation, what) for each, what in zip(operations, found, strict=True) if _is_told(each)], call
            )
            document = next((each.document for each in found if each.document), None)
            results, in_order = (
                [result for each in found for result in each.results],
                sum(each.in_order for each in found),
            )
            return Report(payload.trigger, results, document=document, in_order=in_order)
        case _:
            assert_never(payload)


def _admit(payload: Work, operations: Sequence[Operation], settings: Settings) -> None:
    """Raise `Rejected`, with the fields of the payload, or of the schedule, that are wrong."""
    try:
        admit(operations, settings, "SCHEDULE" if payload.operations is None else payload.field)
    except Rejected as rejected:
        if payload.trigger is not Trigger.EVENT:
            raise
        # The operation is ours: of an event only the resource can be wrong.
        raise Rejected(*(Problem(payload.field, each.message) for each in rejected.problems)) from None


def _require_compartments(operations: Sequence[Operation], call: Call) -> None:
    """Where compartments are looked at, it is known which, before anything is begun."""
    if any(isinstance(each, CopyBackup | Overview) for each in operations):
        # What may pass is said for each operation.
        with suppress(ApiFault):
            _ = call.compartments


def _leave_time_to_tell(operations: Sequence[Operation], call: Call) -> Call:
    """Whoever runs out of time, time and again, is the one that people have to hear of."""
    is_told = any(_is_told(each) for each in operations) and call.time_left > 4 * TELLING
    return call.sooner(TELLING) if is_told else call


def _is_told(operation: Operation) -> bool:
    """Whether people and Monitoring are told: of what looks at all there is, unless it only shows what it would do."""
    return isinstance(operation, Overview) and not operation.dry_run


def _tell(found: Sequence[tuple[str, Findings]], call: Call) -> None:
    if found:
        from handlers.tell import tell

        tell(found, call)


def _ignored(payload: Nothing) -> Result:
    return Result(None, Outcome.IGNORED, reason=payload.reason, source_id=payload.resource_id)


def _guarded(operation: Operation, call: Call) -> Findings:
    """What came of one operation; a fault of ours in it does not hide what came of the others."""
    try:
        return _run(operation, call)
    except Rejected:
        raise
    except Exception:
        log.exception("operation.crashed", operation=operation.operation)
        return Findings([Result(operation.operation, Outcome.FAILED, reason=Reason.INTERNAL_ERROR, may_pass=True)])


def _run(operation: Operation, call: Call) -> Findings:
    if isinstance(operation, Overview | ExplainPolicy) and call.out_of_time:
        return Findings([Result(operation.operation, Outcome.DEFERRED, reason=Reason.DEADLINE)])
    match operation:
        case Sweep():
            from handlers.sweep import sweep

            found = sweep(operation, call)
        case CreateDueBackups():
            from handlers.due import create_due

            found = create_due(operation, call)
        case PruneCopies():
            from handlers.prune import prune_copies

            found = prune_copies(operation, call)
        case ReportCopies():
            from handlers.report_copies import report_copies

            found = report_copies(operation, call)
        case ExplainPolicy():
            from handlers.explain import explain

            found = explain(operation, call)
        case _:
            found = Findings(_of_one(operation, call))
    return found


def _of_one(operation: Operation, call: Call) -> Sequence[Result]:
    """What came of an operation on one backup, or one source."""
    match operation:
        case (
            CreateBackup(source_id=resource_id)
            | CopyBackup(backup_id=resource_id)
            | UpdateBackup(backup_id=resource_id)
        ) if call.out_of_time:
            return [Result(operation.operation, Outcome.DEFERRED, reason=Reason.DEADLINE, source_id=resource_id)]
        case CreateBackup():
            from handlers.create import create

            results = [create(operation, call)]
        case CopyBackup():
            from handlers.copy import copy

            results = copy(operation, call)
        case UpdateBackup():
            from handlers.update import update

            results = [update(operation, call)]
        case _:
            raise TypeError(f"no handler for {type(operation).__name__}")
    for result in results:
        if result.outcome is Outcome.FAILED:
            log.warning(
                "operation.failed",
                operation=result.operation,
                reason=result.reason,
                message=result.message,
                source_id=result.source_id,
                destination_region=result.destination_region,
                opc_request_id=result.opc_request_id,
            )
    return results
