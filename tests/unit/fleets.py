"""Fleets to prune, as a hypothesis strategy: what was read and by which configuration, and what is really so of it.

What is really so is worked out here from how a fleet was made, and never asked of the code under test.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from handlers.core.errors import Passing, Refused
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.settings import Settings
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, configuration, ocid

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
MALFORMED = "the last ten"

Point = tuple[datetime, str]
"""Of when something is, and what tells it from others of the same time."""
Points = set[Point]


def _last(count: int) -> Callable[[Points], Points]:
    return lambda points: set(sorted(points)[-count:])


def _younger(days: int) -> Callable[[Points], Points]:
    return lambda points: {each for each in points if each[0] >= NOW - timedelta(days=days)} | _last(1)(points)


def _periods(**counts: int) -> Callable[[Points], Points]:
    formats = {"d": "%Y-%m-%d", "w": "%G-%V", "m": "%Y-%m"}

    def of(points: Points) -> Points:
        found: Points = set()
        for unit, count in counts.items():
            newest = {each[0].strftime(formats[unit]): each for each in sorted(points)}
            found |= {newest[period] for period in sorted(newest)[-count:]}
        return found

    return of


KEEPS: Mapping[str, Callable[[Points], Points]] = {
    "all": lambda points: points,
    "last 1": _last(1),
    "last 3": _last(3),
    "2d": _younger(2),
    "10d": _younger(10),
    "2d 1w": _periods(d=2, w=1),
    "2d 2w 2m": _periods(d=2, w=2, m=2),
}
"""What is kept, as people write it, and of which of these points it is true."""


@dataclass(frozen=True)
class Terms:
    """The configuration: what is kept in general and in one region, what of boot volumes, and where copies go."""

    general: str | None
    in_far: str | None
    of_boot_volumes: str | None
    regions: tuple[str, ...]

    @property
    def policy(self) -> str:
        far: Any = {"region": FAR, "keep": self.in_far} if self.in_far else FAR
        defaults: dict[str, Any] = {"destinations": [far if each == FAR else each for each in self.regions]}
        defaults |= {"keep": self.general} if self.general else {}
        rule = {"match": {"kind": Kind.BOOT_VOLUME}, "keep": self.of_boot_volumes}
        return json.dumps({"defaults": defaults, "rules": [rule] if self.of_boot_volumes else []})


class Fleet:
    """An inventory and the terms of it; `ours` are the ids of what this function made."""

    def __init__(self, terms: Terms) -> None:
        self.terms, self.inventory = terms, Inventory(copies={AWAY: {}, FAR: {}})
        self.ours: set[str] = set()

    def __repr__(self) -> str:
        """A few words for each backup, so that an example can be read."""
        unknown = [f"{each[-4:]} {region}" for each, region in sorted(self.inventory.unverified)]
        sources = [(key[-4:], each and f"{each.lifecycle} {each.freeform_tags}") for key, each in self._sources()]
        return "\n".join([str(self.terms), f"{unknown=}", str(sources), *map(self._line, self.looked_at)])

    def _sources(self) -> Iterable[tuple[str, Source | None]]:
        return self.inventory.sources.items()

    def _line(self, backup: Backup) -> str:
        hours, after = (NOW - self.moment(backup)) / HOUR, self.own_mark(backup)
        told = [backup.region, backup.id[-4:], "ours" if backup.id in self.ours else "", backup.lifecycle]
        whence = [(backup.copied_from or "")[-4:], (backup.source_id or "")[-4:], f"{hours:g}h"]
        return " ".join([*told, *whence, f"marked {after:%dT%H:%M}" if after else "", str(backup.is_protected or "")])

    def settings(self, **keys: str) -> Settings:
        """Without limits, unless `keys` set them."""
        limits = {"MAX_DELETE_PERCENT": "100", "MAX_DELETES": "10000", "ALLOWED_REGIONS": f"{AWAY},{FAR}"}
        return configuration(**{"POLICY": self.terms.policy, **limits, **keys})

    @property
    def looked_at(self) -> list[Backup]:
        """Each backup at home that is no copy and no member, and each copy, unless it is ending."""
        originals = [each for each in self.inventory.originals.values() if not each.copied_from]
        copies = [copy for by_id in self.inventory.copies.values() for each in by_id.values() for copy in each]
        found = [each for each in originals if not each.group_backup_id] + copies
        ending = {Lifecycle.TERMINATING, Lifecycle.TERMINATED}
        return [each for each in [*found, *self.inventory.strangers.values()] if each.lifecycle not in ending]

    def source_of(self, backup: Backup) -> Source | None:
        """What it was made of, where that is there."""
        original = self.inventory.originals.get(backup.copied_from or "", backup)
        source = self.inventory.sources.get(original.source_id or "")
        return source if source and source.lifecycle is Lifecycle.AVAILABLE else None

    def moment(self, backup: Backup) -> datetime:
        """Of when its data is; of a copy whose original is not known as its tags say, unless that cannot be."""
        original = self.inventory.originals.get(backup.copied_from or "")
        if original or not backup.copied_from:
            return (original or backup).time_created
        try:
            claimed = datetime.fromisoformat(backup.freeform_tags["backup-copy-source-time"])
        except (KeyError, ValueError):
            return backup.time_created
        return min(claimed, backup.time_created)

    def place(self, backup: Backup) -> list[Backup]:
        """What there is of the same source in the same region, oldest first."""
        own = self._origin(backup)
        same = [each for each in self.looked_at if (self._origin(each), each.region) == (own, backup.region)]
        return sorted(same, key=lambda each: (self.moment(each), each.id))

    def _origin(self, backup: Backup) -> str:
        original = self.inventory.originals.get(backup.copied_from or "", backup)
        return original.source_id or original.copied_from or original.id

    def regions(self, source: Source) -> tuple[str, ...]:
        """Where copies belong."""
        tag = source.freeform_tags.get("backup-copy-destinations")
        return self.terms.regions if tag is None else tuple(tag.replace("none", "").split())

    def keep(self, source: Source, region: str) -> str:
        """What holds for a source in a region: its own tag, else a rule, else what is said of the region, or of all."""
        tag, rule = source.freeform_tags.get("backup-copy-keep"), self.terms.of_boot_volumes
        if tag or (rule and source.kind is Kind.BOOT_VOLUME):
            return str(tag or rule)
        own = self.terms.in_far if region == FAR and FAR in self.terms.regions else None
        return own or self.terms.general or "all"

    def own_mark(self, backup: Backup) -> datetime | None:
        """From when on it may go, as its tag says of this very backup."""
        moment, _, name = backup.freeform_tags.get("backup-copy-delete-after", "").partition(" ")
        if not name or not backup.id.endswith(name):
            return None
        return datetime.strptime(moment, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)

    def without(self, ids: set[str], lifecycle: Lifecycle | None = None) -> Fleet:
        """What is read after these were deleted: not at all any more, or in this state."""
        left, nothing = Fleet(self.terms), dict[str, Any](originals={}, copies={AWAY: {}, FAR: {}}, strangers={})
        left.inventory, left.ours = replace(self.inventory, **nothing), self.ours
        for each in self.inventory.originals.values():
            if each.id not in ids or lifecycle:
                left.inventory.originals[each.id] = _ended(each, ids, lifecycle)
        for each in [each for each in self.looked_at if each.copied_from]:
            if each.id not in ids or lifecycle:
                left.inventory.add_copy(_ended(each, ids, lifecycle))
        return left


def _ended(backup: Backup, ids: set[str], lifecycle: Lifecycle | None) -> Backup:
    return replace(backup, lifecycle=lifecycle) if lifecycle and backup.id in ids else backup


_KEEP_TAGS = [*[None] * 6, "last 1", "last 1", "last 3", "2d 1w", "all", MALFORMED]
_DESTINATION_TAGS = [*[None] * 8, AWAY, FAR, "none"]
_SOURCES = [*["there"] * 12, "gone", "terminated", "terminating", "faulty", "unread", "unknown"]
_STATES = {
    "creating": Lifecycle.CREATING,
    "faulty": Lifecycle.FAULTY,
    "terminating": Lifecycle.TERMINATING,
    "strange": Lifecycle.UNKNOWN,
}
_HELD = ["protected", "retained", "was retained", "protected member"]
_FLAWS = [*[None] * 30, *_STATES, *_HELD, "scheduled", "by hand"]
_HOME_FLAWS = [*_FLAWS, "member", "is a copy", "slot of another"]
_COPY_FLAWS = [
    *_FLAWS,
    "member",
    *["missing"] * 3,
    "two",
    "other region",
    "other time",
    "no time",
    "no source id",
    "unverified",
]
_ORPHAN_FLAWS = [*_FLAWS, "other region", "no time", "too new", "from elsewhere", "no source id"]
_MARKS = [*["long ago"] * 6, None, None, "this minute", "next minute", "tomorrow", "of another", "nonsense"]


class _Maker:
    """Draws one fleet."""

    def __init__(self, draw: st.DrawFn, terms: Terms) -> None:
        self.fleet, self._draw, self._numbers = Fleet(terms), draw, itertools.count(1)

    def one_of(self, choices: list[Any]) -> Any:
        return self._draw(st.sampled_from(choices))

    def add_source(self) -> None:
        kind, state = self.one_of(list(Kind)), self.one_of(_SOURCES)
        source = Source(kind, ocid(kind.source_type, HOME, self._number()), self._source_tags())
        sources = self.fleet.inventory.sources
        match state:
            case "there":
                sources[source.id] = source
            case "gone":
                sources[source.id] = None
            case "unread":
                self.fleet.inventory.unread_sources[source.id] = Passing("Timeout", "no answer")
            case "terminated" | "terminating" | "faulty":
                sources[source.id] = replace(source, lifecycle=Lifecycle(state.upper()))
        moment = NOW
        for _ in range(self._draw(st.integers(1, 8))):
            moment -= HOUR * self.one_of([0, *[12, 24, 24, 24, 100, 500] * 3])
            self._add_backup(source, moment)

    def _add_backup(self, source: Source, moment: datetime) -> None:
        """At home with its copies, or only these."""
        is_listed = self.one_of([True, True, True, False])
        flaw = self.one_of(_HOME_FLAWS if is_listed else [None])
        original = self._backup(source, HOME, moment, flaw)
        name = source.id[-16:] if flaw != "slot of another" else ocid("volume", HOME, "another")[-16:]
        slot = {} if flaw == "by hand" else {"backup-copy-slot": f"{moment:%Y-%m-%dT%H:%MZ} {name}"}
        original = replace(original, freeform_tags={**original.freeform_tags, **slot})
        if flaw == "member":
            original = replace(original, group_backup_id=ocid("volumegroupbackup", HOME, self._number()))
        if flaw == "is a copy":
            original = replace(original, copied_from=ocid(original.kind.backup_type, AWAY, self._number()))
        if is_listed:
            self.fleet.inventory.originals[original.id] = original
        if flaw not in {"by hand", "member", "is a copy", "slot of another", "scheduled"}:
            self.fleet.ours.add(original.id)
        for region in (AWAY, FAR):
            self._add_copy(source, original, region, is_listed=is_listed)

    def _add_copy(self, source: Source, original: Backup, region: str, *, is_listed: bool) -> None:
        flaw = self.one_of(_COPY_FLAWS if is_listed else _ORPHAN_FLAWS)
        if flaw == "missing" or (flaw == "unverified" and is_listed):
            self.fleet.inventory.unverified.update({(original.id, region)} if flaw == "unverified" else ())
            return
        for _ in range(2 if flaw == "two" else 1):
            copy = replace(self._backup(source, region, original.time_created + HOUR, flaw), copied_from=original.id)
            copy = replace(copy, freeform_tags={**copy.freeform_tags, **_provenance(copy, original, flaw)})
            if flaw == "from elsewhere":
                copy = replace(copy, copied_from=ocid(copy.kind.backup_type, "ap-nowhere-1", self._number()))
            if flaw == "member":
                copy = replace(copy, group_backup_id=ocid("volumegroupbackup", region, self._number()))
            if flaw == "no source id":
                copy = replace(copy, source_id=None)
            self.fleet.inventory.add_copy(copy)
            spoilt = {
                "by hand",
                "member",
                "scheduled",
                "other region",
                "other time",
                "no time",
                "too new",
                "from elsewhere",
            }
            if flaw not in spoilt and not (original.copied_from or original.group_backup_id):
                self.fleet.ours.add(copy.id)

    def _backup(self, source: Source, region: str, moment: datetime, flaw: str | None) -> Backup:
        identifier = ocid(source.kind.backup_type, region, self._number())
        if flaw == "protected member":
            self.fleet.inventory.held_groups.add(identifier)
        until = {"retained": NOW + HOUR, "was retained": NOW}.get(str(flaw))
        return Backup(
            kind=source.kind,
            id=identifier,
            region=region,
            compartment_id=COMPARTMENT,
            lifecycle=_STATES.get(str(flaw), Lifecycle.AVAILABLE),
            time_created=moment,
            source_id=source.id,
            freeform_tags={"team": "payroll", **_mark(identifier, self.one_of(_MARKS))},
            is_scheduled=flaw == "scheduled",
            is_protected=flaw == "protected",
            retained_until=until,
        )

    def _source_tags(self) -> dict[str, str]:
        keep, regions = self.one_of(_KEEP_TAGS), self.one_of(_DESTINATION_TAGS)
        tags = {"backup-copy-keep": keep} if keep else {}
        return tags | ({"backup-copy-destinations": regions} if regions else {})

    def _number(self) -> str:
        return f"{next(self._numbers):020}"


def _provenance(copy: Backup, original: Backup, flaw: str | None) -> dict[str, str]:
    """What a copy's tags say of where it came from, right or wrong."""
    moment = {
        "other time": original.time_created - 2 * HOUR,
        "too new": copy.time_created + timedelta(days=3650),
    }.get(str(flaw), original.time_created)
    if flaw == "by hand":
        return {}
    return {
        "backup-copy-source-region": "ap-tokyo-1" if flaw == "other region" else HOME,
        "backup-copy-source-time": "last night" if flaw == "no time" else f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
    }


