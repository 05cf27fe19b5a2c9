"""The same small cloud twice: in memory behind the fakes, and emulated behind the real adapter and the real SDK."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Protocol

from handlers.cloud.api import Api
from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import Clients, connect
from handlers.cloud.itself import FunctionItself
from handlers.cloud.metrics import MonitoringMetrics
from handlers.cloud.notices import TopicNotices
from handlers.cloud.request import BLOCK_VOLUME, IDENTITY, INGESTION, NOTIFICATIONS, Service
from handlers.cloud.retry import Retry
from handlers.cloud.signer import resource_principal
from handlers.cloud.subscriptions import TenancySubscriptions
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.points import Point
from handlers.core.ports import Backups, Itself, Metrics, Notices, Regions, Subscriptions
from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from tests.fakes import COMPARTMENT, HOME, UNDER_WAY, FakeClock, FakeCloud, one_after_the_other

Tags = Mapping[str, str]
DefinedTags = Mapping[str, Mapping[str, Any]]

PATHS = {Kind.VOLUME_GROUP: "volumeGroup", Kind.VOLUME: "volume", Kind.BOOT_VOLUME: "bootVolume"}
LONGER_THAN_ANY_COPY_TAKES = timedelta(minutes=10)


class World(Protocol):
    """What a test of the ports arranges, which the ports themselves cannot do."""

    compartment_id: str
    elsewhere: str
    """Another compartment."""

    @property
    def backups(self) -> Regions: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def notices(self) -> Notices:
        """Those of a topic of this world's own."""
        ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def itself(self) -> Itself:
        """A function of this world's."""
        ...

    def handed_on(self) -> list[Any]:
        """The payloads with which that function was called."""
        ...

    def now(self) -> datetime:
        """The time in the cloud."""
        ...

    def add_source(
        self,
        kind: Kind,
        tags: Tags | None = None,
        compartment_id: str | None = None,
        name: str = "payroll",
        defined_tags: DefinedTags | None = None,
    ) -> str:
        """Make a volume, boot volume or group in the home region that can be backed up; its OCID.

        A group has one member, a volume of its own.
        """
        ...

    def add_scheduled_backup(self, kind: Kind, source_id: str) -> str:
        """Make a backup as Oracle's backup policies do; its OCID."""
        ...

    def delete_source(self, kind: Kind, source_id: str) -> None:
        """Delete a volume, boot volume or group, and wait until it is gone."""
        ...

    def wait(self) -> None:
        """Let everything that is under way come to its end."""
        ...

    def fail_next_copy(self, kind: Kind) -> None:
        """Let the next copy end FAULTY."""
        ...

    def delete(self, backup: Backup) -> None:
        """Delete a backup, and wait until it is gone."""
        ...

    def protect(self, backup: Backup) -> None:
        """Set the flag that prevents a backup's deletion."""
        ...

    def retain(self, backup: Backup, days: int) -> None:
        """Have a backup kept for so many days from its creation on."""
        ...

    def points(self) -> list[Point]:
        """What points this world's metrics have been given."""
        ...

    def published(self) -> list[tuple[str, str]]:
        """Title and body of what the topic was given."""
        ...

    def describe_topic(self, tags: Tags) -> None:
        """Somebody else changes the topic: its description, and its tags."""
        ...

    def delete_topic(self) -> None: ...

    def unsubscribe(self, region: str) -> None:
        """Let the tenancy not be subscribed to a region."""
        ...


