"""Whose turn it is: tasks that take turns in virtual time, in an order that a seed has drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

from infra.emulator.clock import Clock

T = TypeVar("T")
Action = Callable[[], object]


class VirtualClock(Clock):
    """The cloud's clock, which only the scheduler moves."""

    def __init__(self, start: datetime) -> None:
        super().__init__(None, start)

    @property
    def next_due(self) -> datetime | None:
        """When something happens next, if nothing else is done."""
        return self._due[0][0] if self._due else None


class Task(greenlet):
    """Something that goes on until it waits, and then goes on where it was. `owner` is on whose behalf."""

    def __init__(self, run: Callable[[], None], owner: object, home: greenlet) -> None:
        super().__init__(run, home)
        self.owner = owner

    def kill(self) -> None:
        """End it where it waits, or before it has begun."""
        if not self.dead:
            self.throw(GreenletExit)


class Scheduler:
    """Runs one task at a time; when several could go on at one moment, chance says which does.

    Belongs to the greenlet that made it: there `run` is called, and there all actions run.
    """

    def __init__(self, clock: VirtualClock, chance: random.Random) -> None:
        self.clock, self._chance = clock, chance
        self._ready: list[Action] = []
        self._home = getcurrent()

    def soon(self, action: Action) -> None:
        """Do this at this moment, after what is being done."""
        self._ready.append(action)

    def after(self, seconds: float, action: Action) -> None:
        """Do this when so many seconds have passed."""
        # The cloud brings itself up to date in the middle of a request: nothing of ours may happen there.
        self.clock.after(timedelta(seconds=seconds), partial(self.soon, action))

    def spawn(self, run: Callable[[], None], owner: object, *, after: float = 0.0) -> Task:
        """A task that begins when so many seconds have passed."""
        task = Task(run, owner, self._home)
        self.after(after, task.switch)
        return task

    def sleep(self, seconds: float) -> None:
        """Let the task that calls this go on only after so many seconds."""
        pause = Promise[None](self)
        self.after(seconds, partial(pause.keep, None))
        pause.wait()

    def give_way(self) -> None:
        """Leave the task that calls this: it goes on when somebody switches to it."""
        self._home.switch()

    def run(self, step: timedelta) -> None:
        """Let virtual time pass, with all that happens in it."""
        end = self.clock.now() + step
        self._settle()
        while (due := self.clock.next_due) and due <= end:
            self.clock.advance(max(timedelta(), due - self.clock.now()))
            self._settle()
        self.clock.advance(end - self.clock.now())

    def _settle(self) -> None:
        while self._ready:
            self._ready.pop(self._chance.randrange(len(self._ready)) if len(self._ready) > 1 else 0)()


class Promise(Generic[T]):
    """What the task that makes it waits for, once. The first value that it is kept with is the one that counts."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._task = scheduler, getcurrent()
        self._values: list[T] = []

    def keep(self, value: T) -> None:
        """Let the task go on with this value."""
        if not self._values:
            self._values.append(value)
            self._scheduler.soon(self._task.switch)

    def wait(self) -> T:
        """The value, once there is one."""
        self._scheduler.give_way()
        return self._values[0]
