"""Backups that Oracle's backup policies make: what tells them from others, and how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from oci.core.models import UpdateVolumeBackupDetails

from infra.emulator.block_volume.history import History
from infra.emulator.block_volume.kinds import BOOT_VOLUME_BACKUP, VOLUME_BACKUP, VOLUME_GROUP_BACKUP, BackupKind
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant

WEEK = timedelta(days=7)


def seed(tenant: Tenant, kind: BackupKind, source_id: str, kept_for: timedelta = WEEK, **details: Any) -> str:
    """The OCID of a finished backup."""

    def make(cloud: Any) -> str:
        return str(cloud.block_volume.seed_scheduled_backup(kind, ASHBURN, source_id, kept_for=kept_for, **details))

    backup_id = tenant.emulator.call(make)
    tenant.pass_time()
    return backup_id


def state(tenant: Tenant, backup_id: str) -> str:
    return str(tenant.block_volume().get_volume_backup(backup_id).data.lifecycle_state)


def test_a_policy_leaves_a_backup_that_ends_by_itself(tenant: Tenant) -> None:
    """SCHEDULED, with the time of its end; a week later it is gone, and Events has told of it."""
    backup_id = seed(tenant, VOLUME_BACKUP, tenant.volume().id, displayName="nightly")
    backup = tenant.block_volume().get_volume_backup(backup_id).data
    assert (backup.source_type, backup.lifecycle_state) == ("SCHEDULED", "AVAILABLE")
    assert backup.display_name == "nightly"
    assert backup.expiration_time == backup.time_created + WEEK
    tenant.pass_time(WEEK - timedelta(minutes=10))
    assert state(tenant, backup_id) == "AVAILABLE"
    tenant.pass_time(timedelta(minutes=10))
    assert state(tenant, backup_id) == "TERMINATED"
    told = [event["event_type"] for event in tenant.happened("events.emitted") if event["resource"] == backup_id]
    assert told[-1] == "com.oraclecloud.blockvolumes.deletevolumebackup.end"


def test_who_asks_for_a_backup_makes_a_manual_one(tenant: Tenant) -> None:
    """It has no end, and nobody can ask for what policies make."""
    volume_id = tenant.volume().id
    backup = tenant.volume_backup(volume_id)
    assert (backup.source_type, backup.expiration_time) == ("MANUAL", None)
    for field in ({"sourceType": "SCHEDULED"}, {"expirationTime": "2030-01-01T00:00:00.000Z"}):
        answer = tenant.send("POST", "volumeBackups", {"volumeId": volume_id, **field})
        assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


def test_a_copy_of_a_scheduled_backup_is_manual(tenant: Tenant) -> None:
    """It outlives what it was copied from."""
    backup_id = seed(tenant, VOLUME_BACKUP, tenant.volume().id)
    copy = tenant.copy_volume_backup(backup_id)
    assert (copy.source_type, copy.expiration_time) == ("MANUAL", None)
    tenant.pass_time(WEEK)
    assert state(tenant, backup_id) == "TERMINATED"
    assert tenant.block_volume(PHOENIX).get_volume_backup(copy.id).data.lifecycle_state == "AVAILABLE"


def test_a_boot_volume_is_backed_up_by_policies_too(tenant: Tenant) -> None:
    """The same fields in the other kind of backup."""
    backup_id = seed(tenant, BOOT_VOLUME_BACKUP, tenant.boot_volume())
    backup = tenant.block_volume().get_boot_volume_backup(backup_id).data
    assert (backup.source_type, backup.expiration_time) == ("SCHEDULED", backup.time_created + WEEK)


def test_the_members_of_a_scheduled_group_backup_end_with_it(tenant: Tenant) -> None:
    """They are SCHEDULED as their group is."""
    client = tenant.block_volume()
    group_id = seed(tenant, VOLUME_GROUP_BACKUP, tenant.group().id)
    group = client.get_volume_group_backup(group_id).data
    disk_id, boot_id = group.volume_backup_ids
    members = [client.get_volume_backup(disk_id).data, client.get_boot_volume_backup(boot_id).data]
    assert {(each.source_type, each.expiration_time) for each in (group, *members)} == {
        ("SCHEDULED", group.time_created + WEEK)
    }
    tenant.pass_time(WEEK)
    assert client.get_volume_group_backup(group_id).data.lifecycle_state == "TERMINATED"
    assert client.get_volume_backup(disk_id).data.lifecycle_state == "TERMINATED"
    assert client.get_boot_volume_backup(boot_id).data.lifecycle_state == "TERMINATED"


def test_what_is_protected_outlives_its_end(tenant: Tenant) -> None:
    """It goes within an hour of the end of its protection."""
    backup_id = seed(tenant, VOLUME_BACKUP, tenant.volume().id, isPreventDeletionEnabled=True)
    tenant.pass_time(WEEK)
    assert state(tenant, backup_id) == "AVAILABLE"
    unprotected = UpdateVolumeBackupDetails(is_prevent_deletion_enabled=False)
    tenant.block_volume().update_volume_backup(backup_id, unprotected)
    tenant.pass_time(timedelta(hours=1))
    assert state(tenant, backup_id) == "TERMINATED"


def test_a_deleted_backup_has_no_other_end(tenant: Tenant) -> None:
    """What its owner deleted early is not deleted again."""
    backup_id = seed(tenant, VOLUME_BACKUP, tenant.volume().id, timedelta(hours=1))
    tenant.block_volume().delete_volume_backup(backup_id)
    tenant.pass_time(timedelta(hours=2))
    told = [event["event_type"] for event in tenant.happened("events.emitted") if event["resource"] == backup_id]
    assert [kind.rpartition(".")[2] for kind in told if "delete" in kind] == ["begin", "end"]


def test_the_past_has_scheduled_backups(tenant: Tenant) -> None:
    """AVAILABLE at once, and they end when the cloud's own clock says so: at once what should be gone by now."""
    volume_id = tenant.volume().id
    now = tenant.emulator.call(lambda cloud: cloud.clock.now())

    def story(past: History) -> tuple[str, str]:
        over = past.create_scheduled(VOLUME_BACKUP, ASHBURN, timedelta(days=1), volumeId=volume_id)
        past.pass_time(timedelta(days=2))
        return over, past.create_scheduled(VOLUME_BACKUP, ASHBURN, WEEK, volumeId=volume_id)

    over, kept = tenant.emulator.call(lambda cloud: story(cloud.block_volume.history(now - timedelta(days=3))))
    backup = tenant.block_volume().get_volume_backup(kept).data
    assert (backup.source_type, backup.expiration_time) == ("SCHEDULED", backup.time_created + WEEK)
    tenant.pass_time()
    assert [state(tenant, over), state(tenant, kept)] == ["TERMINATED", "AVAILABLE"]
    tenant.pass_time(timedelta(days=6))
    assert state(tenant, kept) == "TERMINATED"
