"""Volumes, boot volumes and groups that were backed up every day, as a tenancy has them after ten days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.tokens import copy_provenance, source_provenance
from infra.emulator.block_volume.history import History
from infra.emulator.block_volume.kinds import BACKUP_OF, BOOT_VOLUME, KINDS, VOLUME, VOLUME_GROUP
from infra.emulator.block_volume.volumes import availability_domain
from infra.emulator.cloud import Cloud
from infra.emulator.server import Emulator
from tests.bench.stage import HOME

DAYS = 10
BATCH = 50
"""How many backups are put in place in one go: the cloud does nothing else meanwhile."""
TAGS = {"team": "payments", "environment": "production"}
CREATED = {"Oracle-Tags": {"CreatedBy": "default/backup.operator@example.com", "CreatedOn": "2026-01-31T02:00:14.512Z"}}
"""What a tenancy puts on everything, unless it is told not to."""
TAGGED = {"freeformTags": TAGS, "definedTags": CREATED}

_KINDS = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Fleet:
    """So many backups to be copied, of a tenth as many sources: of 20 sources 17 are volumes, two boot volumes, one is
    a group. The backups of a group's members come on top: they are copied with it.

    Every backup has a copy in each region of `copied_to`, tagged as the function does.
    """

    compartment_id: str
    backups: int
    copied_to: Sequence[str] = ()

    def seed(self, emulator: Emulator, advance: Callable[[int], object]) -> None:
        """Put all of it in place, telling `advance` of each few backups that are."""
        yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        past = emulator.call(lambda cloud: cloud.block_volume.history(yesterday - timedelta(days=DAYS)))
        sources = emulator.call(lambda _: list(self._sources(past)))
        left = self.backups
        for _ in range(DAYS):
            emulator.call(lambda _: past.pass_time(timedelta(days=1)))
            for first in range(0, min(left, len(sources)), BATCH):
                batch = sources[first : first + min(BATCH, left)]
                emulator.call(partial(self._back_up, past, batch))
                left -= len(batch)
                advance(len(batch))

    def _sources(self, past: History) -> Iterator[tuple[Kind, str]]:
        """The daily backups are of these."""
        for number in range(-(-self.backups // DAYS)):
            match number % 20:
                case 0:
                    yield Kind.VOLUME_GROUP, self._group(past, number)
                case 5 | 15:
                    yield Kind.BOOT_VOLUME, self._boot_volume(past, number)
                case _:
                    yield Kind.VOLUME, self._volume(past, number)

    def _volume(self, past: History, number: int) -> str:
        place = availability_domain(HOME)
        named = {"displayName": f"data-{number:05}", **TAGGED}
        return past.create(VOLUME, HOME, compartmentId=self.compartment_id, availabilityDomain=place, **named)

    def _boot_volume(self, past: History, number: int) -> str:
        named = {"displayName": f"boot-{number:05}", **TAGGED}
        return past.create(BOOT_VOLUME, HOME, compartmentId=self.compartment_id, **named)

    def _group(self, past: History, number: int) -> str:
        members = [self._volume(past, number), self._boot_volume(past, number)]
        return past.create(
            VOLUME_GROUP,
            HOME,
            compartmentId=self.compartment_id,
            availabilityDomain=availability_domain(HOME),
            displayName=f"group-{number:05}",
            **TAGGED,
            sourceDetails={"type": "volumeIds", "volumeIds": members},
        )

    def _back_up(self, past: History, sources: Sequence[tuple[Kind, str]], _: Cloud) -> None:
        for kind, source_id in sources:
            backups = BACKUP_OF[_KINDS[kind]]
            name = f"daily-{past.now:%Y%m%d}"
            backup_id = past.create(backups, HOME, displayName=name, **TAGGED, **{backups.of_field: source_id})
            original = self._backup(past, kind, backup_id, HOME, source_id)
            copies = [
                self._backup(past, kind, past.copy(backups, backup_id, HOME, region), region, source_id)
                for region in self.copied_to
            ]
            for copy in copies:
                past.update(backups, copy.id, copy.region, freeformTags=TAGS | copy_provenance(original))
            if copies:
                past.update(backups, backup_id, HOME, freeformTags=TAGS | source_provenance(copies))

    def _backup(self, past: History, kind: Kind, backup_id: str, region: str, source_id: str) -> Backup:
        """As the function knows it: what its tags say is its own business."""
        return Backup(kind, backup_id, region, self.compartment_id, Lifecycle.AVAILABLE, past.now, source_id)
