"""What the API does not take is refused with OCI's errors, and what is not modelled with 501."""

from __future__ import annotations

import json

import pytest
from oci.core.models import (
    BootVolumeSourceFromBootVolumeDetails,
    CreateBootVolumeDetails,
    CreateVolumeDetails,
    CreateVolumeGroupDetails,
    UpdateVolumeDetails,
    UpdateVolumeGroupDetails,
    VolumeGroupSourceFromVolumeGroupBackupDetails,
    VolumeGroupSourceFromVolumesDetails,
)

from infra.emulator.ocids import new_ocid
from infra.emulator.wire import ApiError
from tests.emulator.tenant import ASHBURN, PHOENIX, PLACE, Tenant, refusal

MISSING_VOLUME = "ocid1.volume.oc1.iad.missing"
WELL_FORMED = json.dumps({"volumeId": MISSING_VOLUME})

HOST = f"iaas.{ASHBURN}.oraclecloud.com"


def code(tenant: Tenant, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = tenant.send(method, path, body)
    assert answer.headers["opc-request-id"]
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"{", (400, "CannotParseRequest")),
        (b"[]", (400, "CannotParseRequest")),
        *((WELL_FORMED.encode(code), (400, "CannotParseRequest")) for code in ("utf-8-sig", "utf-16", "utf-32-be")),
        (WELL_FORMED.encode(), (404, "NotAuthorizedOrNotFound")),
        ({}, (400, "MissingParameter")),
        ({"volumeId": None}, (400, "MissingParameter")),
        ({"volumeId": MISSING_VOLUME}, (404, "NotAuthorizedOrNotFound")),
        ({"volumeId": 1}, (400, "InvalidParameter")),
        ({"volumeId": "volume"}, (400, "InvalidParameter")),
        ({"volumeId": "ocid1.volumegroup.oc1.iad.wrong-kind"}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "volume": "x"}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "type": "PARTIAL"}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "displayName": ""}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "displayName": "x" * 256}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "kmsKeyId": "key"}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "definedTags": {"ns": "x"}}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "isPreventDeletionEnabled": "yes"}, (400, "InvalidParameter")),
        ({"volumeId": MISSING_VOLUME, "retentionPeriod": {"retentionTimeUnit": "WEEKS"}}, (400, "InvalidParameter")),
    ],
    ids=str,
)
def test_malformed_details_are_refused(tenant: Tenant, body: object, answer: tuple[int, str]) -> None:
    """Each fault in a create has the error that names its sort; a well-formed one for nothing is 404."""
    assert code(tenant, "POST", "volumeBackups", body) == answer


@pytest.mark.parametrize(
    ("tags", "accepted"),
    [
        ({f"k{n}": "v" for n in range(10)}, True),
        ({f"k{n}": "v" for n in range(11)}, False),
        ({"k" * 100: "v" * 256}, True),
        ({"k" * 101: "v"}, False),
        ({"k": "v" * 257}, False),
        ({"": "v"}, False),
        ({"k": 1}, False),
    ],
    ids=["10", "11", "longest", "long key", "long value", "empty key", "number"],
)
def test_freeform_tags_have_limits(tenant: Tenant, tags: object, accepted: bool) -> None:  # noqa: FBT001
    """Ten tags a resource, 100 characters a key, 256 a value; on an update as on a create."""
    backup = tenant.volume_backup(tenant.volume().id)
    answer = tenant.send("PUT", f"volumeBackups/{backup.id}", {"freeformTags": tags})
    assert answer.status_code == (200 if accepted else 400)
    if accepted:
        assert answer.json()["freeformTags"] == tags
    else:
        assert answer.json()["code"] == "InvalidParameter"


