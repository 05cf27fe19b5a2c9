"""The sweep as a whole: what it answers, what it changes, and that a converged world is left alone."""

from collections import Counter
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from handlers.core.errors import ApiFault, Passing
from handlers.core.model import Kind, Lifecycle
from handlers.core.operations import Sweep
from handlers.core.report import MAX_RESULTS, Outcome, Reason, Status
from handlers.core.tokens import copy_provenance, copy_tag
from handlers.sweep import sweep
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeCloud, make_call, ocid, passing, refused
from tests.unit.sweeping import BOTH, alive, arrive, nightly, outcomes, report, run, several, under_way

ELSEWHERE, VAULT = "ocid1.compartment.oc1..elsewhere", "ocid1.compartment.oc1..vault"
LISTS = 3 * len(Kind)  # sources and backups at home, backups in one destination


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


# What should exist minus what exists


@pytest.mark.parametrize("kind", list(Kind))
def test_every_backup_gets_its_copy(cloud: FakeCloud, kind: Kind) -> None:
    """The answer names original, copy, region and request."""
    (original,) = several(cloud, 1, kind)

    (result,) = run(cloud)

    (made,) = alive(cloud, original)
    assert (result.operation, result.outcome, result.reason) == ("Sweep", Outcome.COPIED, None)
    assert (result.source_id, result.destination_region, result.backup_id) == (original.id, AWAY, made.id)
    assert result.opc_request_id


def test_nights_are_copied_one_after_another(cloud: FakeCloud) -> None:
    """Each sweep starts the next, oldest first, in each destination by itself."""
    originals = nightly(cloud, 3)

    for _ in originals:
        run(cloud, DESTINATION_REGIONS=BOTH)
        arrive(cloud)

    for region in (AWAY, FAR):
        copies = sorted(cloud.copies_in(region), key=lambda each: int(each.id.rpartition("n")[2]))
        assert [each.copied_from for each in copies] == [each.id for each in originals]


def test_a_world_that_has_converged_is_only_read(cloud: FakeCloud) -> None:
    """As many lists as kinds, compartments and regions: no backup costs a call, and nothing is changed."""
    originals = [*nightly(cloud, 3), *several(cloud, 10, Kind.BOOT_VOLUME), *several(cloud, 10, Kind.VOLUME_GROUP)]
    cloud.add_backup(group_backup_id=originals[-1].id)
    for _ in range(15):
        run(cloud)
        arrive(cloud)
    run(cloud)
    before = dict(cloud.backups)
    cloud.calls.clear()

    results = run(cloud)

    assert {each.outcome for each in results} == {Outcome.EXISTS, Outcome.EXCLUDED}
    assert {call.method for call in cloud.calls} == {"list_sources", "list_backups"}
    assert len(cloud.calls) == LISTS
    assert cloud.backups == before
    assert report(results).status is Status.OK


def test_a_copy_that_was_lost_is_made_again(cloud: FakeCloud) -> None:
    """Somebody deleted it, or it turned out to be FAULTY."""
    originals = several(cloud, 2)
    for lifecycle in (Lifecycle.TERMINATED, Lifecycle.FAULTY):
        run(cloud)
        arrive(cloud, lifecycle)
        run(cloud)
        arrive(cloud)

    assert [len(alive(cloud, each)) for each in originals] == [1, 1]


