"""Events, Monitoring and Notifications behind proxy, TLS and signatures, set up by the unmodified SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import oci
import pytest
from oci.circuit_breaker import NoCircuitBreakerStrategy
from oci.events.models import ActionDetailsList, CreateFaaSActionDetails, CreateRuleDetails, UpdateRuleDetails
from oci.monitoring.models import CreateAlarmDetails, UpdateAlarmDetails
from oci.ons.models import CreateSubscriptionDetails, CreateTopicDetails, MessageDetails, TopicAttributesDetails

from infra.emulator.faults.fault import Answer
from infra.emulator.server import Emulator
from tests.emulator.messaging import FUNCTION, Function
from tests.emulator.tenant import REGIONS, Tenant, refusal

FINISHED = json.dumps({"eventType": ["com.oraclecloud.blockvolumes.create*backup.end"]})


class Operator:
    """Who sets things up: one client of the SDK for each service."""

    def __init__(self, emulator: Emulator) -> None:
        self.tenant = Tenant(emulator, emulator.compartment_id)
        self.events = self._connect(oci.events.EventsClient)
        self.monitoring = self._connect(oci.monitoring.MonitoringClient)
        self.topics = self._connect(oci.ons.NotificationControlPlaneClient)
        self.subscriptions = self._connect(oci.ons.NotificationDataPlaneClient)

    def pass_time(self, **step: float) -> None:
        """Move the clock and wait until what was delivered meanwhile is answered."""
        emulator = self.tenant.emulator
        emulator.advance(timedelta(**step))
        asyncio.run_coroutine_threadsafe(emulator.cloud.delivery.settle(), emulator._loop).result()

    def subscribe(self) -> str:
        """A topic that the function subscribes to."""
        compartment = self.tenant.compartment_id
        details = CreateTopicDetails(name="ticks", compartment_id=compartment)
        topic_id = str(self.topics.create_topic(details).data.topic_id)
        subscription = CreateSubscriptionDetails(
            topic_id=topic_id, compartment_id=compartment, protocol="ORACLE_FUNCTIONS", endpoint=FUNCTION
        )
        assert self.subscriptions.create_subscription(subscription).data.lifecycle_state == "ACTIVE"
        return topic_id

    def _connect(self, kind: Any) -> Any:
        client = kind(self.tenant.config(), circuit_breaker_strategy=NoCircuitBreakerStrategy())
        # As an environment would say it, but for this client alone.
        session = client.base_client.session
        session.trust_env = False
        session.proxies = {"https": self.tenant.emulator.proxy_url}
        session.verify = str(self.tenant.emulator.ca_file)
        return client


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def operator(function: Function) -> Iterator[Operator]:
    with function.listening() as url, Emulator(REGIONS, speed=None) as emulator:
        emulator.register_function(FUNCTION, url)
        yield Operator(emulator)


def test_a_rule_brings_a_finished_backup_to_the_function(operator: Operator, function: Function) -> None:
    """From CreateRule over CreateVolumeBackup to the call of the function, once."""
    action = CreateFaaSActionDetails(is_enabled=True, function_id=FUNCTION)
    details = CreateRuleDetails(
        display_name="finished",
        compartment_id=operator.tenant.compartment_id,
        is_enabled=True,
        condition=FINISHED,
        actions=ActionDetailsList(actions=[action]),
    )
    rule = operator.events.create_rule(details).data
    backup = operator.tenant.volume_backup(operator.tenant.volume().id)
    operator.pass_time(seconds=1)
    (event,) = function.bodies
    assert event["eventType"] == "com.oraclecloud.blockvolumes.createvolumebackup.end"
    assert event["data"]["resourceId"] == backup.id
    off = operator.events.update_rule(rule.id, UpdateRuleDetails(is_enabled=False)).data
    assert off.lifecycle_state == "INACTIVE"
    listed = oci.pagination.list_call_get_all_results(operator.events.list_rules, operator.tenant.compartment_id).data
    assert [found.id for found in listed] == [rule.id]
    operator.events.delete_rule(rule.id)
    assert refusal(lambda: operator.events.get_rule(rule.id)) == (404, "NotAuthorizedOrNotFound")


def test_an_alarm_is_a_schedule_for_the_function(operator: Operator, function: Function) -> None:
    """From CreateAlarm over the topic to a call of the function at each repeat."""
    compartment = operator.tenant.compartment_id
    details = CreateAlarmDetails(
        display_name="nightly",
        compartment_id=compartment,
        metric_compartment_id=compartment,
        namespace="backup_schedule",
        query="Heartbeat[1m].absent(3d)",
        severity="INFO",
        body='{"operation": "Sweep"}',
        destinations=[operator.subscribe()],
        repeat_notification_duration="P1D",
        is_enabled=True,
    )
    alarm = operator.monitoring.create_alarm(details).data
    operator.pass_time(days=2)
    assert sorted(message["type"] for message in function.bodies) == ["OK_TO_FIRING", "REPEAT"]
    assert {message["body"] for message in function.bodies} == {'{"operation": "Sweep"}'}
    operator.monitoring.update_alarm(alarm.id, UpdateAlarmDetails(is_enabled=False))
    operator.pass_time(days=2)
    assert len(function.calls) == 2
    (summary,) = operator.monitoring.list_alarms(compartment).data
    assert (summary.id, summary.is_enabled) == (alarm.id, False)
    operator.monitoring.delete_alarm(alarm.id)
    assert operator.monitoring.list_alarms(compartment).data == []


def test_a_published_message_reaches_the_function(operator: Operator, function: Function) -> None:
    """PublishMessage, and the topic's own list and deletion."""
    topic_id = operator.subscribe()
    published = operator.subscriptions.publish_message(topic_id, MessageDetails(title="t", body="{}")).data
    operator.pass_time(seconds=1)
    ((headers, body),) = function.calls
    assert (headers["x-oci-ns-messageid"], body) == (published.message_id, b"{}")
    compartment = operator.tenant.compartment_id
    assert [topic.topic_id for topic in operator.topics.list_topics(compartment).data] == [topic_id]
    assert len(operator.subscriptions.list_subscriptions(compartment, topic_id=topic_id).data) == 1
    operator.topics.delete_topic(topic_id)
    assert operator.subscriptions.list_subscriptions(compartment).data == []


