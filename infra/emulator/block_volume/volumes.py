"""Volumes, boot volumes and groups of them: what backups are made of, and what is restored from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.emulator.block_volume.kinds import (
    BACKUP_OF,
    BOOT_VOLUME,
    BY_OCID_TYPE,
    VOLUME,
    VOLUME_GROUP,
    VOLUME_GROUP_BACKUP,
    Kind,
)
from infra.emulator.block_volume.limits import State, Timeline
from infra.emulator.block_volume.requests import read_source, require_key_in, require_text_list
from infra.emulator.block_volume.resource import Resource
from infra.emulator.block_volume.storage import Storage
from infra.emulator.details import invalid
from infra.emulator.ocids import new_ocid, parse_ocid
from infra.emulator.wire import ApiError, not_found

MEGABYTES = 1024
MOST_VOLUMES_IN_A_GROUP = 32
AVAILABILITY_DOMAINS = 3
Details = Mapping[str, Any]


class Volumes:
    """Makes, changes and ends volumes, boot volumes and volume groups."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._resources = storage.resources

    def create(self, kind: Kind, region: str, details: Details) -> Resource:
        """A new volume, boot volume or group; a boot volume only from a backup or another boot volume."""
        _require_place_in(region, details)
        if kind is VOLUME_GROUP:
            return self._create_group(region, details)
        require_key_in(region, details)
        if "sourceDetails" not in details:
            if "availabilityDomain" not in details:
                raise ApiError(400, "MissingParameter", "Missing required field availabilityDomain.")
            life = self._storage.limits.timings.volume
            return self._make_volume(kind, region, {"sizeInGBs": 1024, **details}, life)
        return self._restore(kind, region, details)

    def seed_boot_volume(self, region: str, details: Details) -> Resource:
        """A boot volume as an instance's launch would leave it: there are no instances here to launch."""
        _require_place_in(region, details)
        given = {"sizeInGBs": 50, "availabilityDomain": availability_domain(region), **details}
        resource = self._make_volume(BOOT_VOLUME, region, given, ())
        resource.change(imageId=new_ocid("image", region))
        return resource

    def update(self, resource: Resource, details: Details) -> None:
        """Rename, tag, grow a volume; put other volumes into a group."""
        changes = dict(details)
        if "volumeIds" in changes:
            self._regroup(resource, self._members(resource.region, changes["volumeIds"], resource))
        if "sizeInGBs" in changes:
            if changes["sizeInGBs"] < resource.fields["sizeInGBs"]:
                raise invalid("sizeInGBs", "at least the present size")
            changes["sizeInMBs"] = changes["sizeInGBs"] * MEGABYTES
        resource.change(**changes)

    def delete(self, resource: Resource) -> None:
        """End a volume that is in no group and is not being backed up, or a group, whose volumes it leaves alone."""
        if resource.fields.get("volumeGroupId"):
            raise ApiError(409, "Conflict", f"The {resource.kind.noun} belongs to a volume group.")
        of_field = BACKUP_OF[resource.kind].of_field
        if any(backup.fields.get(of_field) == resource.id for backup in self._resources.in_flight()):
            raise ApiError(409, "Conflict", f"The {resource.kind.noun} is being backed up.")
        if resource.kind is VOLUME_GROUP:
            self._regroup(resource, [])
        event = f"delete{resource.kind.ocid_type}"
        self._storage.emit(resource, f"{event}.begin")
        self._storage.terminate(resource, lambda ended: self._storage.emit(ended, f"{event}.end"))

    def members(self, group: Resource) -> list[Resource]:
        """The volumes and boot volumes of a group, in its order."""
        found = (self._resources.find(identifier) for identifier in group.fields["volumeIds"])
        return [member for member in found if member is not None]

    def _make_volume(self, kind: Kind, region: str, details: Details, life: Timeline) -> Resource:
        resource = self._storage.make(
            kind,
            region,
            **{
                "isHydrated": True,
                "vpusPerGB": 10,
                "isAutoTuneEnabled": False,
                **details,
                "sizeInMBs": details["sizeInGBs"] * MEGABYTES,
            },
        )
        self._begin(resource, life or ((self._storage.limits.timings.volume[0][0], State.AVAILABLE),))
        return resource

    def _begin(self, resource: Resource, life: Timeline) -> None:
        event = f"create{resource.kind.ocid_type}"
        self._storage.emit(resource, f"{event}.begin")
        self._storage.live(resource, life, finish=lambda made: self._storage.emit(made, f"{event}.end"))

    def _restore(self, kind: Kind, region: str, details: Details) -> Resource:
        backups = BACKUP_OF[kind]
        source_type, identifier = read_source(details, {backups.key: "id", kind.key: "id"})
        source_kind = backups if source_type == backups.key else kind
        source = self._resources.get(source_kind, region, str(identifier))
        _require_available(source)
        size = details.get("sizeInGBs", source.fields["sizeInGBs"])
        if size < source.fields["sizeInGBs"]:
            raise invalid("sizeInGBs", "at least the size of the source")
        place = source.fields.get("availabilityDomain") or availability_domain(region)
        image = {"imageId": source.fields["imageId"]} if kind is BOOT_VOLUME else {}
        given = {"availabilityDomain": place, **image, **details, "sizeInGBs": size}
        return self._make_volume(kind, region, given, self._storage.limits.timings.restore)

    def _create_group(self, region: str, details: Details) -> Resource:
        sources = {"volumeIds": "volumeIds", VOLUME_GROUP_BACKUP.id_field: VOLUME_GROUP_BACKUP.id_field}
        source_type, content = read_source(details, sources)
        timings = self._storage.limits.timings
        if source_type == "volumeIds":
            members = self._members(region, content, None)
            if any(m.fields["availabilityDomain"] != details["availabilityDomain"] for m in members):
                raise invalid("volumeIds", "volumes of the group's availability domain")
            life = timings.volume_group
        else:
            backup = self._resources.get(VOLUME_GROUP_BACKUP, region, str(content))
            _require_available(backup)
            members = self._restore_members(backup, details)
            life = timings.group_restore
        group = self._storage.make(VOLUME_GROUP, region, **{**details, "isHydrated": True, "volumeIds": []})
        self._regroup(group, members)
        self._begin(group, life)
        return group

    def _restore_members(self, backup: Resource, details: Details) -> list[Resource]:
        restored = []
        for identifier in backup.fields["volumeBackupIds"]:
            parsed = parse_ocid(identifier)
            kind = BOOT_VOLUME if parsed and parsed.kind.startswith("boot") else VOLUME
            given = {
                "compartmentId": details["compartmentId"],
                "availabilityDomain": details["availabilityDomain"],
                "sourceDetails": {"type": BACKUP_OF[kind].key, "id": identifier},
            }
            restored.append(self._restore(kind, backup.region, given))
        return restored

    def _members(self, region: str, identifiers: Any, group: Resource | None) -> list[Resource]:  # noqa: ANN401 - JSON
        """The volumes that a group may hold: available ones of its region that belong to no other."""
        wanted = require_text_list(identifiers, "volumeIds")
        if len(wanted) > MOST_VOLUMES_IN_A_GROUP:
            raise ApiError(400, "LimitExceeded", f"A volume group holds at most {MOST_VOLUMES_IN_A_GROUP} volumes.")
        members = [self._volume(region, identifier) for identifier in wanted]
        for member in members:
            _require_available(member)
            if member.fields["volumeGroupId"] not in {None, group.id if group else None}:
                raise ApiError(409, "Conflict", f"{member.id} belongs to another volume group.")
        return members

    def _volume(self, region: str, identifier: str) -> Resource:
        parsed = parse_ocid(identifier)
        kind = BY_OCID_TYPE.get(parsed.kind) if parsed else None
        if kind not in {VOLUME, BOOT_VOLUME} or kind is None:
            raise not_found("Volume", identifier)
        return self._resources.get(kind, region, identifier)

    def _regroup(self, group: Resource, members: Sequence[Resource]) -> None:
        for left in self.members(group):
            left.change(volumeGroupId=None)
        for member in members:
            member.change(volumeGroupId=group.id)
        size = sum(member.fields["sizeInGBs"] for member in members)
        group.change(volumeIds=[m.id for m in members], sizeInGBs=size, sizeInMBs=size * MEGABYTES)


def availability_domain(region: str, number: int = 1) -> str:
    """The name of one of the three availability domains that every emulated region has."""
    return f"Emul:{region.upper()}-AD-{number}"


def _require_place_in(region: str, details: Details) -> None:
    """Answer 400 when the details name an availability domain that `region` does not have."""
    places = {availability_domain(region, number) for number in range(1, AVAILABILITY_DOMAINS + 1)}
    if details.get("availabilityDomain", availability_domain(region)) not in places:
        raise invalid("availabilityDomain", f"an availability domain of {region}")


def _require_available(resource: Resource) -> None:
    if resource.state is not State.AVAILABLE:
        raise ApiError(409, "IncorrectState", f"{resource.id} is {resource.state}, not AVAILABLE.")
