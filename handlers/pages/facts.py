"""What pages are made of: recoveries in the order in which they matter, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.core.fleet import FleetReport
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import CopyState, Recovery, Standing
from handlers.pages.words import name_of

ALL = "all"
_ORDER = {standing: rank for rank, standing in enumerate(Standing)}
_NEVER = datetime.max.replace(tzinfo=UTC)


def stuck_of(recovery: Recovery) -> list[CopyState]:
    """The copies under way that will hardly arrive by themselves."""
    return [each for each in recovery.in_flight if each.is_stuck(recovery.now)]


def is_late_unread(recovery: Recovery) -> bool:
    """Whether it could not be read, and is older than its target as far as is known."""
    return not recovery.is_known and recovery.breach_since is not None


def least_age(recovery: Recovery) -> timedelta | None:
    """How old the recovery point is as far as is known, also where the destination cannot be read."""
    return None if recovery.known_point is None else max(timedelta(), recovery.now - recovery.known_point)


def _rank(recovery: Recovery) -> tuple[object, ...]:
    """Breaches by how long they last, then what is not known, then what has copies that somebody should look at."""
    troubles = len(stuck_of(recovery)) + len(recovery.having(Lifecycle.FAULTY)) + len(recovery.faulty_backups)
    return (
        _ORDER[recovery.standing],
        recovery.breach_since or _NEVER,
        troubles == 0,
        name_of(recovery.source).casefold(),
        recovery.source.id,
        recovery.region,
    )


def in_order(recoveries: Iterable[Recovery]) -> list[Recovery]:
    """The worst first."""
    return sorted(recoveries, key=_rank)


def worst_of(report: FleetReport) -> Recovery:
    """The worst of all; there has to be one."""
    return min(report.recoveries, key=_rank)


def worst_first(report: FleetReport) -> list[Recovery]:
    """As many as the report lists."""
    return in_order(report.recoveries)[: report.max_rows]


def by_source(recoveries: Iterable[Recovery]) -> list[list[Recovery]]:
    """The recoveries of each source, by region; sources in the order in which they come first."""
    found: dict[str, list[Recovery]] = {}
    for each in recoveries:
        found.setdefault(each.source.id, []).append(each)
    return [sorted(each, key=lambda recovery: recovery.region) for each in found.values()]


@dataclass(frozen=True, slots=True)
class Totals:
    """What some recoveries add up to: those of one destination, or all."""

    region: str
    standings: Counter[Standing]
    worst: Recovery | None
    """The one with the oldest recovery point, among those that are to be younger than a target where any is."""
    sources: int
    copies: int
    stored_gb: int
    in_flight: int
    stuck: int
    faulty: int
    orphans: int
    strays: int
    late_unread: int
    """How many could not be read, and are older than their target as far as is known."""

    @property
    def too_old(self) -> int:
        """How many are older than their target, as far as is known."""
        return self.standings[Standing.BREACH] + self.late_unread

    @property
    def worst_age(self) -> timedelta | None:
        """How old the oldest recovery point is."""
        return self.worst.age if self.worst else None


def totals_of(region: str, recoveries: Sequence[Recovery]) -> Totals:
    """What these add up to."""
    dated = [each for each in recoveries if each.belongs and each.is_known and each.age is not None]
    measured = [each for each in dated if each.target is not None] or dated
    return Totals(
        region=region,
        standings=Counter(each.standing for each in recoveries),
        worst=max(measured, key=lambda each: each.age or timedelta(), default=None),
        sources=len({each.source.id for each in recoveries}),
        copies=sum(len(each.having(Lifecycle.AVAILABLE)) for each in recoveries),
        stored_gb=sum(each.stored_gb for each in recoveries),
        in_flight=sum(len(each.in_flight) for each in recoveries),
        stuck=sum(len(stuck_of(each)) for each in recoveries),
        faulty=sum(len(each.having(Lifecycle.FAULTY)) for each in recoveries),
        orphans=sum(len(each.orphans) for each in recoveries),
        strays=sum(len(each.copies) for each in recoveries if not each.belongs),
        late_unread=sum(is_late_unread(each) for each in recoveries),
    )


def totals(report: FleetReport) -> list[Totals]:
    """Those of each destination, by name; after them those of all where there are several."""
    regions = sorted({each.region for each in report.recoveries})
    found = [totals_of(region, [each for each in report.recoveries if each.region == region]) for region in regions]
    return [*found, totals_of(ALL, report.recoveries)] if len(found) > 1 else found
