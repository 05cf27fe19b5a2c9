"""The simulation's command line: `make simulate SEEDS=1000`, or `make simulate SEED=7` to see one seed again."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.simulation.figures import Figures
from tests.simulation.run import Outcome, simulate, simulate_all

SHOWN = 20
"""Failing seeds that are told of one by one."""


def main(arguments: Sequence[str]) -> int:
    """Simulate as told; exit status 1 where a promise was not kept."""
    options = _read(arguments)
    console = Console(highlight=False)
    if options.seed is not None:
        return _replay(options.seed, console)
    started = time.monotonic()
    figures, failed = _simulate(range(options.first, options.first + options.seeds), console)
    console.print(_draw(figures, time.monotonic() - started))
    for outcome in sorted(failed, key=lambda each: each.seed)[:SHOWN]:
        console.print(f"[bold red]seed {outcome.seed}[/]: make simulate SEED={outcome.seed}")
        for violation in outcome.violations[:3]:
            console.print(f"  {violation.promise}: {violation.what}", markup=False, soft_wrap=True)
    if len(failed) > SHOWN:
        console.print(f"and {len(failed) - SHOWN} more seeds")
    return int(bool(failed))


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make simulate SEEDS=…", description=__doc__)
    parser.add_argument(
        "seeds", nargs="?", type=_at_least_one, default=1000, metavar="SEEDS", help="how many (default: 1000)"
    )
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first of them (default: 0)")
    parser.add_argument("--seed", type=int, help="only this one, with everything that happens")
    return parser.parse_args(arguments)


def _at_least_one(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} seeds are none: 1 or more")
    return int(text)


def _replay(seed: int, console: Console) -> int:
    outcome = simulate(seed, aloud=True)
    for line in outcome.trace:
        style = "bold red" if "VIOLATION" in line else None
        console.print(line, style=style, markup=False, soft_wrap=True)
    console.print(f"seed {seed}: {len(outcome.violations)} violations in {len(outcome.trace)} lines")
    return int(bool(outcome.violations))


def _simulate(seeds: Sequence[int], console: Console) -> tuple[Figures, list[Outcome]]:
    figures, failed = Figures(), list[Outcome]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        bar = progress.add_task("seeds", total=len(seeds))
        for outcome in simulate_all(seeds):
            figures.add(outcome.figures)
            if outcome.violations:
                failed.append(outcome)
                progress.update(bar, description=f"seeds, [red]{len(failed)} failed[/]")
            progress.advance(bar)
    return figures, failed


def _draw(figures: Figures, seconds: float) -> Table:
    table = Table(title="Simulation", title_justify="left", box=SIMPLE_HEAD, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = {
        "seeds": f"{figures.seeds:,}",
        "simulated days": f"{figures.days:,.0f}",
        "calls of the function": f"{figures.invocations:,}",
        "API calls": f"{figures.api_calls:,}",
        "backups": f"{figures.backups:,}",
        "  made because they were due": f"{figures.due:,}",
        "copies that arrived": f"{figures.copies:,}",
        "marked to be deleted": f"{figures.marks:,}",
        "deleted": f"{figures.deletions:,}",
        "messages to people": f"{figures.messages:,}",
        "points of metrics": f"{figures.points:,}",
        "real time": f"{seconds:,.0f} s",
    }
    for name, figure in rows.items():
        table.add_row(name, figure)
    table.add_section()
    for kind, count in figures.faults.most_common():
        table.add_row(f"fault: {kind.replace('_', ' ')}", f"{count:,}")
    table.add_section()
    style = "bold red" if figures.violations else "green"
    table.add_row("violations", f"{figures.violations:,}", style=style)
    return table


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