@pytest.mark.parametrize(
    ("method", "path", "body", "what"),
    [
        ("GET", "volumeBackupPolicies", None, f"GET {HOST}/20160918/volumeBackupPolicies"),
        ("GET", "instances", None, f"GET {HOST}/20160918/instances"),
        ("PATCH", "volumes/x", {}, f"PATCH {HOST}/20160918/volumes/x"),
        ("HEAD", "volumes", None, f"HEAD {HOST}/20160918/volumes"),
        ("HEAD", "volumes/x", None, f"HEAD {HOST}/20160918/volumes/x"),
        ("POST", "volumes/x/actions/move", {}, f"POST {HOST}/20160918/volumes/x/actions/move"),
        ("POST", "volumes", {"compartmentId": "x", "backupPolicyId": "y"}, "the field backupPolicyId of a volume"),
        ("POST", "volumes", {"compartmentId": "x", "blockVolumeReplicas": []}, "the field blockVolumeReplicas"),
    ],
    ids=str,
)
def test_what_is_not_modelled_is_refused_and_noted(
    tenant: Tenant, method: str, path: str, body: object, what: str
) -> None:
    """501 says that the emulator, not OCI, ends here; the diary keeps what it was that was asked for."""
    answers = []
    (noted,) = tenant.noted("refused", lambda: answers.append(tenant.send(method, path, body)))
    assert answers[0].status_code == 501
    assert method == "HEAD" or answers[0].json() == {"code": "NotImplemented", "message": noted["reason"]}
    assert noted["reason"].startswith(f"The emulator does not model {what}")
    assert (noted["method"], noted["path"], noted["status"]) == (method, f"/20160918/{path}", 501)


@pytest.mark.parametrize(
    "address",
    [
        f"events.{ASHBURN}.oci.oraclecloud.com/20181201/rules",
        f"telemetry.{ASHBURN}.oraclecloud.com/20180401/alarms",
        f"notification.{ASHBURN}.oraclecloud.com/20181201/topics",
        f"functions.{ASHBURN}.oci.oraclecloud.com/20181201/functions/x",
        f"identity.{ASHBURN}.oraclecloud.com/20160918/tenancies/x/regionSubscriptions",
    ],
)
def test_no_service_answers_head(tenant: Tenant, address: str) -> None:
    """Not even where it answers GET."""
    with tenant.http() as client:
        assert client.send(tenant.signed("HEAD", f"https://{address}")).status_code == 501


@pytest.mark.parametrize(
    "place",
    [
        f"Emul:{PHOENIX.upper()}-AD-1",
        f"Emul:{ASHBURN.upper()}-AD-4",
        f"Uocm:{ASHBURN.upper()}-AD-1",
        PLACE.lower(),
        "AD-1",
    ],
)
def test_an_availability_domain_is_one_of_the_regions_own(tenant: Tenant, place: str) -> None:
    """One of another region, of another tenancy or of no region is refused, whatever is to be made there."""
    client = tenant.block_volume()
    source = VolumeGroupSourceFromVolumesDetails(volume_ids=[MISSING_VOLUME])
    details = {"compartment_id": tenant.compartment_id, "availability_domain": place}
    boot = BootVolumeSourceFromBootVolumeDetails(id=new_ocid("bootvolume", ASHBURN))
    for refused in (
        lambda: client.create_volume(CreateVolumeDetails(**details)),
        lambda: client.create_boot_volume(CreateBootVolumeDetails(source_details=boot, **details)),
        lambda: client.create_volume_group(CreateVolumeGroupDetails(source_details=source, **details)),
    ):
        assert refusal(refused) == (400, "InvalidParameter")
    with pytest.raises(ApiError, match="availabilityDomain"):
        tenant.emulator.call(
            lambda cloud: cloud.block_volume.seed_boot_volume(ASHBURN, "boot", availabilityDomain=place)
        )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_region_has_three_availability_domains(tenant: Tenant, number: int) -> None:
    """A volume is where it was asked for."""
    place = f"Emul:{ASHBURN.upper()}-AD-{number}"
    assert tenant.volume(availability_domain=place).availability_domain == place


