"""A topic of OCI Notifications, and what is kept in its tags.

https://docs.oracle.com/iaas/api/#/en/notification/20181201/NotificationTopic/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from handlers.cloud.request import Request
from handlers.core.ports import TopicTags

if TYPE_CHECKING:
    from handlers.cloud.api import Api

TOPIC = "/topics/{id}"


class TopicNotices:
    """The port `Notices`. `api` is asked for once there is something to say."""

    def __init__(self, topic_id: str, api: Callable[[], Api]) -> None:
        self._topic_id, self._api = topic_id, api

    def tags(self) -> TopicTags:
        request = Request("GetTopic", "GET", TOPIC, self._topic_id)
        return self._api().call(request, lambda topic, headers: TopicTags(_tags(topic), headers["etag"]))

    def publish(self, title: str, body: str) -> None:
        """At the region's address, as in Oracle's samples; its reference names that of the topic, its `apiEndpoint`."""
        message = {"title": title, "body": body}
        request = Request("PublishMessage", "POST", f"{TOPIC}/messages", self._topic_id, body=message)
        self._api().call(request, lambda sent, _: sent["messageId"])

    def replace_tags(self, tags: Mapping[str, str], if_match: str) -> None:
        """The API asks for the description with every change, so that it is read before; `if_match` covers both."""
        api, read = self._api(), Request("GetTopic", "GET", TOPIC, self._topic_id)
        description = api.call(read, lambda topic, _: str(topic.get("description") or ""))
        body = {"description": description, "freeformTags": dict(tags)}
        change = Request("UpdateTopic", "PUT", TOPIC, self._topic_id, headers={"if-match": if_match}, body=body)
        api.call(change, lambda topic, _: topic["topicId"])


def _tags(topic: Any) -> Mapping[str, str]:  # noqa: ANN401 - JSON
    return {str(key): str(value) for key, value in (topic.get("freeformTags") or {}).items()}
