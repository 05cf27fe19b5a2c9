"""What is to be gone in the end, and which marks are to be left, reckoned from the cloud's own state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import ENDING, IN_FLIGHT
from tests.simulation.lives import REGION_TAG, TIME_TAG, Facts, Life
from tests.simulation.retention import kept
from tests.simulation.setting import HOME
from tests.simulation.view import moment_of, places
from tests.simulation.world import World


def due_to_go(world: World) -> set[str]:
    """The backups and copies that nothing keeps, by their ids."""
    regions = {HOME, *world.setting.allowed}
    return {
        life.id
        for (source_id, region), place in places(world).items()
        if region in regions
        for life in _due(world, source_id, region, place)
    }


def marked_in_vain(world: World, due: set[str]) -> Iterator[Life]:
    """What carries a mark, and is not among these that are due."""
    for life in world.ledger.lives.values():
        is_marked = Facts.of(life.resource, world.now, None).mark(life.id) is not None
        if is_marked and life.resource.state is State.AVAILABLE and life.id not in due:
            yield life


def _due(world: World, source_id: str, region: str, place: list[Life]) -> Iterator[Life]:
    source = world.others.resources.find(source_id)
    if source is None or source.state is not State.AVAILABLE:
        return
    tags = source.fields["freeformTags"]
    keep = world.setting.policy.keep(source.kind.name, tags, region)
    regions = world.expectation.destinations(source.kind.name, tags)
    if keep is None or regions is None or region not in {HOME, *regions}:
        return
    there = [life for life in place if life.resource.state not in ENDING and _is_looked_at(world, life)]
    there.sort(key=lambda life: (moment_of(world, life), life.id))
    available = [life for life in there if life.resource.state is State.AVAILABLE]
    ours = {life.id: moment_of(world, life) for life in available if _is_ours(life)}
    stays = kept(ours, keep, world.now)
    for life, newer in pairwise(there):
        if life.id not in ours or life.id in stays or life is available[-1]:
            continue
        parts = (each for each in world.ledger.lives.values() if each is life or each.group_id == life.id)
        is_protected = any(Facts.of(each.resource, world.now, None).is_protected for each in parts)
        is_followed = newer.resource.state is State.AVAILABLE
        if is_followed and not is_protected and (region != HOME or _is_copied(world, life)):
            yield life


def _is_looked_at(world: World, life: Life) -> bool:
    return life.resource.fields["compartmentId"] in world.swept


def _is_ours(life: Life) -> bool:
    """Whether the function has made it, and its tags say so."""
    tags = life.resource.fields["freeformTags"]
    if not life.copy_of:
        return life.slot is not None
    return life.maker is not None and tags.get(REGION_TAG) == HOME


def _is_copied(world: World, life: Life) -> bool:
    """Whether its copies are wherever they belong and are kept, and tell of when they are, and none is under way."""
    tags = world.others.resources.find(life.source_id)
    assert tags is not None
    regions = world.expectation.destinations(life.source_kind, tags.fields["freeformTags"])
    copies = [each for each in world.ledger.copies() if each.copy_of == life.id]
    if regions is None or any(each.resource.state in IN_FLIGHT for each in copies):
        return False
    expectation, backup = world.expectation, life.resource
    return all(
        any(TIME_TAG in copy.fields["freeformTags"] for copy in expectation.good_copies(backup, region))
        or (not expectation.good_copies(backup, region) and not expectation.is_kept(backup, region))
        for region in regions
    )
