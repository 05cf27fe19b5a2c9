"""The FDK's entry: whatever happens, an answer with a status that says whether to come again, and one last line."""

import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fdk.context import InvokeContext

import func
from handlers.core.errors import Rejected
from handlers.core.model import Kind, Lifecycle
from handlers.core.settings import REGION_KEY
from tests.fakes import AWAY, FAR, HOME, ocid, passing, refused
from tests.strategies import ALARM, EVENT, MARK
from tests.unit.function import CALL_ID, Function


class Logged(Function):
    """The function, and what its last call logged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__(monkeypatch)
        self._capture = capture
        self.lines: list[dict[str, Any]] = []

    def __call__(self, payload: object = None, deadline: str = "") -> tuple[int, dict[str, Any]]:
        """Invoke it with JSON, with bytes or with nothing; the status and the answer."""
        answered = self.invoke(payload if isinstance(payload, bytes) else as_json(payload), deadline)
        captured = self._capture.readouterr()
        self.lines = [json.loads(line) for line in captured.err.splitlines()]
        assert captured.out == ""
        return answered

    def line(self, event: str) -> dict[str, Any]:
        (line,) = (line for line in self.lines if line["event"] == event)
        return line


def as_json(payload: object) -> bytes | None:
    return None if payload is None else json.dumps(payload).encode()


@pytest.fixture
def function(own_logs: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Logged]:
    func.start_logs.cache_clear()
    yield Logged(monkeypatch, capsys)
    func.start_logs.cache_clear()


def copy(function: Logged, **fields: Any) -> dict[str, Any]:
    original = function.cloud.add_backup(Kind.VOLUME)
    return {"operation": "CopyVolumeBackup", "volumeBackupId": original.id, **fields}


def test_what_was_done_is_answered_with_200(function: Logged) -> None:
    """With the call's id, the trigger, the counts and the results."""
    status, answer = function(copy(function))

    assert status == 200
    assert (answer["status"], answer["callId"], answer["trigger"]) == ("OK", CALL_ID, "operation")
    assert answer["counts"] == {"copied": 1}
    assert answer["results"][0]["destinationRegion"] == AWAY


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (passing("TooManyRequests", 429), 502),
        (passing("InternalServerError", 500), 502),
        (passing("ServiceUnavailable", 503), 502),
        (passing("Timeout", 0), 502),
        (passing("ConnectionFailed", 0), 502),
        (refused("NotAuthorizedOrNotFound", 404), 200),
        (refused("NotAuthenticated", 401), 200),
        (refused("IncorrectState", 409), 200),
        (refused("LimitExceeded", 400), 200),
    ],
    ids=lambda each: getattr(each, "code", str(each)),
)
def test_only_what_may_pass_is_answered_with_502(function: Logged, fault: Any, status: int) -> None:
    """A caller that redelivers does so for 502: where redelivery cannot help, it should not."""
    function.cloud.script("copy", fault)

    answered, answer = function(copy(function))

    assert (answered, answer["status"]) == (status, "FAILED")
    assert answer["results"][0]["reason"] == fault.code


def test_a_502_has_the_same_json_in_the_log(function: Logged) -> None:
    """What the FDK's server makes of the body is not in our hands."""
    function.cloud.script("get", passing())

    _, answer = function(copy(function))

    assert function.line("invocation.failed")["answer"] == answer


def test_what_was_partly_done_is_answered_with_200(function: Logged) -> None:
    """A redelivery would do the done part again."""
    function.environment["DESTINATION_REGIONS"] = f"{AWAY},{FAR}"
    function.cloud.script("copy", passing())

    status, answer = function(copy(function))

    assert (status, answer["status"], answer["counts"]) == (200, "PARTIAL", {"copied": 1, "failed": 1})


def test_what_is_rejected_is_answered_with_200(function: Logged) -> None:
    """Sending the same again cannot help; the fields are named, their values are not."""
    status, answer = function({"operation": "CopyVolumeBackup", "volumeBackupId": MARK})

    assert (status, answer["status"]) == (200, "REJECTED")
    assert [error["field"] for error in answer["errors"]] == ["volumeBackupId"]
    assert MARK not in json.dumps(answer)
    assert function.line("invocation.rejected")["problems"] == {"volumeBackupId": "must be the OCID of a volumebackup"}


