"""OCI Monitoring: alarms, as an operator creates, changes and lists them. Metrics are taken in at a host of their own.

https://docs.oracle.com/iaas/Content/Monitoring/Concepts/monitoringoverview.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.alarm_query import AbsenceQuery
from infra.emulator.alarms import MINUTE, Alarm, MessageType
from infra.emulator.clock import Clock
from infra.emulator.control_plane import Collection, Resource, answer, refuse_the_rest
from infra.emulator.details import TAGS, Field, invalid, one_of, read_details, text
from infra.emulator.diary import Diary
from infra.emulator.durations import parse_duration
from infra.emulator.identity import Identity
from infra.emulator.notifications import Notifications
from infra.emulator.ocids import parse_ocid
from infra.emulator.pages import Listing
from infra.emulator.wire import ApiError, json_object, not_modelled, timestamp

VERSION = "20180401"


def _duration(shortest: timedelta, longest: timedelta) -> Field:
    def accepts(value: str) -> bool:
        length = parse_duration(value)
        return length is not None and shortest <= length <= longest

    return Field(str, accepts=accepts, says=f"an ISO 8601 duration of {shortest} to {longest}")


_DETAILS = {
    "displayName": text(1, 255, required=True),
    "compartmentId": text(1, 255, required=True),
    "metricCompartmentId": text(1, 255, required=True),
    "metricCompartmentIdInSubtree": Field(bool),
    "namespace": text(1, 256, required=True),
    "resourceGroup": text(1, 256),
    "query": text(3, 8192, required=True),
    "resolution": one_of("1m"),
    "pendingDuration": _duration(MINUTE, 60 * MINUTE),
    "severity": one_of("CRITICAL", "ERROR", "WARNING", "INFO", required=True),
    "body": text(0, 4000),
    "isNotificationsPerMetricDimensionEnabled": Field(bool),
    "messageFormat": one_of("RAW", "PRETTY_JSON", "ONS_OPTIMIZED"),
    "destinations": Field(list, required=True),
    "repeatNotificationDuration": _duration(MINUTE, timedelta(days=30)),
    "suppression": Field(dict),
    "isEnabled": Field(bool, required=True),
    "overrides": Field(list),
    "ruleName": one_of("BASE"),
    "notificationVersion": one_of("1.X"),
    "notificationTitle": text(0, 1000),
    "evaluationSlackDuration": _duration(3 * MINUTE, 120 * MINUTE),
    "alarmSummary": text(0, 4000),
    **TAGS,
}
_DEFAULTS = {
    "metricCompartmentIdInSubtree": False,
    "resolution": "1m",
    "pendingDuration": "PT1M",
    "isNotificationsPerMetricDimensionEnabled": False,
    "messageFormat": "RAW",
    "ruleName": "BASE",
    "notificationVersion": "1.X",
    "evaluationSlackDuration": "PT3M",
    "freeformTags": {},
    "definedTags": {},
}
_REFUSED = ("suppression", "overrides", "isNotificationsPerMetricDimensionEnabled", "metricCompartmentIdInSubtree")
_RENDERED = ("body", "notificationTitle", "alarmSummary")
_EVALUATED = ("query", "namespace", "metricCompartmentId", "resourceGroup", "pendingDuration", "isEnabled")
_LEFT_OUT_OF_LISTS = {
    "metricCompartmentIdInSubtree",
    "resolution",
    "pendingDuration",
    "body",
    "messageFormat",
    "repeatNotificationDuration",
    "timeCreated",
    "timeUpdated",
}
_LISTING = Listing(
    filters={"displayName": "displayName", "lifecycleState": "lifecycleState"},
    sorts={"displayName": "displayName", "severity": "severity"},
    default_limit=1000,
    largest_limit=1000,
    states=("ACTIVE", "DELETING", "DELETED"),
)


class Monitoring:
    """The Monitoring service of all regions, less its metrics: only alarms on the absence of a metric, as a schedule.

    An alarm that is disabled or deleted falls silent without a message. One whose query, namespace, metric
    compartment, resource group or pending duration is changed begins anew from OK.
    """

    def __init__(
        self, clock: Clock, diary: Diary, identity: Identity, notifications: Notifications, regions: Sequence[str]
    ) -> None:
        self._clock, self._diary, self._notifications = clock, diary, notifications
        self._collection = Collection("alarm", "Alarm", clock, identity, regions)
        self._alarms: dict[str, Alarm] = {}

    def routes(self) -> list[BaseRoute]:
        """The service's routes, to be mounted where the host gives `region`."""
        path = f"/{VERSION}/alarms"
        return [
            Route(path, self._create, methods=["POST"]),
            Route(path, self._list, methods=["GET"]),
            Route(path + "/{id}", self._get, methods=["GET"]),
            Route(path + "/{id}", self._update, methods=["PUT"]),
            Route(path + "/{id}", self._delete, methods=["DELETE"]),
            Route(f"/{VERSION}/metrics", _refuse_metrics, methods=["POST"]),
            refuse_the_rest(VERSION),
        ]

    async def _create(self, request: Request) -> Response:
        details = read_details(await json_object(request), _DETAILS)
        _check(details, self._collection.region_of(request))

        def represent(alarm_id: str, now: datetime) -> dict[str, Any]:
            times = {"timeCreated": timestamp(now), "timeUpdated": timestamp(now)}
            return {**_DEFAULTS, **details, "id": alarm_id, "lifecycleState": "ACTIVE", **times}

        resource = self._collection.create(request, "CreateAlarm", details, represent)
        if resource.id not in self._alarms:
            self._alarms[resource.id] = Alarm(self._clock, resource, self._publish)
            self._evaluate(resource)
        return answer(request, resource.fields, etag=resource.etag)

    async def _list(self, request: Request) -> Response:
        page, following = self._collection.page(request, "ListAlarms", _LISTING)
        return answer(request, [_summary(resource) for resource in page], next_page=following)

    async def _get(self, request: Request) -> Response:
        if request.path_params["id"] == "status":
            raise not_modelled("GET /alarms/status")
        resource = self._collection.get(request, "GetAlarm")
        return answer(request, resource.fields, etag=resource.etag)

    async def _update(self, request: Request) -> Response:
        details = read_details(await json_object(request), _DETAILS, partial=True)
        resource = self._collection.get(request, "UpdateAlarm")
        _check(details, resource.region)
        before = {name: resource.fields.get(name) for name in _EVALUATED}
        resource.change({**details, "timeUpdated": timestamp(self._clock.now())})
        if before != {name: resource.fields.get(name) for name in _EVALUATED}:
            self._evaluate(resource)
        return answer(request, resource.fields, etag=resource.etag)

    async def _delete(self, request: Request) -> Response:
        resource = self._collection.get(request, "DeleteAlarm")
        self._alarms.pop(resource.id).stop()
        self._collection.remove(resource)
        return answer(request, None, 204)

    def _evaluate(self, resource: Resource) -> None:
        alarm = self._alarms[resource.id]
        if resource.fields["isEnabled"]:
            alarm.start()
        else:
            alarm.stop()

    def _publish(self, resource: Resource, kind: MessageType, body: str) -> None:
        title = resource.fields.get("notificationTitle") or resource.fields["displayName"]
        self._diary.note("alarm.fired", alarm=resource.id, name=resource.fields["displayName"], message_type=kind.value)
        for topic in resource.fields["destinations"]:
            try:
                self._notifications.publish(resource.region, topic, title, body)
            except ApiError as error:
                self._diary.note("alarm.not_published", alarm=resource.id, topic=topic, reason=error.message)


