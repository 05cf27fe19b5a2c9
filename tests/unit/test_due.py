"""CreateDueBackups: each source has one backup in each interval, whoever asks, however often, whatever goes wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.findings import Findings
from handlers.core.grammar import Every
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.operations import CreateDueBackups
from handlers.core.report import Outcome, Reason, Report, Result, Status, Trigger
from handlers.core.tokens import SLOT_TAG, read_slot
from handlers.due import create_due
from tests.fakes import AWAY, COMPARTMENT, HOME, FakeClock, FakeCloud, make_call, ocid, passing, refused

T = TypeVar("T")
R = TypeVar("R")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
VAULT = "ocid1.compartment.oc1..vault"
EVERY = "backup-copy-every"
DAILY: dict[str, Any] = {"POLICY": json.dumps({"defaults": {"every": "1d"}})}


@pytest.fixture
def cloud() -> FakeCloud:
    """At noon, when the day's backup is due since midnight."""
    return FakeCloud(FakeClock(NOON))


def findings(cloud: FakeCloud, *, lasts: timedelta = timedelta(minutes=5), **given: Any) -> Findings:
    """A tick with the camelCase fields of `given`, configured with its UPPER_CASE ones."""
    keys = {key: value for key, value in given.items() if key.isupper()}
    fields = {key: value for key, value in given.items() if not key.isupper()}
    operation = CreateDueBackups.model_validate({"operation": "CreateDueBackups", **fields})
    return create_due(operation, make_call(cloud, lasts=lasts, **keys))


def tick(cloud: FakeCloud, **given: Any) -> list[Result]:
    """What came of a tick, where every source is due once a day unless `given` says otherwise."""
    return list(findings(cloud, **{**DAILY, **given}).results)


def of(results: Sequence[Result], source: Source) -> tuple[Outcome, str | None]:
    """Outcome and reason for this source: there is exactly one."""
    (found,) = ((each.outcome, each.reason) for each in results if each.source_id == source.id)
    return found


def made(cloud: FakeCloud, source: Source) -> list[Backup]:
    """The backups of a source, oldest first, that are not a group's."""
    return [each for each in cloud.backups.values() if each.source_id == source.id and not each.group_backup_id]


def end(cloud: FakeCloud, lifecycle: Lifecycle = Lifecycle.AVAILABLE) -> None:
    """All backups that are being made end, well unless told otherwise."""
    for backup in list(cloud.backups.values()):
        if backup.lifecycle.is_under_way:
            cloud.change(backup, lifecycle=lifecycle)


# When a backup is due


@pytest.mark.parametrize("kind", list(Kind))
def test_a_source_without_a_backup_is_due(cloud: FakeCloud, kind: Kind) -> None:
    """The answer names the source, the new backup and the request that made it."""
    source = cloud.add_source(kind)

    (result,) = tick(cloud)
    (backup,) = made(cloud, source)

    assert (result.operation, result.outcome, result.reason) == ("CreateDueBackups", Outcome.CREATED, None)
    assert (result.source_id, result.backup_id) == (source.id, backup.id)
    assert result.opc_request_id
    assert (backup.kind, backup.region) == (kind, HOME)


def test_a_backup_says_for_which_slot_it_was_made(cloud: FakeCloud) -> None:
    """So it is known to be ours, and retention may delete it; its name says it to people."""
    source = cloud.add_source()

    tick(cloud)

    (backup,) = made(cloud, source)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert backup.freeform_tags.keys() == {SLOT_TAG}
    assert read_slot(backup) == midnight
    assert cloud.made("create")[0].arguments["body"]["displayName"] == "due-2026-11-21T00:00Z"


