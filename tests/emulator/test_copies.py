"""Copies of backups in other regions: when they start, what they become, and how many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from oci.core.models import UpdateVolumeBackupDetails, UpdateVolumeDetails

from infra.emulator.block_volume.limits import Limits
from infra.emulator.ocids import new_ocid
from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX, Tenant, refusal

Limited = Callable[[Limits], Tenant]


def test_a_copy_is_there_at_once_and_available_later(tenant: Tenant) -> None:
    """The call answers with the copy as it stands in the destination, which names its source and keeps its tags."""
    backup = tenant.volume_backup(tenant.volume().id, freeform_tags={"team": "db"}, display_name="nightly")
    copy = tenant.copy_volume_backup(backup.id)
    phoenix = tenant.block_volume(PHOENIX)
    assert phoenix.get_volume_backup(copy.id).data == copy
    assert (copy.lifecycle_state, copy.source_volume_backup_id) == ("CREATING", backup.id)
    assert (copy.display_name, copy.freeform_tags, copy.type) == ("nightly", {"team": "db"}, "FULL")
    assert ".phx." in copy.id
    tenant.pass_time()
    assert phoenix.get_volume_backup(copy.id).data.lifecycle_state == "AVAILABLE"


def test_a_copy_can_be_had_without_the_tags_of_its_source(limited: Limited) -> None:
    """Whether tags are carried is open in OCI: the emulator does either."""
    tenant = limited(Limits(copies_carry_tags=False))
    backup = tenant.volume_backup(tenant.volume().id, freeform_tags={"team": "db"})
    assert tenant.copy_volume_backup(backup.id).freeform_tags == {}


def test_a_copied_group_consists_of_copies_of_its_members(tenant: Tenant) -> None:
    """Each member's copy names the member it comes from and the group's copy it belongs to."""
    backup = tenant.group_backup(tenant.group().id)
    copy = tenant.copy_group_backup(backup.id)
    tenant.pass_time()
    phoenix = tenant.block_volume(PHOENIX)
    volume_copy, boot_copy = copy.volume_backup_ids
    volume_copy = phoenix.get_volume_backup(volume_copy).data
    boot_copy = phoenix.get_boot_volume_backup(boot_copy).data
    assert [volume_copy.source_volume_backup_id, boot_copy.source_boot_volume_backup_id] == backup.volume_backup_ids
    assert {volume_copy.volume_group_backup_id, boot_copy.volume_group_backup_id} == {copy.id}
    assert {volume_copy.lifecycle_state, boot_copy.lifecycle_state} == {"AVAILABLE"}
    assert phoenix.get_volume_group_backup(copy.id).data.lifecycle_state == "AVAILABLE"
    assert copy.source_volume_group_backup_id == backup.id


@pytest.mark.parametrize("operation", ["CopyVolumeGroupBackup", "CopyBootVolumeBackup"])
def test_a_copy_can_be_told_to_fail(tenant: Tenant, operation: str) -> None:
    """The next copy ends FAULTY, also a group's one of whose members was told to; the one after does not."""
    backup = tenant.group_backup(tenant.group().id)
    tenant.emulator.call(lambda cloud: cloud.block_volume.fail_next(operation))
    copies = [tenant.copy_group_backup(backup.id), tenant.copy_group_backup(backup.id)]
    tenant.pass_time()
    phoenix = tenant.block_volume(PHOENIX)
    states = [phoenix.get_volume_group_backup(copy.id).data.lifecycle_state for copy in copies]
    assert states == ["FAULTY", "AVAILABLE"]


def test_only_an_available_backup_is_copied(tenant: Tenant) -> None:
    """A backup that failed or ended cannot be the source of a copy."""
    volume = tenant.volume()
    tenant.emulator.call(lambda cloud: cloud.block_volume.fail_next("CreateVolumeBackup"))
    backup = tenant.volume_backup(volume.id)
    assert refusal(lambda: tenant.copy_volume_backup(backup.id)) == (409, "IncorrectState")


@pytest.mark.parametrize("destination", [ASHBURN, "us-nowhere-1", "Phoenix"])
def test_a_copy_goes_to_another_region_of_the_tenancy(tenant: Tenant, destination: str) -> None:
    """The source's own region and unknown ones are refused."""
    backup = tenant.volume_backup(tenant.volume().id)
    assert refusal(lambda: tenant.copy_volume_backup(backup.id, destination)) == (400, "InvalidParameter")


def test_a_copy_is_encrypted_with_a_key_of_its_own_region(tenant: Tenant) -> None:
    """A key of the source region is refused, one of the destination is used, and none means Oracle's."""
    backup = tenant.volume_backup(tenant.volume().id, kms_key_id=new_ocid("key", ASHBURN))
    there = new_ocid("key", PHOENIX)
    wrong = new_ocid("key", ASHBURN)
    assert refusal(lambda: tenant.copy_volume_backup(backup.id, kms_key_id=wrong)) == (400, "InvalidParameter")
    assert tenant.copy_volume_backup(backup.id, kms_key_id=there).kms_key_id == there
    assert tenant.copy_volume_backup(backup.id).kms_key_id is None


