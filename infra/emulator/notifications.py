"""OCI Notifications: topics, and the messages that go from them to their subscriptions.

https://docs.oracle.com/iaas/Content/Notification/Concepts/notificationoverview.htm
"""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.clock import Clock
from infra.emulator.control_plane import Collection, Resource, answer, refuse_the_rest
from infra.emulator.delivery import Delivery, Message, Redelivery
from infra.emulator.details import TAGS, Field, invalid, read_details, text
from infra.emulator.diary import Diary
from infra.emulator.identity import Identity
from infra.emulator.pages import Listing
from infra.emulator.subscriptions import Subscriptions, retry_duration
from infra.emulator.wire import ApiError, json_object, not_modelled, read_json, timestamp

VERSION = "20181201"
LARGEST_MESSAGE = 64 * 1024
RETRY_PAUSES = (timedelta(), *(timedelta(minutes=m) for m in (1, 2, 4, 8, 16, 32)))
"""At once, then after 1, 2, 4 … 32 minutes, within the subscription's retry duration."""


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name) is not None


_DESCRIPTION = text(0, 400)
_TOPIC = {
    "name": Field(str, required=True, accepts=_is_name, says="1 to 256 letters, digits, hyphens and underscores"),
    "compartmentId": text(1, 255, required=True),
    "description": _DESCRIPTION,
    **TAGS,
}
_TOPIC_UPDATE = {"description": text(0, 400, required=True), **TAGS}
_MESSAGE = {"title": text(0, 1000), "body": Field(str, required=True, accepts=bool, says="a text")}

_TOPICS = Listing(
    filters={"id": "topicId", "name": "name", "lifecycleState": "lifecycleState"},
    sorts={"TIMECREATED": "", "LIFECYCLESTATE": "lifecycleState"},
    default_limit=50,
    largest_limit=50,
    states=("CREATING", "ACTIVE", "DELETING"),
)


@dataclass(frozen=True)
class PublishedMessage:
    """A message that a topic was given, by a client, an alarm or a rule; `title` is empty when it had none."""

    region: str
    topic_id: str
    title: str
    body: str
    time: datetime
    message_id: str


class Notifications:
    """The Notifications service of all regions. Topics are active at once, and gone at once.

    A message is delivered at least once per subscription, its body as it is. `published` are the last 10,000, in order.
    """

    def __init__(
        self, clock: Clock, diary: Diary, identity: Identity, delivery: Delivery, regions: Sequence[str]
    ) -> None:
        self.published: deque[PublishedMessage] = deque(maxlen=10_000)
        self._clock, self._diary, self._delivery = clock, diary, delivery
        self._topics = Collection("onstopic", "Topic", clock, identity, regions)
        self._subscriptions = Subscriptions(clock, identity, regions, self._topics)

    def routes(self) -> list[BaseRoute]:
        """The service's routes, to be mounted where the host gives `region`."""
        topics = f"/{VERSION}/topics"
        return [
            Route(topics, self._create_topic, methods=["POST"]),
            Route(topics, self._list_topics, methods=["GET"]),
            Route(topics + "/{id}", self._get_topic, methods=["GET"]),
            Route(topics + "/{id}", self._update_topic, methods=["PUT"]),
            Route(topics + "/{id}", self._delete_topic, methods=["DELETE"]),
            Route(topics + "/{id}/messages", self._publish_message, methods=["POST"]),
            *self._subscriptions.routes(VERSION),
            refuse_the_rest(VERSION),
        ]

    def publish(self, region: str, topic_id: str, title: str, body: str) -> str:
        """Send a message to all who subscribe to a topic and return its id; OCI's 404 when there is no such topic.

        `title` goes into the diary and `published` only: a function is given the body alone.
        """
        topic = self._topics.find(region, topic_id)
        message_id = str(uuid.uuid4())
        self.published.append(PublishedMessage(region, topic_id, title, body, self._clock.now(), message_id))
        subscriptions = self._subscriptions.to(topic)
        self._diary.note(
            "notifications.published", topic=topic_id, message=message_id, title=title, subscriptions=len(subscriptions)
        )
        for subscription in subscriptions:
            message = _message(topic, subscription, message_id, body)
            self._delivery.invoke(subscription.fields["endpoint"], message)
        return message_id

    async def _create_topic(self, request: Request) -> Response:
        details = read_details(await json_object(request), _TOPIC)
        region = self._topics.region_of(request)

        def represent(topic_id: str, now: datetime) -> dict[str, Any]:
            if any(topic.fields["name"] == details["name"] for topic in self._topics.all_in(region)):
                raise ApiError(409, "Conflict", f"Topic {details['name']} already exists.")
            return {
                "freeformTags": {},
                "definedTags": {},
                **details,
                "topicId": topic_id,
                "shortTopicId": topic_id[-8:],
                "lifecycleState": "ACTIVE",
                "timeCreated": timestamp(now),
                "apiEndpoint": f"https://notification.{region}.oci.oraclecloud.com",
            }

        topic = self._topics.create(request, "CreateTopic", details, represent)
        return answer(request, _show(topic), etag=topic.etag)

    async def _list_topics(self, request: Request) -> Response:
        page, following = self._topics.page(request, "ListTopics", _TOPICS)
        return answer(request, [_show(topic) for topic in page], next_page=following)

    async def _get_topic(self, request: Request) -> Response:
        topic = self._topics.get(request, "GetTopic")
        return answer(request, _show(topic), etag=topic.etag)

    async def _update_topic(self, request: Request) -> Response:
        details = read_details(await json_object(request), _TOPIC_UPDATE)
        topic = self._topics.get(request, "UpdateTopic")
        topic.change(details)
        return answer(request, _show(topic), etag=topic.etag)

    async def _delete_topic(self, request: Request) -> Response:
        topic = self._topics.get(request, "DeleteTopic")
        self._subscriptions.end(topic)
        self._topics.remove(topic)
        return answer(request, None, 204)

    async def _publish_message(self, request: Request) -> Response:
        if request.headers.get("messagetype", "RAW_TEXT") != "RAW_TEXT":
            raise not_modelled("messages of type JSON, which are deprecated")
        if len(await request.body()) > LARGEST_MESSAGE:
            raise invalid("message", "at most 64 KB")
        details = read_details(await json_object(request), _MESSAGE)
        topic = self._topics.get(request, "PublishMessage")
        message_id = self.publish(topic.region, topic.id, details.get("title", ""), details["body"])
        return answer(request, {"messageId": message_id, "timeStamp": timestamp(self._clock.now())}, 202)


def _show(resource: Resource) -> dict[str, Any]:
    return {**resource.fields, "etag": resource.etag}


def _message(topic: Resource, subscription: Resource, message_id: str, body: str) -> Message:
    return Message(
        payload=body.encode(),
        content_type="application/json" if _is_json(body) else "text/plain; charset=utf-8",
        source="notifications",
        redelivery=Redelivery(RETRY_PAUSES, retry_duration(subscription)),
        headers={
            "X-OCI-NS-MessageId": message_id,
            "X-OCI-NS-TopicOcid": topic.id,
            "X-OCI-NS-TopicName": topic.fields["name"],
            "X-OCI-NS-MessageType": "RAW_TEXT",
        },
        facts={"topic": topic.id, "message": message_id},
    )


def _is_json(body: str) -> bool:
    try:
        read_json(body)
    except ValueError:
        return False
    return True