def test_a_copy_that_was_moved_is_not_made_again(cloud: FakeCloud) -> None:
    """Into a vault of its own: the tag on the original still names it."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud)
    (copy,) = alive(cloud, original)
    cloud.change(cloud.backups[copy.id], compartment_id=VAULT)

    results = run(cloud)

    assert outcomes(results, original) == [(AWAY, Outcome.EXISTS, None)]
    assert len(alive(cloud, original)) == 1


def test_what_is_not_to_be_copied_is_answered_with_its_reason(cloud: FakeCloud) -> None:
    """Each backup that was looked at has one result, and the counts add up."""
    excluded = cloud.add_source(Kind.VOLUME, tags={"backup-copy-destinations": "none"})
    backups = {
        cloud.add_backup(Kind.VOLUME, source_id=excluded.id).id: (Outcome.EXCLUDED, "tag"),
        cloud.add_backup(Kind.VOLUME, group_backup_id="g").id: (Outcome.EXCLUDED, "group_member"),
        cloud.add_backup(Kind.VOLUME, copied_from=ocid("volumebackup", AWAY)).id: (Outcome.IS_COPY, None),
        cloud.add_backup(Kind.VOLUME, lifecycle=Lifecycle.CREATING).id: (Outcome.NOT_READY, "creating"),
    }

    results = run(cloud)

    assert {each.source_id: (each.outcome, each.reason) for each in results} == backups
    assert sum(report(results).counts.values()) == len(backups)
    assert report(results).status is Status.OK


# Where it looks, and where to


def test_a_sweep_keeps_to_the_compartments_it_is_given(cloud: FakeCloud) -> None:
    """Those it names stand above the configured ones."""
    here, there = cloud.add_backup(), cloud.add_backup(compartment_id=ELSEWHERE)

    run(cloud, compartmentId=ELSEWHERE)
    assert [each.copied_from for each in under_way(cloud)] == [there.id]

    run(cloud, COMPARTMENT_IDS=f"{COMPARTMENT},{ELSEWHERE}")
    assert {each.copied_from for each in under_way(cloud)} == {here.id, there.id}


def test_without_a_configured_compartment_it_looks_at_the_functions_own(cloud: FakeCloud) -> None:
    """Which its token names."""
    original = cloud.add_backup()

    assert outcomes(run(cloud, COMPARTMENT_IDS=""), original) == [(AWAY, Outcome.COPIED, None)]


def test_a_compartment_that_cannot_be_told_for_now_is_a_failure_that_may_pass(cloud: FakeCloud) -> None:
    """The token could not be had."""

    def no_token() -> str:
        raise passing("Timeout", 0)

    (result,) = sweep(Sweep(), replace(make_call(cloud, COMPARTMENT_IDS=""), own_compartment=no_token)).results

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, "Timeout", True)
    assert cloud.calls == []


def test_the_regions_that_a_sweep_names_are_those_it_copies_to(cloud: FakeCloud) -> None:
    """And no others."""
    original = cloud.add_backup()

    results = run(cloud, destinationRegion=FAR, ALLOWED_REGIONS=BOTH)

    assert outcomes(results, original) == [(FAR, Outcome.COPIED, None)]


def test_a_tag_is_heeded_until_all_its_copies_are_there(cloud: FakeCloud) -> None:
    """Also on a source in another compartment than its backups, after one of two copies was made."""
    source = cloud.add_source(tags={"backup-copy-destinations": BOTH}, compartment_id=ELSEWHERE)
    original = cloud.add_backup(source_id=source.id)
    cloud.refusals[FAR] = passing()
    run(cloud, ALLOWED_REGIONS=BOTH)
    arrive(cloud)
    cloud.refusals.clear()

    results = run(cloud, ALLOWED_REGIONS=BOTH)

    assert sorted(outcomes(results, original)) == [(FAR, Outcome.COPIED, None), (AWAY, Outcome.EXISTS, None)]


# What cannot be read


def test_a_region_that_cannot_be_reached_leaves_the_others_untouched(cloud: FakeCloud) -> None:
    """Its entries fail, one for each backup; the other region gets all its copies."""
    originals = several(cloud, 3)
    cloud.script("list_backups", *[passing("ConnectionFailed", 0)] * 3, region=AWAY)

    results = run(cloud, DESTINATION_REGIONS=BOTH)

    for original in originals:
        assert sorted(outcomes(results, original)) == [
            (FAR, Outcome.COPIED, None),
            (AWAY, Outcome.FAILED, "ConnectionFailed"),
        ]
    assert cloud.copies_in(AWAY) == []
    assert report(results).status is Status.PARTIAL


def test_a_list_at_home_that_cannot_be_read_is_a_failure_of_its_own(cloud: FakeCloud) -> None:
    """Nobody knows which backups it hides: silence would be taken for success."""
    (volume,) = several(cloud, 1)
    cloud.script("list_backups", refused(), region=HOME)

    results = run(cloud)

    hidden, seen = results
    assert (hidden.outcome, hidden.reason, hidden.source_id) == (
        Outcome.FAILED,
        "NotAuthorizedOrNotFound",
        COMPARTMENT,
    )
    assert seen.source_id == volume.id
    assert report(results).status is Status.PARTIAL


@pytest.mark.parametrize("fault", [refused(), passing()])
def test_a_list_of_sources_that_cannot_be_read_is_a_failure_too(cloud: FakeCloud, fault: ApiFault) -> None:
    """With all copies there nothing else would tell that their tags are not heeded."""
    several(cloud, 1)
    run(cloud)
    arrive(cloud)
    cloud.script("list_sources", fault)

    hidden = next(each for each in run(cloud) if each.outcome is Outcome.FAILED)

    assert (hidden.reason, hidden.source_id, hidden.may_pass) == (fault.code, COMPARTMENT, isinstance(fault, Passing))


def test_a_list_in_a_destination_that_hides_nothing_fails_nothing(cloud: FakeCloud) -> None:
    """There are no backups of that kind."""
    (volume,) = several(cloud, 1, Kind.VOLUME)
    cloud.script("list_backups", refused(), region=AWAY)

    assert outcomes(run(cloud), volume) == [(AWAY, Outcome.COPIED, None)]


def test_an_empty_sweep_is_ok(cloud: FakeCloud) -> None:
    """Nothing should exist."""
    results = run(cloud)

    assert results == []
    assert report(results).status is Status.OK


def test_a_crash_of_ours_in_a_tag_does_not_hide_what_was_copied(cloud: FakeCloud) -> None:
    """The copies count, and are answered."""
    (original,) = several(cloud, 1)

    def crash() -> None:
        raise RuntimeError("unforeseen")

    cloud.script("update", crash)

    assert outcomes(run(cloud), original) == [(AWAY, Outcome.COPIED, None)]


# Dry runs


def test_a_dry_run_changes_nothing(cloud: FakeCloud) -> None:
    """It says what the sweep would start, what waits, and what is there; and leaves tags that are wrong as they are."""
    first, second = nightly(cloud, 2)
    there, third = several(cloud, 2)
    cloud.add_copy(there)
    before = dict(cloud.backups)

    results = run(cloud, dryRun=True, MAX_IN_FLIGHT="1")

    assert cloud.backups == before
    assert cloud.changes == []
    assert outcomes(results, first) == [(AWAY, Outcome.PLANNED, None)]
    assert outcomes(results, second) == [(AWAY, Outcome.DEFERRED, Reason.PREDECESSOR)]
    assert outcomes(results, third) == [(AWAY, Outcome.DEFERRED, Reason.LIMIT)]
    assert outcomes(results, there) == [(AWAY, Outcome.EXISTS, None)]


def test_a_sweep_starts_what_its_dry_run_planned(cloud: FakeCloud) -> None:
    """No more and no less, in a world that nobody else changes."""
    nightly(cloud, 3)
    several(cloud, 5)
    planned = {each.source_id for each in run(cloud, dryRun=True, MAX_IN_FLIGHT="3") if each.outcome == "planned"}

    copied = {each.source_id for each in run(cloud, MAX_IN_FLIGHT="3") if each.outcome == "copied"}

    assert len(planned) == 3
    assert copied == planned


# The report


def test_the_answer_is_bounded_with_the_failures_first(cloud: FakeCloud) -> None:
    """Counts are of all, entries of at most 500."""
    originals = several(cloud, 600)
    for original in originals:
        cloud.add_copy(original)
    failing = several(cloud, 3)
    for original in failing:
        cloud.refusals[original.id] = refused("IncorrectState", 409)

    answer = report(run(cloud)).as_json("call")

    assert answer["counts"] == {"exists": 600, "failed": 3}
    assert len(answer["results"]) == MAX_RESULTS
    assert Counter(each["outcome"] for each in answer["results"][:3]) == {"failed": 3}
    assert answer["status"] == "PARTIAL"


def test_all_that_failed_alike_is_one_line_in_the_log(cloud: FakeCloud) -> None:
    """A region that is down fails for every backup; a second reason is a second line."""
    several(cloud, 5)
    cloud.script("list_backups", *[passing("ConnectionFailed", 0)] * 3, region=AWAY)
    cloud.refusals[FAR] = refused("InvalidParameter", 400)

    with capture_logs() as lines:
        run(cloud, DESTINATION_REGIONS=BOTH)

    failed = [line for line in lines if line["event"] == "sweep.failed"]
    assert {(line["destination_region"], line["reason"], line["count"]) for line in failed} == {
        (AWAY, "ConnectionFailed", 5),
        (FAR, "InvalidParameter", 5),
    }
    assert len(failed) == 2
    assert {line["log_level"] for line in failed} == {"warning"}


def test_a_sweep_in_which_nothing_failed_logs_no_failure(cloud: FakeCloud) -> None:
    """What waits is in order."""
    several(cloud, 3)

    with capture_logs() as lines:
        run(cloud, MAX_IN_FLIGHT="1")

    assert {line["event"] for line in lines if line["log_level"] != "info"} == set()


# Tags


def test_a_copy_that_arrived_gets_its_tags(cloud: FakeCloud) -> None:
    """The call that made it may have ended before it could write them."""
    (original,) = several(cloud, 1)
    copy = cloud.add_copy(original)

    run(cloud)

    assert cloud.backups[original.id].freeform_tags == {copy_tag(AWAY): copy.id}
    assert cloud.backups[copy.id].freeform_tags == copy_provenance(original)


def test_a_tag_that_names_a_copy_that_is_gone_is_put_right(cloud: FakeCloud) -> None:
    """It names the new one, as soon as there is one, and nothing before."""
    (original,) = several(cloud, 1)
    run(cloud)
    arrive(cloud)
    (lost,) = alive(cloud, original)
    del cloud.backups[lost.id]
    cloud.refusals[AWAY] = refused("InvalidParameter", 400)

    run(cloud)
    assert cloud.backups[original.id].freeform_tags == {}

    cloud.refusals.clear()
    run(cloud)
    (new,) = alive(cloud, original)
    assert cloud.backups[original.id].freeform_tags == {copy_tag(AWAY): new.id}
