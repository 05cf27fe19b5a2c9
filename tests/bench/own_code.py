"""The CPU that this project's own code takes for a copy: `python -m tests.bench.own_code PAYLOAD CALLS THREADS`.

It calls `func.handler`, as the FDK does, with the SDK's client in front of the emulated cloud the first time, and with
what that answered each time after. So all counts that happens between payload and answer, the log lines too; what does
not is signing, HTTP, and the reading of JSON from the wire. With THREADS `threads` it works as it is deployed, with
`none` in one thread: what lies between is Python's, for going from one thread to another. The backup is new each time,
as the recorded answers are those for one that has no copy yet.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from fdk.context import InvokeContext

import func
from handlers.cloud.clients import connect
from handlers.cloud.request import Service
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.services import Services

BATCH = 20
"""So many calls are measured together; before the first batch there is one that is not."""

Key = tuple[str, ...]
T = TypeVar("T")
R = TypeVar("R")


class Recorded:
    """A client of the SDK, which is asked each thing once."""

    timeout: object = None

    def __init__(self, real: Any, region: str, answers: dict[Key, Any]) -> None:
        self._real, self._region, self._answers = real, region, answers

    def call_api(self, **request: Any) -> Any:
        """The answer of the first time."""
        path, query = request["path_params"] or {}, request["query_params"] or {}
        asked = (request["method"], request["resource_path"], *path.values(), *map(str, query.values()))
        key = (self._region, *asked)
        if key not in self._answers:
            self._answers[key] = self._real.call_api(**request)
        return self._answers[key]


def main(arguments: Sequence[str]) -> None:
    """Write the milliseconds of a call in each batch as JSON, or what went wrong."""
    payload, calls, has_threads = arguments[0].encode(), int(arguments[1]), arguments[2] == "threads"
    answers: dict[Key, Any] = {}

    def recorded(service: Service, region: str, signer: ResourcePrincipalSigner) -> Recorded:
        return Recorded(connect(service, region, signer), region, answers)

    container = Services(dict(os.environ), connect=recorded, workers=None if has_threads else one_after_the_other)
    func.services = cache(lambda: container)
    _call(payload, BATCH)
    requests = len(answers)
    times = [_call(payload, BATCH) for _ in range(0, calls, BATCH)]
    if len(answers) != requests:
        sys.exit(f"It asked for {len(answers) - requests} things that it had not asked for before.")
    sys.stdout.write(json.dumps({"ms": times, "requests": requests}))


def one_after_the_other(work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
    """The port `Workers`, without threads."""
    return [work(item) for item in items]


def _call(payload: bytes, times: int) -> float:
    """Milliseconds of CPU that a call took."""
    context = InvokeContext("a", "a", "f", "f", "c", deadline="2100-01-01T00:00:00Z", config={}, headers={})
    started = time.process_time()
    for _ in range(times):
        answer = func.handler(context, io.BytesIO(payload)).body()
    milliseconds = (time.process_time() - started) * 1000 / times
    if json.loads(answer)["counts"] != {"copied": 1}:
        sys.exit(f"It copied nothing: {answer}")
    return milliseconds


if __name__ == "__main__":
    main(sys.argv[1:])
