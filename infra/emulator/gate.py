"""The gate before every service: only signed requests to a subscribed region pass, and each is written down."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.emulator.clock import Clock
from infra.emulator.diary import Diary
from infra.emulator.identity import AuthenticationError, Identity
from infra.emulator.region_subscriptions import RegionSubscriptions
from infra.emulator.signatures import verify
from infra.emulator.wire import ApiError, error_response, request_id

NOT_AUTHENTICATED = ApiError(
    401,
    "NotAuthenticated",
    "The required information to complete authentication was not provided or was incorrect.",
)


class Gate:
    """ASGI middleware: brings the cloud up to date, verifies the signature, sets `request.state.principal`."""

    def __init__(
        self, app: ASGIApp, clock: Clock, diary: Diary, identity: Identity, subscriptions: RegionSubscriptions
    ) -> None:
        self._app, self._clock, self._diary, self._identity = app, clock, diary, identity
        self._subscriptions = subscriptions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            self._diary.note("api.abandoned", method=request.method, path=request.url.path)
            return
        self._clock.run_due()

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("opc-request-id", request_id(request))
                self._note(request, message["status"])
            await send(message)

        try:
            request.state.principal = await verify(request, self._identity)
            self._require_subscription(request)
        except AuthenticationError as refusal:
            self._diary.note("refused", reason=str(refusal), method=request.method, path=request.url.path, status=401)
            await error_response(request, NOT_AUTHENTICATED)(scope, replay, send_and_note)
            return
        await self._app(scope, replay, send_and_note)

    def _require_subscription(self, request: Request) -> None:
        # A region knows nothing of tenancies that are not subscribed to it, nor of their keys.
        if self._subscriptions.leaves_out(_addressed(request)[1]):
            raise AuthenticationError("the tenancy is not subscribed to this region")

    def _note(self, request: Request, status: int) -> None:
        service, region = _addressed(request)
        self._diary.note(
            "api.call",
            service=service,
            region=region,
            method=request.method,
            path=request.url.path,
            status=status,
            opc_request_id=request_id(request),
        )


def _addressed(request: Request) -> tuple[str, str]:
    """The service and the region that the host name names."""
    first, _, rest = (request.url.hostname or "").partition(".")
    region, _, domain = rest.partition(".")
    return "functions" if domain.startswith("functions.") else first, region
