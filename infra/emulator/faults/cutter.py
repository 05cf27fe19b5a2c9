"""What a real server does where the connection is to break: it leaves the client without an answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from infra.emulator.faults.injector import ConnectionCut


class Cutter:
    """ASGI middleware; `cut` breaks the connection that comes from a port of this machine."""

    def __init__(self, app: ASGIApp, cut: Callable[[int], None]) -> None:
        self._app, self._cut = app, cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except ConnectionCut:
            self._cut(scope["client"][1])
            # A server takes an application that ends without an answer for a broken one, unless the client has gone.
            while (await receive())["type"] != "http.disconnect":
                pass
