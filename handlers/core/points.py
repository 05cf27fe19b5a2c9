"""What is measured of sources and their copies, as points of OCI Monitoring.

https://docs.oracle.com/iaas/api/#/en/monitoring/20180401/MetricData/PostMetricData
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.core.recovery_point import Recovery, Standing
from handlers.core.report import Outcome

NAMESPACE = "backup_copy"
ALL = "all"
"""In the place of a source: what a destination has no number of from any of them is zero for all."""
GIGABYTE = 1024**3


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric at one moment."""

    name: str
    dimensions: Mapping[str, str]
    moment: datetime
    value: float


def points_of(recoveries: Sequence[Recovery]) -> list[Point]:
    """What a sweep or a report has to say. Of a destination that could not be read that is failures, and breaches."""
    return [point for each in recoveries for point in _standing(each)] + _counted(recoveries)


def _standing(recovery: Recovery) -> Iterator[Point]:
    dimensions = {"source": recovery.source.id, "destination": recovery.region}
    if not recovery.is_known:
        if recovery.breach_since:
            yield Point("recovery_point_breach", dimensions, recovery.now, 1.0)
        return
    if recovery.age is not None:
        yield Point("recovery_point_age_seconds", dimensions, recovery.now, recovery.age / timedelta(seconds=1))
    if recovery.belongs and recovery.target is not None and recovery.standing is not Standing.UNSURE:
        yield Point("recovery_point_breach", dimensions, recovery.now, float(recovery.breach_since is not None))
    yield Point("bytes_stored", dimensions, recovery.now, float(recovery.stored_gb * GIGABYTE))


def _counted(recoveries: Sequence[Recovery]) -> list[Point]:
    """Counts of those sources that have any, and a zero for each destination where none has: silence says nothing."""
    points: list[Point] = []
    for name in ("copies_started", "copies_in_flight", "copies_failed"):
        seen: set[str] = set()
        for each in recoveries:
            count = _count(name, each)
            if count:
                seen.add(each.region)
                points.append(Point(name, {"source": each.source.id, "destination": each.region}, each.now, count))
        quiet = [each for each in recoveries if each.is_known or name != "copies_in_flight"]
        idle = {each.region: each.now for each in quiet if each.region not in seen}
        points += [Point(name, {"source": ALL, "destination": region}, now, 0.0) for region, now in idle.items()]
    return points


def _count(name: str, recovery: Recovery) -> float:
    match name:
        case "copies_started":
            return float(recovery.outcomes.get(Outcome.COPIED, 0))
        case "copies_in_flight":
            return float(len(recovery.in_flight))
        case _:
            return float(recovery.outcomes.get(Outcome.FAILED, 0))


def sweep_point(now: datetime) -> Point:
    """That a sweep of all that is configured was made, whatever it found: an alarm on its absence needs no source."""
    return Point("sweeps", {"source": ALL, "destination": ALL}, now, 1.0)


def deletion_points(deletions: Mapping[tuple[str, str], int], now: datetime) -> list[Point]:
    """How many backups and copies were deleted, by source and region."""
    return [
        Point("deletions", {"source": source_id, "destination": region}, now, float(count))
        for (source_id, region), count in deletions.items()
    ]
