"""The cloud's own time: real, at raised speed, or moved by hand, and what is due at which moment."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Action = Callable[[], None]


class Clock:
    """Cloud time and the actions that wait for it.

    `speed` is cloud seconds per real second; `None` stops the clock, which then moves only by `advance`.
    While an action runs, `now()` is never before the moment it was due. Not safe to share between threads:
    everything in the emulator happens on one event loop.
    """

    def __init__(
        self,
        speed: float | None = 1.0,
        start: datetime | None = None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.speed = speed
        self._wall = wall
        self._wall_start = wall()
        self._start = start or self._wall_start
        self._moved = timedelta()
        self._due: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """Cloud time, timezone-aware UTC."""
        passed = (self._wall() - self._wall_start) * self.speed if self.speed else timedelta()
        return self._start + passed + self._moved

    def at(self, when: datetime, action: Action) -> None:
        """Run `action` once `when` has come; actions due at the same moment run in the order they were given."""
        heapq.heappush(self._due, (when, next(self._order), action))

    def after(self, delay: timedelta, action: Action) -> None:
        """Run `action` when `delay` of cloud time has passed."""
        self.at(self.now() + delay, action)

    @property
    def next_due(self) -> datetime | None:
        """When the next action is due; `None` when nothing waits."""
        return self._due[0][0] if self._due else None

    def run_due(self) -> None:
        """Run every action whose moment has come, also those that the actions themselves add."""
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()

    def seconds_to_next(self) -> float | None:
        """Real seconds until the next action is due; `None` when nothing waits or the clock stands."""
        if not self._due or not self.speed:
            return None
        return max(0.0, (self._due[0][0] - self.now()).total_seconds() / self.speed)

    def advance(self, step: timedelta) -> None:
        """Move cloud time on by `step`, stopping at each moment at which something is due."""
        end = self.now() + step
        while self._due and self._due[0][0] <= end:
            self._moved += max(timedelta(), self._due[0][0] - self.now())
            self.run_due()
        self._moved += max(timedelta(), end - self.now())
