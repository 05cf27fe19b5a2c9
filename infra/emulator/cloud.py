"""The emulated cloud: its services in all regions, behind one gate, as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Route, Router

from infra.emulator.block_volume.limits import Limits
from infra.emulator.block_volume.service import BlockVolume
from infra.emulator.clock import Clock
from infra.emulator.delivery import Caller, Delivery
from infra.emulator.diary import Diary
from infra.emulator.events import Events
from infra.emulator.faults.faults import Faults
from infra.emulator.faults.injector import FaultInjector, Pause
from infra.emulator.functions import Functions
from infra.emulator.gate import Gate
from infra.emulator.identity import Identity
from infra.emulator.metrics import Metrics
from infra.emulator.monitoring import Monitoring
from infra.emulator.notifications import Notifications
from infra.emulator.region_subscriptions import RegionSubscriptions
from infra.emulator.wire import ApiError, error_response, not_modelled


class Cloud:
    """One tenancy in several regions. Not safe to share between threads: it belongs to one event loop.

    Functions are called over HTTP unless another `caller` is given.
    """

    def __init__(
        self,
        regions: Sequence[str],
        clock: Clock,
        limits: Limits,
        identity: Identity | None = None,
        *,
        caller: Caller | None = None,
    ) -> None:
        self.regions = tuple(regions)
        self.clock = clock
        self.diary = Diary(clock)
        self.identity = identity or Identity()
        self.faults = Faults(self.diary, self.identity, self.regions)
        self.delivery = Delivery(clock, self.diary, arrivals=self.faults.next_arrivals, caller=caller)
        self.functions = Functions(clock, self.diary, self.identity, self.delivery, self.regions)
        self.notifications = Notifications(clock, self.diary, self.identity, self.delivery, self.regions)
        self.events = Events(clock, self.diary, self.identity, self.delivery, self.regions, self.notifications)
        self.monitoring = Monitoring(clock, self.diary, self.identity, self.notifications, self.regions)
        self.metrics = Metrics(clock, self.diary, self.identity, self.regions)
        self.region_subscriptions = RegionSubscriptions(self.regions, self.identity)
        self.block_volume = BlockVolume(
            clock, self.diary, self.identity, self.events, self.region_subscriptions, limits
        )

    def app(self, pause: Pause = asyncio.sleep) -> FaultInjector:
        """The services at their host names, refusing with 501 what none of them models.

        `pause` is how an answer is held back. Raises `ConnectionCut` where the connection is to break instead.
        """
        # The SDKs differ in where they look for Notifications and Identity. A region's name may have dots for the
        # router: of two hosts that differ in ".oci" the longer goes first.
        hosts: list[tuple[str, list[BaseRoute]]] = [
            ("{endpoint}.{region}.functions.oci.oraclecloud.com", self.functions.invoke_routes()),
            ("functions.{region}.oci.oraclecloud.com", self.functions.routes()),
            ("iaas.{region}.oraclecloud.com", self.block_volume.routes()),
            ("events.{region}.oci.oraclecloud.com", self.events.routes()),
            ("telemetry.{region}.oraclecloud.com", self.monitoring.routes()),
            ("telemetry-ingestion.{region}.oraclecloud.com", self.metrics.routes()),
            ("identity.{region}.oci.oraclecloud.com", self.region_subscriptions.routes()),
            ("identity.{region}.oraclecloud.com", self.region_subscriptions.routes()),
            ("notification.{region}.oci.oraclecloud.com", self.notifications.routes()),
            ("notification.{region}.oraclecloud.com", self.notifications.routes()),
        ]
        services = Starlette(
            routes=[Host(host, Router(_without_head(routes), redirect_slashes=False)) for host, routes in hosts],
            middleware=[
                Middleware(
                    Gate,
                    clock=self.clock,
                    diary=self.diary,
                    identity=self.identity,
                    subscriptions=self.region_subscriptions,
                )
            ],
            exception_handlers={ApiError: self._answer_error, HTTPException: self._refuse, Exception: self._break},
        )
        return FaultInjector(services, self.faults, pause)

    def deny(self, operation: str, principal_id: str | None = None) -> None:
        """Take the permission for an operation (`UpdateVolumeGroupBackup`) away: it is then answered with 404."""
        self.identity.deny(operation, principal_id)

    def allow(self, operation: str, principal_id: str | None = None) -> None:
        """Give a permission back."""
        self.identity.allow(operation, principal_id)

    def unsubscribe(self, region: str) -> None:
        """Let the tenancy not be subscribed to a region, which is not its home: all calls to it are then 401."""
        self.region_subscriptions.unsubscribe(region)

    def subscribe(self, region: str) -> None:
        """Undo `unsubscribe`."""
        self.region_subscriptions.subscribe(region)

    async def aclose(self) -> None:
        """Let go of what is still being delivered."""
        await self.delivery.aclose()

    async def _answer_error(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, ApiError):
            raise TypeError("Only OCI's own errors are answered here.") from error
        if error.status == 501:
            self._note_refusal(request, error.message)
        return error_response(request, error)

    async def _refuse(self, request: Request, _: Exception) -> Response:
        """What Starlette finds no route for is what the emulator does not model."""
        refusal = not_modelled(f"{request.method} {request.url.hostname}{request.url.path}")
        self._note_refusal(request, refusal.message)
        return error_response(request, refusal)

    async def _break(self, request: Request, _: Exception) -> Response:
        """A fault of the emulator itself: the client sees OCI's 500, the server's log the traceback."""
        return error_response(request, ApiError(500, "InternalServerError", "An internal server error has occurred."))

    def _note_refusal(self, request: Request, reason: str) -> None:
        self.diary.note(
            "refused",
            reason=reason,
            method=request.method,
            host=request.url.hostname,
            path=request.url.path,
            status=501,
        )


def _without_head(routes: Sequence[BaseRoute]) -> Sequence[BaseRoute]:
    """The routes as they were written: Starlette answers HEAD wherever GET is, and no operation of OCI here does."""
    for route in routes:
        if isinstance(route, Route) and route.methods:
            route.methods.discard("HEAD")
    return routes
