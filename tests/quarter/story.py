"""What happens in a seed, hour by hour: the schedules, the people, the trouble, and the calm days at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count

from tests.fakes import HOME
from tests.quarter import deletions, ending
from tests.quarter.breaches import Watch
from tests.quarter.conduct import ENOUGH, LITTLE, Told, invoke
from tests.quarter.deeds import DEEDS, correct_tags, tidy
from tests.quarter.setting import DESTINATIONS, World
from tests.quarter.trouble import Outage

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
AGAIN = 4 * HOUR
REFUSABLE = ("copy", "update", "delete", "create", "list_backups", "notices.publish", "notices.tags",
             "notices.replace_tags", "metrics.publish")  # fmt: skip

HIDING = ("list_sources", "list_backups")


class Story:
    """Everything that is still to happen, the earliest first."""

    def __init__(self, world: World) -> None:
        self.world, self.watch, self.loose = world, Watch(world, world.tick), ending.Loose(world)
        self._numbers, self._is_held, self._is_followed = count(), False, False
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []
        self.calm = world.end - world.size.calm

    def tell(self) -> None:
        """From the first day to the last, and what must hold then."""
        deletions.watch(self.world)
        self._plan()
        while self._due:
            moment, _, happens = heappop(self._due)
            self.world.cloud.clock.advance(max(timedelta(), moment - self.world.now))
            self.world.cloud.pass_time()
            happens()
        self.watch.end()
        self.loose.check(DAY)
        ending.check(self.world)

    def _plan(self) -> None:
        world, random = self.world, self.world.random
        world.cloud.trouble.outages = list(_outages(world, self.calm))
        for outage in world.cloud.trouble.outages:
            world.note(f"trouble: {outage}")
        ticks = int((world.end - world.start) / world.tick)
        for number in range(ticks):
            begun = world.start + number * world.tick
            self._at(
                begun + timedelta(minutes=1),
                lambda: self._tick(lambda: invoke(world, "CreateDueBackups", self._lasts())),
            )
            self._at(begun + HOUR, lambda: self._tick(self._sweep))
        for day in range(world.size.days):
            begun = world.start + day * DAY
            self._at(begun + 3 * HOUR, lambda: self._tick(self._prune))
            self._at(begun + 13 * HOUR, lambda: self._tick(lambda: self._report("ReportCopies")))
            self._at(begun + 9 * HOUR, lambda: tidy(world))
            for rate, deed in DEEDS:
                if random.random() < rate and begun + DAY < self.calm:
                    self._at(begun + DAY * random.random(), partial(deed, world))
        self._at(self.calm, self._calm_down)
        heapify(self._due)

    def _at(self, moment: datetime, happens: Callable[[], object]) -> None:
        heappush(self._due, (moment, next(self._numbers), happens))

    def _tick(self, happens: Callable[[], object]) -> None:
        """A tick of a schedule: one in a while is lost, or comes twice."""
        chance = 0.5 if self._is_calm else self.world.random.random()
        for _ in range(0 if chance < 0.02 else 2 if chance > 0.98 else 1):
            happens()

    @property
    def _is_calm(self) -> bool:
        return self.world.now >= self.calm

    def _lasts(self) -> timedelta:
        """How long the caller waits: now and then not for long."""
        return LITTLE if not self._is_calm and self.world.random.random() < 0.02 else ENOUGH

    def _report(self, operation: str) -> Told:
        self.watch.look()
        told = invoke(self.world, operation, self._lasts())
        self.watch.after(told)
        return told

    def _sweep(self) -> None:
        """Schedules sweep every few minutes: here those sweeps are left out that would find nothing to do."""
        if self._report("Sweep").may_miss_work and not self._is_followed and self.world.now + AGAIN < self.world.end:
            self._is_followed = True
            self._at(self.world.now + AGAIN, self._follow)

    def _follow(self) -> None:
        self._is_followed = False
        self._sweep()

    def _prune(self) -> None:
        """What was held for the limits goes on when an operator has looked at it, and raised them for once."""
        if self._is_calm:
            self.loose.look()
        keys = {"MAX_DELETE_PERCENT": "100", "MAX_DELETES": "10000"} if self._is_held or self._is_calm else {}
        told = invoke(self.world, "PruneCopies", self._lasts(), **keys)
        self._is_held = any("more than MAX_DELETE" in (each.message or "") for each in told.report.results)

    def _calm_down(self) -> None:
        """Nothing goes wrong any more, and people put right what they have been told of."""
        cloud = self.world.cloud
        cloud.trouble.end(self.world.now)
        cloud.faulty_rate = cloud.slow_rate = 0.0
        tidy(self.world, at_once=True)
        correct_tags(self.world)
        self._at(self.world.now + DAY + HOUR, lambda: tidy(self.world, at_once=True))


def _outages(world: World, calm: datetime) -> Iterator[Outage]:
    """A destination is dark once or twice; lists at home fail for days, permissions are missing, nobody can be told."""
    random, last = world.random, (calm - world.start) / DAY

    def span(longest: float) -> tuple[datetime, datetime]:
        begin = world.start + DAY * random.uniform(1, last)
        return begin, min(calm, begin + DAY * random.uniform(0.5, longest))

    for _ in range(random.choice((1, 1, 2))):
        region = random.choice(DESTINATIONS)
        yield Outage(f"{region} is dark", *span(4), region, is_silent=True)
    for method in random.sample(HIDING, random.choice((0, 0, 0, 1, 2))):
        yield Outage(f"{method} at home fails", *span(4), HOME, frozenset({method}), may_pass=True)
    for method in random.sample(REFUSABLE, random.choice((0, 1, 2))):
        where = {"update": (HOME, *DESTINATIONS), "delete": (HOME, *DESTINATIONS), "list_backups": DESTINATIONS}
        region_or_any = random.choice(where.get(method, (None,)))
        yield Outage(f"{method} is not allowed", *span(4), region_or_any, frozenset({method}))
