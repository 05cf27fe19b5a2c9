"""Deterministic retry tokens, and the tags that tell where a copy is and where it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from handlers.core.model import Backup
from handlers.core.ocid import is_region

MAX_FREEFORM_TAGS = 10
SLOT_TAG, MARK_TAG = "backup-copy-slot", "backup-copy-delete-after"
OWN_TAGS = "backup-copy-"
"""What the keys of the function's own tags begin with: by these it knows what it has made, and what is to go."""
_MINUTE = "%Y-%m-%dT%H:%MZ"
_NAME = 16
"""So many of the last characters of an OCID tell it from all others."""


def copy_token(source_backup_id: str, destination_region: str, attempt: int = 0) -> str:
    """The `opc-retry-token` of a copy: whoever copies this backup there, by whatever name or key, sends the same.

    So two callers that want the copy to be different still make only one: the second is answered 409.
    `attempt` counts the copies that failed, or are gone: Oracle keeps a token bound to what it made for 24 hours.
    """
    return _digest("copy", source_backup_id, destination_region, attempt)


def create_token(operation: str, body: Mapping[str, Any], occurrence: str) -> str:
    """The `opc-retry-token` of a create: the same occurrence of a schedule asking for the same thing sends the same."""
    return _digest("create", operation, body, occurrence)


def due_token(source_id: str, slot: datetime, attempt: int = 0) -> str:
    """The `opc-retry-token` of the backup that a source is due for in a slot: however many ticks there are in it."""
    return _digest("due", source_id, slot.astimezone(UTC).isoformat(), attempt)


def minute_of(moment: datetime) -> str:
    """The occurrence of a tick that carries no identity of its own."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _digest(*parts: object) -> str:
    """64 hexadecimal characters, which is the API's limit for a retry token."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def copy_tag(destination_region: str) -> str:
    """The tag on a source backup that names its copy in this region."""
    return f"{OWN_TAGS}{destination_region}"


def named_copy(tags: Mapping[str, str], region: str) -> str | None:
    """The copy in this region that a source backup's tags name."""
    return tags.get(copy_tag(region))


def named_copies(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each region for which a source backup's tags name a copy, and the copy's id."""
    for tag, copy_id in tags.items():
        region = tag.removeprefix(OWN_TAGS)
        if region != tag and is_region(region):
            yield region, copy_id


def source_provenance(copies: Sequence[Backup]) -> dict[str, str]:
    """What a source backup's tags say of the copies of it."""
    return {copy_tag(copy.region): copy.id for copy in copies}


def copy_provenance(original: Backup) -> dict[str, str]:
    """What a copy's tags say of the backup it was copied from."""
    moment = original.time_created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"backup-copy-source-region": original.region, "backup-copy-source-time": moment}


def slot_tags(source_id: str, slot: datetime) -> dict[str, str]:
    """What a backup's tags say of the slot that it was due in: by this it is known to be ours.

    It names the source, since Oracle may carry the tags of a group's backup to those of its members.
    """
    return {SLOT_TAG: f"{slot.astimezone(UTC):{_MINUTE}} {source_id[-_NAME:]}"}


def read_slot(backup: Backup) -> datetime | None:
    """The slot for which this function made this very backup, if it did."""
    moment, _, name = backup.freeform_tags.get(SLOT_TAG, "").partition(" ")
    return _read_minute(moment) if name and name == (backup.source_id or "")[-_NAME:] else None


def mark(backup_id: str, delete_after: datetime) -> dict[str, str]:
    """The tag on a backup that is to be deleted; it names the backup, since Oracle may carry it to a copy."""
    return {MARK_TAG: f"{delete_after.astimezone(UTC):{_MINUTE}} {backup_id[-_NAME:]}"}


def read_mark(backup: Backup) -> datetime | None:
    """From when on a backup may be deleted, where its tags say so of this very backup."""
    moment, _, name = backup.freeform_tags.get(MARK_TAG, "").partition(" ")
    return _read_minute(moment) if name == backup.id[-_NAME:] else None


@lru_cache(maxsize=4096)  # many backups share a slot, or a time to go
def _read_minute(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _MINUTE).replace(tzinfo=UTC)
    except ValueError:
        return None


def read_copy_provenance(tags: Mapping[str, str]) -> tuple[str, datetime] | None:
    """The region and time of the backup that a copy with these tags was made from, if they say so as we would."""
    try:
        moment = datetime.fromisoformat(tags["backup-copy-source-time"])
        return (tags["backup-copy-source-region"], moment.astimezone(UTC)) if moment.tzinfo else None
    except (KeyError, ValueError, OverflowError):
        return None
