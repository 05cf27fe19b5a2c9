"""`run`: thirty days of a small fleet in about a minute, with what goes wrong, until the function's own report."""

from __future__ import annotations

import random
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from rich.console import Console

from infra.emulator.block_volume.kinds import BackupKind
from infra.emulator.block_volume.limits import Limits
from infra.emulator.faults.fault import FaultKind
from infra.emulator.server import Emulator
from infra.local.cast import HOME, REGIONS, TERMS, TIMINGS, Source, configuration, create_sources
from infra.local.chronicle import Chronicle
from infra.local.ending import LEGEND, PAGES, ask_for_pages, conclude, draw_backups, find_lacking
from infra.local.film_time import FilmTime
from infra.local.opening import Opening
from infra.local.operator import Backup
from infra.local.scenes import Scene, write_scenes
from infra.local.screen import Screen
from infra.local.stage import FUNC_YAML, Stage, client_folder

DAYS = 30
LIMIT = 240
"""Real seconds after which the film is given up."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST_OPENING = 3 * HOUR
EPILOGUE = DAY
"""Cloud time in which what was begun on the last day has to come to its end."""
FAULT_RATES = {FaultKind.ANSWER: 0.015, FaultKind.CUT: 0.005}
"""Of all requests, besides those to a region that is down."""

INTRODUCTION = """\
[bold]{days} of three sources in us-ashburn-1, with copies in us-phoenix-1 and eu-frankfurt-1.[/]
The function runs as on Fn, and calls OCI's own host names with OCI's SDK; the cloud is emulated.
Only alarms and events invoke it: for what is due, for what is finished, to sweep, prune and report.
One request in fifty meets a fault, on purpose.
{terms}
What happens to the first backup of {first} is told step by step, and then what every day brings.
"""


NOT_OVER, NO_REPORT = "the days were not over", "the report was not written"


class OutOfTime(Exception):  # noqa: N818 - reads as what happened
    """The film has taken longer than it may, whatever it was doing."""


class Film:
    """Puts the sources on the stage and plays so many days of their lives, which end with last midnight.

    The cloud's clock stands while the function works, so that the film is the same on a fast machine and on a slow one.
    """

    def __init__(self, screen: Screen, logs: Path, days: int) -> None:
        self._end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._start = self._end - days * DAY
        self._logs, self._screen, self._time = logs, screen, FilmTime()
        # Whether members tell of themselves is not documented, and that their calls are left to their group is no news.
        limits = Limits(timings=TIMINGS, members_emit_events=False)
        self._emulator = Emulator(
            REGIONS, speed=None, start=self._start - HOUR, limits=limits, directory=client_folder(logs)
        )
        self._chronicle = Chronicle(self._start, self._source_of, screen.tell)
        self._scenes: deque[Scene] = deque()
        self._is_over = False
        self.sources: tuple[Source, ...] = ()
        self.backups: list[Backup] = []
        """What the API showed last."""
        self.lacking = ["the cloud and the function were still coming up"]

    def play(self) -> None:
        """Play it to its end: then nothing is `lacking`, or what could not be brought about."""
        stage = Stage(self._emulator, self._chronicle.take, self._logs, wait=self._wait)
        with self._time, stage, self._until_over():
            topic_id = self._set(stage)
            self._emulator.play(self._start, self._time.set)
            self._screen.show(self._chronicle)
            self.lacking = [NOT_OVER]
            self._chronicle.opening = Opening(self.sources[0])
            self._scenes.extend(write_scenes(stage, self._chronicle, self._start, self._end, topic_id))
            self._pass_time(self._end)
            self._look(stage)
            while self.lacking and self._chronicle.now < self._end + EPILOGUE:
                self._pass_time(self._chronicle.now + HOUR)
                self._look(stage)
            self.lacking += ask_for_pages(stage.fn.invoke_url(stage.function), self._logs)

    @property
    def progress(self) -> str:
        """Which day it is, of how many."""
        return f"day {self._chronicle.day} of {(self._end - self._start) // DAY}"

    def _set(self, stage: Stage) -> str:
        """Create the sources and deploy the function; the topic through which alarms call it."""
        self._time.set(self._start)
        self.sources = self._chronicle.sources = create_sources(stage)
        people = self._chronicle.topic_id = stage.operator.create_topic(HOME, "people")
        environment = self._time.environment(FUNC_YAML.parent)
        stage.deploy(configuration(people), environment=environment, processes=1)
        stage.operator.copy_when_backed_up(HOME, stage.function.id, ("volumegroup", "volume", "bootvolume"))
        topic_id = stage.operator.subscribe(HOME, stage.function.id)
        chance = random.Random(0)  # noqa: S311 - the same in each film
        self._emulator.call(lambda cloud: cloud.faults.draw(chance, FAULT_RATES))
        return topic_id

    def _pass_time(self, until: datetime) -> None:
        while self._scenes and self._scenes[0].at < until:
            scene = self._scenes.popleft()
            self._play(scene.at)
            scene.act()
        self._play(until)

    def _play(self, until: datetime) -> None:
        """Slowly as long as the opening lasts, which is to be followed step by step."""
        opening, minute = self._chronicle.opening, self._chronicle.now
        while opening and not opening.is_over and minute + MINUTE < min(until, self._start + LONGEST_OPENING):
            minute += MINUTE
            self._emulator.play(minute, self._turn)
            self._screen.rest()
        self._emulator.play(until, self._turn)

    @contextmanager
    def _until_over(self) -> Iterator[None]:
        """What time passes in the cloud while all is being stopped is no part of the film."""
        try:
            yield
        finally:
            self._is_over = True

    def _turn(self, now: datetime) -> None:
        if self._is_over:
            return
        self._time.set(now)
        self._chronicle.turn(now)
        self._screen.turn()

    def _wait(self) -> None:
        self._emulator.advance(timedelta(seconds=5))

    def _look(self, stage: Stage) -> None:
        self.backups = [backup for region in REGIONS for backup in stage.operator.backups(region)]
        self.lacking = find_lacking(self.sources, self.backups)

    def _source_of(self, backup_id: str) -> str | None:
        """What a backup is of; the entries of the diary do not say it. To be asked on the cloud's thread."""
        backup = self._emulator.cloud.block_volume.storage.resources.find(backup_id)
        if backup is None or not isinstance(backup.kind, BackupKind):
            return None
        return str(backup.fields[backup.kind.of_field])


