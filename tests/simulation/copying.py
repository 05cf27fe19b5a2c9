"""What must hold of copies at every moment of a story: looked for in the ledger, when the story is over."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.emulator.block_volume.kinds import BOOT_VOLUME_BACKUP
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import IN_FLIGHT
from tests.simulation.ledger import Life
from tests.simulation.setting import HOME
from tests.simulation.world import World

ALIVE = {*IN_FLIGHT, State.AVAILABLE}

Findings = Iterator[str]


def copied_twice(world: World) -> Findings:
    """No two copies of one backup in one region are under way or AVAILABLE at any one moment."""
    changes = [
        (when, number, life, state)
        for number, life in enumerate(_copies_from_home(world))
        for when, state in life.states
    ]
    alive: defaultdict[tuple[str | None, str], set[str]] = defaultdict(set)
    for _, _, life, state in sorted(changes, key=lambda change: change[:2]):
        same = alive[life.copy_of, life.resource.region]
        if state in ALIVE and life.id not in same:
            if same:
                yield f"{_of(world, life)} beside {', '.join(map(world.ledger.name_of, same))}"
            same.add(life.id)
        elif state not in ALIVE:
            same.discard(life.id)


def copied_wrongly(world: World) -> Findings:
    """Copied is only what is no copy and no member of a group's backup, and is swept or was named in the call."""
    for life in _made_copies(world):
        original = world.ledger.lives[life.copy_of or ""]
        if original.copy_of or original.group_id:
            yield f"{_of(world, life)}, which is {'a copy' if original.copy_of else 'a member'}"
        if original.resource.fields["compartmentId"] not in world.swept and not _is_named(life, original):
            yield f"{_of(world, life)}, which is in another compartment"


def copied_elsewhere(world: World) -> Findings:
    """Copies are made where the backup belongs, or where the call said, and only in regions that are allowed."""
    for life in _made_copies(world):
        region, original = life.resource.region, world.ledger.lives[life.copy_of or ""]
        if region not in world.setting.allowed:
            yield f"{_of(world, life)}, which is not allowed"
        is_swept = original.resource.fields["compartmentId"] in world.swept
        if _is_told(world, life, original) or original.source_id in world.redirected or not is_swept:
            continue
        if region not in world.expectation.belongs(original.resource):
            yield f"{_of(world, life)}, where it does not belong"


def under_another_key(world: World) -> Findings:
    """A copy has the key that is configured for its region, unless the call named another."""
    for life in _made_copies(world):
        key = (world.setting.keys or {}).get(life.resource.region)
        is_told = life.maker is not None and b"kmsKeyId" in life.maker.payload
        if life.resource.fields.get("kmsKeyId", key) != key and not is_told:
            yield _of(world, life)


def out_of_order(world: World) -> Findings:
    """Copies of one source become AVAILABLE in the order of their originals, in each region where these belong.

    A backup may come late when two of its copies have ended FAULTY, or when one was deleted.
    """
    arrivals: defaultdict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
    late: set[tuple[str, str]] = set()
    faulty: Counter[tuple[str, str]] = Counter()
    for copy in _copies_from_home(world):
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
            if _time_created(world, earlier) < _time_created(world, later):
                name = world.ledger.name_of
                yield f"the copy of {name(later)} in {region} came before that of {name(earlier)}"


def out_of_turn(world: World) -> Findings:
    """No call starts a copy to a region while it knows of another of the same source that is under way there."""
    for life in _made_copies(world):
        for other in _known_under_way(world, life):
            if (other.source_id, other.resource.region) == (life.source_id, life.resource.region):
                yield f"{_of(world, life)} while {other.name} was under way"


def too_many_at_once(world: World) -> Findings:
    """No call starts a copy while those that it knows of fill all places, or are of the same boot volume."""
    for life in _made_copies(world):
        known = _known_under_way(world, life)
        if len(known) >= world.setting.max_in_flight:
            yield f"{_of(world, life)} beside {len(known)} others"
        same = [each for each in known if each.source_id == life.source_id]
        if life.resource.kind is BOOT_VOLUME_BACKUP and same:
            yield f"{_of(world, life)} beside another of the same boot volume"


def _known_under_way(world: World, life: Life) -> list[Life]:
    """The other copies under way that the maker of a copy knew of when it made it."""
    if life.was_held_up:
        return []
    copies = (each for each in _copies_from_home(world) if each is not life)
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


def _is_named(life: Life, original: Life) -> bool:
    """Whether the call that made a copy spoke of its original, or of all that is in its compartment."""
    payload = life.maker.payload if life.maker else b""
    return original.id.encode() in payload or original.resource.fields["compartmentId"].encode() in payload


def _is_told(world: World, life: Life, original: Life) -> bool:
    """Whether the call that made a copy named the region; a sweep that does so passes over what is not to be copied."""
    payload = life.maker.payload if life.maker else b""
    is_of_all = b'"Sweep"' in payload and bool(world.expectation.belongs(original.resource))
    return life.resource.region.encode() in payload and (original.id.encode() in payload or is_of_all)


def _copies_from_home(world: World) -> Iterator[Life]:
    return (life for life in world.ledger.copies() if life.resource.source_region == HOME)


def _made_copies(world: World) -> Iterator[Life]:
    """Copies that the function has made."""
    return (life for life in _copies_from_home(world) if life.maker)


def _of(world: World, life: Life) -> str:
    maker = f"call {life.maker.number} ({life.maker.why})" if life.maker else "somebody"
    return f"{life.name} in {life.resource.region}, a copy that {maker} made of {world.ledger.name_of(life.copy_of)}"


def _time_created(world: World, identifier: str) -> str:
    """As the API says it, with which the function has to do."""
    return str(world.ledger.lives[identifier].resource.fields["timeCreated"])
