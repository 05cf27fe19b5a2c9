"""A past that is put in place at once is the one that requests and time would have led to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from oci.core.models import UpdateVolumeGroupBackupDetails

from infra.emulator.block_volume.history import History
from infra.emulator.block_volume.kinds import (
    BOOT_VOLUME,
    KINDS,
    VOLUME,
    VOLUME_BACKUP,
    VOLUME_GROUP,
    VOLUME_GROUP_BACKUP,
)
from infra.emulator.block_volume.limits import Limits
from infra.emulator.cloud import Cloud
from infra.emulator.wire import ApiError
from tests.emulator.tenant import ASHBURN, PHOENIX, PLACE, REGIONS, Tenant

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TAGS = {"team": "payroll"}


def write(tenant: Tenant, story: Callable[[History], Any]) -> Any:
    """What `story` answers that is told of a past which begins long ago."""
    return tenant.emulator.call(lambda cloud: story(cloud.block_volume.history(LONG_AGO)))


def volume_in(past: History, tenant: Tenant) -> str:
    details = {"compartmentId": tenant.compartment_id, "availabilityDomain": PLACE, "sizeInGBs": 100}
    return past.create(VOLUME, ASHBURN, displayName="data", **details)


def live_through_it(tenant: Tenant) -> None:
    """A group that is backed up twice and copied twice, over the API."""
    volume_ids = [tenant.volume(display_name="data").id, tenant.boot_volume()]
    group = tenant.group(volume_ids, display_name="group")
    for name in ("first", "second"):
        backup = tenant.group_backup(group.id, display_name=name)
        tenant.copy_group_backup(backup.id)
        tenant.pass_time()
        tagged = UpdateVolumeGroupBackupDetails(freeform_tags=TAGS)
        tenant.block_volume().update_volume_group_backup(backup.id, tagged)


def write_it_down(tenant: Tenant, past: History) -> None:
    """The same as a past."""
    boot = past.create(BOOT_VOLUME, ASHBURN, displayName="boot", compartmentId=tenant.compartment_id)
    source = {"type": "volumeIds", "volumeIds": [volume_in(past, tenant), boot]}
    details = {"compartmentId": tenant.compartment_id, "availabilityDomain": PLACE, "sourceDetails": source}
    group = past.create(VOLUME_GROUP, ASHBURN, displayName="group", **details)
    for name in ("first", "second"):
        past.pass_time(timedelta(days=1))
        backup = past.create(VOLUME_GROUP_BACKUP, ASHBURN, displayName=name, volumeGroupId=group)
        past.copy(VOLUME_GROUP_BACKUP, backup, ASHBURN, PHOENIX)
        past.update(VOLUME_GROUP_BACKUP, backup, ASHBURN, freeformTags=TAGS)


def portrait(tenant: Tenant) -> dict[str, list[Any]]:
    """Everything in the tenant's compartment, oldest first, with ids numbered and times left out."""

    def look(cloud: Cloud) -> list[tuple[str, list[dict[str, Any]]]]:
        resources = cloud.block_volume.storage.resources
        return [
            (
                f"{kind.path} in {region}",
                [
                    each.answer()
                    for each in resources.of(kind, region)
                    if each.fields["compartmentId"] == tenant.compartment_id
                ],
            )
            for kind in KINDS
            for region in REGIONS
        ]

    numbers: dict[str, str] = {}
    text = json.dumps(tenant.emulator.call(look))
    text = re.sub(r"ocid1[\w.-]+", lambda found: numbers.setdefault(found[0], f"id {len(numbers)}"), text)
    return dict(json.loads(re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "a time", text)))


def test_the_past_is_as_the_api_would_have_made_it(tenant: Tenant) -> None:
    """Every field of a group, its volumes, its backups, their members and all copies, but for ids and times."""
    written = Tenant(tenant.emulator, tenant.emulator.call(lambda cloud: cloud.identity.create_compartment("past")))
    live_through_it(tenant)
    write(written, lambda past: write_it_down(written, past))
    lived = portrait(tenant)
    assert [copy["type"] for copy in lived[f"volumeGroupBackups in {PHOENIX}"]] == ["FULL", "INCREMENTAL"]
    assert portrait(written) == lived


def test_the_past_has_times_of_its_own(tenant: Tenant) -> None:
    """A backup was made when the past says so, and is AVAILABLE without any time passing in the cloud."""

    def story(past: History) -> str:
        volume = volume_in(past, tenant)
        past.pass_time(timedelta(days=2, hours=3))
        return past.create(VOLUME_BACKUP, ASHBURN, volumeId=volume)

    backup = tenant.block_volume().get_volume_backup(write(tenant, story)).data
    assert (backup.time_created, backup.lifecycle_state) == (datetime(2026, 1, 3, 3, tzinfo=UTC), "AVAILABLE")


def test_the_past_takes_no_places_and_is_told_to_nobody(limited: Callable[[Limits], Tenant]) -> None:
    """More copies than may be under way at once can have been made; afterwards all places are free."""
    tenant = limited(Limits(copies_in_flight=2))

    def story(past: History) -> str:
        backup = past.create(VOLUME_BACKUP, ASHBURN, volumeId=volume_in(past, tenant))
        for _ in range(3):
            past.copy(VOLUME_BACKUP, backup, ASHBURN, PHOENIX)
        return backup

    backup_id = write(tenant, story)
    assert tenant.emulator.call(lambda cloud: list(cloud.diary.entries)) == []
    assert {tenant.copy_volume_backup(backup_id).lifecycle_state for _ in range(2)} == {"CREATING"}


def test_a_failure_that_was_asked_for_is_not_spent_on_the_past(tenant: Tenant) -> None:
    """It waits for the next operation that a client asks for."""
    tenant.emulator.call(lambda cloud: cloud.block_volume.fail_next("CreateVolumeBackup"))

    def story(past: History) -> tuple[str, str]:
        volume = volume_in(past, tenant)
        return volume, past.create(VOLUME_BACKUP, ASHBURN, volumeId=volume)

    volume_id, backup_id = write(tenant, story)
    states = [tenant.block_volume().get_volume_backup(backup_id).data, tenant.volume_backup(volume_id)]
    assert [backup.lifecycle_state for backup in states] == ["AVAILABLE", "FAULTY"]


def test_what_the_api_refuses_has_never_been(tenant: Tenant) -> None:
    """Details are those of a request, and are checked like these."""
    with pytest.raises(ApiError):
        write(tenant, lambda past: past.create(VOLUME, ASHBURN, compartmentId=tenant.compartment_id, sizeInGBs=1))
