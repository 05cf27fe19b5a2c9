"""The recovery-point report: how it stands with everything that was looked at, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from handlers.core.grammar import Keep
from handlers.core.model import Kind, Lifecycle, Source
from handlers.core.recovery_point import Recovery


class Unread(NamedTuple):
    """A list of backups, or of sources, that could not be read, and why in a word."""

    region: str
    kind: Kind
    compartment_id: str
    reason: str
    is_of_sources: bool = False


class Problem(NamedTuple):
    """A tag of a source that cannot be followed: the term it is about, as `SourcePolicy.faults` has it, and why."""

    source: Source
    term: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """Everything that a page tells. `days` is how far back it looks, `max_rows` how many recoveries it lists at most.

    Where the source region could not be read, recoveries are made of the destinations alone.
    """

    generated_at: datetime
    source_region: str
    compartments: Sequence[str]
    recoveries: Sequence[Recovery]
    source_is_readable: bool = True
    unread: Sequence[Unread] = ()
    notes: Sequence[str] = ()
    """Further sentences for those who read it, such as of a region that the tenancy is not subscribed to."""
    problems: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    """By source; also of sources that have no recoveries."""
    days: int = 30
    max_rows: int = 1000
    keeps: Mapping[tuple[str, str], Keep] = field(default_factory=dict)
    """What is kept, by source and region: copies that retention took must not look as if they had never been there.

    Where nothing is said, everything is kept.
    """

    @property
    def source_is_whole(self) -> bool:
        """Whether all of the source region was read: else there may be sources that are not here."""
        return self.source_is_readable and all(each.region != self.source_region for each in self.unread)

    def knows_originals(self, recovery: Recovery) -> bool:
        """Whether it is known which of these copies are orphans, and whether the source is gone."""
        return self.source_is_readable and not any(
            each.region == self.source_region and each.kind is recovery.source.kind for each in self.unread
        )

    def problems_of(self, source_id: str) -> dict[str, str]:
        """What is wrong with the tags of a source, by the term that each is about."""
        return {each.term: each.message for each in self.problems.get(source_id, ())}

    def keep_of(self, recovery: Recovery) -> Keep:
        """What is kept of these copies."""
        return self.keeps.get((recovery.source.id, recovery.region), Keep())


def as_json(
    recovery: Recovery, *, originals_are_known: bool = True, problems: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """How it stands with one source in one destination, as the JSON answer has it; `null` is none, or not known.

    `copies` and `storedGigabytes` are of those that are AVAILABLE. Where the destination could not be read, `standing`
    is `unread`, there is no recovery point, and lists and counts are of what was seen nevertheless. Whether a copy is
    an orphan, and a source gone, is known only where the source region was read: `originals_are_known`. `problems` are
    the source's tags that cannot be followed, by the term that each is about.
    """
    source, is_known = recovery.source, recovery.is_known
    return {
        "sourceId": source.id,
        "sourceName": source.name or None,
        "kind": str(source.kind),
        "compartmentId": source.compartment_id or None,
        "sourceIsGone": source.is_ending if originals_are_known else None,
        "destinationRegion": recovery.region,
        "standing": str(recovery.standing),
        "recoveryPoint": _moment(recovery.point) if is_known else None,
        "ageSeconds": _seconds(recovery.age) if is_known else None,
        "targetSeconds": _seconds(recovery.target),
        "breachSince": _moment(recovery.breach_since),
        "newestBackup": _moment(recovery.newest_backup),
        "behindSeconds": _seconds(recovery.behind) if is_known else None,
        "nextDue": _moment(recovery.next_due),
        "copies": len(recovery.having(Lifecycle.AVAILABLE)),
        "storedGigabytes": recovery.stored_gb,
        "inFlight": [
            {
                "backupId": copy.id,
                "ageSeconds": _seconds(recovery.now - copy.began),
                "stuck": copy.is_stuck(recovery.now),
            }
            for copy in recovery.in_flight
        ],
        "faulty": [copy.id for copy in recovery.having(Lifecycle.FAULTY)],
        "faultyBackups": list(recovery.faulty_backups),
        "orphans": len(recovery.orphans) if originals_are_known else None,
        "stray": not recovery.belongs,
        "problems": dict(problems or {}),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else duration // timedelta(seconds=1)
