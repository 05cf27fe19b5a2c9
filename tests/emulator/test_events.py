"""The promises of the emulated Events service: its rules, and what they set off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import oci
import pytest

from infra.emulator.events import REDELIVERY
from infra.emulator.ocids import new_ocid
from tests.emulator.messaging import (
    ALARMS,
    COMPARTMENT,
    EVENTS,
    FUNCTION,
    IDENTITY,
    NOTIFICATIONS,
    Messaging,
    messaging,
)

FINISHED = json.dumps({"eventType": "com.oraclecloud.blockvolumes.createvolumebackup.end"})


@pytest.fixture
def cloud() -> Iterator[Messaging]:
    with messaging() as running:
        yield running


def invoke(function: str = FUNCTION, *, enabled: bool = True) -> dict[str, Any]:
    return {"actions": [{"actionType": "FAAS", "isEnabled": enabled, "functionId": function, "description": "copy"}]}


def rule(**changed: object) -> dict[str, Any]:
    made = {
        "displayName": "finished backups",
        "compartmentId": COMPARTMENT,
        "isEnabled": True,
        "condition": FINISHED,
        "actions": invoke(),
    }
    return {**made, **changed}


def make(cloud: Messaging, **changed: object) -> dict[str, Any]:
    return cloud.made(f"{EVENTS}/rules", rule(**changed))


def test_a_matching_event_reaches_the_function(cloud: Messaging) -> None:
    """A rule's function is called with the event, as JSON."""
    make(cloud)
    backup = cloud.emit()
    ((headers, _),) = cloud.function.calls
    (event,) = cloud.function.bodies
    assert headers["content-type"] == "application/json"
    assert event["data"]["resourceId"] == backup
    (entry,) = cloud.noted("events.emitted")
    assert entry["resource"] == backup


def test_an_event_that_does_not_match_reaches_no_one(cloud: Messaging) -> None:
    """The condition decides."""
    make(cloud)
    cloud.emit("com.oraclecloud.blockvolumes.createvolumebackup.begin")
    assert not cloud.function.calls
    assert len(cloud.noted("events.emitted")) == 1


def test_a_rule_sees_its_own_region_only(cloud: Messaging) -> None:
    """What happens in Phoenix is not told in Ashburn."""
    make(cloud)
    cloud.emit(region="us-phoenix-1")
    assert not cloud.function.calls


def test_a_rule_sees_its_own_compartment_and_one_of_the_tenancy_sees_all(cloud: Messaging) -> None:
    """The tenancy is the root of all compartments."""
    make(cloud, compartmentId=IDENTITY.create_compartment("other"))
    cloud.emit()
    assert not cloud.function.calls
    make(cloud, compartmentId=IDENTITY.tenancy_id)
    cloud.emit()
    assert len(cloud.function.calls) == 1


def test_what_is_disabled_or_deleted_does_nothing(cloud: Messaging) -> None:
    """A disabled rule, a disabled action and a deleted rule are silent."""
    disabled = make(cloud, isEnabled=False)
    make(cloud, actions=invoke(enabled=False))
    deleted = make(cloud)
    assert cloud.call("DELETE", f"{EVENTS}/rules/{deleted['id']}").status_code == 204
    cloud.emit()
    assert not cloud.function.calls
    assert disabled["lifecycleState"] == "INACTIVE"
    assert cloud.call("GET", f"{EVENTS}/rules/{deleted['id']}").status_code == 404


def test_an_event_keeps_its_identity_when_it_is_delivered_again(cloud: Messaging) -> None:
    """After a 502 the same event comes again, under the same `eventID`."""
    make(cloud)
    cloud.function.answers = [502]
    cloud.emit()
    cloud.advance(minutes=1)
    first, second = cloud.function.bodies
    assert first == second
    assert [entry["attempt"] for entry in cloud.noted("events.delivered")] == [2]


def test_two_events_have_two_identities(cloud: Messaging) -> None:
    """`eventID` tells events apart."""
    make(cloud)
    cloud.emit()
    cloud.emit()
    first, second = cloud.function.bodies
    assert first["eventID"] != second["eventID"]


def test_an_event_is_dropped_when_the_function_stays_away(cloud: Messaging) -> None:
    """Redelivery ends, and the diary says that the event is lost."""
    make(cloud)
    cloud.function.answers = [502] * 99
    cloud.emit()
    for pause in REDELIVERY.pauses:
        cloud.advance(seconds=pause / timedelta(seconds=1))
    cloud.advance(hours=24)
    assert len(cloud.function.calls) == len(REDELIVERY.pauses) + 1
    assert len(cloud.noted("events.dropped")) == 1


