"""The things this function thinks in: what is backed up, backups and copies, and the time a call has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What is backed up. The value is the stem of the API's names: `Create<Kind>Backup`."""

    VOLUME_GROUP = "VolumeGroup"
    VOLUME = "Volume"
    BOOT_VOLUME = "BootVolume"

    @property
    def source_field(self) -> str:
        """The field of requests and answers that names a source, such as `volumeGroupId`."""
        return f"{self[0].lower()}{self[1:]}Id"

    @property
    def source_type(self) -> str:
        """The resource type in the OCID of a source, such as `volumegroup`."""
        return self.lower()

    @property
    def backup_type(self) -> str:
        """The resource type in the OCID of a backup, such as `volumegroupbackup`."""
        return f"{self.lower()}backup"


class Lifecycle(StrEnum):
    """The life of a backup, and of a copy: both are the same resource."""

    REQUEST_RECEIVED = "REQUEST_RECEIVED"
    CREATING = "CREATING"
    COMMITTED = "COMMITTED"
    AVAILABLE = "AVAILABLE"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    FAULTY = "FAULTY"
    UNKNOWN = "UNKNOWN"

    @classmethod
    def _missing_(cls, value: object) -> Lifecycle:  # noqa: ARG003 - the signature is the standard library's
        return cls.UNKNOWN

    @property
    def is_dead(self) -> bool:
        """Whether nothing can be restored from it, now or ever."""
        return self.is_deleted or self is Lifecycle.FAULTY

    @property
    def is_deleted(self) -> bool:
        """Whether it is gone, or going: it is listed for a while nevertheless."""
        return self in {Lifecycle.TERMINATING, Lifecycle.TERMINATED}

    @property
    def is_under_way(self) -> bool:
        """Whether it is being made; a state we do not know counts as this, so that nothing is made twice."""
        return self is not Lifecycle.AVAILABLE and not self.is_dead


@dataclass(frozen=True, slots=True)
class Source:
    """A volume group, volume or boot volume: what backups are made of.

    Keys of `defined_tags` are `namespace.key`. `group_id` is that of the volume group that it is a member of. Of one
    that `is_gone` no more is known than its backups tell.
    """

    kind: Kind
    id: str
    freeform_tags: Mapping[str, str]
    defined_tags: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    compartment_id: str = ""
    group_id: str | None = None
    time_created: datetime | None = None
    lifecycle: Lifecycle = Lifecycle.AVAILABLE
    is_gone: bool = False

    @property
    def is_ending(self) -> bool:
        """Whether it is not there any more, or will not be in a moment."""
        return self.is_gone or self.lifecycle.is_deleted

    @property
    def tags(self) -> Mapping[str, str]:
        """Freeform and defined tags: a freeform key has no point in it, a defined one is in lower case here.

        Namespaces and keys that differ only in case are the same to Oracle, freeform keys are not.
        https://docs.oracle.com/iaas/Content/Tagging/Tasks/managingtagsandtagnamespaces.htm
        """
        return {**self.freeform_tags, **{key.casefold(): value for key, value in self.defined_tags.items()}}


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in one region. A copy is a backup whose `copied_from` names the backup it was copied from.

    `etag` is known only where the backup was read or written by itself, not where it came in a list.
    """

    kind: Kind
    id: str
    region: str
    compartment_id: str
    lifecycle: Lifecycle
    time_created: datetime
    source_id: str | None
    copied_from: str | None = None
    group_backup_id: str | None = None
    freeform_tags: Mapping[str, str] = field(default_factory=dict)
    is_scheduled: bool = False
    """Whether a backup policy of Oracle's made it."""
    is_protected: bool = False
    """Whether a retention lock or one of the flags against deletion holds it."""
    retained_until: datetime | None = None
    stored_gb: int | None = None
    """What it holds of its own, in GB, once it is AVAILABLE."""
    etag: str | None = None
    opc_request_id: str | None = None

    def is_held(self, now: datetime) -> bool:
        """Whether a lock, a flag or a retention period keeps it from being deleted."""
        return self.is_protected or (self.retained_until is not None and self.retained_until > now)

    @property
    def origin(self) -> str:
        """What backups that follow one another have in common: their source; a backup without one stands alone."""
        return self.source_id or self.copied_from or self.id


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the caller stops waiting. A call starts no work within `RESERVE` of it, which it needs to answer."""

    at: datetime

    RESERVE = timedelta(seconds=2)

    def sooner(self, by: timedelta) -> Deadline:
        """A deadline for a part of the call, so that there is time for what comes after it."""
        return Deadline(self.at - by)

    def remaining(self, now: datetime) -> timedelta:
        """How long work may still take; never negative."""
        return max(timedelta(), self.at - self.RESERVE - now)
