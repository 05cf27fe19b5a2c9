"""Writing tags beside those of others: nobody's are lost, and what is wrong of ours is put right."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers import provenance
from handlers.core.decision import Decision, Scope
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Lifecycle
from handlers.core.report import Outcome
from handlers.core.tagging import Tagging
from handlers.core.tokens import copy_provenance, copy_tag
from handlers.provenance import ATTEMPTS
from tests.fakes import AWAY, FAR, HOME, FakeCloud, make_call, ocid, passing, refused

OURS = {copy_tag(AWAY): "ocid1.volumegroupbackup.oc1.phx.copy"}
NINE = {f"k{number}": "v" for number in range(9)}
GONE = ocid("volumegroupbackup", AWAY, "gone")


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def somebody_tags(cloud: FakeCloud, backup: Backup, **tags: str) -> None:
    now = cloud.backups[backup.id]
    cloud.change(now, freeform_tags={**now.freeform_tags, **tags})


def write(cloud: FakeCloud, backup: Backup, lasts: timedelta = timedelta(minutes=5)) -> Backup:
    return provenance.tag(Tagging(backup, OURS), make_call(cloud, lasts=lasts), [])


def complete(
    cloud: FakeCloud, original: Backup, *copies: Backup, inventory: Inventory | None = None, region: str = AWAY
) -> None:
    """Put right what the tags of an original and its copies say; without copies, where there is none in a region."""
    decisions = [Decision(original, copy.region, Outcome.EXISTS, copy=copy) for copy in copies]
    missing = Decision(original, region, Outcome.FAILED)
    provenance.complete(decisions or [missing], inventory or Inventory(), Scope(), make_call(cloud))


def tags(cloud: FakeCloud, backup: Backup) -> Mapping[str, str]:
    return cloud.backups[backup.id].freeform_tags


# Writing


def test_tags_are_written_only_onto_what_was_read(cloud: FakeCloud) -> None:
    """Every write carries the etag of the tags it adds to."""
    backup = cloud.add_backup(freeform_tags={"team": "payroll"})

    written = write(cloud, backup)

    (update,) = cloud.made("update")
    assert update.arguments["if_match"] == backup.etag
    assert update.arguments["body"] == {"freeformTags": {"team": "payroll", **OURS}}
    assert written.freeform_tags == {"team": "payroll", **OURS}
    assert written.etag == cloud.backups[backup.id].etag


def test_a_lost_race_is_read_again_and_merged(cloud: FakeCloud) -> None:
    """What somebody else wrote between our reading and our writing stays."""
    backup = cloud.add_backup(freeform_tags={"team": "payroll"})
    somebody_tags(cloud, backup, theirs="1")

    write(cloud, backup)

    assert tags(cloud, backup) == {"team": "payroll", "theirs": "1", **OURS}


def test_a_race_that_is_lost_again_and_again_is_given_up(cloud: FakeCloud) -> None:
    """Quietly: a later call finds the tag missing, and writes it."""
    backup = cloud.add_backup()
    cloud.script("update", *[lambda: somebody_tags(cloud, backup, theirs=str(len(cloud.calls)))] * ATTEMPTS)

    answer = write(cloud, backup)

    assert len(cloud.made("update")) == ATTEMPTS
    assert tags(cloud, backup) == {"theirs": str(len(cloud.calls))}
    assert answer == backup


def test_a_race_that_ends_with_our_tags_written_is_won(cloud: FakeCloud) -> None:
    """Two calls that find the same copy write the same tags: the second has nothing left to do."""
    backup = cloud.add_backup()
    somebody_tags(cloud, backup, **OURS)

    write(cloud, backup)

    assert len(cloud.made("update")) == 1
    assert tags(cloud, backup) == OURS


def test_a_backup_from_a_list_is_read_before_it_is_written(cloud: FakeCloud) -> None:
    """A list does not tell etags, and its tags may be old."""
    original = cloud.add_backup()
    cloud.add_copy(original, freeform_tags={"team": "payroll"})
    (listed,) = cloud(AWAY).list_backups(original.kind, original.compartment_id)
    somebody_tags(cloud, listed, theirs="1")

    write(cloud, listed)

    assert tags(cloud, listed) == {"team": "payroll", "theirs": "1", **OURS}
    assert [call.method for call in cloud.calls] == ["list_backups", "get", "update"]


def test_nothing_is_written_onto_what_has_no_etag(cloud: FakeCloud) -> None:
    """Somebody else's tags could be lost."""
    backup = cloud.add_backup(freeform_tags={"team": "payroll"})
    cloud.backups[backup.id] = untold = replace(backup, etag=None)

    with capture_logs() as lines:
        write(cloud, untold)

    assert cloud.changes == []
    assert [(line["event"], line["reason"]) for line in lines] == [("provenance.skipped", "EtagMissing")]


