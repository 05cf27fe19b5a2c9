"""What holds of everything that is marked or deleted, whatever was read: each promise worked out anew from that."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from handlers.core.decision import Scope
from handlers.core.errors import Passing
from handlers.core.fate import Fate, Step
from handlers.core.inventory import Listing
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.plan import plan
from handlers.core.prune import prune
from handlers.core.report import Outcome, Reason
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME
from tests.unit.fleets import KEEPS, MALFORMED, NOW, Fleet, fleets


def fates(fleet: Fleet, **keys: str) -> list[Fate]:
    return prune(fleet.inventory, fleet.settings(**keys), NOW)


def due(found: list[Fate]) -> list[Backup]:
    """What is marked or deleted, or only waits for its time."""
    return [each.backup for each in found if each.goes or each.reason == Reason.GRACE]


def deleted(found: list[Fate]) -> set[str]:
    return {each.backup.id for each in found if each.step is Step.DELETE}


def is_available(backup: Backup) -> bool:
    return backup.lifecycle is Lifecycle.AVAILABLE


def kept_by_retention(fleet: Fleet, backup: Backup, name: Callable[[Backup], str]) -> bool:
    """Whether what holds for its source keeps it among those of ours that are there."""
    source = fleet.source_of(backup)
    assert source is not None
    ours = [each for each in fleet.place(backup) if is_available(each) and each.id in fleet.ours]
    points = {(fleet.moment(each), name(each)) for each in ours}
    return (fleet.moment(backup), name(backup)) in KEEPS[fleet.keep(source, backup.region)](points)


def kept_by_sweep(fleet: Fleet, backup: Backup, region: str, name: Callable[[Backup], str]) -> bool:
    """Whether a copy of this would stay in a region, among those of all backups there are and of those that were."""
    source, ending = fleet.source_of(backup), {Lifecycle.TERMINATING, Lifecycle.TERMINATED}
    assert source is not None
    originals = {each.id for each in fleet.inventory.originals.values() if each.lifecycle not in ending}
    there = [each for each in fleet.looked_at if each.region == HOME and each.source_id == source.id]
    away = [each for each in fleet.looked_at if each.region == region and each.source_id == source.id]
    orphans = [each for each in away if each.copied_from not in originals and not each.lifecycle.is_dead]
    points = {(fleet.moment(each), name(each)) for each in [*filter(is_available, there), *orphans]}
    return (fleet.moment(backup), name(backup)) in KEEPS[fleet.keep(source, region)](points)


def by_original(backup: Backup) -> str:
    """Two copies of one backup are the same to a retention."""
    return backup.copied_from or backup.id


def by_id(backup: Backup) -> str:
    return backup.id


def by_time(backup: Backup) -> str:
    """And it keeps either of two of the same time."""
    return ""


# The promises


@given(fleets())
def test_the_newest_of_a_source_stays_in_each_region(fleet: Fleet) -> None:
    """At home and in every destination there is afterwards one that is as new as the newest before."""
    going = {each.id for each in due(fates(fleet))}

    for backup in fleet.looked_at:
        there = [each for each in fleet.place(backup) if is_available(each)]
        newest = [each for each in there if fleet.moment(each) == fleet.moment(there[-1])]
        assert not there or any(each.id not in going for each in newest)


@given(fleets())
def test_what_comes_before_one_that_is_not_available_stays(fleet: Fleet) -> None:
    """The next newer one of its source may be all that is left, or turn out not to be good."""
    for backup in due(fates(fleet)):
        place = fleet.place(backup)
        newer = place[[each.id for each in place].index(backup.id) + 1 :]
        assert is_available(newer[0])


@given(fleets())
def test_what_is_held_stays(fleet: Fleet) -> None:
    """By a lock, a flag, or a retention period; or a member of a group's backup is."""
    for backup in due(fates(fleet)):
        assert not backup.is_protected
        assert backup.retained_until is None or backup.retained_until <= NOW
        assert backup.id not in fleet.inventory.held_groups


