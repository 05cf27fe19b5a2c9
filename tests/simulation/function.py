"""The deployed function: containers that serve one call at a time, each with the real handlers in it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from handlers import router
from handlers.cloud import clients
from handlers.cloud.request import Service
from handlers.core.errors import Rejected
from handlers.core.model import Deadline
from handlers.core.payloads import identify, interpret
from handlers.core.report import Report, Trigger
from handlers.services import Services
from tests.simulation.invocation import End, Fate, Invocation
from tests.simulation.ledger import Ledger
from tests.simulation.network import Network, Transport
from tests.simulation.scheduler import Scheduler, Task, VirtualClock
from tests.simulation.workers import TakingTurns

START = (0.01, 1.5)
"""Seconds from a call to its first step: some find a container that is warm."""

UNDISTURBED = Fate()
Ended = Callable[[int | None], None]
"""Takes the HTTP status of the answer; `None` where there was none."""


class FunctionClock:
    """The port `Clock`."""

    def __init__(self, clock: VirtualClock, scheduler: Scheduler) -> None:
        self._clock, self._scheduler = clock, scheduler

    def now(self) -> datetime:
        return self._clock.now()

    def sleep(self, duration: timedelta) -> None:
        self._scheduler.sleep(duration.total_seconds())


class Container:
    """A process of the function."""

    def __init__(
        self, environment: Mapping[str, str], scheduler: Scheduler, network: Network, chance: random.Random
    ) -> None:
        self._network, self._workers = network, TakingTurns(scheduler)
        self.clock = FunctionClock(scheduler.clock, scheduler)
        self.services = Services(
            environment, self.clock, workers=self._workers, connect=self._connect, draw=chance.random
        )

    def serve(self, invocation: Invocation) -> Report:
        """What `func.py` does with a call, but for logs and bytes."""
        trigger = Trigger.OPERATION
        try:
            trigger, content = identify(invocation.payload)
            payload = interpret(trigger, content)
            return router.dispatch(payload, self.services.call(invocation.deadline, payload.occurrence))
        except Rejected as rejected:
            return Report(trigger, problems=rejected.problems)

    def kill(self) -> None:
        """End what is left of a call in its threads."""
        for task in self._workers.tasks:
            task.kill()

    def _connect(self, service: Service, region: str, signer: Any) -> Any:
        client = clients.connect(service, region, signer)
        client.session.trust_env = False
        client.session.mount("https://", Transport(self._network))
        return client


class Function:
    """Takes any number of calls at once."""

    def __init__(
        self,
        environment: Mapping[str, str],
        scheduler: Scheduler,
        network: Network,
        chance: random.Random,
        ledger: Ledger,
    ) -> None:
        self._network = network
        self._scheduler, self._chance, self._ledger = scheduler, chance, ledger
        self._numbers = itertools.count(1)
        self.configure(environment)

    def configure(self, environment: Mapping[str, str]) -> None:
        """Have all calls that begin from now on see this configuration."""
        self._build = partial(Container, environment, self._scheduler, self._network, self._chance)
        self._idle: list[Container] = []

    def invoke(
        self,
        payload: bytes,
        why: str,
        fate: Fate = UNDISTURBED,
        *,
        calm: bool = False,
        ended: Ended | None = None,
        operations: frozenset[str] = frozenset(),
    ) -> Invocation:
        """Begin a call; what becomes of it shows as time passes."""
        now, container = self._scheduler.clock.now, self._idle.pop() if self._idle else self._build()

        def run() -> None:
            self._run(container, invocation, ended)

        def stop(end: End) -> None:
            self._stop(task, container, invocation, end, ended)

        invocation = Invocation(
            next(self._numbers),
            why,
            payload,
            now(),
            Deadline(now() + fate.timeout),
            now,
            fate,
            partial(self._scheduler.soon, partial(stop, End.KILLED)),
            calm,
            operations,
        )
        self._ledger.began(invocation)
        task = self._scheduler.spawn(run, invocation, after=self._chance.uniform(*START))
        self._scheduler.after(fate.timeout.total_seconds(), partial(stop, End.OVERRAN))
        if fate.killed_after is not None:
            self._scheduler.after(fate.killed_after.total_seconds(), partial(stop, End.KILLED))
        return invocation

    def _run(self, container: Container, invocation: Invocation, ended: Ended | None) -> None:
        status = 502
        try:
            invocation.report = container.serve(invocation)
        except Exception as error:  # noqa: BLE001 - func.py answers 502 whatever it is; here it is a finding
            self._ledger.violation("crashed", f"{invocation.why} #{invocation.number}: {error!r}")
            self._end(invocation, End.CRASHED)
        else:
            status = 502 if invocation.report.may_pass else 200
            self._end(invocation, End.ANSWERED)
        self._idle.append(container)
        if ended:
            ended(status)

    def _stop(self, task: Task, container: Container, invocation: Invocation, end: End, ended: Ended | None) -> None:
        if invocation.end is not None:
            return
        self._end(invocation, end)
        task.kill()
        container.kill()
        if ended:
            ended(None)

    def _end(self, invocation: Invocation, end: End) -> None:
        invocation.end = end
        self._ledger.ended(invocation)
