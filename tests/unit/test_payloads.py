"""What may arrive: how operations, events, alarms and nothing are told apart, and how everything else is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.core.errors import Rejected
from handlers.core.grammar import Every, Keep
from handlers.core.model import Kind
from handlers.core.operations import (
    OPERATIONS,
    CopyBackup,
    CopyVolumeGroupBackup,
    CreateBackup,
    CreateDueBackups,
    CreateVolumeBackup,
    CreateVolumeGroupBackup,
    ExplainPolicy,
    Format,
    PruneCopies,
    ReportCopies,
    Sweep,
    UpdateBackup,
)
from handlers.core.payloads import MAX_BYTES, MAX_OPERATIONS, Nothing, Payload, Work, parse
from handlers.core.report import Reason, Trigger
from tests import strategies
from tests.fakes import AWAY, FAR, ocid
from tests.strategies import ALARM, EVENT, MARK

RECORDED = Path(__file__).parents[1] / "events"

CREATE = {"operation": "CreateVolumeGroupBackup", "volumeGroupId": ocid("volumegroup")}
COPY = {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": ocid("volumegroupbackup")}
UPDATE = {"operation": "UpdateVolumeBackup", "volumeBackupId": ocid("volumebackup"), "displayName": "x"}
VOLUME = {"operation": "CreateVolumeBackup", "volumeId": ocid("volume")}
DUE, PRUNE, REPORT = ({"operation": name} for name in ("CreateDueBackups", "PruneCopies", "ReportCopies"))
EXPLAIN = {"operation": "ExplainPolicy", "sourceId": ocid("volume")}


def read(payload: object) -> Payload:
    return parse(json.dumps(payload).encode())


def work(payload: object) -> Work:
    parsed = read(payload)
    assert isinstance(parsed, Work)
    return parsed


def problems(body: object) -> dict[str, str]:
    """Field and message of everything that is wrong with a payload."""
    with pytest.raises(Rejected) as caught:
        parse(body if isinstance(body, bytes) else json.dumps(body).encode())
    return {problem.field: problem.message for problem in caught.value.problems}


# Operations


@given(st.lists(strategies.OPERATIONS, min_size=1, max_size=4))
def test_every_well_formed_operation_is_understood(operations: list[dict[str, Any]]) -> None:
    """Alone, or in an array in the order in which they were sent."""
    parsed = work(operations)
    names = [each.operation for each in parsed.operations or ()]

    assert parsed.trigger is Trigger.OPERATION
    assert names == [each["operation"] for each in operations]
    assert work(operations[0]).operations == (parsed.operations or ())[:1]


@given(strategies.CREATES | strategies.UPDATES)
def test_an_operations_body_is_passed_on_whole(operation: dict[str, Any]) -> None:
    """Tags, type, name, key and compartment, under the API's own names; what is not the API's is left out."""
    (parsed,) = work(operation).operations or ()
    ours = {"operation", "dryRun", "idempotencyKey", "ifMatch"}
    if isinstance(parsed, UpdateBackup):
        ours |= {f"{parsed.kind[0].lower()}{parsed.kind[1:]}BackupId"}
    expected = {key: value for key, value in operation.items() if key not in ours}
    if isinstance(parsed, CreateBackup):
        expected = {"type": "INCREMENTAL"} | expected

    assert parsed.api_body() == expected


@given(strategies.OPERATIONS)
def test_snake_case_says_the_same_as_camel_case(operation: dict[str, Any]) -> None:
    """Callers that speak Python, and schedules written by hand, use either."""
    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): value for key, value in operation.items()}

    assert read(snake) == read(operation)


def test_a_backup_is_incremental_unless_told() -> None:
    """As the API has it."""
    (operation,) = work(CREATE).operations or ()

    assert isinstance(operation, CreateVolumeGroupBackup)
    assert operation.type == "INCREMENTAL"


@pytest.mark.parametrize(
    ("given", "expected"),
    [(AWAY, (AWAY,)), ([AWAY, FAR], (AWAY, FAR)), ([AWAY, FAR, AWAY], (AWAY, FAR))],
    ids=["one", "a list", "one of them twice"],
)
def test_a_copy_names_one_destination_or_several(given: object, expected: tuple[str, ...]) -> None:
    """A region named twice is one destination."""
    (operation,) = work({**COPY, "destinationRegion": given}).operations or ()

    assert isinstance(operation, CopyVolumeGroupBackup)
    assert operation.destination_region == expected


def test_a_sweep_is_understood() -> None:
    """Whether it is carried out is not a question of its form."""
    assert work({"operation": "Sweep", "compartmentId": ocid("compartment", "")}).operations == (
        Sweep(compartmentId=(ocid("compartment", ""),)),
    )


def test_what_is_due_may_be_asked_for_by_interval() -> None:
    """Else policies and tags say; and of all compartments that are configured."""
    (asked, plain) = work([{**DUE, "every": "6h", "compartmentId": ocid("tenancy", "")}, DUE]).operations or ()

    assert isinstance(asked, CreateDueBackups)
    assert isinstance(plain, CreateDueBackups)
    assert (asked.every, asked.compartment_id) == (Every.parse("6h"), (ocid("tenancy", ""),))
    assert (plain.every, plain.compartment_id, plain.dry_run) == (None, None, False)


def test_a_retention_may_be_tried_out() -> None:
    """In a dry run: what is deleted is up to policies and tags."""
    (asked, plain) = work([{**PRUNE, "keep": "7d 4w", "dryRun": True}, PRUNE]).operations or ()

    assert isinstance(asked, PruneCopies)
    assert isinstance(plain, PruneCopies)
    assert (asked.keep, plain.keep) == (Keep.parse("7d 4w"), None)


def test_a_report_is_of_a_month_and_for_machines_unless_told() -> None:
    """A page is asked for by its format."""
    (plain, page) = work([REPORT, {**REPORT, "format": "html", "days": 90, "destinationRegion": AWAY}]).operations or ()

    assert isinstance(plain, ReportCopies)
    assert isinstance(page, ReportCopies)
    assert (plain.format, plain.days, plain.destination_region) == (Format.JSON, 30, None)
    assert (page.format, page.days, page.destination_region) == (Format.HTML, 90, (AWAY,))


@pytest.mark.parametrize("kind", list(Kind))
def test_any_source_may_be_explained(kind: Kind) -> None:
    """A volume, a boot volume or a volume group."""
    assert work({**EXPLAIN, "sourceId": ocid(kind.source_type)}).operations == (
        ExplainPolicy.model_validate({**EXPLAIN, "sourceId": ocid(kind.source_type)}),
    )


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown key", {**CREATE, "colour": MARK}, "colour", "is not a field of this operation"),
    ("a key of another operation", {**COPY, "freeformTags": {}}, "freeformTags", "is not a field of this operation"),
    ("no source", {"operation": "CreateVolumeBackup"}, "volumeId", "is missing"),
    ("no backup", {"operation": "CopyBootVolumeBackup"}, "bootVolumeBackupId", "is missing"),
    ("a source that is null", {**CREATE, "volumeGroupId": None}, "volumeGroupId", "OCID of a volumegroup"),
    ("a source of another kind", {**CREATE, "volumeGroupId": ocid("volume")}, "volumeGroupId", "of a volumegroup"),
    ("a backup for a source", {**CREATE, "volumeGroupId": ocid("volumegroupbackup")}, "volumeGroupId", "OCID"),
    ("no OCID at all", {**CREATE, "volumeGroupId": MARK}, "volumeGroupId", "OCID"),
    ("an OCID that is too long", {**CREATE, "volumeGroupId": ocid("volumegroup") + "a" * 300}, "volumeGroupId", "OCID"),
    ("a number for an OCID", {**CREATE, "volumeGroupId": 7}, "volumeGroupId", "OCID"),
    ("two lines in an OCID", {**CREATE, "volumeGroupId": f"{ocid('volumegroup')}\n"}, "volumeGroupId", "OCID"),
    ("an unknown type", {**CREATE, "type": MARK}, "type", "'INCREMENTAL' or 'FULL'"),
    ("an empty name", {**CREATE, "displayName": ""}, "displayName", "at least 1 character"),
    ("a long name", {**CREATE, "displayName": "n" * 256}, "displayName", "at most 255 characters"),
    ("a number for a name", {**CREATE, "displayName": 7}, "displayName", "string"),
    ("a lone surrogate", {**CREATE, "displayName": "\ud800"}, "displayName", "unicode"),
    ("eleven tags", {**CREATE, "freeformTags": {f"k{n}": "" for n in range(11)}}, "freeformTags", "at most 10"),
    ("a long tag key", {**CREATE, "freeformTags": {"k" * 101: "v"}}, f"freeformTags.{'k' * 64}.[key]", "at most 100"),
    ("a slot of one's own", {**CREATE, "freeformTags": {"backup-copy-slot": MARK}}, "freeformTags", "alone writes"),
    ("a mark of one's own", {**UPDATE, "freeformTags": {"backup-copy-delete-after": MARK}}, "freeformTags", "alone"),
    ("an empty tag key", {**CREATE, "freeformTags": {"": "v"}}, "freeformTags..[key]", "at least 1"),
    ("a long tag value", {**CREATE, "freeformTags": {"k": "v" * 257}}, "freeformTags.k", "at most 256"),
    ("a number for a tag value", {**CREATE, "freeformTags": {"k": 7}}, "freeformTags.k", "string"),
    ("tags in a list", {**CREATE, "freeformTags": [MARK]}, "freeformTags", "dictionary"),
    ("defined tags without namespace", {**CREATE, "definedTags": {"team": MARK}}, "definedTags.team", "dictionary"),
    ("a list for a defined tag", {**CREATE, "definedTags": {"n": {"k": [MARK]}}}, "definedTags.n.k", "whole number"),
    ("a long defined tag", {**CREATE, "definedTags": {"n": {"k": "v" * 257}}}, "definedTags.n.k", "at most 256"),
    ("a fraction for a defined tag", {**CREATE, "definedTags": {"n": {"k": 1.5}}}, "definedTags.n.k", "whole number"),
    ("a compartment of another kind", {**CREATE, "compartmentId": ocid("user", "")}, "compartmentId", "compartment"),
    ("a key of another kind", {**VOLUME, "kmsKeyId": ocid("vault")}, "kmsKeyId", "OCID of a key"),
    ("a key for a group", {**CREATE, "kmsKeyId": ocid("key")}, "kmsKeyId", "is not a field of this operation"),
    ("a region in words", {**COPY, "destinationRegion": "Phoenix"}, "destinationRegion[0]", "region identifier"),
    ("a region with a host in it", {**COPY, "destinationRegion": f"{AWAY}.x"}, "destinationRegion[0]", "region"),
    ("no region in the list", {**COPY, "destinationRegion": []}, "destinationRegion", "name at least one"),
    ("a number for a region", {**COPY, "destinationRegion": [AWAY, 7]}, "destinationRegion[1]", "region"),
    ("nothing to change", {k: v for k, v in UPDATE.items() if k != "displayName"}, "payload", "displayName"),
    ("an etag with a line break", {**UPDATE, "ifMatch": "a\r\nb: c"}, "ifMatch", "pattern"),
    ("an empty etag", {**UPDATE, "ifMatch": ""}, "ifMatch", "at least 1"),
    ("dryRun in words", {**CREATE, "dryRun": "yes"}, "dryRun", "boolean"),
    ("an empty idempotency key", {**CREATE, "idempotencyKey": ""}, "idempotencyKey", "at least 1"),
    ("a long idempotency key", {**CREATE, "idempotencyKey": "k" * 65}, "idempotencyKey", "at most 64"),
    ("an unknown operation", {"operation": MARK}, "operation", "must be one of CreateVolumeGroupBackup"),
    ("an operation that is a list", {"operation": [MARK]}, "operation", "must be one of"),
    ("both spellings of a key", {**COPY, "volume_group_backup_id": MARK}, "payload", "names a field twice"),
    ("an interval in words", {**DUE, "every": f"6h {MARK}"}, "every", "at character 4: expected nothing more"),
    ("an interval that is never", {**DUE, "every": "none"}, "every", "at character 1: expected a number"),
    ("a number for an interval", {**DUE, "every": 6}, "every", "must be a text such as 6h"),
    ("a retention in words", {**PRUNE, "dryRun": True, "keep": f"7d {MARK}"}, "keep", "at character 4: expected"),
    ("a retention that deletes", {**PRUNE, "keep": "last 3"}, "keep", "with dryRun only"),
    ("a retention of due backups", {**DUE, "keep": "last 3"}, "keep", "is not a field of this operation"),
    ("no compartment in the list", {**DUE, "compartmentId": []}, "compartmentId", "name at least one"),
    (
        "a compartment of a kind of its own",
        {**PRUNE, "compartmentId": MARK},
        "compartmentId[0]",
        "compartment or tenan",
    ),
    ("a page of no kind", {**REPORT, "format": MARK}, "format", "'json', 'markdown' or 'html'"),
    ("no days", {**REPORT, "days": 0}, "days", "greater than or equal to 1"),
    ("years of days", {**REPORT, "days": 401}, "days", "less than or equal to 400"),
    ("days in words", {**REPORT, "days": "30"}, "days", "integer"),
    ("nothing to explain", {"operation": "ExplainPolicy"}, "sourceId", "is missing"),
    ("a backup to explain", {"operation": "ExplainPolicy", "sourceId": ocid("volumebackup")}, "sourceId", "OCID of a"),
    ("a region to explain", {**EXPLAIN, "destinationRegion": AWAY}, "destinationRegion", "is not a field of this"),
]


@pytest.mark.parametrize(("payload", "field", "message"), [each[1:] for each in REFUSED], ids=[e[0] for e in REFUSED])
def test_what_an_operation_cannot_mean_is_refused(payload: dict[str, Any], field: str, message: str) -> None:
    """The answer names the field and what is wrong with it, and does not repeat what stood there."""
    found = problems(payload)

    assert list(found) == [field]
    assert message in found[field]
    assert MARK not in found[field]


def test_every_problem_of_an_array_is_told_at_once() -> None:
    """With the place at which each stands."""
    found = problems([CREATE, {**COPY, "x": 1, "displayName": ""}, {"operation": "CreateVolumeBackup"}, 7])

    assert list(found) == ["[1].displayName", "[1].x", "[2].volumeId", "[3]"]


def test_an_empty_array_is_refused() -> None:
    """It is more likely a mistake than a wish for nothing."""
    assert "empty array" in problems([])["payload"]


def test_a_hundred_operations_are_read_and_no_more() -> None:
    """What cannot be done in one call is better split by who knows how."""
    assert len(work([CREATE] * MAX_OPERATIONS).operations or ()) == MAX_OPERATIONS
    assert "more than 100" in problems([CREATE] * (MAX_OPERATIONS + 1))["payload"]


def test_an_array_in_an_array_is_refused() -> None:
    """An array holds operations."""
    assert problems([[CREATE]]) == {"[0]": "must be an operation: a JSON object"}


# Nothing


@pytest.mark.parametrize("body", [b"", b" \n\t", b"{}", b" { } "])
def test_nothing_is_a_tick(body: bytes) -> None:
    """The configured SCHEDULE is what a tick asks for."""
    assert parse(body) == Work(Trigger.TICK, None)


# Events


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_a_finished_backup_is_to_be_copied(kind: Kind, spelling: Any) -> None:
    """The event type is matched without regard to case, and the kind of backup is read from its OCID."""
    event_type = spelling(f"com.oraclecloud.blockvolumes.create{kind.backup_type}.end")
    event = {**EVENT, "eventType": event_type, "data": {"resourceId": ocid(kind.backup_type)}}

    parsed = work(event)
    (operation,) = parsed.operations or ()

    assert parsed.trigger is Trigger.EVENT
    assert parsed.occurrence == EVENT["eventID"]
    assert isinstance(operation, CopyBackup)
    assert (operation.operation, operation.backup_id) == (f"Copy{kind}Backup", ocid(kind.backup_type))
    assert operation.destination_region is None


def test_the_kind_is_read_from_the_ocid_not_from_the_event_type() -> None:
    """An event is only a hint: what is true of the backup is read from the API."""
    event = {**EVENT, "data": {"resourceId": ocid("bootvolumebackup")}}
    (operation,) = work(event).operations or ()

    assert operation.operation == "CopyBootVolumeBackup"


@pytest.mark.parametrize(
    "event_type",
    [
        "com.oraclecloud.blockvolumes.createvolumebackup.begin",
        "com.oraclecloud.blockvolumes.copyvolumebackup.end",
        "com.oraclecloud.blockvolumes.deletevolumebackup.end",
        "com.oraclecloud.objectstorage.createobject",
        "com.oraclecloud.blockvolumes.createvolumebackup.end.not",
        "",
    ],
)
def test_any_other_event_is_ignored(event_type: str) -> None:
    """Also the end of a copy, which is itself never copied again."""
    assert read({**EVENT, "eventType": event_type}) == Nothing(
        Trigger.EVENT, Reason.EVENT_TYPE, EVENT["data"]["resourceId"]
    )


@pytest.mark.parametrize(
    "data", [None, [], {}, {"resourceId": None}, {"resourceId": MARK}, {"resourceId": ocid("vcn")}]
)
def test_a_finished_backup_without_a_backup_is_refused(data: object) -> None:
    """There is nothing that could be copied."""
    found = problems({**EVENT, "data": data})

    assert list(found) == ["data.resourceId"]
    assert MARK not in str(found)


def test_unknown_keys_of_an_event_are_tolerated() -> None:
    """Oracle adds some from time to time."""
    data = {**EVENT["data"], "new": {"a": [1]}}

    assert read({**EVENT, "new": 1, "data": data}) == read(EVENT)


@pytest.mark.parametrize("event", [{"cloudEventsVersion": "0.1"}, {"eventType": 7}])
def test_an_event_without_a_type_is_refused(event: dict[str, Any]) -> None:
    """Whether to copy depends on it."""
    assert list(problems(event)) == ["eventType"]


# Alarms

OF_PEOPLE = [
    None,
    "",
    7,
    "Call Ada if this fires",
    'See the "operation" manual',
    "{{severity}} tick",
    "{team: storage} nightly tick",
    "[storage] nightly tick",
    "[prod] nightly operation tick",
    "[INFO] Scheduled operation: keep calm",
    "{{severity}} operation",
    "[1, 2]",
    '{"text": "no operation"}',
]
MEANT = {
    '{"operation": "Sweep",}': "body",
    ' [{"operation": "Sweep"}': "body",
    "[{'operation': 'Sweep'}]": "body",
    '{"Operation": "Sweep"}': "body.operation",
    '[{"OPERATION": "Sweep"}]': "body[0].operation",
    '\ufeff{"operation": "Sweep"}': "body",
    '```json\n{"operation": "Sweep"}\n```': "body",
    'Run this: {"operation" : "Sweep"}': "body",
}


@pytest.mark.parametrize("kind", ["OK_TO_FIRING", "REPEAT"])
@pytest.mark.parametrize("body", OF_PEOPLE)
def test_an_alarm_that_fires_is_a_tick(kind: str, body: object) -> None:
    """Where its body is not an operation, the configured SCHEDULE is meant."""
    parsed = work({**ALARM, "type": kind, "body": body})

    assert (parsed.trigger, parsed.operations) == (Trigger.ALARM, None)


@pytest.mark.parametrize("kind", ["OK_TO_FIRING", "REPEAT"])
def test_an_alarms_body_may_be_the_operation_to_run(kind: str) -> None:
    """One operation, or an array."""
    alone = work({**ALARM, "type": kind, "body": json.dumps(VOLUME)})
    array = work({**ALARM, "type": kind, "body": json.dumps([VOLUME, CREATE])})

    assert alone.operations == (CreateVolumeBackup.model_validate(VOLUME),)
    assert [each.operation for each in array.operations or ()] == ["CreateVolumeBackup", "CreateVolumeGroupBackup"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**VOLUME, "volumeId": MARK}, "body.volumeId"),
        ([VOLUME, {"operation": MARK}], "body[1].operation"),
        ([VOLUME, "text"], "body[1]"),
    ],
)
def test_an_operation_in_an_alarm_must_be_a_good_one(body: object, field: str) -> None:
    """A mistake in it is told, not taken for an operator's text."""
    found = problems({**ALARM, "body": json.dumps(body)})

    assert list(found) == [field]
    assert MARK not in str(found)