@pytest.mark.parametrize(
    ("age", "outcome"),
    [
        (timedelta(), Outcome.EXISTS),
        (12 * HOUR, Outcome.EXISTS),
        (12 * HOUR + timedelta(microseconds=1), Outcome.CREATED),
        (5 * DAY, Outcome.CREATED),
    ],
)
@pytest.mark.parametrize("facts", [{}, {"is_scheduled": True}, {"freeform_tags": {"team": "payroll"}}], ids=str)
def test_a_source_is_due_when_its_newest_backup_is_older_than_the_slot(
    cloud: FakeCloud, age: timedelta, outcome: Outcome, facts: dict[str, Any]
) -> None:
    """Whoever made it: a person, a policy of Oracle's, or this function. One of the slot is named."""
    source = cloud.add_source()
    cloud.add_backup(source_id=source.id, time_created=NOON - 9 * DAY)
    backup = cloud.add_backup(source_id=source.id, time_created=NOON - age, **facts)

    (result,) = tick(cloud)

    assert (result.outcome, result.reason) == (outcome, None)
    assert (result.backup_id == backup.id) is (outcome is Outcome.EXISTS)


def test_the_next_slot_has_its_own_backup(cloud: FakeCloud) -> None:
    """However often the clock ticks in each."""
    source = cloud.add_source()

    for _ in range(4 * 24):
        cloud.clock.advance(HOUR)
        tick(cloud)
        end(cloud)

    days = [backup.time_created.day for backup in made(cloud, source)]
    assert days == [21, 22, 23, 24, 25]


def test_each_source_has_its_own_interval(cloud: FakeCloud) -> None:
    """Its rule's, or its tag's."""
    often, seldom, plain = cloud.add_source(name="db-1"), cloud.add_source(tags={EVERY: "1w"}), cloud.add_source()
    content = {"defaults": {"every": "1d"}, "rules": [{"match": {"name": "db-*"}, "every": "6h"}]}

    for _ in range(7 * 4):
        tick(cloud, POLICY=json.dumps(content))
        end(cloud)
        cloud.clock.advance(6 * HOUR)

    assert [len(made(cloud, each)) for each in (often, plain, seldom)] == [28, 8, 2]


def test_a_source_that_nobody_speaks_of_is_left_alone(cloud: FakeCloud) -> None:
    """And the answer says what is missing."""
    source = cloud.add_source()

    (result,) = tick(cloud, POLICY="")

    assert (result.source_id, result.outcome, result.reason) == (source.id, Outcome.EXCLUDED, Reason.NO_SCHEDULE)
    assert "POLICY" in str(result.message)
    assert cloud.changes == []


@pytest.mark.parametrize("lifecycle", [Lifecycle.REQUEST_RECEIVED, Lifecycle.CREATING, Lifecycle.COMMITTED])
@pytest.mark.parametrize("age", [HOUR, 30 * HOUR])
def test_where_a_backup_is_under_way_no_other_is_made(cloud: FakeCloud, lifecycle: Lifecycle, age: timedelta) -> None:
    """Also where it was begun before the slot: it will be there in a moment."""
    source = cloud.add_source()
    backup = cloud.add_backup(source_id=source.id, lifecycle=lifecycle, time_created=NOON - age)

    (result,) = tick(cloud)

    assert (result.outcome, result.reason, result.backup_id) == (Outcome.IN_FLIGHT, lifecycle.lower(), backup.id)
    assert cloud.changes == []


def test_copies_and_members_of_a_groups_backup_are_no_backups_of_a_source(cloud: FakeCloud) -> None:
    """A copy came from elsewhere, and a member cannot be copied by itself."""
    source = cloud.add_source(Kind.VOLUME)
    cloud.add_backup(Kind.VOLUME, source_id=source.id, copied_from=ocid("volumebackup", AWAY))
    cloud.add_backup(Kind.VOLUME, source_id=source.id, group_backup_id=ocid("volumegroupbackup"))

    assert of(tick(cloud), source) == (Outcome.CREATED, None)


