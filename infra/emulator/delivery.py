"""Delivery of messages to functions: calls that are tried again when they fail for a reason that may pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import httpx

from infra.emulator.clock import Clock
from infra.emulator.diary import Diary
from infra.emulator.wire import not_modelled

LONGEST_CALL = 300.0
"""Real seconds after which a synchronous call of a function is over, as in OCI Functions."""


@dataclass(frozen=True)
class Redelivery:
    """When a message that was not taken is sent again: the pauses, and how long they may last in all, in cloud time.

    What the calls take is not counted: they take real time, which is nothing beside a clock that runs fast.
    """

    pauses: tuple[timedelta, ...]
    longest: timedelta = timedelta()


@dataclass(frozen=True)
class Message:
    """What goes to a function, the same bytes and headers each time.

    `source` begins the kind of its diary entries (`events`, `notifications`), `facts` go into each of them. A call with
    it is over after `longest_call` real seconds, where that is not as long as a synchronous one may take.
    """

    payload: bytes
    content_type: str
    source: str
    redelivery: Redelivery
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    longest_call: float | None = None


Arrivals = Callable[[Message], Sequence[timedelta]]
"""How late a message arrives, once for each time that it does."""


def on_time(_: Message) -> Sequence[timedelta]:
    """Once, and at once."""
    return (timedelta(),)


class Ended(Protocol):
    """Takes what became of a call: the status of its answer, or the reason why there was none."""

    def __call__(self, status: int | None, reason: str | None = None, seconds: float = 0) -> None: ...


Caller = Callable[[str, Message, Ended], None]
"""Calls a function (by its OCID) with a message and, whenever that call has ended, says so; it does not wait for it."""


@dataclass(frozen=True)
class _Attempt:
    """One try at delivering a message; the first has number 1."""

    function_id: str
    message: Message
    number: int = 1

    def next(self) -> tuple[timedelta, _Attempt] | None:
        """The pause and the attempt after this one; `None` when this was the last."""
        plan = self.message.redelivery
        if self.number > len(plan.pauses) or sum(plan.pauses[: self.number], timedelta()) > plan.longest:
            return None
        return plan.pauses[self.number - 1], replace(self, number=self.number + 1)


class Delivery:
    """Delivers to functions at least once; `functions` holds the invoke URL of each function OCID.

    Needs a running event loop, and belongs to it, unless another `caller` than HTTP is given. A function that is not
    registered, or an answer that repeating cannot better (any but 2xx, 429 and 5xx), drops the message at once.
    """

    def __init__(
        self,
        clock: Clock,
        diary: Diary,
        longest_call: float = LONGEST_CALL,
        *,
        arrivals: Arrivals = on_time,
        caller: Caller | None = None,
    ) -> None:
        self.functions: dict[str, str] = {}
        self._clock, self._diary, self._longest_call = clock, diary, longest_call
        self._arrivals, self._caller = arrivals, caller
        self._client: httpx.AsyncClient | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._closed = False

    def invoke(self, function_id: str, message: Message) -> None:
        """Send `message` to a function without waiting for it; what becomes of it stands in the diary."""
        for late in self._arrivals(message):
            self._start_after(late, _Attempt(function_id, message))

    async def call(self, function_id: str, message: Message) -> httpx.Response:
        """The answer of a registered function to one call with `message`, which is waited for.

        Raises `httpx.RequestError` or `TimeoutError` where there is none, and OCI's 501 where another `caller` than
        HTTP is given. Such a call is not repeated, met by faults, or waited for by `settle`.
        """
        if self._caller is not None:
            raise not_modelled("synchronous calls of functions without HTTP")
        return await self._post(self.functions[function_id], message)

    async def settle(self) -> None:
        """Wait until no call is under way; what is due again later in cloud time is not waited for."""
        while self._calls:
            await asyncio.gather(*self._calls, return_exceptions=True)

    async def aclose(self) -> None:
        """Break off all calls and forget all redeliveries."""
        self._closed = True
        for call in self._calls:
            call.cancel()
        await self.settle()
        if self._client is not None:
            await self._client.aclose()

    def _start(self, attempt: _Attempt) -> None:
        if self._closed:
            return
        if self._caller is not None:
            self._caller(attempt.function_id, attempt.message, partial(self._end, attempt))
            return
        call = asyncio.get_running_loop().create_task(self._try(attempt))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _try(self, attempt: _Attempt) -> None:
        url = self.functions.get(attempt.function_id)
        if url is None:
            self._note("dropped", attempt, reason="the function is not registered")
            return
        start = time.monotonic()
        status, reason = None, None
        try:
            status = (await self._post(url, attempt.message)).status_code
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would learn that the call failed
            reason = type(error).__name__
        self._end(attempt, status, reason, round(time.monotonic() - start, 3))

    def _end(self, attempt: _Attempt, status: int | None, reason: str | None = None, seconds: float = 0) -> None:
        if status is not None and status < 300:
            self._note("delivered", attempt, status=status, seconds=seconds)
            return
        self._note("failed", attempt, status=status, seconds=seconds, reason=reason)
        self._try_again(attempt, can_pass=status is None or status == 429 or status >= 500)

    def _try_again(self, attempt: _Attempt, *, can_pass: bool) -> None:
        following = attempt.next() if can_pass else None
        if following is None:
            self._note("dropped", attempt, reason="no more attempts" if can_pass else "the answer is final")
            return
        self._start_after(*following)

    def _start_after(self, pause: timedelta, attempt: _Attempt) -> None:
        if pause:
            self._clock.after(pause, lambda: self._start(attempt))
        else:
            self._start(attempt)

    async def _post(self, url: str, message: Message) -> httpx.Response:
        if self._client is None:
            # The environment may name this very emulator as the proxy: functions are called directly.
            self._client = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(None))
        # Whatever bytes a header has, Starlette reads and writes them as Latin-1: so they go on, and back, as they are.
        headers = httpx.Headers({**message.headers, "content-type": message.content_type}, encoding="latin-1")
        # httpx bounds each read, not the whole call.
        async with asyncio.timeout(message.longest_call or self._longest_call):
            reply = await self._client.post(url, content=message.payload, headers=headers)
        reply.headers.encoding = "latin-1"
        return reply

    def _note(self, outcome: str, attempt: _Attempt, **facts: Any) -> None:  # noqa: ANN401 - facts are JSON values
        message = attempt.message
        self._diary.note(
            f"{message.source}.{outcome}",
            function=attempt.function_id,
            attempt=attempt.number,
            **message.facts,
            **facts,
        )
