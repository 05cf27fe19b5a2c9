"""The cloud with its faults needs no event loop: whoever drives a request decides what time is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from infra.emulator.block_volume.limits import Limits
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.diary import Diary
from infra.emulator.faults.fault import Answer, Cut, Fault, Hang, Slow
from infra.emulator.faults.faults import Faults
from infra.emulator.faults.injector import ConnectionCut, FaultInjector
from infra.emulator.identity import Identity
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN, PLACE

URL = f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/volumes"


@dataclass(frozen=True)
class Wait(Awaitable[None]):
    """What an answer that is held back yields to its driver."""

    seconds: float

    def __await__(self) -> Generator[Wait, None, None]:
        yield self


async def wait(seconds: float) -> None:
    await Wait(seconds)


@dataclass
class Driven:
    """One request, driven by hand."""

    request: httpx.Request
    sent: list[Message] = field(default_factory=list)

    def to(self, cloud: Cloud) -> Coroutine[Any, None, None]:
        """The request as the cloud works on it; nothing happens until it is driven."""
        url = self.request.url
        scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": self.request.method,
            "scheme": "https",
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self.request.headers.raw],
        }
        return cloud.app(wait)(scope, self._receive, self._send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": self.request.content, "more_body": False}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


@dataclass
class World:
    """A cloud on a standing clock, and somebody who creates volumes in it."""

    cloud: Cloud
    volumes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._token = self.cloud.identity.issue_token(ASHBURN)
        self.cloud.diary.watch(self._note)

    def create(self) -> Driven:
        details = {"compartmentId": self.cloud.identity.compartment_id, "availabilityDomain": PLACE}
        key_id, key = f"ST${self._token.key_id}", self._token.private_key_pem
        return Driven(signed("POST", URL, key_id, key, body=json.dumps(details).encode()))

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["kind"] == "api.call":
            self.volumes.append(entry["opc_request_id"])


@pytest.fixture
def world() -> World:
    return World(Cloud([ASHBURN], Clock(speed=None), Limits(), Identity()))


def test_a_request_that_meets_nothing_runs_through(world: World) -> None:
    """Its driver is never asked to wait."""
    request = world.create()
    with pytest.raises(StopIteration):
        request.to(world.cloud).send(None)
    assert request.status == 200


@pytest.mark.parametrize(
    ("fault", "done_before"),
    [(Hang(90), False), (Hang(90, after_work=True), True), (Slow(90), True)],
    ids=str,
)
def test_the_driver_is_asked_to_wait(world: World, fault: Fault, done_before: object) -> None:
    """While an answer is held back others may act; the work is done before that, or afterwards."""
    world.cloud.faults.script(fault)
    request = world.create()
    working = request.to(world.cloud)
    assert working.send(None) == Wait(90)
    assert (len(world.volumes) == 1, request.sent) == (done_before, [])
    with pytest.raises(StopIteration):
        working.send(None)
    assert (len(world.volumes), request.status) == (1, 200)


@pytest.mark.parametrize(("after_work", "done"), [(False, 0), (True, 1)])
def test_a_cut_reaches_the_driver(world: World, after_work: Any, done: int) -> None:
    """As an exception of its own, and nothing was sent."""
    world.cloud.faults.script(Cut(after_work=after_work))
    request = world.create()
    with pytest.raises(ConnectionCut):
        request.to(world.cloud).send(None)
    assert (request.sent, len(world.volumes)) == ([], done)


def test_a_hang_that_is_given_up_has_done_nothing(world: World) -> None:
    """A driver may drop a request whose client has gone: what was to come after the silence never happens."""
    world.cloud.faults.script(Hang(90))
    working = world.create().to(world.cloud)
    working.send(None)
    working.close()
    assert world.volumes == []


def test_an_answer_on_its_way_is_lost_with_its_region(world: World) -> None:
    """A request whose answer is held back when its region goes down was carried out, and is never answered."""
    world.cloud.faults.script(Slow(90))
    request = world.create()
    working = request.to(world.cloud)
    working.send(None)
    world.cloud.faults.region_down(ASHBURN)
    with pytest.raises(ConnectionCut):
        working.send(None)
    assert (len(world.volumes), request.sent) == (1, [])
    assert [entry["after_work"] for entry in world.cloud.diary.entries if entry["kind"] == "fault"] == [True, True]


def test_what_waits_before_its_region_is_not_carried_out_any_more(world: World) -> None:
    """A region that went down during the silence has nobody left who could work."""
    world.cloud.faults.script(Hang(90))
    working = world.create().to(world.cloud)
    working.send(None)
    world.cloud.faults.region_down(ASHBURN)
    with pytest.raises(ConnectionCut):
        working.send(None)
    assert world.volumes == []


def test_several_faults_come_one_by_one(world: World) -> None:
    """A request meets one of them; the next in line is for the next request."""
    for status in (500, 503):
        world.cloud.faults.script(Answer(status, "Told"))
    statuses = []
    for _ in range(3):
        request = world.create()
        with pytest.raises(StopIteration):
            request.to(world.cloud).send(None)
        statuses.append(request.status)
    assert statuses == [500, 503, 200]


def test_slowness_is_added_to_everything(world: World) -> None:
    """To an error as well as to an answer that is late already."""
    world.cloud.faults.slow(None, 0.02)
    world.cloud.faults.script(Answer(500, "Told"))
    world.cloud.faults.script(Slow(3))
    first, second = world.create(), world.create()
    assert first.to(world.cloud).send(None) == Wait(0.02)
    late = second.to(world.cloud)
    assert [late.send(None), late.send(None)] == [Wait(3), Wait(0.02)]


def test_without_a_fault_in_sight_requests_pass_untouched() -> None:
    """The services are given the server's own channels, with nothing in between."""
    passed: list[object] = []

    async def services(scope: Scope, receive: Receive, send: Send) -> None:
        passed.extend([receive, send])

    async def receive() -> Message:
        raise AssertionError("nobody is to read the request here")

    async def send(message: Message) -> None:
        raise AssertionError("nobody is to answer here")

    faults = Faults(Diary(Clock(speed=None)), Identity(), [ASHBURN])
    with pytest.raises(StopIteration):
        FaultInjector(services, faults, wait)({"type": "http"}, receive, send).send(None)
    assert passed == [receive, send]
