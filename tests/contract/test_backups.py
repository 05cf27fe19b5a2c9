"""What every implementation of the port `Backups` does: the fake that the unit tests stand on, and the real one."""

from dataclasses import replace

import pytest

from handlers.core.errors import Missing, Outrun, Refused, TokenSpent
from handlers.core.model import Backup, Kind, Lifecycle
from tests.contract.worlds import World, body_of, stale
from tests.fakes import AWAY, FAR, HOME, ocid

UNDER_WAY = {Lifecycle.REQUEST_RECEIVED, Lifecycle.CREATING, Lifecycle.COMMITTED}


@pytest.fixture
def original(world: World, kind: Kind) -> Backup:
    """An AVAILABLE backup in the home region."""
    return make_original(world, kind)


def make_original(world: World, kind: Kind) -> Backup:
    source_id = world.add_source(kind)
    made = world.backups(HOME).create(kind, body_of(kind, source_id), f"original of {source_id[-20:]}")
    world.wait()
    return world.backups(HOME).get(kind, made.id)


def copy(world: World, original: Backup, token: str, region: str = AWAY, **fields: str) -> Backup:
    return world.backups(HOME).copy(original, {"destinationRegion": region, **fields}, f"{original.id[-20:]}-{token}")


def copies_of(world: World, original: Backup, region: str = AWAY) -> list[Backup]:
    """What a region's list shows as copies of a backup."""
    listed = list(world.backups(region).list_backups(original.kind, world.compartment_id))
    return [each for each in listed if each.copied_from == original.id]


def test_a_new_backup_is_under_way_and_says_what_it_is_of(world: World, kind: Kind) -> None:
    """Creating starts a backup in the region, with the tags that were asked for, and does not wait for it."""
    source_id = world.add_source(kind)

    made = world.backups(HOME).create(kind, body_of(kind, source_id, freeformTags={"team": "payroll"}), "t")

    assert (made.kind, made.region, made.source_id) == (kind, HOME, source_id)
    assert made.lifecycle in UNDER_WAY
    assert made.copied_from is None
    assert made.group_backup_id is None
    assert made.freeform_tags == {"team": "payroll"}
    assert made.time_created.utcoffset() is not None
    assert made.opc_request_id


def test_a_backup_can_be_read_again(world: World, original: Backup) -> None:
    """Reading answers with the same backup and with the etag that a later change needs."""
    read = world.backups(HOME).get(original.kind, original.id)

    assert (read.id, read.region, read.source_id) == (original.id, HOME, original.source_id)
    assert read.lifecycle is Lifecycle.AVAILABLE
    assert read.etag == original.etag is not None


def test_a_backup_that_does_not_exist_is_missing(world: World, kind: Kind) -> None:
    """The answer is the API's one 404, with its code and its request id."""
    with pytest.raises(Missing) as caught:
        world.backups(HOME).get(kind, ocid(kind.backup_type, HOME, "nobody"))

    assert (caught.value.code, caught.value.status) == ("NotAuthorizedOrNotFound", 404)
    assert caught.value.opc_request_id


def test_a_backup_is_only_in_its_own_region(world: World, original: Backup) -> None:
    """Asking another region for it is asking for something that does not exist."""
    with pytest.raises(Missing):
        world.backups(AWAY).get(original.kind, original.id)


def test_a_source_is_read_with_its_tags(world: World, kind: Kind) -> None:
    """The tags of a volume, boot volume or group say where its copies are to go."""
    source_id = world.add_source(kind, {"backup-copy-destinations": AWAY})

    source = world.backups(HOME).source(kind, source_id)

    assert (source.kind, source.id) == (kind, source_id)
    assert source.freeform_tags == {"backup-copy-destinations": AWAY}


def test_a_source_that_does_not_exist_is_missing(world: World, kind: Kind) -> None:
    """A backup often outlives what it was made of."""
    with pytest.raises(Missing):
        world.backups(HOME).source(kind, ocid(kind.source_type, HOME, "nobody"))


def test_the_same_create_with_the_same_token_makes_one_backup(world: World, kind: Kind) -> None:
    """A tick that is delivered twice answers with the same backup."""
    body = body_of(kind, world.add_source(kind))

    first = world.backups(HOME).create(kind, body, f"same-{kind}")

    assert world.backups(HOME).create(kind, body, f"same-{kind}").id == first.id


def test_another_token_makes_another_backup(world: World, kind: Kind) -> None:
    """The next tick makes the next backup."""
    body = body_of(kind, world.add_source(kind))
    first = world.backups(HOME).create(kind, body, f"first-{kind}")
    world.wait()

    assert world.backups(HOME).create(kind, body, f"second-{kind}").id != first.id


def test_a_create_with_a_used_token_and_other_details_is_refused(world: World, kind: Kind) -> None:
    """A token stands for exactly one request."""
    body = body_of(kind, world.add_source(kind))
    world.backups(HOME).create(kind, body, f"used-{kind}")

    with pytest.raises(TokenSpent):
        world.backups(HOME).create(kind, {**body, "displayName": "another"}, f"used-{kind}")


