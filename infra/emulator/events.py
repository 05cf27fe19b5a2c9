"""OCI Events: the rules that operators make, and the events that they are matched against.

https://docs.oracle.com/iaas/Content/Events/Concepts/eventsoverview.htm
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.clock import Clock
from infra.emulator.control_plane import Collection, Resource, answer, refuse_the_rest
from infra.emulator.delivery import Delivery, Message, Redelivery
from infra.emulator.details import TAGS, Field, read_details, text
from infra.emulator.diary import Diary
from infra.emulator.event_actions import read_actions
from infra.emulator.event_rules import Condition
from infra.emulator.identity import Identity
from infra.emulator.notifications import Notifications
from infra.emulator.pages import Listing
from infra.emulator.wire import ApiError, json_object, timestamp

VERSION = "20181201"
REDELIVERY = Redelivery(tuple(timedelta(seconds=s) for s in (10, 30, 60, 120, 240)), timedelta(hours=1))
"""OCI documents neither how often nor how long Events tries again: a few times, then never."""

_DESCRIPTION = text(0, 255)
_DETAILS = {
    "displayName": text(1, 255, required=True),
    "description": _DESCRIPTION,
    "isEnabled": Field(bool, required=True),
    "condition": Field(str, required=True),
    "compartmentId": text(1, 255, required=True),
    "actions": Field(dict, required=True),
    **TAGS,
}
_UPDATE = {name: field for name, field in _DETAILS.items() if name != "compartmentId"}
_LISTING = Listing(
    filters={"lifecycleState": "lifecycleState", "displayName": "displayName"},
    sorts={"TIME_CREATED": "", "DISPLAY_NAME": "displayName", "ID": "id"},
    default_limit=10,
    largest_limit=50,
    states=("CREATING", "ACTIVE", "INACTIVE", "UPDATING", "DELETING", "DELETED", "FAILED"),
)


class Events:
    """The Events service of all regions. Rules are active (or, when disabled, inactive) at once, and gone at once.

    A rule sees the events of its own region and compartment; one of the tenancy itself sees those of all
    compartments. Topics can only be told of events where `notifications` is given.
    """

    def __init__(
        self,
        clock: Clock,
        diary: Diary,
        identity: Identity,
        delivery: Delivery,
        regions: Sequence[str],
        notifications: Notifications | None = None,
    ) -> None:
        self._clock, self._diary, self._delivery, self._notifications = clock, diary, delivery, notifications
        self._rules = Collection("eventrule", "Rule", clock, identity, regions)

    def routes(self) -> list[BaseRoute]:
        """The service's routes, to be mounted where the host gives `region`."""
        path = f"/{VERSION}/rules"
        return [
            Route(path, self._create, methods=["POST"]),
            Route(path, self._list, methods=["GET"]),
            Route(path + "/{id}", self._get, methods=["GET"]),
            Route(path + "/{id}", self._update, methods=["PUT"]),
            Route(path + "/{id}", self._delete, methods=["DELETE"]),
            refuse_the_rest(VERSION),
        ]

    def emit(  # noqa: PLR0913 - an event has that many facts, all of them named
        self,
        region: str,
        event_type: str,
        *,
        resource_id: str,
        resource_name: str,
        compartment_id: str,
        compartment_name: str,
        availability_domain: str | None,
        additional_details: Mapping[str, Any] | None = None,
        freeform_tags: Mapping[str, str] | None = None,
        defined_tags: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Tell of something that Block Volume did in `region`, and set off the actions of every rule that matches."""
        data: dict[str, Any] = {
            "compartmentId": compartment_id,
            "compartmentName": compartment_name,
            "resourceName": resource_name,
            "resourceId": resource_id,
            "freeformTags": dict(freeform_tags or {}),
            "definedTags": dict(defined_tags or {}),
            "additionalDetails": dict(additional_details or {}),
        }
        if availability_domain is not None:
            data["availabilityDomain"] = availability_domain
        event = _envelope(event_type, self._clock.now(), data)
        self._diary.note("events.emitted", region=region, event_type=event_type, resource=resource_id)
        for rule in self._rules.all_in(region):
            if _sees(rule, compartment_id) and Condition.parse(rule.fields["condition"]).matches(event):
                self._act(rule, event)

    def _act(self, rule: Resource, event: Mapping[str, Any]) -> None:
        body = json.dumps(event)
        facts = {"event_type": event["eventType"], "event": event["eventID"], "resource": event["data"]["resourceId"]}
        for action in rule.fields["actions"]["actions"]:
            if not action["isEnabled"]:
                continue
            if action["actionType"] == "FAAS":
                message = Message(body.encode(), "application/json", "events", REDELIVERY, facts=facts)
                self._delivery.invoke(action["functionId"], message)
            elif self._notifications is not None:
                self._publish(self._notifications, rule, action["topicId"], body)

    def _publish(self, notifications: Notifications, rule: Resource, topic_id: str, body: str) -> None:
        try:
            notifications.publish(rule.region, topic_id, rule.fields["displayName"], body)
        except ApiError as error:
            self._diary.note("events.not_published", rule=rule.id, topic=topic_id, reason=error.message)

    async def _create(self, request: Request) -> Response:
        details = read_details(await json_object(request), _DETAILS)
        region = self._rules.region_of(request)
        read = self._read(details, region)

        def represent(rule_id: str, now: datetime) -> dict[str, Any]:
            tags: dict[str, Any] = {"freeformTags": {}, "definedTags": {}}
            return {**tags, **details, **read, "id": rule_id, "timeCreated": timestamp(now)}

        rule = self._rules.create(request, "CreateRule", details, represent)
        return answer(request, rule.fields, etag=rule.etag)

    async def _list(self, request: Request) -> Response:
        page, following = self._rules.page(request, "ListRules", _LISTING)
        summaries = [{name: value for name, value in rule.fields.items() if name != "actions"} for rule in page]
        return answer(request, summaries, next_page=following)

    async def _get(self, request: Request) -> Response:
        rule = self._rules.get(request, "GetRule")
        return answer(request, rule.fields, etag=rule.etag)

    async def _update(self, request: Request) -> Response:
        details = read_details(await json_object(request), _UPDATE, partial=True)
        rule = self._rules.get(request, "UpdateRule")
        rule.change({**details, **self._read(details, rule.region)})
        return answer(request, rule.fields, etag=rule.etag)

    async def _delete(self, request: Request) -> Response:
        self._rules.remove(self._rules.get(request, "DeleteRule"))
        return answer(request, None, 204)

    def _read(self, details: Mapping[str, Any], region: str) -> dict[str, Any]:
        """What follows from the given fields: the state, and the actions with their ids and states."""
        read: dict[str, Any] = {}
        if "condition" in details:
            Condition.parse(details["condition"])
        if "isEnabled" in details:
            read["lifecycleState"] = "ACTIVE" if details["isEnabled"] else "INACTIVE"
        if "actions" in details:
            read["actions"] = read_actions(details["actions"], region, topics=self._notifications is not None)
        return read


def _envelope(event_type: str, moment: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "eventType": event_type,
        "cloudEventsVersion": "0.1",
        "eventTypeVersion": "2.0",
        "source": "BlockVolumes",
        "eventTime": timestamp(moment),
        "contentType": "application/json",
        "data": data,
        "eventID": str(uuid.uuid4()),
        "extensions": {"compartmentId": data["compartmentId"]},
    }


def _sees(rule: Resource, compartment_id: str) -> bool:
    if not rule.fields["isEnabled"]:
        return False
    of = str(rule.fields["compartmentId"])
    return of == compartment_id or of.startswith("ocid1.tenancy.")
