"""What is asked of Notifications: as Oracle's own client would ask, and told once."""

from collections.abc import Callable
from typing import Any

import pytest
from oci.ons import NotificationControlPlaneClient, NotificationDataPlaneClient, models

from handlers.cloud.notices import TopicNotices
from handlers.cloud.request import NOTIFICATIONS
from handlers.cloud.retry import ATTEMPTS
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.core.errors import Passing
from handlers.core.ports import TopicTags
from tests.fakes import AWAY, ocid
from tests.unit.wire import Wire, api_over, form, sent_by

TOPIC_ID = ocid("onstopic", AWAY)
TOPIC = {"topicId": TOPIC_ID, "description": "Who is told", "freeformTags": {"told": "1", "ü": ""}}
TROUBLE = {"code": "InternalServerError", "message": "no"}


@pytest.fixture
def over(signer: ResourcePrincipalSigner) -> Callable[[Wire], TopicNotices]:
    """The notices of a topic over a wire."""
    return lambda wire: TopicNotices(TOPIC_ID, lambda: api_over(signer, wire, NOTIFICATIONS, AWAY))


def sent_by_the_sdk(client: Any, signer: ResourcePrincipalSigner, call: Callable[[Any], object]) -> dict[str, Any]:
    return form(sent_by(client({"region": AWAY}, signer=signer), call, TOPIC))


def test_reading_a_topic_is_the_same_as_with_oracles_own_client(
    over: Callable[[Wire], TopicNotices], signer: ResourcePrincipalSigner
) -> None:
    """In the topic's region."""
    wire = Wire(TOPIC)

    assert over(wire).tags() == TopicTags({"told": "1", "ü": ""}, "etag-1")
    expected = sent_by_the_sdk(NotificationControlPlaneClient, signer, lambda sdk: sdk.get_topic(TOPIC_ID))
    assert form(wire.only) == expected


def test_a_message_is_the_one_that_oracles_own_client_sends(
    over: Callable[[Wire], TopicNotices], signer: ResourcePrincipalSigner
) -> None:
    """Title and text as they are."""
    wire = Wire({"messageId": "m"}, 202)
    over(wire).publish("Ein Titel", 'Line one\n{"ü": 1}')

    details = models.MessageDetails(title="Ein Titel", body='Line one\n{"ü": 1}')
    expected = sent_by_the_sdk(NotificationDataPlaneClient, signer, lambda sdk: sdk.publish_message(TOPIC_ID, details))
    assert form(wire.only) == expected


def test_a_change_of_tags_is_the_one_that_oracles_own_client_sends(
    over: Callable[[Wire], TopicNotices], signer: ResourcePrincipalSigner
) -> None:
    """With the description that the topic has: the API takes no change without one."""
    wire = Wire(TOPIC)
    over(wire).replace_tags({"told": "2"}, "etag")

    read, change = wire.sent
    details = models.TopicAttributesDetails(description="Who is told", freeform_tags={"told": "2"})
    assert read.method == "GET"
    assert form(change) == sent_by_the_sdk(
        NotificationControlPlaneClient, signer, lambda sdk: sdk.update_topic(TOPIC_ID, details, if_match="etag")
    )


@pytest.mark.parametrize("description", [None, ""])
def test_a_topic_without_a_description_stays_without(over: Callable[[Wire], TopicNotices], description: object) -> None:
    """Absent, null and empty are the same."""
    wire = Wire({**TOPIC, "description": description})
    over(wire).replace_tags({}, "etag")

    assert form(wire.sent[1])["body"] == {"description": "", "freeformTags": {}}


@pytest.mark.parametrize("tags", [None, {}])
def test_a_topic_without_tags_has_none(over: Callable[[Wire], TopicNotices], tags: object) -> None:
    """Absent, null and empty are the same."""
    assert over(Wire({**TOPIC, "freeformTags": tags})).tags().tags == {}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_message_is_sent_once(over: Callable[[Wire], TopicNotices], status: int) -> None:
    """It may have been sent on: people would be told twice."""
    wire = Wire(TROUBLE, status)

    with pytest.raises(Passing):
        over(wire).publish("t", "b")

    assert len(wire.sent) == 1


def test_reading_is_repeated(over: Callable[[Wire], TopicNotices]) -> None:
    """It does no harm."""
    wire = Wire(TROUBLE, 500)

    with pytest.raises(Passing):
        over(wire).tags()

    assert len(wire.sent) == ATTEMPTS


@pytest.mark.parametrize("answer", [b"<html>A proxy's page</html>", b"", b"[]", b"null", b'{"freeformTags": ["told"]}'])
def test_a_topic_that_cannot_be_read_may_pass(over: Callable[[Wire], TopicNotices], answer: bytes) -> None:
    """Its tags are not taken for empty: people would be told again."""
    with pytest.raises(Passing) as caught:
        over(Wire(answer)).tags()

    assert caught.value.code == "UnreadableAnswer"


@pytest.mark.parametrize("answer", [b"<html>A proxy's page</html>", b"", b"{}", b"null"])
def test_a_message_that_something_else_took_was_not_sent(over: Callable[[Wire], TopicNotices], answer: bytes) -> None:
    """Only Notifications gives it an id. Still it is not sent again in this call."""
    wire = Wire(answer)

    with pytest.raises(Passing) as caught:
        over(wire).publish("t", "b")

    assert caught.value.code == "UnreadableAnswer"
    assert len(wire.sent) == 1
