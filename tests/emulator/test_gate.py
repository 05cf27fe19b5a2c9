"""The gate brings the cloud up to date before each request, without waiting for anything else to do so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx

from infra.emulator.block_volume.limits import Limits
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.identity import Identity
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN, PLACE

URL = f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/volumes"


def test_a_request_sees_what_is_due() -> None:
    """A volume whose time has come is AVAILABLE in the next answer, though nobody else has moved the cloud on."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    identity = Identity(wall=lambda: now[0])
    cloud = Cloud([ASHBURN], Clock(wall=lambda: now[0]), Limits(), identity)
    token = identity.issue_token(ASHBURN)

    async def ask(method: str, url: str, body: bytes | None = None) -> httpx.Response:
        request = signed(method, url, f"ST${token.key_id}", token.private_key_pem, body=body, date=now[0])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(cloud.app())) as client:
            return await client.send(request)

    details = f'{{"compartmentId": "{identity.compartment_id}", "availabilityDomain": "{PLACE}"}}'
    made = asyncio.run(ask("POST", URL, details.encode())).json()
    now[0] += timedelta(minutes=1)
    seen = asyncio.run(ask("GET", f"{URL}/{made['id']}")).json()
    assert (made["lifecycleState"], seen["lifecycleState"]) == ("PROVISIONING", "AVAILABLE")


def test_a_fault_of_the_emulator_is_answered_as_oci_would() -> None:
    """A bug becomes a 500 in OCI's form for the client, and reaches the server's log as what it is."""
    identity = Identity()
    cloud = Cloud([ASHBURN], Clock(), Limits(), identity)
    token = identity.issue_token(ASHBURN)
    cloud.identity.compartments = None  # type: ignore[assignment] # the damage that this request meets

    async def ask() -> httpx.Response:
        request = signed("GET", f"{URL}?compartmentId=x", f"ST${token.key_id}", token.private_key_pem)
        transport = httpx.ASGITransport(cloud.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.send(request)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["code"]) == (500, "InternalServerError")
