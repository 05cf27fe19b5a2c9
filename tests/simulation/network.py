"""The way between the function and the cloud: the SDK's requests and their answers, without a socket."""

from __future__ import annotations

import io
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from greenlet import getcurrent
from oci._vendor import requests
from starlette.types import Message, Scope

from infra.emulator.cloud import Cloud
from infra.emulator.faults.injector import ConnectionCut
from infra.emulator.faults.operation import operation_of
from tests.simulation.scheduler import Promise, Scheduler, Task

WAY_THERE, WAY_BACK = (0.01, 0.4), (0.005, 0.1)
"""Seconds, at least and at most: what is sent first need not be the first to arrive."""


@dataclass(eq=False)
class Exchange:
    """One request, with what has become of it."""

    owner: Any
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None = None
    """What the client was answered; `None` where it was not, or has not been yet."""
    sent: datetime | None = None
    worked: datetime | None = None
    """When the cloud did what it asks for, if it did."""
    answer: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self.host, self.path, self.query = str(parts.hostname), parts.path, parts.query
        self.region = self.host.split(".")[1]
        self.operation = operation_of(self.method, self.path) or f"{self.method} {self.path}"

    def scope(self) -> Scope:
        """The request as ASGI has it."""
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "https",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in self.headers.items()],
            "client": ("10.0.0.1", 443),
            "server": (self.host, 443),
            "state": {},
        }


class Observer(Protocol):
    """Who sees all that is sent and answered."""

    def sent(self, exchange: Exchange) -> None:
        """A client has sent a request."""
        ...

    def before_work(self, exchange: Exchange) -> None:
        """The cloud is about to go on with a request."""
        ...

    def after_work(self, exchange: Exchange) -> None:
        """It has gone on, to the end or until it pauses."""
        ...

    def answered(self, exchange: Exchange, fault: str | None) -> None:
        """The client has its answer, or knows that there will be none."""
        ...


class Network:
    """Carries requests to the cloud and answers back. A client that gives up, or is killed, does not stop its request.

    The cloud works at its own pace: it is driven by hand, each request for itself.
    """

    def __init__(self, cloud: Cloud, scheduler: Scheduler, chance: random.Random, observer: Observer) -> None:
        self._app = cloud.app(_Pause)
        self._scheduler, self._chance, self._observer = scheduler, chance, observer

    def ask(self, exchange: Exchange, patience: float) -> None:
        """Return once it is answered; raises what `requests` does where it is not, or not within so many seconds."""
        reply, exchange.sent = Promise[str | None](self._scheduler), self._scheduler.clock.now()
        self._observer.sent(exchange)
        self._scheduler.after(self._chance.uniform(*WAY_THERE), partial(self._arrive, exchange, reply))
        self._scheduler.after(patience, partial(reply.keep, "time-out"))
        fault = reply.wait()
        exchange.status = None if fault else exchange.answer[0]["status"]
        self._observer.answered(exchange, fault)
        match fault:
            case "time-out":
                raise requests.exceptions.ReadTimeout("the server did not answer in time")
            case "cut":
                raise requests.exceptions.ConnectionError("the connection broke")

    def _arrive(self, exchange: Exchange, reply: Promise[str | None]) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": exchange.body, "more_body": False}

        async def send(message: Message) -> None:
            exchange.answer.append(message)

        self._go_on(self._app(exchange.scope(), receive, send), exchange, reply)

    def _go_on(self, work: Any, exchange: Exchange, reply: Promise[str | None]) -> None:
        self._observer.before_work(exchange)
        fault = None
        try:
            seconds = work.send(None)
        except StopIteration:
            seconds = None
        except ConnectionCut:
            seconds, fault = None, "cut"
        self._observer.after_work(exchange)
        if seconds is not None:
            self._scheduler.after(seconds, partial(self._go_on, work, exchange, reply))
            return
        exchange.owner.meets(exchange.operation)
        self._scheduler.after(self._chance.uniform(*WAY_BACK), partial(reply.keep, fault))


class Transport(requests.adapters.BaseAdapter):  # type: ignore[misc] # the SDK has no types
    """What the session of an SDK's client sends through."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def send(self, request: Any, stream: Any = None, timeout: Any = None, **_: Any) -> Any:
        task, body = getcurrent(), request.body or b""
        assert isinstance(task, Task)
        body = body.encode() if isinstance(body, str) else body
        exchange = Exchange(task.owner, request.method, request.url, dict(request.headers), body)
        self._network.ask(exchange, timeout[1])
        response = requests.models.Response()
        start, *rest = exchange.answer
        response.status_code = start["status"]
        headers = ((name.decode(), value.decode()) for name, value in start["headers"])
        response.headers = requests.structures.CaseInsensitiveDict(headers)
        response._content = b"".join(message.get("body", b"") for message in rest)
        response.request, response.url, response.raw = request, request.url, io.BytesIO()
        return response

    def close(self) -> None:
        """There is nothing to close."""


class _Pause:
    """What the cloud awaits to let time pass: whoever drives it is told how much."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __await__(self) -> Generator[float, None, None]:
        yield self._seconds
