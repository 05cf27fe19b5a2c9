"""What holds for one source, and who said so: the configuration, a rule of `POLICY`, or a tag of the source itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from handlers.core.admission import objection_to
from handlers.core.errors import KeyMissing, TagMalformed
from handlers.core.grammar import Every, GrammarError, Keep
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Source
from handlers.core.ocid import is_region
from handlers.core.policy import NEVER, Terms
from handlers.core.report import Reason
from handlers.core.settings import Settings

DESTINATIONS_TAG, EVERY_TAG, KEEP_TAG = "backup-copy-destinations", "backup-copy-every", "backup-copy-keep"
TAGS = frozenset((DESTINATIONS_TAG, EVERY_TAG, KEEP_TAG))
NO_DESTINATIONS = "none"
NOBODY = "nothing"
"""Where a term comes from that nobody has said anything about."""
UNTIL_BREACH = 2
"""How many intervals old a recovery point may be where no target is named: one to be backed up in, one to arrive in."""


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """The terms of one source. `origins` says for each of them where it comes from.

    A tag that cannot be followed is in `faults` under the name of its term, which then has its value without the tag:
    what depends on it must not act.
    """

    regions: tuple[str, ...]
    keys: Mapping[str, str | None]
    """The keys of copies by region, where the policy says any; `None` for Oracle's own."""
    keep: Keep
    keeps: Mapping[str, Keep]
    """By destination, where something else is kept there."""
    every: Every | None = None
    target: timedelta | None = None
    """How old the recovery point may be in each destination."""
    is_excluded: bool = False
    """Whether somebody has said on purpose that there are to be no copies."""
    rule: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, TagMalformed] = field(default_factory=dict)

    @property
    def never_due(self) -> bool:
        """Whether somebody has said on purpose that no backups are due."""
        return self.every is None and self.origins["every"] != NOBODY

    def said_by(self, term: str) -> Reason:
        """Who said so: the source itself, or the configuration."""
        return Reason.TAG if self.origins[term].startswith("tag ") else Reason.POLICY

    def keep_in(self, region: str) -> Keep:
        """What is kept of the copies in a destination."""
        return self.keeps.get(region, self.keep)

    def key_for(self, region: str, settings: Settings) -> str | None:
        """The key of copies in a region, `None` for Oracle's own; raises `KeyMissing` where nothing says which."""
        return self.keys[region] if region in self.keys else settings.key_for(region)

    def as_json(self, settings: Settings) -> dict[str, Any]:
        """What holds, and for each term where it comes from."""
        return {
            "rule": self.rule,
            "destinations": [self._destination(region, settings) for region in self.regions],
            "every": self.every and str(self.every),
            "target": self.target and f"{self.target // timedelta(hours=1)}h",
            "keep": str(self.keep),
            "from": dict(self.origins),
            **({"problems": {term: str(fault) for term, fault in self.faults.items()}} if self.faults else {}),
        }

    def _destination(self, region: str, settings: Settings) -> dict[str, Any]:
        told: dict[str, Any] = {"region": region, "keep": str(self.keep_in(region))}
        try:
            return {**told, "kmsKeyId": self.key_for(region, settings)}
        except KeyMissing as fault:
            return {**told, "problem": str(fault)}


def group_of(source: Source, sources: Mapping[str, Source | None]) -> Source | None:
    """The volume group that looks after a member, unless this asks for backups of its own."""
    return None if EVERY_TAG in source.freeform_tags else sources.get(source.group_id or "")


class Policies:
    """The terms of each source, made once. Those that only a message names stand above them and are not in here."""

    def __init__(self, inventory: Inventory, settings: Settings) -> None:
        self._inventory, self._settings = inventory, settings
        self._known: dict[str, SourcePolicy] = {}
        self._by_rule: dict[str | None, SourcePolicy] = {}
        self.names_keep = settings.policy.names_keep
        """Whether a retention is configured for any source at all."""

    def of(self, backup: Backup) -> SourcePolicy:
        """The terms of what this backup or copy was made of, also where that is gone."""
        source = self._inventory.sources.get(backup.source_id or "")
        if source is not None:
            return self.of_source(source)
        gone = Source(
            backup.kind, backup.source_id or backup.id, {}, compartment_id=backup.compartment_id, is_gone=True
        )
        return self.of_source(gone)

    def of_source(self, source: Source) -> SourcePolicy:
        """The terms of this source."""
        if source.id not in self._known:
            self._known[source.id] = self._terms(source)
        return self._known[source.id]

    def _terms(self, source: Source) -> SourcePolicy:
        """Sources without tags of their own share the terms of their rule: a call looks at thousands of them."""
        if not TAGS.isdisjoint(source.freeform_tags):
            return source_policy(source, self._settings)
        rule = _rule_for(source, self._settings)
        if rule not in self._by_rule:
            self._by_rule[rule] = source_policy(source, self._settings)
        return self._by_rule[rule]


