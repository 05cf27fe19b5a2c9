"""The collaborators of one container, built from its environment. The only module that names the concrete adapters."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from handlers.core.model import Deadline
from handlers.core.ports import Backups, Call, Clock
from handlers.core.settings import Settings

if TYPE_CHECKING:
    from handlers.cloud.signer import ResourcePrincipalSigner


class SystemClock:
    """The real time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        time.sleep(duration.total_seconds())


class Services:
    """Settings, clock, and clients of the cloud. Clients are built when a region is first asked for, then kept."""

    def __init__(self, environment: Mapping[str, str], clock: Clock | None = None) -> None:
        """Read the whole configuration; raises `Rejected`, naming the keys, when any of it is malformed."""
        self.settings = Settings.read(environment)
        self.clock = clock or SystemClock()
        self._environment = environment
        self._backups: dict[str, Backups] = {}
        self._signer: ResourcePrincipalSigner | None = None
        self._deadline: Deadline | None = None

    def call(self, deadline: Deadline, occurrence: str) -> Call:
        """What the handlers get for one invocation. A container serves one at a time: its deadline holds for all."""
        self._deadline = deadline
        return Call(self.settings, self.backups, self.clock, deadline, occurrence)

    def backups(self, region: str) -> Backups:
        """The backups of `region`. Raises `Rejected` when the function has no identity to call with."""
        if region not in self._backups:
            self._backups[region] = self._connect(region)
        return self._backups[region]

    def _connect(self, region: str) -> Backups:
        """The SDK is half of a cold start: what is rejected or ignored is answered without it."""
        from handlers.cloud.backups import RegionBackups  # noqa: PLC0415
        from handlers.cloud.clients import connect  # noqa: PLC0415
        from handlers.cloud.signer import resource_principal  # noqa: PLC0415

        self._signer = self._signer or resource_principal(self._environment)
        return RegionBackups(region, connect(region, self._signer), self._patience)

    def _patience(self) -> float:
        """Seconds until the call in progress must stop waiting."""
        return self._deadline.remaining(self.clock.now()).total_seconds() if self._deadline else 0.0