def test_incremental_backups_copied_in_order_make_incremental_copies(tenant: Tenant) -> None:
    """The first copy is FULL, and each next one builds upon the one before."""
    volume = tenant.volume()
    backups = [tenant.volume_backup(volume.id) for _ in range(3)]
    copies = [tenant.copy_volume_backup(backup.id) for backup in backups]
    assert [copy.type for copy in copies] == ["FULL", "INCREMENTAL", "INCREMENTAL"]


def test_backups_copied_out_of_order_make_full_copies(tenant: Tenant) -> None:
    """Neither a later backup before its predecessor, nor the predecessor after it, is copied incrementally."""
    volume = tenant.volume()
    backups = [tenant.volume_backup(volume.id) for _ in range(3)]
    tenant.copy_volume_backup(backups[0].id)
    assert tenant.copy_volume_backup(backups[2].id).type == "FULL"
    assert tenant.copy_volume_backup(backups[1].id).type == "FULL"


def test_a_copy_does_not_build_upon_a_failed_or_deleted_one(tenant: Tenant) -> None:
    """The predecessor's copy must be good, else the next copy is FULL."""
    volume = tenant.volume()
    backups = [tenant.volume_backup(volume.id) for _ in range(2)]
    tenant.emulator.call(lambda cloud: cloud.block_volume.fail_next("CopyVolumeBackup"))
    tenant.copy_volume_backup(backups[0].id)
    tenant.pass_time()
    assert tenant.copy_volume_backup(backups[1].id).type == "FULL"
    good = tenant.copy_volume_backup(backups[0].id, FRANKFURT)
    tenant.pass_time()
    tenant.block_volume(FRANKFURT).delete_volume_backup(good.id)
    assert tenant.copy_volume_backup(backups[1].id, FRANKFURT).type == "FULL"


def test_a_copy_of_a_resized_volume_is_full(tenant: Tenant) -> None:
    """The backup after a change of size is FULL, and so is its copy."""
    volume = tenant.volume()
    tenant.copy_volume_backup(tenant.volume_backup(volume.id).id)
    tenant.block_volume().update_volume(volume.id, UpdateVolumeDetails(size_in_gbs=200))
    assert tenant.copy_volume_backup(tenant.volume_backup(volume.id).id).type == "FULL"


def test_a_copy_that_is_copied_back_is_full(tenant: Tenant) -> None:
    """A copy can be copied on like any backup, in full."""
    volume = tenant.volume()
    backups = [tenant.volume_backup(volume.id) for _ in range(2)]
    copies = [tenant.copy_volume_backup(backup.id) for backup in backups]
    tenant.pass_time()
    from_phoenix = Tenant(tenant.emulator, tenant.compartment_id, {ASHBURN: tenant.block_volume(PHOENIX)})
    back = from_phoenix.copy_volume_backup(copies[1].id, ASHBURN)
    assert (copies[1].type, back.type, back.source_volume_backup_id) == ("INCREMENTAL", "FULL", copies[1].id)


def test_a_copy_that_came_back_is_no_predecessor(tenant: Tenant) -> None:
    """The next backup builds upon the last one that was made here, so it still has a chain to be copied along."""
    volume = tenant.volume()
    first = tenant.volume_backup(volume.id)
    copy = tenant.copy_volume_backup(first.id)
    tenant.pass_time()
    from_phoenix = Tenant(tenant.emulator, tenant.compartment_id, {ASHBURN: tenant.block_volume(PHOENIX)})
    from_phoenix.copy_volume_backup(copy.id, ASHBURN)
    tenant.pass_time()
    assert tenant.copy_volume_backup(tenant.volume_backup(volume.id).id).type == "INCREMENTAL"


def test_more_copies_than_the_limit_are_refused_until_one_has_ended(limited: Limited) -> None:
    """The limit counts per source region; a group with its members takes one place."""
    tenant = limited(Limits(copies_in_flight=2))
    backup = tenant.volume_backup(tenant.volume().id)
    group_backup = tenant.group_backup(tenant.group().id)
    tenant.copy_group_backup(group_backup.id)
    tenant.copy_volume_backup(backup.id)
    assert refusal(lambda: tenant.copy_volume_backup(backup.id, FRANKFURT)) == (429, "TooManyRequests")
    tenant.pass_time()
    assert tenant.copy_volume_backup(backup.id, FRANKFURT).lifecycle_state == "CREATING"


