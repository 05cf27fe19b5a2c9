"""Due backups, retention and the report, through the function's real process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import oci
import pytest

from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.tokens import copy_provenance, mark, slot_tags, source_provenance
from infra.emulator.block_volume.kinds import VOLUME, VOLUME_BACKUP
from infra.emulator.block_volume.volumes import availability_domain
from infra.emulator.server import Emulator
from tests.e2e.rehearsal import Rehearsal, rehearse
from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX, Tenant

NIGHTS = 10
POLICY = {"defaults": {"destinations": [PHOENIX], "every": "1d", "keep": "last 3"}}
KEYS = {"POLICY": json.dumps(POLICY), "MAX_DELETE_PERCENT": "90"}


@pytest.fixture
def cloud() -> Iterator[Emulator]:
    with Emulator([ASHBURN, PHOENIX, FRANKFURT], speed=None) as running:
        yield running


def topic_of(cloud: Emulator) -> str:
    """A topic that nobody subscribes to: what is published to it can be seen nevertheless."""
    tenant = Tenant(cloud, cloud.compartment_id)
    details = oci.ons.models.CreateTopicDetails(name="people", compartment_id=cloud.compartment_id)
    return str(tenant.connect(oci.ons.NotificationControlPlaneClient).create_topic(details).data.topic_id)


class Past:
    """A volume that was backed up and copied every night by the function, the last time yesterday."""

    def __init__(self, cloud: Emulator, compartment_id: str, *, marked: bool = False, until: int = 1) -> None:
        self._start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=NIGHTS)
        self._compartment_id, self._marked, self._until = compartment_id, marked, until
        self.backups: list[str] = []
        self.copies: list[str] = []
        cloud.call(lambda running: self._write(running.block_volume.history(self._start)))

    def _write(self, past: Any) -> None:
        place = availability_domain(ASHBURN)
        named = {"compartmentId": self._compartment_id, "availabilityDomain": place, "displayName": "ledger"}
        self.volume_id = past.create(VOLUME, ASHBURN, **named)
        for _ in range(NIGHTS - self._until):
            past.pass_time(timedelta(days=1))
            self._back_up(past)

    def _back_up(self, past: Any) -> None:
        slot = slot_tags(self.volume_id, past.now)
        original = past.create(VOLUME_BACKUP, ASHBURN, volumeId=self.volume_id, freeformTags=slot)
        copy = past.copy(VOLUME_BACKUP, original, ASHBURN, PHOENIX)
        now, facts = past.now, (Lifecycle.AVAILABLE, past.now, self.volume_id)
        ours = Backup(Kind.VOLUME, original, ASHBURN, self._compartment_id, *facts)
        theirs = Backup(Kind.VOLUME, copy, PHOENIX, self._compartment_id, *facts)
        marks = [mark(each, now + timedelta(hours=1)) if self._marked else {} for each in (original, copy)]
        past.update(VOLUME_BACKUP, original, ASHBURN, freeformTags=slot | source_provenance([theirs]) | marks[0])
        past.update(VOLUME_BACKUP, copy, PHOENIX, freeformTags=copy_provenance(ours) | marks[1])
        self.backups.append(original)
        self.copies.append(copy)


def states(rehearsal: Rehearsal, region: str) -> dict[str, str]:
    """The lifecycle state of each volume backup in a region, as the SDK's own client sees it."""
    found = (
        rehearsal.tenant.block_volume(region).list_volume_backups(compartment_id=rehearsal.tenant.compartment_id).data
    )
    return {each.id: each.lifecycle_state for each in found}


def test_two_ticks_at_once_make_one_backup_of_each_source(cloud: Emulator) -> None:
    """And a third one later finds nothing due."""
    with rehearse(cloud, KEYS) as running:
        volume = running.tenant.volume().id
        due = {"operation": "CreateDueBackups", "compartmentId": running.tenant.compartment_id}
        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(running.invoke, [due, due]))
        assert {answer["status"] for answer in answers} == {"OK"}
        running.tenant.pass_time()
        (backup,) = (
            running.tenant.block_volume().list_volume_backups(running.tenant.compartment_id, volume_id=volume).data
        )

        assert backup.freeform_tags.keys() == {"backup-copy-slot"}
        assert running.outcomes(due) == ["exists"]


def test_what_no_retention_keeps_is_marked_and_nothing_is_deleted_yet(cloud: Emulator) -> None:
    """The newest three stay as they are, at home and where the copies are; a second call only waits."""
    with rehearse(cloud, KEYS) as running:
        past = Past(cloud, running.tenant.compartment_id)
        prune = {"operation": "PruneCopies", "compartmentId": running.tenant.compartment_id}
        assert running.invoke({**prune, "dryRun": True})["counts"] == {"kept": 6, "planned": 12}
        assert running.invoke(prune)["counts"] == {"kept": 6, "marked": 12}
        assert running.invoke(prune)["counts"] == {"deferred": 12, "kept": 6}

        assert states(running, ASHBURN) == dict.fromkeys(past.backups, "AVAILABLE")
        assert states(running, PHOENIX) == dict.fromkeys(past.copies, "AVAILABLE")
        assert running.tenant.happened("block_volume.updated")


