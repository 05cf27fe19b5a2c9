"""The promises of the emulated Monitoring service: alarms as a schedule, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import oci
import pytest

from infra.emulator.alarm_query import AbsenceQuery
from infra.emulator.durations import parse_duration
from infra.emulator.ocids import new_ocid
from infra.emulator.wire import ApiError
from tests.emulator.messaging import ALARMS, COMPARTMENT, FUNCTION, NOTIFICATIONS, Messaging, messaging


@pytest.fixture
def cloud() -> Iterator[Messaging]:
    with messaging() as running:
        yield running


@pytest.fixture
def topic(cloud: Messaging) -> str:
    """A topic that the function subscribes to."""
    made = cloud.made(f"{NOTIFICATIONS}/topics", {"name": "ticks", "compartmentId": COMPARTMENT})
    subscription = {"topicId": made["topicId"], "compartmentId": COMPARTMENT, "protocol": "ORACLE_FUNCTIONS"}
    cloud.made(f"{NOTIFICATIONS}/subscriptions", {**subscription, "endpoint": FUNCTION})
    return str(made["topicId"])


def alarm(topic: str, **changed: object) -> dict[str, Any]:
    made = {
        "displayName": "Nightly backup",
        "compartmentId": COMPARTMENT,
        "metricCompartmentId": COMPARTMENT,
        "namespace": "backup_schedule",
        "query": "Heartbeat[1m].absent()",
        "severity": "INFO",
        "destinations": [topic],
        "isEnabled": True,
    }
    return {**made, **changed}


def messages(cloud: Messaging) -> list[tuple[str, str]]:
    """What the function was told, in the order of its time: the message's type and the time of day."""
    told = sorted(cloud.function.bodies, key=lambda message: message["timestampEpochMillis"])
    return [(message["type"], message["timestamp"][11:16]) for message in told]


def test_an_alarm_fires_at_the_first_full_minute(cloud: Messaging, topic: str) -> None:
    """With the default pending duration of a minute the first evaluation already fires."""
    cloud.made(ALARMS, alarm(topic))
    cloud.advance(seconds=59)
    assert not cloud.function.calls
    cloud.advance(seconds=1)
    assert messages(cloud) == [("OK_TO_FIRING", "12:01")]


def test_an_alarm_waits_for_its_pending_duration(cloud: Messaging, topic: str) -> None:
    """The condition must have lasted that long."""
    cloud.made(ALARMS, alarm(topic, pendingDuration="PT5M"))
    cloud.advance(minutes=4, seconds=59)
    assert not cloud.function.calls
    cloud.advance(seconds=1)
    assert messages(cloud) == [("OK_TO_FIRING", "12:05")]


def test_an_alarm_fires_once_unless_it_repeats(cloud: Messaging, topic: str) -> None:
    """Without a repeat duration nothing follows while it fires."""
    cloud.made(ALARMS, alarm(topic))
    cloud.advance(minutes=90)
    assert messages(cloud) == [("OK_TO_FIRING", "12:01")]


def test_an_alarm_repeats_its_message_at_its_pace(cloud: Messaging, topic: str) -> None:
    """REPEAT comes each repeat duration after the first message."""
    cloud.made(ALARMS, alarm(topic, repeatNotificationDuration="PT20M"))
    cloud.advance(minutes=62)
    assert messages(cloud) == [
        ("OK_TO_FIRING", "12:01"),
        ("REPEAT", "12:21"),
        ("REPEAT", "12:41"),
        ("REPEAT", "13:01"),
    ]


def test_an_alarm_on_absence_takes_the_metric_for_gone_in_the_end(cloud: Messaging, topic: str) -> None:
    """Two hours of absence and ten minutes more make a RESET, sent three minutes later; then there is silence.

    So an absence alarm is a schedule for as long as its absence detection period, which is three days at most.
    """
    cloud.made(ALARMS, alarm(topic, repeatNotificationDuration="PT1H"))
    cloud.advance(hours=2, minutes=13)
    assert messages(cloud) == [("OK_TO_FIRING", "12:01"), ("REPEAT", "13:01"), ("REPEAT", "14:01")]
    cloud.advance(minutes=1)
    assert messages(cloud)[3:] == [("RESET", "14:11")]
    (reset,) = [message for message in cloud.function.bodies if message["type"] == "RESET"]
    assert reset["alarmMetaData"][0]["status"] == "OK"
    assert reset["alarmMetaData"][0]["totalMetricsFiring"] == 0
    cloud.advance(days=30)
    assert len(cloud.function.calls) == 4


