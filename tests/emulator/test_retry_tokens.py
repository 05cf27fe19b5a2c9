"""A request that is sent again with its retry token does nothing twice."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from oci.core.models import CopyVolumeBackupDetails, CreateVolumeBackupDetails, CreateVolumeDetails

from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX, Tenant, Untyped, refusal

INVALIDATED = (409, "InvalidatedRetryToken")


@pytest.fixture
def once() -> str:
    """A retry token of this test's own: the tests share a cloud."""
    return uuid.uuid4().hex


def create(tenant: Tenant, volume_id: str, token: str, **details: Untyped) -> Untyped:
    asked = CreateVolumeBackupDetails(volume_id=volume_id, **details)
    return tenant.block_volume().create_volume_backup(asked, opc_retry_token=token).data


def copy(tenant: Tenant, backup_id: str, token: str, to: str = PHOENIX) -> Untyped:
    asked = CopyVolumeBackupDetails(destination_region=to)
    return tenant.block_volume().copy_volume_backup(backup_id, asked, opc_retry_token=token).data


def test_the_same_request_again_answers_with_what_is_there_now(tenant: Tenant, once: str) -> None:
    """The second answer is the same backup in its present state, and there is no second backup."""
    volume = tenant.volume()
    first = create(tenant, volume.id, once)
    tenant.pass_time()
    again = create(tenant, volume.id, once)
    assert (again.id, first.lifecycle_state, again.lifecycle_state) == (first.id, "REQUEST_RECEIVED", "AVAILABLE")
    assert len(tenant.block_volume().list_volume_backups(tenant.compartment_id).data) == 1


def test_a_copy_that_is_asked_for_again_is_the_same_copy(tenant: Tenant, once: str) -> None:
    """The token of a copy answers with the resource in the destination, whose state has gone on."""
    backup = tenant.volume_backup(tenant.volume().id)
    first = copy(tenant, backup.id, once)
    tenant.pass_time()
    assert copy(tenant, backup.id, once).id == first.id
    assert copy(tenant, backup.id, once).lifecycle_state == "AVAILABLE"


def test_other_details_under_the_same_token_are_refused(tenant: Tenant, once: str) -> None:
    """A token belongs to one request: another name, volume, destination or source needs another."""
    volume = tenant.volume()
    backup = create(tenant, volume.id, once)
    assert refusal(lambda: create(tenant, volume.id, once, display_name="other")) == INVALIDATED
    assert refusal(lambda: create(tenant, tenant.volume().id, once)) == INVALIDATED
    copy(tenant, backup.id, once)
    assert refusal(lambda: copy(tenant, backup.id, once, FRANKFURT)) == INVALIDATED


def test_a_token_is_good_for_one_operation(tenant: Tenant, once: str) -> None:
    """A create and a copy may use the same token without knowing of each other."""
    backup = create(tenant, tenant.volume().id, once)
    tenant.pass_time()
    assert copy(tenant, backup.id, once).source_volume_backup_id == backup.id


def test_a_token_is_good_for_one_region(tenant: Tenant, once: str) -> None:
    """Two regions may be asked for a volume under the same token without knowing of each other."""
    ids = []
    for region in (ASHBURN, PHOENIX):
        place = f"Emul:{region.upper()}-AD-1"
        details = CreateVolumeDetails(compartment_id=tenant.compartment_id, availability_domain=place)
        ids.append(tenant.block_volume(region).create_volume(details, opc_retry_token=once).data.id)
    assert ids[0] != ids[1]


def test_a_refused_request_does_not_use_up_its_token(tenant: Tenant, once: str) -> None:
    """A copy of a backup that was not ready can be tried again with the same token."""
    volume = tenant.volume()
    backup = create(tenant, volume.id, once)
    assert refusal(lambda: copy(tenant, backup.id, once)) == (409, "IncorrectState")
    tenant.pass_time()
    assert copy(tenant, backup.id, once).lifecycle_state == "CREATING"


def test_a_token_dies_with_its_resource(tenant: Tenant, once: str) -> None:
    """When what it made was deleted, a token makes nothing new."""
    volume = tenant.volume()
    backup = create(tenant, volume.id, once)
    tenant.pass_time()
    tenant.block_volume().delete_volume_backup(backup.id)
    assert refusal(lambda: create(tenant, volume.id, once)) == INVALIDATED


@pytest.mark.parametrize(("hours", "backups"), [(23, 1), (24, 2)])
def test_a_token_is_remembered_for_a_day(tenant: Tenant, once: str, hours: int, backups: int) -> None:
    """After 24 hours of cloud time the same request is a new one."""
    volume = tenant.volume()
    made = {create(tenant, volume.id, once).id}
    tenant.pass_time(timedelta(hours=hours))
    made.add(create(tenant, volume.id, once).id)
    assert len(made) == backups


@pytest.mark.parametrize(("length", "accepted"), [(64, True), (65, False)])
def test_a_token_has_at_most_64_characters(tenant: Tenant, once: str, length: int, accepted: bool) -> None:  # noqa: FBT001
    """A longer token is refused before anything is made."""
    volume, token = tenant.volume(), once.ljust(length, "x")
    if accepted:
        assert create(tenant, volume.id, token).lifecycle_state == "REQUEST_RECEIVED"
    else:
        assert refusal(lambda: create(tenant, volume.id, token)) == (400, "InvalidParameter")
