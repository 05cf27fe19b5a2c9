"""Measurements as tables, which can be pasted into Markdown as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import MARKDOWN
from rich.table import Table
from rich.text import Text

from tests.bench.measurement import Check, Measurement


def draw(measurement: Measurement) -> Table:
    """A row for each line, a column for each label and for each figure that any line has."""
    table = Table(box=MARKDOWN)
    for heading in measurement.headings:
        table.add_column(heading, no_wrap=True)
    names = list(dict.fromkeys(name for line in measurement.lines for name in line.figures))
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for line in measurement.lines:
        table.add_row(*line.labels, *(_text(line.figures[name]) if name in line.figures else "" for name in names))
    return table


def verdict(checks: Iterable[Check]) -> Sequence[Text]:
    """A line for each check; loud where it is over its budget."""
    return [
        Text(f"within its budget: {check}", style="green")
        if check.is_met
        else Text(f"OVER BUDGET: {check}", style="bold white on red")
        for check in checks
    ]


def _text(figure: float | None) -> str:
    """Three digits, or more where there are more before the point."""
    if figure is None:
        return "?"
    if isinstance(figure, int) or abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:#.3g}"
