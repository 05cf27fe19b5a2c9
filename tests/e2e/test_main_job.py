"""The main job through the function's real process: a schedule, a backup, its copy, its tags."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from infra.emulator.server import Emulator
from infra.local.operator import Operator
from tests.e2e.rehearsal import Rehearsal, rehearse
from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX


def finished(backup_id: str) -> dict[str, object]:
    """The event that tells of a finished volume group backup."""
    return {
        "eventType": "com.oraclecloud.blockvolumes.createvolumegroupbackup.end",
        "cloudEventsVersion": "0.1",
        "eventID": "6f2a7c1e-8d24-4f6e-a5a1-1c1d0c8a7b55",
        "data": {"resourceId": backup_id},
    }


def test_a_schedule_makes_a_backup_and_its_copy_arrives_tagged(cloud: Emulator) -> None:
    """Nobody calls the function but the alarm and the event; both ends of the copy name each other."""
    with rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as setup:
        group = setup.tenant.group()
    nightly = {"operation": "CreateVolumeGroupBackup", "volumeGroupId": group.id, "displayName": "nightly"}
    with rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX, "SCHEDULE": json.dumps(nightly)}) as running:
        operator = Operator(cloud.config_file, cloud.proxy_url, cloud.ca_file, setup.tenant.compartment_id)
        operator.schedule(ASHBURN, operator.subscribe(ASHBURN, running.function.id))
        operator.copy_when_backed_up(ASHBURN, running.function.id)

        cloud.advance(timedelta(minutes=2))
        running.wait_for_answers(1)
        cloud.advance(timedelta(minutes=5))
        running.wait_for_answers(2)
        cloud.advance(timedelta(minutes=5))

        (backup,) = operator.volume_group_backups(ASHBURN)
        (copy,) = operator.volume_group_backups(PHOENIX)
        assert (backup.name, backup.state, copy.state) == ("nightly", "AVAILABLE", "AVAILABLE")
        assert copy.copy_of == backup.id
        assert backup.tags[f"backup-copy-{PHOENIX}"] == copy.id
        assert copy.tags["backup-copy-source-region"] == ASHBURN
        assert [line["trigger"] for line in running.log("invocation.finished")] == ["alarm", "event"]


def test_the_same_event_many_times_at_once_makes_one_copy(rehearsal: Rehearsal) -> None:
    """Four containers take the event at the same moment, and further ones after it."""
    backup = rehearsal.group_backup()
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(rehearsal.invoke, [finished(backup.id)] * 8))

    assert {answer["status"] for answer in answers} == {"OK"}
    assert {result["outcome"] for answer in answers for result in answer["results"]} <= {"copied", "in_flight"}
    (copy,) = rehearsal.copies(backup.id)
    assert {result["backupId"] for answer in answers for result in answer["results"]} == {copy.id}


def test_one_copy_is_made_however_it_is_asked_for(rehearsal: Rehearsal) -> None:
    """The event, and people who want it by another name or under another key, all at once."""
    backup = rehearsal.group_backup()
    by_hand = {
        "operation": "CopyVolumeGroupBackup",
        "volumeGroupBackupId": backup.id,
        "destinationRegion": PHOENIX,
    }
    wishes = [
        finished(backup.id),
        {**by_hand, "displayName": "by-hand"},
        {**by_hand, "kmsKeyId": "ocid1.key.oc1.phx.vault.by-hand"},
        by_hand,
    ]
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(rehearsal.invoke, wishes))

    (copy,) = rehearsal.copies(backup.id)
    assert {answer["status"] for answer in answers} == {"OK"}
    assert {result["backupId"] for answer in answers for result in answer["results"]} == {copy.id}


def test_members_of_a_group_are_not_copied_singly(rehearsal: Rehearsal) -> None:
    """A group's backup finishes together with its members', which send events of their own."""
    backup = rehearsal.group_backup()
    for member in backup.volume_backup_ids:
        (result,) = rehearsal.invoke(finished(member))["results"]
        assert (result["outcome"], result["reason"]) == ("excluded", "group_member")


def test_a_backup_goes_to_several_regions(cloud: Emulator) -> None:
    """Both copies are started by one call, and the backup names both."""
    with rehearse(cloud, {"DESTINATION_REGIONS": f"{PHOENIX}, {FRANKFURT}"}) as running:
        backup = running.group_backup(freeform_tags={"team": "payroll"})

        assert running.outcomes(finished(backup.id)) == ["copied", "copied"]

        tags = running.tenant.block_volume().get_volume_group_backup(backup.id).data.freeform_tags
        copies = {region: running.copies(backup.id, region)[0].id for region in (PHOENIX, FRANKFURT)}
        assert tags == {"team": "payroll", **{f"backup-copy-{region}": copy for region, copy in copies.items()}}


def test_a_copy_is_not_started_without_its_key(cloud: Emulator) -> None:
    """KMS_KEY_IDS names no key for Frankfurt: that copy fails, the other carries its key."""
    key = "ocid1.key.oc1.phx.vault.of-the-copies"
    config = {"DESTINATION_REGIONS": f"{PHOENIX},{FRANKFURT}", "KMS_KEY_IDS": json.dumps({PHOENIX: key})}
    with rehearse(cloud, config) as running:
        backup = running.tenant.volume_backup(running.tenant.volume().id)
        answer = running.invoke({"operation": "CopyVolumeBackup", "volumeBackupId": backup.id})

        assert answer["status"] == "PARTIAL"
        frankfurt, phoenix = answer["results"]  # failures come first
        assert (frankfurt["outcome"], frankfurt["reason"]) == ("failed", "key_missing")
        copy = running.tenant.block_volume(PHOENIX).get_volume_backup(phoenix["backupId"]).data
        assert copy.kms_key_id == key
