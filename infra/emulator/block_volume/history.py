"""The past: resources put in place at once, by the service's own code, as if they had been made long ago."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from infra.emulator.block_volume.backups import Backups
from infra.emulator.block_volume.copies import Copies
from infra.emulator.block_volume.kinds import BOOT_VOLUME, BackupKind, Kind
from infra.emulator.block_volume.limits import Limits, State, Timeline, Timings
from infra.emulator.block_volume.policy import Expiry, scheduled
from infra.emulator.block_volume.requests import COPY, read_create, read_update
from infra.emulator.block_volume.resource import Resource
from infra.emulator.block_volume.storage import Storage
from infra.emulator.block_volume.volumes import Volumes
from infra.emulator.clock import Clock
from infra.emulator.details import read_details
from infra.emulator.diary import Diary

Json = Any

_AT_ONCE: Timeline = ((0, State.AVAILABLE),)
_TIMINGS = Timings(
    volume=_AT_ONCE,
    volume_group=_AT_ONCE,
    backup=_AT_ONCE,
    group_backup=_AT_ONCE,
    copy=_AT_ONCE,
    group_copy=_AT_ONCE,
    restore=_AT_ONCE,
    group_restore=_AT_ONCE,
)
_NO_LIMIT = 1_000_000


class _Unheard(Storage):
    """Storage that tells Events nothing: its rules are for what happens from now on."""

    def emit(self, resource: Resource, event: str, region: str | None = None, **details: Json) -> None:
        pass


class History:
    """Makes resources that are AVAILABLE at once, at a time that only `pass_time` moves; nobody is told of them.

    Details are those of the API's own requests and are checked like these. What follows from earlier resources
    follows here too: whether a backup is incremental, what a copy of a group consists of. Lists are in the order in
    which resources were made, so the past is to be written before anything else happens.
    """

    def __init__(self, storage: Storage, start: datetime, expiry: Expiry) -> None:
        self._clock = Clock(None, start)
        self._expiry = expiry
        limits = Limits(
            copies_in_flight=_NO_LIMIT,
            boot_volume_copies_in_flight=_NO_LIMIT,
            copies_carry_tags=storage.limits.copies_carry_tags,
            timings=_TIMINGS,
        )
        past = _Unheard(
            self._clock,
            Diary(self._clock),
            storage.identity,
            storage.events,
            limits,
            storage.subscriptions,
            storage.resources,
        )
        self._resources = storage.resources
        self._volumes = Volumes(past)
        self._backups = Backups(past, self._volumes)
        self._copies = Copies(past, self._backups)

    @property
    def now(self) -> datetime:
        """When what is made at this point of the past was made."""
        return self._clock.now()

    def pass_time(self, step: timedelta) -> None:
        """What is made from now on was made so much later."""
        self._clock.advance(step)

    def create(self, kind: Kind, region: str, **details: Json) -> str:
        """The OCID of a new volume, boot volume (which needs no source here), group, or backup of any of them."""
        if kind is BOOT_VOLUME:
            return self._volumes.seed_boot_volume(region, details).id
        asked = read_create(kind, details)
        if isinstance(kind, BackupKind):
            return self._backups.create(kind, region, asked).id
        return self._volumes.create(kind, region, asked).id

    def create_scheduled(self, kind: BackupKind, region: str, kept_for: timedelta, **details: Json) -> str:
        """The OCID of a backup that a backup policy made: SCHEDULED, and deleted when so much time has passed.

        If that is over by now, it is deleted as soon as the cloud's own clock goes on.
        """
        asked = scheduled(read_create(kind, details), self.now + kept_for)
        backup = self._backups.create(kind, region, asked)
        self._expiry.await_end_of(backup)
        return backup.id

    def copy(self, kind: BackupKind, backup_id: str, region: str, to: str, **details: Json) -> str:
        """The OCID of the copy in region `to` of a backup in `region`, with all of its members if it is a group's."""
        asked = read_details({"destinationRegion": to, **details}, COPY)
        return self._copies.copy(kind, self._resources.get(kind, region, backup_id), asked).id

    def update(self, kind: BackupKind, backup_id: str, region: str, **details: Json) -> None:
        """Change the name, tags or protection of a backup or copy."""
        self._backups.update(self._resources.get(kind, region, backup_id), read_update(kind, details))
