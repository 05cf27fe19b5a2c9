"""Changing a backup's name or tags: the API's own update, with the etag where one is given."""

from dataclasses import replace
from typing import Any

import pytest

from handlers.core.errors import Outrun
from handlers.core.model import Backup, Kind
from handlers.core.operations import OPERATIONS, UpdateBackup
from handlers.core.report import Outcome, Result
from handlers.update import update
from tests.fakes import AWAY, FAR, HOME, FakeCloud, make_call, passing

IDS = {
    Kind.VOLUME_GROUP: "volumeGroupBackupId",
    Kind.VOLUME: "volumeBackupId",
    Kind.BOOT_VOLUME: "bootVolumeBackupId",
}


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture(params=list(Kind))
def backup(request: pytest.FixtureRequest, cloud: FakeCloud) -> Backup:
    return cloud.add_backup(Kind(request.param), freeform_tags={"team": "payroll"})


def run(cloud: FakeCloud, backup: Backup, **fields: Any) -> Result:
    name = f"Update{backup.kind}Backup"
    operation = OPERATIONS[name].model_validate({"operation": name, IDS[backup.kind]: backup.id, **fields})
    assert isinstance(operation, UpdateBackup)
    return update(operation, make_call(cloud))


def test_given_tags_replace_all_that_were_there(cloud: FakeCloud, backup: Backup) -> None:
    """As in the API."""
    result = run(cloud, backup, freeformTags={"keep": "7-years"})

    assert (result.operation, result.outcome) == (f"Update{backup.kind}Backup", Outcome.UPDATED)
    assert result.source_id == result.backup_id == backup.id
    assert result.opc_request_id
    assert cloud.backups[backup.id].freeform_tags == {"keep": "7-years"}


def test_the_request_holds_what_is_to_change_and_nothing_else(cloud: FakeCloud, backup: Backup) -> None:
    """What was not given stays as it is."""
    run(cloud, backup, displayName="year-end", definedTags={"Costs": {"Center": 7}}, ifMatch=backup.etag)

    (call,) = cloud.made("update")
    assert call.region == HOME
    assert call.arguments["body"] == {"displayName": "year-end", "definedTags": {"Costs": {"Center": 7}}}
    assert call.arguments["if_match"] == backup.etag


def test_a_dry_run_with_an_outdated_etag_fails_as_the_change_would(cloud: FakeCloud, backup: Backup) -> None:
    """And changes nothing, as with the right one."""
    outdated = run(cloud, backup, displayName="x", dryRun=True, ifMatch="of-yesterday")
    current = run(cloud, backup, displayName="x", dryRun=True, ifMatch=backup.etag)

    assert (outdated.outcome, outdated.reason) == (Outcome.FAILED, "NoEtagMatch")
    assert current.outcome is Outcome.PLANNED
    assert cloud.changes == []


def test_empty_tags_remove_all(cloud: FakeCloud, backup: Backup) -> None:
    """An empty object is something else than none."""
    run(cloud, backup, freeformTags={})

    assert cloud.backups[backup.id].freeform_tags == {}


def test_an_etag_that_is_old_refuses_the_change(cloud: FakeCloud, backup: Backup) -> None:
    """Somebody was faster, and whoever asked with an etag wants to know."""
    result = run(cloud, backup, freeformTags={}, ifMatch="old")

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, "NoEtagMatch", False)
    assert cloud.backups[backup.id].freeform_tags == {"team": "payroll"}


def test_a_dry_run_changes_nothing(cloud: FakeCloud, backup: Backup) -> None:
    """It looks whether the backup is there."""
    result = run(cloud, backup, freeformTags={}, dryRun=True)

    assert (result.outcome, result.backup_id) == (Outcome.PLANNED, backup.id)
    assert cloud.changes == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_backup_that_is_gone_is_a_failure(cloud: FakeCloud, backup: Backup, *, dry_run: bool) -> None:
    """With the API's code."""
    del cloud.backups[backup.id]

    result = run(cloud, backup, displayName="x", dryRun=dry_run)

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, "NotAuthorizedOrNotFound", False)


