"""A sweep that is too much for one call is divided: nothing is lost or done twice by it, and it never runs away."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from handlers import router
from handlers.core.errors import Rejected
from handlers.core.fan_out import MAX_DEPTH, MOST_AT_ONCE, OTHERS_MB, WIDTH, Room, divide, in_turn
from handlers.core.model import Kind, Lifecycle
from handlers.core.operations import Sweep
from handlers.core.payloads import parse
from handlers.core.report import Outcome, Report, Status
from handlers.sweep import sweep
from tests.fakes import AWAY, HOME, FakeCloud, make_call, passing, refused

PLACES = [f"ocid1.compartment.oc1..c{number:02}" for number in range(12)]
TINY = OTHERS_MB
"""Megabytes in which there is room for one compartment."""
TOPIC = "ocid1.onstopic.oc1.iad.alerts"


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def populate(cloud: FakeCloud, compartments: Sequence[str] = PLACES, each: int = 1) -> None:
    for compartment in compartments:
        for _ in range(each):
            source = cloud.add_source(Kind.VOLUME, compartment_id=compartment)
            cloud.add_backup(Kind.VOLUME, source_id=source.id, compartment_id=compartment)


def dispatch(cloud: FakeCloud, payload: Mapping[str, Any] | None = None, memory_mb: int = TINY, **keys: Any) -> Report:
    """One call of the function, which may call itself unless `keys` say otherwise."""
    cloud.memory_mb = memory_mb
    keys = {"FAN_OUT": "ON", "COMPARTMENT_IDS": ",".join(PLACES), **keys}
    body = json.dumps(payload or {"operation": "Sweep"}).encode()
    return router.dispatch(parse(body), make_call(cloud, **keys))


def dispatch_all(cloud: FakeCloud, **keys: Any) -> list[Report]:
    """A sweep, and all the calls that come of it."""
    reports = [dispatch(cloud, **keys)]
    while cloud.itself.payloads:
        reports.append(dispatch(cloud, cloud.itself.payloads.pop(0), **keys))
    return reports


def handed_on(report: Report) -> list[str | None]:
    return [each.source_id for each in report.results if each.reason == "handed_on"]


# How it is divided


@given(st.lists(st.integers(), unique=True, max_size=60), st.integers(1, 100), st.integers(0, MAX_DEPTH))
def test_no_compartment_and_no_place_is_lost_or_given_twice(numbers: list[int], places: int, depth: int) -> None:
    """Who divides keeps a place at least, and each part has one."""
    compartments = [str(number) for number in numbers]

    kept, shares = divide(compartments, places, depth)

    assert kept + sum(share.places for share in shares) == places
    assert min([kept, *(share.places for share in shares)]) >= 1
    assert len(shares) <= WIDTH
    if shares:
        assert sorted(each for share in shares for each in share.compartments) == sorted(compartments)


@given(st.integers(1, 40), st.integers(1, 40))
def test_it_never_runs_away(compartments: int, places: int) -> None:
    """Even where no call does any of its compartments, there are no more calls than places, and none goes too deep."""
    calls, waiting, deepest = 0, [([str(n) for n in range(compartments)], places, 0)], 0
    while waiting:
        names, share_places, depth = waiting.pop()
        calls, deepest = calls + 1, max(deepest, depth)
        _, shares = divide(names, share_places, depth)
        waiting += [(list(share.compartments), share.places, depth + 1) for share in shares]

    assert calls <= places
    assert deepest <= MAX_DEPTH


def test_a_compartment_is_in_the_same_part_each_time() -> None:
    """In whatever order they come: its copies under way take the places of that part, and of no other."""
    _, shares = divide(PLACES, 10, 0)
    _, again = divide(PLACES[::-1], 10, 0)

    assert shares == again


def test_who_can_hand_nothing_on_begins_with_another_compartment_each_time() -> None:
    """What is last is left undone then: nobody is always last. Whoever can, keeps to one order."""
    minutes = [f"2026-11-21T02:{minute:02}Z" for minute in range(60)]

    assert len({in_turn(PLACES, 1, 1, minute)[0] for minute in minutes}) > len(PLACES) // 2
    assert sorted(in_turn(PLACES, 1, 1, "any")) == PLACES
    assert {tuple(in_turn(PLACES, 10, 0, minute)) for minute in minutes} == {tuple(PLACES)}
    assert in_turn([], 10, 0, "any") == []


def test_as_much_is_read_as_there_is_memory_for(cloud: FakeCloud) -> None:
    """The first compartment in any case; then as many as are likely to fit, by what those before them had."""
    now = cloud.clock.now()
    room = Room.of(OTHERS_MB + 1, now + timedelta(seconds=1))

    assert room.next(PLACES, 0, 0, now) == PLACES[:1]
    assert room.next(PLACES, 1, 1, now) == PLACES[:1]
    assert room.next(PLACES, 4, 4, now) == PLACES[:4]
    assert room.next(PLACES, 4, 400, now) == PLACES[:2]
    assert not room.next(PLACES, 1, 599, now)
    assert room.next(PLACES * 3, 40, 0, now) == (PLACES * 3)[:MOST_AT_ONCE]
    assert not room.next(PLACES, 1, 5_000, now)
    assert not room.next(PLACES, 1, 100, room.until)


# What a sweep does


def test_what_is_too_much_for_one_call_is_handed_on(cloud: FakeCloud) -> None:
    """Before any copy is started: nothing that happens later can lose it."""
    populate(cloud)

    report = dispatch(cloud)

    assert report.status is Status.OK
    assert len(handed_on(report)) == len(PLACES) - 1
    assert sorted(each for payload in cloud.itself.payloads for each in payload["compartmentId"]) == sorted(
        str(each) for each in handed_on(report)
    )
    methods = [call.method for call in cloud.calls]
    assert methods.index("itself.invoke") < methods.index("copy")
    assert report.counts == {"copied": 1, "deferred": len(PLACES) - 1}


def test_all_calls_together_do_what_one_would(cloud: FakeCloud) -> None:
    """Each backup is copied once, and no more copies are under way than there are places."""
    populate(cloud, each=3)

    reports = dispatch_all(cloud, MAX_IN_FLIGHT="30")

    copied = [call.arguments["original"].id for call in cloud.made("copy")]
    assert max(Counter(copied).values()) == 1
    assert len(PLACES) <= len(copied) <= 30
    assert {report.status for report in reports} == {Status.OK}
    assert len(reports) == len(PLACES)


def test_after_some_ticks_everything_is_copied(cloud: FakeCloud) -> None:
    """Whatever a tick leaves is the next one's."""
    populate(cloud)
    for _ in range(20):
        cloud.clock.advance(timedelta(minutes=10))
        for report in dispatch_all(cloud, MAX_IN_FLIGHT="4", occurrence=cloud.clock.now().isoformat()):
            assert report.status in {Status.OK, Status.PARTIAL}
        for backup in cloud.copies_in(AWAY):
            cloud.change(backup, lifecycle=Lifecycle.AVAILABLE)

    assert len(cloud.copies_in(AWAY)) == len(PLACES)
    assert len(cloud.made("copy")) == len(PLACES)