def test_a_tag_that_is_there_by_now_is_not_written_again(cloud: FakeCloud) -> None:
    """The list was behind."""
    original = cloud.add_backup()
    cloud.add_copy(original)
    (listed,) = cloud(AWAY).list_backups(original.kind, original.compartment_id)
    somebody_tags(cloud, listed, **OURS)

    write(cloud, listed)

    assert cloud.changes == []


@pytest.mark.parametrize(("others", "written"), [(9, True), (10, False)])
def test_a_tenth_tag_is_written_and_an_eleventh_is_not(cloud: FakeCloud, others: int, *, written: bool) -> None:
    """The API allows ten; nobody's are thrown out for ours, also where the tenth came while we wrote."""
    backup = cloud.add_backup()
    somebody_tags(cloud, backup, **{f"k{number}": "v" for number in range(others)})

    write(cloud, backup)

    assert (OURS.items() <= tags(cloud, backup).items()) is written
    assert len(tags(cloud, backup)) == 10


def test_a_tag_of_ours_is_renewed_where_ten_are_taken(cloud: FakeCloud) -> None:
    """It takes the place that it has."""
    backup = cloud.add_backup(freeform_tags=NINE | dict.fromkeys(OURS, "a copy that is dead"))

    write(cloud, backup)

    assert tags(cloud, backup) == {**NINE, **OURS}


@pytest.mark.parametrize("fault", [refused(), refused("IncorrectState", 409), passing()])
@pytest.mark.parametrize("method", ["get", "update"])
def test_tags_that_cannot_be_written_fail_nothing(cloud: FakeCloud, method: str, fault: Any) -> None:
    """They are there for people."""
    original = cloud.add_backup()
    copy = cloud.add_copy(original)
    cloud.script(method, *[fault] * 2)

    with capture_logs() as lines:
        complete(cloud, replace(original, etag=None), replace(copy, etag=None))

    assert [line["event"] for line in lines] == ["provenance.skipped"] * 2
    assert {line["reason"] for line in lines} == {fault.code}


def test_without_time_nothing_is_begun(cloud: FakeCloud) -> None:
    """A later call finds the tags missing."""
    backup = cloud.add_backup()

    assert write(cloud, backup, lasts=timedelta(seconds=1)) == backup
    assert cloud.calls == []


# What the tags are to say


def test_both_ends_of_a_copy_are_tagged(cloud: FakeCloud) -> None:
    """The original with the OCID of its copy, the copy with where and when its original was made."""
    original = cloud.add_backup(freeform_tags={"team": "payroll"})
    copy = cloud.add_copy(original, freeform_tags={"theirs": "1"})

    complete(cloud, original, copy)

    assert tags(cloud, original) == {"team": "payroll", copy_tag(AWAY): copy.id}
    assert tags(cloud, copy) == {"theirs": "1", **copy_provenance(original)}


def test_a_backup_is_tagged_once_for_all_its_copies(cloud: FakeCloud) -> None:
    """However many destinations there are, its own tags are written in one go."""
    original = cloud.add_backup()
    copies = [cloud.add_copy(original, region) for region in (AWAY, FAR)]

    complete(cloud, original, *copies)

    assert tags(cloud, original) == {copy_tag(copy.region): copy.id for copy in copies}
    assert len([change for change in cloud.changes if change.region == HOME]) == 1


def test_what_is_in_order_is_not_even_read(cloud: FakeCloud) -> None:
    """A converged sweep costs lists only."""
    original = cloud.add_backup()
    copy = cloud.add_copy(original, freeform_tags=copy_provenance(original))

    complete(cloud, cloud.change(original, freeform_tags={copy_tag(AWAY): copy.id}), copy)

    assert cloud.calls == []


def test_a_tag_that_names_a_copy_that_is_gone_names_the_new_one(cloud: FakeCloud) -> None:
    """As soon as there is one."""
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): GONE, "team": "payroll"})
    copy = cloud.add_copy(original)

    complete(cloud, original, copy, inventory=Inventory(gone={(original.id, AWAY)}))

    assert tags(cloud, original) == {"team": "payroll", copy_tag(AWAY): copy.id}


