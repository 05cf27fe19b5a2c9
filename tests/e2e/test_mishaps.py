"""What goes wrong around the real process, and what it says then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from infra.emulator.block_volume.limits import Limits
from infra.emulator.server import Emulator
from tests.e2e.rehearsal import Rehearsal, rehearse
from tests.emulator.tenant import ASHBURN, PHOENIX
from tests.strategies import MARK


@contextmanager
def denied(cloud: Emulator, operation: str) -> Iterator[None]:
    """The cloud without this permission."""
    cloud.call(lambda each: each.deny(operation))
    yield
    cloud.call(lambda each: each.allow(operation))


def test_a_missing_permission_is_named_and_answered_200(cloud: Emulator, rehearsal: Rehearsal) -> None:
    """Sending the same again would not help, so no caller is asked to."""
    backup = rehearsal.group_backup()
    with denied(cloud, "CopyVolumeGroupBackup"):
        answer = rehearsal.invoke({"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": backup.id})

    assert answer["status"] == "FAILED"
    assert answer["results"][0]["reason"] == "NotAuthorizedOrNotFound"
    assert answer["results"][0]["opcRequestId"]


def test_a_tag_that_cannot_be_written_does_not_fail_the_copy(cloud: Emulator, rehearsal: Rehearsal) -> None:
    """The tag is for people; the copy is what counts. The next call writes what is missing."""
    backup = rehearsal.group_backup()
    payload = {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": backup.id}
    with denied(cloud, "UpdateVolumeGroupBackup"):
        assert rehearsal.outcomes(payload) == ["copied"]
    assert rehearsal.log("provenance.skipped")

    assert rehearsal.outcomes(payload) == ["in_flight"]

    source = rehearsal.tenant.block_volume().get_volume_group_backup(backup.id).data
    assert source.freeform_tags == {f"backup-copy-{PHOENIX}": rehearsal.copies(backup.id)[0].id}


def test_a_faulty_copy_is_made_again(cloud: Emulator, rehearsal: Rehearsal) -> None:
    """A copy that ended FAULTY does not count, and its retry token is not used again."""
    backup = rehearsal.group_backup()
    payload = {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": backup.id}
    cloud.call(lambda each: each.block_volume.fail_next("CopyVolumeGroupBackup"))
    assert rehearsal.outcomes(payload) == ["copied"]
    rehearsal.tenant.pass_time()

    assert rehearsal.outcomes(payload) == ["copied"]
    rehearsal.tenant.pass_time()

    assert sorted(copy.lifecycle_state for copy in rehearsal.copies(backup.id)) == ["AVAILABLE", "FAULTY"]
    assert rehearsal.outcomes(payload) == ["exists"]


def test_a_region_that_cannot_be_reached_asks_for_redelivery(cloud: Emulator) -> None:
    """502, as Fn passes it on, and the answer that the FDK gave stands in the log."""
    with rehearse(cloud, {"DESTINATION_REGIONS": "eu-zurich-1"}) as running:
        backup = running.group_backup()
        response = running.post({"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": backup.id})

        assert response.status_code == 502
        (failed,) = running.log("invocation.failed")
        assert failed["answer"]["status"] == "FAILED"
        assert failed["answer"]["results"][0]["reason"] == "ConnectionFailed"


def test_more_copies_than_oracle_allows_wait_for_a_place() -> None:
    """429 while another copy is under way is in order: there will be room for a later call."""
    limits = Limits(copies_in_flight=1)
    with (
        Emulator([ASHBURN, PHOENIX], speed=None, limits=limits) as cloud,
        rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as running,
    ):
        one, other = (
            {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": running.group_backup().id} for _ in range(2)
        )
        assert running.outcomes(one) == ["copied"]
        answer = running.invoke(other)
        assert answer["status"] == "OK"
        assert [(each["outcome"], each["reason"]) for each in answer["results"]] == [("deferred", "limit")]

        running.tenant.pass_time()

        assert running.outcomes(other) == ["copied"]


def test_a_copy_that_is_not_listed_yet_is_not_made_again() -> None:
    """The event's copy is under way, but lists lag; by hand the same is asked for under another name."""
    limits = Limits(seconds_until_listed=5)
    with (
        Emulator([ASHBURN, PHOENIX], speed=1, limits=limits) as cloud,
        rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as running,
    ):
        backup = running.group_backup()
        payload = {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": backup.id}
        with denied(cloud, "UpdateVolumeGroupBackup"):  # nor does a tag name it
            assert running.outcomes(payload) == ["copied"]
            (result,) = running.invoke({**payload, "displayName": "by-hand"})["results"]

        running.tenant.pass_time()
        assert result["outcome"] == "in_flight"
        assert [copy.id for copy in running.copies(backup.id)] == [result["backupId"]]


def test_an_expired_token_is_renewed_from_its_file(cloud: Emulator) -> None:
    """An expired pair is refused with 401; the pair that takes its place in the files works at once."""
    environment = {**cloud.environment(), **cloud.resource_principal(ASHBURN, timedelta(seconds=-1))}
    with rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}, environment) as running:
        payload = {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": running.group_backup().id}
        assert running.post(payload).status_code == 502
        (refused,) = running.log("invocation.failed")
        assert refused["answer"]["results"][0]["reason"] == "NotAuthenticated"

        cloud.resource_principal(ASHBURN)

        assert running.outcomes(payload) == ["copied"]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"not JSON", "payload"),
        (b"\xff\xfe", "payload"),
        (b"[]", "payload"),
        (b'{"operation": "DeleteEverything"}', "operation"),
        (b'{"operation": "Sweep", "destinationRegion": "us-ashburn-1"}', "destinationRegion"),
        (b'{"operation": "CopyVolumeBackup"}', "volumeBackupId"),
        (b'{"eventType": "com.oraclecloud.blockvolumes.createvolumebackup.end"}', "data.resourceId"),
    ],
)
def test_a_wrong_payload_is_rejected_with_its_field(rehearsal: Rehearsal, payload: bytes, field: str) -> None:
    """200 with the field, since sending the same again cannot help."""
    answer = rehearsal.invoke(payload)
    assert answer["status"] == "REJECTED"
    assert [error["field"] for error in answer["errors"]] == [field]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DESTINATION_REGIONS", "atlantis"),
        ("KMS_KEY_IDS", "not JSON"),
        ("KMS_KEY_IDS", json.dumps({PHOENIX: "ocid1.key.oc1.iad.vault.elsewhere"})),
        ("KMS_KEY_IDS", json.dumps({PHOENIX: "ocid1.vault.oc1.phx.vault.not-a-key"})),
        ("SCHEDULE", '{"operation": "Nothing"}'),
        ("MAX_IN_FLIGHT", "many"),
    ],
)
def test_a_malformed_setting_stops_every_call_by_name(cloud: Emulator, key: str, value: str) -> None:
    """Before anything is changed; the value is not repeated."""
    with rehearse(cloud, {key: value}) as running:
        group = running.tenant.group()
        answer = running.invoke({"operation": "CreateVolumeGroupBackup", "volumeGroupId": group.id})

        assert answer["status"] == "REJECTED"
        assert answer["errors"][0]["field"].startswith(key)
        assert value not in json.dumps(answer["errors"])
        assert not running.tenant.block_volume().list_volume_group_backups(running.tenant.compartment_id).data