def test_a_topic_is_read_tagged_and_published_to(operator: Operator) -> None:
    """The etag of GetTopic guards UpdateTopic, and what was published can be read where the cloud is."""
    topic_id = operator.subscribe()
    read = operator.topics.get_topic(topic_id)
    tagged = TopicAttributesDetails(description="ticks", freeform_tags={"told": "2026-04-01"})
    changed = operator.topics.update_topic(topic_id, tagged, if_match=read.headers["etag"])
    assert changed.data.freeform_tags == {"told": "2026-04-01"}
    again = TopicAttributesDetails(description="ticks", freeform_tags={})
    outdated = refusal(lambda: operator.topics.update_topic(topic_id, again, if_match=read.headers["etag"]))
    assert outdated == (412, "NoEtagMatch")
    assert operator.topics.get_topic(topic_id).data.freeform_tags == {"told": "2026-04-01"}
    operator.subscriptions.publish_message(topic_id, MessageDetails(title="Copies are late", body="One is."))
    published = operator.tenant.emulator.call(lambda cloud: list(cloud.notifications.published))
    assert [(each.topic_id, each.title, each.body) for each in published] == [(topic_id, "Copies are late", "One is.")]


@pytest.mark.parametrize("operation", ["GetTopic", "UpdateTopic", "PublishMessage"])
def test_notifications_meet_faults_by_their_names(operator: Operator, operation: str) -> None:
    """A script finds each operation of a topic, and no other."""
    topic_id = operator.subscribe()
    ask: dict[str, Callable[[], Any]] = {
        "GetTopic": lambda: operator.topics.get_topic(topic_id),
        "UpdateTopic": lambda: operator.topics.update_topic(topic_id, TopicAttributesDetails(description="")),
        "PublishMessage": lambda: operator.subscriptions.publish_message(topic_id, MessageDetails(body="b")),
    }
    fault = Answer(503, "ServiceUnavailable")
    operator.tenant.emulator.call(lambda cloud: cloud.faults.script(fault, operation=operation))
    for other in ask.keys() - {operation}:
        ask[other]()
    assert refusal(ask[operation]) == (503, "ServiceUnavailable")
    assert ask[operation]().status in {200, 202}


def test_metrics_cannot_be_asked_for(operator: Operator) -> None:
    """SummarizeMetricsData answers 501 and stands in the diary as refused."""
    details = oci.monitoring.models.SummarizeMetricsDataDetails(namespace="backup_copies", query="Copied[1m].sum()")
    compartment = operator.tenant.compartment_id
    assert refusal(lambda: operator.monitoring.summarize_metrics_data(compartment, details)) == (501, "NotImplemented")
    assert len(operator.tenant.happened("refused")) == 1