def source_policy(source: Source, settings: Settings) -> SourcePolicy:
    """What holds for a source: defaults, above them the first rule that fits, above that its own tags."""
    rule = _rule_for(source, settings)
    layers = [(where, terms) for where, terms in settings.policy.terms() if where in {"defaults", rule}]
    found = _Found(settings)
    for where, terms in layers:
        found.add(f"POLICY {where}{_named(terms)}", terms)
    found.add_tags(source.freeform_tags)
    return found.result(rule and _shown(rule, settings))


def _rule_for(source: Source, settings: Settings) -> str | None:
    """Where the first rule that fits stands."""
    return next((f"rules[{n}]" for n, rule in enumerate(settings.policy.rules) if rule.match.fits(source)), None)


def _named(terms: Terms) -> str:
    name = getattr(terms, "name", None)
    return f" ({name})" if name else ""


def _shown(rule: str, settings: Settings) -> str:
    """A rule by its own name, where it has one."""
    return next(getattr(terms, "name", None) or where for where, terms in settings.policy.terms() if where == rule)


class _Found:
    """The terms as far as the layers that were looked at say them; each layer stands above those before it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._regions: tuple[str, ...] = settings.destination_regions
        self._keys: dict[str, str | None] = {}
        self._keep, self._keeps = Keep(), dict[str, Keep]()
        self._every: Every | None = None
        self._target: timedelta | None = None
        self._is_excluded = False
        self._origins = {
            "destinations": "DESTINATION_REGIONS",
            "every": NOBODY,
            "keep": NOBODY,
            "target": NOBODY,
        }
        self._faults: dict[str, TagMalformed] = {}

    def add(self, origin: str, terms: Terms) -> None:
        if terms.destinations is not None:
            self._regions = tuple(each.region for each in terms.destinations)
            self._is_excluded = not self._regions
            self._origins["destinations"] = origin
        if terms.keep is not None:
            self._keep_everywhere(terms.keep)
            self._origins["keep"] = origin
        for each in terms.destinations or ():
            if each.names_key:
                self._keys[each.region] = each.kms_key_id
                self._origins[f"kmsKeyId in {each.region}"] = origin
            if each.keep is not None:
                self._keeps[each.region] = each.keep
                self._origins[f"keep in {each.region}"] = origin
        if terms.names_every:
            self._every = terms.every
            self._origins["every"] = origin
        if terms.target is not None:
            self._target = terms.target.interval
            self._origins["target"] = origin

    def add_tags(self, tags: Mapping[str, str]) -> None:
        for term, tag, read in (
            ("destinations", DESTINATIONS_TAG, self._read_destinations),
            ("every", EVERY_TAG, self._read_every),
            ("keep", KEEP_TAG, self._read_keep),
        ):
            if tag not in tags:
                continue
            try:
                read(tags[tag])
                self._origins[term] = f"tag {tag}"
            except GrammarError as error:
                self._faults[term] = TagMalformed(f"{tag} cannot be followed: {error}")
            except TagMalformed as fault:
                self._faults[term] = fault

    def _read_destinations(self, value: str) -> None:
        regions = read_destinations(value, self._settings)
        self._regions, self._is_excluded = regions, not regions

    def _read_every(self, value: str) -> None:
        self._every = None if value.strip().casefold() == NEVER else Every.parse(value)

    def _read_keep(self, value: str) -> None:
        self._keep_everywhere(Keep.parse(value))

    def _keep_everywhere(self, keep: Keep) -> None:
        self._keep, self._keeps = keep, {}
        self._origins = {key: origin for key, origin in self._origins.items() if not key.startswith("keep in ")}

    def result(self, rule: str | None) -> SourcePolicy:
        target = self._target
        if target is None and self._every is not None:
            target = UNTIL_BREACH * self._every.interval
            self._origins["target"] = f"every, {UNTIL_BREACH} times"
        return SourcePolicy(
            regions=self._regions,
            keys=self._keys,
            keep=self._keep,
            keeps=self._keeps,
            every=self._every,
            target=target,
            is_excluded=self._is_excluded,
            rule=rule,
            origins=self._origins,
            faults=self._faults,
        )


def read_destinations(value: str, settings: Settings) -> tuple[str, ...]:
    """The regions that the tag `backup-copy-destinations` names, none at all for `none`; raises `TagMalformed`."""
    if value.strip().casefold() == NO_DESTINATIONS:
        return ()
    regions, position = list[str](), 1
    for part in value.split(","):
        region, begins = part.strip(), position + len(part) - len(part.lstrip())
        problem = objection_to(region, settings) if is_region(region) else "must name regions, or be none"
        if problem:
            raise TagMalformed(f"{DESTINATIONS_TAG} at character {begins}: {problem}")
        regions.append(region)
        position += len(part) + 1
    return tuple(dict.fromkeys(regions))