def test_those_that_have_waited_longest_go_first(cloud: FakeCloud) -> None:
    """Where time is short; what ended dead is no backup to have waited since."""
    recent, never, old, broken = (cloud.add_source() for _ in range(4))
    for source, age in ((recent, DAY), (old, 9 * DAY), (broken, 5 * DAY)):
        cloud.add_backup(source_id=source.id, time_created=NOON - age)
    cloud.add_backup(source_id=broken.id, lifecycle=Lifecycle.FAULTY, time_created=NOON - HOUR)

    tick(cloud)

    asked = [call.arguments["body"]["volumeGroupId"] for call in cloud.made("create")]
    assert asked == [never.id, old.id, broken.id, recent.id]


# One backup in a slot


@pytest.mark.parametrize("listed_after", [timedelta(), timedelta(seconds=30), HOUR])
def test_two_ticks_in_a_slot_make_one_backup(cloud: FakeCloud, listed_after: timedelta) -> None:
    """Also where no list shows the first one yet: its retry token does."""
    source = cloud.add_source()
    cloud.listed_after = listed_after

    first, second = tick(cloud), tick(cloud)

    assert len(made(cloud, source)) == 1
    assert [each.outcome for each in first] == [Outcome.CREATED]
    assert of(second, source)[0] is (Outcome.CREATED if listed_after else Outcome.IN_FLIGHT)
    assert first[0].backup_id == second[0].backup_id


@pytest.mark.parametrize("method", ["list_sources", "list_backups", "create"])
def test_two_ticks_at_the_same_time_make_one_backup(cloud: FakeCloud, method: str) -> None:
    """Wherever the one is when the other comes."""
    sources = [cloud.add_source(kind) for kind in Kind]
    between: list[Result] = []
    cloud.script(method, lambda: between.extend(tick(cloud)), calls_before=1)

    results = tick(cloud)

    assert [len(made(cloud, each)) for each in sources] == [1, 1, 1]
    assert {each.backup_id for each in results} == {each.backup_id for each in between}
    assert not {each.outcome for each in (*results, *between)} - {Outcome.CREATED, Outcome.IN_FLIGHT}


def test_ticks_of_other_intervals_do_not_double_what_is_there(cloud: FakeCloud) -> None:
    """What one of them has made serves the other."""
    source = cloud.add_source()

    tick(cloud, every="1d")
    end(cloud)

    assert of(tick(cloud, every="1w"), source) == (Outcome.EXISTS, None)
    assert len(made(cloud, source)) == 1


def test_a_backup_that_was_deleted_in_its_slot_is_made_anew(cloud: FakeCloud) -> None:
    """Somebody has deleted the only one; however often that happens."""
    source = cloud.add_source()
    for lifecycle in (Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.TERMINATED):
        assert of(tick(cloud), source) == (Outcome.CREATED, None)
        cloud.change(made(cloud, source)[-1], lifecycle=lifecycle)

    tick(cloud)

    assert len(made(cloud, source)) == 4
    assert of(tick(cloud), source)[0] is Outcome.IN_FLIGHT


def test_a_deleted_one_that_no_list_shows_is_made_anew(cloud: FakeCloud) -> None:
    """Its token is spent, the next one is not."""
    source = cloud.add_source()
    tick(cloud)
    del cloud.backups[made(cloud, source)[0].id]

    assert of(tick(cloud), source) == (Outcome.CREATED, None)
    assert len(made(cloud, source)) == 1


@pytest.mark.parametrize("listed_after", [timedelta(), timedelta(minutes=30)])
def test_what_ended_faulty_is_made_anew_three_times_at_most(cloud: FakeCloud, listed_after: timedelta) -> None:
    """Then a person must look, until the next slot begins; also where lists are behind."""
    source = cloud.add_source()
    cloud.listed_after = listed_after
    for _ in range(3):
        assert of(tick(cloud), source) == (Outcome.CREATED, None)
        end(cloud, Lifecycle.FAULTY)

    given_up = [of(tick(cloud), source) for _ in range(3)]

    assert given_up == [(Outcome.FAILED, Reason.FAULTY)] * 3
    assert len(made(cloud, source)) == 3
    cloud.clock.advance(12 * HOUR)
    assert of(tick(cloud), source) == (Outcome.CREATED, None)


