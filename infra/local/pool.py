"""The containers of one function: started on demand, kept warm, ended when idle or of no further use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from infra.local.container import Answer, Container, Headers, StartFailed
from infra.local.function import Function

Note = Callable[..., None]


class Pool:
    """Calls a function in its containers: each takes one call at a time, and at most `limit` run at once.

    A call that finds every container busy starts a further one, or waits for one at the limit, as on an Fn server;
    its deadline begins when it has its container. What happens is told to `note` as a kind and its facts.
    """

    def __init__(self, function: Function, note: Note, limit: int) -> None:
        self.function = function
        self._note = note
        self._places = asyncio.Semaphore(limit)
        self._idle: dict[Container, asyncio.TimerHandle] = {}
        self._running: set[Container] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def call(self, call_id: str, headers: Headers, body: bytes, *, detached: bool = False) -> Answer:
        """The FDK's answer; raises `StartFailed`, `CallTimedOut` or `CallFailed`, and then the container is killed."""
        async with self._places:
            container = await self._take()
            self._note("function.called", call_id=call_id, pid=container.pid)
            started, longest = time.monotonic(), self.function.longest_call(detached=detached)
            try:
                answer = await container.call([*headers, (b"Fn-Call-Id", call_id.encode())], body, longest)
            except BaseException as error:  # also a cancellation: whatever the container still does, it is not this
                self._note("function.broke", call_id=call_id, pid=container.pid, reason=type(error).__name__)
                self._end_soon(container)
                raise
            seconds = round(time.monotonic() - started, 3)
            self._note("function.answered", call_id=call_id, pid=container.pid, status=answer.status, seconds=seconds)
            self._keep(container)
            return answer

    async def close(self) -> None:
        """End every container, also those with a call under way, which then fails; no other starts."""
        self._closed = True
        await asyncio.gather(*(self._end(container) for container in tuple(self._running)), *self._ending)

    async def _take(self) -> Container:
        while self._idle:
            container, timer = self._idle.popitem()
            timer.cancel()
            if container.alive:
                return container
            await self._end(container)
        return await self._start()

    async def _start(self) -> Container:
        if self._closed:
            raise StartFailed("the server is ending")
        container = Container(self.function, lambda line: self._note("function.wrote", line=line))
        self._running.add(container)
        try:
            await container.start()
        except BaseException:
            await self._end(container)
            raise
        self._note("function.started", pid=container.pid)
        return container

    def _keep(self, container: Container) -> None:
        later = asyncio.get_running_loop().call_later(self.function.idle_timeout, self._idle_too_long, container)
        self._idle[container] = later

    def _idle_too_long(self, container: Container) -> None:
        del self._idle[container]
        self._end_soon(container)

    def _end_soon(self, container: Container) -> None:
        """Kill it at once; nobody but `close` waits for the rest."""
        ending = asyncio.create_task(self._end(container))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, container: Container) -> None:
        if timer := self._idle.pop(container, None):
            timer.cancel()
        if container in self._running:
            self._running.discard(container)
            await container.stop()
            self._note("function.ended", pid=container.pid)
