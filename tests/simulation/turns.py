"""In which order copies are made, and how many at once: looked for in the ledger, when the story is over."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from infra.emulator.block_volume.kinds import BOOT_VOLUME_BACKUP
from tests.simulation.copying import Findings, copies_from_home, made_copies, said_of
from tests.simulation.expectation import LIVING
from tests.simulation.lives import Life
from tests.simulation.retention import kept
from tests.simulation.setting import HOME
from tests.simulation.view import Places, is_gone, moment_of, places
from tests.simulation.world import World


def out_of_order(world: World) -> Findings:
    """Copies of one source become AVAILABLE in the order of their originals, in each region where these belong.

    A backup may come late when two of its copies have ended FAULTY, when one was deleted, or where it was not to be
    kept when the copy of a later one was begun.
    """
    everything = places(world)
    arrivals: defaultdict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
    late: set[tuple[str, str]] = set()
    faulty: Counter[tuple[str, str]] = Counter()
    for copy in copies_from_home(world):
        original, region = world.ledger.lives[copy.copy_of or ""], copy.resource.region
        faulty[original.id, region] += copy.was_faulty
        if copy.was_deleted or faulty[original.id, region] >= 2:
            late.add((original.id, region))
        if copy.arrived and region in world.expectation.belongs(original.resource):
            first = arrivals[original.source_id, region].get(original.id, copy.arrived)
            arrivals[original.source_id, region][original.id] = min(first, copy.arrived)
    for (source_id, region), arrived in arrivals.items():
        for earlier, later in itertools.permutations(arrived, 2):
            if source_id in world.redirected or (earlier, region) in late or arrived[earlier] <= arrived[later]:
                continue
            if world.ledger.lives[earlier].created < world.ledger.lives[later].created:
                if _was_not_kept(world, everything, earlier, later, region):
                    continue
                name = world.ledger.name_of
                yield f"the copy of {name(later)} in {region} came before that of {name(earlier)}"


def _was_not_kept(world: World, everything: Places, earlier: str, later: str, region: str) -> bool:
    """Whether a retention did not keep a backup there when the copy of a later one was looked at, or begun."""
    life, place = world.ledger.lives[earlier], everything[world.ledger.lives[earlier].source_id, region]
    first = next(copy for copy in place if copy.copy_of == later)
    for moment in (first.began, first.maker.started if first.maker else first.began):
        there = {
            each.copy_of or each.id: moment_of(world, each)
            for each in (*everything[life.source_id, HOME], *place)
            if each.state_at(moment) in LIVING
        }
        tags = world.ledger.facts_at(life.source_id, moment).tags
        keep = world.setting.policy.keep(life.source_kind, tags, region)
        if keep and earlier not in kept({**there, earlier: life.created}, keep, moment):
            return True
        if is_gone(world, life.source_id, moment) and world.setting.policy.names_keep:
            return True
    return False


def out_of_turn(world: World) -> Findings:
    """No call starts a copy to a region while it knows of another of the same source that is under way there."""
    for life in made_copies(world):
        for other in _known_under_way(world, life):
            if (other.source_id, other.resource.region) == (life.source_id, life.resource.region):
                yield f"{said_of(world, life)} while {other.name} was under way"


def too_many_at_once(world: World) -> Findings:
    """No call starts a copy while those that it knows of fill all places, or are of the same boot volume."""
    for life in made_copies(world):
        known = _known_under_way(world, life)
        if len(known) >= world.setting.max_in_flight:
            yield f"{said_of(world, life)} beside {len(known)} others"
        same = [each for each in known if each.source_id == life.source_id]
        if life.resource.kind is BOOT_VOLUME_BACKUP and same:
            yield f"{said_of(world, life)} beside another of the same boot volume"


def _known_under_way(world: World, life: Life) -> list[Life]:
    """The other copies under way that the maker of a copy knew of when it made it."""
    if life.was_held_up:
        return []
    copies = (each for each in copies_from_home(world) if each is not life)
    return [each for each in copies if _is_known(world, each, life)]


def _is_known(world: World, other: Life, life: Life) -> bool:
    """A call knows of the copies that it has made itself, and of those that the lists it has read have shown it."""
    maker = life.maker
    if maker is None or other.began > life.began or not other.is_under_way_at(life.began):
        return False
    if other.maker is maker:
        return True
    resource, lag = other.resource, timedelta(seconds=world.setting.limits.seconds_until_listed)
    key = f"List{resource.kind.name}s", resource.region, resource.fields["compartmentId"]
    reads = [moment for moment in maker.listed.get(key, []) if moment < life.began]
    return bool(reads) and other.began + lag <= max(reads)
