"""How every story ends: nothing goes wrong any more, a bounded number of sweeps runs, and all is as it should be."""

from __future__ import annotations

from datetime import timedelta

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.block_volume.resource import Resource
from tests.simulation.expectation import Expectation
from tests.simulation.invocation import Invocation
from tests.simulation.network import Exchange
from tests.simulation.others import MOST_TAGS
from tests.simulation.setting import HOME
from tests.simulation.world import World

BETWEEN_SWEEPS = timedelta(hours=2)
LONGEST_REST = timedelta(hours=24)
"""How long the function lets a backup rest whose copies end FAULTY again and again."""


def end_well(world: World) -> None:
    """Let the world come to rest, and note whatever is not as it should be."""
    world.calm_down()
    _overlap(world)
    _converge(world)
    _stay_converged(world)


def _overlap(world: World) -> None:
    """Two sweeps at once are the first."""
    for _ in range(2):
        world.call({}, "overlapping sweep")
        world.run(timedelta(seconds=world.chance.uniform(0, 2)))
    world.run(BETWEEN_SWEEPS)


def _converge(world: World) -> None:
    """Every sweep starts a copy that is missing, if only one: a further one is never needed but for tags."""
    expectation = world.expectation
    bound = len(expectation.missing()) + LONGEST_REST // BETWEEN_SWEEPS + 1
    for _ in range(bound):
        if not expectation.missing() and not _badly_tagged(world):
            return
        world.call({}, "sweep in calm")
        world.run(BETWEEN_SWEEPS)
    for backup, region in expectation.missing():
        count = len(expectation.good_copies(backup, region))
        text = f"{world.ledger.name_of(backup.id)} has {count} good copies in {region} after {bound} sweeps"
        world.ledger.violation("one good copy", text)
    for text in _badly_tagged(world):
        world.ledger.violation("tags tell where copies are", text)


def _stay_converged(world: World) -> None:
    """A sweep of a converged world changes nothing, makes only list calls, and says something of every backup."""
    before, seen = _everything(world), len(world.ledger.exchanges)
    sweep = world.call({}, "sweep of a converged world")
    world.run(timedelta(seconds=300))
    if _everything(world) != before:
        world.ledger.violation("a converged world stays", "the last sweep changed something")
    for exchange in world.ledger.exchanges[seen:]:
        if not exchange.operation.startswith("List") and not _is_of_a_source_elsewhere(world, exchange):
            world.ledger.violation("a converged world stays", f"the last sweep sent {exchange.operation}")
    _require_all_told(world, sweep)


def _is_of_a_source_elsewhere(world: World, exchange: Exchange) -> bool:
    """A source in a compartment that is not swept is in no list: each such is asked for by itself."""
    source = world.others.resources.find(exchange.path.rpartition("/")[2])
    is_elsewhere = source is None or source.fields["compartmentId"] not in world.swept
    return exchange.operation in {"GetVolume", "GetBootVolume", "GetVolumeGroup"} and is_elsewhere


def _require_all_told(world: World, sweep: Invocation) -> None:
    told = {result.source_id for result in sweep.report.results} if sweep.report else set()
    for kind in BACKUPS:
        for backup in world.others.resources.of(kind, HOME):
            if backup.fields["compartmentId"] in world.swept and backup.id not in told:
                world.ledger.violation("a sweep speaks of all", f"nothing is said of {world.ledger.name_of(backup.id)}")


def _badly_tagged(world: World) -> list[str]:
    """What the tags say that is not so, of the backups that have room for them."""
    return [text for backup, region in world.expectation.wanted() for text in _faults(world, backup, region)]


def _faults(world: World, backup: Resource, region: str) -> list[str]:
    expectation: Expectation = world.expectation
    copies = expectation.good_copies(backup, region)
    if len(copies) != 1:
        return []
    (copy,) = copies
    name, faults = world.ledger.name_of(backup.id), []
    if _has_room(backup, expectation.belongs(backup)) and _ours(backup).get(f"backup-copy-{region}") != copy.id:
        faults.append(f"{name} does not name its copy in {region}")
    if _has_room(copy, {"source-region", "source-time"}):
        if _ours(copy).get("backup-copy-source-region") != HOME or "backup-copy-source-time" not in _ours(copy):
            faults.append(f"the copy of {name} in {region} does not say where it is from")
        if len(_ours(copy)) > 2:
            faults.append(f"the copy of {name} in {region} names copies elsewhere")
    return faults


def _has_room(backup: Resource, needed: frozenset[str] | set[str]) -> bool:
    tags = backup.fields["freeformTags"]
    others = {tag for tag in tags if tag not in _ours(backup)}
    stale = {tag for tag in _ours(backup) if tag.removeprefix("backup-copy-") not in needed}
    return len(others) + len(stale) + len(needed) <= MOST_TAGS


def _ours(backup: Resource) -> dict[str, str]:
    tags: dict[str, str] = backup.fields["freeformTags"]
    return {tag: value for tag, value in tags.items() if tag.startswith("backup-copy-")}


def _everything(world: World) -> list[tuple[str, str]]:
    """All resources that do not vanish by themselves, with their etags."""
    return [(life.id, life.resource.etag) for life in world.ledger.lives.values() if not life.was_deleted]