@given(fleets())
def test_only_what_this_function_has_made_goes(fleet: Fleet) -> None:
    """At home what it made when it was due, elsewhere copies with a provenance that agrees with their original."""
    for backup in due(fates(fleet)):
        assert is_available(backup)
        assert backup.id in fleet.ours
        assert (backup.region == HOME) == (backup.copied_from is None)


@given(fleets())
def test_everything_of_a_source_that_is_gone_stays(fleet: Fleet) -> None:
    """Or that is about to go, broken, or cannot be read: what is left of it may be all there is."""
    for backup in due(fates(fleet)):
        assert fleet.source_of(backup) is not None


@given(
    fleets(),
    st.builds(Listing, st.sampled_from([HOME, AWAY, FAR]), st.sampled_from(list(Kind)), st.just(COMPARTMENT)),
    st.sampled_from(["unread", "unread_source_lists"]),
)
def test_nothing_is_done_where_a_list_could_not_be_read(fleet: Fleet, listing: Listing, lists: str) -> None:
    """Of whatever kind and region: nothing is marked, deleted or unmarked; what would go is held, and says so.

    Of what is not known to be there nobody can tell whether it is gone.
    """
    complete = fates(fleet)
    getattr(fleet.inventory, lists)[listing] = Passing("Timeout", "no answer")
    torn = fates(fleet)

    assert not any(each.step for each in torn)
    held = {each.backup.id for each in torn if each.reason == Reason.HELD}
    gone = {each.backup.id for each in complete if each.reason == Reason.SOURCE_GONE}
    assert held - gone == {each.backup.id for each in complete if each.goes}


@given(fleets(), st.integers(1, 100), st.integers(1, 12), st.booleans())
def test_nothing_goes_where_too_much_would(fleet: Fleet, percent: int, most: int, in_parts: bool) -> None:  # noqa: FBT001
    """More than so many, or so much of what is ours in a region: then all that would be deleted is held.

    And what would be marked, by a call that is not about all of it.
    """
    limits = {"MAX_DELETE_PERCENT": str(percent), "MAX_DELETES": str(most)}
    unlimited, limited = fates(fleet), {Step.MARK, Step.DELETE} if in_parts else {Step.DELETE}
    found = prune(fleet.inventory, fleet.settings(**limits), NOW, in_parts=in_parts)

    for step in limited:
        going = [each.backup for each in found if each.step is step]
        assert len(going) <= most
        for region in (HOME, AWAY, FAR):
            there = [each for each in fleet.looked_at if each.region == region and each.id in fleet.ours]
            there = [each for each in there if is_available(each)]
            assert len([each for each in going if each.region == region]) * 100 <= percent * len(there)
    held = {each.backup.id for each in found if (each.outcome, each.reason) == (Outcome.FAILED, Reason.HELD)}
    would_go = {each.backup.id for each in unlimited if each.step in limited}
    assert held in (set(), would_go)
    assert {each.backup.id for each in found if each.step in limited} == would_go - held


@given(fleets())
def test_only_what_bears_a_mark_of_its_own_whose_time_has_come_is_deleted(fleet: Fleet) -> None:
    """A mark that Oracle has carried to a copy names another; what has none of its own is marked first."""
    for each in fates(fleet):
        marked = fleet.own_mark(each.backup)
        if each.step is Step.DELETE:
            assert marked is not None
            assert marked <= NOW
        if each.step is Step.MARK:
            assert marked is None
        if each.reason == Reason.GRACE:
            assert marked is not None
            assert marked > NOW


@given(fleets())
def test_a_mark_is_taken_away_again_from_what_is_not_due_any_more(fleet: Fleet) -> None:
    """Of ours, whatever keeps it by now; and from nothing that is due."""
    for each in fates(fleet):
        bears_a_mark = "backup-copy-delete-after" in each.backup.freeform_tags
        is_kept = each.outcome is Outcome.KEPT and each.reason != Reason.NOT_OURS
        is_unknown = each.reason == Reason.TAG_MALFORMED
        assert (each.step is Step.UNMARK) == ((is_kept or is_unknown) and bears_a_mark)


