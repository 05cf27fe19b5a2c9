"""What calls the function, as the stack has it: each schedule, alarm and event, read by the function's own parser."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.core.model import Kind
from handlers.core.operations import CopyBackup
from handlers.core.payloads import Nothing, Work, parse
from handlers.core.report import Trigger
from infra.emulator.event_rules import Condition
from tests.stack.evaluation import (
    AWAY,
    BEGUN,
    HOME,
    PRODUCTION,
    Block,
    Stack,
    alarms,
    evaluate,
    ocid_of,
    path,
    within,
)

EVENTS = Path(__file__).parents[1] / "events"
OPERATIONS = {
    "sweep": "Sweep",
    "create": "CreateDueBackups",
    "prune": "PruneCopies",
    "report": "ReportCopies",
}
ALL_SCHEDULES: dict[str, Any] = {**BEGUN, "allow_deletion": True, "prune_cron": "0 * * * *"}


def recorded(name: str) -> dict[str, Any]:
    """A message as OCI sends it."""
    content = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def body_of(schedule: Block) -> str:
    """What Resource Scheduler sends to the function."""
    (resource,) = within(schedule, "resources")
    (parameter,) = within(resource, "parameters")
    assert parameter["parameter_type"] == "BODY"
    (body,) = parameter["value"]
    assert isinstance(body, str)
    return body


def called(schedule: Block) -> list[tuple[str, str]]:
    """What Resource Scheduler calls, by its address: tfparse puts numbers of its own in the place of a block's `id`."""
    (resource,) = within(schedule, "resources")
    return [(each["label"], each["name"]) for each in resource["__tfmeta"]["references"]]


def schedules(stack: Stack) -> dict[str, Block]:
    named = stack.named("oci_resource_scheduler_schedule").items()
    return {address.split('"')[1]: each for address, each in named}


def test_each_schedule_asks_for_its_operation() -> None:
    """At its own time, of this function."""
    stack = evaluate(**ALL_SCHEDULES)
    asked = {}
    for name, schedule in schedules(stack).items():
        wanted = parse(body_of(schedule).encode())
        assert isinstance(wanted, Work)
        assert wanted.trigger is Trigger.OPERATION
        assert wanted.operations is not None
        (operation,) = wanted.operations
        assert not operation.dry_run
        asked[name] = operation.operation
        assert called(schedule) == [("oci_functions_function", "function")]
        assert (schedule["recurrence_type"], schedule["recurrence_details"]) == ("CRON", stack_cron(stack, name))

    assert asked == OPERATIONS


def stack_cron(stack: Stack, name: str) -> str:
    """When a schedule runs, as the operator asked."""
    default = stack.named("variable")[f"{name}_cron"]["default"]
    return str(ALL_SCHEDULES.get(f"{name}_cron", default))


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize("never", ["", "never"])
def test_a_schedule_without_a_time_is_not_made(name: str, never: str) -> None:
    """The others are. Both ways to say so are taken: a form may be unable to send an empty text."""
    stack = evaluate(**{**ALL_SCHEDULES, f"{name}_cron": never})

    assert stack.valid(f"{name}_cron")
    assert schedules(stack).keys() == OPERATIONS.keys() - {name}


def test_nothing_is_scheduled_to_delete_by_default() -> None:
    """Not before an operator says when."""
    assert schedules(evaluate(**BEGUN)).keys() == OPERATIONS.keys() - {"prune"}


def callers(stack: Stack) -> list[str]:
    """Whatever calls the function, and whoever is let in for that: by address."""
    kinds = ("oci_events_rule", "oci_resource_scheduler_schedule")
    found = [path(each) for kind in kinds for each in stack.all(kind)]
    found += [path(each) for each in stack.all("oci_ons_subscription") if each["protocol"] == "ORACLE_FUNCTIONS"]
    found += alarms(stack, "tick")
    found += [each for each in stack.named("output")["policy_statements"]["value"] if "any-user" in each]
    return found


@pytest.mark.parametrize("schedule_with", ["RESOURCE_SCHEDULER", "ALARM"])
@pytest.mark.parametrize("given", [{"enabled": None}, {"enabled": False}, {"enabled": True}])
def test_nothing_calls_the_function_before_somebody_says_so(schedule_with: str, given: dict[str, Any]) -> None:
    """By default nobody has."""
    stack = evaluate(**{**ALL_SCHEDULES, **given, "schedule_with": schedule_with})

    assert stack.holds()
    assert bool(callers(stack)) is bool(given["enabled"])


