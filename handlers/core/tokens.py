"""Deterministic retry tokens, and the tags that tell where a copy is and where it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from handlers.core.model import Backup
from handlers.core.ocid import is_region

MAX_FREEFORM_TAGS = 10
_COPY = "backup-copy-"


def copy_token(source_backup_id: str, destination_region: str, attempt: int = 0) -> str:
    """The `opc-retry-token` of a copy: whoever copies this backup there, by whatever name or key, sends the same.

    So two callers that want the copy to be different still make only one: the second is answered 409.
    `attempt` counts the copies that failed, or are gone: Oracle keeps a token bound to what it made for 24 hours.
    """
    return _digest("copy", source_backup_id, destination_region, attempt)


def create_token(operation: str, body: Mapping[str, Any], occurrence: str) -> str:
    """The `opc-retry-token` of a create: the same occurrence of a schedule asking for the same thing sends the same."""
    return _digest("create", operation, body, occurrence)


def minute_of(moment: datetime) -> str:
    """The occurrence of a tick that carries no identity of its own."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _digest(*parts: object) -> str:
    """64 hexadecimal characters, which is the API's limit for a retry token."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def copy_tag(destination_region: str) -> str:
    """The tag on a source backup that names its copy in this region."""
    return f"{_COPY}{destination_region}"


def named_copies(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each region for which a source backup's tags name a copy, and the copy's id."""
    for tag, copy_id in tags.items():
        region = tag.removeprefix(_COPY)
        if region != tag and is_region(region):
            yield region, copy_id


def source_provenance(copies: Sequence[Backup]) -> dict[str, str]:
    """What a source backup's tags say of the copies of it."""
    return {copy_tag(copy.region): copy.id for copy in copies}


def copy_provenance(original: Backup) -> dict[str, str]:
    """What a copy's tags say of the backup it was copied from."""
    moment = original.time_created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"backup-copy-source-region": original.region, "backup-copy-source-time": moment}


def read_copy_provenance(tags: Mapping[str, str]) -> tuple[str, datetime] | None:
    """The region and time of the backup that a copy with these tags was made from, if they say so."""
    try:
        return tags["backup-copy-source-region"], datetime.fromisoformat(tags["backup-copy-source-time"])
    except (KeyError, ValueError):
        return None
