"""The regions that the tenancy is subscribed to: how they are listed, and what a region without a subscription says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import httpx
import oci
import pytest

from infra.emulator.faults.fault import Answer
from infra.emulator.ocids import new_ocid
from infra.emulator.region_subscriptions import _KEYS
from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX, REGIONS, Tenant, refusal

HOSTS = ("identity.{}.oci.oraclecloud.com", "identity.{}.oraclecloud.com")
EVERY_HOST = (
    *HOSTS,
    "iaas.{}.oraclecloud.com",
    "events.{}.oci.oraclecloud.com",
    "telemetry.{}.oraclecloud.com",
    "telemetry-ingestion.{}.oraclecloud.com",
    "notification.{}.oraclecloud.com",
    "notification.{}.oci.oraclecloud.com",
    "functions.{}.oci.oraclecloud.com",
    "fht7ns4mn2q.{}.functions.oci.oraclecloud.com",
)


def get(tenant: Tenant, url: str) -> httpx.Response:
    with tenant.http() as client:
        return client.send(tenant.signed("GET", url))


def subscriptions(tenant: Tenant, host: str = HOSTS[0], region: str = ASHBURN, query: str = "") -> httpx.Response:
    path = f"/20160918/tenancies/{tenant.emulator.tenancy_id}/regionSubscriptions{query}"
    return get(tenant, f"https://{host.format(region)}{path}")


def regions(answer: httpx.Response) -> list[str]:
    return [subscription["regionName"] for subscription in answer.json()]


@pytest.fixture
def without_phoenix(tenant: Tenant) -> Iterator[None]:
    tenant.emulator.call(lambda cloud: cloud.unsubscribe(PHOENIX))
    yield
    tenant.emulator.call(lambda cloud: cloud.subscribe(PHOENIX))


def test_the_sdk_lists_every_region_of_the_cloud(tenant: Tenant) -> None:
    """Unless told, the tenancy is subscribed to all; the first is its home."""
    client = tenant.connect(oci.identity.IdentityClient, PHOENIX)
    listed = client.list_region_subscriptions(tenant.emulator.tenancy_id).data
    assert [(each.region_name, each.region_key, each.status, each.is_home_region) for each in listed] == [
        (ASHBURN, "IAD", "READY", True),
        (PHOENIX, "PHX", "READY", False),
        (FRANKFURT, "FRA", "READY", False),
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_identity_is_found_at_both_of_its_hosts(tenant: Tenant, host: str) -> None:
    """SDKs differ in where they look."""
    assert regions(subscriptions(tenant, host)) == list(REGIONS)


def test_the_keys_of_regions_are_those_of_the_sdk() -> None:
    """As its own table has them."""
    known = oci.regions.REGIONS_SHORT_NAMES
    assert {key: known[key.lower()] for key in _KEYS.values()} == {key: region for region, key in _KEYS.items()}


@pytest.mark.usefixtures("without_phoenix")
def test_a_region_without_a_subscription_is_not_listed(tenant: Tenant) -> None:
    """The others are."""
    assert regions(subscriptions(tenant)) == [ASHBURN, FRANKFURT]


@pytest.mark.usefixtures("without_phoenix")
@pytest.mark.parametrize("host", EVERY_HOST)
def test_a_region_without_a_subscription_knows_nobody(tenant: Tenant, host: str) -> None:
    """Whatever is asked of it, the answer is 401, and the diary says why."""
    answer = get(tenant, f"https://{host.format(PHOENIX)}/20160918/anything")
    assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")
    assert tenant.happened("refused")[-1]["reason"] == "the tenancy is not subscribed to this region"
    elsewhere = get(tenant, f"https://{host.format(FRANKFURT)}/20160918/anything")
    assert elsewhere.status_code == 501


@pytest.mark.usefixtures("without_phoenix")
def test_an_api_key_does_not_open_it_either(tenant: Tenant) -> None:
    """The SDK's client, signing as a user, gets the same answer."""
    compartment = tenant.compartment_id
    answer = refusal(lambda: tenant.block_volume(PHOENIX).list_volumes(compartment_id=compartment))
    assert answer == (401, "NotAuthenticated")


def test_nothing_is_copied_to_a_region_without_a_subscription(tenant: Tenant) -> None:
    """The copy is refused as one to no region at all; once subscribed, the same request succeeds."""
    backup = tenant.volume_backup(tenant.volume().id)
    tenant.emulator.call(lambda cloud: cloud.unsubscribe(PHOENIX))
    try:
        answers = [refusal(partial(tenant.copy_volume_backup, backup.id, to)) for to in (PHOENIX, "nowhere")]
    finally:
        tenant.emulator.call(lambda cloud: cloud.subscribe(PHOENIX))
    assert answers == [(400, "InvalidParameter")] * 2
    assert tenant.copy_volume_backup(backup.id).lifecycle_state == "CREATING"


@pytest.mark.parametrize("region", [ASHBURN, "sa-saopaulo-1"])
def test_the_home_region_cannot_be_left(tenant: Tenant, region: str) -> None:
    """Nor one that this cloud does not have."""
    with pytest.raises(ValueError, match=region):
        tenant.emulator.call(lambda cloud: cloud.unsubscribe(region))
    assert regions(subscriptions(tenant)) == list(REGIONS)


def test_who_may_not_list_gets_404(tenant: Tenant) -> None:
    """So does who asks about another tenancy, or about what is none."""
    tenant.emulator.call(lambda cloud: cloud.deny("ListRegionSubscriptions"))
    denied = subscriptions(tenant)
    tenant.emulator.call(lambda cloud: cloud.allow("ListRegionSubscriptions"))
    host = HOSTS[0].format(ASHBURN)
    others = (new_ocid("tenancy"), tenant.compartment_id)
    foreign = [get(tenant, f"https://{host}/20160918/tenancies/{other}/regionSubscriptions") for other in others]
    for answer in (denied, *foreign):
        assert (answer.status_code, answer.json()["code"]) == (404, "NotAuthorizedOrNotFound")
    assert subscriptions(tenant).status_code == 200


@pytest.mark.parametrize("path", ["/20160918/regions", "/20160918/compartments/x", "/20220101/tenancies/x"])
def test_the_rest_of_identity_is_not_modelled(tenant: Tenant, path: str) -> None:
    """501, and so is a query that the operation does not have."""
    assert get(tenant, f"https://{HOSTS[0].format(ASHBURN)}{path}").status_code == 501
    assert subscriptions(tenant, query="?limit=1").status_code == 501


def test_identity_meets_faults_of_its_own(tenant: Tenant) -> None:
    """A script finds the operation by its name, and a region that is down takes its Identity along."""
    fault = Answer(500, "InternalServerError")
    tenant.emulator.call(lambda cloud: cloud.faults.script(fault, operation="ListRegionSubscriptions"))
    assert get(tenant, f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/volumes").status_code == 200
    assert subscriptions(tenant).status_code == 500
    tenant.emulator.call(lambda cloud: cloud.faults.region_down(PHOENIX))
    try:
        for host in HOSTS:
            with pytest.raises(httpx.TransportError):
                subscriptions(tenant, host, PHOENIX)
    finally:
        tenant.emulator.call(lambda cloud: cloud.faults.stop())
    assert subscriptions(tenant, region=PHOENIX).status_code == 200
