"""The collaborators of one container, built from its environment. The only module that names the concrete adapters."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from handlers.core.errors import Problem, Rejected
from handlers.core.model import Deadline
from handlers.core.ports import Backups, Call, Clock, Regions, Workers
from handlers.core.settings import Settings
from handlers.threads import Threads

if TYPE_CHECKING:
    from handlers.cloud.clients import Clients
    from handlers.cloud.signer import ResourcePrincipalSigner

    Connect = Callable[[str, ResourcePrincipalSigner], Any]


class SystemClock:
    """The real time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        time.sleep(duration.total_seconds())


class Services:
    """Settings, clock, and clients of the cloud. Clients are built when a region is first asked for, then kept.

    A container has one for its life; each call gets a `Call` of its own, so that a thread left over from an earlier
    call has that call's time and not the next one's. Safe to share between threads.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        clock: Clock | None = None,
        *,
        workers: Workers | None = None,
        connect: Connect | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Read the whole configuration; raises `Rejected`, naming the keys, when any of it is malformed.

        `connect` builds the SDK's client for a region, `draw` is the chance in the pauses between attempts.
        """
        self.settings = Settings.read(environment)
        self.clock = clock or SystemClock()
        self._environment, self._workers, self._connect, self._draw = environment, workers, connect, draw
        self._lock = Lock()
        self._clients: dict[str, Clients] = {}
        self._signer: ResourcePrincipalSigner | None = None

    def call(self, deadline: Deadline, occurrence: str) -> Call:
        """What the handlers get for one invocation."""
        patience = partial(self._seconds_until, deadline)
        workers = self._workers or Threads(patience)
        regions = self.regions(patience)
        return Call(self.settings, regions, self.clock, workers, deadline, occurrence, self.own_compartment)

    def regions(self, patience: Callable[[], float]) -> Regions:
        """The regions, for a call that has so many seconds from now on.

        Asking for one raises `Rejected` when the function has no identity to call with.
        """
        return cache(partial(self._backups, patience))

    def own_compartment(self) -> str:
        """The compartment that the function's own token names; raises `Rejected` where it names none."""
        with self._lock:
            compartment_id = self._identity().compartment_id
        if not compartment_id:
            raise Rejected(Problem("COMPARTMENT_IDS", "must be set: the function's token names no compartment"))
        return str(compartment_id)

    def _backups(self, patience: Callable[[], float], region: str) -> Backups:
        """The SDK is half of a cold start: what is rejected or ignored is answered without it."""
        from handlers.cloud.backups import RegionBackups  # noqa: PLC0415
        from handlers.cloud.retry import Retry  # noqa: PLC0415

        return RegionBackups(region, self._clients_of(region), Retry(patience, self.clock.sleep, self._draw))

    def _clients_of(self, region: str) -> Clients:
        from handlers.cloud import clients  # noqa: PLC0415

        with self._lock:
            if region not in self._clients:
                build = partial(self._connect or clients.connect, region, self._identity())
                self._clients[region] = clients.Clients(build)
            return self._clients[region]

    def _identity(self) -> ResourcePrincipalSigner:
        """One for all regions. Whoever asks holds the lock."""
        from handlers.cloud.signer import resource_principal  # noqa: PLC0415

        self._signer = self._signer or resource_principal(self._environment)
        return self._signer

    def _seconds_until(self, deadline: Deadline) -> float:
        return deadline.remaining(self.clock.now()).total_seconds()