@pytest.mark.parametrize("body", MEANT)
def test_what_is_meant_as_an_operation_is_not_taken_for_text(body: str) -> None:
    """The schedule would do what nobody asked for, and nobody would hear of it."""
    assert list(problems({**ALARM, "body": body})) == [MEANT[body]]


@pytest.mark.parametrize("kind", ["FIRING_TO_OK", "RESET", "SOMETHING_NEW"])
@pytest.mark.parametrize("body", [None, json.dumps(VOLUME)])
def test_an_alarm_that_does_not_fire_asks_for_nothing(kind: str, body: str | None) -> None:
    """Whatever its body says."""
    assert read({**ALARM, "type": kind, "body": body}) == Nothing(Trigger.ALARM, Reason.ALARM_TYPE)


@pytest.mark.parametrize("kind", [None, 7, ["REPEAT"]])
def test_an_alarm_without_a_type_is_refused(kind: object) -> None:
    """Whether it fires depends on it."""
    assert list(problems({**ALARM, "type": kind})) == ["type"]


def test_an_alarm_is_the_same_occurrence_when_it_comes_again() -> None:
    """The key and the time identify it, however the key is spelt; the next repeat is another occurrence."""
    older = {"dedupekey" if key == "dedupeKey" else key: value for key, value in ALARM.items()}
    later = {**ALARM, "timestamp": "2026-11-21T03:00:00Z"}

    assert work(ALARM).occurrence == work(older).occurrence != work(later).occurrence
    assert work({**ALARM, "dedupeKey": "another"}).occurrence != work(ALARM).occurrence


