"""What an operator does in a tenancy: sets up what is to be protected and what triggers the function, and looks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import oci

BACKED_UP = ("volume_group", "volume", "boot_volume")
"""The kinds of source, as the SDK writes them in the names of its methods and fields."""

Untyped = Any
"""What the SDK takes and returns: it ships no types."""


@dataclass(frozen=True)
class Backup:
    """A backup of a volume group, volume or boot volume, or a copy of one, as the API shows it.

    `members` is how many volumes a group's has, 1 for the others.
    """

    id: str
    name: str
    region: str
    state: str
    type: str
    source_id: str
    copy_of: str | None
    members: int
    created: datetime
    tags: dict[str, str]


class Operator:
    """A user of the tenancy with an API key, who works with OCI's SDK as it is; nothing here is the emulator's own.

    `proxy_url` and `ca_file` are where and as what the cloud answers. Each method blocks until it is done, and calls
    `wait` as long as something is not; what may pass is tried again, and every other error of the SDK is passed on.
    """

    def __init__(
        self,
        config_file: Path,
        proxy_url: str,
        ca_file: Path,
        compartment_id: str,
        wait: Callable[[], None] = lambda: time.sleep(0.05),
    ) -> None:
        self._config = oci.config.from_file(str(config_file))
        self._proxy_url, self._ca_file, self._wait = proxy_url, ca_file, wait
        self._compartment = {"compartment_id": compartment_id}
        self._clients: dict[tuple[Untyped, str], Untyped] = {}

    def create_volume(
        self, region: str, name: str, gigabytes: int, domain: str, tags: Mapping[str, str] | None = None
    ) -> str:
        """Create an empty volume in an availability domain, with these freeform tags; its OCID once AVAILABLE."""
        storage = self._storage(region)
        details = oci.core.models.CreateVolumeDetails(
            **self._compartment,
            availability_domain=domain,
            display_name=name,
            size_in_gbs=gigabytes,
            freeform_tags=tags,
        )
        return self._available(storage.create_volume(details).data.id, storage.get_volume)

    def create_volume_group(
        self,
        region: str,
        name: str,
        boot_volume_id: str,
        volumes: Mapping[str, int],
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Create volumes (name -> GB) beside a boot volume and put them all into a group; its OCID once AVAILABLE."""
        storage, models = self._storage(region), oci.core.models
        domain = self.domain_of(region, boot_volume_id)
        made = [self.create_volume(region, volume, gigabytes, domain) for volume, gigabytes in volumes.items()]
        group = models.CreateVolumeGroupDetails(
            **self._compartment,
            availability_domain=domain,
            display_name=name,
            freeform_tags=tags,
            source_details=models.VolumeGroupSourceFromVolumesDetails(volume_ids=[boot_volume_id, *made]),
        )
        return self._available(storage.create_volume_group(group).data.id, storage.get_volume_group)

    def domain_of(self, region: str, boot_volume_id: str) -> str:
        """The availability domain of a boot volume."""
        return str(self._storage(region).get_boot_volume(boot_volume_id).data.availability_domain)

    def create_topic(self, region: str, name: str) -> str:
        """Create a topic that nobody is subscribed to yet; its OCID."""
        topics = self._client(oci.ons.NotificationControlPlaneClient, region)
        details = oci.ons.models.CreateTopicDetails(**self._compartment, name=name)
        return str(topics.create_topic(details).data.topic_id)

    def subscribe(self, region: str, function_id: str) -> str:
        """Create a topic whose messages go to the function; its OCID."""
        topic_id = self.create_topic(region, "backup-schedule")
        subscriptions = self._client(oci.ons.NotificationDataPlaneClient, region)
        subscription = oci.ons.models.CreateSubscriptionDetails(
            **self._compartment, topic_id=topic_id, protocol="ORACLE_FUNCTIONS", endpoint=function_id
        )
        subscriptions.create_subscription(subscription)
        return topic_id

    def copy_when_backed_up(self, region: str, function_id: str, kinds: Sequence[str] = ("volumegroup",)) -> str:
        """Have every finished backup of what is of these kinds call the function; the OCID of the rule."""
        events, models = self._client(oci.events.EventsClient, region), oci.events.models
        condition = {"eventType": [f"com.oraclecloud.blockvolumes.create{kind}backup.end" for kind in kinds]}
        action = models.CreateFaaSActionDetails(is_enabled=True, function_id=function_id)
        details = models.CreateRuleDetails(
            **self._compartment,
            display_name="copy-finished-backups",
            is_enabled=True,
            condition=json.dumps(condition),
            actions=models.ActionDetailsList(actions=[action]),
        )
        return str(events.create_rule(details).data.id)

    def schedule(
        self, region: str, topic_id: str, *, name: str = "nightly", every: str = "PT24H", body: str | None = None
    ) -> str:
        """Start a tick, at once and `every` so often: an alarm on a metric that nobody emits; the alarm's OCID.

        What is in its `body` is for who hears it. It falls silent when the metric has been absent for three days.
        """
        details = oci.monitoring.models.CreateAlarmDetails(
            **self._compartment,
            metric_compartment_id=self._compartment["compartment_id"],
            display_name=name,
            namespace="backup_schedule",
            query="tick[1m].absent(3d)",
            severity="INFO",
            pending_duration="PT1M",
            repeat_notification_duration=every,
            destinations=[topic_id],
            body=body,
            is_enabled=True,
        )
        return str(self._client(oci.monitoring.MonitoringClient, region).create_alarm(details).data.id)

    def renew(self, region: str, alarm_id: str) -> None:
        """Have a tick of `schedule` go on, beginning with one at once, for three more days."""
        alarms = self._client(oci.monitoring.MonitoringClient, region)
        for is_enabled in (False, True):
            alarms.update_alarm(alarm_id, oci.monitoring.models.UpdateAlarmDetails(is_enabled=is_enabled))

    def volume_group_backups(self, region: str) -> list[Backup]:
        """All backups and copies of volume groups in a region, oldest first."""
        return self.backups(region, "volume_group")

    def backups(self, region: str, *kinds: str) -> list[Backup]:
        """All backups and copies in a region of sources of these kinds, oldest first; not those that are a group's."""
        found = [
            _backup(region, kind, each)
            for kind in kinds or BACKED_UP
            for each in oci.pagination.list_call_get_all_results(
                getattr(self._storage(region), f"list_{kind}_backups"), **self._compartment
            ).data
            if not getattr(each, "volume_group_backup_id", None)
        ]
        return sorted(found, key=lambda backup: backup.created)

    def _available(self, identifier: str, get: Callable[[str], Untyped]) -> str:
        while get(identifier).data.lifecycle_state != "AVAILABLE":
            self._wait()
        return identifier

    def _storage(self, region: str) -> Untyped:
        return self._client(oci.core.BlockstorageClient, region)

    def _client(self, kind: Callable[..., Untyped], region: str) -> Untyped:
        """Kept: a client is slow to make."""
        if (kind, region) not in self._clients:
            config, again = {**self._config, "region": region}, oci.retry.DEFAULT_RETRY_STRATEGY
            client = kind(config, timeout=(5, 10), retry_strategy=again)
            session = client.base_client.session
            session.proxies, session.verify, session.trust_env = {"https": self._proxy_url}, str(self._ca_file), False
            self._clients[kind, region] = client
        return self._clients[kind, region]


def _backup(region: str, kind: str, shown: Untyped) -> Backup:
    members = getattr(shown, "volume_backup_ids", None)
    return Backup(
        id=shown.id,
        name=shown.display_name,
        region=region,
        state=shown.lifecycle_state,
        type=shown.type,
        source_id=getattr(shown, f"{kind}_id"),
        copy_of=getattr(shown, f"source_{kind}_backup_id"),
        members=1 if members is None else len(members),
        created=shown.time_created,
        tags=dict(shown.freeform_tags),
    )
