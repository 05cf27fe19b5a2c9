"""Starting what is missing: within the places, through refusals, and by tokens that make one copy each."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.converge import SETTLING
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import Sweep
from handlers.core.report import Outcome, Reason, Status
from handlers.core.tokens import copy_token
from handlers.sweep import sweep
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeCloud, make_call, passing, refused
from tests.unit.sweeping import BOTH, alive, arrive, nightly, outcomes, report, run, several, under_way

COPIED, WAITS = (AWAY, Outcome.COPIED, None), (AWAY, Outcome.DEFERRED, Reason.LIMIT)


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def somebody_copies(cloud: FakeCloud, original: Backup, attempt: int = 0, **details: str) -> Any:
    """What another caller does at this moment, by another name or key where `details` say so."""
    body = {"destinationRegion": AWAY, **details}
    return lambda: cloud(HOME).copy(original, body, copy_token(original.id, AWAY, attempt))


# Places


def test_only_as_many_are_started_as_there_are_places(cloud: FakeCloud) -> None:
    """The rest waits, in order; sweep by sweep all are copied."""
    originals = several(cloud, 5)

    results = run(cloud, MAX_IN_FLIGHT="2")

    assert [outcomes(results, each) for each in originals] == [[COPIED]] * 2 + [[WAITS]] * 3
    assert report(results).status is Status.OK
    for _ in range(2):
        arrive(cloud)
        run(cloud, MAX_IN_FLIGHT="2")
        assert len(under_way(cloud)) <= 2
    assert all(len(alive(cloud, each)) == 1 for each in originals)


def test_what_is_under_way_is_not_added_to(cloud: FakeCloud) -> None:
    """Whoever has started it, and in whichever destination."""
    for original in several(cloud, 2):
        cloud.add_copy(original, lifecycle=Lifecycle.CREATING)
        cloud.add_copy(original, FAR)
    several(cloud, 3)

    run(cloud, MAX_IN_FLIGHT="3", DESTINATION_REGIONS=BOTH)

    assert len(under_way(cloud)) == 3


def test_what_is_under_way_counts_where_its_original_is_not_listed(cloud: FakeCloud) -> None:
    """The list of its kind could not be read, or it was deleted: it takes a place all the same."""
    for original in several(cloud, 2, Kind.VOLUME_GROUP):
        cloud.add_copy(original, lifecycle=Lifecycle.CREATING)
    deleted = several(cloud, 1)[0]
    cloud.add_copy(deleted, lifecycle=Lifecycle.CREATING)
    del cloud.backups[deleted.id]
    several(cloud, 3)
    cloud.script("list_backups", passing(), region=HOME)

    run(cloud, MAX_IN_FLIGHT="4")

    assert len(under_way(cloud)) == 4


def test_what_another_region_copies_here_takes_no_place_of_ours(cloud: FakeCloud) -> None:
    """The limit is that of the region where the original is."""
    foreign = cloud.add_backup(region=FAR)
    cloud.add_copy(foreign, AWAY, lifecycle=Lifecycle.CREATING)
    (original,) = several(cloud, 1)

    assert outcomes(run(cloud, MAX_IN_FLIGHT="1"), original) == [COPIED]


def test_what_is_refused_makes_room_for_the_next(cloud: FakeCloud) -> None:
    """A backup that cannot be copied, at the head of the queue, does not keep all others from their copies."""
    poison, *others = several(cloud, 4)
    cloud.refusals[poison.id] = refused("IncorrectState", 409)

    results = run(cloud, MAX_IN_FLIGHT="1")

    assert outcomes(results, poison) == [(AWAY, Outcome.FAILED, "IncorrectState")]
    assert [outcomes(results, each) for each in others] == [[COPIED], [WAITS], [WAITS]]


def test_what_is_refused_does_not_hold_up_its_successor(cloud: FakeCloud) -> None:
    """The newest backups are worth the most."""
    poison, following, last = nightly(cloud, 3)
    cloud.refusals[poison.id] = refused("InvalidParameter", 400)

    results = run(cloud)

    assert outcomes(results, following) == [COPIED]
    assert outcomes(results, last) == [(AWAY, Outcome.DEFERRED, Reason.PREDECESSOR)]
    assert report(results).status is Status.PARTIAL


@pytest.mark.parametrize("fault", [passing("Timeout", 0), passing("ServiceUnavailable", 503)])
def test_what_may_have_been_started_holds_its_place_until_it_is_known(cloud: FakeCloud, fault: Any) -> None:
    """Lists are given time to show it. Nothing came of it: another may go, but its successor waits for some time."""
    unknown, following = nightly(cloud, 2, every=timedelta(hours=1))
    another, last = several(cloud, 2)
    cloud.refusals[unknown.id] = fault
    begun = cloud.clock.now()

    results = run(cloud, MAX_IN_FLIGHT="2")

    assert outcomes(results, unknown) == [(AWAY, Outcome.FAILED, fault.code)]
    assert outcomes(results, following) == [(AWAY, Outcome.DEFERRED, Reason.PREDECESSOR)]
    assert [outcomes(results, each) for each in (another, last)] == [[COPIED]] * 2
    assert alive(cloud, another)[0].time_created == begun
    assert alive(cloud, last)[0].time_created == begun + SETTLING


def test_a_copy_that_was_started_without_an_answer_is_found(cloud: FakeCloud) -> None:
    """The answer was lost, not the copy: it is under way, and what it takes is not given to others."""
    cloud.listed_after = timedelta(seconds=5)
    lost, waiting = several(cloud, 2)
    cloud.clock.advance(timedelta(minutes=1))

    def make_and_fail() -> None:
        somebody_copies(cloud, lost)()
        raise passing("Timeout", 0)

    cloud.script("copy", make_and_fail)
    results = run(cloud, MAX_IN_FLIGHT="1")

    assert outcomes(results, lost) == [(AWAY, Outcome.IN_FLIGHT, "creating")]
    assert outcomes(results, waiting) == [WAITS]
    assert report(results).status is Status.OK


def test_what_could_not_be_looked_for_keeps_its_place(cloud: FakeCloud) -> None:
    """A copy that was perhaps started counts as under way as long as its list cannot be read, in any destination."""
    (original,) = several(cloud, 1)

    def make_and_go_dark() -> None:
        cloud(HOME).copy(original, {"destinationRegion": FAR}, copy_token(original.id, FAR))
        cloud.script("list_backups", *[passing()] * 2, region=FAR)
        raise passing("Timeout", 0)

    cloud.script("copy", make_and_go_dark)
    results = run(cloud, MAX_IN_FLIGHT="1", DESTINATION_REGIONS=BOTH)

    assert {(FAR, Outcome.FAILED, "Timeout"), WAITS} == set(outcomes(results, original))
    assert len(under_way(cloud)) == 1


def test_a_backup_whose_copy_fails_in_every_sweep_does_not_starve_the_others(cloud: FakeCloud) -> None:
    """Neither those of other sources nor, some day, its own successors."""
    poison, *rest = nightly(cloud, 3)
    others = several(cloud, 2)
    cloud.refusals[poison.id] = passing()

    for hour in range(72):
        run(cloud, MAX_IN_FLIGHT="1")
        arrive(cloud)
        cloud.clock.advance(timedelta(hours=1))
        if hour == 2:
            assert all(alive(cloud, each) for each in others)

    assert [len(alive(cloud, each)) for each in rest] == [1] * 2


def test_a_copy_that_fails_once_seldom_costs_the_order(cloud: FakeCloud) -> None:
    """However old the backups are by then: after an outage all of them are."""
    out_of_order = 0
    for _ in range(24):
        first, following = nightly(cloud, 2)
        cloud.clock.advance(timedelta(days=3, hours=1))
        cloud.script("copy", passing())
        run(cloud)
        assert not alive(cloud, first)
        out_of_order += len(alive(cloud, following))
        arrive(cloud)
        run(cloud)
        arrive(cloud)
        run(cloud)
        arrive(cloud)

    assert 0 < out_of_order <= 12


def test_a_permission_that_is_missing_is_not_asked_for_without_end(cloud: FakeCloud) -> None:
    """Oracle refuses every copy alike: after some of them that is known, for this region and this call."""
    several(cloud, 40)
    cloud.refusals[FAR] = refused()

    run(cloud, MAX_IN_FLIGHT="3", DESTINATION_REGIONS=BOTH)

    to = [call.arguments["body"]["destinationRegion"] for call in cloud.made("copy")]
    assert to.count(FAR) < 15
    assert to.count(AWAY) == 3


def test_a_sweep_of_one_compartment_minds_what_the_others_have_under_way(cloud: FakeCloud) -> None:
    """And the order of a source that has backups in both: it looks at all, and acts for the one."""
    elsewhere = "ocid1.compartment.oc1..ledger"
    source = cloud.add_source(Kind.VOLUME)
    older = cloud.add_backup(Kind.VOLUME, source_id=source.id, compartment_id=elsewhere)
    for _ in range(2):
        copied = cloud.add_backup(Kind.VOLUME, compartment_id=elsewhere)
        cloud.add_copy(copied, lifecycle=Lifecycle.CREATING, compartment_id=elsewhere)
    cloud.clock.advance(timedelta(hours=1))
    newer = cloud.add_backup(Kind.VOLUME, source_id=source.id)
    others = several(cloud, 3)

    both: Any = {"COMPARTMENT_IDS": f"{elsewhere},{COMPARTMENT}", "MAX_IN_FLIGHT": "4"}
    results = run(cloud, compartmentId=COMPARTMENT, **both)

    assert {each.source_id for each in results} == {each.id for each in [newer, *others]}
    assert outcomes(results, newer) == [(AWAY, Outcome.DEFERRED, Reason.PREDECESSOR)]
    assert not alive(cloud, older)
    assert len(under_way(cloud)) <= 4


def test_a_crash_of_ours_in_one_copy_does_not_hide_the_others(cloud: FakeCloud) -> None:
    """Nobody knows whether that one was started: nothing comes after it."""
    first, following = nightly(cloud, 2, every=timedelta(hours=1))
    (another,) = several(cloud, 1)

    def crash() -> None:
        raise RuntimeError("unforeseen")

    cloud.script("copy", crash)
    results = run(cloud)

    assert outcomes(results, first) == [(AWAY, Outcome.FAILED, Reason.INTERNAL_ERROR)]
    assert outcomes(results, following) == [(AWAY, Outcome.DEFERRED, Reason.PREDECESSOR)]
    assert outcomes(results, another) == [COPIED]


# Limits that the API tells


@pytest.mark.parametrize("fault", [passing("TooManyRequests", 429), refused("LimitExceeded", 400)])
def test_a_limit_closes_its_region_and_no_other(cloud: FakeCloud, fault: Any) -> None:
    """The next would be told the same, so it is not sent."""
    originals = several(cloud, 12)
    cloud.refusals[FAR] = fault

    run(cloud, MAX_IN_FLIGHT="8", DESTINATION_REGIONS=BOTH)

    to = [call.arguments["body"]["destinationRegion"] for call in cloud.made("copy")]
    assert to.count(FAR) <= 8
    assert to.count(AWAY) == len(under_way(cloud)) >= 4
    assert len(originals) == 12


@pytest.mark.parametrize("fault", [passing("TooManyRequests", 429), refused("LimitExceeded", 400)])
def test_a_limit_is_in_order_while_copies_are_under_way(cloud: FakeCloud, fault: Any) -> None:
    """Others hold the places: that passes by itself."""
    before, waiting = several(cloud, 2)
    cloud.add_copy(before, lifecycle=Lifecycle.CREATING)
    cloud.refusals[AWAY] = fault

    results = run(cloud)

    assert outcomes(results, waiting) == [WAITS]
    assert report(results).status is Status.OK


@pytest.mark.parametrize("fault", [passing("TooManyRequests", 429), refused("LimitExceeded", 400)])
def test_a_limit_with_nothing_under_way_is_a_failure(cloud: FakeCloud, fault: Any) -> None:
    """Nothing will end that makes room."""
    first, second = several(cloud, 2)
    cloud.refusals[AWAY] = fault

    results = run(cloud)

    assert outcomes(results, first) == [(AWAY, Outcome.FAILED, fault.code)]
    assert second
    assert report(results).status is not Status.OK


def test_a_limit_of_a_region_that_no_copy_is_under_way_to_is_a_failure(cloud: FakeCloud) -> None:
    """No copy to another region makes room there: it may be a limit on backups, which nothing but a person lifts."""
    (original,) = several(cloud, 1)
    cloud.refusals[FAR] = refused("LimitExceeded", 400)

    results = run(cloud, DESTINATION_REGIONS=BOTH)

    assert sorted(outcomes(results, original)) == [(FAR, Outcome.FAILED, "LimitExceeded"), COPIED]


def test_a_quota_is_a_failure_whatever_is_under_way(cloud: FakeCloud) -> None:
    """No copy that ends makes room: a quota of none would be a hole that looks in order for ever."""
    (original,) = several(cloud, 1)
    cloud.refusals[FAR] = refused("QuotaExceeded", 400)

    results = run(cloud, DESTINATION_REGIONS=BOTH)

    assert sorted(outcomes(results, original)) == [(FAR, Outcome.FAILED, "QuotaExceeded"), COPIED]
    assert report(results).status is Status.PARTIAL


# Tokens


def test_a_copy_that_ended_dead_is_made_again_by_the_next_token(cloud: FakeCloud) -> None:
    """Oracle keeps the first bound to what it made."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud, Lifecycle.FAULTY)

    assert outcomes(run(cloud), original) == [COPIED]
    assert len(alive(cloud, original)) == 1


