"""What everybody else does in the cloud, behind the function's back: operators, and other tools."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from infra.emulator.block_volume.kinds import (
    BACKUP_OF,
    BOOT_VOLUME,
    VOLUME,
    VOLUME_GROUP,
    VOLUME_GROUP_BACKUP,
    BackupKind,
    Kind,
)
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.requests import COPY, read_create
from infra.emulator.block_volume.resource import Resource
from infra.emulator.block_volume.volumes import availability_domain
from infra.emulator.cloud import Cloud
from infra.emulator.details import read_details
from infra.emulator.wire import ApiError
from tests.simulation.ledger import Ledger
from tests.simulation.setting import AWAY, HOME

MOST_TAGS = 10


class Others:
    """They act at once, and meet no faults; what the cloud refuses them they leave."""

    def __init__(self, cloud: Cloud, chance: random.Random, ledger: Ledger) -> None:
        self._service, self._chance, self._ledger = cloud.block_volume, chance, ledger
        self.resources = cloud.block_volume.storage.resources

    def make_source(self, kind: Kind, compartment_id: str, tags: Mapping[str, str], region: str = HOME) -> Resource:
        """A volume, a boot volume, or a group of one or two of them."""
        details: dict[str, Any] = {"compartmentId": compartment_id, "freeformTags": dict(tags)}
        volumes = self._service._volumes
        if kind is BOOT_VOLUME:
            made = volumes.seed_boot_volume(region, {"displayName": "boot", **details})
            self._ledger.saw(made)
            return made
        details["availabilityDomain"] = availability_domain(region)
        if kind is VOLUME_GROUP:
            kinds = self._chance.sample((VOLUME, BOOT_VOLUME), self._chance.choice((1, 2)))
            members = [self.make_source(each, compartment_id, {}, region).id for each in kinds]
            details["sourceDetails"] = {"type": "volumeIds", "volumeIds": members}
        made = volumes.create(kind, region, read_create(kind, details))
        self._ledger.saw(made)
        return made

    def back_up(self, source: Resource, tags: Mapping[str, str], compartment_id: str | None = None) -> Resource | None:
        """A backup by hand, or by another tool; one of a group may be in another compartment than the group."""
        kind = BACKUP_OF[source.kind]
        details: dict[str, Any] = {kind.of_field: source.id, "freeformTags": dict(tags)}
        if kind is VOLUME_GROUP_BACKUP and compartment_id:
            details["compartmentId"] = compartment_id
        try:
            return self._service._backups.create(kind, source.region, read_create(kind, details))
        except ApiError:
            return None

    def end_source(self, source: Resource) -> None:
        """Delete a volume or group; its backups stay."""
        of_field, under_way = BACKUP_OF[source.kind].of_field, self.resources.in_flight()
        if source.state is not State.AVAILABLE or any(each.fields.get(of_field) == source.id for each in under_way):
            return
        with suppress(ApiError):
            self._service._volumes.delete(source)
            self._ledger.ended_sources[source.id] = self._ledger.now

    def bring_home(self, backup: Resource) -> Resource | None:
        """Copy a backup of another region to the function's."""
        assert isinstance(backup.kind, BackupKind)
        try:
            return self._service._copies.copy(backup.kind, backup, read_details({"destinationRegion": HOME}, COPY))
        except ApiError:
            return None

    def delete(self, backup: Resource) -> bool:
        """End a backup or copy; whether the cloud did."""
        if backup.state in {State.TERMINATING, State.TERMINATED}:
            return False
        try:
            self._service._backups.delete(backup)
        except ApiError:
            return False
        return True

    def tag(self, resource: Resource, tags: Mapping[str, str]) -> None:
        """Set tags, if there is room, and leave those that are there."""
        merged = {**resource.fields["freeformTags"], **tags}
        if len(merged) <= MOST_TAGS:
            self.retag(resource, merged)

    def retag(self, resource: Resource, tags: Mapping[str, str]) -> None:
        """Have these tags and no others."""
        resource.change(freeformTags=dict(tags))
        self._ledger.saw(resource)

    def protect(self, backup: Resource, **details: Any) -> None:
        """Set a flag against deletion, or take it away, or a period for which the backup is kept."""
        with suppress(ApiError):
            self._service._backups.update(backup, details)
            self._ledger.saw(backup)

    def back_up_by_policy(self, source: Resource, kept_for: timedelta) -> None:
        """As a backup policy of Oracle's does: the backup ends by itself."""
        with suppress(ApiError):
            self._service.seed_scheduled_backup(BACKUP_OF[source.kind], source.region, source.id, kept_for=kept_for)

    def foreign_backup(self, compartment_id: str) -> Resource | None:
        """Somebody's backup in a region to which the function copies."""
        source = self.make_source(VOLUME, compartment_id, {}, AWAY)
        return self.back_up(source, {"owner": "somebody"})
