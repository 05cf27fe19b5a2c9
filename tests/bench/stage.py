"""Functions as real processes, in an emulated cloud."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.emulator.block_volume.limits import Limits, State, Timings
from infra.emulator.faults.operation import operation_of
from infra.emulator.server import Emulator
from infra.local.fn_server import FnServer
from infra.local.function import Function

HOME, DESTINATIONS = "us-ashburn-1", ("us-phoenix-1", "eu-frankfurt-1")
UNTIL_COPIED = 2
"""Seconds of the cloud's time."""
_COPY = ((0, State.CREATING), (UNTIL_COPIED, State.AVAILABLE))
_PATIENCE = 10.0


class BenchmarkBroken(Exception):  # noqa: N818 - reads as what happened
    """A subject did not do what was to be measured: a figure would mean nothing."""


@dataclass(frozen=True)
class Answer:
    """What a call answered, how long its caller waited, and which API calls it made.

    `cloud_seconds` is how long the cloud worked meanwhile: the CPU time of the one thread that it runs in.
    """

    seconds: float
    body: Any
    calls: Mapping[str, int]
    cloud_seconds: float


class Process:
    """A function, called one call at a time: the first starts its process, and so does the first after it ended."""

    def __init__(self, emulator: Emulator, server: FnServer, function: Function, http: httpx.Client) -> None:
        self._emulator, self._function, self._http = emulator, function, http
        self._url = server.invoke_url(function)
        self._pid = 0
        self._has_ended = threading.Event()
        self._calls: Counter[str] = Counter()
        self.lines: deque[str] = deque(maxlen=20_000)
        """The last that the function wrote, on either stream."""
        server.watch(self._note_event)
        emulator.watch(self._note_call)

    def call(self, payload: object) -> Answer:
        """Raises `BenchmarkBroken` where the function answers no JSON, or none that Fn lets pass as a success."""
        self._calls.clear()
        self._has_ended.clear()
        content = json.dumps(payload).encode()
        before = self._cloud_seconds()
        started = time.perf_counter()
        answer = self._http.post(self._url, content=content, timeout=self._function.timeout + _PATIENCE)
        seconds = time.perf_counter() - started
        cloud_seconds = self._cloud_seconds() - before
        try:
            answer.raise_for_status()
            return Answer(seconds, answer.json(), dict(self._calls), cloud_seconds)
        except (httpx.HTTPStatusError, ValueError) as error:
            raise self.broken(f"{answer.status_code} after {seconds:.1f} s: {answer.text[:1000]}") from error

    def broken(self, text: str) -> BenchmarkBroken:
        """What to raise where the function did something else, with the last that it wrote."""
        last = list(self.lines)[-10:]
        return BenchmarkBroken("\n".join([f"{self._function.name}: {text}", "The last that it wrote:", *last]))

    def wait_for_end(self) -> None:
        """Return when the process of the last call is gone, and all that it wrote is here."""
        if not self._has_ended.wait(_PATIENCE):
            raise self.broken("its process goes on, though it is idle.")

    @property
    def peak_megabytes(self) -> float | None:
        """The most memory that the process had resident until now; `None` where the system does not tell."""
        status = Path(f"/proc/{self._pid}/status")
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) / 1024 if found else None

    @property
    def cpu_seconds(self) -> float | None:
        """What the process took of the CPU until now, in steps of the system's clock; `None` as above."""
        stat = Path(f"/proc/{self._pid}/stat")
        if not stat.exists():
            return None
        ticks = stat.read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def _cloud_seconds(self) -> float:
        return self._emulator.call(lambda _: time.thread_time())

    def _note_event(self, event: Mapping[str, Any]) -> None:
        match event["kind"]:
            case "function.started":
                self._pid = event["pid"]
            case "function.wrote":
                self.lines.append(event["line"])
            case "function.ended":
                self._has_ended.set()

    def _note_call(self, entry: Mapping[str, Any]) -> None:
        if entry["kind"] == "api.call":
            self._calls[operation_of(entry["method"], entry["path"]) or entry["path"]] += 1


@contextmanager
def cloud(delay: float = 0) -> Iterator[Emulator]:
    """A cloud on a standing clock, where each answer comes so many seconds late, and copies arrive soon."""
    limits = Limits(timings=Timings(backup=_COPY, group_backup=_COPY, copy=_COPY, group_copy=_COPY))
    with Emulator((HOME, *DESTINATIONS), speed=None, limits=limits) as emulator:
        if delay:
            emulator.call(lambda it: it.faults.slow(None, delay))
        yield emulator


@contextmanager
def running(emulator: Emulator, function: Function) -> Iterator[Process]:
    """The function, deployed but not started."""
    # A client that is made for each call makes a TLS context too, which takes as long as some functions do.
    with FnServer([function], processes=1) as server, httpx.Client(trust_env=False) as http:
        yield Process(emulator, server, function, http)
