"""What the API answers, as what the function thinks in. Raises whatever comes of an answer that is not as documented.

Strings that come again and again, such as the OCIDs of sources, are kept once: a sweep holds hundreds of thousands of
backups at a time. Those that do not are not looked for among the others, which takes memory, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from sys import intern
from typing import Any, TypeVar

from handlers.core.model import Backup, Kind, Lifecycle, Source

T = TypeVar("T")
Item = Mapping[str, Any]
Headers = Mapping[str, str]

_SOURCE_ID = {Kind.VOLUME_GROUP: "volumeGroupId", Kind.VOLUME: "volumeId", Kind.BOOT_VOLUME: "bootVolumeId"}
_COPIED_FROM = {
    Kind.VOLUME_GROUP: "sourceVolumeGroupBackupId",
    Kind.VOLUME: "sourceVolumeBackupId",
    Kind.BOOT_VOLUME: "sourceBootVolumeBackupId",
}
_PROTECTIONS = ("isRetentionLockEnabled", "isPreventDeletionEnabled", "isIndefiniteRetentionEnabled")
_SIZES = ("uniqueSizeInGBs", "uniqueSizeInGbs")
"""As single backups and those of groups write it."""
_NO_TAGS: Mapping[str, str] = {}
_OCID = "ocid1."


def page(read: Callable[[Any, Headers], T], items: object, headers: Headers) -> tuple[list[T], str | None]:
    """The items of a list's page, and where the next one begins."""
    if not isinstance(items, list):
        raise TypeError("not a JSON array")
    # The headers of a page are not those of its items: an etag among them would be that of the list.
    common = {"opc-request-id": headers["opc-request-id"]} if "opc-request-id" in headers else {}
    return [read(item, common) for item in items], headers.get("opc-next-page")


def source(kind: Kind, item: Item) -> Source:
    """A volume group, volume or boot volume."""
    return Source(
        kind,
        intern(item["id"]),
        _tags(item),
        defined_tags=_defined_tags(item),
        name=str(item.get("displayName") or ""),
        compartment_id=intern(item["compartmentId"]),
        group_id=_reference(item, "volumeGroupId"),
        time_created=_moment(item.get("timeCreated")),
        lifecycle=Lifecycle(item["lifecycleState"]),
    )


def backup(kind: Kind, region: str, item: Item, headers: Headers) -> Backup:
    """A backup or copy in `region`."""
    return Backup(
        kind=kind,
        id=_text(item["id"]),
        region=region,
        compartment_id=intern(item["compartmentId"]),
        lifecycle=Lifecycle(item["lifecycleState"]),
        time_created=datetime.fromisoformat(item["timeCreated"]),
        source_id=_reference(item, _SOURCE_ID[kind]),
        copied_from=_text(item[_COPIED_FROM[kind]]) if item.get(_COPIED_FROM[kind]) is not None else None,
        group_backup_id=_reference(item, "volumeGroupBackupId"),
        freeform_tags=_tags(item),
        is_scheduled=item.get("sourceType") == "SCHEDULED",
        is_protected=any(item.get(flag) for flag in _PROTECTIONS),
        retained_until=_moment(item.get("timeRetentionExpiresAt")),
        stored_gb=_size(item),
        etag=headers.get("etag"),
        opc_request_id=headers.get("opc-request-id"),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _reference(item: Item, name: str) -> str | None:
    value = item.get(name)
    return None if value is None else intern(value)


def _tags(item: Item) -> Mapping[str, str]:
    tags = item.get("freeformTags")
    if not tags:
        return _NO_TAGS
    return {intern(key): _text(value) if value.startswith(_OCID) else intern(value) for key, value in tags.items()}


def _defined_tags(item: Item) -> Mapping[str, str]:
    """One mapping for all namespaces; values that are no strings as JSON writes them."""
    namespaces = item.get("definedTags")
    if not namespaces:
        return _NO_TAGS
    return {
        intern(f"{namespace}.{key}"): value if isinstance(value, str) else json.dumps(value)
        for namespace, tags in namespaces.items()
        for key, value in tags.items()
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _size(item: Item) -> int | None:
    size = next((item[name] for name in _SIZES if item.get(name) is not None), None)
    return None if size is None else int(size)
