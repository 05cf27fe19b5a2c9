"""Sweep of a tenancy in which nothing is copied yet, and of one in which everything is.

Two destinations; each API call is answered so many milliseconds late. The cold figure is the first call of a process
with its start, the others are of later calls. Of the time, the cloud's seconds are those in which the emulator itself
worked; it does so in one thread, and a real cloud does not. CPU is that of the function's process.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from infra.emulator.server import Emulator
from tests.bench.budgets import SWEEP_MB, SWEEP_OF, SWEEP_OF_MB, SWEEP_SECONDS
from tests.bench.fleet import Fleet
from tests.bench.measurement import Check, Line, Measurement
from tests.bench.requests import METRICS, expected, forget_metrics, require_exactly
from tests.bench.setup import Setup
from tests.bench.stage import DESTINATIONS, Answer, Process, cloud, running
from tests.bench.subject import Principal, Subject, function_of

FIRST, CONVERGED = "the first", "nothing left to do"
UNTIL_ALL_IS_COPIED = timedelta(minutes=10)
WARM_CALLS, WARM_CALLS_OF_LARGE, LARGE = 10, 2, 100_000
"""So many that memory which is not given back between them shows."""


@dataclass(frozen=True)
class Swept:
    """The first call of a process and those after it, and what the process had taken of the CPU around the latter."""

    answers: Sequence[Answer]
    cpu_before: float | None
    cpu_after: float | None
    peak_megabytes: float | None

    @property
    def cpu_seconds(self) -> float | None:
        """Of a later call, on average."""
        if self.cpu_before is None or self.cpu_after is None:
            return None
        return (self.cpu_after - self.cpu_before) / (len(self.answers) - 1)


def measure(setup: Setup) -> Measurement:
    """Two lines for each number of backups."""
    lines = []
    for case, sweep in ((FIRST, _first), (CONVERGED, _converged)):
        lines += [Line((case, f"{size:,}"), _figures(sweep(size, setup), size)) for size in setup.sizes]
    return Measurement("sweep", ("sweep", "backups"), lines, list(check(lines)))


def _first(size: int, setup: Setup) -> Swept:
    """Only one sweep can be the first: the warm one is of another compartment with as many backups."""
    with cloud(setup.delay) as emulator, _sweeper(emulator, setup) as process:
        fleets = [Fleet(emulator.call(lambda cloud: cloud.identity.create_compartment("fleet")), size) for _ in "ab"]
        with setup.progress.step(f"sweep of {size:,}: putting 2 x {size:,} backups in place", 2 * size) as advance:
            for fleet in fleets:
                fleet.seed(emulator, advance)
        answers, before = list[Answer](), None
        with setup.progress.step(f"sweep of {size:,}: the first one", len(fleets)) as advance:
            for fleet in fleets:
                before = process.cpu_seconds
                answers.append(_sweep(process, compartmentId=fleet.compartment_id))
                after = process.cpu_seconds
                emulator.advance(UNTIL_ALL_IS_COPIED)
                advance(1)
        for answer in answers:
            if not answer.body["counts"].get("copied"):
                raise process.broken(f"a first sweep starts copies, but this one answered {answer.body['counts']}")
        return Swept(answers, before, after, process.peak_megabytes)


def _converged(size: int, setup: Setup) -> Swept:
    with cloud(setup.delay) as emulator, _sweeper(emulator, setup) as process:
        with setup.progress.step(
            f"sweep of {size:,}: putting {size:,} backups and their copies in place", size
        ) as advance:
            Fleet(emulator.compartment_id, size, DESTINATIONS).seed(emulator, advance)
        warm_calls = WARM_CALLS if size < LARGE else WARM_CALLS_OF_LARGE
        with setup.progress.step(f"sweep of {size:,}: with nothing left to do", 1 + warm_calls) as advance:
            answers, before = [_sweep(process)], process.cpu_seconds
            for _ in range(warm_calls):
                advance(1)
                forget_metrics(emulator)
                answers.append(_sweep(process))
        for answer in answers:
            if answer.body["counts"].get("exists") != size * len(DESTINATIONS):
                raise process.broken(f"every copy exists, but the sweep found {answer.body['counts']}")
        require_exactly(answers[-1].calls, expected(emulator))
        return Swept(answers, before, process.cpu_seconds, process.peak_megabytes)


def _sweeper(emulator: Emulator, setup: Setup) -> AbstractContextManager[Process]:
    function = function_of(Subject.OURS, setup.tree_of(Subject.OURS), Principal.of(emulator), DESTINATIONS)
    return running(emulator, function)


def _sweep(process: Process, **of: str) -> Answer:
    answer = process.call({"operation": "Sweep", **of})
    if answer.body["status"] != "OK":
        raise process.broken(f"the sweep answered {str(answer.body)[:1000]}")
    return answer


def _figures(swept: Swept, size: int) -> dict[str, float | None]:
    cold, *warm = swept.answers
    seconds = statistics.median(answer.seconds for answer in warm)
    calls = warm[-1].calls
    return {
        "cold s": cold.seconds,
        "warm s": seconds,
        "of it the cloud's, s": statistics.median(answer.cloud_seconds for answer in warm),
        "warm ms a backup": seconds * 1000 / size,
        "CPU s": swept.cpu_seconds,
        "API calls": sum(calls.values()),
        "of lists": sum(count for operation, count in calls.items() if operation.startswith("List")),
        "of metrics": calls.get(METRICS, 0),
        "peak MB": swept.peak_megabytes,
    }


def check(lines: Sequence[Line]) -> Iterator[Check]:
    """All sweeps: the slower of their calls, and their memory."""
    for line in lines:
        case, backups = line.labels
        name, figures = f"sweep of {backups}, {case}", line.figures
        slowest = max(figures["cold s"] or 0, figures["warm s"] or 0)
        yield Check(name, slowest, SWEEP_SECONDS, " s")
        if (peak := figures["peak MB"]) is not None:
            yield Check(name, peak, SWEEP_OF_MB if int(backups.replace(",", "")) <= SWEEP_OF else SWEEP_MB, " MB")
