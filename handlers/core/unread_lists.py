"""Which lists could not be read, and for whom that matters."""

from __future__ import annotations

from collections.abc import Collection

from handlers.core.errors import ApiFault, Passing
from handlers.core.inventory import Inventory
from handlers.core.model import Kind, Source


class UnreadLists:
    """Backups and copies may be in any compartment. One that is refused says nothing of what is in the others.

    Else a compartment named by mistake would keep everything from being known for as long as it is configured.
    """

    def __init__(self, inventory: Inventory, source_region: str) -> None:
        self._source_region, self._sources = source_region, inventory.unread_sources
        self._faults: dict[tuple[str, Kind, str | None], ApiFault] = {}
        for listing, fault in (*inventory.unread.items(), *inventory.unread_source_lists.items()):
            compartment_id = None if isinstance(fault, Passing) else listing.compartment_id
            self._faults.setdefault((listing.region, listing.kind, compartment_id), fault)

    def fault_of(self, region: str, kind: Kind, compartment_ids: Collection[str]) -> ApiFault | None:
        """Why it is not known what a region has of this kind that may be in these compartments."""
        faults = (self._faults.get((region, kind, each)) for each in (None, *sorted(compartment_ids)))
        return next((each for each in faults if each), None)

    def hide(self, source: Source, compartment_ids: Collection[str]) -> bool:
        """Whether a source may be there, with backups that may be in these compartments, though it looks gone."""
        is_unread = source.id in self._sources or self.fault_of(self._source_region, source.kind, compartment_ids)
        return source.is_gone and bool(is_unread)
