"""Imports: where the time of a cold start goes, as a table and as a picture.

The times are those of `-X importtime` in the process of a first copy, with byte code; each module's own, and of each
the median. What pydantic builds of a model counts to the module that has the model. To be told so takes time too, so
they are somewhat larger than in a cold start that nobody looks into.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from tests.bench.import_times import ENVIRONMENT, PACKAGES, by_package, import_times
from tests.bench.measurement import Line, Measurement
from tests.bench.picture import draw
from tests.bench.setup import Setup
from tests.bench.stage import cloud
from tests.bench.subject import Asked, Subject, runners

Times = Mapping[str, float]
"""Milliseconds of each package."""

SHOWN = (Subject.PLAIN, Subject.OURS)


def measure(setup: Setup) -> Measurement:
    """Both functions in turn, from the same packages."""
    found: dict[Subject, list[Times]] = {subject: [] for subject in SHOWN}
    wanted = [(subject, setup.trees.full) for subject in SHOWN]
    with (
        cloud() as emulator,
        runners(emulator, wanted, idle_timeout=0, environment=ENVIRONMENT) as started,
        setup.progress.step("imports: starts", 1 + setup.runs) as advance,
    ):
        for number in range(1 + setup.runs):
            for runner in started:
                times = by_package(import_times(runner, Asked.COPY))
                if number:  # the first one writes the byte code
                    found[runner.subject].append(times)
            advance(1)
    medians = {subject: _medians(each) for subject, each in found.items()}
    if setup.picture:
        setup.picture.write_text(draw(medians), encoding="utf-8")
    rows = {package: {each: medians[each][package] for each in SHOWN} for package in PACKAGES}
    rows["in all"] = {each: sum(medians[each].values()) for each in SHOWN}
    lines = [Line((name,), {f"{each}, ms": row[each] for each in SHOWN}) for name, row in rows.items()]
    return Measurement("imports", ("imports",), lines)


def _medians(times: Sequence[Times]) -> Times:
    return {package: statistics.median(each[package] for each in times) for package in PACKAGES}
