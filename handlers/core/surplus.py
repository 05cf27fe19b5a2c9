"""Which backups are not copied to a destination any more, because the copy would be due to go there at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from handlers.core.inventory import Inventory
from handlers.core.model import Backup
from handlers.core.retention import kept
from handlers.core.source_policy import Policies
from handlers.core.tokens import read_copy_provenance

NEVER = datetime.min.replace(tzinfo=UTC)


def surplus(
    queue: Sequence[Backup],
    region: str,
    inventory: Inventory,
    policies: Policies,
    orphans: Sequence[Backup],
    now: datetime,
) -> set[str]:
    """The ids of those of one source's backups that a retention would not keep in this destination, and has no copy of.

    Of a source that is gone nobody knows what is kept: there nothing is copied that is older than what is there, where
    any retention is configured at all. It may have been left out, or deleted, on purpose.
    """
    policy = policies.of(queue[0])
    # One that does not tell its time was begun after its backup, and perhaps after backups which are not there.
    living = ((copy.id, told_time(copy, inventory)) for copy in orphans if not copy.lifecycle.is_dead)
    told = {each: when for each, when in living if when}
    missing = {each.id: each.time_created for each in queue if not inventory.has_living_copy(each, region)}
    if not missing or "keep" in policy.faults:
        return set()
    if inventory.sources.get(queue[0].source_id or "") is None and policies.names_keep:
        there = [each.time_created for each in queue if each.id not in missing]
        newest = max([*there, *told.values()], default=NEVER)
        return {each for each, when in missing.items() if when < newest}
    keep = policy.keep_in(region)
    if keep.is_everything:
        return set()
    times = {each.id: each.time_created for each in queue}
    return missing.keys() - kept(times | told, keep, now).keys()


def told_time(copy: Backup, inventory: Inventory) -> datetime | None:
    """When the backup was made that this is a copy of, where that or the copy's tags say so."""
    original = inventory.originals.get(copy.copied_from or "")
    if original is not None:
        return original.time_created
    return source_time(copy) if read_copy_provenance(copy.freeform_tags) else None


def source_time(copy: Backup, original: Backup | None = None) -> datetime:
    """When the backup was made that this is a copy of: as it says, or the copy's tags; at the latest the copy."""
    if original is not None:
        return original.time_created
    provenance = read_copy_provenance(copy.freeform_tags)
    return min(provenance[1], copy.time_created) if provenance else copy.time_created