def test_a_null_does_not_hide_what_identifies_an_alarm() -> None:
    """It stands for a key that is not there."""
    message = {**ALARM, "dedupeKey": None, "dedupekey": "a", "timestamp": None, "timestampEpochMillis": 5}

    assert work(message).occurrence == "a@5"


def test_an_alarm_without_a_readable_time_is_known_by_its_milliseconds() -> None:
    """Older messages have only these."""
    message = {key: value for key, value in ALARM.items() if key != "timestamp"}
    later = {**message, "timestampEpochMillis": ALARM["timestampEpochMillis"] + 60_000}

    assert work(message).occurrence != work(later).occurrence is not None


@pytest.mark.parametrize("missing", [{"timestamp", "timestampEpochMillis"}, {"dedupeKey"}])
def test_an_alarm_that_does_not_tell_its_occurrence_has_none(missing: set[str]) -> None:
    """The minute then stands for it."""
    assert work({key: value for key, value in ALARM.items() if key not in missing}).occurrence is None


RECORDINGS = {
    "alarm-firing-to-ok": "alarm: nothing, alarm_type",
    "alarm-ok-to-firing": "alarm: the schedule",
    "alarm-repeat": "alarm: the schedule",
    "alarm-reset": "alarm: nothing, alarm_type",
    "alarm-with-lower-case-dedupekey": "alarm: the schedule",
    "alarm-with-operation": "alarm: CreateVolumeGroupBackup",
    "boot-volume-backup-created": "event: CopyBootVolumeBackup",
    "object-created": "event: nothing, event_type",
    "volume-backup-copied": "event: nothing, event_type",
    "volume-backup-created": "event: CopyVolumeBackup",
    "volume-backup-created-mixed-case": "event: CopyVolumeBackup",
    "volume-backup-created-with-unknown-keys": "event: CopyVolumeBackup",
    "volume-group-backup-created": "event: CopyVolumeGroupBackup",
}


