"""Which payload goes to which handler, and that nothing is begun when one operation is refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.core.errors import Problem, Rejected
from handlers.core.model import Kind
from handlers.core.operations import Operation
from handlers.core.payloads import Nothing, Work, parse_operations
from handlers.core.report import Outcome, Reason, Status, Trigger
from handlers.router import dispatch
from tests.fakes import AWAY, COMPARTMENT, FAR, FakeCloud, make_call, ocid, passing

SOURCES = {Kind.VOLUME_GROUP: "volumeGroupId", Kind.VOLUME: "volumeId", Kind.BOOT_VOLUME: "bootVolumeId"}
BACKUPS = {
    Kind.VOLUME_GROUP: "volumeGroupBackupId",
    Kind.VOLUME: "volumeBackupId",
    Kind.BOOT_VOLUME: "bootVolumeBackupId",
}

NINE = [
    (f"{verb}{kind}Backup", kind, method)
    for verb, method in (("Create", "create"), ("Copy", "copy"), ("Update", "update"))
    for kind in Kind
] + [("CreateVolumeGroupBackupCopy", Kind.VOLUME_GROUP, "copy")]


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def content(cloud: FakeCloud, name: str, kind: Kind, method: str, **fields: Any) -> dict[str, Any]:
    """The JSON of an operation that can be carried out."""
    if method == "create":
        return {"operation": name, SOURCES[kind]: cloud.add_source(kind).id, **fields}
    change: dict[str, Any] = {"freeformTags": {}} if method == "update" else {}
    return {"operation": name, BACKUPS[kind]: cloud.add_backup(kind).id, **change, **fields}


def operations(*contents: dict[str, Any]) -> tuple[Operation, ...]:
    return parse_operations(list(contents))


def volume_create(cloud: FakeCloud, **fields: Any) -> dict[str, Any]:
    return content(cloud, "CreateVolumeBackup", Kind.VOLUME, "create", **fields)


@pytest.mark.parametrize(("name", "kind", "method"), NINE)
def test_an_operation_makes_its_own_call(cloud: FakeCloud, name: str, kind: Kind, method: str) -> None:
    """Nine operations, three calls, three kinds; and the result is under the name that was asked for."""
    work = Work(Trigger.OPERATION, operations(content(cloud, name, kind, method)))

    report = dispatch(work, make_call(cloud))

    first = cloud.changes[0]
    called = first.arguments["original"].kind if method == "copy" else first.arguments["kind"]
    assert (first.method, called) == (method, kind)
    assert (report.status, report.trigger) == (Status.OK, Trigger.OPERATION)
    assert [each.operation for each in report.results] == [name]


@pytest.mark.parametrize(("name", "kind", "method"), NINE)
def test_a_dry_run_changes_nothing_at_all(cloud: FakeCloud, name: str, kind: Kind, method: str) -> None:
    """Whatever the operation."""
    work = Work(Trigger.OPERATION, operations(content(cloud, name, kind, method, dryRun=True)))

    report = dispatch(work, make_call(cloud))

    assert [each.outcome for each in report.results] == [Outcome.PLANNED]
    assert cloud.calls
    assert cloud.changes == []


def test_operations_are_carried_out_in_their_order(cloud: FakeCloud) -> None:
    """One that fails does not keep the next from being tried."""
    cloud.script("create", passing(), calls_before=1)
    contents = [volume_create(cloud) for _ in range(3)]

    report = dispatch(Work(Trigger.OPERATION, operations(*contents)), make_call(cloud))

    assert [each.source_id for each in report.results] == [each["volumeId"] for each in contents]
    assert [each.outcome for each in report.results] == [Outcome.CREATED, Outcome.FAILED, Outcome.CREATED]
    assert report.status is Status.PARTIAL


def test_nothing_is_begun_when_one_operation_is_refused(cloud: FakeCloud) -> None:
    """Half of what was asked for could be worse than none."""
    original = cloud.add_backup(Kind.VOLUME)
    stray = {"operation": "CopyVolumeBackup", "volumeBackupId": original.id, "destinationRegion": FAR}
    work = Work(Trigger.OPERATION, operations(volume_create(cloud), stray))

    with pytest.raises(Rejected) as caught:
        dispatch(work, make_call(cloud))

    assert [problem.field for problem in caught.value.problems] == ["[1].destinationRegion"]
    assert cloud.calls == []


@pytest.mark.parametrize("trigger", [Trigger.TICK, Trigger.ALARM])
def test_a_tick_runs_the_schedule(cloud: FakeCloud, trigger: Trigger) -> None:
    """An alarm that fires, or an empty body."""
    source = cloud.add_source(Kind.VOLUME)
    schedule = f'{{"operation": "CreateVolumeBackup", "volumeId": "{source.id}"}}'

    report = dispatch(Work(trigger, None), make_call(cloud, SCHEDULE=schedule))

    assert (report.trigger, report.counts) == (trigger, {"created": 1})


@pytest.mark.parametrize("asked", [None, operations({"operation": "Sweep"})], ids=["by the schedule", "by name"])
def test_a_sweep_gives_every_backup_its_copy(cloud: FakeCloud, asked: tuple[Operation, ...] | None) -> None:
    """By name, and as the schedule of whoever has configured none."""
    originals = [cloud.add_backup(kind, source_id=cloud.add_source(kind).id) for kind in Kind]

    report = dispatch(Work(Trigger.TICK, asked), make_call(cloud))

    assert (report.status, report.counts) == (Status.OK, {"copied": 3})
    assert {each.copied_from for each in cloud.copies_in(AWAY)} == {each.id for each in originals}


def test_a_sweep_with_nowhere_to_copy_to_is_refused(cloud: FakeCloud) -> None:
    """It would find everything in order, and copy nothing; the remedy is named."""
    with pytest.raises(Rejected, match=r"^SCHEDULE\.destinationRegion: is missing.*DESTINATION_REGIONS"):
        dispatch(Work(Trigger.TICK, None), make_call(cloud, DESTINATION_REGIONS=""))

    assert cloud.calls == []


def test_a_sweep_without_time_begins_nothing(cloud: FakeCloud) -> None:
    """And says so, as any operation does."""
    cloud.add_backup()

    report = dispatch(Work(Trigger.TICK, None), make_call(cloud, lasts=timedelta(seconds=1)))

    assert (report.status, report.counts, report.may_pass) == (Status.FAILED, {"deferred": 1}, True)
    assert report.results[0].reason == "deadline"
    assert cloud.calls == []


def test_a_sweep_goes_on_beside_other_operations(cloud: FakeCloud) -> None:
    """A backup that is made in the same call is not ready yet; what is already there is copied."""
    cloud.add_backup(Kind.VOLUME)
    work = Work(Trigger.TICK, operations(volume_create(cloud), {"operation": "Sweep"}))

    report = dispatch(work, make_call(cloud))

    assert [each.outcome for each in report.results] == [Outcome.CREATED, Outcome.NOT_READY, Outcome.COPIED]


def test_nothing_is_begun_when_the_compartments_are_unknown(cloud: FakeCloud) -> None:
    """A function that cannot tell where to sweep does not first make a backup, and then answer REJECTED."""
    work = Work(Trigger.TICK, operations(volume_create(cloud), {"operation": "Sweep"}))

    def unknown() -> str:
        raise Rejected(Problem("COMPARTMENT_IDS", "must be set"))

    with pytest.raises(Rejected, match="COMPARTMENT_IDS"):
        dispatch(work, replace(make_call(cloud, COMPARTMENT_IDS=""), own_compartment=unknown))

    assert cloud.changes == []


def test_a_message_that_asks_for_nothing_is_ignored(cloud: FakeCloud) -> None:
    """With the reason, and with the resource that it was about."""
    report = dispatch(Nothing(Trigger.EVENT, Reason.EVENT_TYPE, ocid("volumebackup")), make_call(cloud))

    (result,) = report.results
    assert (report.status, report.trigger) == (Status.IGNORED, Trigger.EVENT)
    assert (result.outcome, result.reason, result.source_id) == (Outcome.IGNORED, "event_type", ocid("volumebackup"))
    assert cloud.calls == []


def test_what_no_time_is_left_for_is_deferred(cloud: FakeCloud) -> None:
    """Each operation that was not begun says so, and says what it would have been about."""
    cloud.call_takes = timedelta(seconds=5)
    contents = [volume_create(cloud) for _ in range(3)]

    report = dispatch(Work(Trigger.OPERATION, operations(*contents)), make_call(cloud, lasts=timedelta(seconds=10)))

    assert [each.outcome for each in report.results] == [Outcome.CREATED, Outcome.CREATED, Outcome.DEFERRED]
    assert [each.source_id for each in report.results] == [each["volumeId"] for each in contents]
    assert report.results[2].reason == "deadline"
    assert report.status is Status.PARTIAL
    assert len(cloud.calls) == 2


def test_every_destination_of_a_copy_has_its_result(cloud: FakeCloud) -> None:
    """Beside the one result of a create."""
    copy = content(cloud, "CopyVolumeBackup", Kind.VOLUME, "copy")
    work = Work(Trigger.OPERATION, operations(copy, volume_create(cloud)))

    report = dispatch(work, make_call(cloud, DESTINATION_REGIONS=f"{AWAY},{FAR}"))

    assert report.counts == {"copied": 2, "created": 1}


OVERVIEWS = ["Sweep", "CreateDueBackups", "PruneCopies", "ReportCopies"]


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("Sweep", {"copied": 1, "exists": 1}),
        ("CreateDueBackups", {"created": 1}),
        ("PruneCopies", {"kept": 3}),
        ("ReportCopies", {"reported": 1}),
        ("ExplainPolicy", {"explained": 1}),
    ],
)
def test_what_looks_at_all_there_is_goes_to_its_own_handler(
    cloud: FakeCloud, name: str, outcomes: dict[str, int]
) -> None:
    """And its result is under the name that was asked for."""
    source = cloud.add_source(Kind.VOLUME)
    first, _ = (cloud.add_backup(Kind.VOLUME, source_id=source.id) for _ in range(2))
    cloud.add_copy(first)
    cloud.clock.advance(timedelta(days=2))
    about = {"sourceId": source.id} if name == "ExplainPolicy" else {}

    report = dispatch(
        Work(Trigger.OPERATION, operations({"operation": name, **about})),
        make_call(cloud, POLICY='{"defaults": {"every": "1d"}}'),
    )

    assert report.counts == outcomes
    assert {each.operation for each in report.results} == {name}


@pytest.mark.parametrize("name", [*OVERVIEWS, "ExplainPolicy"])
def test_what_looks_at_all_there_is_begins_nothing_without_time(cloud: FakeCloud, name: str) -> None:
    """Nor is anybody told of it."""
    about = {"sourceId": ocid("volume")} if name == "ExplainPolicy" else {}

    report = dispatch(
        Work(Trigger.OPERATION, operations({"operation": name, **about})),
        make_call(cloud, lasts=timedelta(seconds=1), NOTIFICATION_TOPIC_ID=ocid("onstopic")),
    )

    assert [(each.operation, each.outcome, each.reason) for each in report.results] == [
        (name, Outcome.DEFERRED, "deadline")
    ]
    assert cloud.calls == []


@pytest.mark.parametrize("name", OVERVIEWS)
def test_what_looks_at_compartments_has_to_know_them(cloud: FakeCloud, name: str) -> None:
    """Before anything is begun."""
    work = Work(Trigger.TICK, operations(volume_create(cloud), {"operation": name}))

    def unknown() -> str:
        raise Rejected(Problem("COMPARTMENT_IDS", "must be set"))

    with pytest.raises(Rejected, match="COMPARTMENT_IDS"):
        dispatch(work, replace(make_call(cloud, COMPARTMENT_IDS=""), own_compartment=unknown))

    assert cloud.calls == []


@pytest.mark.parametrize("name", OVERVIEWS)
def test_a_fault_of_ours_in_one_operation_does_not_hide_the_others(cloud: FakeCloud, name: str) -> None:
    """It may pass; where it does not, somebody has to look into it, and is told once."""

    def crash() -> str:
        raise RuntimeError

    work = Work(Trigger.TICK, operations({"operation": name}, volume_create(cloud)))
    call = make_call(cloud, COMPARTMENT_IDS="", NOTIFICATION_TOPIC_ID=ocid("onstopic"))
    calls = iter([COMPARTMENT])

    report = dispatch(work, replace(call, own_compartment=lambda: next(calls, None) or crash()))

    assert [(each.outcome, each.reason) for each in report.results] == [
        (Outcome.FAILED, "internal_error"),
        (Outcome.CREATED, None),
    ]
    (message,) = cloud.notices.messages
    assert f"{name} failed" in message.title


def test_a_page_is_the_answer_of_its_call(cloud: FakeCloud) -> None:
    """Beside the results, which the log counts."""
    cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id))
    page = {"operation": "ReportCopies", "format": "html"}

    report = dispatch(Work(Trigger.OPERATION, operations(page)), make_call(cloud))
    plain = dispatch(Work(Trigger.OPERATION, operations({"operation": "ReportCopies"})), make_call(cloud))

    assert report.document is not None
    assert (report.counts, plain.counts, plain.document) == ({"reported": 1}, {"reported": 1}, None)
