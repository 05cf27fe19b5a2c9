"""The report of a call, and the deadline it keeps."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import Problem
from handlers.core.model import Deadline, Kind, Lifecycle
from handlers.core.report import Outcome, Report, Result, Status, Trigger, failure
from tests.fakes import AWAY, ocid, passing, refused

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DONE = [each for each in Outcome if each not in {Outcome.FAILED, Outcome.DEFERRED, Outcome.IGNORED}]


def report(*outcomes: Outcome, may_pass: bool = False) -> Report:
    results = [
        Result("CopyVolumeBackup", each, may_pass=may_pass and each is Outcome.FAILED, backup_id=f"n{number}")
        for number, each in enumerate(outcomes)
    ]
    return Report(Trigger.OPERATION, results)


@pytest.mark.parametrize("outcome", DONE)
def test_what_is_done_or_in_order_is_ok(outcome: Outcome) -> None:
    """Also what waits for an unfinished backup, or is left alone by rule."""
    assert report(outcome, outcome).status is Status.OK


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([Outcome.COPIED, Outcome.EXISTS, Outcome.IGNORED], Status.OK),
        ([Outcome.IGNORED], Status.IGNORED),
        ([Outcome.FAILED], Status.FAILED),
        ([Outcome.FAILED, Outcome.FAILED], Status.FAILED),
        ([Outcome.FAILED, Outcome.DEFERRED], Status.FAILED),
        ([Outcome.FAILED, Outcome.COPIED], Status.PARTIAL),
        ([Outcome.FAILED, Outcome.NOT_READY], Status.PARTIAL),
        ([Outcome.DEFERRED, Outcome.COPIED], Status.PARTIAL),
        ([Outcome.DEFERRED], Status.FAILED),
    ],
)
def test_how_a_call_ended_follows_from_its_results(outcomes: list[Outcome], status: Status) -> None:
    """FAILED where all of it failed or was left; PARTIAL where something was, and something else was not."""
    assert report(*outcomes).status is status


def test_what_was_rejected_tells_why() -> None:
    """With the field and what is wrong with it, beside the same keys as any answer."""
    rejected = Report(Trigger.ALARM, problems=[Problem("body.volumeId", "is missing")])

    assert rejected.as_json("call-1") == {
        "status": "REJECTED",
        "callId": "call-1",
        "trigger": "alarm",
        "counts": {},
        "results": [],
        "errors": [{"field": "body.volumeId", "message": "is missing"}],
    }
    assert not rejected.may_pass


def test_an_answer_has_the_form_of_the_contract() -> None:
    """Every key is there, null where there is nothing to say; a message only where there is one."""
    result = Result(
        "CopyVolumeBackup",
        Outcome.COPIED,
        source_id=ocid("volumebackup"),
        destination_region=AWAY,
        backup_id=ocid("volumebackup", AWAY),
        opc_request_id="request-1",
    )

    assert Report(Trigger.EVENT, [result]).as_json("call-1") == {
        "status": "OK",
        "callId": "call-1",
        "trigger": "event",
        "counts": {"copied": 1},
        "results": [
            {
                "operation": "CopyVolumeBackup",
                "outcome": "copied",
                "reason": None,
                "sourceId": ocid("volumebackup"),
                "destinationRegion": AWAY,
                "backupId": ocid("volumebackup", AWAY),
                "opcRequestId": "request-1",
            }
        ],
    }


@given(st.lists(st.sampled_from(list(Outcome)), max_size=700))
def test_an_answer_counts_all_and_lists_the_failures_first(outcomes: list[Outcome]) -> None:
    """At most 500 results are listed, in their order but for the failures; the counts are of all."""
    answer = report(*outcomes).as_json("c")
    listed = [each["outcome"] for each in answer["results"]]
    failed = outcomes.count(Outcome.FAILED)

    assert answer["counts"] == Counter(map(str, outcomes))
    assert len(listed) == min(len(outcomes), 500)
    assert listed[:failed] == ["failed"] * min(failed, 500)
    assert "failed" not in listed[failed:]


@pytest.mark.parametrize(
    ("outcomes", "may_pass", "redeliver"),
    [
        ([Outcome.FAILED], True, True),
        ([Outcome.FAILED, Outcome.DEFERRED], True, True),
        ([Outcome.FAILED], False, False),
        ([Outcome.FAILED, Outcome.COPIED], True, False),
        ([Outcome.COPIED], True, False),
    ],
)
def test_a_call_is_to_be_repeated_only_where_all_failed_and_may_pass(
    outcomes: list[Outcome], *, may_pass: bool, redeliver: bool
) -> None:
    """What was done should not be asked for again."""
    assert report(*outcomes, may_pass=may_pass).may_pass is redeliver


def test_one_failure_that_may_pass_is_reason_enough() -> None:
    """The others will fail again, and say so again."""
    results = [Result("CopyVolumeBackup", Outcome.FAILED, may_pass=each) for each in (False, True)]

    assert Report(Trigger.OPERATION, results).may_pass


@pytest.mark.parametrize(("fault", "may_pass"), [(passing(), True), (refused(), False)])
def test_a_failure_says_what_the_api_said(fault: object, *, may_pass: bool) -> None:
    """Its code is the reason, its request id is there for Oracle's support."""
    assert isinstance(fault, type(passing()) | type(refused()))

    result = failure("CopyVolumeBackup", ocid("volumebackup"), fault, AWAY)

    assert (result.outcome, result.reason, result.message) == (Outcome.FAILED, fault.code, fault.message)
    assert (result.source_id, result.destination_region) == (ocid("volumebackup"), AWAY)
    assert result.opc_request_id == "request-of-the-fault"
    assert result.may_pass is may_pass
    assert result.as_json()["message"] == fault.message


@pytest.mark.parametrize(
    ("after", "remaining"), [(0, 58), (57, 1), (58, 0), (60, 0), (3600, 0)], ids=lambda each: f"{each} s"
)
def test_work_ends_two_seconds_before_the_caller_stops_waiting(after: int, remaining: int) -> None:
    """The answer needs some time too; and time that is up is never less than nothing."""
    deadline = Deadline(NOW + timedelta(seconds=60))

    assert deadline.remaining(NOW + timedelta(seconds=after)) == timedelta(seconds=remaining)


def test_a_state_that_nobody_knows_yet_is_unknown() -> None:
    """The API may grow one; it is neither available nor dead."""
    state = Lifecycle("ARCHIVING")

    assert state is Lifecycle.UNKNOWN
    assert not state.is_dead


@pytest.mark.parametrize(
    ("kind", "source", "backup"),
    [
        (Kind.VOLUME_GROUP, "volumegroup", "volumegroupbackup"),
        (Kind.VOLUME, "volume", "volumebackup"),
        (Kind.BOOT_VOLUME, "bootvolume", "bootvolumebackup"),
    ],
)
def test_a_kind_is_written_in_ocids(kind: Kind, source: str, backup: str) -> None:
    """One word for what is backed up, one for the backup."""
    assert (kind.source_type, kind.backup_type) == (source, backup)
