"""Sweep: every backup gets the copies that it should have and does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import structlog

from handlers.converge import converge
from handlers.core.decision import Decision, Scope
from handlers.core.errors import ApiFault
from handlers.core.findings import Findings
from handlers.core.operations import Sweep
from handlers.core.ports import Call
from handlers.core.recovery import recoveries
from handlers.core.recovery_point import Recovery
from handlers.core.report import Outcome, Result, failure
from handlers.core.unread_lists import is_dark

log = structlog.get_logger()


def sweep(operation: Sweep, call: Call) -> Findings:
    """One result for each backup and destination, and one for each list of the source region that could not be read."""
    try:
        compartments = dict.fromkeys([*call.compartments, *(operation.compartment_id or ())])
    except ApiFault as fault:
        return Findings([failure(operation.operation, None, fault)])
    scope = Scope(operation.destination_region or (), operation.compartment_id or ())
    decisions, inventory = converge(compartments, scope, call, dry_run=operation.dry_run)
    results = [
        failure(operation.operation, listing.compartment_id, fault)
        for unread in (inventory.unread_source_lists, inventory.unread)
        for listing, fault in unread.items()
        if listing.region == call.settings.region
        if not scope.compartments or listing.compartment_id in scope.compartments
    ]
    is_of_all = not (scope.compartments or scope.regions)
    found: Sequence[Recovery] = ()
    if is_of_all and not operation.dry_run:
        dark = is_dark(inventory, call.settings.region, compartments)
        found = recoveries(inventory, decisions, call.settings, call.clock.now(), source_is_dark=dark)
    del inventory
    results += _results(operation.operation, decisions)
    _log_failures(results)
    return Findings(results, found, is_of_all=is_of_all)


def _results(operation: str, decisions: list[Decision]) -> Iterator[Result]:
    """One for each decision, which is given up for it: both for all backups would not fit into the memory."""
    decisions.reverse()
    while decisions:
        yield decisions.pop().result(operation)


def _log_failures(results: Sequence[Result]) -> None:
    """One line for all that failed alike: a region that is down fails for every backup."""
    alike: dict[tuple[str | None, str | None], list[Result]] = defaultdict(list)
    for result in results:
        if result.outcome is Outcome.FAILED:
            alike[result.destination_region, result.reason].append(result)
    for (region, reason), failed in alike.items():
        first = failed[0]
        log.warning(
            "sweep.failed",
            destination_region=region,
            reason=reason,
            count=len(failed),
            message=first.message,
            source_id=first.source_id,
            opc_request_id=first.opc_request_id,
        )