def test_all_but_its_callers_is_there_from_the_beginning() -> None:
    """So that it can be called by hand and looked at; its permissions with it."""
    before = {path(each) for each in evaluate(**{**ALL_SCHEDULES, "enabled": False}).resources()}
    after = {path(each) for each in evaluate(**ALL_SCHEDULES).resources()}

    assert before < after
    new = {address.partition("[")[0] for address in after - before}
    assert new == {
        "oci_events_rule.finished_backup",
        "oci_resource_scheduler_schedule.schedule",
        "oci_identity_policy.function",
        "oci_monitoring_alarm.copies",
    }
    assert {each.partition("[")[2] for each in after - before if "policy" in each or "alarm" in each} == {
        '"call"]',
        '"heartbeat"]',
        '"breach"]',
    }


def test_what_cannot_be_scheduled_is_said_at_once() -> None:
    """Not on the day on which it is to begin."""
    assert not evaluate(schedule_with="ALARM", sweep_cron="never", create_cron="never").holds()
    assert not evaluate(schedule_with="ALARM", sweep_cron="0,20,45 * * * *").holds()


INTERVALS = {
    "* * * * *": "PT1M",
    "*/10 * * * *": "PT10M",
    "15 * * * *": "PT1H",
    "0 */6 * * *": "PT6H",
    "0 6 * * *": "P1D",
    "0 6 * * MON": "P7D",
}


@pytest.mark.parametrize(("cron", "interval"), INTERVALS.items())
def test_an_alarm_keeps_the_interval_of_its_cron_expression(cron: str, interval: str) -> None:
    """As far as one can."""
    stack = evaluate(**BEGUN, schedule_with="ALARM", create_cron=cron)

    assert stack.holds()
    assert alarms(stack, "tick")["create"]["repeat_notification_duration"] == interval


FIELDS = [
    ("0,30 8-18/2 1-31 JAN-dec sun", True),
    ("59 23 31 12 7", True),
    ("5/20 * * * *", True),
    ("60 * * * *", False),
    ("* 24 * * *", False),
    ("* * 0 * *", False),
    ("* * 32 * *", False),
    ("* * * 13 *", False),
    ("* * * * 8", False),
    ("* * MON * *", False),
    ("*/0 * * * *", False),
    ("1-2-3 * * * *", False),
    ("1,,2 * * * *", False),
]


@pytest.mark.parametrize(("cron", "is_one"), FIELDS)
def test_a_field_of_a_cron_expression_is_of_its_range(cron: str, *, is_one: bool) -> None:
    """Before Resource Scheduler says so of one schedule when the others are made already."""
    stack = evaluate(**{**ALL_SCHEDULES, "sweep_cron": cron, "heartbeat_absent_for": "never"})

    assert stack.valid("sweep_cron")
    assert stack.holds() is is_one


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_cron_expression_of_each_schedule_is_read(name: str) -> None:
    """As that of the sweeps is."""
    stack = evaluate(**{**ALL_SCHEDULES, f"{name}_cron": "60 * * * *", "heartbeat_absent_for": "never"})

    assert stack.valid(f"{name}_cron")
    assert not stack.holds()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize("message", ["alarm-ok-to-firing", "alarm-repeat"])
def test_an_alarm_in_place_of_a_schedule_asks_for_the_same(name: str, message: str) -> None:
    """When it begins to fire, and each time it repeats itself; when it ends it asks for nothing."""
    alarm = alarms(evaluate(**ALL_SCHEDULES, schedule_with="ALARM"), "tick")[name]

    wanted = parse(json.dumps({**recorded(message), "body": alarm["body"]}).encode())
    assert isinstance(wanted, Work)
    assert wanted.trigger is Trigger.ALARM
    assert [each.operation for each in wanted.operations or ()] == [OPERATIONS[name]]
    over = parse(json.dumps({**recorded("alarm-firing-to-ok"), "body": alarm["body"]}).encode())
    assert isinstance(over, Nothing)


def test_alarms_take_the_place_of_schedules() -> None:
    """Of all of them; they reach the function through a topic of their own, word for word."""
    stack = evaluate(**ALL_SCHEDULES, schedule_with="ALARM")
    ticks = alarms(stack, "tick")
    (subscription,) = (each for each in stack.all("oci_ons_subscription") if each["protocol"] == "ORACLE_FUNCTIONS")

    assert schedules(stack) == {}
    assert ticks.keys() == OPERATIONS.keys()
    assert subscription["endpoint"] == ocid_of(stack.one("oci_functions_function"))
    assert all(each["destinations"] == [subscription["topic_id"]] for each in ticks.values())
    # ONS_OPTIMIZED and PRETTY_JSON are for people: https://docs.oracle.com/iaas/Content/Monitoring/alarm-message-format.htm
    assert {each["message_format"] for each in ticks.values()} == {"RAW"}
    assert all(each["is_enabled"] for each in ticks.values())


