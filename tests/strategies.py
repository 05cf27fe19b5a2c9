"""What may arrive and what a sweep may read, as hypothesis strategies: well-formed, and everything else."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from handlers.core.errors import Passing
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup, Kind, Lifecycle, Source
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, ocid

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

COUNTS = st.integers(1, 9999)
EVERIES = st.builds(lambda count, unit: f"{count}{unit}", COUNTS, st.sampled_from("hdw"))


@st.composite
def keeps(draw: st.DrawFn, counts: st.SearchStrategy[int] = COUNTS) -> str:
    """What is kept, in the words of the grammar."""
    match draw(st.sampled_from(["all", "last", "units", "units"])):
        case "all":
            return "all"
        case "last":
            return f"last {draw(counts)}"
        case _:
            units = draw(st.lists(st.sampled_from("dwmy"), min_size=1, unique=True))
            return " ".join(f"{draw(counts)}{unit}" for unit in units)


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
_COMPARTMENTS = ocids("compartment", "tenancy", region="")
_OVERVIEW = {**_ANY, "compartmentId": _COMPARTMENTS | st.lists(_COMPARTMENTS, min_size=1, max_size=3)}
_REGIONS = {"destinationRegion": _COPY["destinationRegion"]}
OVERVIEWS = st.one_of(
    _operation("Sweep", {}, _OVERVIEW | _REGIONS),
    _operation("CreateDueBackups", {}, {**_OVERVIEW, "every": EVERIES}),
    _operation("PruneCopies", {}, _OVERVIEW),
    _operation("PruneCopies", {"dryRun": st.just(value=True), "keep": keeps()}, {"compartmentId": _COMPARTMENTS}),
    _operation(
        "ReportCopies",
        {},
        {
            **_OVERVIEW,
            **_REGIONS,
            "format": st.sampled_from(["json", "markdown", "html"]),
            "days": st.integers(1, 400),
        },
    ),
)
EXPLAINS = _operation("ExplainPolicy", {"sourceId": ocids("volumegroup", "volume", "bootvolume")}, _ANY)
OPERATIONS = CREATES | COPIES | UPDATES | OVERVIEWS | EXPLAINS

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
    ours = {"every", "keep", "format", "days", "sourceId", "compartmentId", "destinationRegion"}
    names = sorted({*payload, *ours, "type", "freeformTags", "kmsKeyId", "ifMatch"})
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

_DAY = datetime(2026, 11, 20, tzinfo=UTC)
_STATES = st.sampled_from([*[Lifecycle.AVAILABLE] * 20, Lifecycle.CREATING, Lifecycle.TERMINATING, Lifecycle.FAULTY])
_COPY_STATES = st.sampled_from([*[Lifecycle.AVAILABLE] * 5, *[Lifecycle.CREATING] * 2, *Lifecycle])
_TAGS = st.sampled_from([*[None] * 5, AWAY, f"{AWAY},{FAR}", "none", "nowhere at all"])
_RARELY, _AT_TIMES = st.sampled_from([*[False] * 15, True]), st.sampled_from([False, False, True])
_COPIED_TO = st.sampled_from([(), (), (), (AWAY,), (FAR,), (AWAY, FAR), (AWAY, AWAY)])


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """What a sweep may have read: a few sources with backups in every state, and their copies in two regions."""
    inventory = Inventory(copies={AWAY: {}, FAR: {}})
    numbers = itertools.count(1)

    def backup(kind: Kind, region: str, source_id: str | None, **facts: Any) -> Backup:
        moment = _DAY + timedelta(hours=draw(st.integers(0, 30)))
        identifier = ocid(kind.backup_type, region, f"n{next(numbers)}")
        state = draw(_STATES if region == HOME else _COPY_STATES)
        return Backup(kind, identifier, region, COMPARTMENT, state, moment, source_id, **facts)

    for kind in draw(st.lists(st.sampled_from(list(Kind)), max_size=4)):
        source_id = None if draw(_RARELY) else ocid(kind.source_type, HOME, f"s{next(numbers)}")
        _place_source(draw, inventory, kind, source_id)
        for _ in range(draw(st.integers(1, 4))):
            rare = {draw(st.sampled_from(["copied_from", "group_backup_id"])): "x"} if draw(_RARELY) else {}
            original = backup(kind, HOME, source_id, **rare)
            inventory.originals[original.id] = original
            for region in draw(_COPIED_TO):
                inventory.add_copy(backup(kind, region, source_id, copied_from=original.id))
            if draw(_AT_TIMES):
                inventory.unverified.add((original.id, AWAY))
    if draw(_AT_TIMES):
        listing = Listing(draw(st.sampled_from([HOME, AWAY, FAR])), draw(st.sampled_from(list(Kind))), COMPARTMENT)
        inventory.unread[listing] = Passing("Timeout", "no answer")
    return inventory


def _place_source(draw: st.DrawFn, inventory: Inventory, kind: Kind, source_id: str | None) -> None:
    """It is there with its tags, gone, or could not be read."""
    if source_id is None:
        return
    match draw(st.sampled_from([*["there"] * 8, "gone", "unread"])):
        case "there":
            tag = draw(_TAGS)
            tags = {} if tag is None else {"backup-copy-destinations": tag}
            inventory.sources[source_id] = Source(kind, source_id, tags)
        case "gone":
            inventory.sources[source_id] = None
        case _:
            inventory.unread_sources[source_id] = Passing("Timeout", "no answer")