def test_what_others_made_and_ended_faulty_counts_too(cloud: FakeCloud) -> None:
    """It is the source that cannot be backed up."""
    source = cloud.add_source()
    for _ in range(2):
        cloud.add_backup(source_id=source.id, lifecycle=Lifecycle.FAULTY)

    assert of(tick(cloud), source) == (Outcome.CREATED, None)
    end(cloud, Lifecycle.FAULTY)

    assert of(tick(cloud), source) == (Outcome.FAILED, Reason.FAULTY)
    assert len(made(cloud, source)) == 3


def test_what_others_made_and_ended_faulty_does_not_double_ours(cloud: FakeCloud) -> None:
    """Where lists show theirs and not ours yet: it was none of our attempts."""
    source = cloud.add_source()
    tick(cloud)
    (ours,) = made(cloud, source)
    cloud.add_backup(source_id=source.id, lifecycle=Lifecycle.FAULTY, time_created=NOON - HOUR)
    cloud.listed_after = timedelta(minutes=1)

    (result,) = tick(cloud)

    assert (result.outcome, result.backup_id) == (Outcome.CREATED, ours.id)
    assert len(made(cloud, source)) == 2


def test_a_faulty_one_of_the_day_before_is_forgotten(cloud: FakeCloud) -> None:
    """Each slot has its own attempts, from its first moment on."""
    source, another = cloud.add_source(), cloud.add_source()
    moment = timedelta(microseconds=1)
    for where, age in ((source, 12 * HOUR + moment), (another, 12 * HOUR)):
        for _ in range(3):
            cloud.add_backup(source_id=where.id, lifecycle=Lifecycle.FAULTY, time_created=NOON - age)

    results = tick(cloud)

    assert of(results, source) == (Outcome.CREATED, None)
    assert of(results, another) == (Outcome.FAILED, Reason.FAULTY)


def test_one_good_backup_is_enough_beside_any_number_that_failed(cloud: FakeCloud) -> None:
    """In whatever order they were made."""
    source = cloud.add_source()
    good = cloud.add_backup(source_id=source.id)
    for _ in range(5):
        cloud.add_backup(source_id=source.id, lifecycle=Lifecycle.FAULTY)

    (result,) = tick(cloud)

    assert (result.outcome, result.backup_id) == (Outcome.EXISTS, good.id)


# Groups and their members


def test_members_are_left_to_the_backup_of_their_group(cloud: FakeCloud) -> None:
    """Whichever schedule the group has; its backup holds theirs."""
    group = cloud.add_source(tags={EVERY: "1w"})
    members = [cloud.add_source(kind, group_id=group.id) for kind in (Kind.VOLUME, Kind.BOOT_VOLUME)]

    results = tick(cloud)

    assert of(results, group) == (Outcome.CREATED, None)
    assert [of(results, each) for each in members] == [(Outcome.EXCLUDED, Reason.GROUP_MEMBER)] * 2
    assert [made(cloud, each) for each in members] == [[], []]


def test_a_member_whose_own_tag_asks_for_backups_has_them(cloud: FakeCloud) -> None:
    """Beside those of its group."""
    group = cloud.add_source()
    member = cloud.add_source(Kind.VOLUME, tags={EVERY: "6h"}, group_id=group.id)

    results = tick(cloud)

    assert [of(results, each) for each in (group, member)] == [(Outcome.CREATED, None)] * 2


@pytest.mark.parametrize(
    ("tags", "policy"),
    [
        ({EVERY: "none"}, {"defaults": {"every": "1d"}}),
        ({}, {"rules": [{"match": {"kind": "Volume"}, "every": "1d"}]}),
        ({}, {"defaults": {"every": "1d"}, "rules": [{"match": {"kind": "VolumeGroup"}, "every": "none"}]}),
    ],
)
def test_members_of_a_group_that_is_never_due_are_backed_up_by_themselves(
    cloud: FakeCloud, tags: dict[str, str], policy: dict[str, Any]
) -> None:
    """Nobody else does it."""
    group = cloud.add_source(tags=tags)
    member = cloud.add_source(Kind.VOLUME, group_id=group.id)

    results = tick(cloud, POLICY=json.dumps(policy))

    assert of(results, group)[0] is Outcome.EXCLUDED
    assert of(results, member) == (Outcome.CREATED, None)


