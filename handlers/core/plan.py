"""What is to be done, as a function of what was read: the heart of the sweep, and of every single copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from handlers.core.decision import Attempts, Decision, Scope
from handlers.core.eligibility import assess
from handlers.core.errors import ApiFault, KeyMissing, Passing
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Lifecycle
from handlers.core.places import Places
from handlers.core.report import Outcome, Reason
from handlers.core.settings import Settings
from handlers.core.source_policy import Policies
from handlers.core.surplus import NEVER, surplus

HELD_UP = timedelta(days=1)
"""How old a backup is whose successors may go before it where its copy fails."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(days=1)
NOWHERE = "name a destinationRegion, or set DESTINATION_REGIONS"
NOT_KEPT = "its copy would be due to go there at once: name the destinationRegion to have it made nevertheless"
UNVERIFIED = "its tag names a copy that is in none of the compartments: too many such copies to look for in one call"


def plan(
    inventory: Inventory, scope: Scope, settings: Settings, now: datetime, attempts: Attempts | None = None
) -> list[Decision]:
    """One decision for each backup and destination, those to be copied now last and the most urgent of them first.

    None for copies that have arrived, but for those of a target: nothing is to be decided there, see `arrived`.
    Copies of one source go to a destination oldest first and one at a time: Oracle makes a copy that comes out of
    order a full one, and bills it so. Across sources the destination that is furthest behind goes first. The places
    are those that copies under way in the cloud leave free; a person who names a region is served before others.
    """
    attempts = attempts or {}
    policies, orphans = Policies(inventory, settings), inventory.orphans()
    decisions: list[Decision] = []
    queues: dict[tuple[str, str], list[Backup]] = {}
    for original in sorted(inventory.originals.values(), key=lambda each: (each.time_created, each.id)):
        verdict = assess(original)
        wanted = Decision(original, None, *verdict) if verdict else _destinations(original, inventory, scope, policies)
        if isinstance(wanted, Decision):
            decisions.append(wanted)
            continue
        for region in wanted:
            queues.setdefault((original.origin, region), []).append(original)
    look = _Look(inventory, scope, settings, policies, now, attempts)
    under_way = {(inventory.origin_of(copy), copy.region) for copy in inventory.in_flight()}
    heads: list[tuple[datetime, Decision]] = []
    for (origin, region), queue in queues.items():
        too_old = surplus(queue, region, inventory, policies, orphans.get((origin, region), ()), now)
        too_old -= {each.id for each in queue if scope.names(each, region) or (each.id, region) in attempts}
        decisions += [_not_kept(each, region) for each in queue if each.id in too_old]
        current = [each for each in queue if each.id not in too_old]
        there = [each.time_created for each in current if inventory.has_arrived(each, region)]
        walked = list(_walk(current, region, look, blocked=(origin, region) in under_way))
        there += [each.original.time_created for each in walked if each.outcome is Outcome.EXISTS]
        heads += [(max(there, default=NEVER), each) for each in walked if each.outcome is Outcome.PLANNED]
        decisions += [each for each in walked if each.outcome is not Outcome.PLANNED]
    heads.sort(key=lambda head: _urgency(scope, *head))
    places = Places.left(inventory, attempts, settings)
    decisions += [places.give(decision) for _, decision in heads]
    return sorted(decisions, key=lambda decision: decision.outcome is Outcome.PLANNED)


def arrived(inventory: Inventory, scope: Scope, settings: Settings) -> Iterator[Decision]:
    """One decision for each copy in the scope that has arrived where it belongs: made on the way, they are many."""
    policies = Policies(inventory, settings)
    for original in inventory.originals.values():
        if scope.has(original) and assess(original) is None:
            wanted = _destinations(original, inventory, scope, policies)
            regions = () if isinstance(wanted, Decision) else wanted
            for region in regions:
                if inventory.has_arrived(original, region):
                    yield Decision(original, region, Outcome.EXISTS)


def _not_kept(original: Backup, region: str) -> Decision:
    return Decision(original, region, Outcome.EXCLUDED, Reason.RETENTION, message=NOT_KEPT)


def _urgency(scope: Scope, arrived: datetime, decision: Decision) -> tuple[object, ...]:
    """What heads are sorted by; `arrived` is the time of the newest backup of the source that is there.

    A source of which nothing is there counts as a day behind, else new ones would keep all others waiting.
    """
    asked_for = scope.target is not None and scope.is_target(decision.original) and bool(scope.target.regions)
    waits_since = decision.original.time_created
    behind = max(arrived, waits_since - timedelta(days=1))
    return not asked_for, behind, waits_since, str(decision.region), decision.original.id


