"""The report of a call: how it ended, what it lists, and whether coming again can help."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import Problem
from handlers.core.report import Outcome, Reason, Report, Result, Status, Trigger, failure
from tests.fakes import AWAY, ocid, passing, refused

DONE = [each for each in Outcome if each not in {Outcome.FAILED, Outcome.DEFERRED, Outcome.IGNORED}]
BY_RULE = [Outcome.EXCLUDED, Outcome.IS_COPY, Outcome.IGNORED]


def left(*reasons: Reason) -> list[Result]:
    return [Result("CopyVolumeBackup", Outcome.DEFERRED, reason) for reason in reasons]


def report(*outcomes: Outcome, may_pass: bool = False) -> Report:
    """What is DEFERRED here was left for lack of time."""
    results = [
        Result(
            "CopyVolumeBackup",
            each,
            reason=Reason.DEADLINE if each is Outcome.DEFERRED else None,
            may_pass=may_pass and each is Outcome.FAILED,
            backup_id=f"n{number}",
        )
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


@pytest.mark.parametrize("reason", [Reason.LIMIT, Reason.PREDECESSOR])
def test_what_waits_for_its_turn_is_in_order(reason: Reason) -> None:
    """A place or a predecessor: a later call goes on, and nobody need come again for it."""
    waiting = Report(Trigger.TICK, left(reason, reason))

    assert (waiting.status, waiting.may_pass) == (Status.OK, False)


def test_what_was_left_for_lack_of_time_is_not_in_order() -> None:
    """Not even where all the rest waits for its turn."""
    mixed = Report(Trigger.TICK, left(Reason.LIMIT, Reason.DEADLINE))

    assert (mixed.status, mixed.may_pass) == (Status.PARTIAL, False)


def test_nothing_to_do_is_ok() -> None:
    """A sweep of a compartment without backups."""
    assert Report(Trigger.TICK).status is Status.OK


@pytest.mark.parametrize("by_rule", BY_RULE)
def test_what_is_left_alone_by_rule_does_not_soften_a_failure(by_rule: Outcome) -> None:
    """All that was tried failed: that nine others are copies of something else is no success."""
    assert report(Outcome.FAILED, *[by_rule] * 9).status is Status.FAILED
    assert report(Outcome.FAILED, *[by_rule] * 9, may_pass=True).may_pass


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


def test_what_is_left_alone_by_rule_is_listed_last() -> None:
    """The members of groups may be many, and hide neither what was done nor what waits."""
    results = [Result("Sweep", Outcome.EXCLUDED)] * 600 + [
        Result("Sweep", Outcome.EXISTS),
        Result("Sweep", Outcome.DEFERRED, reason=Reason.LIMIT),
        Result("Sweep", Outcome.COPIED),
        Result("Sweep", Outcome.DEFERRED, reason=Reason.DEADLINE),
        Result("Sweep", Outcome.FAILED),
    ]

    listed = Report(Trigger.TICK, results).as_json("01KAJ")["results"]

    assert len(listed) == 500
    said = [(each["outcome"], each["reason"]) for each in listed[:6]]
    assert said == [
        ("failed", None),
        ("deferred", "deadline"),
        ("copied", None),
        ("deferred", "limit"),
        ("exists", None),
        ("excluded", None),
    ]
