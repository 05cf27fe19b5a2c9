"""What should be, said again in its own words: which backups are to have copies, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import Resource, Resources
from tests.simulation.setting import HOME, Setting

TAG = "backup-copy-destinations"


@dataclass(frozen=True)
class Expectation:
    """Over the cloud's own state, as it is at the moment of asking."""

    setting: Setting
    resources: Resources
    compartment_ids: Sequence[str]
    """Those that are swept."""

    def destinations(self, tags: Mapping[str, str]) -> frozenset[str]:
        """Where the backups of a source with these tags belong; nowhere when it says so, or says it badly."""
        if TAG not in tags:
            return frozenset(self.setting.destinations)
        regions = frozenset(part.strip() for part in tags[TAG].split(","))
        return regions if regions <= set(self.setting.allowed) else frozenset()

    def belongs(self, backup: Resource) -> frozenset[str]:
        """Where a backup is to be copied to, once it is AVAILABLE."""
        if backup.region != HOME or backup.copy_of or backup.fields.get("volumeGroupBackupId"):
            return frozenset()
        if backup.fields["compartmentId"] not in self.compartment_ids:
            return frozenset()
        source = self.resources.find(backup.fields[backup.kind.of_field])  # type: ignore[attr-defined] # a backup's
        gone = source is None or source.state is State.TERMINATED
        return self.destinations({} if gone or source is None else source.fields["freeformTags"])

    def wanted(self) -> list[tuple[Resource, str]]:
        """Each backup and region of which there is to be one good copy."""
        return [
            (backup, region)
            for kind in BACKUPS
            for backup in self.resources.of(kind, HOME)
            if backup.state is State.AVAILABLE
            for region in sorted(self.belongs(backup))
        ]

    def good_copies(self, backup: Resource, region: str) -> list[Resource]:
        """The AVAILABLE copies of a backup in a region."""
        source_id = backup.fields[backup.kind.of_field]  # type: ignore[attr-defined] # a backup's
        copies = self.resources.backups_of(source_id, region)
        return [each for each in copies if each.copy_of == backup.id and each.state is State.AVAILABLE]

    def missing(self) -> list[tuple[Resource, str]]:
        """Those of which there is none, or more than one."""
        return [(backup, region) for backup, region in self.wanted() if len(self.good_copies(backup, region)) != 1]
