"""The collaborators of one container, built from its environment. The only module that names the concrete adapters."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from handlers.cloud.itself import FunctionItself
from handlers.cloud.metrics import MonitoringMetrics
from handlers.cloud.notices import TopicNotices
from handlers.cloud.request import BLOCK_VOLUME, IDENTITY, INGESTION, NOTIFICATIONS, Service
from handlers.cloud.retry import Retry
from handlers.cloud.subscriptions import TenancySubscriptions
from handlers.core.errors import Problem, Refused, Rejected
from handlers.core.model import Deadline
from handlers.core.ocid import region_of
from handlers.core.ports import Backups, Call, Clock, Itself, Regions, Workers
from handlers.core.settings import Settings
from handlers.core.tokens import minute_of
from handlers.threads import Pool, Threads

if TYPE_CHECKING:
    from handlers.cloud.api import Api
    from handlers.cloud.clients import Clients
    from handlers.cloud.signer import ResourcePrincipalSigner

    Connect = Callable[[Service, str, ResourcePrincipalSigner], Any]


FUNCTION_ID, MEMORY = "FN_FN_ID", "FN_MEMORY"
"""What Fn tells every function of itself: its OCID, and its memory in megabytes."""
DEFAULT_MEMORY = 256
"""That of `func.yaml`."""


class SystemClock:
    """The real time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        time.sleep(duration.total_seconds())


class Services:
    """Settings, clock, and clients of the cloud. Clients are built when a service is first asked for, then kept.

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

        `connect` builds the SDK's client for a service in a region, `draw` is the chance in pauses between attempts.
        """
        self.settings = Settings.read(environment)
        self.clock = clock or SystemClock()
        self._environment, self._workers, self._connect, self._draw = environment, workers, connect, draw
        self._lock, self._pool = Lock(), Pool()
        self._clients: dict[tuple[Service, str], Clients] = {}
        self._signer: ResourcePrincipalSigner | None = None

    def call(self, deadline: Deadline, occurrence: str | None) -> Call:
        """What the handlers get for one invocation. Where nothing tells its `occurrence`, the minute does."""
        patience, topic_id = partial(self._seconds_until, deadline), self.settings.notification_topic_id
        own, (regions, workers) = self.settings.own_region, self._within(deadline)

        def api_of(service: Service, region: str) -> Callable[[], Api]:
            return partial(self._api, patience, service, region)

        return Call(
            settings=self.settings,
            backups=regions,
            clock=self.clock,
            workers=workers,
            deadline=deadline,
            occurrence=occurrence or minute_of(self.clock.now()),
            own_compartment=self.own_compartment,
            metrics=MonitoringMetrics(api_of(INGESTION, own), partial(self._claim, "compartment_id"), workers),
            notices=TopicNotices(topic_id, api_of(NOTIFICATIONS, region_of(topic_id) or own)) if topic_id else None,
            subscriptions=TenancySubscriptions(api_of(IDENTITY, own), partial(self._claim, "tenancy_id")),
            itself=self._itself(patience),
            memory_mb=_number(self._environment.get(MEMORY)) or DEFAULT_MEMORY,
            within=self._within,
        )

    def _within(self, deadline: Deadline) -> tuple[Regions, Workers]:
        """What keeps to this deadline."""
        patience = partial(self._seconds_until, deadline)
        return self.regions(patience), self._workers or Threads(patience, self._pool)

    def regions(self, patience: Callable[[], float]) -> Regions:
        """The regions, for a call that has so many seconds from now on.

        Asking for one raises `Rejected` when the function has no identity to call with.
        """
        return cache(partial(self._backups, patience))

    def own_compartment(self) -> str:
        """The compartment that the function's own token names; raises `Rejected` where it names none."""
        try:
            return self._claim("compartment_id")
        except Refused:
            problem = Problem("COMPARTMENT_IDS", "must be set: the function's token names no compartment")
            raise Rejected(problem) from None

    def _claim(self, name: str) -> str:
        """What the function's own token says of it; raises `Refused`, as ports do, where it does not."""
        with self._lock:
            value = getattr(self._identity(), name)
        if not value:
            raise Refused("TokenIncomplete", f"the function's own token has no {name}")
        return str(value)

    def _itself(self, patience: Callable[[], float]) -> Itself | None:
        """Nothing where it may not call itself, or is not told who it is."""
        function_id = self._environment.get(FUNCTION_ID)
        if self.settings.fan_out == "OFF" or not function_id:
            return None
        return FunctionItself(function_id, lambda service: self._api(patience, service, self.settings.own_region))

    def _backups(self, patience: Callable[[], float], region: str) -> Backups:
        """The SDK is half of a cold start: what is rejected or ignored is answered without it."""
        from handlers.cloud.backups import RegionBackups  # noqa: PLC0415

        return RegionBackups(region, self._clients_of(BLOCK_VOLUME, region), self._retry(patience))

    def _api(self, patience: Callable[[], float], service: Service, region: str) -> Api:
        from handlers.cloud.api import Api  # noqa: PLC0415

        return Api(service, region, self._clients_of(service, region), self._retry(patience))

    def _retry(self, patience: Callable[[], float]) -> Retry:
        return Retry(patience, self.clock.sleep, self._draw)

    def _clients_of(self, service: Service, region: str) -> Clients:
        from handlers.cloud import clients  # noqa: PLC0415

        with self._lock:
            if (service, region) not in self._clients:
                build = partial(self._connect or clients.connect, service, region, self._identity())
                self._clients[service, region] = clients.Clients(build)
            return self._clients[service, region]

    def _identity(self) -> ResourcePrincipalSigner:
        """One for all services and regions. Whoever asks holds the lock."""
        from handlers.cloud.signer import resource_principal  # noqa: PLC0415

        self._signer = self._signer or resource_principal(self._environment)
        return self._signer

    def _seconds_until(self, deadline: Deadline) -> float:
        return deadline.remaining(self.clock.now()).total_seconds()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
