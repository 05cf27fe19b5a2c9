"""The promises of the emulated Notifications service: topics, subscriptions, messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import oci
import pytest

from infra.emulator.notifications import PublishedMessage
from infra.emulator.ocids import new_ocid
from tests.emulator.messaging import COMPARTMENT, FUNCTION, NOON, NOTIFICATIONS, Messaging, messaging

MINUTE = timedelta(minutes=1)
TOPICS, SUBSCRIPTIONS = f"{NOTIFICATIONS}/topics", f"{NOTIFICATIONS}/subscriptions"


@pytest.fixture
def cloud() -> Iterator[Messaging]:
    with messaging() as running:
        yield running


def make_topic(cloud: Messaging, name: str = "ticks") -> str:
    return str(cloud.made(TOPICS, {"name": name, "compartmentId": COMPARTMENT})["topicId"])


def subscription(topic: str, **changed: object) -> dict[str, Any]:
    made = {"topicId": topic, "compartmentId": COMPARTMENT, "protocol": "ORACLE_FUNCTIONS", "endpoint": FUNCTION}
    return {**made, **changed}


def publish(cloud: Messaging, topic: str, body: str, **headers: str) -> dict[str, Any]:
    response = cloud.call("POST", f"{TOPICS}/{topic}/messages", {"title": "t", "body": body}, **headers)
    assert response.status_code == 202, response.text
    cloud.settle()
    return dict(response.json())


def test_a_message_reaches_every_subscriber_as_it_is(cloud: Messaging) -> None:
    """The function is called with the body alone; id and topic of the message are in the headers."""
    topic = make_topic(cloud)
    cloud.made(SUBSCRIPTIONS, subscription(topic))
    cloud.made(SUBSCRIPTIONS, subscription(topic))
    published = publish(cloud, topic, '{"operation":  "Sweep"}')
    assert [body for _, body in cloud.function.calls] == [b'{"operation":  "Sweep"}'] * 2
    headers, _ = cloud.function.calls[0]
    assert headers["content-type"] == "application/json"
    assert headers["x-oci-ns-messageid"] == published["messageId"]
    assert headers["x-oci-ns-topicocid"] == topic
    assert headers["x-oci-ns-topicname"] == "ticks"


def test_a_message_that_is_no_json_is_text(cloud: Messaging) -> None:
    """The content type says what the body is."""
    topic = make_topic(cloud)
    cloud.made(SUBSCRIPTIONS, subscription(topic))
    publish(cloud, topic, "nightly, grüß Gott")
    ((headers, body),) = cloud.function.calls
    assert (headers["content-type"], body.decode()) == ("text/plain; charset=utf-8", "nightly, grüß Gott")


def test_a_message_is_redelivered_as_documented(cloud: Messaging) -> None:
    """At once, then after 1, 2, 4, 8, 16 and 32 minutes, always under the same message id; then it is dropped."""
    topic = make_topic(cloud)
    cloud.made(SUBSCRIPTIONS, subscription(topic))
    cloud.function.answers = [502] * 99
    publish(cloud, topic, "{}")
    counts = [len(cloud.function.calls)]
    for minutes in (1, 2, 4, 8, 16, 32, 600):
        cloud.advance(minutes=minutes)
        counts.append(len(cloud.function.calls))
    assert counts == [2, 3, 4, 5, 6, 7, 8, 8]
    assert len({headers["x-oci-ns-messageid"] for headers, _ in cloud.function.calls}) == 1
    assert len(cloud.noted("notifications.dropped")) == 1


def test_a_shorter_retry_duration_ends_redelivery_sooner(cloud: Messaging) -> None:
    """The subscription's own delivery policy counts."""
    topic = make_topic(cloud)
    made = cloud.made(SUBSCRIPTIONS, subscription(topic))
    policy = {"backoffRetryPolicy": {"maxRetryDuration": 180_000, "policyType": "EXPONENTIAL"}}
    changed = cloud.call("PUT", f"{SUBSCRIPTIONS}/{made['id']}", {"deliveryPolicy": policy})
    assert changed.json()["deliveryPolicy"] == policy
    read = cloud.call("GET", f"{SUBSCRIPTIONS}/{made['id']}").json()
    assert json.loads(read["deliverPolicy"]) == policy
    cloud.function.answers = [502] * 99
    publish(cloud, topic, "{}")
    for _ in range(10):
        cloud.advance(minutes=10)
    assert len(cloud.function.calls) == 4


