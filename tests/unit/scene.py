"""An inventory that is written down instead of read, and what is planned for it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.core.decision import Attempts, Decision, Scope
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.plan import plan
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, configuration, ocid

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Scene:
    """Sources, backups and copies; times are hours before now. Two destinations have been looked at."""

    def __init__(self) -> None:
        self.inventory = Inventory(copies={AWAY: {}, FAR: {}})
        self._numbers = itertools.count(1)

    def source(self, kind: Kind = Kind.VOLUME, tags: Mapping[str, str] | None = None) -> str:
        """The id of a source with these tags."""
        source = Source(kind, ocid(kind.source_type, HOME, f"n{next(self._numbers)}"), dict(tags or {}))
        self.inventory.sources[source.id] = source
        return source.id

    def original(self, source_id: str | None = "", hours_ago: float = 0, **facts: Any) -> Backup:
        """A backup in the home region, AVAILABLE and of a source of its own unless told otherwise."""
        kind = facts.pop("kind", Kind.VOLUME)
        backup = self._backup(
            kind, HOME, hours_ago, source_id=self.source(kind) if source_id == "" else source_id, **facts
        )
        self.inventory.originals[backup.id] = backup
        return backup

    def copy(
        self, original: Backup, lifecycle: Lifecycle = Lifecycle.AVAILABLE, region: str = AWAY, hours_ago: float = 0
    ) -> Backup:
        """A copy of `original`."""
        facts = {"copied_from": original.id, "lifecycle": lifecycle, "source_id": original.source_id}
        copy = self._backup(original.kind, region, hours_ago, **facts)
        self.inventory.add_copy(copy)
        return copy

    def plan(
        self,
        scope: Scope | None = None,
        attempts: Attempts | None = None,
        now: datetime = NOW,
        **keys: str,
    ) -> list[Decision]:
        """The decisions, for a function that copies to one other region unless `keys` say so."""
        return plan(self.inventory, scope or Scope(), configuration(**keys), now, attempts)

    def _backup(self, kind: Kind, region: str, hours_ago: float, **facts: Any) -> Backup:
        return Backup(
            **{
                "kind": kind,
                "id": ocid(kind.backup_type, region, f"n{next(self._numbers)}"),
                "region": region,
                "compartment_id": COMPARTMENT,
                "lifecycle": Lifecycle.AVAILABLE,
                "time_created": NOW - HOUR * hours_ago,
                **facts,
            }
        )