def test_a_fault_that_may_pass_is_said_to(cloud: FakeCloud) -> None:
    """A redelivery can help."""
    cloud.script("update", passing())

    assert run(cloud, cloud.add_backup(), displayName="x").may_pass


# The function's own tags

OURS = {"backup-copy-slot": "6h 2026-11-21T00:00Z", f"backup-copy-{AWAY}": "ocid1.volumebackup.oc1.phx.a"}


@pytest.fixture
def ours(cloud: FakeCloud) -> Backup:
    """A backup that the function has made and copied."""
    return cloud.add_backup(freeform_tags={"team": "payroll", **OURS})


@pytest.mark.parametrize("given", [{}, {"team": "finance"}])
def test_the_functions_own_tags_stay(cloud: FakeCloud, ours: Backup, given: dict[str, str]) -> None:
    """Without them it would not know the backup for its own any more; they are written onto what was read."""
    assert run(cloud, ours, freeformTags=given).outcome is Outcome.UPDATED

    assert cloud.backups[ours.id].freeform_tags == {**given, **OURS}
    assert cloud.made("update")[0].arguments["if_match"] == ours.etag


def test_a_tag_that_the_function_writes_meanwhile_stays_too(cloud: FakeCloud, ours: Backup) -> None:
    """The race is lost, and the backup read again."""

    def write_another() -> None:
        now = cloud.backups[ours.id]
        tags = {**now.freeform_tags, f"backup-copy-{FAR}": "another"}
        cloud.backups[ours.id] = replace(now, freeform_tags=tags, etag="newer")

    cloud.script("update", write_another)

    assert run(cloud, ours, freeformTags={}).outcome is Outcome.UPDATED
    assert cloud.backups[ours.id].freeform_tags == {**OURS, f"backup-copy-{FAR}": "another"}


def test_a_race_that_is_lost_again_and_again_is_a_failure(cloud: FakeCloud, ours: Backup) -> None:
    """With the API's code; and with an etag of the caller's own at once."""
    outrun = Outrun("NoEtagMatch", "no", status=412)
    cloud.script("update", outrun, outrun, outrun, outrun)

    assert run(cloud, ours, freeformTags={}).reason == "NoEtagMatch"
    assert len(cloud.made("update")) == 3

    assert run(cloud, ours, freeformTags={}, ifMatch=ours.etag).reason == "NoEtagMatch"
    assert len(cloud.made("update")) == 4
    assert cloud.made("update")[3].arguments["if_match"] == ours.etag


@pytest.mark.parametrize("dry_run", [True, False])
def test_tags_that_do_not_fit_beside_the_functions_own_are_refused(
    cloud: FakeCloud, ours: Backup, *, dry_run: bool
) -> None:
    """A backup has ten at most: how many may be given is said, before anything is changed."""
    nine, eight = ({f"k{number}": "" for number in range(count)} for count in (9, 8))

    result = run(cloud, ours, freeformTags=nine, dryRun=dry_run)

    assert (result.outcome, result.reason) == (Outcome.FAILED, "no_room")
    assert "at most 8" in str(result.message)
    assert cloud.changes == []
    assert run(cloud, ours, freeformTags=eight, dryRun=dry_run).outcome is not Outcome.FAILED


def test_an_asterisk_does_not_overwrite_what_the_function_writes_meanwhile(cloud: FakeCloud, ours: Backup) -> None:
    """It matches every etag, and so guards nothing."""
    run(cloud, ours, freeformTags={}, ifMatch="*")

    assert cloud.made("update")[0].arguments["if_match"] == ours.etag
    assert run(cloud, ours, freeformTags={}, ifMatch="*", dryRun=True).outcome is Outcome.PLANNED


def test_nothing_is_written_onto_what_has_no_etag(cloud: FakeCloud, ours: Backup) -> None:
    """A tag that the function writes meanwhile could be lost."""
    cloud.backups[ours.id] = replace(ours, etag=None)

    assert run(cloud, ours, freeformTags={}).reason == "EtagMissing"
    assert cloud.changes == []


def test_tags_that_are_not_given_are_not_read(cloud: FakeCloud, ours: Backup) -> None:
    """A new name needs one call."""
    run(cloud, ours, displayName="year-end")

    assert [call.method for call in cloud.calls] == ["update"]
