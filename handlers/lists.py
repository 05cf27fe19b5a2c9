"""Lists of the API over all regions, several at once: those that cannot be read hide no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from handlers.core.decision import Scope
from handlers.core.eligibility import assess
from handlers.core.errors import ApiFault, Passing, Rejected
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.ocid import region_of
from handlers.core.ports import Call
from handlers.core.report import Reason
from handlers.core.tagging import Tagging
from handlers.core.tokens import named_copy

SILENCE = {"Timeout", "ConnectionFailed"}

T = TypeVar("T")
R = TypeVar("R")

log = structlog.get_logger()


def lists_in(regions: Iterable[str], compartments: Sequence[str]) -> list[Listing]:
    """The lists of backups there, of the regions in turn: one that is silent shall not keep all threads waiting."""
    return [Listing(region, kind, each) for each in compartments for kind in Kind for region in sorted(regions)]


def list_backups(inventory: Inventory, listing: Listing, call: Call) -> Iterator[Backup]:
    """Members of groups' backups are mostly of no interest, but for the groups that they hold."""
    now = call.clock.now()
    for each in call.backups(listing.region).list_backups(listing.kind, listing.compartment_id):
        if each.group_backup_id and each.is_held(now):
            inventory.held_groups.add(each.group_backup_id)
        yield each


def read_copies(inventory: Inventory, lists: Sequence[Listing], scope: Scope, call: Call) -> None:
    """Read these lists of destination regions, and keep what was copied from here; a thorough scope wants all of it."""
    for listing in lists:
        inventory.copies.setdefault(listing.region, {})
        inventory.unread.pop(listing, None)
    for listing, found in read_each(partial(_list_copies, inventory, scope, {}), lists, call):
        if isinstance(found, ApiFault):
            inventory.unread[listing] = found
            continue
        copies, arrived = found
        for copy in copies:
            inventory.add_copy(copy)
        inventory.arrived.setdefault(listing.region, {}).update(arrived)
        for original_id in arrived:
            inventory.forget_arrived(original_id, listing.region)


def _list_copies(
    inventory: Inventory, scope: Scope, silent: dict[str, ApiFault], listing: Listing, call: Call
) -> tuple[list[Backup], dict[str, int]]:
    """The copies, and by their originals the GB of those that have arrived.

    Dropped as soon as it is read is what was not copied from here, belongs to a group's copy, or was deleted. Of what
    is kept, the original's id is held once.
    A region that has not answered once is not asked again: the others need the time.
    """
    if listing.region in silent:
        raise silent[listing.region]
    copies, arrived = list[Backup](), dict[str, int]()
    here = {call.settings.region, None}
    try:
        for each in list_backups(inventory, listing, call):
            if each.copied_from is None or each.group_backup_id:
                continue
            original = inventory.originals.get(each.copied_from)
            if original and not scope.thorough and _has_arrived(each, original):
                arrived[original.id] = each.stored_gb or 0
            elif original or (not each.lifecycle.is_deleted and region_of(each.copied_from) in here):
                copies.append(replace(each, copied_from=original.id) if original else each)
    except Passing as fault:
        if fault.code in SILENCE:
            silent[listing.region] = fault.bare()
        raise
    return copies, arrived


def _has_arrived(copy: Backup, original: Backup) -> bool:
    """Whether there is nothing more to know of this copy, nor anything to be done for it."""
    return (
        copy.lifecycle is Lifecycle.AVAILABLE
        and copy.compartment_id == original.compartment_id
        and copy.id == named_copy(original.freeform_tags, copy.region)
        and assess(original) is None
        and Tagging.of_copy(copy, original).is_done
    )


def _name(item: object) -> object:
    """What is read, by its id: a log is no place for all that is known of a backup."""
    if isinstance(item, tuple):
        return [_name(each) for each in item]
    return getattr(item, "id", None) or getattr(item, "__name__", None) or item


def read_each(read: Callable[[T, Call], R], items: Sequence[T], call: Call) -> Iterator[tuple[T, R | ApiFault]]:
    """Each item with what was read of it, or with the fault in its place."""

    def guarded(item: T) -> R | ApiFault:
        try:
            return read(item, call)
        except ApiFault as fault:
            return fault.bare()
        except Rejected:
            raise
        except Exception:  # a fault of ours with one of them does not hide the others
            log.exception("read.crashed", item=_name(item))
            return Passing(Reason.INTERNAL_ERROR, "a fault of this function: see its log")

    for item, found in zip(items, call.workers(guarded, items), strict=True):
        yield item, Passing("Timeout", "the call's own deadline has come") if found is None else found
