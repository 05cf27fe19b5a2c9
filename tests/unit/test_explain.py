"""ExplainPolicy: what holds for one source, and which rule, tag or configuration key says so."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from handlers.core.errors import Rejected
from handlers.core.model import Kind
from handlers.core.payloads import Work, parse_operations
from handlers.core.report import Outcome, Report, Status, Trigger
from handlers.router import dispatch
from tests.fakes import AWAY, FAR, HOME, FakeCloud, make_call, ocid, passing

GOLD = {
    "name": "gold",
    "match": {"tags": {"tier": "gold"}, "kind": "Volume"},
    "destinations": [{"region": FAR, "kmsKeyId": ocid("key", FAR), "keep": "7d 4w"}],
    "every": "6h",
}
POLICY = json.dumps({"defaults": {"keep": "30d", "every": "1d"}, "rules": [GOLD]})


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def explain(cloud: FakeCloud, source_id: str, *, lasts: timedelta = timedelta(minutes=5), **keys: str) -> Report:
    """The report of a call that asks for this alone."""
    operations = parse_operations({"operation": "ExplainPolicy", "sourceId": source_id})
    return dispatch(Work(Trigger.OPERATION, operations), make_call(cloud, lasts=lasts, **keys))


def answer(report: Report) -> dict[str, Any]:
    """The one entry of the answer's results, as JSON has it."""
    (entry,) = json.loads(json.dumps(report.as_json("call")))["results"]
    assert isinstance(entry, dict)
    return entry


def test_it_tells_which_rule_gave_which_value(cloud: FakeCloud) -> None:
    """For each term: what holds, and where it comes from."""
    source = cloud.add_source(Kind.VOLUME, tags={"tier": "gold", "backup-copy-keep": "last 9"})

    report = explain(cloud, source.id, POLICY=POLICY)
    entry = answer(report)

    assert (report.status, report.counts) == (Status.OK, {"explained": 1})
    assert (entry["operation"], entry["outcome"], entry["sourceId"]) == ("ExplainPolicy", "explained", source.id)
    assert entry["policy"] == {
        "rule": "gold",
        "destinations": [{"region": FAR, "keep": "last 9", "kmsKeyId": ocid("key", FAR)}],
        "every": "6h",
        "target": "12h",
        "keep": "last 9",
        "from": {
            "destinations": "POLICY rules[0] (gold)",
            "every": "POLICY rules[0] (gold)",
            "keep": "tag backup-copy-keep",
            f"kmsKeyId in {FAR}": "POLICY rules[0] (gold)",
            "target": "every, 2 times",
        },
    }


@pytest.mark.parametrize("kind", list(Kind))
def test_any_source_is_explained(cloud: FakeCloud, kind: Kind) -> None:
    """By the API's word for it: the rule is for volumes only."""
    source = cloud.add_source(kind, tags={"tier": "gold"})

    policy = answer(explain(cloud, source.id, POLICY=POLICY))["policy"]

    assert policy["rule"] == ("gold" if kind is Kind.VOLUME else None)
    assert policy["from"]["keep"] == "POLICY defaults"
    assert cloud.made("source")[0].arguments["kind"] is kind


def test_without_a_policy_the_other_configuration_is_told(cloud: FakeCloud) -> None:
    """And what nobody has said."""
    policy = answer(explain(cloud, cloud.add_source().id))["policy"]

    assert policy["destinations"] == [{"region": AWAY, "keep": "all", "kmsKeyId": None}]
    assert (policy["rule"], policy["every"], policy["target"], policy["keep"]) == (None, None, None, "all")
    assert set(policy["from"].values()) == {"DESTINATION_REGIONS", "nothing"}


def test_a_tag_that_cannot_be_followed_is_told(cloud: FakeCloud) -> None:
    """With the character, beside the value that would hold without it; the other terms are as they are."""
    tags = {"backup-copy-every": "daily", "backup-copy-keep": "last 2", "backup-copy-destinations": "Phoenix"}

    policy = answer(explain(cloud, cloud.add_source(tags=tags).id, POLICY=POLICY))["policy"]

    assert policy["problems"].keys() == {"every", "destinations"}
    assert "backup-copy-every cannot be followed: at character 1" in policy["problems"]["every"]
    assert (policy["every"], policy["from"]["every"]) == ("1d", "POLICY defaults")
    assert (policy["keep"], policy["from"]["keep"]) == ("last 2", "tag backup-copy-keep")
    assert policy["from"]["destinations"] == "DESTINATION_REGIONS"


def test_a_key_that_is_missing_is_told(cloud: FakeCloud) -> None:
    """Before a copy fails for want of it."""
    policy = answer(explain(cloud, cloud.add_source().id, KMS_KEY_IDS="{}"))["policy"]

    assert f"nothing names a key for {AWAY}" in policy["destinations"][0]["problem"]


@pytest.mark.parametrize("tags", [{"backup-copy-destinations": "none"}, {"tier": "scratch"}])
def test_a_source_that_is_excluded_has_no_destinations(cloud: FakeCloud, tags: dict[str, str]) -> None:
    """And the answer says by whom."""
    rules = [{"match": {"tags": {"tier": "scratch"}}, "destinations": []}]

    policy = answer(explain(cloud, cloud.add_source(tags=tags).id, POLICY=json.dumps({"rules": rules})))["policy"]

    assert policy["destinations"] == []
    assert policy["from"]["destinations"] in {"tag backup-copy-destinations", "POLICY rules[0]"}
    assert ("tag" in policy["from"]["destinations"]) is ("tier" not in tags)


def test_a_source_that_is_not_there_fails_with_the_apis_code(cloud: FakeCloud) -> None:
    """Oracle does not tell whether it is gone or may not be seen."""
    report = explain(cloud, ocid("volume", HOME, "gone"), POLICY=POLICY)
    (result,) = report.results

    assert (result.outcome, result.reason) == (Outcome.FAILED, "NotAuthorizedOrNotFound")
    assert (result.source_id, result.opc_request_id) == (ocid("volume", HOME, "gone"), "request-of-the-fault")
    assert (report.status, report.may_pass) == (Status.FAILED, False)


def test_a_source_that_could_not_be_read_may_be_another_time(cloud: FakeCloud) -> None:
    """So that whoever sends the call again is not discouraged."""
    source = cloud.add_source()
    cloud.script("source", passing("ServiceUnavailable", 503))

    report = explain(cloud, source.id)

    assert (report.results[0].reason, report.may_pass) == ("ServiceUnavailable", True)


def test_a_source_of_another_region_is_refused(cloud: FakeCloud) -> None:
    """It would only be answered 404."""
    with pytest.raises(Rejected, match="sourceId: is of another region"):
        explain(cloud, ocid("volume", AWAY))

    assert cloud.calls == []


def test_without_time_nothing_is_asked(cloud: FakeCloud) -> None:
    """As for any operation."""
    report = explain(cloud, cloud.add_source().id, lasts=timedelta(seconds=1))

    assert [(each.outcome, each.reason) for each in report.results] == [(Outcome.DEFERRED, "deadline")]
    assert cloud.calls == []


def test_to_explain_changes_nothing(cloud: FakeCloud) -> None:
    """One call, which reads."""
    explain(cloud, cloud.add_source().id, POLICY=POLICY)

    assert [each.method for each in cloud.calls] == ["source"]