def test_spent_tokens_are_waited_for_once_for_all_of_them(cloud: FakeCloud) -> None:
    """Their copies were deleted: others are made by the next tokens, after one look and one pause."""
    originals = several(cloud, 3)
    run(cloud)
    arrive(cloud, Lifecycle.TERMINATED)
    began = cloud.clock.now()

    results = run(cloud)

    assert [outcomes(results, each) for each in originals] == [[COPIED]] * 3
    assert cloud.clock.now() - began == SETTLING


def test_a_copy_by_another_name_that_shows_up_is_good_enough(cloud: FakeCloud) -> None:
    """It was started at this moment: the second look finds it, without a pause."""
    (original,) = several(cloud, 1)
    began = cloud.clock.now()
    cloud.script("copy", somebody_copies(cloud, original, displayName="theirs"))

    results = run(cloud)

    assert outcomes(results, original) == [(AWAY, Outcome.IN_FLIGHT, "creating")]
    assert len(alive(cloud, original)) == 1
    assert cloud.clock.now() == began


def test_a_copy_by_another_name_that_is_not_listed_yet_is_waited_for(cloud: FakeCloud) -> None:
    """Lists lag behind: theirs is given the time to be listed before another is made."""
    (original,) = several(cloud, 1)
    cloud.clock.advance(timedelta(minutes=1))
    cloud.listed_after = timedelta(seconds=5)
    cloud.script("copy", somebody_copies(cloud, original, displayName="theirs"))

    results = run(cloud)

    assert outcomes(results, original) == [(AWAY, Outcome.IN_FLIGHT, "creating")]
    assert len(alive(cloud, original)) == 1