def test_what_asks_for_nothing_is_ignored(function: Logged) -> None:
    """With the trigger it came by."""
    status, answer = function({**EVENT, "eventType": "com.oraclecloud.objectstorage.createobject"})

    assert (status, answer["status"], answer["trigger"]) == (200, "IGNORED", "event")
    assert answer["results"][0]["reason"] == "event_type"


def test_a_finished_backup_is_copied(function: Logged) -> None:
    """The event that the function is for."""
    original = function.cloud.add_backup(Kind.VOLUME_GROUP)

    status, answer = function({**EVENT, "data": {"resourceId": original.id}})

    assert (status, answer["trigger"], answer["counts"]) == (200, "event", {"copied": 1})
    assert [each.copied_from for each in function.cloud.copies_in(AWAY)] == [original.id]


@pytest.mark.parametrize("body", [None, b"", b"{}"])
def test_no_body_is_a_tick(function: Logged, body: bytes | None) -> None:
    """Also where the FDK hands over none at all."""
    source = function.cloud.add_source(Kind.VOLUME)
    function.environment["SCHEDULE"] = json.dumps({"operation": "CreateVolumeBackup", "volumeId": source.id})

    status, answer = function(body)

    assert (status, answer["trigger"], answer["counts"]) == (200, "tick", {"created": 1})


def test_the_same_minute_is_the_same_tick(function: Logged) -> None:
    """A tick that carries no name of its own makes one backup a minute, however often it comes."""
    source = function.cloud.add_source(Kind.VOLUME)
    function.environment["SCHEDULE"] = json.dumps({"operation": "CreateVolumeBackup", "volumeId": source.id})

    function()
    function.cloud.clock.advance(timedelta(seconds=59))
    function()
    assert len(function.cloud.backups) == 1

    function.cloud.clock.advance(timedelta(seconds=1))
    function()
    assert len(function.cloud.backups) == 2


@pytest.mark.parametrize("body", [None, "the operation"])
def test_an_alarm_that_comes_again_makes_no_second_backup(function: Logged, body: str | None) -> None:
    """However late; when it fires again it is another tick. Whether it says what to do, or the schedule does."""
    create = json.dumps({"operation": "CreateVolumeBackup", "volumeId": function.cloud.add_source(Kind.VOLUME).id})
    function.environment["SCHEDULE"] = create
    alarm = {**ALARM, "body": body and create}

    for _ in range(2):
        function(alarm)
        function.cloud.clock.advance(timedelta(minutes=2))
    assert len(function.cloud.backups) == 1

    function({**alarm, "timestamp": "2026-11-21T03:00:00Z"})
    assert len(function.cloud.backups) == 2


def test_a_function_that_is_told_nothing_sweeps(function: Logged) -> None:
    """The default schedule, in the function's own compartment."""
    originals = [function.cloud.add_backup(kind, source_id=function.cloud.add_source(kind).id) for kind in Kind]

    status, answer = function()

    assert (status, answer["status"], answer["trigger"], answer["counts"]) == (200, "OK", "tick", {"copied": 3})
    assert {each["sourceId"] for each in answer["results"]} == {each.id for each in originals}


def test_a_sweep_that_finds_nothing_is_ok(function: Logged) -> None:
    """There is nothing that should exist and does not."""
    status, answer = function()

    assert (status, answer["status"], answer["counts"], answer["results"]) == (200, "OK", {}, [])


def test_a_sweep_that_can_read_nothing_is_to_be_repeated(function: Logged) -> None:
    """An answer of OK would be taken for copies."""
    function.cloud.add_backup()
    function.cloud.script("list_backups", *[passing("ServiceUnavailable", 503)] * 6)

    status, answer = function()

    assert (status, answer["status"]) == (502, "FAILED")
    assert {each["reason"] for each in answer["results"]} == {"ServiceUnavailable"}


def test_a_schedule_that_names_no_destination_is_rejected(function: Logged) -> None:
    """The answer says which keys to set."""
    del function.environment["DESTINATION_REGIONS"]

    status, answer = function()

    assert (status, answer["status"], answer["trigger"]) == (200, "REJECTED", "tick")
    assert answer["errors"][0]["field"] == "SCHEDULE.destinationRegion"
    assert "DESTINATION_REGIONS" in answer["errors"][0]["message"]


