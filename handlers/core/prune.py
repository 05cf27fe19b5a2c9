"""Which backups and copies are due to go, as a function of what was read; and the firewall before every deletion.

Nothing goes unless all of this is so: it is AVAILABLE; it is ours (made by this function when it was due, or a copy
whose provenance this function wrote); its source is there, and its policy can be followed, wants copies where it is,
and does not keep it; no lock, flag or retention period holds it; it is not the newest AVAILABLE one of its source in
its region; the next newer one is AVAILABLE; at home all of its copies are where they belong. And nothing at all goes
when a list could not be read, or deleted when that were more than `MAX_DELETES`, or `MAX_DELETE_PERCENT` of what is
ours in a region; nor while most of a region is on its way out, whenever each comes due (`delete_limits`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.core.delete_limits import why_held
from handlers.core.eligibility import assess
from handlers.core.fate import Fate, Step
from handlers.core.grammar import Keep
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Lifecycle
from handlers.core.ownership import is_misdated, is_ours, tells_of, time_of
from handlers.core.report import Outcome, Reason
from handlers.core.retention import kept
from handlers.core.settings import Settings
from handlers.core.source_policy import Policies, SourcePolicy
from handlers.core.surplus import surplus, told_time
from handlers.core.tokens import MARK_TAG, read_mark

UNREAD = "a list could not be read, so nothing is marked or deleted: see the results with a compartment as sourceId"
STRAY = "the policy wants no copies here, so nobody says what is kept: delete it by hand, or name the region again"


def prune(
    inventory: Inventory, settings: Settings, now: datetime, keep: Keep | None = None, *, in_parts: bool = False
) -> list[Fate]:
    """The fate of each backup at home and each copy anywhere; `keep` stands in place of all policies' retention.

    `in_parts` is for a call that carries out only a part of it. Its marks come due apart from those of other parts, so
    that no later call would see how much goes in all: then the limits hold for what is marked as well.
    """
    look = _Look(inventory, settings, now, keep)
    fates = [fate for (origin, _), place in _places(inventory, settings) for fate in look.at(origin, place)]
    if inventory.unread or inventory.unread_source_lists:
        unread = [
            replace(fate, step=None) if fate.reason != Reason.SOURCE_GONE else _hold(fate, UNREAD) for fate in fates
        ]
        return [_hold(before, UNREAD) if before.goes else after for before, after in zip(fates, unread, strict=True)]
    limited = (Step.MARK, Step.DELETE) if in_parts else (Step.DELETE,)
    why = why_held(fates, limited, settings, now)
    if why:
        return [_hold(fate, why) if fate.step in limited else fate for fate in fates]
    going = {fate.backup.id for fate in fates if fate.step is Step.DELETE}
    return [look.guarded(fate, going) if fate.step is Step.DELETE else fate for fate in fates]


def delete_after(now: datetime, settings: Settings) -> datetime:
    """From when on what is marked now may be deleted: at a whole minute, as marks say it, after all of the grace."""
    after = now + settings.delete_grace.interval
    begun = after.replace(second=0, microsecond=0)
    return begun if begun == after else begun + timedelta(minutes=1)


def _places(inventory: Inventory, settings: Settings) -> Iterator[tuple[tuple[str, str], list[Backup]]]:
    """What there is of each source in each region, oldest first."""
    places: defaultdict[tuple[str, str], list[Backup]] = defaultdict(list)
    for original in inventory.originals.values():
        if original.copied_from is None and original.group_backup_id is None:
            places[original.origin, settings.region].append(original)
    copies = (copy for by_id in inventory.copies.values() for copies in by_id.values() for copy in copies)
    for copy in (*copies, *inventory.strangers.values()):
        places[inventory.origin_of(copy), copy.region].append(copy)
    for where, place in places.items():
        living = [each for each in place if not each.lifecycle.is_deleted]
        yield where, sorted(living, key=lambda each: (time_of(each, inventory), each.id))


class _Look:
    def __init__(self, inventory: Inventory, settings: Settings, now: datetime, keep: Keep | None) -> None:
        self._inventory, self._settings, self._now, self._keep = inventory, settings, now, keep
        self._policies, self._orphans = Policies(inventory, settings), inventory.orphans()
        self._standing: dict[str, tuple[Sequence[Backup], int]] = {}
        self._copyable: defaultdict[str, list[Backup]] = defaultdict(list)
        for original in inventory.originals.values():
            if assess(original) is None:
                self._copyable[original.origin].append(original)

    def at(self, origin: str, place: Sequence[Backup]) -> Iterator[Fate]:
        """The fates of what there is of one source in one region."""
        source, fault = self._inventory.sources.get(origin), self._inventory.unread_sources.get(origin)
        if fault:
            yield from (self._unfit(each) or Fate(each, Outcome.FAILED, fault=fault) for each in place)
            return
        if source is None or source.is_ending or source.lifecycle is Lifecycle.FAULTY:
            yield from (self._unfit(each) or self._stays(each, Reason.SOURCE_GONE) for each in place)
            return
        policy = self._policies.of_source(source)
        wanted = self._wanted(origin, place, policy)
        for index, backup in enumerate(place):
            self._standing[backup.id] = (place, index)
            yield (
                self._unfit(backup)
                or self._kept(backup, policy, wanted)
                or self._needed(backup, policy)
                or self._due(backup)
            )

    def guarded(self, fate: Fate, going: Collection[str]) -> Fate:
        """With source and guards: the next newer and the newest of those that stay, and at home its copies that do."""
        newer = [each for each in self._newer(fate.backup) if _stays(each, going)]
        copies = [
            next(filter(lambda copy: _stays(copy, going), self._inventory.copies_of(fate.backup, region)), None)
            for region in sorted(self._inventory.copies)
        ]
        guards = {each.id: each for each in (newer[0], newer[-1], *copies) if each}
        source = self._inventory.sources[self._inventory.origin_of(fate.backup)]
        return replace(fate, guards=tuple(guards.values()), source=source)

    def _newer(self, backup: Backup) -> Iterator[Backup]:
        """Those of its source in its region that come after it."""
        place, index = self._standing[backup.id]
        return (place[later] for later in range(index + 1, len(place)))

    def _wanted(self, origin: str, place: Sequence[Backup], policy: SourcePolicy) -> Mapping[datetime, str]:
        """The times that the retention keeps, with why: two copies of one backup are one recovery point.

        What is not ours does not count: it may go at any time. What a sweep would make again at once is kept as well.
        """
        region = place[0].region if place else self._settings.region
        is_home = region == self._settings.region
        keep = self._keep or (policy.keep if is_home else policy.keep_in(region))
        times = {time_of(each, self._inventory) for each in place if self._unfit(each) is None}
        wanted = kept({each: each for each in times}, keep, self._now)
        if is_home:
            return wanted
        living = [each for each in self._orphans.get((origin, region), ()) if not each.lifecycle.is_dead]
        told = {when for each in living if (when := told_time(each, self._inventory))}
        of_sweep = told | {each.time_created for each in self._copyable[origin]}
        return {**kept({each: each for each in of_sweep}, keep, self._now), **wanted}

    def _unfit(self, backup: Backup) -> Fate | None:
        """Why a backup is nothing that could go, or `None`."""
        if backup.lifecycle is not Lifecycle.AVAILABLE:
            return Fate(backup, Outcome.NOT_READY, backup.lifecycle.lower())
        return None if is_ours(backup, self._inventory, self._settings.region) else self._stays(backup, Reason.NOT_OURS)

    def _kept(self, backup: Backup, policy: SourcePolicy, wanted: Mapping[datetime, str]) -> Fate | None:
        """Why a backup stays whatever else there is, or `None`."""
        for term in ("destinations", "keep"):
            if term in policy.faults and (term != "keep" or self._keep is None):
                return self._unsaid(backup, str(policy.faults[term]))
        if backup.copied_from is not None and backup.region not in policy.regions:
            return self._stays(backup, Reason.NO_DESTINATION, STRAY)
        why = wanted.get(time_of(backup, self._inventory))
        if why:
            return self._stays(backup, Reason.RETENTION, why)
        return self._stays(backup, Reason.PROTECTED) if self._is_held(backup) else None

    def _needed(self, backup: Backup, policy: SourcePolicy) -> Fate | None:
        """Why a backup stays for the sake of the others, or `None`."""
        if not any(each.lifecycle is Lifecycle.AVAILABLE for each in self._newer(backup)):
            return self._stays(backup, Reason.NEWEST)
        if next(self._newer(backup)).lifecycle is not Lifecycle.AVAILABLE:
            return self._stays(backup, Reason.SIBLING)
        if backup.copied_from is None and not self._is_copied(backup, policy):
            return self._stays(backup, Reason.NOT_COPIED)
        return None

    def _stays(self, backup: Backup, reason: Reason, message: str | None = None) -> Fate:
        step = None if reason is Reason.NOT_OURS else self._unmark(backup)
        return Fate(backup, Outcome.KEPT, reason, message, step)

    def _unsaid(self, backup: Backup, message: str) -> Fate:
        """What is kept is not known until a tag is corrected, and from then on there is all of the grace again."""
        return Fate(backup, Outcome.FAILED, Reason.TAG_MALFORMED, message, self._unmark(backup))

    def _unmark(self, backup: Backup) -> Step | None:
        return Step.UNMARK if MARK_TAG in backup.freeform_tags and self._keep is None else None

    def _due(self, backup: Backup) -> Fate:
        """A backup that goes: marked first, deleted when its time has come."""
        marked = read_mark(backup)
        after = marked or delete_after(self._now, self._settings)
        message = f"to be deleted after {after:%Y-%m-%dT%H:%MZ}"
        if marked is None:
            return Fate(backup, Outcome.PLANNED, Step.MARK, message, Step.MARK)
        if after > self._now:
            return Fate(backup, Outcome.DEFERRED, Reason.GRACE, message)
        return Fate(backup, Outcome.PLANNED, Step.DELETE, None, Step.DELETE)

    def _is_held(self, backup: Backup) -> bool:
        """Whether it, or a member of a group's backup, is kept from being deleted."""
        return backup.is_held(self._now) or backup.id in self._inventory.held_groups

    def _is_copied(self, backup: Backup, policy: SourcePolicy) -> bool:
        """Whether all its copies are AVAILABLE where they belong, or would not be kept there.

        And none is under way, or says wrongly what it is a copy of: a sweep puts that right.
        """
        inventory = self._inventory
        for region in {*policy.regions, *inventory.copies}:
            where, copies = (backup.id, region), inventory.copies_of(backup, region)
            is_unknown = where in inventory.unverified or where in inventory.unread_copies
            if is_unknown or any(copy.lifecycle.is_under_way or is_misdated(copy, backup) for copy in copies):
                return False
            is_there = any(copy.lifecycle is Lifecycle.AVAILABLE and tells_of(copy, backup) for copy in copies)
            if region in policy.regions and not is_there and not self._is_surplus(backup, region):
                return False
        return True

    def _is_surplus(self, backup: Backup, region: str) -> bool:
        queue = self._copyable[backup.origin]
        orphans = self._orphans.get((backup.origin, region), ())
        is_looked_at = region in self._inventory.copies
        return is_looked_at and backup.id in surplus(queue, region, self._inventory, self._policies, orphans, self._now)


def _stays(backup: Backup, going: Collection[str]) -> bool:
    return backup.lifecycle is Lifecycle.AVAILABLE and backup.id not in going


def _hold(fate: Fate, why: str) -> Fate:
    return replace(fate, outcome=Outcome.FAILED, reason=Reason.HELD, message=why, step=None)