def test_who_has_left_gets_nothing(cloud: Messaging) -> None:
    """An ended subscription is silent; a deleted topic takes its subscriptions along."""
    topic, other = make_topic(cloud), make_topic(cloud, "other")
    left = cloud.made(SUBSCRIPTIONS, subscription(topic))["id"]
    taken = cloud.made(SUBSCRIPTIONS, subscription(other))["id"]
    assert cloud.call("DELETE", f"{SUBSCRIPTIONS}/{left}").status_code == 204
    publish(cloud, topic, "{}")
    assert not cloud.function.calls
    assert cloud.call("DELETE", f"{TOPICS}/{other}").status_code == 204
    for url in (f"{TOPICS}/{other}", f"{SUBSCRIPTIONS}/{taken}", f"{SUBSCRIPTIONS}/{left}"):
        assert cloud.call("GET", url).status_code == 404


def test_a_topic_belongs_to_its_region(cloud: Messaging) -> None:
    """Phoenix does not know Ashburn's topics."""
    topic = make_topic(cloud)
    elsewhere = cloud.call("GET", f"{TOPICS}/{topic}".replace("us-ashburn-1", "us-phoenix-1"))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "NotAuthorizedOrNotFound")


def test_topics_are_made_read_changed_and_listed(cloud: Messaging) -> None:
    """Each answer holds the fields of the API's model; the etag in body and header is the same."""
    made = cloud.made(TOPICS, {"name": "ticks", "compartmentId": COMPARTMENT, "description": "d"})
    assert set(made) == set(oci.ons.models.NotificationTopic().attribute_map.values())
    read = cloud.call("GET", f"{TOPICS}/{made['topicId']}")
    assert read.json() == made
    assert read.headers["etag"] == made["etag"]
    changed = cloud.call("PUT", f"{TOPICS}/{made['topicId']}", {"description": "new"}, if_match=made["etag"]).json()
    assert changed == {**made, "description": "new", "etag": changed["etag"]}
    assert changed["etag"] != made["etag"]
    make_topic(cloud, "other")
    listed = cloud.call("GET", f"{TOPICS}?compartmentId={COMPARTMENT}&name=ticks").json()
    assert listed == [changed]


