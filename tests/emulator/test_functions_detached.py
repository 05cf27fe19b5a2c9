"""Detached calls of functions: nobody waits for them, each is made once, and a process has its own time for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.emulator.block_volume.limits import Limits
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.delivery import Ended, Message
from infra.emulator.functions import LONGEST_DETACHED_CALL
from infra.emulator.identity import Identity
from infra.emulator.ocids import new_ocid
from infra.local.fn_server import FnServer
from infra.local.function import App, Function
from tests.emulator.invoking import Told, detach, endpoint, invoke, invoked, outcomes
from tests.emulator.messaging import NOON
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN, Tenant, refusal

PROCESS = Function(
    new_ocid("fnfunc", ASHBURN),
    "looked-at",
    App(new_ocid("fnapp", ASHBURN), "tests"),
    Path(__file__).parents[1] / "e2e" / "functions" / "func.py",
    timeout=20,
    detached_timeout=600,
)


def test_a_detached_call_is_answered_before_the_function_has(tenant: Tenant, told: Told) -> None:
    """202 and nothing more, while the call goes on; it can be waited for."""
    told.may_answer.clear()
    answer = detach(tenant, told.id, b'{"operation": "Sweep"}')
    assert (answer.status, answer.data.content) == (202, b"")
    assert outcomes(tenant, told.id) == []
    told.may_answer.set()
    tenant.emulator.settle()
    ((headers, body),) = told.calls
    assert (body, headers["fn-invoke-type"]) == (b'{"operation": "Sweep"}', "detached")
    assert outcomes(tenant, told.id) == ["functions.delivered"]


def test_a_function_may_invoke_itself(tenant: Tenant, told: Told) -> None:
    """With its resource principal, whose name is kept with the call."""
    credential = tenant.emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN, resource_id=told.id))
    url = f"{endpoint(tenant, told.id)}/20181201/functions/{told.id}/actions/invoke"
    request = signed("POST", url, f"ST${credential.key_id}", credential.private_key_pem, body=b'{"rest": 1}')
    request.headers["fn-invoke-type"] = "detached"
    with tenant.http() as client:
        answer = client.send(request)
    assert answer.status_code == 202
    (kept,) = invoked(tenant, told.id)
    assert (kept.region, kept.invoke_type, kept.body, kept.principal_id) == (
        ASHBURN,
        "detached",
        b'{"rest": 1}',
        told.id,
    )
    assert kept.opc_request_id == answer.headers["opc-request-id"]
    assert tenant.happened("functions.invoked")[-1]["principal"] == told.id


def test_a_detached_call_that_failed_is_not_made_again(tenant: Tenant, told: Told) -> None:
    """Its caller was answered before; the diary alone knows."""
    told.answers = [(502, {}, b"")]
    assert detach(tenant, told.id).status == 202
    tenant.emulator.settle()
    tenant.pass_time(timedelta(hours=2))
    tenant.emulator.settle()
    assert len(told.calls) == 1
    assert outcomes(tenant, told.id) == ["functions.failed", "functions.dropped"]


def test_a_detached_call_has_an_hour(limited: Any, told: Told) -> None:
    """It is not ended when a synchronous one would be."""
    tenant = limited(Limits())
    told.may_answer.clear()
    with told.listening() as url:
        tenant.emulator.register_function(told.id, url)
        tenant.emulator.call(lambda cloud: setattr(cloud.delivery, "_longest_call", 0.2))
        detach(tenant, told.id)
        threading.Timer(0.6, told.may_answer.set).start()
        tenant.emulator.settle()
    assert outcomes(tenant, told.id) == ["functions.delivered"]
    assert LONGEST_DETACHED_CALL == 3600


def test_a_detached_call_can_be_lost_or_come_twice(tenant: Tenant, told: Told) -> None:
    """As any message to a function, when it is told to."""
    tenant.emulator.call(lambda cloud: cloud.faults.deliveries([], [timedelta(), timedelta(minutes=1)]))
    detach(tenant, told.id, b"lost")
    detach(tenant, told.id, b"twice")
    tenant.pass_time()
    tenant.emulator.settle()
    assert [body for _, body in told.calls] == [b"twice", b"twice"]


def test_without_http_a_detached_call_goes_to_the_caller_that_was_given() -> None:
    """Nothing else can be answered so, and no event loop is needed for it."""
    taken: list[tuple[str, Message]] = []

    def take(function_id: str, message: Message, ended: Ended) -> None:
        taken.append((function_id, message))
        ended(200)

    identity = Identity()
    cloud = Cloud([ASHBURN], Clock(speed=None, start=NOON), Limits(), identity, caller=take)
    function_id = new_ocid("fnfunc", ASHBURN)
    cloud.functions.register(function_id, "simulated")
    token = identity.issue_token(ASHBURN)

    def send(method: str, url: str, **headers: str) -> httpx.Response:
        body = b"{}" if method == "POST" else None
        request = signed(method, url, f"ST${token.key_id}", token.private_key_pem, body=body)
        request.headers.update(headers)

        async def call() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(cloud.app())) as client:
                return await client.send(request)

        return asyncio.run(call())

    management = f"https://functions.{ASHBURN}.oci.oraclecloud.com/20181201/functions/{function_id}"
    url = f"{send('GET', management).json()['invokeEndpoint']}/20181201/functions/{function_id}/actions/invoke"
    assert send("POST", url).status_code == 501
    assert send("POST", url, **{"fn-invoke-type": "detached"}).status_code == 202
    ((called, message),) = taken
    assert (called, message.payload, message.source) == (function_id, b"{}", "functions")


@pytest.fixture(scope="module")
def process() -> Iterator[FnServer]:
    with FnServer([PROCESS], processes=2) as server:
        yield server


@pytest.fixture
def registered(tenant: Tenant, process: FnServer) -> Tenant:
    tenant.emulator.register_function(PROCESS.id, process.invoke_url(PROCESS))
    return tenant


def test_the_way_to_a_process_is_the_whole_way(registered: Tenant) -> None:
    """Through the SDK, the cloud, the Fn server and the FDK, and back; the call's id is the process's own."""
    answer = invoke(registered, PROCESS.id, b'{"a": 1}')
    said = answer.data.json()
    assert (said["body"], said["callId"]) == ('{"a": 1}', answer.headers["fn-call-id"])
    assert refusal(lambda: invoke(registered, PROCESS.id, b'{"do": "raise"}')) == (502, "FunctionInvokeExecutionFailed")
    assert refusal(lambda: invoke(registered, PROCESS.id, b'{"do": "die"}')) == (502, "FunctionInvokeExecutionFailed")


def test_two_detached_calls_run_at_once(registered: Tenant, process: FnServer) -> None:
    """Each in a process of its own, where the server has room for two."""
    events: list[dict[str, Any]] = []
    process.watch(events.append)
    body = b'{"do": "sleep", "seconds": 0.5}'
    for _ in range(2):
        assert detach(registered, PROCESS.id, body).status == 202
    registered.emulator.settle()
    assert outcomes(registered, PROCESS.id)[-2:] == ["functions.delivered"] * 2
    called = [each for each in events if each["kind"] in {"function.called", "function.answered"}]
    assert [each["kind"] for each in called] == ["function.called"] * 2 + ["function.answered"] * 2
    assert len({each["pid"] for each in called}) == 2


@pytest.mark.parametrize(("own", "expected"), [(600, 600), (None, 20)], ids=["its own", "as any other call"])
def test_a_detached_call_has_a_deadline_of_its_own(own: float | None, expected: float) -> None:
    """The detached time-out where there is one, and the function is told; other calls have the usual one."""
    function = replace(PROCESS, detached_timeout=own)
    with FnServer([function]) as server, httpx.Client() as client:
        for headers, seconds in (({}, 20), ({"fn-invoke-type": "detached"}, expected)):
            deadline = datetime.fromisoformat(
                client.post(server.invoke_url(function), json={}, headers=headers).json()["deadline"]
            )
            left = (deadline - datetime.now(UTC)).total_seconds()
            assert seconds - 10 < left <= seconds


def test_a_detached_call_over_its_time_is_ended() -> None:
    """By the server, as every other."""
    hurried = replace(PROCESS, detached_timeout=0.5)
    with FnServer([hurried]) as server:
        request = {"do": "sleep", "seconds": 60}
        late = httpx.post(server.invoke_url(hurried), json=request, headers={"fn-invoke-type": "detached"}, timeout=30)
    assert late.status_code == 504