def test_a_rule_can_publish_to_a_topic(cloud: Messaging) -> None:
    """An ONS action sends the event as a message to whoever subscribes to the topic."""
    topic = cloud.made(f"{NOTIFICATIONS}/topics", {"name": "t", "compartmentId": COMPARTMENT})["topicId"]
    subscription = {"topicId": topic, "compartmentId": COMPARTMENT, "protocol": "ORACLE_FUNCTIONS"}
    cloud.made(f"{NOTIFICATIONS}/subscriptions", {**subscription, "endpoint": FUNCTION})
    make(cloud, actions={"actions": [{"actionType": "ONS", "isEnabled": True, "topicId": topic}]})
    backup = cloud.emit()
    (event,) = cloud.function.bodies
    assert event["data"]["resourceId"] == backup


def test_a_topic_that_is_gone_does_not_stop_the_cloud(cloud: Messaging) -> None:
    """The event is noted as not published, and the other actions of the rule still happen."""
    gone = {"actionType": "ONS", "isEnabled": True, "topicId": new_ocid("onstopic", "us-ashburn-1")}
    make(cloud, actions={"actions": [gone, *invoke()["actions"]]})
    cloud.emit()
    assert len(cloud.noted("events.not_published")) == 1
    assert len(cloud.function.calls) == 1


def test_a_rule_is_made_read_changed_and_listed(cloud: Messaging) -> None:
    """Each answer holds the fields of the API's model, and an etag that changes with the rule."""
    made = make(cloud, freeformTags={"a": "b"})
    assert set(made) - {"description"} <= set(oci.events.models.Rule().attribute_map.values())
    assert made["lifecycleState"] == "ACTIVE"
    (action,) = made["actions"]["actions"]
    assert set(action) == set(oci.events.models.FaaSAction().attribute_map.values())
    url = f"{EVENTS}/rules/{made['id']}"
    read = cloud.call("GET", url)
    assert read.json() == made
    changed = cloud.call("PUT", url, {"displayName": "renamed"}, if_match=read.headers["etag"])
    assert changed.json() == {**made, "displayName": "renamed"}
    assert changed.headers["etag"] != read.headers["etag"]
    (summary,) = cloud.call("GET", f"{EVENTS}/rules?compartmentId={COMPARTMENT}").json()
    assert summary == {name: value for name, value in changed.json().items() if name != "actions"}


def test_a_changed_rule_acts_as_changed(cloud: Messaging) -> None:
    """A rule whose condition is replaced matches by the new one from then on."""
    made = make(cloud)
    other = json.dumps({"eventType": "com.oraclecloud.blockvolumes.createvolumebackup.begin"})
    assert cloud.call("PUT", f"{EVENTS}/rules/{made['id']}", {"condition": other}).status_code == 200
    cloud.emit()
    assert not cloud.function.calls


def test_a_stale_etag_is_refused(cloud: Messaging) -> None:
    """`if-match` guards updates and deletes."""
    url = f"{EVENTS}/rules/{make(cloud)['id']}"
    for response in (
        cloud.call("PUT", url, {"isEnabled": False}, if_match="x"),
        cloud.call("DELETE", url, if_match="x"),
    ):
        assert (response.status_code, response.json()["code"]) == (412, "NoEtagMatch")
    assert cloud.call("GET", url).json()["isEnabled"]


def test_the_same_retry_token_makes_one_rule(cloud: Messaging) -> None:
    """A repeated create answers with the first one's rule; with other details it is refused."""
    first = cloud.made(f"{EVENTS}/rules", rule(), opc_retry_token="t")
    assert cloud.made(f"{EVENTS}/rules", rule(), opc_retry_token="t") == first
    other = cloud.call("POST", f"{EVENTS}/rules", rule(displayName="other"), opc_retry_token="t")
    assert (other.status_code, other.json()["code"]) == (409, "InvalidatedRetryToken")
    cloud.emit()
    assert len(cloud.function.calls) == 1


def test_a_list_comes_in_pages_that_hold_under_change(cloud: Messaging) -> None:
    """Every rule that was there throughout is listed once, though others come and go between the pages."""
    rules = [make(cloud, displayName=f"rule {n}") for n in range(5)]
    first = cloud.call("GET", f"{EVENTS}/rules?compartmentId={COMPARTMENT}&limit=2")
    cloud.call("DELETE", f"{EVENTS}/rules/{rules[1]['id']}")
    make(cloud, displayName="late")
    names, following = [r["displayName"] for r in first.json()], first.headers.get("opc-next-page")
    while following:
        page = cloud.call("GET", f"{EVENTS}/rules?compartmentId={COMPARTMENT}&limit=2&page={following}")
        names += [r["displayName"] for r in page.json()]
        following = page.headers.get("opc-next-page")
    assert names == ["rule 0", "rule 1", "rule 2", "rule 3", "rule 4", "late"]


