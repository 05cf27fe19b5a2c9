"""CopyVolumeGroupBackup, CopyVolumeBackup, CopyBootVolumeBackup: one good copy in each destination."""

from __future__ import annotations

from dataclasses import replace

import structlog

from handlers.converge import converge
from handlers.core.decision import Decision, Scope, Target
from handlers.core.eligibility import assess
from handlers.core.errors import ApiFault
from handlers.core.operations import CopyBackup
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason, Result, failure
from handlers.gather import gather

MEMBER = "copy the backup of its volume group instead"
UNREADABLE = "the source is gone or may not be read, so a tag backup-copy-destinations on it was not heeded"
EVENTS = {Outcome.EXISTS: "copy.exists", Outcome.IN_FLIGHT: "copy.in_flight", Outcome.PLANNED: "copy.planned"}

log = structlog.get_logger()


def copy(operation: CopyBackup, call: Call) -> list[Result]:
    """One result for each destination, or a single one where the backup itself decides or names no destination.

    The copy waits for the same places and predecessors as in a sweep.
    """
    named = operation.destination_region or ()
    try:
        original = call.here.get(operation.kind, operation.backup_id)
    except ApiFault as fault:
        return [failure(operation.operation, operation.backup_id, fault, region) for region in named or (None,)]
    verdict = assess(original)
    if verdict:
        message = MEMBER if verdict[1] is Reason.GROUP_MEMBER else None
        decisions = [Decision(original, region, *verdict, message=message) for region in named or (None,)]
        return [decision.result(operation.operation) for decision in decisions]
    scope = Scope(target=Target(original, named, operation.display_name, operation.kms_key_id))
    compartments = dict.fromkeys([*call.compartments, original.compartment_id])
    inventory = gather(compartments, scope, call)
    decisions = converge(inventory, scope, call, dry_run=operation.dry_run)
    _log(decisions)
    if not named and original.source_id and inventory.sources.get(original.source_id, original) is None:
        decisions = [replace(each, message=each.message or UNREADABLE) for each in decisions]
    return [decision.result(operation.operation) for decision in decisions]


def _log(decisions: list[Decision]) -> None:
    """What was found; what was started is said where that is done."""
    for each in decisions:
        if each.outcome in {*EVENTS, Outcome.DEFERRED}:
            log.info(
                EVENTS.get(each.outcome, "copy.deferred"),
                source_id=each.original.id,
                destination_region=each.region,
                reason=each.reason,
                backup_id=each.backup_id,
                opc_request_id=each.copy.opc_request_id if each.copy else None,
            )
