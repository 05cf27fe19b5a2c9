"""The port `Workers` over tasks: what threads are to the deployed function."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

from greenlet import getcurrent

from handlers.threads import AT_ONCE
from tests.simulation.scheduler import Promise, Scheduler, Task

T = TypeVar("T")
R = TypeVar("R")


class Owner(Protocol):
    """On whose behalf work is done."""

    def patience(self) -> float:
        """How many seconds there are left for it."""
        ...


class TakingTurns:
    """As `handlers.threads.Threads`: what has not begun in time never does, what has begun goes on unheard.

    `tasks` are those that have begun: a process that is killed takes them with it.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.tasks: list[Task] = []
        self._scheduler = scheduler

    def __call__(self, work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
        task = getcurrent()
        assert isinstance(task, Task)
        owner: Owner = task.owner  # type: ignore[assignment] # whoever calls the function owns its tasks
        if owner.patience() <= 0 or not items:
            return [None] * len(items)
        if len(items) == 1:
            return [work(items[0])]
        self.tasks = [each for each in self.tasks if not each.dead]
        batch = _Batch(work, items, Promise(self._scheduler))
        for _ in range(min(AT_ONCE, len(items))):
            self.tasks.append(self._scheduler.spawn(batch.run, owner))
        self._scheduler.after(owner.patience(), partial(batch.end.keep, None))
        return batch.results()


class _Batch(Generic[T, R]):
    """Pieces of work that some tasks share among them."""

    def __init__(self, work: Callable[[T], R], items: Sequence[T], end: Promise[None]) -> None:
        self.end = end
        self._work, self._open = work, deque(enumerate(items))
        self._results: list[R | None] = [None] * len(items)
        self._errors: dict[int, Exception] = {}
        self._left = len(items)

    def run(self) -> None:
        while self._open:
            index, item = self._open.popleft()
            try:
                self._results[index] = self._work(item)
            except Exception as error:  # noqa: BLE001 - it is raised to whoever asked for the work
                self._errors[index] = error
            self._left -= 1
        if not self._left:
            self.end.keep(None)

    def results(self) -> list[R | None]:
        self.end.wait()
        self._open.clear()
        if self._errors:
            raise self._errors[min(self._errors)]
        return list(self._results)
