"""What is known of sources and backups by reading and listing them, whichever implementation of the port is asked."""

from datetime import timedelta

import pytest

from handlers.core.model import Backup, Kind, Lifecycle, Source
from tests.contract.worlds import World, body_of
from tests.fakes import AWAY, HOME

DEFINED = {"Operations": {"CostCenter": "42", "tier": "gold"}, "Teams": {"owner": "payroll"}}


def make_original(world: World, kind: Kind) -> Backup:
    source_id = world.add_source(kind)
    made = world.backups(HOME).create(kind, body_of(kind, source_id), f"original of {source_id[-20:]}")
    world.wait()
    return world.backups(HOME).get(kind, made.id)


@pytest.fixture
def original(world: World, kind: Kind) -> Backup:
    """An AVAILABLE backup in the home region."""
    return make_original(world, kind)


def both(world: World, kind: Kind, source_id: str) -> list[Source]:
    """A source as reading and as listing it shows it."""
    listed = world.backups(HOME).list_sources(kind, world.compartment_id)
    return [world.backups(HOME).source(kind, source_id), *(each for each in listed if each.id == source_id)]


def both_of(world: World, backup: Backup) -> list[Backup]:
    """A backup as reading and as listing it shows it."""
    listed = world.backups(backup.region).list_backups(backup.kind, world.compartment_id)
    read = world.backups(backup.region).get(backup.kind, backup.id)
    return [read, *(each for each in listed if each.id == backup.id)]


def test_a_source_has_a_name_a_place_and_an_age(world: World, kind: Kind) -> None:
    """Names are for people: two sources may have the same."""
    began = world.now()
    source_id = world.add_source(kind, name="general ledger")

    for source in both(world, kind, source_id):
        assert (source.name, source.compartment_id) == ("general ledger", world.compartment_id)
        assert source.time_created is not None
        assert abs(source.time_created - began) < timedelta(hours=1)
        assert (source.lifecycle, source.is_ending) == (Lifecycle.AVAILABLE, False)


def test_a_source_that_was_deleted_is_shown_as_that_for_a_while(world: World, kind: Kind) -> None:
    """It must not be taken for one that backups are to be made of."""
    source_id = world.add_source(kind)
    world.delete_source(kind, source_id)

    assert [(each.lifecycle, each.is_ending) for each in both(world, kind, source_id)] == [
        (Lifecycle.TERMINATED, True)
    ] * 2


def test_defined_tags_are_known_by_namespace_and_key(world: World, kind: Kind) -> None:
    """Beside the freeform tags, from which the point in their names tells them apart."""
    source_id = world.add_source(kind, {"tier": "bronze"}, defined_tags=DEFINED)

    for source in both(world, kind, source_id):
        assert source.defined_tags == {
            "Operations.CostCenter": "42",
            "Operations.tier": "gold",
            "Teams.owner": "payroll",
        }
        assert source.freeform_tags == {"tier": "bronze"}
        defined = {key.casefold(): value for key, value in source.defined_tags.items()}
        assert source.tags == {**source.freeform_tags, **defined}


def test_a_member_names_its_group(world: World) -> None:
    """It is backed up with the group; a volume that stands alone names none, nor does a group."""
    group_id, alone = world.add_source(Kind.VOLUME_GROUP), world.add_source(Kind.VOLUME)

    volumes = world.backups(HOME).list_sources(Kind.VOLUME, world.compartment_id)
    (member,) = (each for each in volumes if each.id != alone)

    assert [each.group_id for each in both(world, Kind.VOLUME, member.id)] == [group_id] * 2
    assert [each.group_id for each in both(world, Kind.VOLUME, alone)] == [None] * 2
    assert [each.group_id for each in both(world, Kind.VOLUME_GROUP, group_id)] == [None] * 2


def test_what_a_backup_holds_is_known_once_it_is_available(world: World, kind: Kind) -> None:
    """Before, nobody knows; the same goes for a copy."""
    source_id = world.add_source(kind)
    made = world.backups(HOME).create(kind, body_of(kind, source_id), f"size of {source_id[-20:]}")
    begun = both_of(world, made)
    world.wait()
    copy = world.backups(HOME).copy(made, {"destinationRegion": AWAY}, made.id[-60:])
    world.wait()

    assert [each.stored_gb for each in begun] == [None, None]
    for backup in (made, copy):
        read, listed = both_of(world, backup)
        assert (read.stored_gb or 0) > 0
        assert read.stored_gb == listed.stored_gb


def test_a_backup_is_not_protected_unless_somebody_protects_it(world: World, original: Backup) -> None:
    """Whoever wants to delete it sees that before."""
    before = both_of(world, original)
    world.protect(original)

    assert [(each.is_protected, each.retained_until) for each in before] == [(False, None)] * 2
    assert [each.is_protected for each in both_of(world, original)] == [True, True]


def test_how_long_a_backup_is_retained_is_known(world: World, original: Backup) -> None:
    """Counted from when it was made; that is no flag of its own."""
    world.retain(original, days=30)

    for backup in both_of(world, original):
        assert backup.retained_until == backup.time_created + timedelta(days=30)
        assert not backup.is_protected


def test_what_a_policy_made_is_known_as_such(world: World, kind: Kind) -> None:
    """Such a backup ends by itself; one that was asked for does not, nor does a copy of either."""
    asked_for = make_original(world, kind)
    scheduled_id = world.add_scheduled_backup(kind, str(asked_for.source_id))
    scheduled = world.backups(HOME).get(kind, scheduled_id)
    copy = world.backups(HOME).copy(scheduled, {"destinationRegion": AWAY}, scheduled_id[-60:])

    assert [each.is_scheduled for each in both_of(world, scheduled)] == [True, True]
    assert [each.is_scheduled for each in both_of(world, asked_for)] == [False, False]
    assert [each.is_scheduled for each in both_of(world, copy)] == [False, False]
