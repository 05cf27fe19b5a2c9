"""What the tags of a backup and of its copies are to say, and whether they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.core.errors import Refused
from handlers.core.model import Backup
from handlers.core.tokens import (
    MARK_TAG,
    MAX_FREEFORM_TAGS,
    SLOT_TAG,
    copy_provenance,
    copy_tag,
    named_copies,
    read_mark,
)


def etag_of(backup: Backup) -> str:
    """What a change of its tags is guarded with; raises `Refused` where the API has told none."""
    if backup.etag is None:
        raise Refused("EtagMissing", "the API tells no etag: without one the tags of others could be lost")
    return backup.etag


@dataclass(frozen=True, slots=True)
class Tagging:
    """What a backup's tags are to say, and which of ours they are not to have."""

    backup: Backup
    ours: Mapping[str, str]
    wrong: frozenset[str] = frozenset()

    @classmethod
    def of_copy(cls, copy: Backup, original: Backup) -> Tagging:
        """What a copy is to say of its original.

        Where Oracle carries the original's tags to a copy, it may get some that are only true of the original.
        """
        carried = {copy_tag(region) for region, _ in named_copies(copy.freeform_tags)} | {SLOT_TAG}
        carried |= set() if read_mark(copy) else {MARK_TAG}
        return cls(copy, copy_provenance(original), frozenset(carried))

    def merged(self, tags: Mapping[str, str]) -> dict[str, str]:
        """These tags with ours put right; those of others stay."""
        return {key: value for key, value in tags.items() if key not in self.wrong} | dict(self.ours)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to write, as far as is known."""
        return self.merged(self.backup.freeform_tags) == self.backup.freeform_tags

    @property
    def has_room(self) -> bool:
        """Whether the API takes so many tags."""
        return len(self.merged(self.backup.freeform_tags)) <= MAX_FREEFORM_TAGS
