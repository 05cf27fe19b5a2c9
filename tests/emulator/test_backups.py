"""Backups of volumes, boot volumes and groups: their fields, lives, types, and what protects them."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Any

import oci.core.models
import pytest
from oci.core.models import (
    CreateBootVolumeBackupDetails,
    CreateVolumeBackupDetails,
    CreateVolumeGroupBackupDetails,
    RetentionDuration,
    UpdateVolumeBackupDetails,
    UpdateVolumeDetails,
    UpdateVolumeGroupBackupDetails,
)

from infra.emulator.block_volume.kinds import KINDS, Kind
from infra.emulator.server import Emulator
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant, refusal

each_protection = pytest.mark.parametrize(
    "protection",
    [
        {"is_prevent_deletion_enabled": True},
        {"is_retention_lock_enabled": True},
        {"is_indefinite_retention_enabled": True},
        {"retention_period": RetentionDuration(retention_time_unit="DAYS", retention_time_amount=1)},
    ],
    ids=lambda protection: next(iter(protection)),
)
"""OCI's ways to hold on to a backup, as details of a create or an update."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_answer_has_exactly_the_fields_of_the_sdks_model(kind: Kind) -> None:
    """The table of kinds and OCI's own specification name the same fields."""
    model = getattr(oci.core.models, kind.name)()
    assert sorted(kind.fields) == sorted(model.attribute_map.values())


def test_a_backup_lives_through_its_states_on_the_clock(tenant: Tenant) -> None:
    """REQUEST_RECEIVED, CREATING and AVAILABLE come when they are due and not before."""
    client = tenant.block_volume()
    volume = tenant.volume()
    backup = client.create_volume_backup(CreateVolumeBackupDetails(volume_id=volume.id)).data
    seen = [backup.lifecycle_state]
    for seconds in (1, 1, 17, 1):
        tenant.pass_time(timedelta(seconds=seconds))
        seen.append(client.get_volume_backup(backup.id).data.lifecycle_state)
    assert seen == ["REQUEST_RECEIVED", "REQUEST_RECEIVED", "CREATING", "CREATING", "AVAILABLE"]


def test_a_group_backup_is_committed_before_it_is_available(tenant: Tenant) -> None:
    """A group's backup has the one state more that OCI gives it."""
    group = tenant.group()
    backup = tenant.group_backup(group.id)
    states = [e["state"] for e in tenant.happened("block_volume.transition") if e["resource"] == backup.id]
    assert states == ["REQUEST_RECEIVED", "CREATING", "COMMITTED", "AVAILABLE"]


def test_a_group_backup_consists_of_backups_of_its_members(tenant: Tenant) -> None:
    """Each volume and boot volume of the group is backed up, linked to the group's backup and listed in it."""
    client = tenant.block_volume()
    group = tenant.group()
    backup = tenant.group_backup(group.id, freeform_tags={"a": "b"})
    volume_backup_id, boot_backup_id = backup.volume_backup_ids
    members = [client.get_volume_backup(volume_backup_id).data, client.get_boot_volume_backup(boot_backup_id).data]
    assert [member.volume_group_backup_id for member in members] == [backup.id, backup.id]
    assert [member.lifecycle_state for member in members] == ["AVAILABLE", "AVAILABLE"]
    assert [members[0].volume_id, members[1].boot_volume_id] == group.volume_ids
    assert (backup.size_in_gbs, backup.unique_size_in_gbs, backup.type) == (150, 150, "FULL")


def test_a_failed_member_takes_its_group_with_it(tenant: Tenant) -> None:
    """A group's backup is not AVAILABLE while a member's is FAULTY."""
    group = tenant.group()
    tenant.emulator.call(lambda cloud: cloud.block_volume.fail_next("CreateVolumeBackup"))
    assert tenant.group_backup(group.id).lifecycle_state == "FAULTY"


def test_the_first_backup_is_full_and_the_next_incremental(tenant: Tenant) -> None:
    """INCREMENTAL without a predecessor becomes FULL; FULL stays FULL; an incremental one holds less."""
    volume = tenant.volume(size=200)
    first = tenant.volume_backup(volume.id, type="INCREMENTAL")
    second = tenant.volume_backup(volume.id)
    third = tenant.volume_backup(volume.id, type="FULL")
    assert [first.type, second.type, third.type] == ["FULL", "INCREMENTAL", "FULL"]
    assert [first.unique_size_in_gbs, second.unique_size_in_gbs] == [200, 20]


