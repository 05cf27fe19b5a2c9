"""When a recovery point was older than its target, as far as the copies that are left can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.core.fleet import FleetReport
from handlers.core.grammar import Keep
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import CopyState, Recovery

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Gap:
    """From `start` to `end` the recovery point was older than the target; still is, where it `lasts`."""

    start: datetime
    end: datetime
    lasts: bool = False

    @property
    def length(self) -> timedelta:
        """How long that was."""
        return self.end - self.start


def gaps_of(recovery: Recovery, report: FleetReport) -> list[Gap]:
    """The gaps within the days that the report looks back, the oldest first.

    The target is today's. Before the first copy was begun there is nothing to say: nobody may have wanted any.
    """
    if not recovery.belongs or not recovery.is_known or recovery.target is None:
        return []
    begin = recovery.now - timedelta(days=report.days)
    breach = recovery.breach_since
    gaps = [Gap(start, end) for start, end in _past(recovery, recovery.target, report.keep_of(recovery))]
    if breach:
        gaps = [Gap(each.start, min(each.end, breach)) for each in gaps if each.start < breach]
        gaps.append(Gap(breach, recovery.now, lasts=True))
    return [Gap(max(each.start, begin), each.end, each.lasts) for each in gaps if each.end > begin]


def _past(recovery: Recovery, target: timedelta, keep: Keep) -> list[tuple[datetime, datetime]]:
    """A copy counts from when it was begun: it is not there earlier, and nothing says when it arrived."""
    gaps: list[tuple[datetime, datetime]] = []
    there = sorted(recovery.having(Lifecycle.AVAILABLE), key=lambda each: (each.began, each.moment))
    thinned = _Thinned([each.moment for each in there], keep)
    newest: CopyState | None = None
    for copy in there:
        if newest and copy.moment <= newest.moment:
            continue
        if newest:
            start = max(newest.moment + target, newest.began)
            end = min(copy.began, recovery.now, thinned.since(newest.moment, copy.moment))
            if end > start and gaps and gaps[-1][1] == start:
                gaps[-1] = (gaps[-1][0], end)
            elif end > start:
                gaps.append((start, end))
        newest = copy
    return gaps


class _Thinned:
    """Where retention may have taken copies between those that are left.

    Of a day, week, month or year it leaves the newest: so there was nothing more in that of one that is left, and
    nothing in those that are empty, but there may have been something before in that of the copy that follows.
    """

    def __init__(self, moments: Sequence[datetime], keep: Keep) -> None:
        self._longest = keep.counts[-1][0] if keep.counts else None
        self._reach: list[tuple[str, datetime]] = []
        """The units by which copies are kept, the shortest first, each with the oldest period that it reaches."""
        for unit, count in keep.counts:
            periods = sorted({_period_start(each, unit) for each in moments}, reverse=True)
            # One less than are kept: retention may have counted one that is not there any more.
            if reached := periods[: count - 1]:
                self._reach.append((unit, reached[-1]))

    def since(self, point: datetime, following: datetime) -> datetime:
        """From when on there may have been a copy between these two that follow each other now."""
        for unit, oldest in self._reach:
            if _period_start(point, unit) >= oldest:
                return _period_start(following, unit)
        return _period_start(following, self._longest) if self._longest else NEVER


def _period_start(moment: datetime, unit: str) -> datetime:
    """When the day, week (from Monday), month or year began, in UTC: as retention counts them."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "d":
            return day
        case "w":
            return day - timedelta(days=day.weekday())
        case "m":
            return day.replace(day=1)
        case _:
            return day.replace(month=1, day=1)