def test_a_longer_absence_detection_period_keeps_the_schedule_going(cloud: Messaging, topic: str) -> None:
    """With `absent(3d)` the alarm repeats for three days."""
    cloud.made(ALARMS, alarm(topic, query="Heartbeat[1m].absent(3d)", repeatNotificationDuration="P1D"))
    cloud.advance(days=10)
    assert [kind for kind, _ in messages(cloud)] == ["OK_TO_FIRING", "REPEAT", "REPEAT", "REPEAT", "RESET"]


def test_a_message_is_complete(cloud: Messaging, topic: str) -> None:
    """All of what the alarm is, in the words of the API; without a body the body is null."""
    made = cloud.made(ALARMS, alarm(topic, severity="WARNING"))
    cloud.advance(minutes=1)
    (message,) = cloud.function.bodies
    (metadata,) = message.pop("alarmMetaData")
    assert message == {
        "dedupeKey": message["dedupeKey"],
        "title": "Nightly backup",
        "body": None,
        "type": "OK_TO_FIRING",
        "severity": "WARNING",
        "timestampEpochMillis": 1775044860000,
        "timestamp": "2026-04-01T12:01:00Z",
        "notificationType": "Grouped messages across metric streams",
        "version": 1.5,
    }
    assert metadata["id"] == made["id"]
    assert (metadata["status"], metadata["query"]) == ("FIRING", "Heartbeat[1m].absent()")
    assert metadata["alarmSummary"] == (
        'Alarm "Nightly backup" is in a "FIRING" state; because 1 metrics meet the trigger rule: '
        '"Heartbeat[1m].absent()", with a trigger delay of 1 minute'
    )


def test_the_operators_words_are_carried_as_they_are(cloud: Messaging, topic: str) -> None:
    """Body, notification title and summary are the operator's."""
    words = {"body": '{"operation": "Sweep"}', "notificationTitle": "Tick", "alarmSummary": "all is well"}
    cloud.made(ALARMS, alarm(topic, **words))
    cloud.advance(minutes=1)
    (message,) = cloud.function.bodies
    assert (message["body"], message["title"]) == (words["body"], "Tick")
    assert message["alarmMetaData"][0]["alarmSummary"] == "all is well"


def test_an_occurrence_keeps_its_identity_when_it_is_delivered_again(cloud: Messaging, topic: str) -> None:
    """After a 502 the same dedupe key and timestamp come again, byte for byte."""
    cloud.made(ALARMS, alarm(topic))
    cloud.function.answers = [502]
    cloud.advance(minutes=1)
    (_, first), (_, second) = cloud.function.calls
    assert first == second


def test_each_occurrence_has_its_own_timestamp_under_the_alarms_key(cloud: Messaging, topic: str) -> None:
    """The dedupe key stands for the alarm, the timestamp for the occurrence."""
    cloud.made(ALARMS, alarm(topic, repeatNotificationDuration="PT1M"))
    cloud.made(ALARMS, alarm(topic, displayName="another"))
    cloud.advance(minutes=3)
    mine = [m for m in cloud.function.bodies if m["title"] == "Nightly backup"]
    (other,) = [m for m in cloud.function.bodies if m["title"] == "another"]
    assert len({m["dedupeKey"] for m in mine}) == 1
    assert len({m["timestamp"] for m in mine}) == 3
    assert other["dedupeKey"] != mine[0]["dedupeKey"]


def test_a_disabled_alarm_is_silent_and_begins_anew_when_enabled(cloud: Messaging, topic: str) -> None:
    """Disabling ends the schedule without a message."""
    made = cloud.made(ALARMS, alarm(topic, repeatNotificationDuration="PT10M"))
    cloud.advance(minutes=1)
    url = f"{ALARMS}/{made['id']}"
    assert cloud.call("PUT", url, {"isEnabled": False}).status_code == 200
    cloud.advance(hours=1)
    assert messages(cloud) == [("OK_TO_FIRING", "12:01")]
    cloud.call("PUT", url, {"isEnabled": True})
    cloud.advance(minutes=1)
    assert messages(cloud)[1:] == [("OK_TO_FIRING", "13:02")]


def test_a_deleted_alarm_is_silent(cloud: Messaging, topic: str) -> None:
    """Nothing is sent any more, not even what was due."""
    made = cloud.made(ALARMS, alarm(topic))
    assert cloud.call("DELETE", f"{ALARMS}/{made['id']}").status_code == 204
    cloud.advance(hours=1)
    assert not cloud.function.calls
    assert cloud.call("GET", f"{ALARMS}/{made['id']}").status_code == 404