def test_a_malformed_configuration_is_answered_before_anything_is_done(function: Logged) -> None:
    """With the key, whatever was asked for."""
    payload = copy(function)
    function.environment["KMS_KEY_IDS"] = f'{{"{AWAY}": "{MARK}"}}'

    status, answer = function(payload)

    assert (status, answer["status"]) == (200, "REJECTED")
    assert [error["field"] for error in answer["errors"]] == ["KMS_KEY_IDS"]
    assert MARK not in json.dumps([answer, function.lines])
    assert function.cloud.calls == []


def test_an_answer_has_no_more_problems_than_a_person_reads(function: Logged) -> None:
    """A payload can be wrong in a thousand places: answer and log stay small."""
    _, answer = function(copy(function, **{f"unknown{number}": 1 for number in range(1000)}))

    assert (answer["status"], len(answer["errors"])) == ("REJECTED", 50)
    line = function.line("invocation.rejected")
    assert (len(line["problems"]), line["count"]) == (50, 1000)


@pytest.mark.parametrize(
    ("payload", "level"), [(EVENT | {"eventType": "other"}, "info"), ({"operation": MARK}, "error")]
)
def test_a_call_that_went_wrong_ends_louder(function: Logged, payload: object, level: str) -> None:
    """So that it is also seen where LOG_LEVEL leaves the rest out."""
    function(payload)

    assert function.line("invocation.finished")["level"] == level


@pytest.mark.parametrize(
    ("destinations", "status", "level"), [(AWAY, "FAILED", "error"), (f"{AWAY},{FAR}", "PARTIAL", "warning")]
)
def test_a_call_that_failed_ends_louder(function: Logged, destinations: str, status: str, level: str) -> None:
    """In part, or as a whole; and what failed has a line that says what, and why."""
    function.environment["DESTINATION_REGIONS"] = destinations
    function.cloud.script("copy", refused("LimitExceeded", 400))

    _, answer = function(copy(function))

    assert (answer["status"], function.line("invocation.finished")["level"]) == (status, level)
    failed = function.line("operation.failed")
    assert (failed["level"], failed["operation"], failed["reason"]) == ("warning", "CopyVolumeBackup", "LimitExceeded")
    assert failed["source_id"] == answer["results"][0]["sourceId"]
    assert failed["destination_region"] == answer["results"][0]["destinationRegion"]
    assert failed["opc_request_id"]


def a_backup(function: Logged, copied: Lifecycle | None = None, **fields: Any) -> str:
    """The id of one, with a copy in this state where one is told."""
    original = function.cloud.add_backup(Kind.VOLUME, **fields)
    if copied:
        function.cloud.add_copy(original, lifecycle=copied)
    return original.id


def a_second_backup_of_its_source(function: Logged) -> str:
    source = function.cloud.add_source(Kind.VOLUME)
    a_backup(function, source_id=source.id)
    return a_backup(function, source_id=source.id, time_created=function.cloud.clock.now())


COPYING = {"operation": "CopyVolumeBackup"}
MADE = {"source_id", "backup_id", "opc_request_id"}
LINES: dict[str, tuple[dict[str, Any], Callable[[Logged], str], set[str]]] = {
    "backup.created": (
        {"operation": "CreateVolumeBackup"},
        lambda function: function.cloud.add_source(Kind.VOLUME).id,
        {*MADE, "region", "lifecycle"},
    ),
    "backup.updated": (
        {"operation": "UpdateVolumeBackup", "displayName": "n"},
        a_backup,
        {"backup_id", "region", "opc_request_id"},
    ),
    "backup.planned": (
        {"operation": "CreateVolumeBackup", "dryRun": True},
        lambda function: function.cloud.add_source(Kind.VOLUME).id,
        {"source_id", "region"},
    ),
    "copy.started": (COPYING, a_backup, {*MADE, "destination_region"}),
    "copy.planned": ({**COPYING, "dryRun": True}, a_backup, {"source_id", "destination_region"}),
    "copy.exists": (
        COPYING,
        lambda function: a_backup(function, Lifecycle.AVAILABLE),
        {"source_id", "backup_id", "destination_region"},
    ),
    "copy.in_flight": (
        COPYING,
        lambda function: a_backup(function, Lifecycle.CREATING),
        {"source_id", "backup_id", "destination_region"},
    ),
    "copy.deferred": (COPYING, a_second_backup_of_its_source, {"source_id", "destination_region", "reason"}),
}