def test_a_member_of_a_group_that_is_nowhere_is_backed_up_by_itself(cloud: FakeCloud) -> None:
    """It may be in a compartment that nobody looks at: whether it has backups is not known."""
    member = cloud.add_source(Kind.VOLUME, group_id=ocid("volumegroup", HOME, "elsewhere"))

    assert of(tick(cloud), member) == (Outcome.CREATED, None)


def test_where_groups_could_not_be_read_members_wait(cloud: FakeCloud) -> None:
    """A volume of no group, and one that asks itself, do not depend on them."""
    group = cloud.add_source()
    member = cloud.add_source(Kind.VOLUME, group_id=group.id)
    asking = cloud.add_source(Kind.VOLUME, tags={EVERY: "1d"}, group_id=group.id)
    alone = cloud.add_source(Kind.VOLUME)
    cloud.script("list_sources", refused())

    results = tick(cloud)

    assert of(results, member) == (Outcome.FAILED, "NotAuthorizedOrNotFound")
    assert [of(results, each) for each in (asking, alone)] == [(Outcome.CREATED, None)] * 2
    assert made(cloud, member) == []


# What is not due, or cannot be told


@pytest.mark.parametrize("lifecycle", sorted(set(Lifecycle) - {Lifecycle.AVAILABLE}))
def test_a_source_that_is_not_available_waits_for_itself(cloud: FakeCloud, lifecycle: Lifecycle) -> None:
    """Of one that is being made or ended no backup can be made."""
    source = cloud.add_source(lifecycle=lifecycle)

    assert of(tick(cloud), source) == (Outcome.NOT_READY, lifecycle.lower())
    assert cloud.changes == []


def test_a_source_that_wants_no_backups_says_by_whom(cloud: FakeCloud) -> None:
    """By the configuration, or by itself."""
    itself, excluded = cloud.add_source(tags={EVERY: "none"}), cloud.add_source(name="scratch")
    content = {"defaults": {"every": "1d"}, "rules": [{"match": {"name": "scratch"}, "every": "none"}]}

    results = tick(cloud, POLICY=json.dumps(content))

    assert of(results, itself) == (Outcome.EXCLUDED, Reason.TAG)
    assert of(results, excluded) == (Outcome.EXCLUDED, Reason.POLICY)
    assert cloud.changes == []


def test_an_interval_in_the_payload_stands_above_policies_but_not_above_none(cloud: FakeCloud) -> None:
    """A person may ask for more, and not for what somebody has excluded on purpose."""
    plain, tagged = cloud.add_source(), cloud.add_source(tags={EVERY: "1w"})
    none, excluded = cloud.add_source(tags={EVERY: "none"}), cloud.add_source(name="scratch")
    content = {"rules": [{"match": {"name": "scratch"}, "every": "none"}]}
    for source in (plain, tagged, none, excluded):
        cloud.add_backup(source_id=source.id, time_created=NOON - 7 * HOUR)

    keys: dict[str, Any] = {"POLICY": json.dumps(content)}
    without, results = tick(cloud, dryRun=True, **keys), tick(cloud, every="6h", **keys)

    assert [of(without, each)[0] for each in (plain, tagged)] == [Outcome.EXCLUDED, Outcome.EXISTS]
    assert [of(results, each)[0] for each in (plain, tagged)] == [Outcome.CREATED, Outcome.CREATED]
    assert [of(results, each) for each in (none, excluded)] == [
        (Outcome.EXCLUDED, Reason.TAG),
        (Outcome.EXCLUDED, Reason.POLICY),
    ]