def test_what_nobody_has_a_place_for_is_left_and_said(cloud: FakeCloud) -> None:
    """With one place for copies there is none to give to another call."""
    populate(cloud)

    report = dispatch(cloud, MAX_IN_FLIGHT="1")

    left = [each for each in report.results if each.outcome is Outcome.DEFERRED]
    assert cloud.itself.payloads == []
    assert (report.status, len(left)) == (Status.PARTIAL, len(PLACES) - 1)
    assert {(each.reason, "MAX_IN_FLIGHT" in str(each.message)) for each in left} == {("deadline", True)}


def test_what_cannot_be_handed_on_has_failed(cloud: FakeCloud) -> None:
    """The call says so, and goes on with its own."""
    populate(cloud)
    cloud.script("itself.invoke", refused(), *[passing()] * WIDTH)

    report = dispatch(cloud)

    assert report.status is Status.PARTIAL
    assert report.counts == {"copied": 1, "failed": len(PLACES) - 1}
    assert {each.reason for each in report.results if each.outcome is Outcome.FAILED} == {
        "NotAuthorizedOrNotFound",
        "InternalServerError",
    }


def test_where_it_all_fits_nothing_is_handed_on(cloud: FakeCloud) -> None:
    """The answer is that of any sweep, and so is what people are told."""
    populate(cloud)

    report = dispatch(cloud, memory_mb=256)

    assert cloud.itself.payloads == []
    assert report.counts == {"copied": 10, "deferred": 2}
    assert not handed_on(report)


@pytest.mark.parametrize(
    ("payload", "keys"),
    [
        ({"operation": "Sweep"}, {"FAN_OUT": "OFF"}),
        ({"operation": "Sweep", "dryRun": True}, {}),
        ({"operation": "Sweep", "compartmentId": PLACES}, {}),
    ],
    ids=["off", "dry run", "named"],
)
def test_it_is_only_done_where_it_was_asked_for(
    cloud: FakeCloud, payload: dict[str, Any], keys: dict[str, Any]
) -> None:
    """A dry run changes nothing; who names compartments has divided them."""
    populate(cloud)

    report = dispatch(cloud, payload, **keys)

    assert cloud.made("itself.invoke") == []
    assert sum(report.counts.values()) == len(PLACES)