@given(fleets())
def test_what_the_retention_keeps_stays(fleet: Fleet) -> None:
    """By the source's own tag, a rule, what is said of the region or of all; where nothing is said, everything."""
    for backup in due(fates(fleet)):
        assert not kept_by_retention(fleet, backup, by_original)


@given(fleets())
def test_nothing_goes_of_a_source_whose_tag_cannot_be_followed(fleet: Fleet) -> None:
    """What is ours of it fails, and says what is wrong."""
    for each in fates(fleet):
        source = fleet.source_of(each.backup)
        if source and source.freeform_tags.get("backup-copy-keep") == MALFORMED:
            is_judged = is_available(each.backup) and each.backup.id in fleet.ours
            assert is_judged == ((each.outcome, each.reason) == (Outcome.FAILED, Reason.TAG_MALFORMED))
            assert not each.goes


@given(fleets())
def test_copies_stay_where_the_policy_wants_none(fleet: Fleet) -> None:
    """Nobody says what is kept there: what was said of a region may be gone with it."""
    for backup in due(fates(fleet)):
        source = fleet.source_of(backup)
        assert source is not None
        assert backup.region in {HOME, *fleet.regions(source)}


@given(fleets())
def test_a_backup_goes_only_when_its_copies_are_where_they_belong(fleet: Fleet) -> None:
    """Each is AVAILABLE, or would not be kept there; none is under way, and of each region it is known."""
    for backup in due(fates(fleet)):
        source = fleet.source_of(backup)
        assert source is not None
        if backup.region != HOME:
            continue
        for region in (AWAY, FAR):
            copies = fleet.inventory.copies_of(backup, region)
            assert (backup.id, region) not in {*fleet.inventory.unverified, *fleet.inventory.unread_copies}
            assert not any(each.lifecycle.is_under_way for each in copies)
            is_wanted = region in fleet.regions(source) and kept_by_sweep(fleet, backup, region, by_id)
            assert not is_wanted or any(is_available(each) for each in copies)


@given(fleets(), st.sampled_from([None, Lifecycle.TERMINATING, Lifecycle.TERMINATED]))
def test_a_sweep_does_not_make_again_what_was_deleted(fleet: Fleet, lifecycle: Lifecycle | None) -> None:
    """Be it listed still, as ending, or not any more."""
    found = fates(fleet)
    gone = {(each.backup.copied_from, each.backup.region) for each in found if each.step is Step.DELETE}
    left = fleet.without(deleted(found), lifecycle)

    decisions = plan(left.inventory, Scope(), left.settings(), NOW)

    made = {(each.original.id, each.region) for each in decisions if each.outcome is Outcome.PLANNED}
    assert not made & gone


@given(fleets(), st.sampled_from([None, Lifecycle.TERMINATING]), st.integers(5, 100))
def test_a_second_prune_deletes_nothing_more(fleet: Fleet, lifecycle: Lifecycle | None, percent: int) -> None:
    """Repeating is safe: at the same time there is nothing that the first would not have deleted."""
    found = fates(fleet, MAX_DELETE_PERCENT=str(percent))
    left = fleet.without(deleted(found), lifecycle)

    assert not deleted(fates(left, MAX_DELETE_PERCENT=str(percent)))


@given(fleets())
def test_each_backup_that_was_looked_at_has_one_outcome(fleet: Fleet) -> None:
    """None is forgotten and none is counted twice, so that the counts of a report add up."""
    assert sorted(each.backup.id for each in fates(fleet)) == sorted(each.id for each in fleet.looked_at)