def test_a_tag_that_cannot_be_followed_fails_its_source_and_no_other(cloud: FakeCloud) -> None:
    """Also where the payload says how often: it may have wanted none."""
    malformed, sound = cloud.add_source(tags={EVERY: "daily"}), cloud.add_source(tags={"backup-copy-keep": "lots"})

    for results in (tick(cloud), tick(cloud, every="1d")):
        (result,) = (each for each in results if each.source_id == malformed.id)
        assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, Reason.TAG_MALFORMED, False)
        assert f"{EVERY} cannot be followed: at character 1" in str(result.message)
    assert made(cloud, malformed) == []
    assert len(made(cloud, sound)) == 1


def test_where_backups_could_not_be_read_nothing_is_made_blindly(cloud: FakeCloud) -> None:
    """There may be one already; sources of other kinds do not depend on that list."""
    group, volume = cloud.add_source(), cloud.add_source(Kind.VOLUME)
    cloud.script("list_backups", passing("ServiceUnavailable", 503))

    results = tick(cloud)

    assert of(results, group) == (Outcome.FAILED, "ServiceUnavailable")
    assert of(results, volume) == (Outcome.CREATED, None)
    assert (COMPARTMENT, Outcome.FAILED) in {(each.source_id, each.outcome) for each in results}
    assert made(cloud, group) == []


@pytest.mark.parametrize(("fault", "outcome"), [(refused(), Outcome.CREATED), (passing(), Outcome.FAILED)])
def test_a_list_of_another_compartment_matters_where_it_may_be_read_another_time(
    cloud: FakeCloud, fault: Any, outcome: Outcome
) -> None:
    """A backup may have been moved there; but a compartment that may not be read must not stop all others for ever."""
    source = cloud.add_source(Kind.VOLUME_GROUP)
    cloud.script("list_backups", fault, calls_before=3)

    results = tick(cloud, COMPARTMENT_IDS=f"{COMPARTMENT},{VAULT}")

    assert of(results, source)[0] is outcome
    assert (VAULT, Outcome.FAILED) in {(each.source_id, each.outcome) for each in results}


def test_sources_that_could_not_be_listed_are_a_failure_of_their_own(cloud: FakeCloud) -> None:
    """A schedule that finds nothing to do would be taken for success."""
    cloud.add_source()
    cloud.script("list_sources", refused())

    results = tick(cloud)

    assert [(each.source_id, each.outcome, each.reason) for each in results] == [
        (COMPARTMENT, Outcome.FAILED, "NotAuthorizedOrNotFound")
    ]
    assert cloud.changes == []


def test_a_compartment_that_cannot_be_told_for_now_is_a_failure_that_may_pass(cloud: FakeCloud) -> None:
    """As for every operation that looks at all."""

    def unknown() -> str:
        raise passing("ServiceUnavailable", 503)

    call = replace(make_call(cloud, COMPARTMENT_IDS=""), own_compartment=unknown)
    (result,) = create_due(CreateDueBackups(operation="CreateDueBackups"), call).results

    assert (result.outcome, result.may_pass) == (Outcome.FAILED, True)


# Compartments


def test_a_tick_keeps_to_the_compartments_it_is_given(cloud: FakeCloud) -> None:
    """Also to one that is not configured; what is wrong elsewhere is not its business."""
    here, there = cloud.add_source(), cloud.add_source(compartment_id=VAULT)
    cloud.script("list_sources", refused())

    found = findings(cloud, compartmentId=VAULT, **DAILY)

    assert [(each.source_id, each.outcome) for each in found.results] == [(there.id, Outcome.CREATED)]
    assert made(cloud, here) == []
    assert not found.is_of_all


def test_members_are_left_to_a_group_in_another_compartment(cloud: FakeCloud) -> None:
    """The tick is not about the group, and knows of it."""
    group = cloud.add_source()
    member = cloud.add_source(Kind.VOLUME, group_id=group.id, compartment_id=VAULT)

    results = tick(cloud, compartmentId=[VAULT])

    assert [each.source_id for each in results] == [member.id]
    assert of(results, member) == (Outcome.EXCLUDED, Reason.GROUP_MEMBER)


