"""Measure the function as a real process against the emulated cloud: all benchmarks, or those that are named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.bench import sweep
from tests.bench.measurement import Measurement
from tests.bench.progress import Progress
from tests.bench.stage import BenchmarkBroken
from tests.bench.table import draw, verdict

Benchmark = Callable[[Sequence[int], float, Progress], Iterator[Measurement]]

BENCHMARKS: dict[str, Benchmark] = {"sweep": sweep.measure}
"""Each measures at the sizes it is given (or at its own, when there are none) and yields line after line."""


def main(arguments: Sequence[str], benchmarks: Mapping[str, Benchmark] = BENCHMARKS) -> int:
    """The exit status: 1 when a measurement is over its budget, or the function did not do what was to be measured."""
    options = _read(arguments, benchmarks)
    screen, progress = Console(), Progress(Console(stderr=True))
    measurements = []
    for name in options.names or benchmarks:
        try:
            lines = list(benchmarks[name](options.sizes, options.delay / 1000, progress))
        except BenchmarkBroken as broken:
            screen.print(Text(f"BROKEN: {name}: {broken}", style="bold white on red"))
            return 1
        screen.print(draw(lines))
        measurements += lines
    if options.json:
        options.json.write_text(json.dumps(_report(measurements, options.delay), indent=2) + "\n", encoding="utf-8")
    screen.print(verdict(measurements))
    return int(any(each.excesses for each in measurements))


def _read(arguments: Sequence[str], benchmarks: Mapping[str, Benchmark]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench ARGS=…", description=__doc__)
    names, sizes = ", ".join(benchmarks), "numbers of backups, as 100,1000 (default: each benchmark's own)"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {names}; all, when none is named")
    parser.add_argument("--sizes", type=_sizes, default=(), help=sizes)
    parser.add_argument("--delay", type=float, default=20, help="milliseconds added to each API call (default: 20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - benchmarks.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    return options


def _sizes(text: str) -> Sequence[int]:
    sizes = [int(part) for part in text.split(",")]
    if min(sizes) < 1:
        raise ValueError(text)
    return sizes


def _report(measurements: Sequence[Measurement], delay: float) -> dict[str, object]:
    machine = {"python": platform.python_version(), "system": platform.system(), "cpus": os.cpu_count()}
    return {"machine": machine, "delay_ms": delay, "measurements": [asdict(each) for each in measurements]}


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