@pytest.mark.parametrize("event", LINES)
def test_what_was_done_and_what_was_found_has_its_line(function: Logged, event: str) -> None:
    """With whatever identifies it; alarms of operators are built on these names."""
    payload, prepare, told = LINES[event]
    resource_id = prepare(function)

    function({**payload, "volumeId" if "Create" in payload["operation"] else "volumeBackupId": resource_id})

    line = function.line(event)
    assert line["level"] == "info"
    assert resource_id in (line.get("source_id"), line.get("backup_id"))
    assert sorted(key for key in told if not line.get(key)) == []


def test_a_crash_does_not_leave_the_function(function: Logged) -> None:
    """Its text stays in the log, with where it happened; the caller is told to come again."""

    def crash() -> None:
        raise RuntimeError(MARK)

    function.cloud.script("get", crash)

    status, answer = function(copy(function))

    assert (status, answer["status"]) == (502, "FAILED")
    assert answer["results"][0]["reason"] == "internal_error"
    assert MARK not in json.dumps(answer)
    assert function.line("operation.crashed")["exception"] == "RuntimeError"


def test_a_crash_in_one_operation_does_not_hide_the_others(function: Logged) -> None:
    """What was done before it and after it is answered."""

    def crash() -> None:
        raise RuntimeError(MARK)

    function.cloud.script("get", crash, calls_before=1)

    status, answer = function([copy(function), copy(function), copy(function)])

    assert (status, answer["status"]) == (200, "PARTIAL")
    assert answer["counts"] == {"copied": 2, "failed": 1}


