"""A cloud with one of everything, and each operation that takes a body, with a body that has every modelled field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from infra.emulator.block_volume.limits import Limits
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.identity import Identity
from infra.emulator.ocids import new_ocid
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN, PHOENIX, PLACE

IDENTITY = Identity()
TOKEN = IDENTITY.issue_token(ASHBURN)
COMPARTMENT = IDENTITY.compartment_id
FUNCTION = new_ocid("fnfunc", ASHBURN)
HOSTS = {
    "20160918": f"https://iaas.{ASHBURN}.oraclecloud.com",
    "alarms": f"https://telemetry.{ASHBURN}.oraclecloud.com",
    "metrics": f"https://telemetry-ingestion.{ASHBURN}.oraclecloud.com",
    "rules": f"https://events.{ASHBURN}.oci.oraclecloud.com",
    "topics": f"https://notification.{ASHBURN}.oci.oraclecloud.com",
    "subscriptions": f"https://notification.{ASHBURN}.oci.oraclecloud.com",
}

NAMED = {"displayName": "payroll", "freeformTags": {"team": "payroll"}, "definedTags": {"cost": {"center": "42"}}}
TAGS = {name: NAMED[name] for name in ("freeformTags", "definedTags")}
PERFORMANCE = {"sizeInGBs": 200, "vpusPerGB": 20, "isAutoTuneEnabled": False}
PLACED = {"compartmentId": COMPARTMENT, "availabilityDomain": PLACE}
PROTECTED = {
    "retentionPeriod": {"retentionTimeUnit": "DAYS", "retentionTimeAmount": 7},
    "isPreventDeletionEnabled": False,
    "isRetentionLockEnabled": False,
    "isIndefiniteRetentionEnabled": False,
}
KEY, PHOENIX_KEY = ({"kmsKeyId": new_ocid("key", region)} for region in (ASHBURN, PHOENIX))


@dataclass
class World:
    """The cloud on a standing clock, driven in its own process; `ids` are those of its first resources, by path."""

    runner: asyncio.Runner
    cloud: Cloud
    ids: dict[str, str]

    def send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        """A signed request; `path` begins with the version, and holds `{collection}` for the id of a first resource."""
        address = "/" + path.format(**self.ids)
        _, version, collection, *_ = address.partition("?")[0].split("/")
        url = (HOSTS.get(version) or HOSTS[collection]) + address
        request = signed(method, url, f"ST${TOKEN.key_id}", TOKEN.private_key_pem, body=body)

        async def call() -> httpx.Response:
            # A fault of the emulator is raised here, with its traceback.
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.cloud.app())) as client:
                return await client.send(request)

        return self.runner.run(call())

    def make(self, path: str, body: object) -> str:
        """The id of what a create that must succeed has made."""
        answer = self.send("POST", path, json.dumps(body).encode())
        assert answer.status_code == 200, answer.text
        made = answer.json()
        return str(made["topicId"] if path.endswith("topics") else made["id"])

    def go_on(self) -> None:
        """Let a minute pass, in which alarms fire, events match, and messages go to all who subscribe."""

        async def pass_time() -> None:
            self.cloud.block_volume.seed_boot_volume(ASHBURN, "another")
            self.cloud.notifications.publish(ASHBURN, self.ids["topics"], "title", "body")
            self.cloud.clock.advance(timedelta(minutes=1))
            await self.cloud.delivery.settle()

        self.runner.run(pass_time())


@dataclass(frozen=True)
class Operation:
    """One operation, and a body that it takes; ids in it are written as `{collection}`."""

    method: str
    path: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('/')[2]}"

    def body_in(self, world: World) -> dict[str, Any]:
        return dict(_filled(self.body, world.ids))


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, ids) for inner in value]
    return ids.get(value[1:-1], value) if isinstance(value, str) and value.startswith("{") else value


def _from(kind: str, identifier: str) -> dict[str, Any]:
    return {"sourceDetails": {"type": kind, "id": identifier}}


_GROUP = {**NAMED, **PLACED}
_RESTORED_GROUP = {"type": "volumeGroupBackupId", "volumeGroupBackupId": "{volumeGroupBackups}"}
_RULE = {
    **NAMED,
    "description": "finished backups",
    "isEnabled": True,
    "condition": json.dumps({"eventType": ["com.oraclecloud.blockvolumes.*"], "data": {"resourceName": "another"}}),
    "actions": {
        "actions": [{"actionType": "FAAS", "isEnabled": True, "functionId": FUNCTION, "description": "copy"}],
    },
}
_ALARM = {
    **NAMED,
    "compartmentId": COMPARTMENT,
    "metricCompartmentId": COMPARTMENT,
    "metricCompartmentIdInSubtree": False,
    "namespace": "schedule",
    "resourceGroup": "nightly",
    "query": "Heartbeat[1m].absent(2h)",
    "resolution": "1m",
    "pendingDuration": "PT1M",
    "severity": "INFO",
    "body": "nightly",
    "isNotificationsPerMetricDimensionEnabled": False,
    "messageFormat": "RAW",
    "destinations": ["{topics}"],
    "repeatNotificationDuration": "PT1M",
    "suppression": {},
    "isEnabled": True,
    "overrides": [],
    "ruleName": "BASE",
    "notificationVersion": "1.X",
    "notificationTitle": "title",
    "evaluationSlackDuration": "PT3M",
    "alarmSummary": "summary",
}
_METRICS = {
    "metricData": [
        {
            "namespace": "backup_copies",
            "compartmentId": COMPARTMENT,
            "name": "Copied",
            "resourceGroup": "nightly",
            "dimensions": {"destinationRegion": PHOENIX},
            "metadata": {"unit": "count"},
            "datapoints": [{"timestamp": "2026-04-01T12:00:00.000Z", "value": 1.5, "count": 1}],
        },
    ],
    "batchAtomicity": "ATOMIC",
}
_SUBSCRIPTION = {
    "topicId": "{topics}",
    "compartmentId": COMPARTMENT,
    "protocol": "ORACLE_FUNCTIONS",
    "endpoint": FUNCTION,
    "metadata": "none",
    **TAGS,
}
_POLICY = {"backoffRetryPolicy": {"maxRetryDuration": 60_000, "policyType": "EXPONENTIAL"}}
_COPY = {"destinationRegion": PHOENIX, "displayName": "copy"}

OPERATIONS = [
    Operation("POST", "20160918/volumes", {**NAMED, **PLACED, **PERFORMANCE, **KEY, "isReservationsEnabled": False}),
    Operation("POST", "20160918/volumes", {**NAMED, **PLACED, **_from("volumeBackup", "{volumeBackups}")}),
    Operation("POST", "20160918/bootVolumes", {**NAMED, **PLACED, **_from("bootVolume", "{bootVolumes}")}),
    Operation(
        "POST", "20160918/volumeGroups", {**_GROUP, "sourceDetails": {"type": "volumeIds", "volumeIds": ["{spare}"]}}
    ),
    Operation("POST", "20160918/volumeGroups", {**_GROUP, "sourceDetails": _RESTORED_GROUP}),
    Operation(
        "POST",
        "20160918/volumeBackups",
        {**NAMED, **PROTECTED, **KEY, "type": "INCREMENTAL", "volumeId": "{volumes}"},
    ),
    Operation(
        "POST",
        "20160918/bootVolumeBackups",
        {**NAMED, **PROTECTED, **KEY, "type": "INCREMENTAL", "bootVolumeId": "{bootVolumes}"},
    ),
    Operation(
        "POST",
        "20160918/volumeGroupBackups",
        {
            **NAMED,
            **PROTECTED,
            "compartmentId": COMPARTMENT,
            "type": "INCREMENTAL",
            "volumeGroupId": "{volumeGroups}",
        },
    ),
    Operation(
        "PUT", "20160918/volumes/{volumes}", {**NAMED, **PERFORMANCE, "sizeInGBs": 1024, "isReservationsEnabled": False}
    ),
    Operation("PUT", "20160918/bootVolumes/{bootVolumes}", {**NAMED, **PERFORMANCE}),
    Operation("PUT", "20160918/volumeGroups/{volumeGroups}", {**NAMED, "volumeIds": ["{volumes}"]}),
    Operation("PUT", "20160918/volumeBackups/{volumeBackups}", {**NAMED, **PROTECTED, **KEY}),
    Operation("PUT", "20160918/bootVolumeBackups/{bootVolumeBackups}", {**NAMED, **PROTECTED, **KEY}),
    Operation("PUT", "20160918/volumeGroupBackups/{volumeGroupBackups}", {**NAMED, **PROTECTED}),
    Operation("POST", "20160918/volumeBackups/{volumeBackups}/actions/copy", {**_COPY, **PHOENIX_KEY}),
    Operation("POST", "20160918/bootVolumeBackups/{bootVolumeBackups}/actions/copy", {**_COPY, **PHOENIX_KEY}),
    Operation("POST", "20160918/volumeGroupBackups/{volumeGroupBackups}/actions/copy", {**_COPY, **PHOENIX_KEY}),
    Operation("POST", "20181201/rules", {**_RULE, "compartmentId": COMPARTMENT}),
    Operation("PUT", "20181201/rules/{rules}", _RULE),
    Operation("POST", "20180401/alarms", _ALARM),
    Operation("PUT", "20180401/alarms/{alarms}", _ALARM),
    Operation("POST", "20180401/metrics", _METRICS),
    Operation("POST", "20181201/topics", {"name": "new", "compartmentId": COMPARTMENT, "description": "new", **TAGS}),
    Operation("PUT", "20181201/topics/{topics}", {"description": "other", **TAGS}),
    Operation("POST", "20181201/topics/{topics}/messages", {"title": "nightly", "body": '{"operation": "Sweep"}'}),
    Operation("POST", "20181201/subscriptions", _SUBSCRIPTION),
    Operation("PUT", "20181201/subscriptions/{subscriptions}", {"deliveryPolicy": _POLICY, **TAGS}),
]


@contextmanager
def world(limits: Limits | None = None) -> Iterator[World]:
    """The cloud with one AVAILABLE resource of each kind, an alarm that fires, and a rule and a topic that are used."""
    with asyncio.Runner() as runner:
        clock = Clock(speed=None, start=datetime(2026, 4, 1, 12, tzinfo=UTC))
        cloud = Cloud([ASHBURN, PHOENIX], clock, limits or Limits(), IDENTITY)
        built = World(runner, cloud, {})
        _furnish(built)
        try:
            yield built
        finally:
            runner.run(cloud.aclose())


def _furnish(built: World) -> None:
    ids = built.ids
    ids["bootVolumes"] = built.cloud.block_volume.seed_boot_volume(ASHBURN, "boot")
    ids["volumes"] = built.make("20160918/volumes", PLACED)
    ids["spare"] = built.make("20160918/volumes", PLACED)
    ids["topics"] = built.make("20181201/topics", {"name": "ticks", "compartmentId": COMPARTMENT})
    built.go_on()
    members = {"type": "volumeIds", "volumeIds": [ids["volumes"]]}
    ids["volumeGroups"] = built.make("20160918/volumeGroups", {**PLACED, "sourceDetails": members})
    built.go_on()
    for backup, of in (
        ("volumeBackups", "volumes"),
        ("bootVolumeBackups", "bootVolumes"),
        ("volumeGroupBackups", "volumeGroups"),
    ):
        ids[backup] = built.make(f"20160918/{backup}", {f"{of[:-1]}Id": ids[of]})
    for path in ("20181201/rules", "20180401/alarms", "20181201/subscriptions"):
        create = next(operation for operation in OPERATIONS if operation.path == path)
        ids[path.partition("/")[2]] = built.make(path, create.body_in(built))
    built.go_on()
