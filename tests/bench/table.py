"""Measurements as tables: the figures, and what each has become of the smallest size's."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tests.bench.measurement import Measurement

FIGURES = ("backups", "cold\ns", "warm\ns", "ms per\nbackup", "", "API\ncalls", "", "peak\nMB", "")


def draw(measurements: Sequence[Measurement]) -> Table:
    """The lines of one benchmark; beside a figure stands how many times that of the smallest size it is."""
    table = Table(title=measurements[0].benchmark, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for name in FIGURES:
        table.add_column(name, justify="right", style="" if name else "dim", no_wrap=True)
    for case in dict.fromkeys(each.case for each in measurements):
        of_case = [each for each in measurements if each.case == case]
        smallest = min(of_case, key=lambda each: each.backups)
        for each in of_case:
            table.add_row(*_cells(each, smallest), style="bold red" if each.excesses else "")
        table.add_section()
    return table


def verdict(measurements: Sequence[Measurement]) -> Text:
    """Whether everything is within its budget; loud where it is not."""
    over = [
        f"OVER BUDGET: {each.benchmark}, {each.case}, {each.backups:,} backups: {' and '.join(each.excesses)}"
        for each in measurements
        if each.excesses
    ]
    if over:
        return Text("\n".join(over), style="bold white on red")
    return Text("\n".join(dict.fromkeys(_within(each) for each in measurements if each.budget)), style="green")


def _within(each: Measurement) -> str:
    budget = each.budget
    return f"{each.benchmark}, {each.case}: within {budget.seconds:g} s and {budget.megabytes:g} MB" if budget else ""


def _cells(each: Measurement, smallest: Measurement) -> Sequence[str]:
    peak, least = each.peak_megabytes, smallest.peak_megabytes
    return (
        each.case,
        f"{each.backups:,}",
        f"{each.cold_seconds:.2f}",
        f"{each.warm_seconds:.2f}",
        f"{_per_backup(each):.2f}",
        _factor(_per_backup(each), _per_backup(smallest)),
        f"{each.call_count:,}",
        _factor(each.call_count, smallest.call_count),
        f"{peak:.0f}" if peak else "?",
        _factor(peak, least) if peak and least else "",
    )


def _per_backup(each: Measurement) -> float:
    return each.warm_seconds * 1000 / each.backups


def _factor(figure: float, smallest: float) -> str:
    return f"x {figure / smallest:.2g}" if smallest else ""
