"""The film on a screen: how far it is, how each source stands in each region, what happened; or plain lines."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from infra.local.cast import HOME, REGIONS, Source
from infra.local.chronicle import LATEST, Chronicle, number
from infra.local.holdings import Standing
from infra.local.timeline import FUNCTION, Moment, Tone

OTHER_LINES = 14 + LATEST
"""What the view needs besides what happened: the clock, how it stands, how much of everything, and air between them."""
LANE = max(map(len, (FUNCTION, *REGIONS)))
REST = 0.08
"""Real seconds."""
DAY = timedelta(days=1)
LEGEND = "orphans: copies that are kept although their backup is deleted; on the way: being made"


class Screen:
    """Shows a film of so many days; where the console is no terminal, or `plain` is asked for, as lines.

    It is what a chronicle tells: `tell` takes its moments, and `turn` is called whenever its clock has moved.
    """

    def __init__(self, console: Console, days: int, *, plain: bool) -> None:
        self._console, self._days = console, days
        self._chronicle: Chronicle | None = None
        self._started = time.monotonic()
        self._told: Counter[str] = Counter()
        self._live: Live | None = None
        if console.is_terminal and not plain:
            self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=5, transient=True)

    def show(self, chronicle: Chronicle) -> None:
        """Show this one from now on."""
        self._chronicle = chronicle
        self._next_day = chronicle.start + DAY

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave standing what happened, all of it."""
        if self._live:
            self._live.stop()
            if self._chronicle:
                self._console.print(_draw_moments(self._chronicle, self._chronicle.moments))
        if self._chronicle:
            self._print(f"in all: {_count(self._chronicle.counts)}", Tone.DIM)

    def tell(self, moment: Moment) -> None:
        """Something happened."""
        if not self._live and self._chronicle:
            when = _when(self._chronicle, moment)
            self._print(f"{when}  {_lane(moment)}{moment.text}", moment.tone)
            if moment.detail:
                self._print(f"{'':{len(when)}}  {moment.detail}", Tone.PLAIN)

    def turn(self) -> None:
        """Time has passed: at the end of a day a line says what it brought."""
        chronicle = self._chronicle
        if self._live or chronicle is None or chronicle.now < self._next_day or chronicle.day > self._days + 1:
            return
        day = (self._next_day - chronicle.start) // DAY
        new = Counter(chronicle.counts)
        new.subtract(self._told)
        self._told, self._next_day = Counter(chronicle.counts), self._next_day + DAY
        self._print(f"day {day:2} of {self._days}  on this day: {_count(new)}", Tone.DIM)

    def rest(self) -> None:
        """Give people time to see what has been told."""
        if self._live:
            time.sleep(REST)

    def _print(self, line: str, tone: Tone) -> None:
        self._console.print(line, style=str(tone), highlight=False, soft_wrap=True, markup=False)

    def _draw(self) -> RenderableType:
        passed = f"{time.monotonic() - self._started:.0f} s"
        chronicle = self._chronicle
        if chronicle is None or not chronicle.sources:
            return Text(f"The cloud and the function are coming up, {passed}", style="dim")
        room = max(3, self._console.height - OTHER_LINES - len(chronicle.sources))
        moments = chronicle.moments[-room:]
        while len(moments) > 1 and len(self._console.render_lines(_draw_moments(chronicle, moments))) > room:
            moments = moments[1:]
        return Group(
            self._draw_clock(chronicle, passed),
            "",
            draw_standings(chronicle),
            Text(LEGEND, style="dim"),
            "",
            _draw_moments(chronicle, chronicle.latest.copy()),
            "",
            _draw_moments(chronicle, moments),
            "",
            Text(f"so far: {_count(chronicle.counts)}", style="dim"),
        )

    def _draw_clock(self, chronicle: Chronicle, passed: str) -> Table:
        share = min(1.0, (chronicle.now - chronicle.start) / (self._days * DAY))
        table = Table.grid(expand=True, padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(no_wrap=True)
        bar = ProgressBar(total=1.0, completed=share, complete_style="cyan")
        day = min(chronicle.day, self._days)
        table.add_row(f"[bold]day {day:2} of {self._days}[/]", bar, f"{chronicle.now:%a %d %b %H:%M}  {passed}")
        return table


def draw_standings(chronicle: Chronicle) -> Table:
    """A line for each source, a column for each region."""
    table = Table(expand=True, box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True, min_width=14)
    for region in REGIONS:
        is_down = region in chronicle.down
        table.add_column(f"{region} DOWN" if is_down else region, ratio=1, header_style="bold red" if is_down else "")
    for source in chronicle.sources:
        cells = [_draw_standing(chronicle, source, region) for region in REGIONS]
        table.add_row(Text.assemble(source.name, "\n", (source.what, "dim")), *cells)
    return table


def _draw_standing(chronicle: Chronicle, source: Source, region: str) -> Text:
    if region not in (HOME, *source.destinations):
        return Text("no copies wanted", style="dim")
    standing = chronicle.standing(source, region)
    if region == HOME:
        first = Text(number(standing.good, "backup"))
        age = "" if standing.newest is None else f"newest {_age(chronicle.now - standing.newest)} ago"
        return Text.assemble(first, "\n", (age, "dim"))
    first = Text(f"{standing.good} of {standing.wanted} copied", style="green" if standing.is_complete else "yellow")
    return Text.assemble(first, "\n", (_rest(standing), "dim"))


def _rest(standing: Standing) -> str:
    orphans = number(standing.orphans, "orphan") if standing.orphans else ""
    parts = {"on the way": standing.under_way, "FAULTY": standing.faulty}
    return ", ".join(filter(None, (orphans, *(f"{count} {name}" for name, count in parts.items() if count))))


def _draw_moments(chronicle: Chronicle, moments: Iterable[Moment]) -> Table:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(ratio=1, overflow="fold")
    for moment in moments:
        text = Text(_lane(moment) + moment.text, style=str(moment.tone))
        table.add_row(_when(chronicle, moment), text.append(f"\n{moment.detail}" if moment.detail else "", "default"))
    return table


def _when(chronicle: Chronicle, moment: Moment) -> str:
    return f"day {(moment.time - chronicle.start) // DAY + 1:2}  {moment.time:%d %b %H:%M}"


def _lane(moment: Moment) -> str:
    return f"{moment.lane:{LANE}}  " if moment.lane else ""


def _count(counts: Mapping[str, int]) -> str:
    """How much there was of everything, in the order in which it comes about."""
    said = [
        f"{number(counts['backups'], 'backup')} made, {number(counts['copies'], 'copy')} arrived",
        f"{counts['deleted']} deleted",
        number(counts["messages"], "message"),
        number(counts["calls"], "call") + (f" ({counts['troubled']} could not do all)" if counts["troubled"] else ""),
        number(counts["requests"], "request") + (f", {counts['faults']} met a fault" if counts["faults"] else ""),
    ]
    return " · ".join(said)


def _age(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
