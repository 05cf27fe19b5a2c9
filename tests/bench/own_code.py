"""The CPU that this project's own code takes for a copy: `python -m tests.bench.own_code PAYLOAD CALLS`.

It calls `func.handler`, as the FDK does, with the SDK's client in front of the emulated cloud the first time, and with
what that answered each time after. So all counts that happens between payload and answer, on every thread, the log
lines too; what does not is signing, HTTP, and the reading of JSON from the wire. The backup is new each time, as the
recorded answers are those for one that has no copy yet.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from fdk.context import InvokeContext

import func
from handlers.cloud.clients import connect
from handlers.cloud.request import Service
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.services import Services

BATCH = 20
"""So many calls are measured together; before the first batch there is one that is not."""

Key = tuple[str, ...]


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
    payload, calls = arguments[0].encode(), int(arguments[1])
    answers: dict[Key, Any] = {}

    def recorded(service: Service, region: str, signer: ResourcePrincipalSigner) -> Recorded:
        return Recorded(connect(service, region, signer), region, answers)

    container = Services(dict(os.environ), connect=recorded)
    func.services = cache(lambda: container)
    _call(payload, BATCH)
    requests = len(answers)
    times = [_call(payload, BATCH) for _ in range(0, calls, BATCH)]
    if len(answers) != requests:
        sys.exit(f"It asked for {len(answers) - requests} things that it had not asked for before.")
    sys.stdout.write(json.dumps({"ms": times, "requests": requests}))


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
