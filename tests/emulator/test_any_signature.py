"""Whatever a client that proves nothing sends as its signature or its date, the answer is 401: nothing breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.emulator.block_volume.limits import Limits
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.identity import Identity
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN

URL = f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/volumes"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IDENTITY = Identity(wall=lambda: NOW)
TOKEN = IDENTITY.issue_token(ASHBURN)
PROPER = signed("GET", URL, f"ST${TOKEN.key_id}", TOKEN.private_key_pem, date=NOW)
SIGNATURE = 'Signature version="1",keyId="{}",algorithm="rsa-sha256",headers="{}",signature="{}"'

text = st.text(st.characters(max_codepoint=0xFF), max_size=30)
"""What a header may hold: a character is a byte."""
key_ids = st.sampled_from([f"ST${TOKEN.key_id}", IDENTITY.issue_api_key().key_id]) | text | text.map("ST${}".format)
authorizations = text | st.builds(SIGNATURE.format, key_ids, st.just("date (request-target) host") | text, text)
number = st.integers(-1, 99) | st.integers()
dates = text | st.builds("Wed, {} Jan {} {}:{}:{} {}{}".format, number, number, number, number, number, text, number)

Ask = Callable[[str, str], httpx.Response]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Sends a request, properly signed but for one header, to a cloud whose faults are raised here."""
    cloud = Cloud([ASHBURN], Clock(speed=None), Limits(), IDENTITY)

    async def send(name: str, value: str) -> httpx.Response:
        headers = PROPER.headers.copy()
        del headers[name]
        raw = [*headers.raw, (name.encode(), value.encode("latin-1"))]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(cloud.app())) as client:
            return await client.send(httpx.Request("GET", URL, headers=raw))

    with asyncio.Runner() as runner:
        yield lambda name, value: runner.run(send(name, value))


def test_the_request_is_good_before_it_is_changed(ask: Ask) -> None:
    """What the other tests here change is let in before they do."""
    for name in ("date", "authorization"):
        assert ask(name, PROPER.headers[name]).status_code == 200


@given(value=authorizations)
@example(value=SIGNATURE.format(f"ST${TOKEN.key_id}", "date (request-target) host", "é"))
def test_any_authorization_is_answered_with_401(ask: Ask, value: str) -> None:
    """Also what is no base64, names no header, or is no key of anybody."""
    assert ask("authorization", value).status_code == 401


@given(value=dates)
@example(value="Wed, 01 Jan 99999999999999999999 00:00:00 GMT")
@example(value="Wed, 01 Jan 2026 00:00:00 +99999999999999")
def test_any_date_is_answered_with_401(ask: Ask, value: str) -> None:
    """Also one of a year or a time zone that no calendar has."""
    assert ask("date", value).status_code == 401
