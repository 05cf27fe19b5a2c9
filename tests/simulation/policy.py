"""What a world's configuration says of backups and retention: drawn, written as `POLICY`, and read for one source."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.retention import ALL, Keep, read_every, read_keep

DESTINATIONS_TAG, EVERY_TAG, KEEP_TAG = "backup-copy-destinations", "backup-copy-every", "backup-copy-keep"
TIER = {"tier": "gold"}
"""The tag of those sources that a rule may be for."""
INTERVALS = ("1h", "2h", "3h", "6h", "1d")
KEEPS = ("all", "last 1", "last 2", "last 2", "last 3", "last 5", "1d", "2d", "2d 1w", "1d 1w 1m", "3d 2m 1y")
MALFORMED = ("", "last", "last 0", "7x", "1d 1d", "soon", "0d")

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Terms:
    """What is said for some sources: of those without `match` for all. `None` is what is left unsaid."""

    match: Mapping[str, Any] | None = None
    every: str | None = None
    keep: str | None = None
    target: str | None = None
    destinations: Sequence[str] | None = None
    keeps: Mapping[str, str] = field(default_factory=dict)
    """By destination."""

    @classmethod
    def draw(cls, chance: random.Random, destinations: Sequence[str], match: Mapping[str, Any] | None = None) -> Terms:
        """`destinations` are those that it may name."""
        keeps = {region: chance.choice(KEEPS) for region in destinations if chance.random() < 0.3}
        named = chance.sample(destinations, chance.randint(0, len(destinations))) if match else destinations
        return cls(
            match,
            every=chance.choice((None, "none", *INTERVALS) if match else (None, *INTERVALS, *INTERVALS)),
            keep=None if match and chance.random() < 0.3 else chance.choice(KEEPS),
            target=chance.choice((None, "2h", "1d")),
            destinations=named if keeps or chance.random() < 0.2 else None,
            keeps={region: keep for region, keep in keeps.items() if region in named},
        )

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"every": self.every, "keep": self.keep, "target": self.target}
        if self.destinations is not None:
            said["destinations"] = [
                {"region": region, "keep": self.keeps[region]} if region in self.keeps else region
                for region in self.destinations
            ]
        return {name: value for name, value in {"match": self.match, **said}.items() if value is not None}


@dataclass(frozen=True)
class Policy:
    """Terms for all, and at times a rule that stands above them."""

    defaults: Terms = Terms()
    rule: Terms | None = None

    @classmethod
    def draw(cls, chance: random.Random, destinations: Sequence[str]) -> Policy:
        match = chance.choice(({"tags": TIER}, {"kind": "Volume"}, {"kind": ["BootVolume", "VolumeGroup"]}))
        rule = Terms.draw(chance, destinations, match) if chance.random() < 0.4 else None
        return cls(Terms.draw(chance, destinations), rule)

    def as_text(self) -> str:
        """As it stands in the function's configuration."""
        rules = {"rules": [self.rule.as_json()]} if self.rule else {}
        return json.dumps({"defaults": self.defaults.as_json(), **rules})

    @property
    def names_keep(self) -> bool:
        """Whether there is anything that it does not keep."""
        terms = (self.defaults, *([self.rule] if self.rule else []))
        return any(text not in {None, "all"} for each in terms for text in (each.keep, *each.keeps.values()))

    def destinations(self, kind: str, tags: Tags) -> Sequence[str] | None:
        """Where it wants copies of a source; `None` where it does not say."""
        said = [each.destinations for each in self._terms_of(kind, tags) if each.destinations is not None]
        return said[-1] if said else None

    def keep(self, kind: str, tags: Tags, region: str) -> Keep | None:
        """What is kept of a source in a region, also by the source's own tag; `None` where that cannot be followed."""
        if KEEP_TAG in tags:
            return read_keep(tags[KEEP_TAG])
        text, special = "all", dict[str, str]()
        for terms in self._terms_of(kind, tags):
            if terms.keep is not None:
                text, special = terms.keep, {}
            special |= terms.keeps
        return read_keep(special.get(region, text)) or ALL

    def every(self, kind: str, tags: Tags, instead: str | None = None) -> int | None:
        """After how many hours a backup of a source is due, also by its own tag; `instead` is what a call names."""
        said = [terms.every for terms in self._terms_of(kind, tags) if terms.every is not None]
        text = tags.get(EVERY_TAG, said[-1] if said else None)
        if text is not None and read_every(text) is None:
            return None
        return read_every(instead or text or "")

    def _terms_of(self, kind: str, tags: Tags) -> Iterator[Terms]:
        yield self.defaults
        if self.rule and self.rule.match:
            kinds = self.rule.match.get("kind", kind)
            wanted = self.rule.match.get("tags", {})
            if kind in ([kinds] if isinstance(kinds, str) else kinds) and wanted.items() <= tags.items():
                yield self.rule


def draw_tags(chance: random.Random) -> dict[str, str]:
    """The tags by which a source has a schedule and a retention of its own, if it has."""
    tags = dict(TIER) if chance.random() < 0.3 else {}
    if chance.random() < 0.25:
        tags[KEEP_TAG] = chance.choice(KEEPS if chance.random() < 0.8 else MALFORMED)
    if chance.random() < 0.15:
        tags[EVERY_TAG] = chance.choice((*INTERVALS, "none", "none", "often", ""))
    return tags
