"""The gate brings the cloud up to date before each request, without waiting for anything else to do so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.types import Message

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


@pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["no fault", "a fault to meet"])
def test_a_request_that_breaks_off_is_written_down(seconds: float) -> None:
    """It is no call, gets no answer, and meets no fault: nothing is known of it but what was asked for."""
    cloud = Cloud([ASHBURN], Clock(), Limits())
    cloud.faults.slow(ASHBURN, seconds)
    incoming: list[Message] = [{"type": "http.request", "body": b"12345", "more_body": True}]
    outgoing: list[Message] = []

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        outgoing.append(message)

    headers = [(b"host", f"iaas.{ASHBURN}.oraclecloud.com".encode()), (b"content-length", b"100")]
    path = "/20160918/volumes"
    asked = {"method": "POST", "path": path, "query_string": b"", "scheme": "https", "headers": headers}
    asyncio.run(cloud.app()({"type": "http", "http_version": "1.1", **asked}, receive, send))
    (noted,) = [entry for entry in cloud.diary.entries if entry["kind"] != "fault"]
    assert (noted["kind"], noted["method"], noted["path"]) == ("api.abandoned", "POST", path)
    assert outgoing == []
