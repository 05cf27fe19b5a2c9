"""The alarms for people: on what each of them is, and that what it waits for is told."""

import re
from datetime import timedelta
from typing import Any

import pytest

from handlers.core.points import NAMESPACE, deletion_points, points_of, sweep_point
from handlers.core.report import Outcome
from infra.emulator.alarm_query import AbsenceQuery
from infra.stack_archive import STACK
from tests.stack.evaluation import AWAY, BEGUN, COMPARTMENT, alarms, evaluate, ocid_of
from tests.unit.recoveries import a_copy, a_recovery
from tests.unit.scene import NOW

# https://docs.oracle.com/iaas/Content/Functions/Reference/functionsmetrics.htm
FUNCTION_METRICS = {"FunctionInvocationCount", "FunctionResponseCount", "FunctionExecutionDuration"}
QUERY = re.compile(
    r"(?P<metric>\w+)\[(?P<interval>\d+[mhd])\](?:\{(?P<dimensions>[^}]*)\})?(?:\.\w+\([^()]*\))+(?: > 0)?"
)


def published() -> dict[str, set[str]]:
    """Every metric that the function publishes, with its dimensions."""
    recovery = a_recovery(a_copy(), outcomes={Outcome.COPIED: 1, Outcome.FAILED: 1})
    points = [*points_of([recovery]), *deletion_points({(recovery.source.id, AWAY): 1}, NOW), sweep_point(NOW)]
    return {each.name: set(each.dimensions) for each in points}


@pytest.mark.parametrize("schedule_with", ["RESOURCE_SCHEDULER", "ALARM"])
def test_every_alarm_is_on_a_metric_that_exists(schedule_with: str) -> None:
    """Of the function's own, or of those that OCI Functions publishes; in the compartment where they are."""
    stack = evaluate(**BEGUN, schedule_with=schedule_with)
    found = stack.all("oci_monitoring_alarm")

    for alarm in found:
        assert alarm["is_enabled"]
        query = QUERY.fullmatch(alarm["query"])
        assert query, alarm["query"]
        dimensions = set(re.findall(r"(\w+) =", query["dimensions"] or ""))
        if alarm["namespace"] == NAMESPACE:
            assert dimensions <= published()[query["metric"]]
        else:
            assert alarm["namespace"] == "oci_faas"
            assert query["metric"] in FUNCTION_METRICS
            assert ocid_of(stack.one("oci_functions_function")) in query["dimensions"]
        assert alarm["metric_compartment_id"] == COMPARTMENT
    assert {each["namespace"] for each in found} == {NAMESPACE, "oci_faas"}


def test_people_are_told_of_failures_throttling_silence_and_breaches() -> None:
    """Of each by an alarm of its own; without metrics nothing tells of the latter two, so no alarm pretends to."""
    on_function, on_copies = {"errors", "throttled"}, {"heartbeat", "breach"}

    stack = evaluate(**BEGUN)
    assert alarms(stack, "function").keys() == on_function
    assert alarms(stack, "copies").keys() == on_copies
    silent = evaluate(**BEGUN, metrics="OFF")
    assert alarms(silent, "function").keys() == on_function
    assert alarms(silent, "copies") == {}
    assert evaluate(**BEGUN, alarms=False).all("oci_monitoring_alarm") == []


FUNCTION_ID = "ocid1.fnfunc.oc1.iad.function"
QUERIES = {
    "errors": f'FunctionResponseCount[5m]{{resourceId = "{FUNCTION_ID}", responseType = "Error"}}.grouping().sum() > 0',
    "throttled": (
        f'FunctionResponseCount[5m]{{resourceId = "{FUNCTION_ID}", responseType = "Throttled"}}.grouping().sum() > 0'
    ),
    "heartbeat": 'sweeps[1h]{source = "all"}.grouping().absent(3d)',
    "breach": "recovery_point_breach[1h].grouping().max() > 0",
    "sweep": f'FunctionInvocationCount[1d]{{resourceId = "{FUNCTION_ID}"}}.grouping().sum() > 0',
}


def test_each_alarm_asks_for_what_it_tells_of() -> None:
    """The words for how a call ended are Oracle's: https://docs.oracle.com/iaas/Content/Functions/Reference/functionsmetrics.htm"""
    stack = evaluate(**BEGUN, schedule_with="ALARM")
    found = {name: each for kind in ("function", "copies", "tick") for name, each in alarms(stack, kind).items()}

    assert {name: found[name]["query"] for name in QUERIES} == QUERIES


def test_what_stands_is_told_again_each_day() -> None:
    """What copies lack; of calls that fail the next ones tell."""
    stack = evaluate(**BEGUN)

    assert {each["repeat_notification_duration"] for each in alarms(stack, "copies").values()} == {"P1D"}
    assert all("repeat_notification_duration" not in each for each in alarms(stack, "function").values())


