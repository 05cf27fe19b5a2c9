"""The lives of backups and copies, as the cloud saw them, and what became of them by whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.emulator.block_volume.kinds import BackupKind
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import ENDING, IN_FLIGHT, Resource
from infra.emulator.wire import timestamp
from tests.simulation.invocation import Invocation

OURS = "backup-copy-"
"""How the tags begin that the function may change."""
SLOT_TAG, MARK_TAG = f"{OURS}slot", f"{OURS}delete-after"
REGION_TAG, TIME_TAG = f"{OURS}source-region", f"{OURS}source-time"
PROTECTIONS = ("isPreventDeletionEnabled", "isRetentionLockEnabled", "isIndefiniteRetentionEnabled")

LONGEST_WAY = timedelta(seconds=1)
"""That a request is under way, unless something goes wrong."""


def read_moment(tag: str, identifier: str) -> datetime | None:
    """The moment in a tag that names what it is of, by the end of an OCID; `None` where it is of something else."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)Z (.{16})", tag)
    if found is None or not identifier.endswith(found[2]):
        return None
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Facts:
    """What may change of a resource, as it is from a moment on; `by` is the call that has changed it, if one did."""

    since: datetime
    tags: Mapping[str, str]
    is_protected: bool
    by: Invocation | None

    @classmethod
    def of(cls, resource: Resource, now: datetime, by: Invocation | None) -> Facts:
        fields = resource.fields
        until = fields.get("timeRetentionExpiresAt")
        is_protected = any(fields.get(name) for name in PROTECTIONS) or bool(until and until > timestamp(now))
        return cls(now, dict(fields["freeformTags"]), is_protected, by)

    def mark(self, identifier: str) -> datetime | None:
        """From when on this backup may be deleted, as its own mark says."""
        return read_moment(self.tags.get(MARK_TAG, ""), identifier)


@dataclass(eq=False)
class Life:
    """A backup or copy from its beginning, also when it is long gone; `maker` is the call that made it, if one did."""

    resource: Resource
    began: datetime
    maker: Invocation | None
    asked: datetime | None
    """When the request was sent that made it."""
    states: list[tuple[datetime, State]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.resource.id

    @property
    def name(self) -> str:
        """Short, and different for each."""
        return f"{self.resource.kind.ocid_type}.{self.resource.number}"

    @property
    def copy_of(self) -> str | None:
        return self.resource.copy_of

    @property
    def group_id(self) -> str | None:
        group_id: str | None = self.resource.fields.get("volumeGroupBackupId")
        return group_id

    @property
    def source_id(self) -> str:
        assert isinstance(self.resource.kind, BackupKind)
        return str(self.resource.fields[self.resource.kind.of_field])

    @property
    def source_kind(self) -> str:
        """As `POLICY` names it."""
        assert isinstance(self.resource.kind, BackupKind)
        return self.resource.kind.of.name

    @property
    def created(self) -> datetime:
        """As the API says it, with which the function has to do."""
        return datetime.fromisoformat(self.resource.fields["timeCreated"])

    @property
    def slot(self) -> datetime | None:
        """The slot that it was made for as its own tag says."""
        return read_moment(self.resource.fields["freeformTags"].get(SLOT_TAG, ""), self.source_id)

    @property
    def was_held_up(self) -> bool:
        """Whether the cloud made it only long after it was asked, when nobody could expect that any more."""
        return self.asked is not None and self.began - self.asked > LONGEST_WAY

    @property
    def arrived(self) -> datetime | None:
        """When it became AVAILABLE."""
        return next((when for when, state in self.states if state is State.AVAILABLE), None)

    @property
    def was_deleted(self) -> bool:
        return any(state in ENDING for _, state in self.states)

    @property
    def was_faulty(self) -> bool:
        return any(state is State.FAULTY for _, state in self.states)

    def state_at(self, moment: datetime) -> State | None:
        """Its state right after this moment; `None` where it had not begun."""
        return next((state for when, state in reversed(self.states) if when <= moment), None)

    def is_under_way_at(self, moment: datetime) -> bool:
        return self.state_at(moment) in IN_FLIGHT


@dataclass(eq=False)
class Going:
    """A step towards a backup's end: a call has marked it, or deleted it. `facts` are those right before."""

    life: Life
    call: Invocation
    asked: datetime
    """When the call first sent this very request."""
    moment: datetime
    facts: Facts
    is_deletion: bool