def test_a_crash_around_the_operations_does_not_leave_the_function(
    function: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last net."""

    def crash() -> None:
        raise RuntimeError(MARK)

    payload = copy(function)
    monkeypatch.setattr(func, "services", crash)

    status, answer = function(payload)

    assert (status, answer["results"][0]["reason"]) == (502, "internal_error")
    assert MARK not in json.dumps(answer)
    assert function.line("invocation.crashed")["exception"] == "RuntimeError"


@pytest.mark.parametrize("deadline", ["soon", "2026-11-21T02:05:00", "0"])
def test_a_deadline_that_cannot_be_read_is_fns_own_default(function: Logged, deadline: str) -> None:
    """Also one without a time zone, which could be anywhere."""
    status, answer = function(copy(function), deadline)

    assert (status, answer["counts"]) == (200, {"copied": 1})


@pytest.mark.parametrize(
    "after", ["2026-11-21T02:00:01Z", "2026-11-21T02:00:01.123456789Z", "2026-11-21T03:00:01+01:00"]
)
def test_a_deadline_that_is_near_begins_nothing(function: Logged, after: str) -> None:
    """In whichever of the forms of RFC 3339 it comes."""
    status, answer = function(copy(function), after)

    assert (status, answer["status"], answer["counts"]) == (502, "FAILED", {"deferred": 1})
    assert function.cloud.calls == []


@pytest.mark.parametrize(
    ("payload", "trigger"),
    [
        ({**EVENT, "eventType": 5}, "event"),
        ({**EVENT, "data": {"resourceId": MARK}}, "event"),
        ({"dedupeKey": "a", "type": 5}, "alarm"),
        ({"dedupeKey": "a", "type": "REPEAT", "body": json.dumps({"operation": MARK})}, "alarm"),
        ({"dedupeKey": "a", "type": "REPEAT", "body": '{"operation": "Sweep",}'}, "alarm"),
        ({"operation": MARK}, "operation"),
    ],
)
def test_what_is_rejected_is_still_known_by_its_trigger(function: Logged, payload: object, trigger: str) -> None:
    """Whoever looks for the alarm that does not work finds it so."""
    _, answer = function(payload)

    assert (answer["status"], answer["trigger"]) == ("REJECTED", trigger)


@pytest.mark.parametrize(
    "payload", [EVENT, {"operation": MARK}, [], b"{", None], ids=["event", "unknown", "empty", "torn", "nothing"]
)
def test_every_call_ends_with_one_line(function: Logged, payload: object) -> None:
    """With status, trigger, counts and duration; and each line of the call carries its id."""
    _, answer = function(payload)

    line = function.line("invocation.finished")
    assert line == function.lines[-1]
    assert (line["status"], line["trigger"], line["counts"]) == (answer["status"], answer["trigger"], answer["counts"])
    assert line["duration_ms"] >= 0
    assert {each["call_id"] for each in function.lines} == {CALL_ID}


def test_a_call_tells_how_long_it_took(function: Logged) -> None:
    """In milliseconds."""
    function.cloud.script("get", lambda: time.sleep(0.02))

    function(copy(function))

    assert function.line("invocation.finished")["duration_ms"] >= 20


def crash() -> None:
    raise RuntimeError


MARKED = {"displayName": f"{MARK} name", "freeformTags": {"k": f"{MARK} tag"}, "idempotencyKey": f"{MARK} key"}
OPERATION = {"operation": "CreateVolumeBackup", "volumeId": ocid("volume"), **MARKED}
PAYLOADS: dict[str, Any] = {
    "an operation": OPERATION,
    "a wrong operation": {**OPERATION, "type": MARK},
    "an array": [OPERATION, {**OPERATION, "idempotencyKey": "another"}],
    "an event": {**EVENT, "eventID": MARK, "data": {**EVENT["data"], "resourceName": MARK}},
    "an event of another kind": {**EVENT, "eventType": MARK},
    "an alarm": {**ALARM, "dedupeKey": MARK, "title": MARK, "body": json.dumps(OPERATION)},
    "an alarm for people": {**ALARM, "title": MARK, "body": MARK},
    "torn": json.dumps(OPERATION).encode()[:-1],
    "no JSON": MARK.encode(),
}


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("method", [None, "create", "get"], ids=["well", "a create that crashes", "a read that does"])
@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_is_not_in_the_log(
    function: Logged, monkeypatch: pytest.MonkeyPatch, name: str, method: str | None, level: str
) -> None:
    """Neither what was done with, nor what was rejected, nor what broke the function."""
    monkeypatch.setenv("LOG_LEVEL", level)
    function.cloud.sources[ocid("volume")] = replace(function.cloud.add_source(Kind.VOLUME), id=ocid("volume"))
    if method:
        function.cloud.script(method, crash, crash)

    function(PAYLOADS[name])

    assert function.line("invocation.finished")
    assert MARK not in json.dumps(function.lines)


def test_a_container_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment does not change while it lives; what failed to build is tried again."""
    func.services.cache_clear()
    monkeypatch.setenv(REGION_KEY, "nowhere")
    with pytest.raises(Rejected):
        func.services()

    monkeypatch.setenv(REGION_KEY, HOME)
    try:
        assert func.services() is func.services()
    finally:
        func.services.cache_clear()


FOREIGN = ocid("volumebackup", FAR)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"operation": "CopyVolumeBackup", "volumeBackupId": FOREIGN}, "volumeBackupId"),
        ({**EVENT, "data": {"resourceId": FOREIGN}}, "data.resourceId"),
        (
            {**ALARM, "body": json.dumps({"operation": "CopyVolumeBackup", "volumeBackupId": FOREIGN})},
            "body.volumeBackupId",
        ),
    ],
    ids=["operation", "event", "alarm"],
)
def test_a_backup_of_another_region_is_refused_before_any_call(function: Logged, payload: object, field: str) -> None:
    """The API would only say that it does not exist. The field is named as the payload has it."""
    _, answer = function(payload)

    assert answer["status"] == "REJECTED"
    assert [error["field"] for error in answer["errors"]] == [field]
    assert function.cloud.calls == []


# A page for people


REPORT = {"operation": "ReportCopies"}


def show(function: Logged, payload: object) -> tuple[int, str, str]:
    """Status, content type and text of an answer, whatever it is written in."""
    deadline = (function.cloud.clock.now() + timedelta(minutes=5)).isoformat()
    context = InvokeContext("app", "app", "fn", "fn", CALL_ID, deadline=deadline, config={}, headers={})
    response = func.handler(context, io.BytesIO(as_json(payload) or b""))
    text = response.body()
    return response.status(), context.GetResponseHeaders()["content-type"], text if isinstance(text, str) else "bytes"