def test_a_service_that_is_not_modelled_is_refused(tenant: Tenant) -> None:
    """Other hosts of a known region are reached and answer 501, once the caller has signed."""
    with tenant.http() as client:
        assert client.get(f"https://identity.{ASHBURN}.oci.oraclecloud.com/20160918/users").status_code == 401
    with tenant.http() as client:
        request = tenant.signed("GET", f"https://identity.{ASHBURN}.oci.oraclecloud.com/20160918/users")
        assert client.send(request).status_code == 501


def test_a_volume_only_grows(tenant: Tenant) -> None:
    """A larger size is taken, a smaller one refused."""
    client, volume = tenant.block_volume(), tenant.volume(size=100)
    assert client.update_volume(volume.id, UpdateVolumeDetails(size_in_gbs=200)).data.size_in_mbs == 200 * 1024
    smaller = UpdateVolumeDetails(size_in_gbs=150)
    assert refusal(lambda: client.update_volume(volume.id, smaller)) == (400, "InvalidParameter")


def test_a_volume_belongs_to_one_group(tenant: Tenant) -> None:
    """A volume of a group is not put into a second one, nor deleted, until it has left."""
    client, volume, other = tenant.block_volume(), tenant.volume(), tenant.volume()
    group = tenant.group([volume.id])
    assert client.get_volume(volume.id).data.volume_group_id == group.id
    assert refusal(lambda: tenant.group([volume.id])) == (409, "Conflict")
    assert refusal(lambda: client.delete_volume(volume.id)) == (409, "Conflict")
    changed = client.update_volume_group(group.id, UpdateVolumeGroupDetails(volume_ids=[other.id])).data
    assert changed.volume_ids == [other.id]
    assert client.delete_volume(volume.id).status == 204


def test_a_deleted_group_leaves_its_volumes(tenant: Tenant) -> None:
    """Only the group ends."""
    client, volume = tenant.block_volume(), tenant.volume()
    client.delete_volume_group(tenant.group([volume.id]).id)
    left = client.get_volume(volume.id).data
    assert (left.lifecycle_state, left.volume_group_id) == ("AVAILABLE", None)


def test_a_group_holds_volumes_that_exist(tenant: Tenant) -> None:
    """A missing volume is 404, one of another availability domain is refused."""
    details = {"compartment_id": tenant.compartment_id, "availability_domain": PLACE.replace("AD-1", "AD-2")}
    source = VolumeGroupSourceFromVolumesDetails(volume_ids=[tenant.volume().id])
    elsewhere = CreateVolumeGroupDetails(source_details=source, **details)
    assert refusal(lambda: tenant.group([MISSING_VOLUME])) == (404, "NotAuthorizedOrNotFound")
    assert refusal(lambda: tenant.block_volume().create_volume_group(elsewhere)) == (400, "InvalidParameter")


def test_a_group_is_restored_from_the_copy_of_its_backup(tenant: Tenant) -> None:
    """In the other region a group of new volumes stands up again, of the same sizes."""
    copy = tenant.copy_group_backup(tenant.group_backup(tenant.group().id).id)
    tenant.pass_time()
    phoenix = tenant.block_volume(PHOENIX)
    details = CreateVolumeGroupDetails(
        compartment_id=tenant.compartment_id,
        availability_domain="Emul:US-PHOENIX-1-AD-1",
        source_details=VolumeGroupSourceFromVolumeGroupBackupDetails(volume_group_backup_id=copy.id),
    )
    group = phoenix.create_volume_group(details).data
    tenant.pass_time()
    volume_id, boot_volume_id = phoenix.get_volume_group(group.id).data.volume_ids
    volume, boot_volume = phoenix.get_volume(volume_id).data, phoenix.get_boot_volume(boot_volume_id).data
    assert (volume.size_in_gbs, boot_volume.size_in_gbs) == (100, 50)
    assert {volume.lifecycle_state, boot_volume.lifecycle_state} == {"AVAILABLE"}
    assert boot_volume.image_id
