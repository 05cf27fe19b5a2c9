"""How it stands with each source in each destination, made of what was read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from handlers.core.decision import Decision
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Lifecycle, Source
from handlers.core.recovery_point import CopyState, Recovery
from handlers.core.report import Outcome
from handlers.core.settings import Settings
from handlers.core.source_policy import Policies, SourcePolicy, group_of
from handlers.core.surplus import source_time
from handlers.core.tokens import copy_tag
from handlers.core.unread_lists import UnreadLists


def recoveries(
    inventory: Inventory,
    decisions: Iterable[Decision],
    settings: Settings,
    now: datetime,
    *,
    source_is_dark: bool = False,
) -> list[Recovery]:
    """Each source with each destination where its policy wants copies or there are some; sources by name, then regions.

    What was read of the destinations is enough where the source region is dark: a copy's own tags say of when its
    backup was. Where only some list could not be read there, nothing is said to be due of a source that it may hide.
    """
    look = _Look(inventory, settings, now, source_is_dark=source_is_dark)
    for decision in decisions:
        look.outcomes[decision.original.origin, str(decision.region)][decision.outcome] += 1
    found = [each for source in look.sources.values() for each in look.of(source)]
    return sorted(found, key=lambda each: (each.source.name, each.source.id, each.region))


class _Look:
    """What was read, by source."""

    def __init__(self, inventory: Inventory, settings: Settings, now: datetime, *, source_is_dark: bool) -> None:
        self._inventory, self._home, self._now = inventory, settings.region, now
        self._policies = Policies(inventory, settings)
        self.sources = {each.id: each for each in inventory.sources.values() if each}
        self.outcomes: defaultdict[tuple[str, str], Counter[Outcome]] = defaultdict(Counter)
        self._backups: defaultdict[str, list[Backup]] = defaultdict(list)
        self._copies: defaultdict[str, defaultdict[str, list[CopyState]]] = defaultdict(lambda: defaultdict(list))
        self._arrived: defaultdict[tuple[str, str], list[Backup]] = defaultdict(list)
        self._arrived_in: defaultdict[str, set[str]] = defaultdict(set)
        self._compartments: defaultdict[str, set[str]] = defaultdict(set)
        for original in inventory.originals.values():
            if original.copied_from is None and original.group_backup_id is None and not original.lifecycle.is_deleted:
                self._note(original, original.origin)
                self._backups[original.origin].append(original)
        for by_original in inventory.copies.values():
            for original_id, copies in by_original.items():
                for copy in copies:
                    self._add_copy(copy, inventory.originals[original_id])
        for copy in inventory.strangers.values():
            self._add_copy(copy, None)
        for region, originals in inventory.arrived.items():
            for original_id in originals:
                original = inventory.originals[original_id]
                self._arrived[original.origin, region].append(original)
                self._arrived_in[original.origin].add(region)
        self._unread = UnreadLists(inventory, settings.region, source_is_dark=source_is_dark)

    def of(self, source: Source) -> Iterator[Recovery]:
        """How it stands with this source in each destination; nothing where there is nothing to be, and nothing is."""
        policy, copies = self._policies.of_source(source), self._copies[source.id]
        backups = sorted(self._backups[source.id], key=lambda each: each.time_created)
        may_be_left = source.group_id not in self.sources and self._unread.hide_group(source)
        is_left = may_be_left or self._is_left_to_group(source, policy)
        if not backups and not copies and (is_left or source.is_ending):
            return
        places = {source.compartment_id, *self._compartments[source.id]}
        is_hidden = self._unread.hide(source, places)
        was_asked_for = source.id in self._inventory.sources
        # Of one that is gone nothing is due. One that is out of sight for long is taken to be there.
        is_lost = source.is_gone and not backups and not was_asked_for
        is_alive = not source.is_ending or (is_lost and self._unread.hide_for_long(source, places))
        is_due = is_alive and not is_left
        there = [each.time_created for each in backups if each.lifecycle is Lifecycle.AVAILABLE]
        knows_backups = self._unread.fault_of(self._home, source.kind, places) is None
        is_unsure = is_hidden or may_be_left or (source.is_gone and bool(backups) and not was_asked_for)
        for region in sorted({*policy.regions, *copies, *self._arrived_in[source.id]}):
            fault = self._unread.fault_of(region, source.kind, places)
            is_known = region in self._inventory.copies and fault is None
            arrived = self._states(source.id, region, one_by_one=region in copies)
            here = tuple(sorted([*copies.get(region, ()), *arrived], key=lambda each: (each.moment, each.id)))
            # Without a copy that can be seen, only the backups say since when one is missing.
            is_told = knows_backups or (is_known and any(each.lifecycle is Lifecycle.AVAILABLE for each in here))
            tagged = [each for each in backups if is_told and copy_tag(region) in each.freeform_tags]
            yield Recovery(
                now=self._now,
                source=source,
                region=region,
                belongs=region in policy.regions,
                is_known=is_known,
                target=policy.target if is_due else None,
                next_due=self._next_due(policy, backups) if is_due and knows_backups else None,
                waits_since=(there[0] if there else source.time_created) if is_told else None,
                newest_backup=there[-1] if there else None,
                is_awaited=is_due,
                knows_backups=knows_backups,
                copies=here,
                told_of=max((each.time_created for each in tagged), default=None),
                faulty_backups=tuple(each.id for each in backups if each.lifecycle is Lifecycle.FAULTY),
                outcomes=self.outcomes[source.id, region],
                is_unsure=is_unsure or not is_told,
                fault=fault,
            )

    def _states(self, source_id: str, region: str, *, one_by_one: bool) -> list[CopyState]:
        """The copies that have arrived; of those with no others beside them only the newest, as if it held it all."""
        originals, sizes = self._arrived.get((source_id, region), ()), self._inventory.arrived.get(region, {})
        states = [_arrived(each, region, sizes[each.id]) for each in originals]
        if one_by_one or not states:
            return states
        newest = max(states, key=lambda each: (each.moment, each.id))
        return [replace(newest, stored_gb=sum(each.stored_gb for each in states))]

    def _is_left_to_group(self, source: Source, policy: SourcePolicy) -> bool:
        """Whether it is backed up with its volume group: of itself nothing is due then, whatever it has of old."""
        group = group_of(source, self.sources)
        if group is None:
            return False
        of_group = self._policies.of_source(group)
        if "every" not in of_group.faults and of_group.every is not None:
            return True
        return policy.every is None and (bool(self._backups[group.id]) or not self._backups[source.id])

    def _note(self, backup: Backup, origin: str) -> None:
        """Take note of where it is, and of a source of which only its backups, or copies of them, tell."""
        self._compartments[origin].add(backup.compartment_id)
        if origin not in self.sources:
            self.sources[origin] = Source(backup.kind, origin, {}, compartment_id=backup.compartment_id, is_gone=True)

    def _add_copy(self, copy: Backup, original: Backup | None) -> None:
        """`original` is `None` where it was not seen; one that was deleted is seen for a while."""
        is_of_none = original is not None and bool(original.copied_from or original.group_backup_id)
        if copy.lifecycle.is_deleted or is_of_none:
            return
        origin = (original or copy).origin
        self._note(copy, origin)
        state = CopyState(
            copy.id,
            _moment(copy, original),
            copy.time_created,
            copy.lifecycle,
            copy.stored_gb or 0,
            is_orphan=original is None or original.lifecycle.is_deleted,
        )
        self._copies[origin][copy.region].append(state)

    def _next_due(self, policy: SourcePolicy, backups: Sequence[Backup]) -> datetime | None:
        if policy.every is None:
            return None
        slot = policy.every.slot(self._now)
        is_made = any(each.time_created >= slot and not each.lifecycle.is_dead for each in backups)
        return slot + policy.every.interval if is_made else slot


def _arrived(original: Backup, region: str, stored_gb: int) -> CopyState:
    """When it was begun nobody has kept: it matters only of those under way."""
    named, moment = original.freeform_tags[copy_tag(region)], original.time_created
    return CopyState(named, moment, moment, Lifecycle.AVAILABLE, stored_gb, is_orphan=False)


def _moment(copy: Backup, original: Backup | None) -> datetime:
    """When the backup was made that this is a copy of. A tag may say anything; no backup is younger than its copy."""
    moment = source_time(copy, original)
    is_told = original is not None or (moment.tzinfo is not None and moment <= copy.time_created)
    return moment if is_told else copy.time_created
