"""How every story ends: nothing goes wrong any more, a bounded number of sweeps runs, and all is as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.block_volume.resource import Resource
from tests.simulation.departure import due_to_go, marked_in_vain
from tests.simulation.expectation import Expectation
from tests.simulation.invocation import Invocation
from tests.simulation.lives import MARK_TAG, REGION_TAG, TIME_TAG
from tests.simulation.network import Exchange
from tests.simulation.others import MOST_TAGS
from tests.simulation.setting import HANDING_ON, HOME, TELLING
from tests.simulation.world import World

BETWEEN_SWEEPS = timedelta(hours=2)
LONGEST_REST = timedelta(hours=24)
"""How long the function lets a backup rest whose copies end FAULTY again and again."""


def end_well(world: World) -> None:
    """Let the world come to rest, and note whatever is not as it should be."""
    world.calm_down()
    if world.setting.retention:
        _make_due(world)
    _overlap(world)
    _converge(world)
    if world.setting.retention:
        _let_go(world, world.setting.retention.grace)
    _stay_converged(world)
    _report(world)


def _sweep(world: World, why: str) -> Invocation:
    is_alone = world.setting.schedule == ("Sweep",)
    return world.call({} if is_alone else {"operation": "Sweep"}, why)


def _make_due(world: World) -> None:
    """Two ticks at once leave no source without a backup that is due."""
    world.run(timedelta(hours=1) - (world.now - world.now.replace(minute=0, second=0, microsecond=0)))
    for _ in range(2):
        world.call({"operation": "CreateDueBackups"}, "due backups in calm")
    world.run(timedelta(minutes=5))
    for source in world.expectation.overdue():
        text = f"the {source.kind.noun} {source.id[-6:]} has none in the slot that it is"
        world.ledger.violation("a backup of what is due", text)


def _overlap(world: World) -> None:
    """Two sweeps at once are the first."""
    for _ in range(2):
        _sweep(world, "overlapping sweep")
        world.run(timedelta(seconds=world.chance.uniform(0, 2)))
    world.run(BETWEEN_SWEEPS)


def _converge(world: World) -> None:
    """Every sweep starts a copy that is missing, if only one: a further one is never needed but for tags."""
    expectation = world.expectation
    bound = len(expectation.missing()) + LONGEST_REST // BETWEEN_SWEEPS + 1
    for _ in range(bound):
        if not expectation.missing() and not _badly_tagged(world):
            return
        _sweep(world, "sweep in calm")
        world.run(BETWEEN_SWEEPS)
    for backup, region in expectation.missing():
        count = len(expectation.good_copies(backup, region))
        text = f"{world.ledger.name_of(backup.id)} has {count} good copies in {region} after {bound} sweeps"
        world.ledger.violation("one good copy", text)
    for text in _badly_tagged(world):
        world.ledger.violation("tags tell where copies are", text)


def _let_go(world: World, grace: timedelta) -> None:
    """What is not kept is gone after some prunes, once somebody has allowed so many deletions; and stays away."""
    copies, due = {life.id for life in world.ledger.copies()}, [due_to_go(world)]
    world.call({"operation": "PruneCopies"}, "prune in calm")
    world.run(grace + timedelta(minutes=2))
    world.raise_limits()
    for _ in range(3):
        due.append(due_to_go(world))
        world.call({"operation": "PruneCopies"}, "prune in calm")
        world.run(timedelta(minutes=2))
        if not due[-1]:
            break
        world.run(grace)
    for identifier in due[-2] & due[-1] & due_to_go(world) if due[-1] else ():
        world.ledger.violation("what is not kept goes", f"{world.ledger.name_of(identifier)} is still there")
    for life in marked_in_vain(world, due[-1] | due_to_go(world)):
        world.ledger.violation("marks are of what goes", f"{life.name} is marked, and is to stay")
    _sweep(world, "sweep after prunes")
    world.run(BETWEEN_SWEEPS)
    _converge(world)
    gone = {(each.life.copy_of, each.life.resource.region) for each in world.ledger.goings if each.is_deletion}
    for life in world.ledger.copies():
        if life.id not in copies and (life.copy_of, life.resource.region) in gone:
            text = f"{life.name} in {life.resource.region} is a new copy of {world.ledger.name_of(life.copy_of)}"
            world.ledger.violation("what went stays away", text)


def _stay_converged(world: World) -> None:
    """A sweep of a converged world changes nothing, reads only lists, and says something of every backup."""
    before, seen, begun = _everything(world), len(world.ledger.exchanges), len(world.ledger.invocations)
    _sweep(world, "sweep of a converged world")
    world.run(timedelta(seconds=300))
    for identifier, etag in _everything(world).items():
        if before.get(identifier) != etag:
            text = f"the last sweep has changed {world.ledger.name_of(identifier)}"
            world.ledger.violation("a converged world stays", text)
    for exchange in world.ledger.exchanges[seen:]:
        beside = {*TELLING, *(HANDING_ON if world.setting.fans_out else ())}
        is_expected = exchange.operation.startswith("List") or exchange.operation in beside
        if not is_expected and not _is_of_a_source_elsewhere(world, exchange):
            world.ledger.violation("a converged world stays", f"the last sweep sent {exchange.operation}")
    _require_all_told(world, world.ledger.invocations[begun:])


def _report(world: World) -> None:
    """A report tells of each source and region which backup is the newest that is there; and news are told once."""
    told = len(world.ledger.messages)
    call = world.call({"operation": "ReportCopies"}, "report in calm")
    world.run(timedelta(seconds=120))
    if len(world.ledger.messages) > told and not world.setting.denied:
        _sweep(world, "sweep after a message")
        world.run(timedelta(seconds=120))
        if len(world.ledger.messages) > told + 1:
            world.ledger.violation("people are told once", "the second call has published a message, too")
    for result in call.report.results if call.report else ():
        if "recoveryPoint" in result.details and result.destination_region:
            there = world.expectation.newest_copy(str(result.source_id), result.destination_region)
            if result.details["recoveryPoint"] != (there and f"{there:%Y-%m-%dT%H:%M:%SZ}"):
                text = f"{result.details['recoveryPoint']} is not {there} in {result.destination_region}"
                world.ledger.violation("reports tell what is so", text)


def _is_of_a_source_elsewhere(world: World, exchange: Exchange) -> bool:
    """A source in a compartment that a call does not sweep is in no list: each such is asked for by itself."""
    source = world.others.resources.find(exchange.path.rpartition("/")[2])
    is_swept_with_it = not world.setting.fans_out  # else another call may look at the compartment that it is in
    is_elsewhere = not (source and is_swept_with_it and source.fields["compartmentId"] in world.swept)
    return exchange.operation in {"GetVolume", "GetBootVolume", "GetVolumeGroup"} and is_elsewhere


def _require_all_told(world: World, calls: Sequence[Invocation]) -> None:
    """By the sweep, or by those that it has handed something on to."""
    told = {result.source_id for call in calls if call.report for result in call.report.results}
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
        if _ours(copy).keys() - {REGION_TAG, TIME_TAG, MARK_TAG}:
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


def _everything(world: World) -> dict[str, str]:
    """The etags of all resources that do not vanish by themselves."""
    return {life.id: life.resource.etag for life in world.ledger.lives.values() if not life.was_deleted}