def test_what_people_have_been_told_outlives_an_upgrade() -> None:
    """The function keeps it in the topic's tags: Terraform may not put them back to what they were."""
    text = (STACK / "notices.tf").read_text(encoding="utf-8")
    topic = text.partition('resource "oci_ons_notification_topic" "notices" {')[2].partition("\n}\n")[0]

    assert re.search(r"^  lifecycle \{\n(?: +#.*\n)*    ignore_changes = \[freeform_tags\]\n  \}", topic, re.MULTILINE)


@pytest.mark.parametrize("pause", ["PT20M", "PT60M", "PT1H", "PT24H"])
def test_silence_is_absence_as_monitoring_takes_it(pause: str) -> None:
    """Of what a sweep of all that is configured publishes whatever it found, and nothing else does."""
    alarm = alarms(evaluate(**BEGUN, heartbeat_absent_for=pause), "copies")["heartbeat"]

    query = QUERY.fullmatch(alarm["query"])
    assert query
    assert query["interval"] == pause.removeprefix("PT").lower()
    assert AbsenceQuery.parse(alarm["query"]).period <= timedelta(days=3)
    point = sweep_point(NOW)
    wanted = dict(re.findall(r'(\w+) = "(\w+)"', query["dimensions"]))
    assert wanted
    assert (query["metric"], wanted) == (point.name, {name: point.dimensions[name] for name in wanted})
    assert query["metric"] not in {each.name for each in points_of([a_recovery(a_copy())])}


PAUSES = [
    ("*/10 * * * *", "PT10M", False),
    ("*/10 * * * *", "PT11M", True),
    ("0 * * * *", "PT1H", False),
    ("0 * * * *", "PT2H", True),
    ("0 */6 * * *", "PT1H", False),
    ("0 */6 * * *", "PT7H", True),
    ("0,30 8-18 * * *", "PT13H", False),
    ("0,30 8-18 * * *", "PT14H", True),
    ("5-20/5 * * * *", "PT45M", False),
    ("5-20/5 * * * *", "PT46M", True),
    ("5/20 1,13 * * *", "PT11H", False),
    ("5/20 1,13 * * *", "PT12H", True),
    ("0 6 * * *", "PT24H", False),
    ("*/10 * * * 1-5", "PT24H", False),
    ("*/10 * * * 1-7", "PT20M", True),
    ("*/10 * 1-31 1-12 0-6", "PT20M", True),
    ("*/10 * 2-31 * *", "PT24H", False),
    ("*/10 * * JAN *", "PT24H", False),
]


@pytest.mark.parametrize(("cron", "pause", "fits"), PAUSES)
def test_no_alarm_is_faster_than_the_sweeps(cron: str, pause: str, *, fits: bool) -> None:
    """Neither that on their absence nor that on breaches, which looks as far back: else they come and go."""
    stack = evaluate(**BEGUN, sweep_cron=cron, heartbeat_absent_for=pause)

    assert stack.holds() is fits
    window = pause.removeprefix("PT").lower()
    assert f"[{window}]" in alarms(stack, "copies")["breach"]["query"]


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({}, False),  # it is said before it begins
        ({"alarms": False}, True),
        ({"metrics": "OFF"}, True),
        ({"heartbeat_absent_for": "never"}, True),
    ],
)
def test_what_is_not_made_cannot_be_too_fast(given: dict[str, Any], *, holds: bool) -> None:
    """That it is too fast is said as long as it would be made, even before anything calls the function."""
    too_fast = {"sweep_cron": "0 * * * *", "heartbeat_absent_for": "PT1H"}

    assert evaluate(**{**too_fast, **given}).holds() is holds
    assert evaluate(**{**BEGUN, **too_fast, **given}).holds() is holds


WITHOUT_SWEEPS = [{"sweep_cron": "never"}, {"sweep_cron": ""}, {"heartbeat_absent_for": "never"}]


@pytest.mark.parametrize("without", WITHOUT_SWEEPS)
def test_without_sweeps_their_silence_is_no_alarm(without: dict[str, Any]) -> None:
    """As in a destination region; breaches are those of the last report then."""
    found = alarms(evaluate(**{**BEGUN, **without}), "copies")

    assert found.keys() == {"breach"}
    assert "[1d]" in found["breach"]["query"]


BREACHES = [
    ({"enabled": False}, False),
    ({"sweep_cron": "never", "report_cron": "never"}, False),
    ({"sweep_cron": "never", "report_cron": "never", "allow_deletion": True, "prune_cron": "0 * * * *"}, True),
    ({"report_cron": "never"}, True),
]


@pytest.mark.parametrize(("settings", "is_told"), BREACHES)
def test_an_alarm_on_breaches_is_where_somebody_tells_of_them(settings: dict[str, Any], *, is_told: bool) -> None:
    """Sweeps, prunes and reports do; what makes backups does not."""
    assert ("breach" in alarms(evaluate(**{**BEGUN, **settings}), "copies")) is is_told