def test_a_backup_does_not_build_upon_a_failed_one(tenant: Tenant) -> None:
    """After a FAULTY first backup the next one is FULL."""
    volume = tenant.volume()
    tenant.emulator.call(lambda cloud: cloud.block_volume.fail_next("CreateVolumeBackup"))
    assert tenant.volume_backup(volume.id).lifecycle_state == "FAULTY"
    assert tenant.volume_backup(volume.id).type == "FULL"


def test_a_resized_volume_is_backed_up_in_full(tenant: Tenant) -> None:
    """An incremental backup does not reach across a change of size."""
    volume = tenant.volume()
    tenant.volume_backup(volume.id)
    tenant.block_volume().update_volume(volume.id, UpdateVolumeDetails(size_in_gbs=150))
    assert tenant.volume_backup(volume.id).type == "FULL"


def test_a_volume_that_is_not_available_cannot_be_backed_up(tenant: Tenant) -> None:
    """A group whose volumes are still being made is refused with IncorrectState."""
    volume = tenant.volume()
    tenant.block_volume().delete_volume(volume.id)
    details = CreateVolumeBackupDetails(volume_id=volume.id)
    assert refusal(lambda: tenant.block_volume().create_volume_backup(details)) == (409, "IncorrectState")


def test_a_deleted_backup_is_shown_as_terminated_and_then_vanishes(tenant: Tenant) -> None:
    """TERMINATING, TERMINATED for a day, and 404 after that; it cannot be deleted again."""
    client = tenant.block_volume()
    backup = tenant.volume_backup(tenant.volume().id)
    assert client.delete_volume_backup(backup.id).status == 204
    assert client.get_volume_backup(backup.id).data.lifecycle_state == "TERMINATING"
    assert refusal(lambda: client.delete_volume_backup(backup.id)) == (409, "IncorrectState")
    tenant.pass_time(timedelta(seconds=5))
    assert client.get_volume_backup(backup.id).data.lifecycle_state == "TERMINATED"
    assert refusal(lambda: client.delete_volume_backup(backup.id)) == (404, "NotAuthorizedOrNotFound")
    tenant.pass_time(timedelta(hours=24, seconds=-1))
    assert client.get_volume_backup(backup.id).data.lifecycle_state == "TERMINATED"
    tenant.pass_time(timedelta(seconds=1))
    assert refusal(lambda: client.get_volume_backup(backup.id)) == (404, "NotAuthorizedOrNotFound")


@pytest.mark.parametrize("collection", ["volumes", "volumeBackups"])
def test_what_ends_is_not_changed(tenant: Tenant, collection: str) -> None:
    """An update is 409 while a resource ends, and 404 once it has ended, though it is still shown."""
    one = tenant.volume()
    if collection == "volumeBackups":
        one = tenant.volume_backup(one.id)
    path, details = f"{collection}/{one.id}", {"displayName": "new"}
    assert tenant.send("DELETE", path).status_code == 204

    def update() -> tuple[int, str]:
        answer = tenant.send("PUT", path, details)
        return answer.status_code, answer.json()["code"]

    assert update() == (409, "IncorrectState")
    tenant.pass_time()
    assert update() == (404, "NotAuthorizedOrNotFound")
    assert tenant.send("GET", path).json()["displayName"] == one.display_name


def test_deleting_a_group_backup_deletes_its_members(tenant: Tenant) -> None:
    """A member goes with its group; on its own the emulator refuses to say what OCI would do."""
    client = tenant.block_volume()
    backup = tenant.group_backup(tenant.group().id)
    disk, boot = backup.volume_backup_ids
    assert refusal(lambda: client.delete_volume_backup(disk)) == (501, "NotImplemented")
    old = client.get_volume_group_backup(backup.id).headers["etag"]
    client.update_volume_group_backup(backup.id, UpdateVolumeGroupBackupDetails(display_name="new"))
    assert refusal(lambda: client.delete_volume_group_backup(backup.id, if_match=old)) == (412, "NoEtagMatch")
    current = client.get_volume_group_backup(backup.id).headers["etag"]
    client.delete_volume_group_backup(backup.id, if_match=current)
    tenant.pass_time()
    assert client.get_volume_group_backup(backup.id).data.lifecycle_state == "TERMINATED"
    assert client.get_volume_backup(disk).data.lifecycle_state == "TERMINATED"
    assert client.get_boot_volume_backup(boot).data.lifecycle_state == "TERMINATED"