def test_a_list_is_filtered_and_sorted(cloud: Messaging) -> None:
    """By name, by state, and in either direction."""
    for name in ("b", "a", "c"):
        make(cloud, displayName=name, isEnabled=name != "c")

    def listed(query: str) -> list[str]:
        answer = cloud.call("GET", f"{EVENTS}/rules?compartmentId={COMPARTMENT}{query}").json()
        return [found["displayName"] for found in answer]

    assert listed("") == ["b", "a", "c"]
    assert listed("&sortBy=DISPLAY_NAME&sortOrder=DESC") == ["c", "b", "a"]
    assert listed("&displayName=a") == ["a"]
    assert listed("&displayName=A") == []
    assert listed("&lifecycleState=inactive") == ["c"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&limit=0", 400),
        ("&limit=51", 400),
        ("&page=nonsense", 400),
        ("&sortBy=COLOUR", 400),
        ("&sortOrder=DOWN", 400),
        ("&lifecycleState=ASLEEP", 400),
        ("&colour=red", 501),
    ],
)
def test_a_list_refuses_what_it_may_not_be_asked(cloud: Messaging, query: str, status: int) -> None:
    """Malformed values are invalid, an unknown parameter is not modelled."""
    assert cloud.call("GET", f"{EVENTS}/rules?compartmentId={COMPARTMENT}{query}").status_code == status


def test_a_list_needs_a_compartment(cloud: Messaging) -> None:
    """Without `compartmentId` the answer is MissingParameter."""
    answer = cloud.call("GET", f"{EVENTS}/rules")
    assert (answer.status_code, answer.json()["code"]) == (400, "MissingParameter")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (EVENTS + "/rules", "&sortBy=DISPLAY_NAME"),
        (EVENTS + "/rules", "&sortOrder=DESC"),
        (EVENTS + "/rules", "&displayName=finished"),
        (EVENTS.replace("us-ashburn-1", "us-phoenix-1") + "/rules", ""),
        (ALARMS, ""),
    ],
)
def test_a_page_belongs_to_its_list(cloud: Messaging, path: str, query: str) -> None:
    """The next page of one list is no page of another, be it the same rules in another order."""
    make(cloud)
    make(cloud)
    of = f"?compartmentId={COMPARTMENT}&limit=1"
    following = cloud.call("GET", f"{EVENTS}/rules{of}").headers["opc-next-page"]
    answer = cloud.call("GET", f"{path}{of}{query}&page={following}")
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"condition": None}, 400, "MissingParameter"),
        ({"condition": "no json"}, 400, "InvalidParameter"),
        ({"condition": '{"data": null}'}, 501, "NotImplemented"),
        ({"isEnabled": "yes"}, 400, "InvalidParameter"),
        ({"displayName": ""}, 400, "InvalidParameter"),
        ({"colour": "red"}, 400, "InvalidParameter"),
        ({"freeformTags": {str(n): "x" for n in range(11)}}, 400, "InvalidParameter"),
        ({"actions": {}}, 400, "MissingParameter"),
        ({"actions": {"actions": []}}, 400, "InvalidParameter"),
        ({"actions": {"actions": ["x"]}}, 400, "InvalidParameter"),
        ({"actions": {"actions": invoke()["actions"] * 11}}, 400, "InvalidParameter"),
        ({"actions": invoke("https://example.com")}, 400, "InvalidParameter"),
        ({"actions": invoke(new_ocid("fnfunc", "us-phoenix-1"))}, 400, "InvalidParameter"),
        ({"actions": {"actions": [{"actionType": "FAAS", "isEnabled": True}]}}, 400, "MissingParameter"),
        ({"actions": {"actions": [{"actionType": "SMOKE", "isEnabled": True}]}}, 400, "InvalidParameter"),
        ({"actions": {"actions": [{"actionType": "OSS", "isEnabled": True, "streamId": "x"}]}}, 501, "NotImplemented"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(cloud: Messaging, changed: dict[str, Any], status: int, code: str) -> None:
    """Malformed rules get OCI's errors, and what is not modelled a 501; neither leaves a rule behind."""
    response = cloud.call("POST", f"{EVENTS}/rules", rule(**changed))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert cloud.call("GET", f"{EVENTS}/rules?compartmentId={COMPARTMENT}").json() == []


def test_what_is_not_modelled_is_refused(cloud: Messaging) -> None:
    """Other operations, and other regions, answer 501."""
    url = f"{EVENTS}/rules/{make(cloud)['id']}"
    assert cloud.call("POST", f"{url}/actions/changeCompartment", {}).status_code == 501
    assert cloud.call("PATCH", url, {}).status_code == 501
    elsewhere = EVENTS.replace("us-ashburn-1", "eu-frankfurt-1")
    assert cloud.call("GET", f"{elsewhere}/rules?compartmentId={COMPARTMENT}").status_code == 501


def test_every_answer_has_a_request_id(cloud: Messaging) -> None:
    """Successes and errors alike, and the client's own part stays in front."""
    for path in (f"rules?compartmentId={COMPARTMENT}", "rules/none", "nothing"):
        response = cloud.call("GET", f"{EVENTS}/{path}", opc_request_id="MINE")
        assert response.headers["opc-request-id"].startswith("MINE/")
