"""A local Fn server: the Fn HTTP API on a port of this machine, over functions that run as real FDK processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from infra.emulator.listeners import Listener, Listeners
from infra.emulator.tunnel import listen
from infra.local.fn_api import FnApi, describe_error
from infra.local.function import Function
from infra.local.pool import Pool
from infra.local.socket_folder import remove_abandoned


class FnServer:
    """Serves functions while entered, from a thread of its own; leaving it ends every process it started.

    `processes` is how many containers of one function may run at once: a further call waits for one of them.
    A listener is called on the server's thread with each thing that happens, a dict with `kind`: `function.started`,
    `function.called`, `function.wrote` (one `line`), `function.answered`, `function.broke`, `function.ended`.
    """

    def __init__(
        self, functions: Sequence[Function], *, port: int = 0, processes: int = 4, listener: Listener | None = None
    ) -> None:
        self._functions = tuple(functions)
        self._port = port
        self._processes = processes
        self._listeners = Listeners()
        if listener:
            self._listeners.add(listener)

    def __enter__(self) -> Self:
        # Bound and listening from here on: a port in use is the caller's error, and nobody has to wait for a start.
        self._socket = listen(self._port)
        remove_abandoned()
        self._pools = [Pool(function, self._note, self._processes) for function in self._functions]
        app = Starlette(routes=FnApi(self._pools).routes(), exception_handlers={HTTPException: describe_error})
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fn-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        finally:
            self._thread.join()
            self._loop.close()
            self._socket.close()

    @property
    def url(self) -> str:
        """What `FN_API_URL` is set to."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def invoke_url(self, function: Function) -> str:
        """Where a POST runs this function."""
        return f"{self.url}/invoke/{function.id}"

    def watch(self, listener: Listener) -> None:
        """Tell `listener` too of everything that happens from now on."""
        self._listeners.add(listener)

    def _note(self, kind: str, **facts: Any) -> None:  # noqa: ANN401 - facts are of any kind
        self._listeners.tell({"kind": kind, **facts})

    def _run(self) -> None:
        self._loop.run_until_complete(self._server.serve(sockets=[self._socket]))

    async def _stop(self) -> None:
        """End the processes first: calls under way are answered at once then, and the server need not wait for them."""
        try:
            for pool in self._pools:
                await pool.close()
        finally:
            self._server.should_exit = True
