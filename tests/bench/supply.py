"""Backups to be copied: of one volume group in a compartment that holds nothing else, so that every copy is alike."""

from __future__ import annotations

from datetime import timedelta

from infra.emulator.block_volume.kinds import BACKUPS, VOLUME, VOLUME_GROUP, VOLUME_GROUP_BACKUP
from infra.emulator.block_volume.volumes import availability_domain
from infra.emulator.cloud import Cloud
from infra.emulator.server import Emulator
from tests.bench.stage import DESTINATIONS, HOME, UNTIL_COPIED

MEMBERS = 2


class Supply:
    """Put into the compartment that the cloud has for functions."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._group_id = emulator.call(self._make_group)

    def fresh(self) -> str:
        """The OCID of a backup that is complete and not copied; those before it, and their copies, are gone."""
        self._emulator.advance(timedelta(seconds=UNTIL_COPIED))
        return self._emulator.call(self._back_up)

    def is_copied(self, backup_id: str) -> bool:
        """Whether there is a copy of it, or one under way, in the first of the destinations."""

        def look(cloud: Cloud) -> bool:
            found = cloud.block_volume.storage.resources.of(VOLUME_GROUP_BACKUP, DESTINATIONS[0])
            return any(copy.copy_of == backup_id for copy in found)

        return self._emulator.call(look)

    def _make_group(self, cloud: Cloud) -> str:
        past = cloud.block_volume.history(cloud.clock.now())
        common = {"compartmentId": self._emulator.compartment_id, "availabilityDomain": availability_domain(HOME)}
        volumes = [past.create(VOLUME, HOME, displayName=f"data-{number}", **common) for number in range(MEMBERS)]
        details = {"type": "volumeIds", "volumeIds": volumes}
        return past.create(VOLUME_GROUP, HOME, displayName="group", sourceDetails=details, **common)

    def _back_up(self, cloud: Cloud) -> str:
        resources = cloud.block_volume.storage.resources
        for kind in BACKUPS:
            for region in (HOME, *DESTINATIONS):
                for old in list(resources.of(kind, region)):
                    resources.remove(old)
        past = cloud.block_volume.history(cloud.clock.now())
        return past.create(VOLUME_GROUP_BACKUP, HOME, volumeGroupId=self._group_id, displayName="daily")
