"""What each operation may be asked: the fields of its details object, and their form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.emulator.block_volume.kinds import (
    BACKUPS,
    BOOT_VOLUME,
    BOOT_VOLUME_BACKUP,
    VOLUME,
    VOLUME_BACKUP,
    VOLUME_GROUP,
    VOLUME_GROUP_BACKUP,
    Kind,
)
from infra.emulator.details import TAGS, Field, invalid, one_of, read_details, text
from infra.emulator.ocids import parse_ocid
from infra.emulator.wire import ApiError, not_modelled

Fields = Mapping[str, Field]

RETENTION_DAYS = {"DAYS": 1, "YEARS": 365}
LONGEST_RETENTION_DAYS = 100 * 365
"""OCI documents no bound, but its times end with the year 9999."""


def _ocid(*kinds: str, required: bool = False) -> Field:
    def accepts(value: str) -> bool:
        parsed = parse_ocid(value)
        return parsed is not None and parsed.kind in kinds

    return Field(str, required=required, accepts=accepts, says=f"the OCID of a {' or '.join(kinds)}")


def _is_retention(value: dict[str, Any]) -> bool:
    amount, unit = value.get("retentionTimeAmount"), value.get("retentionTimeUnit")
    known = value.keys() <= {"retentionTimeUnit", "retentionTimeAmount"}
    if not known or type(amount) is not int or not isinstance(unit, str) or unit not in RETENTION_DAYS:
        return False
    return 0 < amount * RETENTION_DAYS[unit] <= LONGEST_RETENTION_DAYS


_NAMED: Fields = {"displayName": text(1, 255), **TAGS}
_COMPARTMENT = _ocid("compartment", "tenancy", required=True)
_SIZE = Field(int, accepts=lambda value: 50 <= value <= 32_768, says="between 50 and 32768")
_VPUS = Field(int, accepts=lambda value: value in range(0, 121, 10), says="a multiple of 10 up to 120")

_RETENTION: Fields = {
    "retentionPeriod": Field(dict, accepts=_is_retention, says="a number of DAYS or YEARS, 100 years at most"),
    "isPreventDeletionEnabled": Field(bool),
    "isRetentionLockEnabled": Field(bool),
    "isIndefiniteRetentionEnabled": Field(bool),
}
_KEY: Fields = {"kmsKeyId": _ocid("key")}
_VOLUME: Fields = {
    **_NAMED,
    **_KEY,
    "compartmentId": _COMPARTMENT,
    "availabilityDomain": Field(str),
    "sizeInGBs": _SIZE,
    "vpusPerGB": _VPUS,
    "isAutoTuneEnabled": Field(bool),
    "sourceDetails": Field(dict),
}
_RESIZE: Fields = {"sizeInGBs": _SIZE, "vpusPerGB": _VPUS, "isAutoTuneEnabled": Field(bool)}

CREATE: Mapping[Kind, Fields] = {
    VOLUME: {**_VOLUME, "isReservationsEnabled": Field(bool)},
    BOOT_VOLUME: {**_VOLUME, "sourceDetails": Field(dict, required=True)},
    VOLUME_GROUP: {
        **_NAMED,
        "compartmentId": _COMPARTMENT,
        "availabilityDomain": Field(str, required=True),
        "sourceDetails": Field(dict, required=True),
    },
    VOLUME_GROUP_BACKUP: {
        **_NAMED,
        **_RETENTION,
        "compartmentId": _ocid("compartment", "tenancy"),
        "type": one_of("FULL", "INCREMENTAL"),
        "volumeGroupId": _ocid("volumegroup", required=True),
    },
} | {
    kind: {
        **_NAMED,
        **_RETENTION,
        **_KEY,
        "type": one_of("FULL", "INCREMENTAL"),
        kind.of_field: _ocid(kind.of.ocid_type, required=True),
    }
    for kind in (VOLUME_BACKUP, BOOT_VOLUME_BACKUP)
}

UPDATE: Mapping[Kind, Fields] = {
    VOLUME: {**_NAMED, **_RESIZE, "isReservationsEnabled": Field(bool)},
    BOOT_VOLUME: {**_NAMED, **_RESIZE},
    VOLUME_GROUP: {**_NAMED, "volumeIds": Field(list)},
    VOLUME_BACKUP: {**_NAMED, **_RETENTION, **_KEY},
    BOOT_VOLUME_BACKUP: {**_NAMED, **_RETENTION, **_KEY},
    VOLUME_GROUP_BACKUP: {**_NAMED, **_RETENTION},
}

COPY: Fields = {"destinationRegion": text(1, 255, required=True), "displayName": text(1, 255), **_KEY}

NOT_MODELLED = frozenset(
    {
        "autotunePolicies",
        "backupPolicyId",
        "blockVolumeReplicas",
        "bootVolumeReplicas",
        "clusterPlacementGroupId",
        "sizeInMBs",
        "volumeBackupId",
        "volumeGroupReplicas",
        "xrcKmsKeyId",
    }
)
"""Fields that the API has and the emulator refuses; `sizeInMBs` and `volumeBackupId` are deprecated there."""


def read_create(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a create, checked; OCI's 400 otherwise."""
    _refuse_not_modelled(kind, body)
    return read_details(body, CREATE[kind])


def read_update(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """The details of an update, checked; OCI's 400 otherwise."""
    _refuse_not_modelled(kind, body)
    return read_details(body, UPDATE[kind], partial=True)


def read_source(details: Mapping[str, Any], modelled: Mapping[str, str]) -> tuple[str, Any]:
    """Type and content of `sourceDetails`; `modelled` names for each known type the field that holds the content."""
    source = details["sourceDetails"]
    kind = source.get("type")
    if not isinstance(kind, str):
        raise ApiError(400, "MissingParameter", "Missing required field sourceDetails.type.")
    if kind not in modelled:
        raise not_modelled(f"the source type {kind}")
    name = modelled[kind]
    if unknown := sorted(source.keys() - {"type", name}):
        raise not_modelled(f"the field sourceDetails.{unknown[0]}")
    if name not in source:
        raise ApiError(400, "MissingParameter", f"Missing required field sourceDetails.{name}.")
    return kind, source[name]


def require_text_list(value: Any, name: str) -> list[str]:  # noqa: ANN401 - a JSON value
    """`value` as a list of distinct strings, else OCI's 400."""
    if not isinstance(value, list) or not value or not all(isinstance(entry, str) for entry in value):
        raise invalid(name, "a list of OCIDs")
    if len(set(value)) != len(value):
        raise invalid(name, "a list without repetitions")
    return value


def require_key_in(region: str, details: Mapping[str, Any]) -> None:
    """Answer 400 when the details name a key that is not of `region`."""
    parsed = parse_ocid(details["kmsKeyId"]) if "kmsKeyId" in details else None
    if parsed and not parsed.is_in(region):
        raise invalid("kmsKeyId", f"a key in {region}")


def _refuse_not_modelled(kind: Kind, body: Mapping[str, Any]) -> None:
    fields = CREATE[kind].keys() | UPDATE[kind].keys()
    asked = sorted(name for name in body.keys() & NOT_MODELLED - fields if body[name] is not None)
    if asked and kind not in BACKUPS:
        raise not_modelled(f"the field {asked[0]} of a {kind.noun}")
