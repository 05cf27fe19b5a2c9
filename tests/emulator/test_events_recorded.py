"""The recorded messages in `tests/events`, and that what the emulator sends has their form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.emulator.ocids import parse_ocid
from tests.emulator.messaging import ALARMS, COMPARTMENT, EVENTS, FUNCTION, NOTIFICATIONS, Messaging, messaging

RECORDED = Path(__file__).parent.parent / "events"
OPEN = {"freeformTags", "definedTags", "additionalDetails", "dimensions", "metricValues"}
"""Objects whose keys are the operator's or the service's, not the form's."""

EMITTED = {
    "volume-group-backup-created": "com.oraclecloud.blockvolumes.createvolumegroupbackup.end",
    "volume-backup-created": "com.oraclecloud.blockvolumes.createvolumebackup.end",
    "boot-volume-backup-created": "com.oraclecloud.blockvolumes.createbootvolumebackup.end",
    "volume-backup-copied": "com.oraclecloud.blockvolumes.copyvolumebackup.end",
}


@pytest.fixture
def cloud() -> Iterator[Messaging]:
    with messaging() as running:
        yield running


def recorded(name: str) -> dict[str, Any]:
    return dict(json.loads((RECORDED / f"{name}.json").read_text()))


def form(value: object) -> object:
    """The keys of a message at every depth, and the types of what they hold; `null` may be anything."""
    if isinstance(value, dict):
        return {name: None if name in OPEN else form(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [form(inner) for inner in value]
    return None if value is None else type(value).__name__


@pytest.mark.parametrize(("name", "event_type"), EMITTED.items())
def test_an_emitted_event_has_the_form_of_the_recorded_one(cloud: Messaging, name: str, event_type: str) -> None:
    """Every key of the envelope and of its data, no more and no less."""
    action = {"actionType": "FAAS", "isEnabled": True, "functionId": FUNCTION}
    rule = {"displayName": "all", "compartmentId": COMPARTMENT, "isEnabled": True, "condition": "{}"}
    cloud.made(f"{EVENTS}/rules", {**rule, "actions": {"actions": [action]}})
    cloud.emit(event_type)
    (event,) = cloud.function.bodies
    assert form(event) == form(recorded(name))
    assert event["eventType"] == recorded(name)["eventType"] == event_type


def test_an_event_names_its_availability_domain_where_there_is_one(cloud: Messaging) -> None:
    """Backups belong to a region; a volume's event names its domain."""
    action = {"actionType": "FAAS", "isEnabled": True, "functionId": FUNCTION}
    rule = {"displayName": "all", "compartmentId": COMPARTMENT, "isEnabled": True, "condition": "{}"}
    cloud.made(f"{EVENTS}/rules", {**rule, "actions": {"actions": [action]}})
    cloud.emit(availability_domain="Uocm:US-ASHBURN-AD-1")
    (event,) = cloud.function.bodies
    assert event["data"]["availabilityDomain"] == "Uocm:US-ASHBURN-AD-1"


def test_alarm_messages_have_the_form_of_the_recorded_ones(cloud: Messaging) -> None:
    """For each type of message that the emulator sends."""
    topic = cloud.made(f"{NOTIFICATIONS}/topics", {"name": "t", "compartmentId": COMPARTMENT})["topicId"]
    subscription = {"topicId": topic, "compartmentId": COMPARTMENT, "protocol": "ORACLE_FUNCTIONS"}
    cloud.made(f"{NOTIFICATIONS}/subscriptions", {**subscription, "endpoint": FUNCTION})
    alarm: dict[str, object] = {
        "displayName": "Nightly backup",
        "compartmentId": COMPARTMENT,
        "metricCompartmentId": COMPARTMENT,
    }
    alarm |= {"namespace": "backup_schedule", "query": "Heartbeat[1m].absent()", "severity": "INFO"}
    alarm |= {"destinations": [topic], "isEnabled": True, "repeatNotificationDuration": "PT2H"}
    cloud.made(ALARMS, alarm)
    cloud.advance(hours=3)
    sent = {message["type"]: message for message in cloud.function.bodies}
    assert set(sent) == {"OK_TO_FIRING", "REPEAT", "RESET"}
    for kind, message in sent.items():
        assert form(message) == form(recorded(f"alarm-{kind.lower().replace('_', '-')}"))


def _ocids(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _ocids(inner)
    elif isinstance(value, str) and value.startswith("ocid1."):
        yield value


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_recorded_ocids_are_well_formed(path: Path) -> None:
    """Each has a kind, a region key (none for what is global) and sixty characters of its own."""
    found = list(_ocids(json.loads(path.read_text())))
    assert found
    for ocid in found:
        parsed = parse_ocid(ocid)
        assert parsed is not None
        assert parsed.region_key in {"iad", "phx"} or parsed.kind in {"compartment", "tenancy"}
        assert len(ocid.rpartition(".")[2]) == 60


def test_the_two_spellings_of_the_dedupe_key_are_recorded() -> None:
    """The documentation has both."""
    assert "dedupeKey" in recorded("alarm-repeat")
    assert "dedupekey" in recorded("alarm-with-lower-case-dedupekey")
    assert json.loads(recorded("alarm-with-operation")["body"])["operation"] == "CreateVolumeGroupBackup"
