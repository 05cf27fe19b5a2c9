"""Events, Monitoring and Notifications on a standing clock, and a function that they deliver to over real HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Host, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.emulator.clock import Clock
from infra.emulator.delivery import Delivery
from infra.emulator.diary import Diary
from infra.emulator.events import Events
from infra.emulator.identity import Identity, Principal
from infra.emulator.listeners import Entry
from infra.emulator.monitoring import Monitoring
from infra.emulator.notifications import Notifications
from infra.emulator.ocids import new_ocid
from infra.emulator.wire import ApiError, error_response

NOON = datetime(2026, 4, 1, 12, 0, 0, tzinfo=UTC)
REGIONS = ("us-ashburn-1", "us-phoenix-1")
IDENTITY = Identity()
OPERATOR = Principal(new_ocid("user"), IDENTITY.tenancy_id, IDENTITY.tenancy_id)
COMPARTMENT = IDENTITY.compartment_id
BACKUP_FINISHED = "com.oraclecloud.blockvolumes.createvolumebackup.end"
FUNCTION = new_ocid("fnfunc", "us-ashburn-1")

EVENTS = "https://events.us-ashburn-1.oci.oraclecloud.com/20181201"
ALARMS = "https://telemetry.us-ashburn-1.oraclecloud.com/20180401/alarms"
NOTIFICATIONS = "https://notification.us-ashburn-1.oci.oraclecloud.com/20181201"


@dataclass
class Function:
    """An HTTP server on this machine that stands for a function: it answers as it is told, else 200."""

    answers: list[int] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.calls]

    @contextmanager
    def listening(self) -> Iterator[str]:
        function = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                function.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(function.answers.pop(0) if function.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/invoke"
            finally:
                server.shutdown()
                thread.join()


class Messaging:
    """The three services as one ASGI application; each method drives their event loop.

    There is no gate before it: whoever calls is the operator.
    """

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.function = Function()
        self.clock = Clock(speed=None, start=NOON)
        self.diary = Diary(self.clock)
        self.delivery = Delivery(self.clock, self.diary, longest_call=5)
        self.notifications = Notifications(self.clock, self.diary, IDENTITY, self.delivery, REGIONS)
        self.monitoring = Monitoring(self.clock, self.diary, IDENTITY, self.notifications, REGIONS)
        self.events = Events(self.clock, self.diary, IDENTITY, self.delivery, REGIONS, self.notifications)
        self._transport = httpx.ASGITransport(_app(self))

    def call(self, method: str, url: str, body: object = None, **headers: str) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport) as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, url, json=body, headers=named)

        return self._runner.run(send())

    def made(self, url: str, body: object, **headers: str) -> dict[str, Any]:
        """What a create that must succeed answers."""
        response = self.call("POST", url, body, **headers)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def emit(self, event_type: str = BACKUP_FINISHED, **changed: Any) -> str:
        """Let Block Volume tell of a finished backup; returns the OCID of the backup."""
        backup = new_ocid("volumebackup", "us-ashburn-1")

        async def emit() -> None:
            told = {
                "region": "us-ashburn-1",
                "resource_id": backup,
                "resource_name": "payroll-data",
                "compartment_id": COMPARTMENT,
                "compartment_name": "backups",
                "availability_domain": None,
                "additional_details": {"sourceType": "MANUAL"},
                "freeform_tags": {"Department": "Finance"},
            }
            self.events.emit(event_type=event_type, **{**told, **changed})
            await self.delivery.settle()

        self._runner.run(emit())
        return backup

    def advance(self, **step: float) -> None:
        """Move the clock; whatever is delivered meanwhile has been answered afterwards."""

        async def move() -> None:
            self.clock.advance(timedelta(**step))
            await self.delivery.settle()

        self._runner.run(move())

    def settle(self) -> None:
        self._runner.run(self.delivery.settle())

    def noted(self, kind: str) -> list[Entry]:
        return [entry for entry in self.diary.entries if entry["kind"] == kind]

    def close(self) -> None:
        self._runner.run(self.delivery.aclose())


@contextmanager
def messaging() -> Iterator[Messaging]:
    """The services with one function registered, until the block ends."""
    with asyncio.Runner() as runner:
        cloud = Messaging(runner)
        with cloud.function.listening() as url:
            cloud.delivery.functions[FUNCTION] = url
            try:
                yield cloud
            finally:
                cloud.close()


def _app(cloud: Messaging) -> Starlette:
    async def answer_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return error_response(request, error)

    hosts = {
        "events.{region}.oci.oraclecloud.com": cloud.events.routes(),
        "telemetry.{region}.oraclecloud.com": cloud.monitoring.routes(),
        "notification.{region}.oci.oraclecloud.com": cloud.notifications.routes(),
    }
    routes = [Host(host, Router(routes)) for host, routes in hosts.items()]
    return Starlette(
        routes=routes, middleware=[Middleware(_as_the_operator)], exception_handlers={ApiError: answer_error}
    )


def _as_the_operator(app: ASGIApp) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = OPERATOR
        await app(scope, receive, send)

    return call