def test_a_backup_of_nothing_is_missing(world: World, kind: Kind) -> None:
    """Creating says the same of a missing source as reading does."""
    body = body_of(kind, ocid(kind.source_type, HOME, "nobody"))

    with pytest.raises(Missing):
        world.backups(HOME).create(kind, body, f"of-nothing-{kind}")


def test_a_copy_is_in_its_destination_and_names_its_original(world: World, original: Backup) -> None:
    """The answer is the copy itself, under way, in the region it was sent to."""
    made = copy(world, original, "t")

    assert (made.kind, made.region, made.copied_from) == (original.kind, AWAY, original.id)
    assert made.source_id == original.source_id
    assert made.lifecycle in UNDER_WAY
    assert made.id != original.id
    assert world.backups(AWAY).get(made.kind, made.id).copied_from == original.id


def test_a_copy_becomes_available_by_itself(world: World, original: Backup) -> None:
    """Nobody has to wait for it."""
    made = copy(world, original, "t")
    world.wait()

    assert world.backups(AWAY).get(made.kind, made.id).lifecycle is Lifecycle.AVAILABLE


def test_only_an_available_backup_can_be_copied(world: World, kind: Kind) -> None:
    """The API says so with IncorrectState, and the port says what the API says."""
    source_id = world.add_source(kind)
    unfinished = world.backups(HOME).create(kind, body_of(kind, source_id), f"unfinished-{kind}")

    with pytest.raises(Refused) as caught:
        copy(world, unfinished, "t")

    assert type(caught.value) is Refused
    assert (caught.value.code, caught.value.status) == ("IncorrectState", 409)


def test_a_copy_of_a_backup_that_is_gone_is_missing(world: World, original: Backup) -> None:
    """A backup may end between the event and the copy."""
    gone = Backup(
        original.kind,
        ocid(original.kind.backup_type, HOME, "gone"),
        HOME,
        original.compartment_id,
        Lifecycle.AVAILABLE,
        original.time_created,
        original.source_id,
    )
    with pytest.raises(Missing):
        copy(world, gone, "t")


def test_the_same_copy_with_the_same_token_makes_one_copy(world: World, original: Backup) -> None:
    """Two calls at the same moment end with one copy."""
    first, second = copy(world, original, "same"), copy(world, original, "same")

    assert first.id == second.id
    assert [each.id for each in copies_of(world, original)] == [first.id]


def test_a_copy_with_a_used_token_and_other_details_is_refused(world: World, original: Backup) -> None:
    """Another name is another request."""
    copy(world, original, "used")

    with pytest.raises(TokenSpent):
        copy(world, original, "used", displayName="another")


def test_the_token_of_a_deleted_copy_is_spent(world: World, original: Backup) -> None:
    """Oracle keeps a token bound to what it made, also once that is gone."""
    made = copy(world, original, "spent")
    world.wait()
    world.delete(made)

    with pytest.raises(TokenSpent):
        copy(world, original, "spent")


def test_the_token_of_a_faulty_copy_answers_with_that_copy(world: World, original: Backup) -> None:
    """Whoever sends the token again sees that what it made is dead."""
    world.fail_next_copy(original.kind)
    made = copy(world, original, "faulty")
    world.wait()

    again = copy(world, original, "faulty")

    assert (again.id, again.lifecycle) == (made.id, Lifecycle.FAULTY)


def test_a_list_shows_all_copies_in_any_state_over_all_pages(world: World, original: Backup) -> None:
    """Whatever their state, and however many copies of other backups the region holds."""
    other = make_original(world, original.kind)
    expected = {}
    for number in range(3):
        copy(world, other, f"other-{number}")
        world.wait()
        expected[copy(world, original, f"own-{number}").id] = Lifecycle.AVAILABLE
        world.wait()
    world.fail_next_copy(original.kind)
    expected[copy(world, original, "own-faulty").id] = Lifecycle.FAULTY
    world.wait()

    found = copies_of(world, original)

    assert {each.id: each.lifecycle for each in found} == expected
    assert {(each.kind, each.region, each.copied_from) for each in found} == {(original.kind, AWAY, original.id)}


def test_a_deleted_copy_is_shown_as_what_it_is(world: World, original: Backup) -> None:
    """It stays in lists for a while, and must not be taken for a good copy."""
    made = copy(world, original, "t")
    world.wait()
    world.delete(made)

    assert [each.lifecycle for each in copies_of(world, original)] == [Lifecycle.TERMINATED]


def test_copies_are_looked_for_in_one_region(world: World, original: Backup) -> None:
    """A copy in one destination says nothing of another."""
    copy(world, original, "t")

    assert copies_of(world, original, FAR) == []
    assert copies_of(world, original, HOME) == []


def test_a_list_does_not_tell_etags(world: World, original: Backup) -> None:
    """Whoever wants to change what a list showed has to read it first."""
    copy(world, original, "t")

    assert [each.etag for each in copies_of(world, original)] == [None]


