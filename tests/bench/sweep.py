"""Sweep of a tenancy in which nothing is copied yet, and of one in which everything is."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from infra.emulator.server import Emulator
from tests.bench.fleet import Fleet
from tests.bench.measurement import Budget, Measurement
from tests.bench.progress import Progress
from tests.bench.stage import DESTINATIONS, Answer, BenchmarkBroken, Process, distant_cloud, function_in

SIZES = (100, 1_000, 10_000)
WARM_CALLS = 10
"""So many that memory which is not given back between them shows."""
UNTIL_ALL_IS_COPIED = timedelta(minutes=10)
BUDGET = Budget(seconds=30, megabytes=128)
"""Of a converged sweep, at the largest size."""


def measure(sizes: Sequence[int], delay: float, progress: Progress) -> Iterator[Measurement]:
    """Two lines for each number of backups: the first sweep, and the converged one."""
    for size in sizes or SIZES:
        yield _first(size, delay, progress)
        yield _converged(size, delay, progress)


def _first(size: int, delay: float, progress: Progress) -> Measurement:
    """Only one sweep can be the first: the warm one is of another compartment with as many backups."""
    with distant_cloud(delay) as emulator, _sweeper(emulator) as process:
        fleets = [Fleet(emulator.call(lambda cloud: cloud.identity.create_compartment("fleet")), size) for _ in "ab"]
        with progress.step(f"sweep of {size:,}: putting 2 x {size:,} backups in place", 2 * size) as advance:
            for fleet in fleets:
                fleet.seed(emulator, advance)
        answers = []
        with progress.step(f"sweep of {size:,}: the first one", len(fleets)) as advance:
            for fleet in fleets:
                answers.append(process.invoke({"operation": "Sweep", "compartmentId": fleet.compartment_id}))
                emulator.advance(UNTIL_ALL_IS_COPIED)
                advance(1)
        for answer in answers:
            if not answer.body["counts"].get("copied"):
                raise BenchmarkBroken(f"A first sweep starts copies, but this one answered {answer.body['counts']}.")
        return _measurement("first", size, answers, process)


def _converged(size: int, delay: float, progress: Progress) -> Measurement:
    with distant_cloud(delay) as emulator, _sweeper(emulator) as process:
        with progress.step(f"sweep of {size:,}: putting {size:,} backups and their copies in place", size) as advance:
            Fleet(emulator.compartment_id, size, DESTINATIONS).seed(emulator, advance)
        answers = []
        with progress.step(f"sweep of {size:,}: with nothing left to do", 1 + WARM_CALLS) as advance:
            for _ in range(1 + WARM_CALLS):
                answers.append(process.invoke({"operation": "Sweep"}))
                advance(1)
        measurement = _measurement("converged", size, answers, process, BUDGET)
        if measurement.outcomes.get("exists") != size * len(DESTINATIONS):
            raise BenchmarkBroken(f"Every copy exists, but the sweep found {measurement.outcomes}.")
        if measurement.calls_named("List", "PostMetricData") != measurement.call_count:
            raise BenchmarkBroken(f"A converged sweep lists and measures, but this one called {measurement.calls}.")
        return measurement


def _sweeper(emulator: Emulator) -> AbstractContextManager[Process]:
    return function_in(
        emulator,
        DESTINATION_REGIONS=",".join(DESTINATIONS),
        COMPARTMENT_IDS=emulator.compartment_id,
    )


def _measurement(
    case: str, size: int, answers: Sequence[Answer], process: Process, budget: Budget | None = None
) -> Measurement:
    cold, *warm = answers
    return Measurement(
        benchmark="sweep",
        case=case,
        backups=size,
        cold_seconds=cold.seconds,
        warm_seconds=statistics.median(answer.seconds for answer in warm),
        calls=warm[-1].calls,
        outcomes=warm[-1].body["counts"],
        peak_megabytes=process.peak_megabytes(),
        budget=budget,
    )
