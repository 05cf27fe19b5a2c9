"""Which of the backups of one source in one place are kept, as a function of their times."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from handlers.core.grammar import NAMES, Keep

T = TypeVar("T", bound=Hashable)


def kept(times: Mapping[T, datetime], keep: Keep, now: datetime) -> dict[T, str]:
    """Those that are kept, each with why. The newest always is.

    Whatever is not kept is not kept either when others are added, nor later: what was deleted for this is never missed.
    """
    newest_first = sorted(times, key=lambda each: (times[each], str(each)), reverse=True)
    if keep.is_everything:
        return dict.fromkeys(newest_first, "everything is kept")
    if keep.last is not None:
        return dict.fromkeys(newest_first[: keep.last], f"among the last {keep.last}")
    if keep.younger is not None:
        young = [each for each in newest_first if now - times[each] <= keep.younger]
        return {**dict.fromkeys(newest_first[:1], "the newest"), **dict.fromkeys(young, f"younger than {keep}")}
    reasons: dict[T, str] = dict.fromkeys(newest_first[:1], "the newest")
    for unit, count in keep.counts:
        newest_of: dict[object, T] = {}
        for each in newest_first:
            newest_of.setdefault(_period(times[each], unit), each)
        for each in list(newest_of.values())[:count]:
            reasons.setdefault(each, f"the newest of its {NAMES[unit]}")
    return reasons


def _period(moment: datetime, unit: str) -> object:
    """What moments of one day, week (of ISO 8601), month or year have in common, in UTC."""
    moment = moment.astimezone(UTC)
    match unit:
        case "d":
            return moment.date()
        case "w":
            return moment.isocalendar()[:2]
        case "m":
            return moment.year, moment.month
        case _:
            return moment.year
