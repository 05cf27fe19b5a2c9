"""What should be, said again in its own words: which backups are due, which are to have copies, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.emulator.block_volume.kinds import BACKUPS, BOOT_VOLUME, VOLUME, VOLUME_GROUP, BackupKind
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import IN_FLIGHT, Resource, Resources
from infra.emulator.clock import Clock
from tests.simulation.lives import TIME_TAG, Life
from tests.simulation.policy import DESTINATIONS_TAG, EVERY_TAG, Tags
from tests.simulation.retention import kept, slot_of
from tests.simulation.setting import HOME, Setting

LIVING = {*IN_FLIGHT, State.AVAILABLE}


@dataclass(frozen=True)
class Expectation:
    """Over the cloud's own state, as it is at the moment of asking."""

    setting: Setting
    resources: Resources
    compartment_ids: Sequence[str]
    """Those that are swept."""
    lives: Mapping[str, Life]
    clock: Clock

    def destinations(self, kind: str, tags: Tags) -> frozenset[str] | None:
        """Where the backups of a source with these tags belong; `None` where its own tag cannot be followed."""
        if DESTINATIONS_TAG not in tags:
            said = self.setting.policy.destinations(kind, tags)
            return frozenset(self.setting.destinations if said is None else said)
        if tags[DESTINATIONS_TAG] == "none":
            return frozenset()
        regions = frozenset(part.strip() for part in tags[DESTINATIONS_TAG].split(","))
        return regions if regions <= set(self.setting.allowed) else None

    def belongs(self, backup: Resource) -> frozenset[str]:
        """Where a backup is to be copied to, once it is AVAILABLE and as long as it is kept there."""
        if not _is_original(backup) or backup.fields["compartmentId"] not in self.compartment_ids:
            return frozenset()
        source = self.resources.find(backup.fields[_kind(backup).of_field])
        gone = source is None or source.state is State.TERMINATED
        tags = {} if gone or source is None else source.fields["freeformTags"]
        return self.destinations(_kind(backup).of.name, tags) or frozenset()

    def is_kept(self, backup: Resource, region: str) -> bool:
        """Whether a copy in this region would be kept, beside all that is there and all that could be."""
        source = self.resources.find(backup.fields[_kind(backup).of_field])
        living = [each for each in self._copies(backup, region) if each.state in LIVING]
        there = {str(each.copy_of) for each in living if self._is_told(each)}
        if source is None:
            # Nobody knows any more what is to be kept: what is older than all that is there may have gone on purpose.
            newest = max((self.lives[each].created for each in there), default=self.lives[backup.id].created)
            return not self.setting.policy.names_keep or self.lives[backup.id].created >= newest
        moments = {each: self.lives[each].created for each in {*there, *self._at_home(backup)}}
        keep = self.setting.policy.keep(source.kind.name, source.fields["freeformTags"], region)
        return keep is None or backup.id in kept(moments, keep, self.clock.now())

    def wanted(self) -> list[tuple[Resource, str]]:
        """Each backup and region of which there is to be one good copy."""
        return [
            (backup, region)
            for kind in BACKUPS
            for backup in self.resources.of(kind, HOME)
            if backup.state is State.AVAILABLE
            for region in sorted(self.belongs(backup))
            if self.is_kept(backup, region)
        ]

    def good_copies(self, backup: Resource, region: str) -> list[Resource]:
        """The AVAILABLE copies of a backup in a region."""
        copies = self._copies(backup, region)
        return [each for each in copies if each.copy_of == backup.id and each.state is State.AVAILABLE]

    def newest_copy(self, source_id: str, region: str) -> datetime | None:
        """When the newest backup of a source was made that has an AVAILABLE copy in a region."""
        copies = self.resources.backups_of(source_id, region)
        good = [each for each in copies if each.state is State.AVAILABLE and not _is_member(each)]
        swept = [each for each in good if each.copy_of and each.fields["compartmentId"] in self.compartment_ids]
        return max((self._told(each) for each in swept), default=None)

    def _told(self, copy: Resource) -> datetime:
        """Of when a copy's data is; where nothing in the cloud tells that any more it is as old as itself."""
        return self.lives[str(copy.copy_of) if self._is_told(copy) else copy.id].created

    def _is_told(self, copy: Resource) -> bool:
        """Whether anything in the cloud tells of when the data of a copy is."""
        return bool(self.resources.find(str(copy.copy_of))) or TIME_TAG in copy.fields["freeformTags"]

    def missing(self) -> list[tuple[Resource, str]]:
        """Those of which there is none, or more than one."""
        return [(backup, region) for backup, region in self.wanted() if len(self.good_copies(backup, region)) != 1]

    def interval(self, source: Resource, tags: Tags, instead: str | None = None) -> int | None:
        """After how many hours a backup of a source with these tags is due; `None` where none is."""
        every = self.setting.policy.every(source.kind.name, tags, instead)
        group = self.resources.find(source.fields.get("volumeGroupId") or "")
        if group is None or EVERY_TAG in tags or group.fields["compartmentId"] not in self.compartment_ids:
            return every
        of_group = group.fields["freeformTags"]
        is_due_itself = self.setting.policy.every(group.kind.name, of_group, instead)
        # What of a group cannot be followed may be that it is to be backed up: its members wait for somebody.
        is_unclear = of_group.get(EVERY_TAG, "none") != "none" and is_due_itself is None
        return None if is_due_itself or is_unclear else every

    def overdue(self) -> list[Resource]:
        """The sources that have no living backup in the interval that it is."""
        return [
            source
            for kind in (VOLUME, BOOT_VOLUME, VOLUME_GROUP)
            for source in self.resources.of(kind, HOME)
            if source.state is State.AVAILABLE and source.fields["compartmentId"] in self.compartment_ids
            if (hours := self.interval(source, source.fields["freeformTags"]))
            if not any(each >= slot_of(self.clock.now(), hours) for each in self._backed_up(source))
        ]

    def _backed_up(self, source: Resource) -> list[datetime]:
        """When the living backups were made that a source has at home."""
        backups = self.resources.backups_of(source.id, HOME)
        return [self.lives[each.id].created for each in backups if each.state in LIVING and _is_original(each)]

    def _at_home(self, backup: Resource) -> list[str]:
        """The backups of the same source that could be copied."""
        return [
            each.id
            for each in self.resources.backups_of(backup.fields[_kind(backup).of_field], HOME)
            if each.state is State.AVAILABLE and _is_original(each)
            if each.fields["compartmentId"] in self.compartment_ids
        ]

    def _copies(self, backup: Resource, region: str) -> list[Resource]:
        """All copies in a region of backups of the same source."""
        copies = self.resources.backups_of(backup.fields[_kind(backup).of_field], region)
        return [
            each
            for each in copies
            if each.copy_of and each.source_region == HOME and not _is_member(each)
            if each.fields["compartmentId"] in self.compartment_ids
        ]


def _kind(backup: Resource) -> BackupKind:
    assert isinstance(backup.kind, BackupKind)
    return backup.kind


def _is_member(backup: Resource) -> bool:
    return bool(backup.fields.get("volumeGroupBackupId"))


def _is_original(backup: Resource) -> bool:
    """Whether it is neither a copy nor a part of another backup."""
    return backup.region == HOME and not backup.copy_of and not _is_member(backup)