def run(console: Console, logs: Path, *, days: int, limit: float, plain: bool) -> int:
    """Show the film; 0 only when all that should be copied is, as the API shows it, and the report was written.

    After `limit` real seconds it is given up.
    """
    width = max(map(len, TERMS))
    terms = "\n".join(f"  {name + ':':{width + 1}} {wanted}" for name, wanted in TERMS.items())
    length = "A day" if days == 1 else f"{days} days"
    introduction = INTRODUCTION.format(days=length, terms=terms, first=next(iter(TERMS)))
    console.print(introduction, highlight=False, soft_wrap=not console.is_terminal)
    for page in PAGES:  # of an earlier film
        (logs / page).unlink(missing_ok=True)
    started = time.monotonic()
    screen = Screen(console, days, plain=plain)
    film = Film(screen, logs, days)
    try:
        with _limited_to(limit), screen:
            film.play()
    except OutOfTime:
        film.lacking = [f"time was up (--limit {limit:g}) on {film.progress}; {'; '.join(film.lacking) or NO_REPORT}"]
    if film.backups:
        console.print("\n[bold]What the API of each region shows now[/]")
        console.print(draw_backups(film.sources, film.backups))
        console.print(LEGEND, style="dim", highlight=False, soft_wrap=not console.is_terminal)
    console.print()
    conclude(console, film.lacking, logs, time.monotonic() - started)
    return 1 if film.lacking else 0


@contextmanager
def _limited_to(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the main thread when time is up, wherever it waits."""

    def stop(_: int, __: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