def test_what_was_marked_long_enough_ago_is_deleted(cloud: Emulator) -> None:
    """With its copies it goes from both regions; a sweep makes none of them again."""
    with rehearse(cloud, KEYS) as running:
        past = Past(cloud, running.tenant.compartment_id, marked=True)
        prune = {"operation": "PruneCopies", "compartmentId": running.tenant.compartment_id}
        assert running.invoke(prune)["counts"] == {"deleted": 12, "kept": 6}
        running.tenant.pass_time()

        gone, left = dict.fromkeys(past.backups[:-3], "TERMINATED"), dict.fromkeys(past.backups[-3:], "AVAILABLE")
        assert states(running, ASHBURN) == gone | left
        copies = states(running, PHOENIX)
        assert [copies[each] for each in past.copies] == ["TERMINATED"] * 6 + ["AVAILABLE"] * 3
        answer = running.invoke({"operation": "Sweep", "compartmentId": running.tenant.compartment_id})
        assert answer["counts"].keys() <= {"exists", "not_ready"}
        points = cloud.call(lambda running: [each.value for each in running.metrics.points if each.name == "deletions"])
        assert points == [6.0, 6.0]


def test_too_much_at_once_is_held_and_somebody_is_told_once(cloud: Emulator) -> None:
    """A policy with a mistake in it, such as a keep that is far too short, deletes nothing."""
    with rehearse(cloud, {**KEYS, "MAX_DELETE_PERCENT": "20", "NOTIFICATION_TOPIC_ID": topic_of(cloud)}) as running:
        past = Past(cloud, running.tenant.compartment_id, marked=True)
        prune = {"operation": "PruneCopies", "compartmentId": running.tenant.compartment_id}
        for _ in range(2):
            answer = running.invoke(prune)
            assert answer["status"] == "FAILED"
            assert answer["counts"] == {"failed": 12, "kept": 6}
            assert {each["reason"] for each in answer["results"] if each["outcome"] == "failed"} == {"held"}

        assert states(running, ASHBURN) == dict.fromkeys(past.backups, "AVAILABLE")
        assert states(running, PHOENIX) == dict.fromkeys(past.copies, "AVAILABLE")
        (message,) = cloud.call(lambda running: list(running.notifications.published))
        assert "MAX_DELETE_PERCENT" in message.body


def test_a_breach_is_told_once_and_measured_at_each_sweep(cloud: Emulator) -> None:
    """The last backup is four days old, and its target two days."""
    with rehearse(cloud, {**KEYS, "NOTIFICATION_TOPIC_ID": topic_of(cloud)}) as running:
        past = Past(cloud, running.tenant.compartment_id, until=4)
        for _ in range(2):
            running.invoke({"operation": "ReportCopies", "compartmentId": running.tenant.compartment_id})

        (message,) = cloud.call(lambda running: list(running.notifications.published))
        assert past.volume_id in message.body
        assert "What to do" in message.body
        points = cloud.call(
            lambda running: [each for each in running.metrics.points if past.volume_id in each.dimensions.values()]
        )
        breaches = [each.value for each in points if each.name == "recovery_point_breach"]
        assert breaches == [1.0, 1.0]


def test_a_report_is_a_page(cloud: Emulator) -> None:
    """What `fn invoke` prints is HTML, and may be put into a file as it is."""
    with rehearse(cloud, KEYS) as running:
        Past(cloud, running.tenant.compartment_id)
        asked = {"operation": "ReportCopies", "compartmentId": running.tenant.compartment_id}
        page = running.post({**asked, "format": "html"})
        text = running.post({**asked, "format": "markdown"})

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.lower().startswith("<!doctype html>")
    assert "ledger" in page.text
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "ledger" in text.text


def test_the_destination_alone_tells_how_it_stands(cloud: Emulator) -> None:
    """The source region is dark, and the function runs where the copies are."""
    config = {**KEYS, "SOURCE_REGION": ASHBURN}
    environment = {**cloud.environment(), **cloud.resource_principal(PHOENIX)}
    with rehearse(cloud, config, environment) as running:
        past = Past(cloud, running.tenant.compartment_id)
        cloud.call(lambda running: running.faults.region_down(ASHBURN))
        url, asked = running.server.invoke_url(running.function), {"operation": "ReportCopies"}
        content = json.dumps({**asked, "compartmentId": running.tenant.compartment_id})
        answer = httpx.post(url, content=content, timeout=280).raise_for_status().json()
        told = [each for each in answer["results"] if each["sourceId"] == past.volume_id]

    assert answer["status"] == "PARTIAL"
    assert [(each["destinationRegion"], each["copies"]) for each in told] == [(PHOENIX, NIGHTS - 1)]
    assert told[0]["recoveryPoint"] is not None
    assert told[0]["targetSeconds"] == timedelta(days=2).total_seconds()