@pytest.mark.parametrize("lag", [timedelta(), timedelta(seconds=5)], ids=["listed at once", "listed late"])
def test_a_next_token_that_somebody_else_takes_at_this_moment_makes_no_second_copy(
    cloud: FakeCloud, lag: timedelta
) -> None:
    """Two callers that find the same token spent go on to the same next one: only one of them makes a copy by it."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud, Lifecycle.TERMINATED)
    cloud.clock.advance(timedelta(minutes=1))
    cloud.listed_after = lag
    cloud.script("copy", somebody_copies(cloud, original, attempt=1, displayName="theirs"), calls_before=2)

    run(cloud)

    assert len(alive(cloud, original)) == 1


def test_without_time_to_settle_it_is_for_a_later_call(cloud: FakeCloud) -> None:
    """And it is not in order: nobody knows whether there is a copy."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud, Lifecycle.TERMINATED)

    results = run(cloud, lasts=SETTLING)

    assert outcomes(results, original) == [(AWAY, Outcome.DEFERRED, Reason.DEADLINE)]
    assert report(results).status is Status.FAILED
    assert alive(cloud, original) == []
    assert outcomes(run(cloud), original) == [COPIED]


def test_a_region_that_can_be_looked_at_again_after_a_while_gets_its_copy(cloud: FakeCloud) -> None:
    """The first look failed, the one after the pause tells."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud, Lifecycle.TERMINATED)
    cloud.script("list_backups", passing(), region=AWAY, calls_before=len(Kind))

    assert outcomes(run(cloud), original) == [COPIED]


def test_a_region_that_cannot_be_looked_at_again_gets_no_second_copy(cloud: FakeCloud) -> None:
    """Nobody knows what is there by now."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud, Lifecycle.TERMINATED)
    cloud.script("list_backups", *[passing()] * 3, region=AWAY, calls_before=len(Kind))

    results = run(cloud)

    assert alive(cloud, original) == []
    assert report(results).status is Status.FAILED