def test_an_alarm_that_is_disabled_before_its_reset_is_sent_stays_silent(cloud: Messaging, topic: str) -> None:
    """The slack period is no time for surprises."""
    made = cloud.made(ALARMS, alarm(topic))
    cloud.advance(hours=2, minutes=12)
    cloud.call("PUT", f"{ALARMS}/{made['id']}", {"isEnabled": False})
    cloud.advance(hours=1)
    assert messages(cloud) == [("OK_TO_FIRING", "12:01")]


def test_a_firing_alarm_takes_up_changes_where_it_is(cloud: Messaging, topic: str) -> None:
    """A new pace or body counts from the next message; the alarm does not begin anew."""
    made = cloud.made(ALARMS, alarm(topic))
    cloud.advance(minutes=31)
    cloud.call("PUT", f"{ALARMS}/{made['id']}", {"repeatNotificationDuration": "PT30M", "body": "new"})
    cloud.advance(minutes=1)
    assert messages(cloud) == [("OK_TO_FIRING", "12:01"), ("REPEAT", "12:32")]
    assert [m["body"] for m in cloud.function.bodies] == [None, "new"]


def test_pretty_messages_are_the_same_message(cloud: Messaging, topic: str) -> None:
    """PRETTY_JSON adds line breaks and nothing else."""
    cloud.made(ALARMS, alarm(topic, messageFormat="PRETTY_JSON"))
    cloud.advance(minutes=1)
    ((_, body),) = cloud.function.calls
    assert body.startswith(b'{\n  "dedupeKey"')


def test_a_topic_that_is_gone_does_not_stop_the_cloud(cloud: Messaging, topic: str) -> None:
    """The alarm goes on, and the diary says that no one was told."""
    cloud.made(ALARMS, alarm(new_ocid("onstopic", "us-ashburn-1"), repeatNotificationDuration="PT1M"))
    cloud.advance(minutes=2)
    assert len(cloud.noted("alarm.not_published")) == 2


def test_an_alarm_is_made_read_changed_and_listed(cloud: Messaging, topic: str) -> None:
    """Each answer holds fields of the API's models; the etag changes with the alarm."""
    made = cloud.made(ALARMS, alarm(topic))
    assert set(made) <= set(oci.monitoring.models.Alarm().attribute_map.values())
    read = cloud.call("GET", f"{ALARMS}/{made['id']}")
    assert read.json() == made
    cloud.advance(minutes=1)
    changed = cloud.call("PUT", f"{ALARMS}/{made['id']}", {"severity": "ERROR"}, if_match=read.headers["etag"])
    assert changed.json() == {**made, "severity": "ERROR", "timeUpdated": "2026-04-01T12:01:00.000Z"}
    assert cloud.call("PUT", f"{ALARMS}/{made['id']}", {}, if_match=read.headers["etag"]).status_code == 412
    (summary,) = cloud.call("GET", f"{ALARMS}?compartmentId={COMPARTMENT}&displayName=Nightly backup").json()
    assert set(summary) <= set(oci.monitoring.models.AlarmSummary().attribute_map.values())
    assert summary["severity"] == "ERROR"
    assert cloud.call("GET", f"{ALARMS}?compartmentId={COMPARTMENT}&lifecycleState=DELETED").json() == []


