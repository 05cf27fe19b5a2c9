"""Every recovery point that was older than its target for long: told to people once, and measured, while it was so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.core.model import Lifecycle, Source
from handlers.core.report import Status
from tests.fakes import HOME
from tests.quarter.conduct import Told
from tests.quarter.setting import World
from tests.quarter.standing import copyable

MANY = 20
"""Of more than so many in one region only the number is told."""
_ONE = re.compile(r"^- the recovery point of .*?(ocid1\.\w+\.[\w.]+)\)? in (\S+) (?:is|does)", re.MULTILINE)
_OVER = re.compile(r"^- .*?(ocid1\.\w+\.[\w.]+)\)?[ ,].* in (\S+) (?:is|any) ", re.MULTILINE)
_FEW = re.compile(r"^- in (\S+) it is so only \d+ times by now: the recovery point", re.MULTILINE)
_FOLDED = re.compile(r"^- \d+ times in (\S+): the recovery point is older", re.MULTILINE)

Place = tuple[str, str]


@dataclass
class Breach:
    """A source in a region, from the first call that could see the breach to the last. `chances` are calls that could
    tell of it, and of those what came through."""

    begun: datetime
    last: datetime
    chances_to_tell: int = 0
    chances_to_measure: int = 0
    is_told: bool = False
    is_surely_remembered: bool = False
    is_measured: bool = False


@dataclass
class Watch:
    """What looks at sources with every call that reports."""

    world: World
    period: timedelta
    """How far apart calls are that report."""
    open: dict[Place, Breach] = field(default_factory=dict)
    folded: set[str] = field(default_factory=set)
    before: set[Place] = field(default_factory=set)
    failing: dict[str, list[bool]] = field(default_factory=dict)
    """For each outage at home, of each sweep that could have told that it lasts whether it did."""

    early: set[Place] = field(default_factory=set)
    """What was told of a region in the dark by the tags of backups: they may not yet tell of the last copy there."""
    is_failing_told: bool = False
    """Whether it was told since a sweep did all that it was to do."""

    def look(self) -> None:
        """To be called before a call that reports."""
        self.before = set(in_breach(self.world))

    def after(self, told: Told) -> None:
        """To be called after it."""
        now, before = set(in_breach(self.world)), self.before
        ones, folded, over = _read(told)
        self.folded |= folded
        trouble = self.world.cloud.trouble
        knows_home = not trouble.has_hidden(HOME) and not told.is_cut
        hidden = {region for _, region in {*now, *before, *self.open} if trouble.has_hidden(region)}
        measured = {
            (each.dimensions["source"], each.dimensions["destination"])
            for each in told.points
            if each.name == "recovery_point_breach" and each.value == 1.0
        }
        is_remembered = not trouble.has_hit("notices") and not told.is_cut
        for place in before & now:
            breach = self.open.setdefault(place, Breach(told.begun, told.ended, is_told=place in self.early))
            breach.last = told.ended
            is_plain = knows_home and (place[1] not in hidden or looks_late(self.world, *place))
            breach.chances_to_tell += is_plain and not trouble.has_hit("notices")
            breach.chances_to_measure += is_plain and not trouble.has_hit("metrics")
            breach.is_measured |= place in measured
            if place in ones and breach.is_surely_remembered:
                self.world.violation(f"the breach of {place} was told twice")
            breach.is_surely_remembered |= place in ones and is_remembered
            breach.is_told |= place in ones or place[1] in self.folded
        self._check(told, ones | measured, over, now)
        self.early = (self.early | (ones - before - now)) - over
        self._see_failing(told, is_remembered=is_remembered)
        for place in self.open.keys() - (before & now):
            is_seen = place not in before | now and knows_home and place[1] not in hidden
            # An end that could not be remembered hides what begins before the next call can see it.
            if is_remembered and (place in over or is_seen):
                self._close(place)
            elif place in over or is_seen:
                self.open[place].is_surely_remembered = False
        for region in {region for _, region in before | now} - hidden if knows_home else ():
            if sum(where == region for _, where in before | now) <= MANY:
                self.folded.discard(region)

    def _check(self, told: Told, begun: set[Place], over: set[Place], now: set[Place]) -> None:
        """Nothing is told that is not so, whatever could not be read; of a region in the dark only what tags tell.

        With the source region in the dark what is gone looks late as far as is known, and the message says so.
        """
        is_dark = {(HOME, "list_sources"), (HOME, "list_backups")} <= self.world.cloud.trouble.seen
        for place in begun - self.before - now if not is_dark else ():
            is_hidden = self.world.cloud.trouble.has_hidden(place[1])
            if not (is_hidden and looks_late(self.world, *place)):
                self.world.violation(f"{place} was told to be in breach, and is not")
        for region in {found[1] for message in told.messages for found in _FEW.finditer(message.body)}:
            if sum(where == region for _, where in self.before & now) > MANY:
                self.world.violation(f"it was told that few are in breach in {region}, and many are")
        for place in over & self.before & now:
            self.world.violation(f"the breach of {place} was told to be over, and is not")

    def _see_failing(self, told: Told, *, is_remembered: bool) -> None:
        """What fails at home for long is told as such: the breaches that it hides cannot be."""
        words = "Sweep failed in the source region for more than"
        self.is_failing_told |= any(words in each.body for each in told.messages)
        if told.operation == "Sweep" and told.report.status is Status.OK:
            self.is_failing_told = False
        for outage in self.world.cloud.trouble.outages:
            lasts = told.begun - outage.begin
            if outage.may_pass and told.operation == "Sweep" and timedelta() <= lasts and told.begun < outage.end:
                self.failing.setdefault(outage.what, []).append(self.is_failing_told or not is_remembered)

    def end(self) -> None:
        """Look at those that are not over yet."""
        for what, told in self.failing.items():
            if len(told) > 2 and not any(told):
                self.world.violation(f"nobody was told that {what}")
        for place in list(self.open):
            self._close(place)

    def _close(self, place: Place) -> None:
        breach = self.open.pop(place)
        self.world.breaches += 1
        if breach.last - breach.begun <= 2 * self.period:
            return
        if breach.chances_to_tell and not breach.is_told:
            self.world.violation(f"nobody was told of {place}, in breach {breach.begun} to {breach.last}")
        if breach.chances_to_measure and not breach.is_measured:
            self.world.violation(f"no metric told of {place}, in breach {breach.begun} to {breach.last}")


def in_breach(world: World) -> Iterator[Place]:
    """The sources and regions whose recovery point is older than its target now."""
    for source in world.cloud.sources.values():
        terms = world.terms(source)
        if terms.target is None or world.is_left_to_group(source):
            continue
        for region in terms.regions:
            copies = world.cloud.there(source.id, region)
            points = [world.cloud.moments[each.id] for each in copies if each.lifecycle is Lifecycle.AVAILABLE]
            since = max(points, default=None) or _begun(world, source)
            if since is not None and world.now - since > terms.target:
                yield source.id, region


def looks_late(world: World, source_id: str, region: str) -> bool:
    """Whether also what the backups' own tags tell of copies in a region that cannot be read is a breach."""
    source = world.cloud.sources[source_id]
    tagged = [each for each in copyable(world, source_id) if f"backup-copy-{region}" in each.freeform_tags]
    since = max((each.time_created for each in tagged), default=None) or _begun(world, source)
    target = world.terms(source).target
    return target is not None and since is not None and world.now - since > target


def _begun(world: World, source: Source) -> datetime | None:
    """Since when there is something to recover to."""
    return min((each.time_created for each in copyable(world, source.id)), default=source.time_created)


def _read(told: Told) -> tuple[set[Place], set[str], set[Place]]:
    """What a message says has begun, one by one; the regions of which only the number is told; and what is over."""
    ones, folded, ended = set[Place](), set[str](), set[Place]()
    for message in told.messages:
        begun, _, over = f"\n{message.body}".partition("\nOver:")
        ones |= {(found[1], found[2]) for found in _ONE.finditer(begun)}
        folded |= {found[1] for found in _FOLDED.finditer(begun)}
        ended |= {(found[1], found[2]) for found in _OVER.finditer(over)}
    return ones, folded, ended