# Time


def test_what_no_time_is_left_for_is_left_and_said_to_be(cloud: FakeCloud) -> None:
    """The call stops starting work when its deadline nears: PARTIAL, not a silence."""
    originals = several(cloud, 6)
    cloud.call_takes = timedelta(seconds=2)
    reads = timedelta(seconds=2 * 9)

    results = run(cloud, lasts=reads + timedelta(seconds=2 + 4))

    found = [outcomes(results, each) for each in originals]
    assert found == [[COPIED]] * 2 + [[(AWAY, Outcome.DEFERRED, Reason.DEADLINE)]] * 4
    assert report(results).status is Status.PARTIAL
    assert len(cloud.made("copy")) == 2


def test_a_copy_that_nobody_answered_for_in_time_is_made_once(cloud: FakeCloud) -> None:
    """The call ends, its request may not: the next sends the same token."""
    first, following = nightly(cloud, 2)
    call = make_call(cloud)

    def impatient(work: Any, items: Any) -> list[Any]:
        done = [work(item) for item in items]
        return [None] * len(done) if cloud.made("copy") else done

    results = list(sweep(Sweep(), replace(call, workers=impatient)).results)

    assert report(results).status is not Status.OK
    assert [each.outcome for each in results if each.source_id == first.id] != [Outcome.COPIED]
    assert outcomes(results, following) == [(AWAY, Outcome.DEFERRED, Reason.PREDECESSOR)]
    run(cloud)
    assert len(alive(cloud, first)) == 1


