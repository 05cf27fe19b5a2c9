"""Writing tags beside those of others: nobody's are lost, and a race is only ever lost for a while."""

from handlers import provenance
from handlers.core.model import Backup
from handlers.provenance import ATTEMPTS
from tests.fakes import AWAY, FAR, HOME, FakeCloud, make_call

OURS = {"backup-copy-us-phoenix-1": "ocid1.volumegroupbackup.oc1.phx.copy"}


def somebody_tags(cloud: FakeCloud, backup: Backup, **tags: str) -> None:
    now = cloud.backups[backup.id]
    cloud.change(now, freeform_tags={**now.freeform_tags, **tags})


def test_tags_are_written_only_onto_what_was_read() -> None:
    """Every write carries the etag of the tags it adds to."""
    cloud = FakeCloud()
    backup = cloud.add_backup(freeform_tags={"team": "payroll"})

    written = provenance.tag(cloud(HOME), backup, OURS)

    (update,) = cloud.made("update")
    assert update.arguments["if_match"] == backup.etag
    assert update.arguments["body"] == {"freeformTags": {"team": "payroll", **OURS}}
    assert written.freeform_tags == {"team": "payroll", **OURS}
    assert written.etag == cloud.backups[backup.id].etag


def test_a_lost_race_is_read_again_and_merged() -> None:
    """What somebody else wrote between our reading and our writing stays."""
    cloud = FakeCloud()
    backup = cloud.add_backup(freeform_tags={"team": "payroll"})
    somebody_tags(cloud, backup, theirs="1")

    provenance.tag(cloud(HOME), backup, OURS)

    assert cloud.backups[backup.id].freeform_tags == {"team": "payroll", "theirs": "1", **OURS}


def test_a_race_that_is_lost_again_and_again_is_given_up() -> None:
    """Quietly: a later call finds the tag missing, and writes it."""
    cloud = FakeCloud()
    backup = cloud.add_backup()
    cloud.script("update", *[lambda: somebody_tags(cloud, backup, theirs=str(len(cloud.calls)))] * ATTEMPTS)

    answer = provenance.tag(cloud(HOME), backup, OURS)

    assert len(cloud.made("update")) == ATTEMPTS
    assert cloud.backups[backup.id].freeform_tags == {"theirs": str(len(cloud.calls))}
    assert answer == backup


def test_a_race_that_ends_with_our_tags_written_is_won() -> None:
    """Two calls that find the same copy write the same tags: the second has nothing left to do."""
    cloud = FakeCloud()
    backup = cloud.add_backup()
    somebody_tags(cloud, backup, **OURS)

    provenance.tag(cloud(HOME), backup, OURS)

    assert len(cloud.made("update")) == 1
    assert cloud.backups[backup.id].freeform_tags == OURS


def test_a_backup_from_a_list_is_read_before_it_is_written() -> None:
    """A list does not tell etags, and its tags may be old."""
    cloud = FakeCloud()
    original = cloud.add_backup()
    cloud.add_copy(original, freeform_tags={"team": "payroll"})
    (listed,) = cloud(AWAY).copies_of(original)
    somebody_tags(cloud, listed, theirs="1")

    provenance.tag(cloud(AWAY), listed, OURS)

    assert cloud.backups[listed.id].freeform_tags == {"team": "payroll", "theirs": "1", **OURS}
    assert [call.method for call in cloud.calls] == ["copies_of", "get", "update"]


def test_a_tenth_tag_is_written_and_an_eleventh_is_not() -> None:
    """The API allows ten; nobody's are thrown out for ours."""
    for others, written in ((9, True), (10, False)):
        cloud = FakeCloud()
        backup = cloud.add_backup(freeform_tags={f"k{number}": "v" for number in range(others)})

        provenance.tag(cloud(HOME), backup, OURS)

        assert (OURS.items() <= cloud.backups[backup.id].freeform_tags.items()) is written
        assert bool(cloud.made("update")) is written


def test_a_tag_of_ours_is_renewed_where_ten_are_taken() -> None:
    """It takes the place that it has."""
    cloud = FakeCloud()
    tags = {f"k{number}": "v" for number in range(9)} | dict.fromkeys(OURS, "a copy that is dead")
    backup = cloud.add_backup(freeform_tags=tags)

    provenance.tag(cloud(HOME), backup, OURS)

    assert cloud.backups[backup.id].freeform_tags == {**tags, **OURS}


def test_a_backup_is_tagged_once_for_all_its_copies() -> None:
    """However many destinations there are, its own tags are written in one go."""
    cloud = FakeCloud()
    original = cloud.add_backup()
    copies = [cloud.add_copy(original, region) for region in (AWAY, FAR)]

    provenance.record(original, copies, make_call(cloud))

    assert cloud.backups[original.id].freeform_tags == {f"backup-copy-{copy.region}": copy.id for copy in copies}
    assert len([change for change in cloud.changes if change.region == HOME]) == 1
