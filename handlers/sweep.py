"""Sweep: every backup gets the copies that it should have and does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import structlog

from handlers.converge import converge
from handlers.core.decision import Decision, Scope
from handlers.core.errors import ApiFault, Passing
from handlers.core.fan_out import MAX_DEPTH, Room, Share, divide, in_turn
from handlers.core.findings import Findings
from handlers.core.inventory import Inventory
from handlers.core.operations import Sweep
from handlers.core.plan import arrived
from handlers.core.ports import Call
from handlers.core.recovery import recoveries
from handlers.core.recovery_point import Recovery
from handlers.core.report import MAX_RESULTS, Outcome, Reason, Result, failure
from handlers.core.unread_lists import is_dark
from handlers.gather import gather, gather_away, gather_here
from handlers.hand_on import hand_on

HANDING_ON = timedelta(seconds=5)
"""What is kept of a call's time for handing on what it has not done."""
NOT_READ = "too much for one call, and no place for copies is left to give to another: raise MAX_IN_FLIGHT"

log = structlog.get_logger()


def sweep(operation: Sweep, call: Call) -> Findings:
    """One result for each backup and destination, and one for each list of the source region that could not be read.

    With FAN_OUT, a sweep of all that is configured hands on the compartments that are too much for one call; each of
    these has one result. Whatever such a call does not finish, it hands on as well.
    """
    try:
        if operation.part or (call.itself and not operation.compartment_id and not operation.dry_run):
            return _in_parts(operation, call)
        compartments = dict.fromkeys([*call.compartments, *(operation.compartment_id or ())])
    except ApiFault as fault:
        return Findings([failure(operation.operation, None, fault)])
    scope = Scope(operation.destination_region or (), operation.compartment_id or ())
    inventory = gather(compartments, scope, call)
    decisions = converge(inventory, scope, call, dry_run=operation.dry_run)
    is_of_all = not (scope.compartments or scope.regions)
    found: Sequence[Recovery] = ()
    if is_of_all and not operation.dry_run:
        found = _recoveries(inventory, decisions, compartments, call)
    results = _unread(operation.operation, inventory, scope.compartments or compartments, call)
    results += [each.result(operation.operation) for each in decisions]
    there, more = _in_order(operation.operation, inventory, scope, call)
    _log_failures(results)
    return Findings(results + there, found, is_of_all=is_of_all, in_order=more)


def _in_parts(operation: Sweep, call: Call) -> Findings:
    """As much as one call can do. The rest is handed on before any copy is started, and last what time did not do for.

    Only what is read here takes a place: who has another part knows nothing of this one.
    """
    part, most, itself = operation.part, call.settings.max_in_flight, call.itself
    depth, places = (part.depth, min(part.places, most)) if part else (0, most)
    compartments = in_turn(operation.compartment_id or call.compartments, places, depth, call.occurrence)
    working = call.sooner(HANDING_ON)
    inventory = gather_here(compartments, working, _room(working))
    kept, shares = divide(inventory.left, places, depth) if itself else (places, [])
    handed = hand_on(shares, operation, itself) if itself else []
    results = handed or [_not_read(operation, each) for each in inventory.left]
    working = replace(working, settings=working.settings.model_copy(update={"max_in_flight": kept}))
    own = [each for each in compartments if each not in inventory.left]
    scope = Scope(operation.destination_region or (), is_part=bool(part or inventory.left))
    gather_away(inventory, own, scope, working)
    _warn_of_spread(inventory, own, call)
    decisions = converge(inventory, scope, working, dry_run=False)
    late = _late(decisions, inventory, working)
    free = kept - 1 - sum(copy.compartment_id not in late for copy in inventory.in_flight())
    is_whole = not (part or inventory.left or late)
    if late and itself and free > 0 and depth < MAX_DEPTH:
        results += hand_on([Share(tuple(sorted(late)), free)], operation, itself)
        decisions = [each for each in decisions if not (each.original.compartment_id in late and _is_left(each))]
    found = [] if scope.regions else _recoveries(inventory, decisions, own, call)
    results += _unread(operation.operation, inventory, own, call)
    results += [each.result(operation.operation) for each in decisions]
    there, more = _in_order(operation.operation, inventory, scope, call)
    _log_failures(results)
    told = not scope.regions
    return Findings(results + there, found, is_of_all=is_whole and told, is_part=not is_whole and told, in_order=more)


def _room(call: Call) -> Room:
    """Reading the source region may take the share of the time that each region has, and one is kept for the work."""
    regions = len(call.settings.every_destination) + 2
    return Room.of(call.memory_mb, call.clock.now() + call.time_left / regions)


def _not_read(operation: Sweep, compartment_id: str) -> Result:
    left = Outcome.DEFERRED, Reason.DEADLINE
    return Result(operation.operation, *left, message=NOT_READ, source_id=compartment_id)


def _warn_of_spread(inventory: Inventory, own: Collection[str], call: Call) -> None:
    """Whoever sees only some of a source's backups may copy them out of order, or what is not to be kept."""
    others = {*call.compartments} - {*own}
    spread = sorted(each.id for each in inventory.sources.values() if each and each.compartment_id in others)
    if spread:
        log.warning("sweep.spread", count=len(spread), source_id=spread[0])


def _late(decisions: Iterable[Decision], inventory: Inventory, call: Call) -> set[str]:
    """The compartments that the call's time did not suffice for."""
    if not call.out_of_time:
        return set()
    lists = {**inventory.unread_source_lists, **inventory.unread}
    unread = {listing.compartment_id for listing, fault in lists.items() if _is_silence(fault)}
    return unread | {each.original.compartment_id for each in decisions if _is_left(each)}


def _is_left(decision: Decision) -> bool:
    is_deferred = decision.outcome is Outcome.DEFERRED and decision.reason == Reason.DEADLINE
    return is_deferred or (decision.outcome is Outcome.FAILED and _is_silence(decision.fault))


def _is_silence(fault: ApiFault | None) -> bool:
    """Whether nothing came in the time there was: mostly the call's own."""
    return isinstance(fault, Passing) and fault.code == "Timeout"


def _recoveries(
    inventory: Inventory, decisions: Iterable[Decision], compartments: Collection[str], call: Call
) -> list[Recovery]:
    dark = is_dark(inventory, call.settings.region, compartments)
    return recoveries(inventory, decisions, call.settings, call.clock.now(), source_is_dark=dark)


def _unread(operation: str, inventory: Inventory, compartments: Collection[str], call: Call) -> list[Result]:
    """One for each list of the source region that could not be read, of these compartments."""
    return [
        failure(operation, listing.compartment_id, fault)
        for unread in (inventory.unread_source_lists, inventory.unread)
        for listing, fault in unread.items()
        if listing.region == call.settings.region and listing.compartment_id in compartments
    ]


def _in_order(operation: str, inventory: Inventory, scope: Scope, call: Call) -> tuple[list[Result], int]:
    """The copies that have arrived: as many results as an answer lists, and how many there are besides."""
    found = arrived(inventory, scope, call.settings)
    return [each.result(operation) for each in islice(found, MAX_RESULTS)], sum(1 for _ in found)


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
