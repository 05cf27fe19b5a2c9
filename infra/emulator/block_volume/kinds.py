"""The six kinds of resource, as a table: what is called how, and which fields and filters each has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.emulator.block_volume.limits import State
from infra.emulator.pages import Listing


@dataclass(frozen=True)
class Kind:
    """One kind of resource; all of its names in the API follow from `name`, as `VolumeBackup`."""

    name: str
    fields: tuple[str, ...]
    """The fields of an answer, exactly."""
    filters: tuple[str, ...]
    """The query parameters that narrow a list to equal fields."""
    states: frozenset[State]
    """The lifecycle states that one can be in, by the API."""
    sortable: bool = True
    compartment_required: bool = True

    @property
    def key(self) -> str:
        """The name as JSON fields begin with it: `volumeBackup`."""
        return self.name[0].lower() + self.name[1:]

    @property
    def id_field(self) -> str:
        """How others refer to one: `volumeBackupId`."""
        return f"{self.key}Id"

    @property
    def path(self) -> str:
        """The collection's address: `volumeBackups`."""
        return f"{self.key}s"

    @property
    def ocid_type(self) -> str:
        """What stands in the OCID: `volumebackup`."""
        return self.name.lower()

    @property
    def listing(self) -> Listing:
        """How the kind is listed: newest first, and by name from A."""
        return Listing(
            filters={name: name for name in self.filters},
            sorts={"TIMECREATED": "", "DISPLAYNAME": "displayName"} if self.sortable else {},
            default_limit=100,
            largest_limit=1000,
            states=sorted(self.states),
            newest_first=True,
            compartment_required=self.compartment_required,
        )

    @property
    def noun(self) -> str:
        """As a message says it: `volume backup`."""
        return re.sub(r"(?<!^)(?=[A-Z])", " ", self.name).lower()


@dataclass(frozen=True)
class BackupKind(Kind):
    """A kind of backup, and the kind that it is a backup of."""

    of: Kind = None  # type: ignore[assignment] # dataclass inheritance asks for a default; each entry below names it

    @property
    def of_field(self) -> str:
        """The field that names what was backed up: `volumeId`."""
        return self.of.id_field

    @property
    def copy_of_field(self) -> str:
        """The field that names the backup that a copy was made from: `sourceVolumeBackupId`."""
        return f"source{self.name}Id"


_TAGS = ("definedTags", "freeformTags")
_RETENTION = (
    "timeRetentionExpiresAt",
    "retentionPeriod",
    "isPreventDeletionEnabled",
    "isRetentionLockEnabled",
    "isIndefiniteRetentionEnabled",
)
_COMMON = ("id", "compartmentId", "displayName", "lifecycleState", "timeCreated", *_TAGS)
_VOLUME = (
    *_COMMON,
    "systemTags",
    "availabilityDomain",
    "isHydrated",
    "kmsKeyId",
    "vpusPerGB",
    "clusterPlacementGroupId",
    "sizeInGBs",
    "sizeInMBs",
    "sourceDetails",
    "volumeGroupId",
    "isAutoTuneEnabled",
    "autoTunedVpusPerGB",
    "autotunePolicies",
)
_ENDS = {State.AVAILABLE, State.TERMINATING, State.TERMINATED, State.FAULTY}
_VOLUME_STATES = frozenset({State.PROVISIONING, State.RESTORING, *_ENDS})
_BACKUP_STATES = frozenset({State.REQUEST_RECEIVED, State.CREATING, *_ENDS})
_BACKUP = (*_COMMON, "expirationTime", "sizeInGBs", "sourceType", "timeRequestReceived", "type", *_RETENTION)

VOLUME = Kind(
    "Volume",
    (*_VOLUME, "blockVolumeReplicas", "isReservationsEnabled"),
    ("availabilityDomain", "displayName", "volumeGroupId", "clusterPlacementGroupId", "lifecycleState"),
    _VOLUME_STATES,
    compartment_required=False,
)
BOOT_VOLUME = Kind(
    "BootVolume",
    (*_VOLUME, "imageId", "bootVolumeReplicas"),
    ("availabilityDomain", "volumeGroupId"),
    _VOLUME_STATES,
    sortable=False,
    compartment_required=False,
)
VOLUME_GROUP = Kind(
    "VolumeGroup",
    (
        *_COMMON,
        "availabilityDomain",
        "sizeInMBs",
        "sizeInGBs",
        "sourceDetails",
        "volumeIds",
        "isHydrated",
        "volumeGroupReplicas",
    ),
    ("availabilityDomain", "displayName", "lifecycleState"),
    frozenset({State.PROVISIONING, State.UPDATE_PENDING, *_ENDS}),
)
VOLUME_BACKUP = BackupKind(
    "VolumeBackup",
    (
        *_BACKUP,
        "systemTags",
        "kmsKeyId",
        "sizeInMBs",
        "sourceVolumeBackupId",
        "uniqueSizeInGBs",
        "uniqueSizeInMbs",
        "volumeId",
        "volumeGroupBackupId",
    ),
    ("volumeId", "displayName", "sourceVolumeBackupId", "lifecycleState"),
    _BACKUP_STATES,
    of=VOLUME,
)
BOOT_VOLUME_BACKUP = BackupKind(
    "BootVolumeBackup",
    (
        *_BACKUP,
        "systemTags",
        "kmsKeyId",
        "imageId",
        "sourceBootVolumeBackupId",
        "uniqueSizeInGBs",
        "bootVolumeId",
        "volumeGroupBackupId",
    ),
    ("bootVolumeId", "displayName", "sourceBootVolumeBackupId", "lifecycleState"),
    _BACKUP_STATES,
    of=BOOT_VOLUME,
)
VOLUME_GROUP_BACKUP = BackupKind(
    "VolumeGroupBackup",
    (
        *_BACKUP,
        "sizeInMBs",
        "sourceVolumeGroupBackupId",
        "uniqueSizeInGbs",
        "uniqueSizeInMbs",
        "volumeBackupIds",
        "volumeGroupId",
    ),
    ("volumeGroupId", "displayName"),
    _BACKUP_STATES | {State.COMMITTED},
    of=VOLUME_GROUP,
)

BACKUPS = (VOLUME_BACKUP, BOOT_VOLUME_BACKUP, VOLUME_GROUP_BACKUP)
KINDS: tuple[Kind, ...] = (VOLUME, BOOT_VOLUME, VOLUME_GROUP, *BACKUPS)
BACKUP_OF: dict[Kind, BackupKind] = {kind.of: kind for kind in BACKUPS}
BY_OCID_TYPE: dict[str, Kind] = {kind.ocid_type: kind for kind in KINDS}