def test_every_recorded_message_is_understood() -> None:
    """As Oracle's services send them."""

    def meaning(payload: Payload) -> str:
        match payload:
            case Nothing():
                return f"{payload.trigger}: nothing, {payload.reason}"
            case Work(operations=None):
                return f"{payload.trigger}: the schedule"
            case Work():
                return f"{payload.trigger}: {', '.join(each.operation for each in payload.operations or ())}"

    assert {file.stem: meaning(parse(file.read_bytes())) for file in RECORDED.glob("*.json")} == RECORDINGS


# Everything else


@pytest.mark.parametrize("body", [b"null", b"7", b'"Sweep"', b"true", b'{"a": 1}', b'{"type": "REPEAT"}'])
def test_json_that_is_none_of_these_is_refused(body: bytes) -> None:
    """The answer says what is expected."""
    (message,) = problems(body).values()

    assert "must be a JSON object" in message or "name one of" in message


DEEP = b"[" * 200_000


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"{", "is not valid JSON: look at line 1, column 2"),
        (b"\xff\xfe{", "is not UTF-8: look at byte 1"),
        ('{"operation": "Sweep"}'.encode("utf-16"), "is not UTF-8: look at byte 1"),
        (b'{"operation": "\xc3\x28"}', "is not UTF-8: look at byte 16"),
        (b'{"operation": NaN}', "holds NaN, which is not valid JSON"),
        (b'{"operation": Infinity}', "holds Infinity, which is not valid JSON"),
        (b"[" + b"9" * 5000 + b"]", "is not valid JSON"),
        (b"1" * 5000, "is not valid JSON"),
        (DEEP, "nests too deeply"),
        (DEEP + b"]" * 200_000, "nests too deeply"),
        (b'{"a":' * 100_000, "nests too deeply"),
        (b"{'operation': 'Sweep'}", "is not valid JSON: look at line 1, column 2"),
        (b'{"operation": "Sweep"} x', "is not valid JSON: look at line 1, column 24"),
        (b"\x00", "is not valid JSON: look at line 1, column 1"),
    ],
    ids=lambda each: repr(each[:24]),
)
def test_what_is_not_json_is_refused(body: bytes, what: str) -> None:
    """However it is broken: cut off, in another encoding, with numbers or a depth beyond all sense. It is told how."""
    assert problems(body) == {"payload": what}


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Editors of Windows write one before what is UTF-8 all the same."""
    assert parse(b"\xef\xbb\xbf" + json.dumps(VOLUME).encode()) == read(VOLUME)


def test_a_key_that_stands_twice_is_refused() -> None:
    """Two readers could understand two things."""
    body = b'{"operation": "Sweep", "operation": "CreateVolumeBackup"}'

    assert problems(body) == {"payload": "holds an object that names a key twice"}


def test_a_payload_over_one_mebibyte_is_refused_unread() -> None:
    """No caller sends as much on purpose."""
    body = b'{"operation": "Sweep"}'.ljust(MAX_BYTES)

    assert isinstance(parse(body), Work)
    assert "larger than" in problems(body + b" ")["payload"]


def test_strange_keys_are_shown_in_a_form_that_is_safe_to_show() -> None:
    """A key of the payload's own is cut short, and no control character of it reaches a terminal."""
    found = problems({**CREATE, "\x1b[31mred\n": 1, "k" * 5000: 1})

    assert sorted(found) == ["\\x1b[31mred\\n", "k" * 64]


