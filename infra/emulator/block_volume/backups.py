"""Backups of all three kinds: made from a volume or group, changed, protected, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.emulator.block_volume.kinds import BACKUP_OF, VOLUME_GROUP_BACKUP, BackupKind
from infra.emulator.block_volume.limits import State, Timeline
from infra.emulator.block_volume.requests import RETENTION_DAYS, require_key_in
from infra.emulator.block_volume.resource import ENDING, IN_FLIGHT, Resource
from infra.emulator.block_volume.storage import Storage
from infra.emulator.block_volume.volumes import MEGABYTES, Volumes
from infra.emulator.wire import ApiError, not_modelled, timestamp

Details = Mapping[str, Any]

_CHANGED_SHARE = 10
"""An incremental backup holds one tenth of its volume, at least a gigabyte: nothing writes to volumes here."""
_PROTECTIONS = ("isPreventDeletionEnabled", "isRetentionLockEnabled", "isIndefiniteRetentionEnabled")
_INHERITED = {"retentionPeriod", *_PROTECTIONS, "freeformTags", "type", "sourceType", "expirationTime"}


class Backups:
    """Makes backups, changes and ends them; copies are made elsewhere but changed and ended here."""

    def __init__(self, storage: Storage, volumes: Volumes) -> None:
        self._storage, self._volumes = storage, volumes
        self._resources = storage.resources

    def create(self, kind: BackupKind, region: str, details: Details) -> Resource:
        """A new backup of a volume, boot volume or group, all of whose volumes must be AVAILABLE."""
        source = self._resources.get(kind.of, region, details[kind.of_field])
        volumes = self._volumes.members(source) if kind is VOLUME_GROUP_BACKUP else [source]
        if not volumes:
            raise ApiError(409, "IncorrectState", f"{source.id} has no volumes.")
        for needed in {source, *volumes}:
            if needed.state is not State.AVAILABLE:
                raise ApiError(409, "IncorrectState", f"{needed.id} is {needed.state}, not AVAILABLE.")
        require_key_in(region, details)
        if kind is VOLUME_GROUP_BACKUP:
            return self._create_group_backup(source, volumes, details)
        return self._create_backup(kind, source, details)

    def update(self, resource: Resource, details: Details) -> None:
        """Rename, tag, protect; a retention lock is never lifted and what it holds never shortened."""
        require_key_in(resource.region, details)
        changes = {**details, **self._retention(resource.fields["timeCreated"], details)}
        if resource.fields["isRetentionLockEnabled"] and _loosens(resource, changes):
            raise ApiError(409, "Conflict", "The retention of the backup is locked.")
        resource.change(**changes)

    def delete(self, resource: Resource) -> None:
        """End a backup and, of a group's, all of its members; not while it is made, copied or protected."""
        if resource.fields.get("volumeGroupBackupId"):
            raise not_modelled("deleting one member of a volume group backup")
        if resource.state in IN_FLIGHT:
            raise ApiError(409, "IncorrectState", f"The {resource.kind.noun} is {resource.state}.")
        members = self.members(resource)
        for backup in (resource, *members):
            self._require_unprotected(backup)
        for backup in (*members, resource):
            self._terminate(backup)

    def members(self, backup: Resource) -> list[Resource]:
        """The backups that a group's backup consists of; none for other kinds."""
        found = (self._resources.find(identifier) for identifier in backup.fields.get("volumeBackupIds") or ())
        return [member for member in found if member is not None]

    def complete_group(self, group: Resource, members: Sequence[Resource]) -> None:
        """Tie members and group to each other, with the sums and the type that follow; a group is FULL when all are."""
        for member in members:
            member.change(volumeGroupBackupId=group.id)
        size = sum(member.fields["sizeInGBs"] for member in members)
        full = all(member.fields["type"] == "FULL" for member in members)
        group.change(
            volumeBackupIds=[member.id for member in members],
            sizeInGBs=size,
            sizeInMBs=size * MEGABYTES,
            type="FULL" if full else "INCREMENTAL",
        )

    def finish(self, backup: Resource) -> None:
        """Fill in what is known of a backup only when it is there: how much it holds of its own."""
        if backup.state is not State.AVAILABLE:
            return
        if backup.kind is VOLUME_GROUP_BACKUP:
            unique = sum(_unique_size(member) for member in self.members(backup))
        else:
            unique = _unique_size(backup)
        sizes = {"uniqueSizeInGBs": unique, "uniqueSizeInGbs": unique, "uniqueSizeInMbs": unique * MEGABYTES}
        backup.change(**{name: size for name, size in sizes.items() if name in backup.kind.fields})

    def live(self, backup: Resource, life: Timeline, operation: str, event: str, **details: Any) -> None:  # noqa: ANN401
        """Let a backup or copy come into being; one with a member that failed fails with it."""
        told_to_fail = self._storage.takes_failure(operation)

        def fails() -> bool:
            return told_to_fail or any(member.state is State.FAULTY for member in self.members(backup))

        def finish(made: Resource) -> None:
            self.finish(made)
            if self._speaks(made):
                self._storage.emit(made, f"{event}.end", **details)

        if self._speaks(backup):
            self._storage.emit(backup, f"{event}.begin", backup.source_region, **details)
        self._storage.live(backup, life, finish=finish, fails=fails)

    def _create_group_backup(self, source: Resource, volumes: Sequence[Resource], details: Details) -> Resource:
        kind = VOLUME_GROUP_BACKUP
        group = self._make(kind, source, details)
        # A group's protection and its end hold for its members; its name does not.
        inherited = {name: value for name, value in details.items() if name in _INHERITED}
        inherited |= {"definedTags": group.fields["definedTags"], "displayName": group.name}
        members = [self._create_backup(BACKUP_OF[v.kind], v, inherited, group) for v in volumes]
        self.complete_group(group, members)
        self._start(group, self._storage.limits.timings.group_backup, {kind.of_field: source.id})
        return group

    def _create_backup(
        self, kind: BackupKind, source: Resource, details: Details, group: Resource | None = None
    ) -> Resource:
        predecessor = self._latest(source)
        backup = self._make(kind, source, details)
        continues = predecessor and predecessor.fields["sizeInGBs"] == source.fields["sizeInGBs"]
        full = details.get("type") == "FULL" or not continues
        backup.predecessor_id = predecessor.id if predecessor else None
        size = source.fields["sizeInGBs"]
        facts = {
            "type": "FULL" if full else "INCREMENTAL",
            "kmsKeyId": details.get("kmsKeyId", source.fields["kmsKeyId"]),
            "sizeInGBs": size,
            "sizeInMBs": size * MEGABYTES,
            "imageId": source.fields.get("imageId"),
            "volumeGroupBackupId": group.id if group else None,
        }
        backup.change(**{name: value for name, value in facts.items() if name in kind.fields})
        self._start(backup, self._storage.limits.timings.backup, {kind.of_field: source.id})
        return backup

    def _make(self, kind: BackupKind, source: Resource, details: Details) -> Resource:
        now = timestamp(self._storage.clock.now())
        given = {
            "compartmentId": source.fields["compartmentId"],
            "sourceType": "MANUAL",
            "timeRequestReceived": now,
            kind.of_field: source.id,
            **dict.fromkeys(_PROTECTIONS, False),
            **details,
            **self._retention(now, details),
        }
        return self._storage.make(kind, source.region, **given)

    def _start(self, backup: Resource, life: Timeline, details: Details) -> None:
        self.live(backup, life, f"Create{backup.kind.name}", f"create{backup.kind.ocid_type}", **details)

    def _latest(self, source: Resource) -> Resource | None:
        """The last good backup made of this volume here; copies that came here do not count."""
        good = [
            backup
            for backup in self._resources.backups_of(source.id, source.region)
            if backup.source_region is None and backup.state not in {*ENDING, State.FAULTY}
        ]
        return good[-1] if good else None

    def _terminate(self, backup: Resource) -> None:
        event = f"delete{backup.kind.ocid_type}"
        if self._speaks(backup):
            self._storage.emit(backup, f"{event}.begin")
        self._storage.terminate(backup, lambda b: self._storage.emit(b, f"{event}.end") if self._speaks(b) else None)

    def _require_unprotected(self, backup: Resource) -> None:
        until = backup.fields["timeRetentionExpiresAt"]
        if any(backup.fields[name] for name in _PROTECTIONS) or (
            until and until > timestamp(self._storage.clock.now())
        ):
            raise ApiError(409, "Conflict", f"{backup.id} is protected from deletion or within its retention period.")
        if any(copy.copy_of == backup.id for copy in self._resources.in_flight()):
            raise ApiError(409, "IncorrectState", f"{backup.id} is being copied.")

    def _speaks(self, backup: Resource) -> bool:
        return self._storage.limits.members_emit_events or not backup.fields.get("volumeGroupBackupId")

    def _retention(self, created: str, details: Details) -> Details:
        period = details.get("retentionPeriod")
        if not period:
            return {}
        length = timedelta(days=period["retentionTimeAmount"] * RETENTION_DAYS[period["retentionTimeUnit"]])
        return {"timeRetentionExpiresAt": timestamp(datetime.fromisoformat(created) + length)}


def _unique_size(backup: Resource) -> int:
    size = int(backup.fields["sizeInGBs"])
    return size if backup.fields["type"] == "FULL" else max(1, size // _CHANGED_SHARE)


def _loosens(backup: Resource, changes: Details) -> bool:
    opened = any(backup.fields[name] and changes.get(name) is False for name in _PROTECTIONS)
    before, after = backup.fields["timeRetentionExpiresAt"], changes.get("timeRetentionExpiresAt")
    return opened or bool(before and after and after < before)