async def _refuse_metrics(_: Request) -> Response:
    # As OCI has answered it: https://github.com/oracle/oci-cli/issues/148
    text = "Incorrect Telemetry endpoint is being used for posting metrics. Please correct the endpoint and retry."
    raise ApiError(404, "NotAuthorizedOrNotFound", text)


def _check(details: Mapping[str, Any], region: str) -> None:
    for name in _REFUSED:
        if details.get(name):
            raise not_modelled(f"alarms with {name}")
    for name in _RENDERED:
        if "{{" in details.get(name, ""):
            raise not_modelled(f"dynamic variables in an alarm's {name}")
    if "query" in details:
        AbsenceQuery.parse(details["query"])
    if "destinations" in details:
        _check_destinations(details["destinations"], region)


def _check_destinations(destinations: list[Any], region: str) -> None:
    ocids = [parse_ocid(destination) if isinstance(destination, str) else None for destination in destinations]
    if any(ocid and ocid.kind == "stream" for ocid in ocids):
        raise not_modelled("streams as destinations of alarms")
    if len(ocids) != 1 or ocids[0] is None or ocids[0].kind != "onstopic" or not ocids[0].is_in(region):
        raise invalid("destinations", "the OCID of one topic in this region")


def _summary(resource: Resource) -> dict[str, Any]:
    return {name: value for name, value in resource.fields.items() if name not in _LEFT_OUT_OF_LISTS}
