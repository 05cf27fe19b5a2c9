"""How a backup ends: what every implementation of the port `Backups` does, the fake as well as the real one."""

import pytest

from handlers.core.errors import Missing, Outrun, Refused
from handlers.core.model import Backup, Kind, Lifecycle
from tests.contract.worlds import World, body_of, stale
from tests.fakes import AWAY, HOME, ocid

ENDED = {Lifecycle.TERMINATING, Lifecycle.TERMINATED}


@pytest.fixture
def original(world: World, kind: Kind) -> Backup:
    """An AVAILABLE backup in the home region."""
    source_id = world.add_source(kind)
    made = world.backups(HOME).create(kind, body_of(kind, source_id), f"original of {source_id[-20:]}")
    world.wait()
    return world.backups(HOME).get(kind, made.id)


def delete(world: World, backup: Backup) -> str | None:
    """With the etag that it was read with."""
    return world.backups(backup.region).delete(backup.kind, backup.id, str(backup.etag))


def lifecycle(world: World, backup: Backup) -> Lifecycle:
    return world.backups(backup.region).get(backup.kind, backup.id).lifecycle


def copied(world: World, original: Backup) -> Backup:
    """A copy that has just begun, as reading shows it."""
    copy = world.backups(HOME).copy(original, {"destinationRegion": AWAY}, original.id[-60:])
    return world.backups(AWAY).get(copy.kind, copy.id)


def test_a_deleted_backup_is_gone(world: World, original: Backup) -> None:
    """Not at once, but by itself; the request has its id."""
    assert delete(world, original)
    begun = lifecycle(world, original)
    world.wait()

    assert begun in ENDED
    assert lifecycle(world, original) is Lifecycle.TERMINATED


def test_a_copy_is_deleted_where_it_is(world: World, original: Backup) -> None:
    """Its original stays."""
    copy = copied(world, original)
    world.wait()
    copy = world.backups(AWAY).get(copy.kind, copy.id)

    delete(world, copy)

    assert lifecycle(world, copy) in ENDED
    assert lifecycle(world, original) is Lifecycle.AVAILABLE


def test_a_stale_etag_deletes_nothing(world: World, original: Backup) -> None:
    """Somebody has changed the backup since it was read, perhaps to keep it."""
    with pytest.raises(Outrun):
        delete(world, stale(original))

    assert lifecycle(world, original) is Lifecycle.AVAILABLE


def test_a_protected_backup_stays(world: World, original: Backup) -> None:
    """And that is no matter of etags: reading it again would not help."""
    world.protect(original)
    protected = world.backups(HOME).get(original.kind, original.id)

    with pytest.raises(Refused) as caught:
        delete(world, protected)

    assert (type(caught.value), caught.value.status) == (Refused, 409)
    assert lifecycle(world, original) is Lifecycle.AVAILABLE


def test_a_backup_within_its_retention_period_stays(world: World, original: Backup) -> None:
    """Though no flag is set."""
    world.retain(original, days=30)
    retained = world.backups(HOME).get(original.kind, original.id)

    with pytest.raises(Refused) as caught:
        delete(world, retained)

    assert (type(caught.value), caught.value.status) == (Refused, 409)
    assert lifecycle(world, original) is Lifecycle.AVAILABLE


def test_a_backup_that_is_being_copied_stays(world: World, original: Backup) -> None:
    """Until the copy is there."""
    copied(world, original)
    with pytest.raises(Refused) as caught:
        delete(world, world.backups(HOME).get(original.kind, original.id))
    while_copied = lifecycle(world, original)
    world.wait()

    delete(world, world.backups(HOME).get(original.kind, original.id))

    assert (type(caught.value), caught.value.code, caught.value.status) == (Refused, "IncorrectState", 409)
    assert while_copied is Lifecycle.AVAILABLE
    assert lifecycle(world, original) in ENDED


def test_a_copy_that_is_being_made_stays(world: World, original: Backup) -> None:
    """Its making is not interrupted."""
    copy = copied(world, original)

    with pytest.raises(Refused) as caught:
        delete(world, copy)

    assert (type(caught.value), caught.value.code, caught.value.status) == (Refused, "IncorrectState", 409)
    world.wait()
    assert lifecycle(world, copy) is Lifecycle.AVAILABLE


def test_a_faulty_copy_can_be_deleted(world: World, original: Backup) -> None:
    """Nothing can be restored from it."""
    world.fail_next_copy(original.kind)
    copy = copied(world, original)
    world.wait()
    faulty = world.backups(AWAY).get(copy.kind, copy.id)
    assert faulty.lifecycle is Lifecycle.FAULTY

    delete(world, faulty)

    assert lifecycle(world, copy) in ENDED


def test_what_is_ending_is_not_deleted_again(world: World, original: Backup) -> None:
    """Whoever reads it sees that, and the port says what the API says."""
    delete(world, original)

    with pytest.raises(Refused) as caught:
        delete(world, world.backups(HOME).get(original.kind, original.id))
    world.wait()
    with pytest.raises(Missing):
        delete(world, world.backups(HOME).get(original.kind, original.id))

    assert (type(caught.value), caught.value.code) == (Refused, "IncorrectState")


def test_a_backup_that_does_not_exist_cannot_be_deleted(world: World, kind: Kind) -> None:
    """Deleting says the same of it as reading does."""
    with pytest.raises(Missing):
        world.backups(HOME).delete(kind, ocid(kind.backup_type, HOME, "nobody"), "etag")


@pytest.mark.parametrize("kind", [Kind.VOLUME_GROUP])
def test_the_members_of_a_group_go_along(world: World, original: Backup) -> None:
    """Here and there: a copy's members are its own."""
    copy = copied(world, original)
    world.wait()
    copy = world.backups(AWAY).get(copy.kind, copy.id)

    def members(backup: Backup) -> list[Lifecycle]:
        listed = world.backups(backup.region).list_backups(Kind.VOLUME, world.compartment_id)
        return [each.lifecycle for each in listed if each.group_backup_id == backup.id]

    delete(world, copy)
    world.wait()

    assert (members(copy), members(original)) == ([Lifecycle.TERMINATED], [Lifecycle.AVAILABLE])