def test_a_protected_member_holds_its_group(tenant: Tenant) -> None:
    """A group's backup is deleted whole or not at all."""
    client = tenant.block_volume()
    backup = tenant.group_backup(tenant.group().id)
    member = backup.volume_backup_ids[0]
    client.update_volume_backup(member, UpdateVolumeBackupDetails(is_prevent_deletion_enabled=True))
    assert refusal(lambda: client.delete_volume_group_backup(backup.id)) == (409, "Conflict")
    assert client.get_volume_group_backup(backup.id).data.lifecycle_state == "AVAILABLE"
    client.update_volume_backup(member, UpdateVolumeBackupDetails(is_prevent_deletion_enabled=False))
    assert client.delete_volume_group_backup(backup.id).status == 204


@each_protection
def test_a_protected_backup_cannot_be_deleted(tenant: Tenant, protection: dict[str, Any]) -> None:
    """Each of OCI's ways to hold on to a backup refuses its deletion."""
    backup = tenant.volume_backup(tenant.volume().id, **protection)
    assert refusal(lambda: tenant.block_volume().delete_volume_backup(backup.id)) == (409, "Conflict")


@each_protection
def test_an_update_protects_a_backup_too(tenant: Tenant, protection: dict[str, Any]) -> None:
    """A copy, which has no protection when it is made, can be given each of them where it is."""
    copy = tenant.copy_volume_backup(tenant.volume_backup(tenant.volume().id).id)
    tenant.pass_time()
    client = tenant.block_volume(PHOENIX)
    updated = client.update_volume_backup(copy.id, UpdateVolumeBackupDetails(**protection)).data
    assert {name: getattr(updated, name) for name in protection} == protection
    assert refusal(lambda: client.delete_volume_backup(copy.id)) == (409, "Conflict")


def test_a_retention_period_ends(tenant: Tenant) -> None:
    """A backup may be deleted once its time is over."""
    period = RetentionDuration(retention_time_unit="DAYS", retention_time_amount=1)
    backup = tenant.volume_backup(tenant.volume().id, retention_period=period)
    tenant.pass_time(timedelta(days=1))
    assert tenant.block_volume().delete_volume_backup(backup.id).status == 204


def test_a_retention_lock_is_never_lifted(tenant: Tenant) -> None:
    """A locked backup keeps its lock and its period, whoever asks."""
    backup = tenant.volume_backup(tenant.volume().id, is_retention_lock_enabled=True)
    unlock = UpdateVolumeBackupDetails(is_retention_lock_enabled=False)
    assert refusal(lambda: tenant.block_volume().update_volume_backup(backup.id, unlock)) == (409, "Conflict")


def test_an_update_changes_the_etag_and_nothing_else_does(tenant: Tenant) -> None:
    """The etag of an answer holds as long as the resource is as it was."""
    client = tenant.block_volume()
    backup = tenant.group_backup(tenant.group().id)
    first = client.get_volume_group_backup(backup.id).headers["etag"]
    assert client.get_volume_group_backup(backup.id).headers["etag"] == first
    update = UpdateVolumeGroupBackupDetails(freeform_tags={"x": "y"})
    changed = client.update_volume_group_backup(backup.id, update, if_match=first)
    assert changed.data.freeform_tags == {"x": "y"}
    assert changed.headers["etag"] != first
    assert client.update_volume_group_backup(backup.id, update).headers["etag"] == changed.headers["etag"]


def test_a_new_state_is_a_new_etag(tenant: Tenant) -> None:
    """What was read in one state guards nothing that is done in the next, though no other field has changed."""
    client = tenant.block_volume()
    made = client.create_volume_backup(CreateVolumeBackupDetails(volume_id=tenant.volume().id))
    tenant.pass_time(timedelta(seconds=2))
    etag, backup = made.headers["etag"], client.get_volume_backup(made.data.id)
    assert (made.data.lifecycle_state, backup.data.lifecycle_state) == ("REQUEST_RECEIVED", "CREATING")
    assert backup.headers["etag"] != etag
    update = UpdateVolumeBackupDetails(display_name="new")
    assert refusal(lambda: client.update_volume_backup(backup.data.id, update, if_match=etag)) == (412, "NoEtagMatch")


