"""Subscriptions to the topics of OCI Notifications: functions, and how long a message for them is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.clock import Clock
from infra.emulator.control_plane import Collection, Resource, answer
from infra.emulator.details import TAGS, Field, invalid, one_of, read_details, text
from infra.emulator.identity import Identity
from infra.emulator.ocids import parse_ocid
from infra.emulator.pages import Listing
from infra.emulator.wire import json_object, not_modelled

DEFAULT_RETRY_MILLISECONDS = 2 * 60 * 60 * 1000
LARGEST_INTEGER = 2**31 - 1
"""OCI documents no bound; its SDKs hold the number in 32 bits."""

_PROTOCOLS = ("CUSTOM_HTTPS", "EMAIL", "HTTPS", "ORACLE_FUNCTIONS", "PAGERDUTY", "SLACK", "SMS")
_DETAILS = {
    "topicId": text(1, 255, required=True),
    "compartmentId": text(1, 255, required=True),
    "protocol": one_of(*_PROTOCOLS, required=True),
    "endpoint": text(1, 512, required=True),
    "metadata": text(0, 4000),
    **TAGS,
}
_UPDATE = {"deliveryPolicy": Field(dict), **TAGS}
_POLICY = {"backoffRetryPolicy": Field(dict, required=True)}
_BACKOFF = {
    "maxRetryDuration": Field(
        int, required=True, accepts=lambda v: 0 <= v <= LARGEST_INTEGER, says="a number of milliseconds"
    ),
    "policyType": one_of("EXPONENTIAL", required=True),
}
_LISTING = Listing({"topicId": "topicId"}, {}, default_limit=50, largest_limit=50)


class Subscriptions:
    """The subscriptions of all regions. Only functions can subscribe; they are active at once, and gone at once."""

    def __init__(self, clock: Clock, identity: Identity, regions: Sequence[str], topics: Collection) -> None:
        self._topics = topics
        self._collection = Collection("onssubscription", "Subscription", clock, identity, regions)

    def routes(self, version: str) -> list[BaseRoute]:
        """The routes below `/{version}/subscriptions`."""
        path = f"/{version}/subscriptions"
        return [
            Route(path, self._create, methods=["POST"]),
            Route(path, self._list, methods=["GET"]),
            Route(path + "/{id}", self._get, methods=["GET"]),
            Route(path + "/{id}", self._update, methods=["PUT"]),
            Route(path + "/{id}", self._delete, methods=["DELETE"]),
        ]

    def to(self, topic: Resource) -> list[Resource]:
        """The subscriptions to a topic, oldest first."""
        return [s for s in self._collection.all_in(topic.region) if s.fields["topicId"] == topic.id]

    def end(self, topic: Resource) -> None:
        """End all subscriptions to a topic."""
        for subscription in self.to(topic):
            self._collection.remove(subscription)

    async def _create(self, request: Request) -> Response:
        details = read_details(await json_object(request), _DETAILS)
        if details["protocol"] != "ORACLE_FUNCTIONS":
            raise not_modelled(f"subscriptions by {details['protocol']}")
        region = self._collection.region_of(request)
        function = parse_ocid(details["endpoint"])
        if function is None or function.kind != "fnfunc" or not function.is_in(region):
            raise invalid("endpoint", "the OCID of a function in this region")
        self._topics.find(region, details["topicId"])

        def represent(subscription_id: str, now: datetime) -> dict[str, Any]:
            return {
                "freeformTags": {},
                "definedTags": {},
                **{name: value for name, value in details.items() if name != "metadata"},
                "id": subscription_id,
                "lifecycleState": "ACTIVE",
                "createdTime": int(now.timestamp() * 1000),
                "deliveryPolicy": _policy(DEFAULT_RETRY_MILLISECONDS),
            }

        subscription = self._collection.create(request, "CreateSubscription", details, represent)
        return answer(request, _show(subscription), etag=subscription.etag)

    async def _list(self, request: Request) -> Response:
        page, following = self._collection.page(request, "ListSubscriptions", _LISTING)
        return answer(request, [{**s.fields, "etag": s.etag} for s in page], next_page=following)

    async def _get(self, request: Request) -> Response:
        subscription = self._collection.get(request, "GetSubscription")
        return answer(request, _show(subscription), etag=subscription.etag)

    async def _update(self, request: Request) -> Response:
        details = read_details(await json_object(request), _UPDATE)
        if "deliveryPolicy" in details:
            policy = read_details(details["deliveryPolicy"], _POLICY)
            read_details(policy["backoffRetryPolicy"], _BACKOFF)
        subscription = self._collection.get(request, "UpdateSubscription")
        subscription.change(details)
        shown = {name: subscription.fields[name] for name in _UPDATE}
        return answer(request, shown, etag=subscription.etag)

    async def _delete(self, request: Request) -> Response:
        self._collection.remove(self._collection.get(request, "DeleteSubscription"))
        return answer(request, None, 204)


def retry_duration(subscription: Resource) -> timedelta:
    """How long Notifications tries to deliver a message to this subscription."""
    policy = subscription.fields["deliveryPolicy"]["backoffRetryPolicy"]
    return timedelta(milliseconds=policy["maxRetryDuration"])


def _policy(milliseconds: int) -> dict[str, Any]:
    return {"backoffRetryPolicy": {"maxRetryDuration": milliseconds, "policyType": "EXPONENTIAL"}}


def _show(subscription: Resource) -> dict[str, Any]:
    # A single subscription spells its policy as a string under another name; its entry in a list does not.
    shown = {**subscription.fields, "etag": subscription.etag}
    policy = shown.pop("deliveryPolicy")
    return {**shown, "deliverPolicy": json.dumps(policy)}
