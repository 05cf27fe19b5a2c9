"""Measure the function as a real process against the emulated cloud: all benchmarks, or those that are named."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.bench import cold, imports, memory, million, sweep, warm
from tests.bench.machine import describe, in_words
from tests.bench.measurement import Measurement
from tests.bench.progress import Progress
from tests.bench.setup import Setup
from tests.bench.stage import BenchmarkBroken
from tests.bench.table import draw, verdict
from tests.bench.trees import PROJECT, Trees, trees

Benchmark = Callable[[Setup], Measurement]

BENCHMARKS: dict[str, Benchmark] = {
    "cold": cold.measure,
    "warm": warm.measure,
    "memory": memory.measure,
    "sweep": sweep.measure,
    "imports": imports.measure,
    "million": million.measure,
}
LONG = {"million"}
"""Only measured where it is named."""
SHORT_RUNS, SHORT_CALLS, SHORT_COPIES, SHORT_SIZES = 2, 40, 20, (100, 1_000)
"""Enough to see that it works, and roughly how it stands."""
PICTURE = Path(__file__).with_name("cold-start.svg")
WIDEST = 200
IMAGE = PROJECT / "build" / "image"


def main(
    arguments: Sequence[str],
    benchmarks: Mapping[str, Benchmark] = BENCHMARKS,
    make_trees: Callable[..., AbstractContextManager[Trees]] = trees,
) -> int:
    """The exit status: 1 when a figure is over its budget (not with --short), or a subject did something else."""
    options = _read(arguments, benchmarks)
    # No terminal, nor a file, cuts a table off.
    screen, measurements, machine = Console(width=max(Console().width, WIDEST)), list[Measurement](), describe()
    screen.print(in_words(machine), highlight=False)
    with make_trees(_image(), with_byte_code_only=options.short) as found:
        setup = _setup(options, Setup(found, Progress(Console(stderr=True))))
        for name in options.names or [each for each in benchmarks if each not in LONG]:
            try:
                measurements.append(benchmarks[name](setup))
            except BenchmarkBroken as broken:
                screen.print(Text(f"BROKEN: {name}: {broken}", style="bold white on red"))
                return 1
            screen.print(draw(measurements[-1]))
    if options.json:
        report = {"machine": machine, "runs": setup.runs, "measurements": [asdict(each) for each in measurements]}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    checks = [check for each in measurements for check in each.checks]
    for line in verdict(checks):
        screen.print(line)
    return int(not options.short and not all(check.is_met for check in checks))


def _read(arguments: Sequence[str], benchmarks: Mapping[str, Benchmark]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench ARGS=…", description=__doc__)
    names, sizes = ", ".join(benchmarks), "of tenancies that are swept, in backups, as 100,1000"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {names}; without one: all but {', '.join(LONG)}")
    parser.add_argument("--runs", type=_positive, help=f"of how many a figure is the median (default: {Setup.runs})")
    parser.add_argument("--sizes", type=_sizes, help=f"{sizes} (default: {','.join(map(str, Setup.sizes))})")
    parser.add_argument("--delay", type=float, default=20, help="milliseconds added to a sweep's calls (default: 20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    parser.add_argument("--short", action="store_true", help="less of everything; over budget is no failure")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - benchmarks.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    return options


def _setup(options: argparse.Namespace, usual: Setup) -> Setup:
    setup = replace(usual, delay=options.delay / 1000, picture=PICTURE)
    if options.short:
        setup = replace(setup, picture=None, runs=SHORT_RUNS, calls=SHORT_CALLS, copies=SHORT_COPIES, sizes=SHORT_SIZES)
    return replace(setup, runs=options.runs or setup.runs, sizes=options.sizes or setup.sizes)


def _image() -> Path | None:
    """What the image holds, where that was made."""
    folder = Path(os.environ.get("FUNCTION_TREE") or IMAGE).resolve()
    return folder if folder.exists() else None


def _positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _sizes(text: str) -> Sequence[int]:
    return [_positive(part) for part in text.split(",")]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
