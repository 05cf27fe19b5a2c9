"""How many copies may be started, and which limits of Oracle's have been met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from handlers.core.decision import Attempts, Decision
from handlers.core.errors import ApiFault, Missing
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind
from handlers.core.report import Outcome, Reason
from handlers.core.settings import Settings

LIMITS = {"LimitExceeded", "QuotaExceeded"}


def is_limit(fault: ApiFault) -> bool:
    """Whether the API has no place for a further copy."""
    return fault.status == 429 or fault.code in LIMITS


def waits_for_a_place(fault: ApiFault, region: str | None, under_way: Collection[Backup]) -> bool:
    """Whether a limit was met that copies under way will leave again; else it is a quota, or the API is too busy."""
    if fault.code == "LimitExceeded":
        return any(copy.region == region for copy in under_way)
    return fault.status == 429 and bool(under_way)


def _closed(attempts: Attempts, settings: Settings) -> set[str | None]:
    """The regions to which nothing more is copied in this call: a limit was met, or a permission is missing.

    Oracle answers the latter as it answers for a backup that is gone: many of these, and nothing else, tell which.
    """
    limited = {each.region for each in attempts.values() if each.fault and is_limit(each.fault)}
    missing = Counter(each.region for each in attempts.values() if isinstance(each.fault, Missing))
    reached = {each.region for each in attempts.values() if each.copy}
    most = 3 * settings.max_in_flight
    return limited | {region for region, count in missing.items() if count >= most and region not in reached}


@dataclass(slots=True)
class Places:
    """The copies that may still be started."""

    free: int
    closed: set[str | None]
    busy_boot_volumes: set[str]

    @classmethod
    def left(cls, inventory: Inventory, attempts: Attempts, settings: Settings) -> Places:
        """What is under way in the cloud takes a place, and so does what may be."""
        under_way = [*inventory.in_flight(), *(each.original for each in attempts.values() if each.may_be_under_way)]
        return cls(
            free=settings.max_in_flight - len(under_way),
            closed=_closed(attempts, settings),
            busy_boot_volumes={inventory.origin_of(each) for each in under_way if each.kind is Kind.BOOT_VOLUME},
        )

    def give(self, decision: Decision) -> Decision:
        """A place for a copy that is PLANNED, or what it waits for."""
        original = decision.original
        if self.free <= 0 or decision.region in self.closed or original.origin in self.busy_boot_volumes:
            return replace(decision, outcome=Outcome.DEFERRED, reason=Reason.LIMIT)
        self.free -= 1
        if original.kind is Kind.BOOT_VOLUME:
            self.busy_boot_volumes.add(original.origin)
        return decision