def test_a_tag_that_names_a_copy_that_is_gone_is_removed_where_there_is_no_other(cloud: FakeCloud) -> None:
    """Nobody is to look for it in vain; the tag for another region stays."""
    elsewhere = {copy_tag(FAR): ocid("volumegroupbackup", FAR)}
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): GONE, "team": "payroll", **elsewhere})

    complete(cloud, original, inventory=Inventory(gone={(original.id, AWAY)}))

    assert tags(cloud, original) == {"team": "payroll", **elsewhere}


@pytest.mark.parametrize("lifecycle", [Lifecycle.FAULTY, Lifecycle.TERMINATING, Lifecycle.TERMINATED])
def test_a_tag_that_names_a_dead_copy_is_removed(cloud: FakeCloud, lifecycle: Lifecycle) -> None:
    """Nothing can be restored from it."""
    original = cloud.add_backup()
    dead = cloud.add_copy(original, lifecycle=lifecycle)
    original = cloud.change(original, freeform_tags={copy_tag(AWAY): dead.id})
    inventory = Inventory(originals={original.id: original})
    inventory.add_copy(dead)

    complete(cloud, original, inventory=inventory)

    assert tags(cloud, original) == {}


def test_a_tag_that_could_not_be_verified_stays(cloud: FakeCloud) -> None:
    """It is all that is known of that copy."""
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): GONE})

    complete(cloud, original, inventory=Inventory(unverified={(original.id, AWAY)}))

    assert tags(cloud, original) == {copy_tag(AWAY): GONE}
    assert cloud.calls == []


def test_tags_that_were_carried_to_a_copy_are_taken_off_it(cloud: FakeCloud) -> None:
    """Oracle copies the original's tags, also those that name its other copies; those of others stay."""
    original = cloud.add_backup(freeform_tags={"team": "payroll", copy_tag(FAR): ocid("volumegroupbackup", FAR)})
    copy = cloud.add_copy(original, freeform_tags=dict(original.freeform_tags))

    complete(cloud, original, copy)

    assert tags(cloud, copy) == {"team": "payroll", **copy_provenance(original)}
    assert tags(cloud, original) == {**original.freeform_tags, copy_tag(AWAY): copy.id}


def test_only_tags_that_are_ours_are_ever_removed(cloud: FakeCloud) -> None:
    """Another tool may have chosen a name like ours."""
    theirs = {"backup-copy-destinations": "x", "backup-copy-notes": "y", "backup-copy-": "z"}
    original = cloud.add_backup(freeform_tags=theirs)
    copy = cloud.add_copy(original, freeform_tags=theirs)

    complete(cloud, original, copy)

    assert theirs.items() <= tags(cloud, original).items()
    assert theirs.items() <= tags(cloud, copy).items()


def test_what_has_no_room_costs_no_call_and_one_line_in_the_log(cloud: FakeCloud) -> None:
    """It comes up in every sweep."""
    full = NINE | {"k9": "v"}
    originals = [cloud.add_backup(freeform_tags=full) for _ in range(3)]
    copies = [cloud.add_copy(each, freeform_tags=full) for each in originals]
    pairs = zip(originals, copies, strict=True)
    decisions = [Decision(each, AWAY, Outcome.EXISTS, copy=copy) for each, copy in pairs]

    with capture_logs() as lines:
        provenance.complete(decisions, Inventory(), Scope(), make_call(cloud))

    assert cloud.calls == []
    assert [(line["event"], line["count"]) for line in lines] == [("provenance.no_room", 6)]


def test_what_has_no_destination_has_no_tags_to_write(cloud: FakeCloud) -> None:
    """A backup that is excluded, unfinished, or itself a copy is left alone."""
    backup = cloud.add_backup()

    provenance.complete([Decision(backup, None, Outcome.NOT_READY)], Inventory(), Scope(), make_call(cloud))

    assert cloud.calls == []


def test_a_wrong_tag_is_removed_where_the_source_wants_no_copies_any_more(cloud: FakeCloud) -> None:
    """Else each sweep would look for that copy again."""
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): GONE, "team": "payroll"})
    excluded = Decision(original, None, Outcome.EXCLUDED)

    provenance.complete([excluded], Inventory(gone={(original.id, AWAY)}), Scope(), make_call(cloud))

    assert tags(cloud, original) == {"team": "payroll"}