def test_ten_copies_are_under_way_at_once_unless_told(tenant: Tenant) -> None:
    """The eleventh is refused."""
    backup = tenant.volume_backup(tenant.volume().id)
    assert {tenant.copy_volume_backup(backup.id).lifecycle_state for _ in range(10)} == {"CREATING"}
    assert refusal(lambda: tenant.copy_volume_backup(backup.id)) == (429, "TooManyRequests")


def test_copies_from_one_region_leave_the_places_of_another(limited: Limited) -> None:
    """Where one region has no place left, the other way is open."""
    tenant = limited(Limits(copies_in_flight=1))
    backup = tenant.volume_backup(tenant.volume().id)
    there = tenant.copy_volume_backup(backup.id)
    tenant.pass_time()
    tenant.copy_volume_backup(backup.id)
    from_phoenix = Tenant(tenant.emulator, tenant.compartment_id, {ASHBURN: tenant.block_volume(PHOENIX)})
    assert from_phoenix.copy_volume_backup(there.id, FRANKFURT).lifecycle_state == "CREATING"
    assert refusal(lambda: tenant.copy_volume_backup(backup.id, FRANKFURT)) == (429, "TooManyRequests")
    assert refusal(lambda: from_phoenix.copy_volume_backup(there.id, FRANKFURT)) == (429, "TooManyRequests")


def test_a_boot_volume_is_copied_once_at_a_time(tenant: Tenant) -> None:
    """A second copy of a boot volume's backups waits for the first to end."""
    backup = tenant.boot_volume_backup(tenant.boot_volume())
    tenant.copy_boot_volume_backup(backup.id)
    assert refusal(lambda: tenant.copy_boot_volume_backup(backup.id, FRANKFURT)) == (429, "TooManyRequests")
    tenant.pass_time()
    assert tenant.copy_boot_volume_backup(backup.id, FRANKFURT).lifecycle_state == "CREATING"


def test_a_backup_is_not_deleted_while_it_is_copied(tenant: Tenant) -> None:
    """The source of a copy under way stays."""
    backup = tenant.volume_backup(tenant.volume().id)
    tenant.copy_volume_backup(backup.id)
    assert refusal(lambda: tenant.block_volume().delete_volume_backup(backup.id)) == (409, "IncorrectState")
    tenant.pass_time()
    assert tenant.block_volume().delete_volume_backup(backup.id).status == 204


def test_a_copy_is_not_deleted_while_it_is_made(tenant: Tenant) -> None:
    """A copy that is CREATING can be tagged but not deleted."""
    phoenix = tenant.block_volume(PHOENIX)
    copy = tenant.copy_volume_backup(tenant.volume_backup(tenant.volume().id).id)
    tagged = phoenix.update_volume_backup(copy.id, UpdateVolumeBackupDetails(freeform_tags={"a": "b"}))
    assert tagged.data.freeform_tags == {"a": "b"}
    assert refusal(lambda: phoenix.delete_volume_backup(copy.id)) == (409, "IncorrectState")


def test_a_copy_is_found_by_its_source_only_in_its_region(tenant: Tenant) -> None:
    """The destination lists it by source id; the source region does not know it."""
    backup = tenant.volume_backup(tenant.volume().id)
    copy = tenant.copy_volume_backup(backup.id)

    def found(region: str) -> list[Any]:
        client = tenant.block_volume(region)
        return list(client.list_volume_backups(tenant.compartment_id, source_volume_backup_id=backup.id).data)

    assert [entry.id for entry in found(PHOENIX)] == [copy.id]
    assert found(ASHBURN) == []
    missing = (404, "NotAuthorizedOrNotFound")
    assert refusal(lambda: tenant.block_volume(ASHBURN).get_volume_backup(copy.id)) == missing


def test_a_copys_events_are_told_at_both_ends(tenant: Tenant) -> None:
    """The source region hears of the begin, the destination of the end; both name the copy."""
    copy = tenant.copy_group_backup(tenant.group_backup(tenant.group().id).id)
    tenant.pass_time()
    told = [(e["region"], e["event_type"]) for e in tenant.happened("events.emitted") if e["resource"] == copy.id]
    assert told == [
        (ASHBURN, "com.oraclecloud.blockvolumes.copyvolumegroupbackup.begin"),
        (PHOENIX, "com.oraclecloud.blockvolumes.copyvolumegroupbackup.end"),
    ]


def test_members_of_a_group_can_be_kept_from_telling_events(limited: Limited) -> None:
    """Whether OCI emits events for the members of a group is open: the emulator does either."""
    tenant = limited(Limits(members_emit_events=False))
    backup = tenant.group_backup(tenant.group().id)
    told = {e["resource"] for e in tenant.happened("events.emitted")}
    assert backup.id in told
    assert not told & set(backup.volume_backup_ids)
