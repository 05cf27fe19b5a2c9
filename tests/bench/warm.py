"""Warm calls: the same process copies one backup after the other.

Times are those that the caller sees, less the emulated cloud's own: the CPU time of the one thread that it runs in.
What is left is the function, the SDK, and Fn's way to and fro, which the bare function shows alone. CPU is that of the
whole process. What "its own code alone" is says `own_code.py`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence

from infra.emulator.server import Emulator
from tests.bench.budgets import MARGIN, OWN_CPU_MS
from tests.bench.measurement import Check, Line, Measurement, percentile, ratio
from tests.bench.setup import Setup
from tests.bench.stage import BenchmarkBroken, cloud
from tests.bench.subject import Principal, Runner, Subject, function_of, request, runners
from tests.bench.supply import Supply
from tests.bench.trees import PROJECT

THREADS, NO_THREADS = "threads", "none"
"""What `own_code.py` is told. It is a program: to import it would load the FDK, which logs all that anybody does."""
SETTLED = 5
"""After so many calls nothing is loaded any more."""


def measure(setup: Setup) -> Measurement:
    """The subjects in turn, call by call."""
    with cloud() as emulator:
        with runners(emulator, [(subject, setup.tree_of(subject)) for subject in Subject]) as found:
            lines = list(_lines(found, setup))
        own, threaded = (_own_cpu_ms(emulator, setup, how) for how in (NO_THREADS, THREADS))
    lines.append(Line((f"{Subject.OURS}: its own code alone",), {"CPU ms": own}))
    lines.append(Line((f"{Subject.OURS}: that, and its threads",), {"CPU ms": threaded}))
    return Measurement(
        "warm",
        ("warm",),
        lines,
        [Check(f"warm: CPU of its own code for a copy (target {OWN_CPU_MS:g})", own, OWN_CPU_MS * MARGIN, " ms")],
    )


def _lines(found: Sequence[Runner], setup: Setup) -> Iterator[Line]:
    for runner in found:
        for _ in range(SETTLED):
            runner.call()
    before = [runner.process.cpu_seconds for runner in found]
    with setup.progress.step("warm: calls", setup.calls) as advance:
        rounds = []
        for _ in range(setup.calls):
            rounds.append([runner.call() for runner in found])
            advance(1)
    medians, cpu = dict[Subject, float](), dict[Subject, float | None]()
    for runner, answers, start in zip(found, zip(*rounds, strict=True), before, strict=True):
        subject, end = runner.subject, runner.process.cpu_seconds
        times = [(answer.seconds - answer.cloud_seconds) * 1000 for answer in answers]
        medians[subject] = percentile(times, 50)
        cpu[subject] = None if start is None or end is None else (end - start) * 1000 / setup.calls
        figures = {
            "p50 ms": medians[subject],
            "p99 ms": percentile(times, 99),
            "CPU ms": cpu[subject],
            "API calls": statistics.median(sum(answer.calls.values()) for answer in answers),
        }
        if Subject.PLAIN in medians:
            figures["p50, x plain"] = ratio(medians[subject], medians[Subject.PLAIN])
            figures["CPU, x plain"] = ratio(cpu[subject], cpu[Subject.PLAIN])
        yield Line((str(subject),), figures)


def _own_cpu_ms(emulator: Emulator, setup: Setup, threads: str) -> float:
    """The median of some batches of calls in one process."""
    function = function_of(Subject.OURS, setup.tree_of(Subject.OURS), Principal.of(emulator))
    payload = json.dumps(request(Supply(emulator).fresh()))
    program = [sys.executable, "-m", "tests.bench.own_code", payload, str(setup.calls), threads]
    environment = function.variables() | {"PYTHONPATH": str(PROJECT)}
    with setup.progress.step("warm: its own code", 1):
        done = subprocess.run(program, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkBroken(f"own_code: {done.stderr[-1000:]}")
    times: list[float] = json.loads(done.stdout)["ms"]
    return statistics.median(times)
