"""How far a benchmark has come: a bar for each step on a terminal, a line for each elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress:
    """Shows steps on a console, one after the other."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        """A step of so many parts; what is yielded is to be told of each few that are done."""
        if not self._console.is_terminal:
            self._console.print(text, highlight=False)
            yield lambda _: None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Bars(*columns, TimeElapsedColumn(), console=self._console, transient=True) as bars:
            task = bars.add_task(text, total=total)
            yield lambda parts: bars.advance(task, parts)
