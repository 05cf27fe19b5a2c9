"""The place where faults meet requests: in front of everything else, as networks and load balancers are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.emulator.faults.fault import Answer, Cut, Fault, Hang, Slow
from infra.emulator.faults.faults import Faults
from infra.emulator.faults.operation import operation_of
from infra.emulator.wire import ApiError, error_response

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds of the time that clients live in."""


class ConnectionCut(Exception):  # noqa: N818 - it tells what the server is to do, which is no error of anybody's
    """Raised to the server instead of an answer: the connection that the request came on is to break."""


class FaultInjector:
    """ASGI middleware; it needs no event loop beyond what `pause` needs, and lets all pass while nothing can happen."""

    def __init__(self, app: ASGIApp, faults: Faults, pause: Pause) -> None:
        self._app, self._faults, self._pause = app, faults, pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._faults.may_meet_requests:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        # Who hangs up while the answer is held back has sent the whole request all the same.
        try:
            await request.body()
        except ClientDisconnect:
            await self._app(scope, receive, send)  # nobody is left to meet a fault; the gate writes it down
            return
        exchange = _Exchange(self._app, self._faults, self._pause, request)
        for message in await exchange.run():
            await send(message)


class _Exchange:
    """One request and its answer, which is held back until all that may happen to it has happened."""

    def __init__(self, app: ASGIApp, faults: Faults, pause: Pause, request: Request) -> None:
        self._app, self._faults, self._pause, self._request = app, faults, pause, request
        self._operation = operation_of(request.method, request.url.path)
        self._region = (request.url.hostname or "").partition(".")[2].partition(".")[0]
        self._is_done = False

    async def run(self) -> list[Message]:
        """The answer that the client gets; raises `ConnectionCut` where it gets none."""
        self._require_up()
        answer = await self._suffer(self._faults.next_fault(self._operation, self._region))
        if seconds := self._faults.slowness(self._region):
            await self._pause(seconds)
        self._require_up()
        return answer

    async def _suffer(self, fault: Fault | None) -> list[Message]:
        if isinstance(fault, Hang) and not fault.after_work:
            await self._pause(fault.seconds)
        real = await self._work() if fault is None or fault.after_work or isinstance(fault, Hang) else []
        match fault:
            case Cut():
                raise ConnectionCut
            case Answer():
                return await self._collect(_error(self._request, fault))
            case Slow() | Hang(after_work=True):
                await self._pause(fault.seconds)
        return real

    async def _work(self) -> list[Message]:
        self._require_up()
        self._is_done = True
        return await self._collect(self._app)

    async def _collect(self, app: ASGIApp) -> list[Message]:
        body, messages = await self._request.body(), list[Message]()

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            messages.append(message)

        await app(self._request.scope, replay, keep)
        return messages

    def _require_up(self) -> None:
        if self._faults.is_down(self._region):
            self._faults.note_cut(self._operation, self._region, after_work=self._is_done)
            raise ConnectionCut


def _error(request: Request, fault: Answer) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    phrase = HTTPStatus(fault.status).phrase
    if fault.code is None:
        page = f"<html><head><title>{fault.status} {phrase}</title></head><body><h1>{phrase}</h1></body></html>"
        return HTMLResponse(page, fault.status, headers)
    return error_response(request, ApiError(fault.status, fault.code, f"{phrase}.", headers))