def test_without_a_compartment_all_that_are_configured_are_looked_at(cloud: FakeCloud) -> None:
    """Which makes its findings those of all there is."""
    sources = [cloud.add_source(), cloud.add_source(compartment_id=VAULT)]

    found = findings(cloud, COMPARTMENT_IDS=f"{COMPARTMENT},{VAULT}", **DAILY)

    assert sorted(str(each.source_id) for each in found.results) == sorted(each.id for each in sources)
    assert found.is_of_all


# What goes wrong on the way


def test_a_dry_run_makes_nothing(cloud: FakeCloud) -> None:
    """It says what is due, first of all, and the tick after it makes just that."""
    never, due, done = cloud.add_source(tags={EVERY: "none"}), cloud.add_source(), cloud.add_source()
    cloud.add_backup(source_id=due.id, time_created=NOON - DAY)
    cloud.add_backup(source_id=done.id)

    results = tick(cloud, dryRun=True)

    assert [(each.source_id, each.outcome) for each in results] == [
        (due.id, Outcome.PLANNED),
        (never.id, Outcome.EXCLUDED),
        (done.id, Outcome.EXISTS),
    ]
    assert cloud.changes == []
    assert of(tick(cloud), due) == (Outcome.CREATED, None)


def test_what_the_api_refuses_fails_alone(cloud: FakeCloud) -> None:
    """With its own code; and the call can say whether another may help."""
    first, second = cloud.add_source(), cloud.add_source()
    cloud.script("create", refused("QuotaExceeded", 400))

    results = tick(cloud)

    assert of(results, first) == (Outcome.FAILED, "QuotaExceeded")
    assert of(results, second) == (Outcome.CREATED, None)
    assert [each.may_pass for each in results if each.source_id == first.id] == [False]


def test_what_fails_for_a_while_is_made_by_the_next_tick(cloud: FakeCloud) -> None:
    """Also where the answer was lost and the backup is there: it is the same one."""
    source = cloud.add_source()
    cloud.script("create", passing("Timeout", 0))

    (failed,) = tick(cloud)

    assert (failed.outcome, failed.reason, failed.may_pass) == (Outcome.FAILED, "Timeout", True)
    assert of(tick(cloud), source) == (Outcome.CREATED, None)
    assert len(made(cloud, source)) == 1


def test_a_crash_of_ours_with_one_source_does_not_hide_the_others(cloud: FakeCloud) -> None:
    """It is a failure that may pass, and its traceback is in the log."""
    first, second = cloud.add_source(), cloud.add_source()

    def crash() -> None:
        raise ZeroDivisionError

    cloud.script("create", crash)

    results = tick(cloud)

    assert of(results, first) == (Outcome.FAILED, Reason.INTERNAL_ERROR)
    assert [each.may_pass for each in results if each.source_id == first.id] == [True]
    assert of(results, second) == (Outcome.CREATED, None)


def test_what_no_time_is_left_for_waits(cloud: FakeCloud) -> None:
    """Those that have waited longest are made first, and the answer says what was left."""
    sources = [cloud.add_source() for _ in range(4)]
    cloud.call_takes = timedelta(seconds=5)

    results = tick(cloud, lasts=timedelta(seconds=2 + 6 * 5 + 10))

    assert [each.outcome for each in results] == [Outcome.CREATED] * 2 + [Outcome.DEFERRED] * 2
    assert {each.reason for each in results if each.outcome is Outcome.DEFERRED} == {Reason.DEADLINE}
    assert {each.source_id for each in results} == {each.id for each in sources}
    assert len(cloud.backups) == 2


