"""How a film begins: the first backup of a source, and nothing else, step by step."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from infra.local.cast import Source
from infra.local.chronicle import Chronicle
from infra.local.opening import Opening
from infra.local.timeline import Moment, Tone

START = datetime(2026, 1, 2, tzinfo=UTC)
HOME, NEAR, FAR = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
SHOP = Source("ocid1.volumegroup.oc1.iad.shop", "shop", "group", (NEAR, FAR))
ALARM: dict[str, object] = {"kind": "alarm.fired", "name": "due-backups"}
NOT_JSON: dict[str, object] = {"kind": "function.wrote", "line": "not JSON"}
FINISHED = "com.oraclecloud.blockvolumes.createvolumegroupbackup.end"


@pytest.fixture
def told() -> list[Moment]:
    return []


@pytest.fixture
def chronicle(told: list[Moment]) -> Chronicle:
    chronicle = Chronicle(START, lambda backup: SHOP.id if "shop" in backup else "another", told.append)
    chronicle.sources = [SHOP]
    chronicle.opening = Opening(SHOP)
    return chronicle


def transition(backup: str, state: str, region: str = HOME, source: str | None = None) -> dict[str, object]:
    where = {"kind": "block_volume.transition", "time": START.isoformat(), "region": region, "group": None}
    return {**where, "resource": backup, "resource_kind": "volumegroupbackup", "state": state, "source": source}


def event(backup: str) -> dict[str, object]:
    return {"kind": "events.emitted", "resource": backup, "event_type": FINISHED}


def tagged(backup: str) -> dict[str, object]:
    return {"kind": "block_volume.updated", "resource": backup, "fields": ["freeformTags"]}


def wrote(**line: object) -> dict[str, object]:
    return {"kind": "function.wrote", "line": json.dumps(line)}


def finished(call_id: str, **counts: int) -> dict[str, object]:
    return wrote(event="invocation.finished", call_id=call_id, status="OK", counts=counts, duration_ms=123.4)


def steps(told: list[Moment]) -> list[tuple[str, str]]:
    return [(moment.lane, moment.text) for moment in told]


def test_a_backup_is_followed_from_the_alarm_to_its_last_copy(chronicle: Chronicle, told: list[Moment]) -> None:
    """Through the function's calls for it; then the opening is over, and nothing more is told of it."""
    for entry in [
        ALARM,
        transition("shop 1", "REQUEST_RECEIVED"),
        wrote(event="backup.created", backup_id="shop 1", call_id="a"),
        finished("a", created=1),
        transition("shop 1", "CREATING"),
        transition("shop 1", "AVAILABLE"),
        event("shop 1"),
        transition("near", "CREATING", NEAR, "shop 1"),
        tagged("shop 1"),
        wrote(event="copy.started", source_id="shop 1", call_id="b"),
        finished("b", copied=2),
        transition("far", "CREATING", FAR, "shop 1"),
        transition("near", "AVAILABLE", NEAR, "shop 1"),
        transition("far", "AVAILABLE", FAR, "shop 1"),
        ALARM,
        transition("shop 2", "REQUEST_RECEIVED"),
    ]:
        chronicle.take(entry)

    assert steps(told) == [
        (HOME, "the alarm due-backups fires: its topic calls the function"),
        (HOME, "a backup of shop begins"),
        ("function", "OK: 1 created, in 0.12 s"),
        (HOME, "the backup is AVAILABLE"),
        (HOME, "the event createvolumegroupbackup.end calls the function"),
        (NEAR, "a copy of the backup begins"),
        (HOME, "the tags of the backup name its copies"),
        ("function", "OK: 2 copied, in 0.12 s"),
        (FAR, "a copy of the backup begins"),
        (NEAR, "the copy is AVAILABLE"),
        (FAR, "the copy is AVAILABLE"),
    ]


def test_what_happens_to_others_is_not_told(chronicle: Chronicle, told: list[Moment]) -> None:
    """Neither other backups and calls for them, nor a second one of the same source; nor what is no line of a log."""
    chronicle.take(transition("shop 1", "REQUEST_RECEIVED"))
    for entry in [
        transition("web 1", "AVAILABLE"),
        transition("shop 2", "AVAILABLE"),
        transition("copy of web", "CREATING", NEAR, "web 1"),
        event("web 1"),
        tagged("web 1"),
        wrote(event="copy.started", source_id="web 1", call_id="a"),
        finished("a", copied=1),
        NOT_JSON,
        ALARM,
    ]:
        chronicle.take(entry)

    assert steps(told) == [(HOME, "a backup of shop begins")]


def test_a_backup_that_fails_ends_the_opening(chronicle: Chronicle, told: list[Moment]) -> None:
    """Nothing can come of it any more."""
    chronicle.take(transition("shop 1", "CREATING"))
    chronicle.take(transition("shop 1", "FAULTY"))

    assert chronicle.opening is not None
    assert chronicle.opening.is_over
    assert (told[1].text, told[1].tone) == ("the backup is FAULTY", Tone.BAD)


def test_a_copy_that_fails_is_waited_for_again(chronicle: Chronicle, told: list[Moment]) -> None:
    """The function makes another one."""
    for entry in [
        transition("shop 1", "CREATING"),
        transition("near", "CREATING", NEAR, "shop 1"),
        transition("far", "CREATING", FAR, "shop 1"),
        transition("far", "AVAILABLE", FAR, "shop 1"),
        transition("near", "FAULTY", NEAR, "shop 1"),
    ]:
        chronicle.take(entry)
    assert chronicle.opening is not None
    assert not chronicle.opening.is_over

    chronicle.take(transition("near again", "CREATING", NEAR, "shop 1"))
    chronicle.take(transition("near again", "AVAILABLE", NEAR, "shop 1"))
    assert chronicle.opening.is_over
    assert told[-1].text == "the copy is AVAILABLE"