def test_every_line_is_json_of_its_call_and_holds_no_secret(cloud: Emulator, rehearsal: Rehearsal) -> None:
    """Of what is done, of what is wrong and of what is no payload: no tokens, keys and signatures, nor payloads."""
    create = {"operation": "CreateVolumeGroupBackup", "volumeGroupId": rehearsal.tenant.group().id, "displayName": MARK}
    rehearsal.invoke(create)
    rehearsal.invoke({**create, "type": MARK})
    rehearsal.invoke({"eventType": MARK, "eventID": MARK, "data": {"resourceId": MARK}})
    rehearsal.invoke(json.dumps(create).encode()[:-1])
    token = Path(rehearsal.function.environment["OCI_RESOURCE_PRINCIPAL_RPST"]).read_text()
    key = Path(rehearsal.function.environment["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"]).read_text()
    assert rehearsal.lines
    for line in rehearsal.lines:
        entry = json.loads(line)
        assert entry["call_id"]
        assert not any(secret in line for secret in (token[:40], key.splitlines()[1], "signature=", MARK))
    call = rehearsal.log("api.call")[-1]
    assert {"service", "operation", "region", "status", "duration_ms", "opc_request_id"} <= call.keys()
    assert {"status", "counts", "duration_ms"} <= rehearsal.log("invocation.finished")[-1].keys()
    assert len(rehearsal.log("invocation.finished")) == len(rehearsal.answers)


def test_only_the_platforms_own_marks_are_not_json(cloud: Emulator) -> None:
    """Where Fn asks for it, the FDK marks in the log where each call begins."""
    frames = {"FN_LOGFRAME_NAME": "frame", "FN_LOGFRAME_HDR": "Fn-Call-Id"}
    environment = {**cloud.environment(), **cloud.resource_principal(ASHBURN), **frames}
    with rehearse(cloud, {}, environment) as running:
        running.invoke(b"not JSON")

        assert any(line.startswith("frame=") for line in running.lines)
        for line in running.lines:
            assert not line or line.startswith("frame=") or json.loads(line)["call_id"]