class FakeWorld:
    """The fakes."""

    compartment_id, elsewhere = COMPARTMENT, f"{COMPARTMENT}-elsewhere"

    def __init__(self) -> None:
        self.cloud = FakeCloud()
        self._copies_end = Lifecycle.AVAILABLE

    @property
    def backups(self) -> Regions:
        return self.cloud

    @property
    def metrics(self) -> Metrics:
        return self.cloud.metrics

    @property
    def notices(self) -> Notices:
        return self.cloud.notices

    @property
    def subscriptions(self) -> Subscriptions:
        return self.cloud.subscriptions

    @property
    def itself(self) -> Itself:
        return self.cloud.itself

    def handed_on(self) -> list[Any]:
        return list(self.cloud.itself.payloads)

    def now(self) -> datetime:
        return self.cloud.clock.now()

    def add_source(
        self,
        kind: Kind,
        tags: Tags | None = None,
        compartment_id: str | None = None,
        name: str = "payroll",
        defined_tags: DefinedTags | None = None,
    ) -> str:
        place = compartment_id or COMPARTMENT
        flat = {f"{space}.{key}": value for space, each in (defined_tags or {}).items() for key, value in each.items()}
        source = self.cloud.add_source(kind, tags, name=name, defined_tags=flat, compartment_id=place)
        if kind is Kind.VOLUME_GROUP:
            self.cloud.add_source(Kind.VOLUME, group_id=source.id, compartment_id=place)
        return source.id

    def add_scheduled_backup(self, kind: Kind, source_id: str) -> str:
        return self.cloud.add_backup(kind, source_id=source_id, is_scheduled=True).id

    def delete_source(self, kind: Kind, source_id: str) -> None:
        self.cloud.sources[source_id] = replace(self.cloud.sources[source_id], lifecycle=Lifecycle.TERMINATED)

    def wait(self) -> None:
        for backup in list(self.cloud.backups.values()):
            if backup.lifecycle is Lifecycle.TERMINATING:
                self.cloud.change(backup, lifecycle=Lifecycle.TERMINATED)
            elif backup.lifecycle in UNDER_WAY:
                end = self._copies_end if backup.copied_from else Lifecycle.AVAILABLE
                self.cloud.change(backup, lifecycle=end, stored_gb=50 if end is Lifecycle.AVAILABLE else None)
        self._copies_end = Lifecycle.AVAILABLE

    def fail_next_copy(self, kind: Kind) -> None:
        self._copies_end = Lifecycle.FAULTY

    def delete(self, backup: Backup) -> None:
        self.cloud.change(self.cloud.backups[backup.id], lifecycle=Lifecycle.TERMINATED)

    def protect(self, backup: Backup) -> None:
        self.cloud.change(self.cloud.backups[backup.id], is_protected=True)

    def retain(self, backup: Backup, days: int) -> None:
        until = backup.time_created + timedelta(days=days)
        self.cloud.change(self.cloud.backups[backup.id], retained_until=until)

    def points(self) -> list[Point]:
        return self.cloud.metrics.points

    def published(self) -> list[tuple[str, str]]:
        return [(each.title, each.body) for each in self.cloud.notices.messages]

    def describe_topic(self, tags: Tags) -> None:
        self.cloud.notices.change_tags(tags)

    def delete_topic(self) -> None:
        self.cloud.notices.is_gone = True

    def unsubscribe(self, region: str) -> None:
        self.cloud.subscribed.remove(region)


