"""Alarms at work: evaluated every minute, they fire, repeat themselves and reset, and say so in messages.

https://docs.oracle.com/iaas/Content/Monitoring/Concepts/monitoringoverview.htm
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from infra.emulator.alarm_query import AbsenceQuery
from infra.emulator.clock import Clock
from infra.emulator.control_plane import Resource
from infra.emulator.durations import parse_duration

MINUTE = timedelta(minutes=1)
INTERNAL_RESET_PERIOD = timedelta(minutes=10)
"""How long an alarm still looks for a metric after the absence detection period."""


class MessageType(StrEnum):
    """Why a message is sent. `FIRING_TO_OK` is missing: nothing here ever makes an absent metric come back."""

    OK_TO_FIRING = "OK_TO_FIRING"
    REPEAT = "REPEAT"
    RESET = "RESET"


Publish = Callable[[Resource, MessageType, str], None]
"""Takes the alarm, the type of the message and its body."""


class Alarm:
    """One alarm under evaluation, at each whole minute of cloud time.

    Its metric counts as absent from the first evaluation on. The alarm fires once that has lasted for the pending
    duration, repeats its message while it fires, and after the absence detection period and the internal reset
    period takes the metric for gone: back to OK, a `RESET` after the slack period, and then silence.
    """

    def __init__(self, clock: Clock, resource: Resource, publish: Publish) -> None:
        self._clock, self._resource, self._publish = clock, resource, publish
        self._dedupe_key = str(uuid.uuid4())
        self._run = 0
        self._period = timedelta()
        self._absent_since: datetime | None = None
        self._firing_since: datetime | None = None
        self._notified = datetime.min.replace(tzinfo=UTC)

    def start(self) -> None:
        """Begin to evaluate from OK, as if the metric were just gone."""
        self.stop()
        self._period = AbsenceQuery.parse(self._resource.fields["query"]).period
        self._evaluate_at(_next_minute(self._clock.now()), self._run)

    def stop(self) -> None:
        """End evaluation, without a message."""
        self._run += 1
        self._absent_since = self._firing_since = None

    def _evaluate_at(self, when: datetime, run: int) -> None:
        self._clock.at(when, lambda: self._evaluate(when, run))

    def _evaluate(self, now: datetime, run: int) -> None:
        if run != self._run:
            return
        if self._absent_since is None:
            self._absent_since = now
        if self._firing_since is None:
            # The first evaluation already accounts for one minute of absence.
            if now - self._absent_since + MINUTE >= self._duration("pendingDuration"):
                self._firing_since = now
                self._notify(MessageType.OK_TO_FIRING, now)
        elif now >= self._firing_since + self._period + INTERNAL_RESET_PERIOD:
            self._clock.at(now + self._duration("evaluationSlackDuration"), lambda: self._reset(now, run))
            return
        elif self._repeats_at(now):
            self._notify(MessageType.REPEAT, now)
        self._evaluate_at(now + MINUTE, run)

    def _reset(self, evaluated: datetime, run: int) -> None:
        if run == self._run:
            self.stop()
            self._notify(MessageType.RESET, evaluated)

    def _repeats_at(self, now: datetime) -> bool:
        return "repeatNotificationDuration" in self._resource.fields and (
            now - self._notified >= self._duration("repeatNotificationDuration")
        )

    def _duration(self, field: str) -> timedelta:
        return parse_duration(self._resource.fields[field]) or timedelta()

    def _notify(self, kind: MessageType, now: datetime) -> None:
        self._notified = now
        message = self._message(kind, now)
        pretty = self._resource.fields["messageFormat"] == "PRETTY_JSON"
        self._publish(self._resource, kind, json.dumps(message, indent=2 if pretty else None))

    def _message(self, kind: MessageType, now: datetime) -> dict[str, Any]:
        alarm = self._resource.fields
        return {
            "dedupeKey": self._dedupe_key,
            "title": alarm.get("notificationTitle") or alarm["displayName"],
            "body": alarm.get("body"),
            "type": kind.value,
            "severity": alarm["severity"],
            "timestampEpochMillis": int(now.timestamp()) * 1000,
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "alarmMetaData": [self._metadata("OK" if kind is MessageType.RESET else "FIRING")],
            "notificationType": "Grouped messages across metric streams",
            "version": 1.5,
        }

    def _metadata(self, status: str) -> dict[str, Any]:
        alarm, firing = self._resource.fields, 1 if status == "FIRING" else 0
        delay = math.ceil(self._duration("pendingDuration") / MINUTE)
        summary = (
            f'Alarm "{alarm["displayName"]}" is in a "{status}" state; because {firing} metrics meet the trigger rule: '
            f'"{alarm["query"]}", with a trigger delay of {delay} minute{"s" if delay > 1 else ""}'
        )
        return {
            "id": alarm["id"],
            "status": status,
            "severity": alarm["severity"],
            "namespace": alarm["namespace"],
            "query": alarm["query"],
            "totalMetricsFiring": firing,
            "dimensions": [{}] * firing,
            "alarmUrl": f"https://cloud.oracle.com/monitoring/alarms/{alarm['id']}?region={self._resource.region}",
            "alarmSummary": alarm.get("alarmSummary") or summary,
            "metricValues": [{alarm["query"]: "1"}] * firing,
        }


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + MINUTE