def test_any_etag_is_matched_by_an_asterisk(tenant: Tenant) -> None:
    """For every kind, on updates and on deletions."""
    client, group = tenant.block_volume(), tenant.group()
    backup = tenant.group_backup(group.id)
    of_volume, of_boot_volume = backup.volume_backup_ids
    volume, boot_volume = group.volume_ids
    for kind, one in {
        "volume": volume,
        "boot_volume": boot_volume,
        "volume_group": group.id,
        "volume_backup": of_volume,
        "boot_volume_backup": of_boot_volume,
        "volume_group_backup": backup.id,
    }.items():
        assert getattr(client, f"update_{kind}")(one, {"displayName": "new"}, if_match="*").status == 200
    for kind, one in {"volume_group_backup": backup.id, "volume_group": group.id, "volume": volume}.items():
        assert getattr(client, f"delete_{kind}")(one, if_match="*").status == 204


def test_an_outdated_etag_changes_nothing(tenant: Tenant) -> None:
    """`if-match` guards update and deletion alike."""
    client = tenant.block_volume()
    backup = tenant.volume_backup(tenant.volume().id)
    old = client.get_volume_backup(backup.id).headers["etag"]
    client.update_volume_backup(backup.id, UpdateVolumeBackupDetails(display_name="new"))
    again = UpdateVolumeBackupDetails(display_name="newer")
    assert refusal(lambda: client.update_volume_backup(backup.id, again, if_match=old)) == (412, "NoEtagMatch")
    assert refusal(lambda: client.delete_volume_backup(backup.id, if_match=old)) == (412, "NoEtagMatch")
    assert client.get_volume_backup(backup.id).data.display_name == "new"


def test_events_tell_of_the_begin_and_the_end_of_a_backup(tenant: Tenant) -> None:
    """Both events name the backup and are emitted where it is made."""
    backup = tenant.volume_backup(tenant.volume().id)
    told = [e for e in tenant.happened("events.emitted") if e["resource"] == backup.id]
    assert [e["event_type"] for e in told] == [
        "com.oraclecloud.blockvolumes.createvolumebackup.begin",
        "com.oraclecloud.blockvolumes.createvolumebackup.end",
    ]
    assert {e["region"] for e in told} == {ASHBURN}


def test_a_permission_that_is_missing_looks_like_a_resource_that_is(tenant: Tenant) -> None:
    """A denied operation answers 404 with the code that a missing backup has; others are not affected."""
    client = tenant.block_volume()
    backup = tenant.group_backup(tenant.group().id)
    details = UpdateVolumeGroupBackupDetails(display_name="new")
    tenant.emulator.call(lambda cloud: cloud.deny("UpdateVolumeGroupBackup"))
    try:
        answer = refusal(lambda: client.update_volume_group_backup(backup.id, details))
    finally:
        tenant.emulator.call(lambda cloud: cloud.allow("UpdateVolumeGroupBackup"))
    assert answer == (404, "NotAuthorizedOrNotFound")
    assert client.update_volume_group_backup(backup.id, details).data.display_name == "new"


def test_a_running_clock_finishes_a_backup_by_itself() -> None:
    """With a raised speed a backup becomes AVAILABLE without anyone moving the clock."""
    with Emulator([ASHBURN], speed=1000) as emulator:
        tenant = Tenant(emulator, emulator.compartment_id)
        boot_volume = tenant.boot_volume()
        available = Event()
        emulator.watch(lambda entry: available.set() if entry.get("state") == "AVAILABLE" else None)
        tenant.block_volume().create_boot_volume_backup(CreateBootVolumeBackupDetails(boot_volume_id=boot_volume))
        assert available.wait(timeout=10)


def test_a_group_backup_needs_no_compartment_of_its_own(tenant: Tenant) -> None:
    """Without a compartment the backup goes where its group is."""
    group = tenant.group()
    details = CreateVolumeGroupBackupDetails(volume_group_id=group.id)
    assert tenant.block_volume().create_volume_group_backup(details).data.compartment_id == tenant.compartment_id


def test_a_group_that_is_being_backed_up_is_not_deleted_and_keeps_its_volumes(tenant: Tenant) -> None:
    """A refused request has changed nothing."""
    group, client = tenant.group(), tenant.block_volume()
    client.create_volume_group_backup(CreateVolumeGroupBackupDetails(volume_group_id=group.id))

    assert refusal(lambda: client.delete_volume_group(group.id)) == (409, "Conflict")
    assert client.get_volume_group(group.id).data.volume_ids == group.volume_ids
