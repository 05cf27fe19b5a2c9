"""Which lists could not be read, and for whom that matters."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from handlers.core.errors import ApiFault, Passing
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Kind, Source
from handlers.core.source_policy import EVERY_TAG

_Faults = Mapping[tuple[str, Kind, str | None], ApiFault]


def is_dark(inventory: Inventory, region: str, compartment_ids: Collection[str]) -> bool:
    """Whether no list of backups in these compartments of a region could be read."""
    lists = {Listing(region, kind, each) for kind in Kind for each in compartment_ids}
    return bool(lists) and lists <= inventory.unread.keys()


class UnreadLists:
    """Backups and copies may be in any compartment. One that is refused says nothing of what is in the others.

    Else a compartment named by mistake would keep everything from being known for as long as it is configured.
    """

    def __init__(self, inventory: Inventory, source_region: str, *, source_is_dark: bool) -> None:
        self._source_region, self._unread_sources = source_region, inventory.unread_sources
        self._source_is_dark = source_is_dark
        self._of_backups, self._of_sources = _faults(inventory.unread), _faults(inventory.unread_source_lists)

    def fault_of(self, region: str, kind: Kind, compartment_ids: Collection[str]) -> ApiFault | None:
        """Why it is not known what a region has of this kind that may be in these compartments."""
        return _fault(self._of_backups, region, kind, compartment_ids)

    def hide(self, source: Source, compartment_ids: Collection[str]) -> bool:
        """Whether a source may be there, with backups that may be in these compartments, though it looks gone."""
        is_unread = source.id in self._unread_sources or any(self._at_home(source, compartment_ids))
        return source.is_gone and is_unread

    def hide_for_long(self, source: Source, compartment_ids: Collection[str]) -> bool:
        """Whether neither it nor its backups could be seen, and not for a single list that fails once in a while.

        Either somebody has to allow the function to read both, or the source region is dark.
        """
        faults = self._at_home(source, compartment_ids)
        return all(faults) and (self._source_is_dark or not any(isinstance(each, Passing) for each in faults))

    def hide_group(self, source: Source) -> bool:
        """Whether a member's volume group may be one that is not known to look after it."""
        if source.group_id is None or EVERY_TAG in source.freeform_tags:
            return False
        return bool(_fault(self._of_sources, self._source_region, Kind.VOLUME_GROUP, [source.compartment_id]))

    def _at_home(self, source: Source, compartment_ids: Collection[str]) -> list[ApiFault | None]:
        lists = self._of_sources, self._of_backups
        return [_fault(each, self._source_region, source.kind, compartment_ids) for each in lists]


def _faults(unread: Mapping[Listing, ApiFault]) -> _Faults:
    """By region, kind and compartment; what may pass by itself says nothing of any compartment."""
    found: dict[tuple[str, Kind, str | None], ApiFault] = {}
    for listing, fault in unread.items():
        compartment_id = None if isinstance(fault, Passing) else listing.compartment_id
        found.setdefault((listing.region, listing.kind, compartment_id), fault)
    return found


def _fault(faults: _Faults, region: str, kind: Kind, compartment_ids: Collection[str]) -> ApiFault | None:
    found = (faults.get((region, kind, each)) for each in (None, *sorted(compartment_ids)))
    return next((each for each in found if each), None)
