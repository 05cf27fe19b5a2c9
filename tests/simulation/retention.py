"""How often a backup is due and what is kept, read and reckoned again in their own words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS = {"d": 1, "w": 7, "m": 31, "y": 366}
PERIODS = {"d": "%Y-%m-%d", "w": "%G-%V", "m": "%Y-%m", "y": "%Y"}
"""How a moment is written so that all of one day, ISO week, month or year look alike."""


@dataclass(frozen=True)
class Keep:
    """What is kept: all, unless one of these says otherwise."""

    last: int | None = None
    days: int | None = None
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def is_all(self) -> bool:
        return self == ALL


ALL = Keep()


def read_keep(text: str) -> Keep | None:
    """`all`, `last 3`, `30d`, `7d 4w 12m`; `None` for what is none of these."""
    words = text.split()
    if words == ["all"]:
        return ALL
    if len(words) == 2 and words[0] == "last":
        return Keep(last=int(words[1])) if re.fullmatch("[0-9]{1,4}", words[1]) and int(words[1]) else None
    terms = [re.fullmatch("([0-9]{1,4})([dwmy])", word) for word in words]
    counts = {term[2]: int(term[1]) for term in terms if term}
    if not counts or len(counts) < len(words) or 0 in counts.values():
        return None
    if len(counts) == 1:
        ((unit, count),) = counts.items()
        return Keep(days=count * DAYS[unit])
    return Keep(counts=tuple(counts.items()))


def read_every(text: str) -> int | None:
    """The hours of an interval such as `6h` or `1d`; `None` for what is none."""
    found = re.fullmatch("([0-9]{1,4})([hdw])", text.strip())
    return int(found[1]) * {"h": 1, "d": 24, "w": 168}[found[2]] or None if found else None


def slot_of(moment: datetime, hours: int) -> datetime:
    """When the interval began that a moment is in; only for intervals of which a day is a multiple."""
    if 24 % hours:
        raise ValueError(f"a day is no multiple of {hours} hours")
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // timedelta(hours=hours) * timedelta(hours=hours)


def kept(moments: Mapping[str, datetime], keep: Keep, now: datetime) -> set[str]:
    """Whose moments are kept."""
    if keep.is_all or not moments:
        return set(moments)
    newest = max(moments, key=lambda each: (moments[each], each))
    return {newest, *_kept(moments, keep, now)}


def _kept(moments: Mapping[str, datetime], keep: Keep, now: datetime) -> Iterator[str]:
    by_age = sorted(moments, key=lambda each: (moments[each], each))
    if keep.last is not None:
        yield from by_age[-keep.last :]
    if keep.days is not None:
        yield from (each for each in by_age if moments[each] >= now - timedelta(days=keep.days))
    for unit, count in keep.counts:
        periods: defaultdict[str, list[str]] = defaultdict(list)
        for each in by_age:
            periods[moments[each].astimezone(UTC).strftime(PERIODS[unit])].append(each)
        yield from (periods[period][-1] for period in sorted(periods)[-count:])