def test_nothing_is_planned_in_the_answer_of_a_call_that_was_carried_out(cloud: FakeCloud) -> None:
    """A rest that ends when all has been started is for a later call."""
    resting, contested = several(cloud, 2)
    ends = cloud.clock.now() + timedelta(seconds=57)
    for _ in range(2):
        cloud.add_copy(resting, lifecycle=Lifecycle.FAULTY, time_created=ends - timedelta(hours=1))
    cloud.call_takes = timedelta(seconds=5)
    cloud.script("copy", somebody_copies(cloud, contested, displayName="theirs"))

    results = run(cloud)

    assert outcomes(results, contested) == [(AWAY, Outcome.IN_FLIGHT, "creating")]
    assert outcomes(results, resting) == [WAITS]


# Overlapping calls


@pytest.mark.parametrize("method", ["list_sources", "list_backups", "copy", "update"])
@pytest.mark.parametrize("calls_before", [0, 1, 4])
def test_a_sweep_within_a_sweep_makes_one_copy_each(cloud: FakeCloud, method: str, calls_before: int) -> None:
    """Wherever the one is overtaken by the other: the tokens make the two one, and the places are kept to."""
    originals = [*several(cloud, 3), *nightly(cloud, 2)]
    cloud.script(method, lambda: run(cloud, MAX_IN_FLIGHT="3"), calls_before=calls_before)

    run(cloud, MAX_IN_FLIGHT="3")

    assert len(under_way(cloud)) == 3
    for _ in range(2):
        arrive(cloud)
        run(cloud, MAX_IN_FLIGHT="3")
    arrive(cloud)
    assert [len(alive(cloud, each)) for each in originals] == [1] * 5
