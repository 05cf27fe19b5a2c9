"""The function as a real process, in an emulated cloud that is as far away as a real one."""

from __future__ import annotations

import json
import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.emulator.faults.operation import operation_of
from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from infra.local.fn_server import FnServer
from infra.local.function import App, Function

HOME, DESTINATIONS = "us-ashburn-1", ("us-phoenix-1", "eu-frankfurt-1")
FUNC_YAML = Path(__file__).parents[2] / "func.yaml"


class BenchmarkBroken(Exception):  # noqa: N818 - reads as what happened
    """The function did not do what was to be measured: a figure would mean nothing."""


@dataclass(frozen=True)
class Answer:
    """What a call answered, how long its caller waited, and which API calls it made."""

    seconds: float
    body: Mapping[str, Any]
    calls: Mapping[str, int]


@dataclass
class Process:
    """The function, called one call at a time: the first starts its process."""

    server: FnServer
    function: Function
    pids: list[int] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=10))

    def invoke(self, payload: object) -> Answer:
        """Call the function; raises `BenchmarkBroken` when it does not answer that all is well."""
        self.calls.clear()
        started = time.perf_counter()
        answer = httpx.post(
            self.server.invoke_url(self.function),
            content=json.dumps(payload).encode(),
            timeout=self.function.timeout + 10,
        )
        seconds = time.perf_counter() - started
        if answer.status_code != 200 or answer.json()["status"] != "OK":
            text = f"{answer.status_code} after {seconds:.1f} s: {answer.text[:1000]}"
            raise BenchmarkBroken("\n".join([text, "The last that the function wrote:", *self.last_lines]))
        return Answer(seconds, answer.json(), dict(self.calls))

    def peak_megabytes(self) -> float | None:
        """The most memory that the process had resident until now; `None` where the system does not tell."""
        status = Path(f"/proc/{self.pids[-1]}/status")
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) / 1024 if found else None

    def note_event(self, event: Mapping[str, Any]) -> None:
        """A listener of the server."""
        match event["kind"]:
            case "function.started":
                self.pids.append(event["pid"])
            case "function.wrote":
                self.last_lines.append(event["line"])

    def note_call(self, entry: Mapping[str, Any]) -> None:
        """A listener of the cloud's diary."""
        if entry["kind"] == "api.call":
            self.calls[operation_of(entry["method"], entry["path"]) or entry["path"]] += 1


@contextmanager
def distant_cloud(delay: float) -> Iterator[Emulator]:
    """A cloud on a standing clock, each of whose answers comes so many seconds late."""
    with Emulator((HOME, *DESTINATIONS), speed=None) as emulator:
        emulator.call(lambda cloud: cloud.faults.slow(None, delay))
        yield emulator


@contextmanager
def function_in(emulator: Emulator, **config: str) -> Iterator[Process]:
    """The function of `func.yaml`, deployed but not started."""
    function = Function.deployed(
        FUNC_YAML,
        app=App(new_ocid("fnapp", HOME), "bench"),
        region=HOME,
        config=config,
        environment={**emulator.environment(), **emulator.resource_principal(HOME)},
    )
    with FnServer([function], processes=1) as server:
        process = Process(server, function)
        server.watch(process.note_event)
        emulator.watch(process.note_call)
        yield process
