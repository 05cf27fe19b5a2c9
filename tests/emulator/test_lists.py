"""Lists are filtered, sorted and cut into pages whose borders hold while resources come and go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import oci.pagination
import pytest
from oci.core.models import CreateVolumeDetails

from infra.emulator.block_volume.history import History
from infra.emulator.block_volume.kinds import VOLUME
from infra.emulator.block_volume.limits import Limits
from tests.emulator.tenant import ASHBURN, PHOENIX, PLACE, Tenant, Untyped, refusal

INVALID = (400, "InvalidParameter")


def add(tenant: Tenant, *names: str) -> None:
    for name in names:
        details = CreateVolumeDetails(
            compartment_id=tenant.compartment_id, availability_domain=PLACE, display_name=name
        )
        tenant.block_volume().create_volume(details)
        tenant.pass_time(timedelta(seconds=1))


def page(tenant: Tenant, **query: Untyped) -> tuple[list[str], str | None]:
    answer = tenant.block_volume().list_volumes(compartment_id=tenant.compartment_id, **query)
    return [volume.display_name for volume in answer.data], answer.headers.get("opc-next-page")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["a", "C", "b"]),
        ({"sort_by": "TIMECREATED"}, ["a", "C", "b"]),
        ({"sort_by": "TIMECREATED", "sort_order": "ASC"}, ["b", "C", "a"]),
        ({"sort_by": "DISPLAYNAME"}, ["C", "a", "b"]),
        ({"sort_by": "DISPLAYNAME", "sort_order": "DESC"}, ["b", "a", "C"]),
    ],
)
def test_a_list_is_in_the_order_asked_for(tenant: Tenant, query: dict[str, str], names: list[str]) -> None:
    """Newest first unless told; names from A, case-sensitive; and pages follow the same order."""
    add(tenant, "b", "C", "a")
    assert page(tenant, **query) == (names, None)
    listing = oci.pagination.list_call_get_all_results(
        tenant.block_volume().list_volumes, compartment_id=tenant.compartment_id, limit=1, **query
    )
    assert [volume.display_name for volume in listing.data] == names


def test_the_last_page_is_the_one_without_a_next(tenant: Tenant) -> None:
    """A page that ends exactly with the list leads nowhere."""
    add(tenant, "a", "b", "c", "d")
    first, following = page(tenant, limit=2)
    assert (first, page(tenant, limit=2, page=following)) == (["d", "c"], (["b", "a"], None))


def test_pages_hold_while_resources_come_and_go(tenant: Tenant) -> None:
    """Nothing is seen twice or missed when a list grows, and its last entry ends, between two pages."""
    add(tenant, "a", "b", "c", "d")
    first, following = page(tenant, limit=2)
    add(tenant, "e")
    client = tenant.block_volume()
    border = client.list_volumes(compartment_id=tenant.compartment_id, display_name="c").data[0]
    client.delete_volume(border.id)
    tenant.pass_time(timedelta(hours=25))
    second, end = page(tenant, limit=2, page=following)
    assert (first, second, end) == (["d", "c"], ["b", "a"], None)


@pytest.mark.parametrize("limit", [0, 1001, "many"])
def test_a_page_has_between_1_and_1000_entries(tenant: Tenant, limit: object) -> None:
    """Other limits are refused."""
    assert refusal(lambda: page(tenant, limit=limit)) == INVALID


def test_a_page_has_100_entries_unless_told(tenant: Tenant) -> None:
    """Block Volume documents no number; who counts on all being there has to look for the next page."""
    place = {"compartmentId": tenant.compartment_id, "availabilityDomain": PLACE}

    def write(past: History) -> None:
        for _ in range(101):
            past.create(VOLUME, ASHBURN, **place)

    tenant.emulator.call(lambda cloud: write(cloud.block_volume.history(datetime(2026, 1, 1, tzinfo=UTC))))
    names, following = page(tenant)
    assert (len(names), len(page(tenant, page=following)[0])) == (100, 1)


@pytest.mark.parametrize(
    "query", ["sortBy=SIZE", "sortBy=timecreated", "sortBy=", "sortOrder=UP", "sortOrder=asc", "sortOrder="]
)
def test_another_order_is_refused(tenant: Tenant, query: str) -> None:
    """Only what the API names, in its letters."""
    answer = tenant.get("volumes", f"?compartmentId={tenant.compartment_id}&{query}")
    assert (answer.status_code, answer.json()["code"]) == INVALID


@pytest.mark.parametrize("query", ["limit=0&limit=5", "limit=5&limit=5", "displayName=a&displayName=b"])
def test_a_parameter_is_given_once(tenant: Tenant, query: str) -> None:
    """Of two values none is the one that was meant."""
    answer = tenant.get("volumes", f"?compartmentId={tenant.compartment_id}&{query}")
    assert (answer.status_code, answer.json()["code"]) == INVALID


@pytest.mark.parametrize("broken", ["x", "bm9uc2Vuc2U=", "MTI="])
def test_a_page_that_was_never_given_out_is_refused(tenant: Tenant, broken: str) -> None:
    """Only what an earlier answer said leads on."""
    assert refusal(lambda: page(tenant, page=broken)) == INVALID


def test_a_page_belongs_to_its_list(tenant: Tenant) -> None:
    """The next page of one order is no page of another, nor one of another region's list."""
    add(tenant, "a", "b")
    _, following = page(tenant, limit=1)
    elsewhere = tenant.block_volume(PHOENIX)
    asked = {"compartment_id": tenant.compartment_id, "page": following}
    assert refusal(lambda: elsewhere.list_volumes(**asked)) == INVALID
    assert refusal(lambda: page(tenant, page=following, sort_by="DISPLAYNAME")) == INVALID