@pytest.mark.parametrize("schedule_with", ["RESOURCE_SCHEDULER", "ALARM"])
def test_the_function_never_hears_its_own_notices(schedule_with: str) -> None:
    """It would answer each with another call: people's alarms, and calls that failed, go where it does not listen."""
    stack = evaluate(**ALL_SCHEDULES, schedule_with=schedule_with, notice_emails=["operator@example.com"])
    subscriptions = stack.all("oci_ons_subscription")
    heard = {each["topic_id"] for each in subscriptions if each["protocol"] == "ORACLE_FUNCTIONS"}
    notices = stack.named("oci_ons_notification_topic")["notices"]["topic_id"]

    assert notices not in heard
    for name in ("function", "copies"):
        assert alarms(stack, name)
        assert all(each["destinations"] == [notices] for each in alarms(stack, name).values())
    (failures,) = within(stack.one("oci_functions_function"), "failure_destination")
    assert (failures["kind"], failures["topic_id"]) == ("NOTIFICATION", notices)
    assert [each["endpoint"] for each in subscriptions if each["topic_id"] == notices] == ["operator@example.com"]


def rules(stack: Stack) -> list[tuple[str, Condition]]:
    """Each rule of Events: its compartment and its condition, as the emulated cloud reads it."""
    return [(each["compartment_id"], Condition.parse(each["condition"])) for each in stack.all("oci_events_rule")]


def test_a_finished_backup_is_an_event_that_the_function_copies() -> None:
    """Each kind of backup: what the rule lets through is what the parser takes, and the other way round."""
    ((compartment, condition),) = rules(evaluate(**BEGUN))
    copied, passed_over = [], []
    for file in sorted(EVENTS.glob("*.json")):
        event = recorded(file.stem)
        if "eventType" not in event:
            continue
        event["data"]["compartmentId"] = compartment
        wanted = parse(json.dumps(event).encode())
        if condition.matches(event):
            assert isinstance(wanted, Work)
            assert wanted.trigger is Trigger.EVENT
            (operation,) = wanted.operations or ()
            assert isinstance(operation, CopyBackup)
            copied.append(operation.kind)
        else:
            passed_over.append(file.stem)
            # How Events compares upper and lower case is not documented; the reference has these in lower case.
            assert isinstance(wanted, Nothing) or file.stem == "volume-backup-created-mixed-case"

    assert set(copied) == set(Kind)
    assert {"object-created", "volume-backup-copied"} <= set(passed_over)


def test_the_rule_names_one_event_for_each_kind() -> None:
    """And not that of a copy: a copy is never copied."""
    (rule,) = evaluate(**BEGUN).all("oci_events_rule")

    assert rule["is_enabled"] is True
    assert sorted(json.loads(rule["condition"])["eventType"]) == sorted(
        f"com.oraclecloud.blockvolumes.create{kind.backup_type}.end" for kind in Kind
    )
    (actions,) = within(rule, "actions")
    (action,) = within(actions, "actions")
    assert (action["action_type"], action["is_enabled"]) == ("FAAS", True)


def test_each_compartment_has_a_rule_that_sees_its_own_backups_only() -> None:
    """Rules see what lies below their compartment; what a sweep does not look after is not copied either."""
    compartments = [PRODUCTION, "ocid1.compartment.oc1..staging"]
    found = dict(rules(evaluate(**BEGUN, compartment_ids=compartments)))
    event = recorded("volume-backup-created")

    assert found.keys() == set(compartments)
    for compartment, condition in found.items():
        event["data"]["compartmentId"] = compartment
        assert condition.matches(event)
        event["data"]["compartmentId"] = "ocid1.compartment.oc1..below"
        assert not condition.matches(event)


def test_in_a_destination_region_there_is_no_rule() -> None:
    """Events call functions of their own region: none would ever come."""
    there = {"region": AWAY, "source_region": HOME, "destination_regions": [AWAY]}

    assert rules(evaluate(**BEGUN, **there)) == []
    assert len(rules(evaluate(**BEGUN, source_region=HOME))) == 1
