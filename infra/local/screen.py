"""The live view: a lane for each region and one for the function, and what is under way; or plain lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from infra.local.timeline import FUNCTION, Moment, Task, Timeline

OTHER_LINES = 6
"""What the view needs besides its lanes: the clock, what is under way, and air between them."""


class Screen:
    """Shows entries of the cloud's diary and of the Fn server as they come, from any thread.

    Where the console is no terminal, or `plain` is asked for, each moment is a line and nothing moves.
    `speed` is that of the cloud's clock.
    """

    def __init__(self, console: Console, home: str, destination: str, *, speed: float, plain: bool) -> None:
        self._console = console
        self._lanes = (home, FUNCTION, destination)
        self._speed = speed
        self._timeline = Timeline(home)
        self._lock = threading.Lock()
        self._seen: tuple[datetime, float] | None = None
        self._started = time.monotonic()
        self._live: Live | None = None
        if console.is_terminal and not plain:
            self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=10, transient=True)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the lanes standing, all of them."""
        if self._live:
            self._live.stop()
            if self._timeline.moments:
                self._console.print(self._draw_lanes(self._timeline.moments))

    def show(self, entry: Mapping[str, Any]) -> None:
        """Take one entry; those that a person would not miss are not shown."""
        with self._lock:
            moment = self._timeline.take(entry)
            self._seen = datetime.fromisoformat(entry["time"]), time.monotonic()
        if moment and not self._live:
            line = f"{moment.time:%H:%M:%S}  {moment.lane:<14}  {moment.text}"
            self._console.print(line, style=str(moment.tone), highlight=False, soft_wrap=True)

    def _draw(self) -> RenderableType:
        with self._lock:
            moments, tasks, seen = self._timeline.moments[:], list(self._timeline.tasks.values()), self._seen
        now = seen[0] + timedelta(seconds=(time.monotonic() - seen[1]) * self._speed) if seen else datetime.now(UTC)
        room = max(6, self._console.height - OTHER_LINES - len(tasks))
        lanes = self._draw_lanes(moments)
        while moments and len(self._console.render_lines(lanes)) > room:
            moments = moments[1:]
            lanes = self._draw_lanes(moments)
        passed = time.monotonic() - self._started
        clock = Text(f"cloud time {now:%H:%M:%S}, {self._speed:g} times as fast as yours, {passed:.0f} s", style="dim")
        return Group(lanes, "", *(_draw_task(task, now) for task in tasks), clock)

    def _draw_lanes(self, moments: Iterable[Moment]) -> Table:
        table = Table(expand=True, box=None, padding=(0, 1, 0, 0), header_style="bold")
        table.add_column("", width=8, style="dim")
        for lane in self._lanes:
            table.add_column(lane, ratio=1, overflow="fold")
        for moment in moments:
            cells = [Text(moment.text, style=str(moment.tone)) if lane == moment.lane else "" for lane in self._lanes]
            table.add_row(f"{moment.time:%H:%M:%S}", *cells)
        return table


def _draw_task(task: Task, now: datetime) -> Table:
    table = Table.grid(expand=True, padding=(0, 1, 0, 0))
    table.add_column(width=8)
    table.add_column(width=32, no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(width=16, no_wrap=True)
    bar = ProgressBar(total=1.0, completed=task.share_done(now), complete_style="cyan")
    table.add_row("", f"{task.label} in {task.region}", bar, task.state)
    return table