@pytest.mark.parametrize(
    ("details", "answer"),
    [
        ({"description": "", "freeformTags": {"k" * 100: "v" * 256}}, 200),
        ({"description": "d", "freeformTags": {f"k{n}": "v" for n in range(10)}}, 200),
        ({"freeformTags": {}}, (400, "MissingParameter")),
        ({"description": None, "freeformTags": {}}, (400, "MissingParameter")),
        ({"description": "d", "freeformTags": {f"k{n}": "v" for n in range(11)}}, (400, "InvalidParameter")),
        ({"description": "d", "freeformTags": {"k" * 101: "v"}}, (400, "InvalidParameter")),
        ({"description": "d", "freeformTags": {"k": "v" * 257}}, (400, "InvalidParameter")),
        ({"description": "d", "freeformTags": {"k": 1}}, (400, "InvalidParameter")),
        ({"description": "d", "name": "other"}, (400, "InvalidParameter")),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_topic_is_changed_within_its_limits(cloud: Messaging, details: dict[str, Any], answer: object) -> None:
    """A description is required, as the reference says; tags have the limits that they have everywhere."""
    url = f"{TOPICS}/{make_topic(cloud)}"
    changed = cloud.call("PUT", url, details)
    if answer == 200:
        assert changed.status_code == 200
        assert cloud.call("GET", url).json()["freeformTags"] == details["freeformTags"]
    else:
        assert (changed.status_code, changed.json()["code"]) == answer


def test_an_outdated_etag_changes_no_topic(cloud: Messaging) -> None:
    """412, and the topic stays as it was."""
    made = cloud.made(TOPICS, {"name": "ticks", "compartmentId": COMPARTMENT})
    url = f"{TOPICS}/{made['topicId']}"
    first = cloud.call("PUT", url, {"description": "first"}, if_match=made["etag"])
    second = cloud.call("PUT", url, {"description": "second"}, if_match=made["etag"])
    assert (second.status_code, second.json()["code"]) == (412, "NoEtagMatch")
    assert cloud.call("GET", url).json() == first.json()


def test_what_was_published_can_be_read(cloud: Messaging) -> None:
    """Whether anybody subscribes or not: region, topic, title, body, the cloud's time and the id of the answer."""
    topic = make_topic(cloud)
    first = publish(cloud, topic, "{}")
    cloud.advance(minutes=1)
    second = cloud.call("POST", f"{TOPICS}/{topic}/messages", {"body": "untitled"})
    assert second.headers["opc-request-id"]
    assert list(cloud.notifications.published) == [
        PublishedMessage("us-ashburn-1", topic, "t", "{}", NOON, first["messageId"]),
        PublishedMessage("us-ashburn-1", topic, "", "untitled", NOON + MINUTE, second.json()["messageId"]),
    ]


def test_subscriptions_are_active_at_once_and_listed_by_topic(cloud: Messaging) -> None:
    """A function needs no confirmation."""
    topic, other = make_topic(cloud), make_topic(cloud, "other")
    made = cloud.made(SUBSCRIPTIONS, subscription(topic))
    cloud.made(SUBSCRIPTIONS, subscription(other))
    assert made["lifecycleState"] == "ACTIVE"
    assert set(made) == set(oci.ons.models.Subscription().attribute_map.values())
    (listed,) = cloud.call("GET", f"{SUBSCRIPTIONS}?compartmentId={COMPARTMENT}&topicId={topic}").json()
    assert listed["id"] == made["id"]
    assert set(listed) == set(oci.ons.models.SubscriptionSummary().attribute_map.values())


def test_a_list_of_subscriptions_cannot_be_sorted(cloud: Messaging) -> None:
    """What the API has no parameter for is refused."""
    for query in ("sortBy=TIMECREATED", "sortOrder=ASC"):
        assert cloud.call("GET", f"{SUBSCRIPTIONS}?compartmentId={COMPARTMENT}&{query}").status_code == 501


def test_the_same_retry_token_makes_one_topic(cloud: Messaging) -> None:
    """A repeated create answers with the first one's topic; without a token the name is taken."""
    details = {"name": "ticks", "compartmentId": COMPARTMENT}
    first = cloud.made(TOPICS, details, opc_retry_token="t")
    assert cloud.made(TOPICS, details, opc_retry_token="t") == first
    assert cloud.call("POST", TOPICS, details).status_code == 409


@pytest.mark.parametrize(
    ("details", "status"),
    [
        ({"name": "a b", "compartmentId": COMPARTMENT}, 400),
        ({"name": "", "compartmentId": COMPARTMENT}, 400),
        ({"name": "x"}, 400),
        ({"name": "x", "compartmentId": COMPARTMENT, "colour": "red"}, 400),
    ],
)
def test_a_topic_that_cannot_be_is_refused(cloud: Messaging, details: dict[str, Any], status: int) -> None:
    """Names have an alphabet, and fields are known or refused."""
    assert cloud.call("POST", TOPICS, details).status_code == status


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"protocol": "EMAIL", "endpoint": "someone@example.com"}, 501),
        ({"protocol": "CUSTOM_HTTPS", "endpoint": "https://example.com"}, 501),
        ({"protocol": "PIGEON"}, 400),
        ({"endpoint": "https://example.com"}, 400),
        ({"endpoint": new_ocid("fnfunc", "us-phoenix-1")}, 400),
        ({"topicId": new_ocid("onstopic", "us-ashburn-1")}, 404),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(cloud: Messaging, changed: dict[str, Any], status: int) -> None:
    """Only functions of the topic's region can subscribe; other protocols are not modelled."""
    assert cloud.call("POST", SUBSCRIPTIONS, subscription(make_topic(cloud), **changed)).status_code == status


def test_a_message_that_cannot_be_is_refused(cloud: Messaging) -> None:
    """No body, a body beyond 64 KB, a topic that is not there, and the deprecated JSON type."""
    url = f"{TOPICS}/{make_topic(cloud)}/messages"
    assert cloud.call("POST", url, {"title": "t"}).status_code == 400
    assert cloud.call("POST", url, {"title": "t", "body": ""}).status_code == 400
    assert cloud.call("POST", url, {"title": "t" * 1001, "body": "b"}).status_code == 400
    assert cloud.call("POST", url, {"body": "x" * 65_536}).status_code == 400
    assert cloud.call("POST", url, {"body": "{}"}, messageType="JSON").status_code == 501
    assert cloud.call("POST", f"{TOPICS}/none/messages", {"body": "{}"}).status_code == 404
    assert not cloud.notifications.published


def test_what_is_not_modelled_is_refused(cloud: Messaging) -> None:
    """Confirmations and moves between compartments answer 501."""
    topic = make_topic(cloud)
    assert cloud.call("POST", f"{TOPICS}/{topic}/actions/changeCompartment", {}).status_code == 501
    assert cloud.call("GET", f"{SUBSCRIPTIONS}/x/confirmation?token=t&protocol=EMAIL").status_code == 501
