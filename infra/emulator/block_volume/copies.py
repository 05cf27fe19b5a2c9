"""Copies of backups in other regions: when they may start, and whether they are incremental."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.emulator.block_volume.backups import Backups
from infra.emulator.block_volume.kinds import BOOT_VOLUME_BACKUP, VOLUME_GROUP_BACKUP, BackupKind
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.requests import require_key_in
from infra.emulator.block_volume.resource import ENDING, Resource
from infra.emulator.block_volume.storage import Storage
from infra.emulator.details import invalid
from infra.emulator.wire import ApiError, timestamp

Details = Mapping[str, Any]


class Copies:
    """Copies backups from region to region."""

    def __init__(self, storage: Storage, backups: Backups) -> None:
        self._storage, self._backups = storage, backups
        self._resources = storage.resources

    def copy(self, kind: BackupKind, source: Resource, details: Details) -> Resource:
        """The copy, CREATING in its destination at once; OCI's 400, 409 or 429 when it may not start."""
        destination = details["destinationRegion"]
        # What OCI answers for a region without a subscription is not documented: here the same as for no region at all.
        if destination not in self._storage.subscriptions or destination == source.region:
            raise invalid("destinationRegion", "another region that the tenancy is subscribed to")
        require_key_in(destination, details)
        if source.state is not State.AVAILABLE:
            raise ApiError(409, "IncorrectState", f"{source.id} is {source.state}, not AVAILABLE.")
        self._require_place(kind, source)
        if kind is VOLUME_GROUP_BACKUP:
            return self._copy_group(source, destination, details)
        return self._copy_one(kind, source, destination, details)

    def _require_place(self, kind: BackupKind, source: Resource) -> None:
        """The copies of a group's members ride on the group's: they take no place of their own."""
        limits = self._storage.limits
        under_way = [
            copy
            for copy in self._resources.in_flight()
            if copy.source_region == source.region and not copy.fields.get("volumeGroupBackupId")
        ]
        if len(under_way) >= limits.copies_in_flight:
            raise ApiError(429, "TooManyRequests", f"At most {limits.copies_in_flight} backups are copied at a time.")
        same = [copy for copy in under_way if copy.fields.get(kind.of_field) == source.fields[kind.of_field]]
        if kind is BOOT_VOLUME_BACKUP and len(same) >= limits.boot_volume_copies_in_flight:
            raise ApiError(429, "TooManyRequests", "Another backup of this boot volume is being copied.")

    def _copy_group(self, source: Resource, destination: str, details: Details) -> Resource:
        group = self._make(VOLUME_GROUP_BACKUP, source, destination, details)
        members = [
            self._copy_one(_backup_kind(member), member, destination, details, group)
            for member in self._backups.members(source)
        ]
        self._backups.complete_group(group, members)
        self._start(group, source)
        return group

    def _copy_one(
        self,
        kind: BackupKind,
        source: Resource,
        destination: str,
        details: Details,
        group: Resource | None = None,
    ) -> Resource:
        kept = ("sizeInGBs", "sizeInMBs", "imageId")
        incremental = self._continues(kind, source, destination)
        copy = self._make(kind, source, destination, details)
        copy.change(
            type="INCREMENTAL" if incremental else "FULL",
            kmsKeyId=details.get("kmsKeyId"),
            volumeGroupBackupId=group.id if group else None,
            **{name: source.fields[name] for name in kept if name in kind.fields},
        )
        self._start(copy, source)
        return copy

    def _make(self, kind: BackupKind, source: Resource, destination: str, details: Details) -> Resource:
        tags = ("freeformTags", "definedTags") if self._storage.limits.copies_carry_tags else ()
        copy = self._storage.make(
            kind,
            destination,
            compartmentId=source.fields["compartmentId"],
            displayName=details.get("displayName", source.name),
            sourceType="MANUAL",
            timeRequestReceived=timestamp(self._storage.clock.now()),
            isPreventDeletionEnabled=False,
            isRetentionLockEnabled=False,
            isIndefiniteRetentionEnabled=False,
            **{kind.of_field: source.fields[kind.of_field], kind.copy_of_field: source.id},
            **{name: dict(source.fields[name]) for name in tags},
        )
        copy.source_region = source.region
        return copy

    def _start(self, copy: Resource, source: Resource) -> None:
        kind = _backup_kind(copy)
        timings = self._storage.limits.timings
        life = timings.group_copy if kind is VOLUME_GROUP_BACKUP else timings.copy
        details = {kind.copy_of_field: source.id, "destinationRegion": copy.region}
        self._backups.live(copy, life, f"Copy{kind.name}", f"copy{kind.ocid_type}", **details)

    def _continues(self, kind: BackupKind, source: Resource, destination: str) -> bool:
        """Whether the destination has what an incremental copy builds upon: the predecessor's good copy, no later one.

        A copy that is copied on, or back, has no predecessor and becomes FULL.
        """
        if source.fields["type"] == "FULL" or source.predecessor_id is None:
            return False
        good = [
            copy.fields[kind.copy_of_field]
            for copy in self._resources.backups_of(source.fields[kind.of_field], destination)
            if copy.source_region == source.region and copy.state not in {*ENDING, State.FAULTY}
        ]
        originals = [original for identifier in good if (original := self._resources.find(identifier))]
        in_order = all(original.number <= source.number for original in originals)
        return in_order and source.predecessor_id in good


def _backup_kind(backup: Resource) -> BackupKind:
    if not isinstance(backup.kind, BackupKind):
        raise TypeError(f"{backup.kind.name} is no kind of backup.")
    return backup.kind