def test_the_same_retry_token_makes_one_alarm(cloud: Messaging, topic: str) -> None:
    """A repeated create neither makes a second alarm nor starts the first anew."""
    first = cloud.made(ALARMS, alarm(topic, pendingDuration="PT2M"), opc_retry_token="t")
    cloud.advance(minutes=1)
    assert cloud.made(ALARMS, alarm(topic, pendingDuration="PT2M"), opc_retry_token="t") == first
    cloud.advance(minutes=10)
    assert messages(cloud) == [("OK_TO_FIRING", "12:02")]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"query": "CpuUtilization[1m].mean() > 90"}, 501, "NotImplemented"),
        ({"query": "a[1m].absent() && b[1m].absent()"}, 501, "NotImplemented"),
        ({"query": "Heartbeat[61m].absent()"}, 400, "InvalidParameter"),
        ({"query": "Heartbeat[1m].absent(73h)"}, 400, "InvalidParameter"),
        ({"query": None}, 400, "MissingParameter"),
        ({"severity": "MILD"}, 400, "InvalidParameter"),
        ({"displayName": "x" * 256}, 400, "InvalidParameter"),
        ({"isEnabled": 1}, 400, "InvalidParameter"),
        ({"repeatNotificationDuration": "PT59S"}, 400, "InvalidParameter"),
        ({"repeatNotificationDuration": "P31D"}, 400, "InvalidParameter"),
        ({"repeatNotificationDuration": "1h"}, 400, "InvalidParameter"),
        ({"pendingDuration": "PT61M"}, 400, "InvalidParameter"),
        ({"evaluationSlackDuration": "PT1M"}, 400, "InvalidParameter"),
        ({"destinations": []}, 400, "InvalidParameter"),
        ({"destinations": ["https://example.com"]}, 400, "InvalidParameter"),
        ({"destinations": [7]}, 400, "InvalidParameter"),
        ({"destinations": [new_ocid("onstopic", "us-phoenix-1")]}, 400, "InvalidParameter"),
        ({"destinations": [new_ocid("stream", "us-ashburn-1")]}, 501, "NotImplemented"),
        ({"suppression": {"timeSuppressFrom": "x"}}, 501, "NotImplemented"),
        ({"overrides": [{"ruleName": "x"}]}, 501, "NotImplemented"),
        ({"isNotificationsPerMetricDimensionEnabled": True}, 501, "NotImplemented"),
        ({"body": "{{severity}} alarm"}, 501, "NotImplemented"),
        ({"colour": "red"}, 400, "InvalidParameter"),
    ],
)
def test_an_alarm_that_cannot_be_is_refused(
    cloud: Messaging, topic: str, changed: dict[str, Any], status: int, code: str
) -> None:
    """Malformed alarms get OCI's errors, what is not modelled a 501; neither leaves an alarm behind."""
    response = cloud.call("POST", ALARMS, alarm(topic, **changed))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert cloud.call("GET", f"{ALARMS}?compartmentId={COMPARTMENT}").json() == []


def test_metrics_are_refused(cloud: Messaging) -> None:
    """Posting them has an endpoint of its own; reading them is not modelled, nor the alarms' status and history."""
    base = ALARMS.removesuffix("/alarms")
    posted = cloud.call("POST", f"{base}/metrics", {})
    assert (posted.status_code, posted.json()["code"]) == (404, "NotAuthorizedOrNotFound")
    assert cloud.call("POST", f"{base}/metrics/actions/summarizeMetricsData", {}).status_code == 501
    assert cloud.call("GET", f"{ALARMS}/status?compartmentId=x").status_code == 501
    assert cloud.call("GET", f"{ALARMS}/x/history").status_code == 501


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ("Heartbeat[1m].absent()", timedelta(hours=2)),
        (' my.metric [ 5m ] {resourceId = "x", a =~ "b*"} .groupBy(resourceId) .absent( 20h ) ', timedelta(hours=20)),
        ("M[24h].grouping().absent(3d)", timedelta(days=3)),
        ("M[1d].absent(1m)", timedelta(minutes=1)),
        ("M[60m].absent(4320m)", timedelta(days=3)),
    ],
)
def test_an_absence_query_is_read(query: str, period: timedelta) -> None:
    """With dimensions, groups, and a detection period in minutes, hours or days."""
    assert AbsenceQuery.parse(query).period == period


@pytest.mark.parametrize("query", [f"M[{interval}].absent()" for interval in ("0m", "2d", "25h", "1s")])
def test_an_interval_that_oci_does_not_take_is_invalid(query: str) -> None:
    """Intervals are 1m to 60m, 1h to 24h or 1d."""
    with pytest.raises(ApiError) as raised:
        AbsenceQuery.parse(query)
    assert raised.value.status == 400


@pytest.mark.parametrize("query", [f"M[1m].absent({period})" for period in ("0m", "4d", "30s", f"{10**30}d")])
def test_a_detection_period_that_oci_does_not_take_is_invalid(query: str) -> None:
    """The absence detection period is 1m to 3d."""
    with pytest.raises(ApiError) as raised:
        AbsenceQuery.parse(query)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT1M", timedelta(minutes=1)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT90S", timedelta(seconds=90)),
        ("PT0S", timedelta()),
        *((text, None) for text in ("", "P", "PT", "P1DT", "1M", "pt1m", "PT1.5H", "-PT1M", "P1W", "P1M", "PT1M ")),
    ],
)
def test_a_duration_is_read_strictly(text: str, length: timedelta | None) -> None:
    """Days, hours, minutes and seconds in their order; anything else is no duration."""
    assert parse_duration(text) == length
