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


@dataclass(frozen=True)
class Backup:
    """A volume group backup, or a copy of one, as the API shows it."""

    id: str
    name: str
    region: str
    state: str
    type: str
    copy_of: str | None
    members: int
    created: datetime
    tags: dict[str, str]


class Operator:
    """A user of the tenancy with an API key, who works with OCI's SDK as it is; nothing here is the emulator's own.

    `proxy_url` and `ca_file` are where and as what the cloud answers. Each method blocks until it is done; every
    error of the SDK is passed on.
    """

    def __init__(self, config_file: Path, proxy_url: str, ca_file: Path, compartment_id: str) -> None:
        self._config = oci.config.from_file(str(config_file))
        self._proxy_url, self._ca_file = proxy_url, ca_file
        self._compartment = {"compartment_id": compartment_id}

    def create_volume_group(self, region: str, name: str, boot_volume_id: str, volumes: Mapping[str, int]) -> str:
        """Create volumes (name -> GB) beside a boot volume and put them all into a group; its OCID once AVAILABLE."""
        storage, models = self._client(oci.core.BlockstorageClient, region), oci.core.models
        domain = {"availability_domain": storage.get_boot_volume(boot_volume_id).data.availability_domain}
        members = [boot_volume_id]
        for volume, gigabytes in volumes.items():
            details = models.CreateVolumeDetails(
                **self._compartment, **domain, display_name=volume, size_in_gbs=gigabytes
            )
            created = storage.create_volume(details).data.id
            members.append(_available(created, storage.get_volume))
        group = models.CreateVolumeGroupDetails(
            **self._compartment,
            **domain,
            display_name=name,
            source_details=models.VolumeGroupSourceFromVolumesDetails(volume_ids=members),
        )
        return _available(storage.create_volume_group(group).data.id, storage.get_volume_group)

    def subscribe(self, region: str, function_id: str) -> str:
        """Create a topic whose messages go to the function; its OCID."""
        topics = self._client(oci.ons.NotificationControlPlaneClient, region)
        details = oci.ons.models.CreateTopicDetails(**self._compartment, name="backup-schedule")
        topic_id = str(topics.create_topic(details).data.topic_id)
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

    def schedule(self, region: str, topic_id: str) -> str:
        """Start a daily tick: an alarm on a metric that nobody emits fires, and repeats; the alarm's OCID."""
        alarms = self._client(oci.monitoring.MonitoringClient, region)
        details = oci.monitoring.models.CreateAlarmDetails(
            **self._compartment,
            metric_compartment_id=self._compartment["compartment_id"],
            display_name="nightly",
            namespace="backup_schedule",
            query="tick[1m].absent(3d)",
            severity="INFO",
            pending_duration="PT1M",
            repeat_notification_duration="PT24H",
            destinations=[topic_id],
            is_enabled=True,
        )
        return str(alarms.create_alarm(details).data.id)

    def volume_group_backups(self, region: str) -> list[Backup]:
        """All backups and copies of volume groups in a region, oldest first."""
        storage = self._client(oci.core.BlockstorageClient, region)
        found = oci.pagination.list_call_get_all_results(
            storage.list_volume_group_backups, **self._compartment, sort_by="TIMECREATED", sort_order="ASC"
        )
        return [_backup(region, each) for each in found.data]

    def _client(self, kind: Callable[..., Any], region: str) -> Any:  # noqa: ANN401 - the SDK has no types
        client = kind({**self._config, "region": region}, timeout=(5, 10))
        session = client.base_client.session
        session.proxies, session.verify, session.trust_env = {"https": self._proxy_url}, str(self._ca_file), False
        return client


def _available(identifier: str, get: Callable[[str], Any]) -> str:
    while get(identifier).data.lifecycle_state != "AVAILABLE":
        time.sleep(0.05)
    return identifier


def _backup(region: str, shown: Any) -> Backup:  # noqa: ANN401 - the SDK has no types
    return Backup(
        id=shown.id,
        name=shown.display_name,
        region=region,
        state=shown.lifecycle_state,
        type=shown.type,
        copy_of=shown.source_volume_group_backup_id,
        members=len(shown.volume_backup_ids),
        created=shown.time_created,
        tags=dict(shown.freeform_tags),
    )
