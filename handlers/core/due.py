"""Which sources are due for a backup, as a function of what was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from handlers.core.errors import ApiFault, Passing
from handlers.core.grammar import Every
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.report import Outcome, Reason, Result, failure
from handlers.core.settings import Settings
from handlers.core.source_policy import EVERY_TAG, Policies, group_of
from handlers.core.tokens import read_slot

MOST_FAULTY = 3
"""After so many backups that ended FAULTY no other is made in a slot."""
GIVEN_UP = f"{MOST_FAULTY} backups ended FAULTY since it was due: look at the source; another is made in the next slot"
NOBODY_SAYS = "neither POLICY nor a tag backup-copy-every says how often"


@dataclass(frozen=True, slots=True)
class Due:
    """How it stands with one source. PLANNED means: to be backed up now, for this slot.

    `attempt` is the first whose retry token may be unused: the number of backups that were made for this slot and are
    dead. `faulty` are those that ended FAULTY since, by whomever they were made.
    """

    source: Source
    outcome: Outcome
    reason: str | None = None
    message: str | None = None
    backup: Backup | None = None
    fault: ApiFault | None = None
    slot: datetime | None = None
    attempt: int = 0
    faulty: frozenset[str] = frozenset()

    def result(self, operation: str) -> Result:
        """The decision as an entry of the answer."""
        if self.fault:
            return failure(operation, self.source.id, self.fault)
        return Result(
            operation,
            self.outcome,
            reason=self.reason,
            message=self.message,
            source_id=self.source.id,
            backup_id=self.backup.id if self.backup else None,
            opc_request_id=self.backup.opc_request_id if self.backup else None,
            may_pass=self.outcome is Outcome.FAILED and self.reason is Reason.INTERNAL_ERROR,
        )


def due(
    inventory: Inventory, settings: Settings, now: datetime, every: Every | None, compartments: Collection[str] = ()
) -> list[Due]:
    """One decision for each source in these compartments (all that were read, where none is named), longest due first.

    A source is due when no living backup of it is as young as the slot that `now` is in, by whomever it was made.
    `every` stands above what holds for the sources, but not above one that wants no backups at all.
    """
    look = _Look(inventory, settings, now, every)
    sources = [each for each in inventory.sources.values() if each]
    decisions = [look.at(each) for each in sources if not compartments or each.compartment_id in compartments]
    return sorted(decisions, key=look.urgency)


class _Look:
    def __init__(self, inventory: Inventory, settings: Settings, now: datetime, every: Every | None) -> None:
        self._inventory, self._settings, self._now, self._every = inventory, settings, now, every
        self._policies = Policies(inventory, settings)
        self._backups: defaultdict[str | None, list[Backup]] = defaultdict(list)
        for backup in sorted(inventory.originals.values(), key=lambda each: (each.time_created, each.id)):
            if backup.copied_from is None and backup.group_backup_id is None:
                self._backups[backup.source_id].append(backup)

    def urgency(self, decision: Due) -> tuple[object, ...]:
        """How long ago the newest living backup was made, of a source that is not in order."""
        living = [each for each in self._backups[decision.source.id] if not each.lifecycle.is_dead]
        newest = living[-1].time_created.timestamp() if living else 0.0
        return decision.outcome is not Outcome.PLANNED, newest, decision.source.id

    def at(self, source: Source) -> Due:
        """How it stands with this source."""
        every, refusal = self._interval(source)
        if refusal or every is None:
            return refusal or Due(source, Outcome.EXCLUDED, Reason.NO_SCHEDULE, NOBODY_SAYS)
        fault = self._fault_of(source)
        if fault:
            return Due(source, Outcome.FAILED, fault=fault)
        slot = every.slot(self._now)
        for backup in reversed(self._backups[source.id]):
            if backup.lifecycle.is_under_way:
                return Due(source, Outcome.IN_FLIGHT, backup.lifecycle.lower(), backup=backup)
            if backup.lifecycle is Lifecycle.AVAILABLE and backup.time_created >= slot:
                return Due(source, Outcome.EXISTS, backup=backup)
        since = [each for each in self._backups[source.id] if each.time_created >= slot]
        faulty = frozenset(each.id for each in since if each.lifecycle is Lifecycle.FAULTY)
        if len(faulty) >= MOST_FAULTY:
            return Due(source, Outcome.FAILED, Reason.FAULTY, GIVEN_UP)
        attempt = sum(each.lifecycle.is_dead and read_slot(each) == slot for each in since)
        return Due(source, Outcome.PLANNED, slot=slot, attempt=attempt, faulty=faulty)

    def _interval(self, source: Source) -> tuple[Every | None, Due | None]:
        """How often a backup is due; or why none is, or nobody can tell."""
        policy = self._policies.of_source(source)
        if "every" in policy.faults:
            return None, Due(source, Outcome.FAILED, Reason.TAG_MALFORMED, str(policy.faults["every"]))
        if policy.never_due:
            return None, Due(source, Outcome.EXCLUDED, policy.said_by("every"))
        every = self._every or policy.every
        if every and source.lifecycle is not Lifecycle.AVAILABLE:
            return None, Due(source, Outcome.NOT_READY, source.lifecycle.lower())
        if every and self._is_backed_up_with_group(source):
            return None, Due(source, Outcome.EXCLUDED, Reason.GROUP_MEMBER)
        return every, None

    def _is_backed_up_with_group(self, source: Source) -> bool:
        """Whether its volume group is to be backed up, or may be, and the source does not itself ask for its own."""
        group = group_of(source, self._inventory.sources)
        if group is None:
            return False
        policy = self._policies.of_source(group)
        return "every" in policy.faults or (not policy.never_due and (self._every or policy.every) is not None)

    def _fault_of(self, source: Source) -> ApiFault | None:
        """Why it is not known which backups there are, be it in another compartment; or whether a group has it."""
        may_be_its_groups = source.group_id is not None and EVERY_TAG not in source.freeform_tags
        if may_be_its_groups and source.group_id not in self._inventory.sources:
            for listing, fault in self._inventory.unread_source_lists.items():
                if listing.kind is Kind.VOLUME_GROUP:
                    return fault
        for listing, fault in self._inventory.unread.items():
            is_of_kind = listing.kind is source.kind and listing.region == self._settings.region
            if is_of_kind and (listing.compartment_id == source.compartment_id or isinstance(fault, Passing)):
                return fault
        return None
