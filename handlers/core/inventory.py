"""What was read of the cloud in one call: backups where they are made, and copies where they are to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from handlers.core.errors import ApiFault, Passing
from handlers.core.model import Backup, Kind, Source
from handlers.core.tokens import named_copy


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the API, over all its pages: one kind of thing in one compartment of one region."""

    region: str
    kind: Kind
    compartment_id: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Backups of the source region, the sources they were made of, and their copies in the destination regions.

    It is filled by `handlers.gather`; later only copies are added.
    """

    originals: dict[str, Backup] = field(default_factory=dict)
    """Every backup that the source region showed, by its id: also copies, and members of a group's backup."""
    sources: dict[str, Source | None] = field(default_factory=dict)
    """By id; `None` for one that is gone or may not be read. One that is not here was not asked for."""
    left: list[str] = field(default_factory=list)
    """The compartments that were not read at all, since one call would not have been done with them."""
    copies: dict[str, dict[str, list[Backup]]] = field(default_factory=dict)
    """By destination region and the id of the original. A region that is not here was not looked at."""
    arrived: dict[str, dict[str, int]] = field(default_factory=dict)
    """By destination region and the id of the original: how many GB a copy holds of which no more is to be known.

    It is AVAILABLE, beside its original in the same compartment, and both say of each other what their tags are to
    say. A sweep finds hundreds of thousands of them: as backups they would not fit into the function's memory.
    """
    strangers: dict[str, Backup] = field(default_factory=dict)
    """Copies from this region, by their own id, whose originals were not listed. Those under way take places too."""
    held_groups: set[str] = field(default_factory=set)
    """The groups' backups and copies of which a lock, a flag or a retention period holds a member."""
    unread: dict[Listing, ApiFault] = field(default_factory=dict)
    """The lists of backups that could not be read."""
    unread_source_lists: dict[Listing, ApiFault] = field(default_factory=dict)
    """The lists of sources that could not be read; those that are known by their backups are asked for one by one."""
    unread_sources: dict[str, ApiFault] = field(default_factory=dict)
    """The sources that could not be read, for a reason that is not their absence."""
    unread_copies: dict[tuple[str, str], ApiFault] = field(default_factory=dict)
    """By original and region where a tag names a copy that was not listed: why that could not be read."""
    unverified: set[tuple[str, str]] = field(default_factory=set)
    """Original and region where a tag names a copy that was not listed, and was not looked for."""
    gone: set[tuple[str, str]] = field(default_factory=set)
    """Original and region where a tag names a copy that is not there."""

    def add_copy(self, copy: Backup) -> None:
        """Take note of a copy, in place of what was known of it before."""
        if copy.copied_from is None or copy.copied_from not in self.originals:
            self.strangers[copy.id] = copy
            return
        if named_copy(self.originals[copy.copied_from].freeform_tags, copy.region) == copy.id:
            self.arrived.get(copy.region, {}).pop(copy.copied_from, None)
        known = self.copies.setdefault(copy.region, {}).setdefault(copy.copied_from, [])
        known[:] = [each for each in known if each.id != copy.id]
        known.append(copy)

    def forget_arrived(self, original_id: str, region: str) -> None:
        """Of a copy that has arrived, what was known of it before, while it was under way."""
        known = self.copies.get(region, {}).get(original_id)
        if known:
            named = named_copy(self.originals[original_id].freeform_tags, region)
            known[:] = [each for each in known if each.id != named]

    def has_arrived(self, original: Backup, region: str) -> bool:
        """Whether the copy that the original's tags name is there, and all that is to be known of it."""
        return original.id in self.arrived.get(region, ())

    def copies_of(self, original: Backup, region: str) -> list[Backup]:
        """The copies of a backup that the region showed, in any state, but for one that has arrived."""
        return self.copies.get(region, {}).get(original.id, [])

    def has_living_copy(self, original: Backup, region: str) -> bool:
        """Whether the region showed a copy that is there or under way."""
        listed = self.copies_of(original, region)
        return self.has_arrived(original, region) or any(not copy.lifecycle.is_dead for copy in listed)

    def fault_of(self, original: Backup, region: str) -> ApiFault | None:
        """Why it is not known which copies of this backup the region has, or which backups come before it.

        Backups and copies may have been moved to another compartment. One whose lists are refused does not count: it
        would stop all copying for as long as it is named in the configuration.
        """
        if (original.id, region) in self.unread_copies:
            return self.unread_copies[original.id, region]
        for listing, fault in self.unread.items():
            same = listing.region in {region, original.region} and listing.kind is original.kind
            if same and (listing.compartment_id == original.compartment_id or isinstance(fault, Passing)):
                return fault
        return None

    def origin_of(self, copy: Backup) -> str:
        """What a copy has in common with those of its original's predecessors, also where it does not say itself."""
        return self.originals.get(copy.copied_from or "", copy).origin

    def orphans(self) -> dict[tuple[str, str], list[Backup]]:
        """The copies whose originals are not there, by what they were made of and their region.

        A backup that was deleted is listed for a while: it makes no difference to its copies when that ends.
        """
        found: dict[tuple[str, str], list[Backup]] = {}
        for copy in self.strangers.values():
            found.setdefault((copy.origin, copy.region), []).append(copy)
        gone = [each for each in self.originals.values() if each.lifecycle.is_deleted]
        for original, copies in ((each, by_id.get(each.id, ())) for by_id in self.copies.values() for each in gone):
            for copy in copies:
                found.setdefault((original.origin, copy.region), []).append(copy)
        return found

    def in_flight(self) -> Iterator[Backup]:
        """Each copy under way from the source region."""
        yield from (copy for copy in self.strangers.values() if copy.lifecycle.is_under_way)
        for copies in self.copies.values():
            for found in copies.values():
                yield from (copy for copy in found if copy.lifecycle.is_under_way)
