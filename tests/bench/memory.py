"""Memory: the most that a process ever had resident, after its first copy and after many.

The first is the median of processes that are started in turn, of each subject one; the last of them make the many.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from tests.bench.budgets import MARGIN, PEAK_TO_PLAIN
from tests.bench.measurement import Check, Line, Measurement, ratio
from tests.bench.setup import Setup
from tests.bench.stage import cloud
from tests.bench.subject import Runner, Subject, runners

Peaks = dict[Subject, float | None]


def measure(setup: Setup) -> Measurement:
    """Both figures of each subject, and their ratios to the plain function's."""
    first, wanted = list[Peaks](), [(subject, setup.tree_of(subject)) for subject in Subject]
    with cloud() as emulator:
        with setup.progress.step("memory: first copies", setup.runs) as advance:
            for _ in range(setup.runs - 1):
                with runners(emulator, wanted) as found:
                    first.append(_copy(found))
                advance(1)
        with runners(emulator, wanted) as found:
            first.append(_copy(found))
            with setup.progress.step(f"memory: {setup.copies:,} copies", setup.copies) as advance:
                for _ in range(setup.copies - 1):
                    last = _copy(found)
                    advance(1)
    lines = list(compare(_medians(first), last, setup.copies))
    return Measurement("memory", ("memory",), lines, list(check(lines)))


def _copy(found: Sequence[Runner]) -> Peaks:
    """The peak of each when it has made one more copy."""
    peaks = Peaks()
    for runner in found:
        runner.call()
        peaks[runner.subject] = runner.process.peak_megabytes
    return peaks


def _medians(peaks: Sequence[Peaks]) -> Peaks:
    medians = Peaks()
    for subject in Subject:
        known = [figure for each in peaks if (figure := each[subject]) is not None]
        medians[subject] = statistics.median(known) if known else None
    return medians


def compare(first: Peaks, last: Peaks, copies: int) -> Iterator[Line]:
    """Each subject beside the plain one."""
    for subject in Subject:
        figures: dict[str, float | None] = {}
        for peaks, when in ((first, "MB after 1 copy"), (last, f"MB after {copies:,} copies")):
            figures[when] = peaks[subject]
            figures[f"{when}, x plain"] = ratio(peaks[subject], peaks[Subject.PLAIN])
        yield Line((str(subject),), figures)


def check(lines: Sequence[Line]) -> Iterator[Check]:
    """This function's ratios, each against its budget."""
    for line in lines:
        for name, figure in line.figures.items():
            if line.labels == (Subject.OURS,) and name.endswith("x plain") and figure is not None:
                yield Check(f"memory: {name} (target {PEAK_TO_PLAIN:g})", figure, PEAK_TO_PLAIN * MARGIN)
