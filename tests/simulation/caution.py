"""What keeps a whole call from marking and deleting: that something was not read, or that there would be too many."""

from __future__ import annotations

from collections import Counter, defaultdict

from infra.emulator.block_volume.limits import State
from tests.simulation.invocation import Invocation
from tests.simulation.lives import Going
from tests.simulation.pruning import Findings, ours, said_of
from tests.simulation.view import Places, View, places
from tests.simulation.world import World


def deleted_unread(world: World) -> Findings:
    """No call takes a step towards a deletion that has not read every list of sources, backups and copies."""
    attempted: defaultdict[Invocation, set[tuple[str, str, str]]] = defaultdict(set)
    for exchange in world.ledger.exchanges:
        if exchange.operation.startswith("List") and exchange.operation != "ListRegionSubscriptions":
            compartment_id = exchange.query.partition("compartmentId=")[2].partition("&")[0]
            attempted[exchange.owner].add((exchange.operation, exchange.region, compartment_id))
    for going in world.ledger.goings:
        unread = attempted[going.call] - going.call.listed.keys()
        if unread or not View(world, going.call, going.asked).has_read_all():
            yield f"{said_of(going)} without {', '.join(sorted(str(each) for each in unread)) or 'a list'}"


def too_many_gone(world: World) -> Findings:
    """No call deletes more than it may: in all, and of what there is in a region.

    Nor does one mark more that looks at some compartments only: what several such mark comes due one after the other.
    """
    everything = places(world)
    for is_deletion in (True, False):
        steps: defaultdict[Invocation, list[Going]] = defaultdict(list)
        for going in world.ledger.goings:
            if going.is_deletion is is_deletion and (is_deletion or b"compartmentId" in going.call.payload):
                steps[going.call].append(going)
        for call, goings in steps.items():
            yield from _beyond_limits(world, call, goings, everything)


def _beyond_limits(world: World, call: Invocation, goings: list[Going], everything: Places) -> Findings:
    limits = world.limits_at(call.started)
    most, percent = (limits.max_deletes, limits.max_percent) if limits else (50, 20)
    word = "deleted" if goings[0].is_deletion else "marked"
    if len(goings) > most:
        yield f"call {call.number} {word} {len(goings)}, more than {most}"
    view = View(world, call, goings[0].asked)
    for region, count in Counter(going.life.resource.region for going in goings).items():
        lives = [life for (_, where), place in everything.items() if where == region for life in ours(place)]
        there = sum(view.state(life) is State.AVAILABLE for life in lives)
        if count * 100 > percent * there:
            yield f"call {call.number} {word} {count} of {there} in {region}, more than {percent} percent"


def passed_over(world: World) -> Findings:
    """A prune speaks of all that was in the lists that it could read, at home and elsewhere."""
    everything = places(world)
    for call in world.ledger.invocations:
        if call.operations != {"PruneCopies"} or call.report is None or b"compartmentId" in call.payload:
            continue
        told = {result.source_id for result in call.report.results if result.operation == "PruneCopies"}
        ran_out = any(result.reason == "deadline" for result in call.report.results)
        view = View(world, call, world.now)
        for place in everything.values() if not ran_out else ():
            for life in view.there(place):
                if life.id not in told and world.others.resources.find(life.id):
                    yield f"call {call.number} ({call.why}) says nothing of {life.name} in {life.resource.region}"