def _mark(identifier: str, kind: str | None) -> dict[str, str]:
    """A mark of the backup itself, of another, or what is none."""
    after = {"this minute": NOW, "next minute": NOW + HOUR / 60, "tomorrow": NOW + 24 * HOUR}.get(
        str(kind), NOW - 24 * HOUR
    )
    name = ocid("volumebackup", HOME, "another-one-with-a-name-of-its-own") if kind == "of another" else identifier
    text = "soon" if kind == "nonsense" else f"{after:%Y-%m-%dT%H:%MZ} {name[-16:]}"
    return {"backup-copy-delete-after": text} if kind else {}


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """A few sources in every state, with backups, copies and orphans of which most are well and marked long ago."""
    keeps = st.sampled_from([None, *KEEPS, "last 1", "last 1", "last 3"])
    regions = st.sampled_from([(AWAY, FAR), (AWAY, FAR), (AWAY,), (FAR,)])
    maker = _Maker(draw, Terms(draw(keeps), draw(keeps), draw(st.sampled_from([None, None, *KEEPS])), draw(regions)))
    for _ in range(draw(st.integers(1, 3))):
        maker.add_source()
    if draw(st.sampled_from([*[False] * 9, True])):
        for original in list(maker.fleet.inventory.originals.values())[:1]:
            maker.fleet.inventory.unread_copies[original.id, AWAY] = Refused("NotAllowed", "no")
    return maker.fleet