def test_backups_are_filtered_by_what_the_api_filters_them_by(tenant: Tenant) -> None:
    """Volume backups by volume, name and state; group backups by group and name."""
    client = tenant.block_volume()
    volumes = [tenant.volume(), tenant.volume()]
    backups = [tenant.volume_backup(volume.id, display_name=name) for volume, name in zip(volumes, "ab", strict=True)]
    client.delete_volume_backup(backups[0].id)

    def names(call: Callable[..., Any], **query: str) -> list[str]:
        return [entry.display_name for entry in call(tenant.compartment_id, **query).data]

    assert names(client.list_volume_backups, volume_id=volumes[0].id) == ["a"]
    assert names(client.list_volume_backups, display_name="b") == ["b"]
    assert names(client.list_volume_backups, lifecycle_state="AVAILABLE") == ["b"]
    assert names(client.list_boot_volume_backups) == []
    groups = [tenant.group([volume.id]) for volume in volumes]
    for group, name in zip(groups, "cd", strict=True):
        tenant.group_backup(group.id, display_name=name)
    assert names(client.list_volume_group_backups, volume_group_id=groups[0].id) == ["c"]
    assert names(client.list_volume_group_backups, display_name="d") == ["d"]


def test_lists_say_which_group_a_volume_is_in(tenant: Tenant) -> None:
    """Volumes and boot volumes alike, and they can be filtered by it; who is in no group has none."""
    client, boot_volume = tenant.block_volume(), tenant.boot_volume()
    volume, ungrouped = tenant.volume().id, tenant.volume().id
    group = tenant.group([volume, boot_volume])
    compartment = {"compartment_id": tenant.compartment_id}
    listed = client.list_volumes(**compartment).data
    assert {each.id: each.volume_group_id for each in listed} == {volume: group.id, ungrouped: None}
    for call, member in ((client.list_volumes, volume), (client.list_boot_volumes, boot_volume)):
        (found,) = call(**compartment, volume_group_id=group.id).data
        assert (found.id, found.volume_group_id) == (member, group.id)


def test_a_state_is_matched_whatever_its_case(tenant: Tenant) -> None:
    """The filter by state does not regard case; an unknown state is refused."""
    tenant.volume(display_name="a")
    found = tenant.get("volumes", f"?compartmentId={tenant.compartment_id}&lifecycleState=available")
    assert [volume["displayName"] for volume in found.json()] == ["a"]
    assert tenant.get("volumes", f"?compartmentId={tenant.compartment_id}&lifecycleState=gone").status_code == 400


@pytest.mark.parametrize(
    ("collection", "query"),
    [
        ("volumeGroupBackups", "lifecycleState=AVAILABLE"),
        ("volumeGroupBackups", "sourceVolumeGroupBackupId=x"),
        ("volumeBackups", "sourceBootVolumeBackupId=x"),
        ("bootVolumes", "sortBy=TIMECREATED"),
    ],
)
def test_a_filter_that_the_api_does_not_have_is_refused(tenant: Tenant, collection: str, query: str) -> None:
    """A list that ignored a filter would lie about what there is."""
    answer = tenant.get(collection, f"?compartmentId={tenant.compartment_id}&{query}")
    assert (answer.status_code, answer.json()["code"]) == (501, "NotImplemented")


@pytest.mark.parametrize("collection", ["volumeGroups", "volumeGroupBackups", "volumeBackups", "bootVolumeBackups"])
def test_a_list_needs_a_compartment(tenant: Tenant, collection: str) -> None:
    """Without `compartmentId` the answer is MissingParameter."""
    answer = tenant.get(collection)
    assert (answer.status_code, answer.json()["code"]) == (400, "MissingParameter")


def test_a_new_copy_may_be_listed_late(limited: Callable[[Limits], Tenant]) -> None:
    """With `seconds_until_listed` it is found by its id at once, and in lists when so much cloud time has passed."""
    tenant = limited(Limits(seconds_until_listed=30))
    backup = tenant.volume_backup(tenant.volume().id)
    copy = tenant.copy_volume_backup(backup.id)
    phoenix = tenant.block_volume(PHOENIX)

    def listed() -> list[str]:
        found = phoenix.list_volume_backups(tenant.compartment_id, source_volume_backup_id=backup.id)
        return [entry.id for entry in found.data]

    tenant.pass_time(timedelta(seconds=29))
    assert (phoenix.get_volume_backup(copy.id).data.id, listed()) == (copy.id, [])
    tenant.pass_time(timedelta(seconds=1))
    assert listed() == [copy.id]


def test_a_new_copy_is_listed_at_once_unless_told(tenant: Tenant) -> None:
    """No time has passed between the copy and the list."""
    backup = tenant.volume_backup(tenant.volume().id)
    copy = tenant.copy_volume_backup(backup.id)
    found = tenant.block_volume(PHOENIX).list_volume_backups(tenant.compartment_id)
    assert [entry.id for entry in found.data] == [copy.id]