def test_what_was_asked_for_is_handed_on_with_it(cloud: FakeCloud) -> None:
    """A destination that was named holds for the parts, too."""
    populate(cloud)

    dispatch(cloud, {"operation": "Sweep", "destinationRegion": AWAY})

    assert {tuple(payload["destinationRegion"]) for payload in cloud.itself.payloads} == {(AWAY,)}


def test_time_that_runs_out_ends_the_reading(cloud: FakeCloud) -> None:
    """The destinations need as much, and what is left is handed on while there is time."""
    populate(cloud)
    cloud.call_takes = timedelta(seconds=3)

    report = dispatch(cloud, memory_mb=1024)

    assert 0 < len(handed_on(report)) < len(PLACES)
    assert {call.region for call in cloud.calls} == {HOME, AWAY}


def test_what_a_call_has_no_time_to_finish_is_handed_on_last(cloud: FakeCloud) -> None:
    """Whoever takes it over has a whole call's time for it."""
    populate(cloud, PLACES[:1], each=40)
    cloud.call_takes = timedelta(seconds=14)

    report = dispatch(cloud, COMPARTMENT_IDS=PLACES[0], MAX_IN_FLIGHT="40")
    (payload,) = cloud.itself.payloads
    copied = len(cloud.made("copy"))

    assert report.status is Status.OK
    assert payload["compartmentId"] == PLACES[:1]
    assert payload["part"] == {"depth": 1, "places": 39}
    assert 0 < copied < 40
    assert report.counts == {"copied": copied, "deferred": 1}


# What a part is


@pytest.mark.parametrize(
    "payload",
    [
        {"part": {"depth": 1, "places": 1}},
        {"compartmentId": PLACES[0], "part": {"depth": 1, "places": 1}, "dryRun": True},
        {"compartmentId": PLACES[0], "part": {"depth": 0, "places": 1}},
        {"compartmentId": PLACES[0], "part": {"depth": MAX_DEPTH + 1, "places": 1}},
        {"compartmentId": PLACES[0], "part": {"depth": 1, "places": 0}},
        {"compartmentId": PLACES[0], "part": {"depth": 1, "places": 1, "width": 9}},
        {"compartmentId": PLACES[0], "part": {"depth": True, "places": 1}},
    ],
    ids=str,
)
def test_a_part_that_no_sweep_would_hand_on_is_refused(cloud: FakeCloud, payload: dict[str, Any]) -> None:
    """Anybody may send one: it is checked as whatever else they send."""
    with pytest.raises(Rejected) as caught:
        dispatch(cloud, {"operation": "Sweep", **payload})

    assert all(problem.field.startswith("part") for problem in caught.value.problems)
    assert cloud.calls == []


def test_a_part_is_read_as_if_there_were_no_others(cloud: FakeCloud) -> None:
    """It costs what it has, not what all has."""
    populate(cloud)

    report = dispatch(cloud, {"operation": "Sweep", "compartmentId": PLACES[3], "part": {"depth": 1, "places": 1}})

    assert {call.arguments.get("compartment_id", PLACES[3]) for call in cloud.calls} == {PLACES[3]}
    assert report.counts == {"copied": 1}


def test_a_part_starts_no_more_copies_than_it_has_places(cloud: FakeCloud) -> None:
    """Nor more than are configured, whatever it says."""
    populate(cloud, PLACES[:1], each=9)
    part = {"operation": "Sweep", "compartmentId": PLACES[0], "part": {"depth": MAX_DEPTH, "places": 2}}

    assert dispatch(cloud, part).counts == {"copied": 2, "deferred": 7}
    greedy = {**part, "part": {"depth": 1, "places": 1000}}
    assert dispatch(cloud, greedy, MAX_IN_FLIGHT="5").counts == {"copied": 3, "deferred": 4, "in_flight": 2}


def test_the_last_ones_keep_what_they_cannot_do(cloud: FakeCloud) -> None:
    """At the greatest depth nothing more is handed on."""
    populate(cloud)
    part = {"operation": "Sweep", "compartmentId": PLACES, "part": {"depth": MAX_DEPTH, "places": 9}}

    report = dispatch(cloud, part)

    assert cloud.itself.payloads == []
    assert (report.status, report.counts) == (Status.PARTIAL, {"copied": 1, "deferred": len(PLACES) - 1})