def test_a_backup_whose_answer_came_too_late_may_be_there(cloud: FakeCloud) -> None:
    """Its result says that nobody knows; the next tick does."""
    sources = [cloud.add_source() for _ in range(2)]

    def lose_the_last(work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
        done = [work(item) for item in items]
        return [*done[:-1], None] if len(items) == len(sources) else list(done)

    call = replace(make_call(cloud, **DAILY), workers=lose_the_last)
    results = create_due(CreateDueBackups(operation="CreateDueBackups"), call).results

    assert [each.outcome for each in results] == [Outcome.CREATED, Outcome.DEFERRED]
    assert "before it was known" in str(results[1].message)
    assert [each.outcome for each in tick(cloud)] == [Outcome.IN_FLIGHT] * 2
    assert len(cloud.backups) == 2


# What holds whatever there is

STATES = st.sampled_from([*[Lifecycle.AVAILABLE] * 3, *Lifecycle])
SOURCES = st.lists(
    st.tuples(
        st.sampled_from(list(Kind)),
        st.sampled_from([None, None, "6h", "1d", "none", "daily"]),
        st.sampled_from([*[Lifecycle.AVAILABLE] * 4, Lifecycle.TERMINATED]),
        st.lists(st.tuples(STATES, st.integers(0, 40)), max_size=4),
    ),
    max_size=6,
)


@given(SOURCES, st.sampled_from(["", "1d"]), st.sampled_from([None, None, "list_sources", "list_backups", "create"]))
def test_every_source_has_one_outcome_and_no_slot_two_backups(
    sources: list[tuple[Kind, str | None, Lifecycle, list[tuple[Lifecycle, int]]]], every: str, broken: str | None
) -> None:
    """The counts add up, and what is made is made where nothing living is as young as the slot."""
    cloud = FakeCloud(FakeClock(NOON))
    for kind, tag, lifecycle, backups in sources:
        source = cloud.add_source(kind, {} if tag is None else {EVERY: tag}, lifecycle=lifecycle)
        for state, hours in backups:
            cloud.add_backup(kind, source_id=source.id, lifecycle=state, time_created=NOON - hours * HOUR)
    before = dict(cloud.backups)
    if broken:
        cloud.script(broken, passing(), calls_before=1)
    keys: dict[str, Any] = {"POLICY": json.dumps({"defaults": {"every": every}} if every else {})}

    results = tick(cloud, **keys)
    tick(cloud, **keys)
    report = Report(Trigger.OPERATION, results)

    listed = [each.source_id for each in results if each.source_id != COMPARTMENT]
    assert len(listed) == len(set(listed))
    assert broken == "list_sources" or set(listed) == set(cloud.sources)
    assert sum(report.counts.values()) == len(results)
    per_source = Counter(each.source_id for each in cloud.backups.values() if each.id not in before)
    assert not per_source or max(per_source.values()) == 1
    for source_id in per_source:
        slot = Every.parse(cloud.sources[str(source_id)].freeform_tags.get(EVERY, every)).slot(NOON)
        there = [each for each in before.values() if each.source_id == source_id]
        assert not any(each.lifecycle.is_under_way for each in there)
        assert not any(each.lifecycle is Lifecycle.AVAILABLE and each.time_created >= slot for each in there)


def test_a_tick_in_which_all_is_in_order_is_ok(cloud: FakeCloud) -> None:
    """Whatever is excluded, there already, or under way."""
    cloud.add_backup(source_id=cloud.add_source().id)
    cloud.add_source(tags={EVERY: "none"})
    cloud.add_source()

    report = Report(Trigger.TICK, tick(cloud))

    assert (report.status, report.counts) == (Status.OK, {"created": 1, "excluded": 1, "exists": 1})


def test_members_wait_for_a_group_whose_own_tag_is_malformed(cloud: FakeCloud) -> None:
    """Nobody knows what its owner wants: single backups in its place would be a guess that is paid for."""
    group = cloud.add_source(Kind.VOLUME_GROUP, tags={EVERY: "daily"})
    member = cloud.add_source(group_id=group.id)
    found = {each.source_id: (each.outcome, each.reason) for each in tick(cloud)}

    assert found[group.id] == (Outcome.FAILED, Reason.TAG_MALFORMED)
    assert found[member.id] == (Outcome.EXCLUDED, Reason.GROUP_MEMBER)