class EmulatedWorld:
    """The adapters over the SDK, with a resource principal's signatures, against the emulated cloud.

    Its compartments and its topic are its own. Pauses between attempts take no time.
    """

    _numbers = itertools.count()

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.compartment_id = self._add_compartment("payroll")
        self.elsewhere = self._add_compartment("elsewhere")
        self._signer = resource_principal(emulator.resource_principal(HOME))
        self._clients: dict[tuple[Service, str], Clients] = {}

    def backups(self, region: str, patience: Callable[[], float] = lambda: 30.0) -> Backups:
        return RegionBackups(region, self._clients_of(BLOCK_VOLUME, region), self._retry(patience))

    @property
    def metrics(self) -> Metrics:
        return MonitoringMetrics(partial(self._api, INGESTION), lambda: self.compartment_id, one_after_the_other)

    @property
    def notices(self) -> Notices:
        return TopicNotices(self.topic_id, partial(self._api, NOTIFICATIONS))

    @property
    def subscriptions(self) -> Subscriptions:
        tenancy_id = self.emulator.call(lambda cloud: cloud.identity.tenancy_id)
        return TenancySubscriptions(partial(self._api, IDENTITY), lambda: tenancy_id)

    @cached_property
    def function_id(self) -> str:
        """One that nobody answers for: whoever detaches a call does not notice."""
        function_id = new_ocid("fnfunc", HOME)
        self.emulator.register_function(function_id, "http://127.0.0.1:1/invoke")
        return function_id

    @property
    def itself(self) -> Itself:
        return FunctionItself(self.function_id, self._api)

    def handed_on(self) -> list[Any]:
        calls = self.emulator.call(lambda cloud: list(cloud.functions.invoked))
        own = [each for each in calls if each.function_id == self.function_id and each.invoke_type == "detached"]
        return [json.loads(each.body) for each in own]

    @cached_property
    def topic_id(self) -> str:
        details = {"name": f"alerts-{next(self._numbers)}", "compartmentId": self.compartment_id}
        return str(self._ask(HOME, "POST", "/topics", details, NOTIFICATIONS)["topicId"])

    @property
    def topic(self) -> Any:
        """The topic as the API shows it."""
        return self._ask(HOME, "GET", f"/topics/{self.topic_id}", None, NOTIFICATIONS)

    def client(self, region: str, service: Service = BLOCK_VOLUME) -> Any:
        """The SDK's client of a service in a region, led to the emulator whatever proxy this machine has."""
        client = connect(service, region, self._signer)
        client.session.trust_env = False
        client.session.proxies = {"https": self.emulator.proxy_url}
        client.session.verify = str(self.emulator.ca_file)
        return client

    def now(self) -> datetime:
        return self.emulator.call(lambda cloud: cloud.clock.now())

    def add_source(
        self,
        kind: Kind,
        tags: Tags | None = None,
        compartment_id: str | None = None,
        name: str = "payroll",
        defined_tags: DefinedTags | None = None,
    ) -> str:
        facts = {"displayName": name, "freeformTags": dict(tags or {}), "definedTags": dict(defined_tags or {})}
        source_id = self._make(kind, {"compartmentId": compartment_id or self.compartment_id, **facts})
        self.wait()
        return source_id

    def add_scheduled_backup(self, kind: Kind, source_id: str) -> str:
        (which,) = (each for each in BACKUPS if each.name == f"{kind}Backup")
        backup_id = self.emulator.call(lambda cloud: cloud.block_volume.seed_scheduled_backup(which, HOME, source_id))
        self.wait()
        return backup_id

    def delete_source(self, kind: Kind, source_id: str) -> None:
        self.client(HOME).call_api(f"/{PATHS[kind]}s/{source_id}", "DELETE")
        self.wait()

    def wait(self) -> None:
        self.emulator.advance(LONGER_THAN_ANY_COPY_TAKES)

    def fail_next_copy(self, kind: Kind) -> None:
        self.emulator.call(lambda cloud: cloud.block_volume.fail_next(f"Copy{kind}Backup"))

    def delete(self, backup: Backup) -> None:
        self.client(backup.region).call_api(f"/{PATHS[backup.kind]}Backups/{backup.id}", "DELETE")
        self.wait()

    def protect(self, backup: Backup) -> None:
        self._change(backup, {"isPreventDeletionEnabled": True})

    def retain(self, backup: Backup, days: int) -> None:
        self._change(backup, {"retentionPeriod": {"retentionTimeUnit": "DAYS", "retentionTimeAmount": days}})

    def points(self) -> list[Point]:
        found = self.emulator.call(lambda cloud: list(cloud.metrics.points))
        return [
            Point(each.name, each.dimensions, each.timestamp, each.value)
            for each in found
            if (each.region, each.namespace, each.compartment_id) == (HOME, "backup_copy", self.compartment_id)
        ]

    def published(self) -> list[tuple[str, str]]:
        found = self.emulator.call(lambda cloud: list(cloud.notifications.published))
        return [(each.title, each.body) for each in found if each.topic_id == self.topic_id]

    def describe_topic(self, tags: Tags) -> None:
        details = {"description": "Who is told of late copies", "freeformTags": dict(tags)}
        self._ask(HOME, "PUT", f"/topics/{self.topic_id}", details, NOTIFICATIONS)

    def delete_topic(self) -> None:
        self.client(HOME, NOTIFICATIONS).call_api(f"/topics/{self.topic_id}", "DELETE")

    def unsubscribe(self, region: str) -> None:
        self.emulator.call(lambda cloud: cloud.unsubscribe(region))

    def _api(self, service: Service) -> Api:
        return Api(service, HOME, self._clients_of(service, HOME), self._retry(lambda: 30.0))

    def _clients_of(self, service: Service, region: str) -> Clients:
        return self._clients.setdefault((service, region), Clients(partial(self.client, region, service)))

    def _retry(self, patience: Callable[[], float]) -> Retry:
        return Retry(patience, FakeClock().sleep, lambda: 0.5)

    def _add_compartment(self, name: str) -> str:
        return self.emulator.call(lambda cloud: cloud.identity.create_compartment(name))

    def _make(self, kind: Kind, details: Mapping[str, Any]) -> str:
        match kind:
            case Kind.BOOT_VOLUME:
                given = {**details}
                name = given.pop("displayName")
                return self.emulator.call(lambda cloud: cloud.block_volume.seed_boot_volume(HOME, name, **given))
            case Kind.VOLUME_GROUP:
                volume = self._make(Kind.VOLUME, {"compartmentId": details["compartmentId"]})
                self.wait()
                details = {**details, "sourceDetails": {"type": "volumeIds", "volumeIds": [volume]}}
        place = {"availabilityDomain": "Emul:US-ASHBURN-1-AD-1"}
        return str(self._ask(HOME, "POST", f"/{PATHS[kind]}s", {**place, **details})["id"])

    def _change(self, backup: Backup, details: Mapping[str, Any]) -> None:
        self._ask(backup.region, "PUT", f"/{PATHS[backup.kind]}Backups/{backup.id}", details)

    def _ask(
        self, region: str, method: str, path: str, body: Mapping[str, Any] | None, service: Service = BLOCK_VOLUME
    ) -> Any:
        headers = {"content-type": "application/json"}
        client = self.client(region, service)
        return client.call_api(path, method, header_params=headers, body=body, response_type="object").data


def body_of(kind: Kind, source_id: str, **fields: Any) -> dict[str, Any]:
    """The request body that makes a backup of this source."""
    return {f"{PATHS[kind]}Id": source_id, **fields}


def stale(backup: Backup) -> Backup:
    """The same backup as somebody knows it who read it long ago."""
    return replace(backup, etag="an-etag-of-long-ago")