def test_a_key_that_is_no_text_is_refused() -> None:
    """JSON can write halves of characters, which nothing can be called."""
    found = problems({**CREATE, "\ud800": 1})

    assert list(found) == ["payload"]
    assert "unicode" in found["payload"]


def rejection_of(body: bytes) -> Rejected | None:
    """Why these bytes are rejected; `None` when they are understood."""
    try:
        parsed = parse(body)
    except Rejected as rejected:
        return rejected
    assert isinstance(parsed, Work | Nothing)
    return None


@given(st.binary(max_size=200) | strategies.JSON.map(lambda each: json.dumps(each).encode()))
@example(b'{"operation": "Sweep", "compartmentId": {"\\ud800": 1}}')
def test_any_bytes_are_understood_or_rejected(body: bytes) -> None:
    """Nothing else ever comes out of parsing: no crash, no third way."""
    rejected = rejection_of(body)

    assert rejected is None or rejected.problems
    assert all(problem.field and problem.message for problem in (rejected.problems if rejected else ()))


@given(strategies.spoilt_payloads())
def test_no_value_of_a_payload_is_ever_repeated(payload: Any) -> None:
    """What is wrong may be a secret that was pasted into the wrong place."""
    rejected = rejection_of(json.dumps(payload).encode())

    assert MARK not in f"{rejected} {rejected.problems if rejected else ()}"


def test_every_operation_of_the_contract_is_known() -> None:
    """Nine, with one synonym, the sweep, and what looks after the fleet."""
    kinds = ("VolumeGroup", "Volume", "BootVolume")
    expected = {f"{verb}{kind}Backup" for verb in ("Create", "Copy", "Update") for kind in kinds}

    of_all = {"Sweep", "CreateDueBackups", "PruneCopies", "ReportCopies", "ExplainPolicy"}
    assert set(OPERATIONS) == expected | {"CreateVolumeGroupBackupCopy"} | of_all


def test_a_typing_error_can_be_found() -> None:
    """Where JSON breaks off, and which names a field could have had."""
    assert problems(b'{\n  "operation": "Sweep",\n}')["payload"].endswith("look at line 3, column 1")
    assert (
        "destinationRegion, " in problems(json.dumps({**COPY, "destinationRegions": []}).encode())["destinationRegions"]
    )