@given(fleets())
def test_what_is_deleted_has_guards_that_stay(fleet: Fleet) -> None:
    """The next newer one that stays, the newest, and at home the copies that stay: all AVAILABLE."""
    found = fates(fleet)
    going = deleted(found)
    for each in found:
        assert bool(each.guards) == (each.step is Step.DELETE)
        assert all(is_available(guard) and guard.id not in going for guard in each.guards)
        if each.step is Step.DELETE:
            place = [other for other in fleet.place(each.backup) if is_available(other)]
            newer = place[[other.id for other in place].index(each.backup.id) + 1 :]
            staying = [other.id for other in newer if other.id not in going]
            copies = [fleet.inventory.copies_of(each.backup, region) for region in (AWAY, FAR)]
            needed = {staying[0], staying[-1]}
            guards = {guard.id for guard in each.guards}
            assert needed <= guards
            for there in copies:
                living = {other.id for other in there if is_available(other)} - going
                assert not living or living & guards


@given(fleets())
def test_the_order_in_which_lists_came_does_not_matter(fleet: Fleet) -> None:
    """Two calls that have read the same decide the same."""
    backwards = replace(
        fleet.inventory,
        originals=dict(reversed(fleet.inventory.originals.items())),
        sources=dict(reversed(fleet.inventory.sources.items())),
        copies={
            region: {original: copies[::-1] for original, copies in reversed(found.items())}
            for region, found in reversed(fleet.inventory.copies.items())
        },
        strangers=dict(reversed(fleet.inventory.strangers.items())),
    )

    there, back = fates(fleet), prune(backwards, fleet.settings(), NOW)

    assert {(each.backup.id, each.outcome, each.step) for each in there} == {
        (each.backup.id, each.outcome, each.step) for each in back
    }


# And what nothing holds goes


@given(fleets())
def test_what_nothing_holds_is_due(fleet: Fleet) -> None:
    """The promises are not kept by never deleting anything."""
    going = {each.id for each in due(fates(fleet))}
    for backup in fleet.looked_at:
        if backup.id not in going:
            assert why_it_stays(fleet, backup), backup


def why_it_stays(fleet: Fleet, backup: Backup) -> bool:
    """Whether one of the promises holds it."""
    source, place = fleet.source_of(backup), fleet.place(backup)
    if source is None or not is_available(backup) or backup.id not in fleet.ours:
        return True
    if source.freeform_tags.get("backup-copy-keep") == MALFORMED:
        return True
    is_home = backup.region == HOME
    newer = place[[each.id for each in place].index(backup.id) + 1 :]
    return (
        backup.region not in {HOME, *fleet.regions(source)}
        or kept_by_retention(fleet, backup, by_time)
        or (not is_home and kept_by_sweep(fleet, backup, backup.region, by_time))
        or backup.is_protected
        or backup.id in fleet.inventory.held_groups
        or (backup.retained_until is not None and backup.retained_until > NOW)
        or not any(is_available(each) for each in newer)
        or not is_available(newer[0])
        or (is_home and not is_copied(fleet, backup))
    )


def is_copied(fleet: Fleet, backup: Backup) -> bool:
    source = fleet.source_of(backup)
    assert source is not None
    for region in (AWAY, FAR):
        copies = fleet.inventory.copies_of(backup, region)
        is_unknown = (backup.id, region) in {*fleet.inventory.unverified, *fleet.inventory.unread_copies}
        is_misdated = any(
            each.id not in fleet.ours and "backup-copy-source-time" in each.freeform_tags for each in copies
        )
        if is_unknown or is_misdated or any(each.lifecycle.is_under_way for each in copies):
            return False
        is_wanted = region in fleet.regions(source) and kept_by_sweep(fleet, backup, region, by_id)
        if is_wanted and not any(is_available(each) for each in copies):
            return False
    return True


@pytest.mark.parametrize("region", [HOME, AWAY, FAR])
@pytest.mark.parametrize("step", list(Step))
def test_fleets_have_something_to_do_in_each_region(region: str, step: Step) -> None:
    """Else what is claimed of it would be claimed of nothing."""
    quickly = settings(phases=[Phase.generate])
    find(
        fleets(),
        lambda fleet: any((each.step, each.backup.region) == (step, region) for each in fates(fleet)),
        settings=quickly,
    )