def _destinations(
    original: Backup, inventory: Inventory, scope: Scope, policies: Policies
) -> tuple[str, ...] | Decision:
    """Where copies of a backup are to be; a decision where there are none to be."""
    if scope.target and scope.is_target(original) and scope.target.regions:
        return scope.target.regions
    fault = inventory.unread_sources.get(original.source_id or "")
    if fault:
        return Decision(original, None, Outcome.FAILED, fault=fault)
    policy = policies.of(original)
    if "destinations" in policy.faults:
        malformed = str(policy.faults["destinations"])
        return Decision(original, None, Outcome.FAILED, Reason.TAG_MALFORMED, message=malformed)
    if policy.is_excluded:
        return Decision(original, None, Outcome.EXCLUDED, policy.said_by("destinations"))
    regions = scope.regions or policy.regions
    if regions:
        return regions
    outcome = Outcome.FAILED if scope.is_target(original) else Outcome.EXCLUDED
    return Decision(original, None, outcome, Reason.NO_DESTINATION, message=NOWHERE)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a decision is made of."""

    inventory: Inventory
    scope: Scope
    settings: Settings
    policies: Policies
    now: datetime
    attempts: Attempts

    def standing(self, original: Backup, region: str) -> Decision | None:
        """How it stands with a backup in a destination; `None` where a copy is missing and may be made."""
        tried = self.attempts.get((original.id, region))
        if tried or self.inventory.has_arrived(original, region):
            return tried or Decision(original, region, Outcome.EXISTS)
        copies = sorted(self.inventory.copies_of(original, region), key=lambda each: (each.time_created, each.id))
        for copy in copies:
            if copy.lifecycle is Lifecycle.AVAILABLE:
                return Decision(original, region, Outcome.EXISTS, copy=copy)
        for copy in copies:
            if copy.lifecycle.is_under_way:
                return Decision(original, region, Outcome.IN_FLIGHT, copy.lifecycle.lower(), copy=copy)
        fault = self.inventory.fault_of(original, region) or self._unknown_before(original, region)
        if fault:
            return Decision(original, region, Outcome.FAILED, fault=fault)
        if (original.id, region) in self.inventory.unverified:
            return Decision(original, region, Outcome.DEFERRED, Reason.DEADLINE, message=UNVERIFIED)
        return self._keyless(original, region) or self._resting(original, region, copies)

    def _unknown_before(self, original: Backup, region: str) -> ApiFault | None:
        """Why it is not known whether older backups of the source belong in a region that was asked for by name."""
        fault = self.inventory.unread_sources.get(original.source_id or "")
        if not isinstance(fault, Passing):
            return None
        for each in self.inventory.originals.values():
            is_before = each.origin == original.origin and each.time_created < original.time_created
            if is_before and assess(each) is None and not self.inventory.has_living_copy(each, region):
                return fault
        return None

    def key(self, original: Backup, region: str) -> str | None:
        """The key of a copy, `None` for Oracle's own; what a single copy was told stands above all else."""
        target = self.scope.target
        if target and self.scope.is_target(original) and target.kms_key_id:
            return target.kms_key_id
        return self.policies.of(original).key_for(region, self.settings)

    def _keyless(self, original: Backup, region: str) -> Decision | None:
        try:
            self.key(original, region)
        except KeyMissing as fault:
            return Decision(original, region, Outcome.FAILED, Reason.KEY_MISSING, message=str(fault))
        return None

    def _resting(self, original: Backup, region: str, copies: Sequence[Backup]) -> Decision | None:
        """After the second copy that ended FAULTY each further one waits, for longer each time."""
        faulty = [copy.time_created for copy in copies if copy.lifecycle is Lifecycle.FAULTY]
        if len(faulty) < 2:
            return None
        pause = min(FIRST_PAUSE * 2 ** min(len(faulty) - 2, 10), LONGEST_PAUSE)
        until = max(faulty) + pause
        if self.now >= until:
            return None
        remedy = "look at the source backup, and delete it if it cannot be read"
        message = f"{len(faulty)} copies ended FAULTY, the next is made after {until:%Y-%m-%dT%H:%MZ}: {remedy}"
        return Decision(original, region, Outcome.FAILED, Reason.FAULTY, message=message)


def _walk(queue: Sequence[Backup], region: str, look: _Look, *, blocked: bool) -> Iterator[Decision]:
    """The decisions for the backups of one source in one destination, oldest first; at most one is to be copied.

    None is while another is under way, or may be. What Oracle has refused holds nobody up.
    """
    tried = [look.attempts[original.id, region] for original in queue if (original.id, region) in look.attempts]
    blocked = blocked or any(_holds_up(each, look.now) for each in tried)
    for original in queue:
        if look.inventory.has_arrived(original, region) and not look.scope.is_target(original):
            continue
        standing = look.standing(original, region)
        if standing:
            yield standing
        elif blocked:
            yield Decision(original, region, Outcome.DEFERRED, Reason.PREDECESSOR)
        else:
            blocked = True
            copies = look.inventory.copies_of(original, region)
            faulty = sum(copy.lifecycle is Lifecycle.FAULTY for copy in copies)
            key = look.key(original, region)
            yield Decision(original, region, Outcome.PLANNED, attempt=faulty, kms_key_id=key)


def _holds_up(attempt: Decision, now: datetime) -> bool:
    """Whether the successors of a backup wait after this attempt to copy it.

    Nothing tells for how long it has failed. So they go before an old one only in a quarter of each day, another one
    for each source and day: a single failure seldom costs the order, and one that stays costs a day or a few.
    """
    if not attempt.settled:
        return attempt.may_be_under_way
    is_its_quarter = (crc32(attempt.original.origin.encode()) + now.toordinal()) % 4 == now.hour // 6
    return now - attempt.original.time_created < HELD_UP or not is_its_quarter
