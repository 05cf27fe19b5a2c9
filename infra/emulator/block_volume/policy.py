"""What Oracle's backup policies leave behind: backups that nobody asked for, and that end by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from infra.emulator.block_volume.backups import Backups
from infra.emulator.block_volume.resource import ENDING, Resource
from infra.emulator.clock import Clock
from infra.emulator.wire import ApiError, timestamp

TRIED_AGAIN_AFTER = timedelta(hours=1)


def scheduled(details: Mapping[str, Any], expires: datetime) -> dict[str, Any]:
    """The details of a backup as a policy makes it; users can set neither field."""
    return {**details, "sourceType": "SCHEDULED", "expirationTime": timestamp(expires)}


class Expiry:
    """Deletes what policies made when its time is over; what may not be deleted then, an hour after it may be.

    OCI documents that such backups are deleted, and not what becomes of one that is protected or being copied.
    """

    def __init__(self, clock: Clock, backups: Backups) -> None:
        self._clock, self._backups = clock, backups

    def await_end_of(self, backup: Resource) -> None:
        """Delete this SCHEDULED backup at its `expirationTime`, with its members if it is a group's."""
        self._clock.at(datetime.fromisoformat(backup.fields["expirationTime"]), partial(self._end, backup))

    def _end(self, backup: Resource) -> None:
        if backup.state in ENDING:
            return
        try:
            self._backups.delete(backup)
        except ApiError:
            self._clock.after(TRIED_AGAIN_AFTER, partial(self._end, backup))