def test_parts_measure_and_leave_telling_to_the_alarms(cloud: FakeCloud) -> None:
    """Each source is measured by the call that looks at it; no part can know of how many something is so."""
    populate(cloud)
    cloud.clock.advance(timedelta(days=9))
    keys: dict[str, Any] = {"NOTIFICATION_TOPIC_ID": TOPIC, "POLICY": '{"defaults": {"target": "1h"}}'}

    dispatch_all(cloud, **keys, MAX_IN_FLIGHT="30")

    breaches = [each for each in cloud.metrics.points if each.name == "recovery_point_breach" and each.value]
    assert len({each.dimensions["source"] for each in breaches}) == len(PLACES)
    assert cloud.notices.messages == []
    dispatch(cloud, **keys, memory_mb=256)
    assert len(cloud.notices.messages) == 1


def test_a_part_is_refused_where_nothing_is_handed_on(cloud: FakeCloud) -> None:
    """It sees its own compartments only: many such would get round the limit on what is under way."""
    part = {"operation": "Sweep", "compartmentId": PLACES, "part": {"depth": 1, "places": 9}}

    with pytest.raises(Rejected) as caught:
        dispatch(cloud, part, FAN_OUT="OFF")

    assert [problem.field for problem in caught.value.problems] == ["part"]
    assert cloud.calls == []


def test_a_function_that_does_not_know_itself_says_what_it_left(cloud: FakeCloud) -> None:
    """It hands nothing on, and loses nothing."""
    populate(cloud)
    part = {"operation": "Sweep", "compartmentId": PLACES, "part": {"depth": 1, "places": 9}}
    cloud.memory_mb = TINY
    call = replace(make_call(cloud, FAN_OUT="ON", COMPARTMENT_IDS=",".join(PLACES)), itself=None)

    report = router.dispatch(parse(json.dumps(part).encode()), call)

    assert report.counts == {"copied": 1, "deferred": len(PLACES) - 1}
    assert report.status is Status.PARTIAL


def test_sources_with_backups_in_several_compartments_are_warned_of(cloud: FakeCloud) -> None:
    """What is copied, or kept, of them can only be told by whoever sees all."""
    source = cloud.add_source(Kind.VOLUME_GROUP, compartment_id=PLACES[1])
    cloud.add_backup(Kind.VOLUME_GROUP, source_id=source.id, compartment_id=PLACES[0])
    part = {"operation": "Sweep", "compartmentId": PLACES[0], "part": {"depth": 1, "places": 1}}

    with structlog.testing.capture_logs() as lines:
        report = dispatch(cloud, part)

    (warning,) = (line for line in lines if line["event"] == "sweep.spread")
    assert (warning["count"], warning["source_id"]) == (1, source.id)
    assert report.counts == {"copied": 1}


def test_a_limit_that_others_fill_is_waited_for(cloud: FakeCloud) -> None:
    """Who sees a part does not see whose copies will leave; a quota stays until somebody raises it."""
    populate(cloud, PLACES[:2])
    part = {"operation": "Sweep", "compartmentId": PLACES[0], "part": {"depth": 1, "places": 3}}
    cloud.script("copy", refused("LimitExceeded", 400))
    assert [(each.outcome, each.reason) for each in dispatch(cloud, part).results] == [("deferred", "limit")]
    cloud.script("copy", refused("QuotaExceeded", 400))
    assert [(each.outcome, each.reason) for each in dispatch(cloud, part).results] == [("failed", "QuotaExceeded")]


def test_more_calls_than_places_are_never_made(cloud: FakeCloud) -> None:
    """Also by those whose time runs out: whoever hands on keeps a place."""
    populate(cloud, PLACES[:3], each=9)
    cloud.call_takes = timedelta(seconds=20)
    for places in (1, 2, 5):
        cloud.itself.payloads.clear()
        reports = dispatch_all(cloud, COMPARTMENT_IDS=",".join(PLACES[:3]), MAX_IN_FLIGHT=str(places))
        assert len(reports) <= places


def test_what_is_handed_on_last_hides_something(cloud: FakeCloud) -> None:
    """So nothing that failed before is taken to be over."""
    populate(cloud, PLACES[:1], each=40)
    cloud.call_takes = timedelta(seconds=14)
    call = make_call(cloud, FAN_OUT="ON", COMPARTMENT_IDS=PLACES[0], MAX_IN_FLIGHT="40")

    found = sweep(Sweep(), call)

    assert cloud.itself.payloads
    assert (found.is_of_all, found.is_part, found.hides_nothing) == (False, True, False)


def test_a_sweep_to_a_named_region_is_no_sign_of_life(cloud: FakeCloud) -> None:
    """It is not the one that the alarm waits for."""
    populate(cloud)

    operation = Sweep.model_validate({"operation": "Sweep", "destinationRegion": AWAY})

    found = sweep(operation, make_call(cloud, FAN_OUT="ON", COMPARTMENT_IDS=PLACES[0]))

    assert (found.is_of_all, found.is_part) == (False, False)
