"""The command line: `make quarter SEEDS=1000`, or `make quarter SEED=7` to see one seed again."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.quarter.run import Outcome, run, run_all

SHOWN = 3
"""Violations that are told of one seed."""


def main(arguments: Sequence[str]) -> int:
    """Run as told; exit status 1 where anything was against the rules."""
    parser = argparse.ArgumentParser("make quarter SEEDS=…", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first of them (default: 0)")
    parser.add_argument("--seed", type=int, help="only this one, with everything that happens")
    options = parser.parse_args(arguments)
    console, started = Console(highlight=False, soft_wrap=True), time.monotonic()
    if options.seed is not None:
        total = run(options.seed, aloud=True)
        for line in total.trace:
            console.print(line, style="bold red" if "VIOLATION" in line else None, markup=False)
    else:
        total = _run_all(range(options.first, options.first + options.seeds), console)
    for name, figure in total.figures.items():
        console.print(f"{name:24}{figure:>14,}", markup=False)
    console.print(f"{'real time':24}{time.monotonic() - started:>12,.0f} s", markup=False)
    return int(bool(total.violations))


def _run_all(seeds: Sequence[int], console: Console) -> Outcome:
    """What came of all of them; each that failed is told of at once."""
    total = Outcome()
    columns = (TextColumn("seeds"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("seeds", total=len(seeds))
        for done, outcome in enumerate(run_all(seeds), 1):
            total.add(outcome)
            progress.advance(bar)
            for seed, violations in outcome.violations.items():
                console.print(f"seed {seed}: {len(violations)} violations: make quarter SEED={seed}", markup=False)
                for each in violations[:SHOWN]:
                    console.print(f"  {each}", markup=False)
            if not console.is_terminal and done % 25 == 0:
                console.print(f"{done} of {len(seeds)} seeds, {len(total.violations)} failed", markup=False)
    return total


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
