"""What people and Oracle do to the fleet, behind the function's back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from handlers.core.model import Backup, Kind, Lifecycle, Source
from tests.fakes import HOME
from tests.quarter.cloud import MARK_TAG
from tests.quarter.setting import World, add_sources, own_tags
from tests.quarter.standing import is_own
from tests.quarter.terms import KEEP_TAG

FAULTY_STAYS = timedelta(days=2)
"""How long people take until they have looked at what ended FAULTY."""


def back_up(world: World) -> None:
    """A person makes a backup, or a backup policy of Oracle's does."""
    source = _any_source(world)
    if source is None:
        return
    facts = {"source_id": source.id, "compartment_id": source.compartment_id, "lifecycle": Lifecycle.CREATING}
    made = world.cloud.add_backup(source.kind, HOME, is_scheduled=world.random.random() < 0.4, **facts)
    for member in [each for each in world.cloud.sources.values() if each.group_id == source.id]:
        facts |= {"source_id": member.id, "group_backup_id": made.id}
        world.cloud.add_backup(member.kind, HOME, **facts)
    world.note(f"somebody backs up {source.name}")


def protect(world: World) -> None:
    """A person locks a backup or copy, or sets a retention period; of a group's also one of its members alone."""
    backup = _any_backup(world)
    if backup is None:
        return
    backup = world.random.choice([backup, *world.cloud.members_of(backup)])
    if world.random.random() < 0.5:
        world.cloud.change(backup, is_protected=True)
    else:
        world.cloud.change(backup, retained_until=world.now + timedelta(days=world.random.randint(2, 20)))
    world.note(f"somebody protects {backup.id}")


def release(world: World) -> None:
    """A person takes locks away."""
    held = [each for each in world.cloud.backups.values() if each.is_protected]
    for each in held[: len(held) // 2 + 1]:
        world.cloud.change(each, is_protected=False)


def unmark(world: World) -> None:
    """A person takes a mark away."""
    marked = [world.cloud.backups[each] for each in world.cloud.marked]
    if marked:
        backup = world.random.choice(marked)
        tags = {key: value for key, value in backup.freeform_tags.items() if key != MARK_TAG}
        world.cloud.change(backup, freeform_tags=tags)
        world.note(f"somebody unmarks {backup.id}")


def retag(world: World) -> None:
    """A person says something else of a source: in its own tags, by its tier, or what nobody can follow."""
    source = _any_source(world)
    if source is None:
        return
    tags = {key: value for key, value in source.freeform_tags.items() if key == "tier"}
    choice = world.random.random()
    if choice < 0.5:
        tags |= own_tags(world.random)
    elif choice < 0.7:
        tags[KEEP_TAG] = world.random.choice(("7x", "last", "3d,2w"))
    elif choice < 0.85:
        tags = {"tier": world.random.choice(("gold", "silver"))}
    world.cloud.sources[source.id] = replace(source, freeform_tags=tags)
    world.note(f"somebody tags {source.name} {source.id}: {tags}")


def delete_source(world: World) -> None:
    """A volume goes, and another comes; seldom its last member leaves a group."""
    source = _any_source(world)
    if source is not None and source.kind is not Kind.VOLUME_GROUP:
        del world.cloud.sources[source.id]
        world.note(f"{source.name} {source.id} is gone")
        add_sources(world)


def delete_backup(world: World) -> None:
    """A person deletes a backup or copy by hand."""
    backup = _any_backup(world)
    if backup is not None and not any(each.is_held(world.now) for each in [backup, *world.cloud.members_of(backup)]):
        world.cloud.remove(backup)
        world.note(f"somebody deletes {backup.id}")


DEEDS: tuple[tuple[float, Callable[[World], None]], ...] = (
    (0.3, back_up),
    (0.2, protect),
    (0.08, release),
    (0.15, unmark),
    (0.2, retag),
    (0.08, delete_source),
    (0.08, delete_backup),
)
"""Each with how often it is done in a day."""


def tidy(world: World, *, at_once: bool = False) -> None:
    """People delete what ended FAULTY."""
    for backup in list(world.cloud.backups.values()):
        is_old = at_once or world.now - backup.time_created > FAULTY_STAYS
        if backup.lifecycle is Lifecycle.FAULTY and not backup.group_backup_id and is_old:
            world.cloud.remove(backup)


def correct_tags(world: World) -> None:
    """People put right what cannot be followed."""
    for source in list(world.cloud.sources.values()):
        if world.terms(source).keep is None:
            tags = {key: value for key, value in source.freeform_tags.items() if key != KEEP_TAG}
            world.cloud.sources[source.id] = replace(source, freeform_tags=tags)


def _any_source(world: World) -> Source | None:
    """One that stands for itself."""
    return world.random.choice([each for each in world.cloud.sources.values() if not each.group_id])


def _any_backup(world: World) -> Backup | None:
    there = [
        each
        for each in world.cloud.backups.values()
        if each.lifecycle is Lifecycle.AVAILABLE and not each.group_backup_id and is_own(each)
    ]
    return world.random.choice(there) if there else None
