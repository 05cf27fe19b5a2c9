"""What there is of each source in each region while the film runs, as the cloud's diary tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from infra.local.cast import HOME, Source

GONE = frozenset(("TERMINATING", "TERMINATED"))


@dataclass(frozen=True)
class Holding:
    """A backup or copy, while it is there."""

    source_id: str
    region: str
    copy_of: str | None
    state: str
    made: datetime


@dataclass(frozen=True)
class Standing:
    """How it stands with one source in one region: of what should be there, how much is."""

    wanted: int
    good: int
    under_way: int
    faulty: int
    orphans: int
    """Good copies whose backup is gone by now: they are kept for longer."""
    newest: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether each backup has a good copy."""
        return self.good == self.wanted


class Holdings:
    """All backups and copies that are there; not safe to share between threads."""

    def __init__(self) -> None:
        self._by_id: dict[str, Holding] = {}

    def has(self, backup_id: str) -> bool:
        """Whether it is there."""
        return backup_id in self._by_id

    def follow(self, transition: Mapping[str, Any], source_id: str) -> Holding | None:
        """Keep what a backup or copy of this source has become; as it was last, if it has just gone."""
        backup_id, state = transition["resource"], transition["state"]
        before = self._by_id.get(backup_id)
        if state in GONE:
            return self._by_id.pop(backup_id, None)
        made = datetime.fromisoformat(transition["time"])
        new = Holding(source_id, transition["region"], transition["source"], state, made)
        self._by_id[backup_id] = replace(before, state=state) if before else new
        return self._by_id[backup_id]

    def standing(self, source: Source, region: str) -> Standing:
        """How it stands now."""
        held = {key: each for key, each in self._by_id.items() if each.source_id == source.id}
        originals = {key for key, each in held.items() if each.copy_of is None and each.state == "AVAILABLE"}
        here = [each for each in held.values() if each.region == region]
        good = [each for each in here if each.state == "AVAILABLE"]
        covered = {each.copy_of for each in good} & originals
        return Standing(
            wanted=len(originals),
            good=len(originals) if region == HOME else len(covered),
            under_way=len([each for each in here if each.state not in {"AVAILABLE", "FAULTY"}]),
            faulty=len([each for each in here if each.state == "FAULTY"]),
            orphans=0 if region == HOME else len([each for each in good if each.copy_of not in originals]),
            newest=max((each.made for each in good), default=None),
        )
