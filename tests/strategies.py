"""What may arrive, as hypothesis strategies: well-formed operations, and everything else that JSON can be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.fakes import AWAY, FAR, HOME, ocid

REGIONS = st.sampled_from([AWAY, FAR, "ap-tokyo-1", "me-abudhabi-1"])
UNIQUE = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=60)


def ocids(*resource_types: str, region: str = HOME) -> st.SearchStrategy[str]:
    """OCIDs of one of these resource types."""
    return st.builds(lambda kind, unique: ocid(kind, region, unique), st.sampled_from(resource_types), UNIQUE)


# The API's strings are Unicode: no lone surrogates, which UTF-8 cannot carry.
def texts(shortest: int, longest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=shortest, max_size=longest)


TAG_KEYS = texts(1, 100)
FREEFORM_TAGS = st.dictionaries(TAG_KEYS, texts(0, 256), max_size=10)
DEFINED_TAGS = st.dictionaries(
    TAG_KEYS, st.dictionaries(TAG_KEYS, texts(0, 256) | st.integers() | st.booleans(), max_size=3), max_size=3
)
ETAGS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)

_ANY = {"dryRun": st.booleans(), "idempotencyKey": texts(1, 64)}
_NAMED = {"displayName": texts(1, 255), "freeformTags": FREEFORM_TAGS, "definedTags": DEFINED_TAGS}
_CREATE = {**_ANY, **_NAMED, "type": st.sampled_from(["FULL", "INCREMENTAL"])}
_COPY = {
    **_ANY,
    "displayName": texts(1, 255),
    "destinationRegion": REGIONS | st.lists(REGIONS, min_size=1, max_size=5),
}
_UPDATE = {**_ANY, **_NAMED, "ifMatch": ETAGS}
_KEY = {"kmsKeyId": ocids("key")}


def _operation(
    name: str, needed: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"operation": st.just(name), **needed}, optional=optional)


def _updates(name: str, field: str, resource_type: str) -> st.SearchStrategy[dict[str, Any]]:
    operations = _operation(name, {field: ocids(resource_type)}, _UPDATE)
    return operations.filter(lambda each: each.keys() & {"displayName", "freeformTags", "definedTags"})


CREATES = st.one_of(
    _operation(
        "CreateVolumeGroupBackup",
        {"volumeGroupId": ocids("volumegroup")},
        {**_CREATE, "compartmentId": ocids("compartment", "tenancy", region="")},
    ),
    _operation("CreateVolumeBackup", {"volumeId": ocids("volume")}, _CREATE | _KEY),
    _operation("CreateBootVolumeBackup", {"bootVolumeId": ocids("bootvolume")}, _CREATE | _KEY),
)
COPIES = st.one_of(
    _operation("CopyVolumeGroupBackup", {"volumeGroupBackupId": ocids("volumegroupbackup")}, _COPY),
    _operation("CreateVolumeGroupBackupCopy", {"volumeGroupBackupId": ocids("volumegroupbackup")}, _COPY),
    _operation("CopyVolumeBackup", {"volumeBackupId": ocids("volumebackup")}, _COPY),
    _operation("CopyBootVolumeBackup", {"bootVolumeBackupId": ocids("bootvolumebackup")}, _COPY),
)
UPDATES = st.one_of(
    _updates("UpdateVolumeGroupBackup", "volumeGroupBackupId", "volumegroupbackup"),
    _updates("UpdateVolumeBackup", "volumeBackupId", "volumebackup"),
    _updates("UpdateBootVolumeBackup", "bootVolumeBackupId", "bootvolumebackup"),
)
OPERATIONS = CREATES | COPIES | UPDATES

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=20,
)

MARK = "do-not-repeat-this-value"
"""What no error message may ever quote."""

MARKED: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([MARK, f"{MARK}-1", f"ocid1.{MARK}.oc1.iad.x", f'{{"operation": "{MARK}"}}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "type"]), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoilt_payloads(draw: st.DrawFn) -> Any:
    """A payload of any kind of which one to three fields hold something that does not belong there."""
    payload: dict[str, Any] = dict(draw(OPERATIONS | st.sampled_from([dict(EVENT), dict(ALARM)])))
    names = sorted({*payload, "type", "destinationRegion", "freeformTags", "kmsKeyId", "ifMatch", "compartmentId"})
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)):
        payload[name] = draw(MARKED)
    return payload


EVENT: dict[str, Any] = {
    "eventType": "com.oraclecloud.blockvolumes.createvolumegroupbackup.end",
    "cloudEventsVersion": "0.1",
    "eventTypeVersion": "2.0",
    "source": "BlockVolumes",
    "eventTime": "2026-11-21T02:04:11Z",
    "contentType": "application/json",
    "data": {"resourceId": ocid("volumegroupbackup"), "resourceName": "nightly", "additionalDetails": {}},
    "eventID": "9f3f0c1e-6a2c-4a5e-9c39-1a6f6a2a7d11",
}
ALARM: dict[str, Any] = {
    "dedupeKey": "3f2b8a50-0c2f-4c38-9f0b-7a0d1c1f3b6e",
    "title": "Hourly backup",
    "body": None,
    "type": "REPEAT",
    "severity": "INFO",
    "timestampEpochMillis": 1795226400000,
    "timestamp": "2026-11-21T02:00:00Z",
    "alarmMetaData": [],
    "version": 1.1,
}