def a_copied_backup(function: Logged, name: str = "payroll") -> None:
    """Of a source of this name."""
    source = function.cloud.add_source(Kind.VOLUME, name=name)
    function.cloud.add_copy(function.cloud.add_backup(Kind.VOLUME, source_id=source.id))


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [("html", "text/html; charset=utf-8", "<!doctype html>"), ("markdown", "text/markdown; charset=utf-8", "# ")],
)
def test_a_page_is_the_whole_answer(function: Logged, kind: str, media_type: str, begins: str) -> None:
    """With a content type of its own, so that a browser, or `fn invoke > report.html`, shows it."""
    a_copied_backup(function)

    status, content_type, text = show(function, {**REPORT, "format": kind})

    assert (status, content_type) == (200, media_type)
    assert text.lower().startswith(begins)
    assert "payroll" in text


def test_a_page_may_be_the_schedule(function: Logged) -> None:
    """A tick without a body asks for what is configured."""
    a_copied_backup(function)
    function.environment["SCHEDULE"] = json.dumps({**REPORT, "format": "html"})

    assert show(function, None)[:2] == (200, "text/html; charset=utf-8")


def test_a_report_is_json_unless_a_page_is_asked_for(function: Logged) -> None:
    """With what a page shows as its results."""
    a_copied_backup(function)

    status, answer = function(REPORT)

    assert (status, answer["status"], answer["counts"]) == (200, "OK", {"reported": 1})
    assert answer["results"][0]["sourceName"] == "payroll"


def test_a_page_of_what_was_partly_read_is_still_a_page(function: Logged) -> None:
    """It says what is missing; the log line of the call says PARTIAL."""
    a_copied_backup(function)
    function.cloud.script("list_backups", *[passing("Timeout", 0)] * 3, region=HOME)

    assert show(function, {**REPORT, "format": "html"})[:2] == (200, "text/html; charset=utf-8")


def test_a_page_that_cannot_be_made_is_answered_in_json(function: Logged) -> None:
    """A caller that redelivers looks for the status, and finds the reasons."""
    function.cloud.script("list_backups", *[passing("Timeout", 0)] * 6)
    function.cloud.script("list_sources", *[passing("Timeout", 0)] * 3)

    status, answer = function({**REPORT, "format": "html"})

    assert (status, answer["status"]) == (502, "FAILED")
    assert {each["reason"] for each in answer["results"]} == {"Timeout"}


def test_a_page_without_time_is_answered_in_json(function: Logged) -> None:
    """It was not begun."""
    status, answer = function({**REPORT, "format": "html"}, "2026-11-21T02:00:01Z")

    assert (status, answer["counts"]) == (502, {"deferred": 1})
    assert function.cloud.calls == []


@pytest.mark.parametrize("kind", ["html", "markdown"])
@pytest.mark.parametrize("beside", [{"operation": "Sweep"}, REPORT, {**REPORT, "format": "html"}])
def test_a_page_beside_other_operations_is_rejected(function: Logged, kind: str, beside: dict[str, Any]) -> None:
    """It would hide their results: the field is named, and nothing is begun."""
    status, answer = function([beside, {**REPORT, "format": kind}])

    assert (status, answer["status"]) == (200, "REJECTED")
    assert [each["field"] for each in answer["errors"]] == ["format"]
    assert "json" in answer["errors"][0]["message"]
    assert function.cloud.calls == []


@pytest.mark.parametrize(
    ("days", "status"), [(1, "OK"), (400, "OK"), (0, "REJECTED"), (401, "REJECTED"), ("7", "REJECTED")]
)
def test_a_page_looks_back_a_year_and_a_month_at_most(function: Logged, days: object, status: str) -> None:
    """And a day at least."""
    a_copied_backup(function)

    _, answer = function({**REPORT, "days": days})

    assert answer["status"] == status
    assert [each["field"] for each in answer.get("errors", [])] == ["days"] * (status == "REJECTED")


def test_a_name_is_not_markup_in_a_page(function: Logged) -> None:
    """Whoever may name a volume must not run scripts in an operator's browser."""
    a_copied_backup(function, "<script>alert(1)</script>")

    _, _, text = show(function, {**REPORT, "format": "html"})

    assert "<script" not in text
    assert "alert(1)" in text