def test_a_list_shows_all_backups_of_one_kind(world: World, original: Backup) -> None:
    """Those that were made here as well as copies; not those of another kind, nor of another region."""
    second = make_original(world, original.kind)
    for other in set(Kind) - {original.kind}:
        make_original(world, other)
    copied = copy(world, original, "t")
    world.wait()

    at_home = list(world.backups(HOME).list_backups(original.kind, world.compartment_id))
    away = list(world.backups(AWAY).list_backups(original.kind, world.compartment_id))

    assert {each.id for each in at_home if each.group_backup_id is None} == {original.id, second.id}
    assert {(each.kind, each.region, each.lifecycle) for each in at_home} == {
        (original.kind, HOME, Lifecycle.AVAILABLE)
    }
    assert [each.id for each in away if each.group_backup_id is None] == [copied.id]


def test_what_a_list_shows_is_what_reading_shows(world: World, original: Backup) -> None:
    """All but the etag."""
    tagged = world.backups(HOME).update(original.kind, original.id, {"freeformTags": {"team": "payroll", "ü": ""}})
    read = world.backups(HOME).get(original.kind, original.id)

    (listed,) = world.backups(HOME).list_backups(original.kind, world.compartment_id)

    assert listed.opc_request_id != tagged.opc_request_id
    assert replace(listed, opc_request_id=None) == replace(read, opc_request_id=None, etag=None)


def test_backups_and_copies_are_in_the_compartment_of_their_source(world: World, kind: Kind) -> None:
    """The list of a compartment shows those, and no others."""
    source_id = world.add_source(kind, compartment_id=world.elsewhere)
    made = world.backups(HOME).create(kind, body_of(kind, source_id), f"elsewhere-{kind}")
    world.wait()
    copied = copy(world, made, "t")

    def listed(region: str, compartment_id: str) -> set[str]:
        found = list(world.backups(region).list_backups(kind, compartment_id))
        return {each.id for each in found if each.group_backup_id is None}

    assert (made.compartment_id, copied.compartment_id) == (world.elsewhere, world.elsewhere)
    assert (listed(HOME, world.elsewhere), listed(AWAY, world.elsewhere)) == ({made.id}, {copied.id})
    assert (listed(HOME, world.compartment_id), listed(AWAY, world.compartment_id)) == (set(), set())


def test_a_list_of_nothing_is_empty(world: World, kind: Kind) -> None:
    """It is no fault that there is none yet."""
    assert list(world.backups(HOME).list_backups(kind, world.compartment_id)) == []
    assert list(world.backups(HOME).list_sources(kind, world.compartment_id)) == []


def test_all_sources_of_a_compartment_are_listed_with_their_tags(world: World, kind: Kind) -> None:
    """Over all pages; not those of another kind, compartment or region."""
    tags: list[dict[str, str]] = [{}, {"backup-copy-destinations": AWAY}, {"team": "payroll"}]
    expected = {world.add_source(kind, each): each for each in tags}
    world.add_source(kind, compartment_id=world.elsewhere)
    world.add_source(Kind.VOLUME if kind is Kind.BOOT_VOLUME else Kind.BOOT_VOLUME)

    listed = world.backups(HOME).list_sources(kind, world.compartment_id)

    assert {each.id: each.freeform_tags for each in listed} == expected
    assert {each.kind for each in listed} == {kind}
    assert list(world.backups(AWAY).list_sources(kind, world.compartment_id)) == []


def test_an_update_with_the_right_etag_replaces_the_tags(world: World, original: Backup) -> None:
    """The answer has the new tags and a new etag, with which the next change can follow at once."""
    first = world.backups(HOME).update(original.kind, original.id, {"freeformTags": {"a": "1"}}, if_match=original.etag)
    second = world.backups(HOME).update(original.kind, original.id, {"freeformTags": {"b": "2"}}, if_match=first.etag)

    assert first.freeform_tags == {"a": "1"}
    assert first.etag != original.etag
    assert second.freeform_tags == {"b": "2"}
    assert world.backups(HOME).get(original.kind, original.id).freeform_tags == {"b": "2"}


def test_an_update_with_a_stale_etag_changes_nothing(world: World, original: Backup) -> None:
    """Somebody else was faster: their change stands."""
    with pytest.raises(Outrun):
        world.backups(HOME).update(
            original.kind, original.id, {"freeformTags": {"a": "1"}}, if_match=stale(original).etag
        )

    assert world.backups(HOME).get(original.kind, original.id).freeform_tags == {}


def test_an_update_without_an_etag_takes_what_is_there(world: World, original: Backup) -> None:
    """Whoever does not care what was there before need not know."""
    updated = world.backups(HOME).update(original.kind, original.id, {"freeformTags": {"a": "1"}})

    assert updated.freeform_tags == {"a": "1"}


def test_an_update_of_nothing_is_missing(world: World, kind: Kind) -> None:
    """Changing says the same of a missing backup as reading does."""
    with pytest.raises(Missing):
        world.backups(HOME).update(kind, ocid(kind.backup_type, HOME, "nobody"), {"displayName": "x"})
