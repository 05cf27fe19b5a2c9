"""Read what a plan is made of: in few calls, several at once, each region by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import structlog

from handlers.core.decision import Scope
from handlers.core.eligibility import assess
from handlers.core.errors import ApiFault, Missing, Passing
from handlers.core.fan_out import Room
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup, Kind, Source
from handlers.core.ocid import Ocid
from handlers.core.ports import Call
from handlers.core.source_policy import Policies
from handlers.core.tokens import named_copies
from handlers.lists import list_backups, lists_in, read_copies, read_each

MAX_LOOKUPS = 200
"""How many of those that no list shows are looked for one by one in a call, where that can wait for another call."""

SILENCE = {"Timeout", "ConnectionFailed"}

T = TypeVar("T")
R = TypeVar("R")

_Read = Callable[[Listing, Call], Sequence[Source] | Sequence[Backup]]

log = structlog.get_logger()


def gather(compartments: Iterable[str], scope: Scope, call: Call) -> Inventory:
    """Everything in these compartments, here and in each region where copies are or are to be.

    The calls grow with pages, compartments and regions, not with backups: one by one are read only sources in other
    compartments, mostly where a copy is missing, and copies that a tag names but no list shows. A `thorough` scope
    looks for all such sources, and for copies also in regions where none belong any more.
    """
    compartments = tuple(compartments)
    inventory = gather_here(compartments, call)
    gather_away(inventory, compartments, scope, call)
    return inventory


def gather_here(compartments: Iterable[str], call: Call, room: Room | None = None) -> Inventory:
    """The sources in these compartments, and their backups in the same region, as far as there is room."""
    inventory, rest, read = Inventory(), list(compartments), 0
    while rest:
        now = call.clock.now()
        batch = room.next(rest, read, len(inventory.originals), now) if room else rest
        if not batch:
            inventory.left.extend(rest)
            break
        _read_here(inventory, lists_in([call.settings.region], batch), call)
        rest, read = rest[len(batch) :], read + len(batch)
    return inventory


def gather_away(inventory: Inventory, compartments: Sequence[str], scope: Scope, call: Call) -> None:
    """Add what is in the regions where copies are or are to be."""
    if scope.target:
        inventory.originals[scope.target.backup.id] = scope.target.backup
    regions = {*(scope.target.regions if scope.target else ()), *scope.regions, *call.settings.every_destination}
    regions |= {*_wanted(inventory, call), *(call.settings.allowed_regions or () if scope.thorough else ())}
    regions -= {call.settings.region}
    read_copies(inventory, lists_in(regions, compartments), scope, call)
    _read_unlisted_sources(inventory, scope, call)
    read_copies(inventory, lists_in(_wanted(inventory, call) - regions, compartments), scope, call)
    _look_for_named_copies(inventory, call)


def _read_here(inventory: Inventory, lists: Sequence[Listing], call: Call) -> None:
    """Sources and backups.

    Where a list of sources is refused, they are asked for one by one, as those of other compartments are.
    """

    def list_originals(listing: Listing, call: Call) -> Sequence[Backup]:
        return list(list_backups(inventory, listing, call))

    reads: list[tuple[_Read, Listing]] = [
        (read, listing) for read in (_list_sources, list_originals) for listing in lists
    ]
    for (read, listing), found in read_each(lambda each, call: each[0](each[1], call), reads, call):
        if not isinstance(found, ApiFault):
            inventory.sources.update({each.id: each for each in found if isinstance(each, Source)})
            inventory.originals.update({each.id: each for each in found if isinstance(each, Backup)})
        elif read is list_originals:
            inventory.unread[listing] = found
        else:
            inventory.unread_source_lists[listing] = found


def _list_sources(listing: Listing, call: Call) -> Sequence[Source]:
    return call.backups(listing.region).list_sources(listing.kind, listing.compartment_id)


def _wanted(inventory: Inventory, call: Call) -> set[str]:
    """The regions where the policies of sources want copies."""
    policies = Policies(inventory, call.settings)
    return {region for each in inventory.sources.values() if each for region in policies.of_source(each).regions}


def _read_unlisted_sources(inventory: Inventory, scope: Scope, call: Call) -> None:
    """A source may be in another compartment than its backups, or gone.

    Its tags matter where a copy is missing that would be made without them. Where all are there, its tags may still
    name further regions, if such are allowed: of these sources a few are read in each call.
    """
    policies, wanting, complete = Policies(inventory, call.settings), dict[str, Kind](), dict[str, Kind]()
    possible = {*(call.settings.allowed_regions or ()), *call.settings.every_destination}
    for original in inventory.originals.values():
        if original.source_id and original.source_id not in inventory.sources and assess(original) is None:
            usual = scope.regions or policies.of(original).regions
            if not usual or not all(inventory.has_living_copy(original, region) for region in usual):
                wanting[original.source_id] = original.kind
            elif scope.thorough or possible - set(usual):
                complete[original.source_id] = original.kind
    unread = {each.kind: why for each, why in inventory.unread_source_lists.items() if isinstance(why, Passing)}
    spare = sorted(complete.items() - wanting.items())
    unlisted = wanting | dict(spare if scope.thorough else _some(spare, call))
    inventory.unread_sources.update({each: unread[kind] for each, kind in unlisted.items() if kind in unread})

    def read(unlisted: tuple[str, Kind], call: Call) -> Source:
        source_id, kind = unlisted
        return call.here.source(kind, source_id)

    missing: list[tuple[str, Missing]] = []
    asked = sorted(each for each in unlisted.items() if each[1] not in unread)
    for (source_id, _), found in read_each(read, asked, call):
        if isinstance(found, Missing):
            inventory.sources[source_id] = None
            missing.append((source_id, found))
        elif isinstance(found, ApiFault):
            inventory.unread_sources[source_id] = found
        else:
            inventory.sources[source_id] = found
    if missing:  # one line: they are gone, as volumes go, and come up again and again
        source_id, fault = missing[0]
        count, request = len(missing), fault.opc_request_id
        log.warning("source.unreadable", source_id=source_id, count=count, opc_request_id=request)


def _some(items: Sequence[T], call: Call) -> Sequence[T]:
    """As many as are looked for in a call, and not the same ones in each."""
    if len(items) <= MAX_LOOKUPS:
        return items
    return random.Random(call.clock.now().timestamp()).sample(items, MAX_LOOKUPS)  # noqa: S311 - no secret


def _look_for_named_copies(inventory: Inventory, call: Call) -> None:
    """A copy may have been moved to a compartment that is not looked at: the original's tag still names it."""
    doubtful = sorted(_doubtful(inventory), key=lambda each: (each[0].time_created, each[0].id, each[1]))
    inventory.unverified.update((original.id, region) for original, region, _ in doubtful)

    def read(doubt: tuple[Backup, str, str], call: Call) -> Backup:
        original, region, named = doubt
        return call.backups(region).get(original.kind, named)

    for (original, region, _), found in read_each(read, _some(doubtful, call), call):
        inventory.unverified.discard((original.id, region))
        if isinstance(found, Passing):
            inventory.unread_copies[original.id, region] = found
        elif isinstance(found, Backup) and found.copied_from == original.id:
            inventory.add_copy(found)
        else:
            inventory.gone.add((original.id, region))


def _doubtful(inventory: Inventory) -> Iterator[tuple[Backup, str, str]]:
    """Each backup that has no living copy in a region, though its tag names one; a tag that names none is wrong."""
    for original in inventory.originals.values():
        if assess(original) is not None:
            continue
        for region, named in named_copies(original.freeform_tags):
            listed = inventory.copies_of(original, region)
            if region not in inventory.copies or inventory.fault_of(original, region):
                continue
            if inventory.has_living_copy(original, region) or any(copy.id == named for copy in listed):
                continue
            parsed = Ocid.parse(named)
            if parsed is None or parsed.resource_type != original.kind.backup_type:
                inventory.gone.add((original.id, region))
            else:
                yield original, region, named
