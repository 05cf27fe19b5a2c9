"""What a policy says of a source: how often, where to, and what is kept, read and reckoned again in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from handlers.core.model import Kind, Source

DAYS = {"d": 1, "w": 7, "m": 31, "y": 366}
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
DESTINATIONS_TAG, EVERY_TAG, KEEP_TAG = "backup-copy-destinations", "backup-copy-every", "backup-copy-keep"


@dataclass(frozen=True)
class Layer:
    """Terms as somebody writes them; what is `None` is left to the layers below. `tags`, `name`, `kinds`: for whom."""

    every: str | None = None
    keep: str | None = None
    destinations: tuple[tuple[str, str | None], ...] | None = None
    """Regions, each with what is kept in it where that is something else."""
    target: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    kinds: tuple[Kind, ...] = ()

    def fits(self, source: Source) -> bool:
        return (
            (not self.kinds or source.kind in self.kinds)
            and (self.name is None or fnmatchcase(source.name, self.name))
            and all(source.freeform_tags.get(key) == value for key, value in self.tags.items())
        )

    def as_json(self) -> dict[str, Any]:
        """As `POLICY` has it, without whom it is for."""
        told: dict[str, Any] = {"every": self.every, "keep": self.keep, "target": self.target}
        if self.destinations is not None:
            told["destinations"] = [
                region if keep is None else {"region": region, "keep": keep} for region, keep in self.destinations
            ]
        return {name: value for name, value in told.items() if value is not None}

    def as_rule(self) -> dict[str, Any]:
        """As a rule of `POLICY`."""
        match = {"tags": dict(self.tags), "name": self.name, "kind": list(self.kinds)}
        return {"match": {name: value for name, value in match.items() if value}, **self.as_json()}


@dataclass(frozen=True)
class Terms:
    """What holds for one source; a `keep` of `None` is one that nobody can read."""

    every: timedelta | None
    is_every_readable: bool
    target: timedelta | None
    regions: tuple[str, ...]
    keep: str | None
    keeps: Mapping[str, str]

    def keep_in(self, region: str) -> str | None:
        return self.keep and self.keeps.get(region, self.keep)


def terms_of(source: Source, defaults: Layer, rules: Iterable[Layer], regions: tuple[str, ...]) -> Terms:
    """Each of these stands above those before it: the configured regions, defaults, the first rule that fits, tags."""
    rule = next((each for each in rules if each.fits(source)), None)
    every, target, keep, keeps = None, None, "all", dict[str, str]()
    for layer in (defaults, rule or Layer()):
        every, target = layer.every or every, layer.target or target
        if layer.keep:
            keep, keeps = layer.keep, {}
        if layer.destinations is not None:
            regions = tuple(region for region, _ in layer.destinations)
            keeps |= {region: said for region, said in layer.destinations if said}
    tags, is_every_readable = source.freeform_tags, True
    if DESTINATIONS_TAG in tags:
        regions = () if tags[DESTINATIONS_TAG] == "none" else tuple(tags[DESTINATIONS_TAG].split(","))
    if EVERY_TAG in tags:
        is_every_readable = tags[EVERY_TAG] == "none" or read_interval(tags[EVERY_TAG]) is not None
        every = tags[EVERY_TAG] if is_every_readable else every
    is_keep_readable = KEEP_TAG not in tags or is_readable(tags[KEEP_TAG])
    if KEEP_TAG in tags and is_keep_readable:
        keep, keeps = tags[KEEP_TAG], {}
    interval = read_interval(every or "")
    until = read_interval(target or "") or (interval and 2 * interval)
    return Terms(interval, is_every_readable, until, regions, keep if is_keep_readable else None, keeps)


def read_interval(text: str) -> timedelta | None:
    """The length of `6h`, `1d`, `2w`; `None` of anything else."""
    found = re.fullmatch("([1-9][0-9]{0,3})([hdw])", text)
    return timedelta(hours=int(found[1]) * {"h": 1, "d": 24, "w": 168}[found[2]]) if found else None


def slot_of(moment: datetime, interval: timedelta) -> datetime:
    """When the interval began that a moment is in, as calendars have it: weeks begin on Mondays."""
    return moment - (moment - MONDAY) % interval


def is_readable(keep: str) -> bool:
    """Whether a text says what is kept."""
    return bool(re.fullmatch(r"all|last [1-9][0-9]{0,3}|[1-9][0-9]{0,3}[dwmy]( [1-9][0-9]{0,3}[dwmy])*", keep))


def kept(moments: Iterable[datetime], keep: str | None, now: datetime) -> set[datetime]:
    """Those that are kept of these; all where nobody can tell. The newest always is."""
    newest_first = sorted(set(moments), reverse=True)
    if keep in {None, "all"} or not newest_first:
        return set(newest_first)
    words = str(keep).split()
    if words[0] == "last":
        return set(newest_first[: int(words[1])])
    if len(words) == 1:
        most = timedelta(days=int(words[0][:-1]) * DAYS[words[0][-1]])
        return {newest_first[0], *(each for each in newest_first if now - each <= most)}
    found = {newest_first[0]}
    for word in words:
        newest_of: dict[tuple[int, ...], datetime] = {}
        for each in newest_first:
            newest_of.setdefault(_period(each, word[-1]), each)
        found.update(list(newest_of.values())[: int(word[:-1])])
    return found


def _period(moment: datetime, unit: str) -> tuple[int, ...]:
    if unit == "w":
        return ((moment - MONDAY).days // 7,)
    return (moment.year, moment.month, moment.day)[: {"y": 1, "m": 2, "d": 3}[unit]]
