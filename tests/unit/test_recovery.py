"""How it stands with each source in each destination, told from what was read."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.decision import Decision
from handlers.core.errors import ApiFault
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.recovery import recoveries
from handlers.core.recovery_point import Recovery, Standing
from handlers.core.report import Outcome
from handlers.core.tokens import source_provenance
from handlers.core.unread_lists import is_dark
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, configuration, ocid, passing, refused
from tests.strategies import inventories
from tests.unit.scene import HOUR, NOW, Scene

DAILY = json.dumps({"defaults": {"every": "1d"}})
ELSEWHERE = "ocid1.compartment.oc1..elsewhere"
DARK, CLOSED = passing("Timeout", 0), refused()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def look(scene: Scene, now: datetime = NOW, decisions: tuple[Decision, ...] = (), **keys: str) -> list[Recovery]:
    """All that is to be told, of a function with daily backups unless `keys` say so."""
    settings = configuration(**{"POLICY": DAILY, **keys})
    dark = is_dark(scene.inventory, HOME, [COMPARTMENT])
    return recoveries(scene.inventory, decisions, settings, now, source_is_dark=dark)


def only(scene: Scene, now: datetime = NOW, **keys: str) -> Recovery:
    (found,) = look(scene, now, (), **keys)
    return found


def stranger(scene: Scene, tags: Mapping[str, str] | None = None, **facts: Any) -> Backup:
    """A copy of a backup of a volume, neither of which is to be seen."""
    given = {"copied_from": ocid("volumebackup", HOME, "unseen"), "source_id": ocid("volume", HOME, "unseen")}
    copy = scene._backup(Kind.VOLUME, AWAY, 0, **{**given, "freeform_tags": dict(tags or {}), **facts})
    scene.inventory.add_copy(copy)
    return copy


def unread(scene: Scene, region: str, fault: ApiFault = DARK, compartment: str = COMPARTMENT) -> None:
    """Nothing of a compartment could be read in this region."""
    for kind in Kind:
        scene.inventory.unread[Listing(region, kind, compartment)] = fault
        if region == HOME:
            scene.inventory.unread_source_lists[Listing(region, kind, compartment)] = fault


# The recovery point


def test_the_recovery_point_is_the_newest_backup_whose_copy_is_available(scene: Scene) -> None:
    """What is under way or FAULTY cannot be recovered to, and when a copy was made does not matter."""
    states = {30: Lifecycle.AVAILABLE, 20: Lifecycle.AVAILABLE, 10: Lifecycle.FAULTY, 5: Lifecycle.CREATING}
    source_id = scene.source()
    for hours_ago, lifecycle in states.items():
        scene.copy(scene.original(source_id, hours_ago), lifecycle, hours_ago=1)

    found = only(scene)

    assert (found.point, found.age, found.behind) == (NOW - 20 * HOUR, 20 * HOUR, 15 * HOUR)
    assert [each.lifecycle for each in found.copies] == list(states.values())


def test_each_destination_has_its_own(scene: Scene) -> None:
    """And each source."""
    first, second = scene.original(hours_ago=3), scene.original(hours_ago=2)
    scene.copy(first, region=FAR)
    scene.copy(second)

    found = {(each.source.id, each.region): each.point for each in look(scene, DESTINATION_REGIONS=f"{AWAY},{FAR}")}

    assert found == {
        (first.source_id, AWAY): None,
        (first.source_id, FAR): first.time_created,
        (second.source_id, AWAY): second.time_created,
        (second.source_id, FAR): None,
    }


def test_a_copy_tells_itself_when_its_backup_was(scene: Scene) -> None:
    """By the tags that this function wrote: with the source region dark nothing else does."""
    tags = {"backup-copy-source-region": HOME, "backup-copy-source-time": "2026-11-20T02:00:00.000Z"}
    stranger(scene, tags)

    assert only(scene).age == 24 * HOUR


@pytest.mark.parametrize(
    "time", [None, "", "yesterday", "2026-11-20T02:00:00", "2026-11-22T02:00:00Z", "9999-12-31T23:59:59-23:59"]
)
def test_a_copy_that_tells_nonsense_counts_from_its_own_making(scene: Scene, time: str | None) -> None:
    """Tags can be written by anybody: a time without a zone, or one after the copy's own, is no backup's."""
    tags = {"backup-copy-source-region": HOME} | ({} if time is None else {"backup-copy-source-time": time})
    copy = stranger(scene, tags)

    assert only(scene).point == copy.time_created


def test_without_a_copy_there_is_none(scene: Scene) -> None:
    """Neither a point, nor an age, nor a distance to the newest backup."""
    scene.original()

    found = only(scene)

    assert (found.point, found.age, found.behind, found.stored_gb) == (None, None, None, 0)


# Target and breach


@pytest.mark.parametrize(
    ("policy", "target"),
    [
        ({"every": "1d"}, timedelta(days=2)),
        ({"every": "6h"}, timedelta(hours=12)),
        ({"every": "6h", "target": "1d"}, timedelta(days=1)),
        ({"target": "1d"}, timedelta(days=1)),
        ({}, None),
    ],
)
def test_the_target_is_the_policys_or_twice_its_interval(
    scene: Scene, policy: dict[str, str], target: timedelta | None
) -> None:
    """Without either nobody says how old a recovery point may be."""
    scene.copy(scene.original())

    found = only(scene, POLICY=json.dumps({"defaults": policy}))

    assert found.target == target
    assert found.standing is (Standing.IN_TIME if target else Standing.NO_TARGET)


def test_a_breach_begins_when_the_point_is_older_than_the_target(scene: Scene) -> None:
    """Not before, and it says since when."""
    scene.copy(scene.original())
    last = NOW + 48 * HOUR

    before, after = only(scene, last), only(scene, last + timedelta(seconds=1))

    assert (before.standing, before.breach_since) == (Standing.IN_TIME, None)
    assert (after.standing, after.breach_since) == (Standing.BREACH, last)


@pytest.mark.parametrize(("hours_ago", "standing"), [(47, Standing.NONE_YET), (49, Standing.BREACH)])
def test_the_first_copy_is_waited_for_from_the_first_backup_on(
    scene: Scene, hours_ago: float, standing: Standing
) -> None:
    """A source that is old, and backed up only since yesterday, is not late."""
    source_id = scene.source()
    scene.inventory.sources[source_id] = Source(Kind.VOLUME, source_id, {}, time_created=NOW - 1000 * HOUR)
    scene.original(source_id, hours_ago)
    scene.original(source_id, hours_ago - 20)

    assert only(scene).standing is standing


@pytest.mark.parametrize(("hours_ago", "standing"), [(47, Standing.NONE_YET), (49, Standing.BREACH)])
def test_a_source_without_any_backup_is_waited_for_from_its_own_beginning(
    scene: Scene, hours_ago: float, standing: Standing
) -> None:
    """So is one all of whose backups are FAULTY, or under way."""
    source_id = scene.source()
    scene.inventory.sources[source_id] = Source(Kind.VOLUME, source_id, {}, time_created=NOW - HOUR * hours_ago)
    faulty = scene.original(source_id, lifecycle=Lifecycle.FAULTY)
    scene.original(source_id, lifecycle=Lifecycle.CREATING)

    found = only(scene)

    assert (found.standing, found.newest_backup, found.faulty_backups) == (standing, None, (faulty.id,))


@pytest.mark.parametrize("policy", [{"every": "1d"}, {"every": "none"}, {}])
def test_without_any_copy_nothing_is_in_time(scene: Scene, policy: dict[str, str]) -> None:
    """Whether somebody has said how old it may be or not; a copy that is under way, or FAULTY, is none."""
    original = scene.original()
    for lifecycle in (None, Lifecycle.CREATING, Lifecycle.FAULTY):
        if lifecycle:
            scene.copy(original, lifecycle)
        assert only(scene, POLICY=json.dumps({"defaults": policy})).standing is Standing.NONE_YET

    scene.copy(original)
    assert only(scene, POLICY=json.dumps({"defaults": policy})).standing is not Standing.NONE_YET


@pytest.mark.parametrize(("hours_ago", "due"), [(1, 22), (3, -2)])
def test_the_next_backup_is_due_in_the_next_slot_or_since_this_one(scene: Scene, hours_ago: float, due: float) -> None:
    """It is two in the morning, and daily slots begin at midnight."""
    scene.original(hours_ago=hours_ago)

    assert only(scene).next_due == NOW + due * HOUR


def test_a_backup_that_ended_faulty_is_still_due(scene: Scene) -> None:
    """It is none."""
    scene.original(lifecycle=Lifecycle.FAULTY)

    assert only(scene).next_due == NOW - 2 * HOUR


# Sources that are gone, or out of sight


def test_of_a_source_that_is_gone_nothing_is_due(scene: Scene) -> None:
    """Else it would be in breach for ever."""
    original = scene.original(hours_ago=1000)
    scene.copy(original)
    scene.inventory.sources[str(original.source_id)] = None

    found = only(scene)

    assert (found.standing, found.target, found.next_due, found.is_unsure) == (Standing.NO_TARGET, None, None, False)
    assert found.source.is_gone


def test_of_a_source_that_is_gone_no_copy_is_waited_for(scene: Scene) -> None:
    """Of the backups that it has left some may be copied yet, but nothing says that any will."""
    original = scene.original(hours_ago=1000)
    scene.inventory.sources[str(original.source_id)] = None

    assert (only(scene).standing, only(scene).is_awaited) == (Standing.NO_TARGET, False)


@pytest.mark.parametrize("lifecycle", [Lifecycle.TERMINATING, Lifecycle.TERMINATED])
def test_of_a_source_that_ends_nothing_is_due(scene: Scene, lifecycle: Lifecycle) -> None:
    """Lists show it for a while yet; and once there is nothing left of it there is nothing to be told."""
    original = scene.original(hours_ago=1000)
    source_id = str(original.source_id)
    scene.inventory.sources[source_id] = Source(Kind.VOLUME, source_id, {}, lifecycle=lifecycle)

    assert only(scene).standing is Standing.NO_TARGET

    scene.inventory.originals[original.id] = replace(original, lifecycle=Lifecycle.TERMINATED)
    assert look(scene) == []


def test_a_source_that_is_only_out_of_sight_keeps_its_target(scene: Scene) -> None:
    """While the source region is dark its copies tell of it; whether its tags say otherwise is not known."""
    stranger(scene, time_created=NOW - 49 * HOUR)
    assert only(scene).standing is Standing.NO_TARGET

    unread(scene, HOME)

    found = only(scene)
    assert (found.standing, found.target, found.is_unsure) == (Standing.BREACH, timedelta(days=2), True)


@pytest.mark.parametrize("what", ["sources", "backups", "both"])
def test_of_a_source_that_a_single_list_may_hide_nothing_is_claimed(scene: Scene, what: str) -> None:
    """It may be gone, or have tags of its own: the next call sees it."""
    stranger(scene, time_created=NOW - 49 * HOUR)
    volumes = Listing(HOME, Kind.VOLUME, COMPARTMENT)
    if what != "backups":
        scene.inventory.unread_source_lists[volumes] = DARK
    if what != "sources":
        scene.inventory.unread[volumes] = DARK

    found = only(scene)

    assert (found.standing, found.target, found.next_due, found.is_unsure) == (Standing.UNSURE, None, None, True)


@pytest.mark.parametrize(
    ("what", "standing"),
    [("sources", Standing.UNSURE), ("backups", Standing.UNSURE), ("both", Standing.BREACH)],
)
def test_a_permission_that_is_missing_hides_a_source_only_with_its_backups(
    scene: Scene, what: str, standing: Standing
) -> None:
    """What is missing for long must not end the watch over what is there; one list alone shows that it is gone."""
    stranger(scene, time_created=NOW - 49 * HOUR)
    volumes = Listing(HOME, Kind.VOLUME, COMPARTMENT)
    if what != "backups":
        scene.inventory.unread_source_lists[volumes] = CLOSED
    if what != "sources":
        scene.inventory.unread[volumes] = CLOSED

    assert only(scene).standing is standing


def test_a_source_of_which_backups_are_seen_is_not_lost(scene: Scene) -> None:
    """It was not asked for, and may be gone: whatever is refused in its compartment."""
    scene.copy(scene.original(ocid("volume", HOME, "elsewhere"), 49))
    unread(scene, HOME, CLOSED)

    assert only(scene).standing is Standing.UNSURE


@pytest.mark.parametrize("fault", [DARK, CLOSED])
def test_of_a_source_that_did_not_answer_nothing_is_claimed(scene: Scene, fault: ApiFault) -> None:
    """It is in another compartment than its backups, or sources cannot be listed, and was asked for by itself."""
    original = scene.original(ocid("volume", HOME, "elsewhere"), 49)
    scene.copy(original)
    scene.inventory.unread_sources[str(original.source_id)] = fault

    found = only(scene)

    assert (found.standing, found.is_unsure) == (Standing.UNSURE, True)


def test_a_source_that_was_not_asked_for_is_neither_late_nor_in_time(scene: Scene) -> None:
    """A sweep asks for those only of which a copy is missing: of others nobody knows whether they are gone."""
    scene.copy(scene.original(ocid("volume", HOME, "elsewhere"), 49))

    found = only(scene)

    assert (found.standing, found.is_unsure) == (Standing.UNSURE, True)


def test_a_compartment_that_is_refused_brings_no_source_back(scene: Scene) -> None:
    """A wrong COMPARTMENT_IDS would put all sources in breach that were ever deleted in the others."""
    stranger(scene, time_created=NOW - 1000 * HOUR)
    unread(scene, HOME, CLOSED, ELSEWHERE)
    assert only(scene).standing is Standing.NO_TARGET

    unread(scene, HOME, CLOSED, COMPARTMENT)
    assert only(scene).standing is Standing.BREACH


def test_where_sources_may_not_be_listed_one_that_is_not_found_may_be_there(scene: Scene) -> None:
    """The API does not tell a missing permission from a missing volume: nothing is claimed of it."""
    original = scene.original(hours_ago=49)
    scene.copy(original)
    scene.inventory.sources[str(original.source_id)] = None
    scene.inventory.unread_source_lists[Listing(HOME, Kind.VOLUME, COMPARTMENT)] = CLOSED

    found = only(scene)

    assert (found.standing, found.is_unsure) == (Standing.UNSURE, True)


def test_without_the_backups_nobody_knows_since_when_a_copy_is_missing(scene: Scene) -> None:
    """The source is old, and may have had its first backup a minute ago; a copy that is there tells itself."""
    begun = NOW - 999 * HOUR
    old, copied = (
        Source(Kind.VOLUME, ocid("volume", HOME, each), {}, time_created=begun) for each in ("old", "copied")
    )
    scene.inventory.sources.update({each.id: each for each in (old, copied)})
    assert [each.standing for each in look(scene)] == [Standing.BREACH] * 2
    stranger(scene, time_created=NOW - 49 * HOUR, source_id=copied.id)

    scene.inventory.unread[Listing(HOME, Kind.VOLUME, COMPARTMENT)] = DARK

    found = {each.source.id: each for each in look(scene)}
    assert [found[each.id].standing for each in (old, copied)] == [Standing.UNSURE, Standing.BREACH]
    assert [found[each.id].is_unsure for each in (old, copied)] == [True, False]
    assert [found[each.id].next_due for each in (old, copied)] == [None, None]


def test_of_two_regions_that_do_not_answer_neither_tells_of_a_breach(scene: Scene) -> None:
    """Of a destination in the dark the tags of backups tell, where these can be read."""
    source_id = scene.source()
    scene.original(source_id, 99)
    unread(scene, AWAY)
    assert only(scene).breach_since

    for volumes in (scene.inventory.unread, scene.inventory.unread_source_lists):
        volumes[Listing(HOME, Kind.VOLUME, COMPARTMENT)] = DARK

    found = only(scene)
    assert (found.standing, found.breach_since, found.is_unsure) == (Standing.UNREAD, None, True)


# Volume groups


def member_of(scene: Scene, group_id: str, tags: Mapping[str, str] | None = None) -> str:
    source_id = scene.source(Kind.VOLUME, tags)
    member = Source(Kind.VOLUME, source_id, dict(tags or {}), group_id=group_id, time_created=NOW - 1000 * HOUR)
    scene.inventory.sources[source_id] = member
    return source_id


def test_members_are_left_to_their_group(scene: Scene) -> None:
    """They are backed up with it."""
    group_id = scene.source(Kind.VOLUME_GROUP)
    member_of(scene, group_id)

    assert [each.source.id for each in look(scene)] == [group_id]


@pytest.mark.parametrize(("tags", "count"), [({}, 0), ({"backup-copy-every": "1d"}, 1)])
def test_a_member_whose_group_cannot_be_seen_may_be_left_to_it(scene: Scene, tags: dict[str, str], count: int) -> None:
    """Unless it asks for backups of its own."""
    ids = [ocid("volume", HOME, "member"), ocid("volumegroup", HOME, "group")]
    member = Source(Kind.VOLUME, ids[0], tags, group_id=ids[1], time_created=NOW - 99 * HOUR)
    scene.inventory.sources[member.id] = member
    assert only(scene).standing is Standing.BREACH

    scene.inventory.unread_source_lists[Listing(HOME, Kind.VOLUME_GROUP, COMPARTMENT)] = DARK

    assert [each.standing for each in look(scene)] == [Standing.BREACH] * count


def test_what_a_member_has_from_before_is_told_but_nothing_more_is_due(scene: Scene) -> None:
    """Its own copies grow old for ever."""
    group_id = scene.source(Kind.VOLUME_GROUP)
    member_id = member_of(scene, group_id)
    scene.copy(scene.original(member_id, 1000))

    found = {each.source.id: each for each in look(scene)}

    assert (found[member_id].standing, found[member_id].next_due) == (Standing.NO_TARGET, None)
    assert len(found[member_id].copies) == 1


def test_a_member_with_backups_from_before_waits_for_no_copy(scene: Scene) -> None:
    """What comes is its group's."""
    group_id = scene.source(Kind.VOLUME_GROUP)
    member_id = member_of(scene, group_id)
    scene.original(member_id, 1000)

    found = {each.source.id: each.standing for each in look(scene)}

    assert found == {group_id: Standing.NONE_YET, member_id: Standing.NO_TARGET}


def test_a_member_that_asks_for_backups_of_its_own_is_told_by_itself(scene: Scene) -> None:
    """By its tag, as CreateDueBackups makes them."""
    group_id = scene.source(Kind.VOLUME_GROUP)
    member_id = member_of(scene, group_id, {"backup-copy-every": "1d"})

    found = {each.source.id: each.standing for each in look(scene)}

    assert found[member_id] is Standing.BREACH


def test_a_member_of_a_group_that_is_never_due_is_told_by_itself(scene: Scene) -> None:
    """Nobody else makes backups of it."""
    group_id = scene.source(Kind.VOLUME_GROUP)
    member_id = member_of(scene, group_id)
    rules = [{"match": {"kind": "VolumeGroup"}, "every": "none"}]

    found = look(scene, POLICY=json.dumps({"defaults": {"every": "1d"}, "rules": rules}))

    assert {each.source.id: each.standing for each in found}[member_id] is Standing.BREACH


# What else there is


def test_copies_where_none_belong_are_strays(scene: Scene) -> None:
    """They have an age, and are never late."""
    scene.copy(scene.original(hours_ago=1000), region=FAR)

    found = {each.region: each for each in look(scene)}

    assert (found[FAR].standing, found[FAR].belongs) == (Standing.STRAY, False)
    assert found[FAR].age == 1000 * HOUR
    assert found[AWAY].standing is Standing.BREACH


@pytest.mark.parametrize("lifecycle", [None, Lifecycle.TERMINATING, Lifecycle.TERMINATED])
def test_a_copy_whose_backup_is_gone_is_an_orphan(scene: Scene, lifecycle: Lifecycle | None) -> None:
    """Also while the list still shows the backup that was deleted."""
    original = scene.original(hours_ago=5)
    copy = scene.copy(original)
    scene.copy(scene.original(original.source_id, 4))
    if lifecycle:
        scene.inventory.originals[original.id] = replace(original, lifecycle=lifecycle)
    else:
        del scene.inventory.originals[original.id], scene.inventory.copies[AWAY][original.id]
        scene.inventory.add_copy(copy)

    assert [each.id for each in only(scene).orphans] == [copy.id]


def test_copies_under_way_are_told_oldest_first(scene: Scene) -> None:
    """With those that will hardly arrive; a state that we do not know counts as under way."""
    source_id = scene.source()
    late = scene.copy(scene.original(source_id, 30), Lifecycle.CREATING, hours_ago=25)
    young = scene.copy(scene.original(source_id, 40), Lifecycle.UNKNOWN, hours_ago=2)

    found = only(scene)

    assert [(each.id, each.is_stuck(NOW)) for each in found.in_flight] == [(late.id, True), (young.id, False)]


def test_what_was_deleted_does_not_count(scene: Scene) -> None:
    """Lists show it for a while."""
    original = scene.original()
    for lifecycle in (Lifecycle.TERMINATING, Lifecycle.TERMINATED):
        scene.copy(original, lifecycle)

    assert only(scene).copies == ()


def test_copies_that_are_there_have_a_size(scene: Scene) -> None:
    """What they hold of their own, where the API says so."""
    source_id = scene.source()
    sizes = ((Lifecycle.AVAILABLE, 7), (Lifecycle.AVAILABLE, None), (Lifecycle.FAULTY, 5))
    for hours_ago, (lifecycle, size) in enumerate(sizes):
        scene.inventory.add_copy(replace(scene.copy(scene.original(source_id, hours_ago), lifecycle), stored_gb=size))

    assert only(scene).stored_gb == 7


def test_of_a_destination_that_cannot_be_read_the_backups_own_tags_tell(scene: Scene) -> None:
    """A region that stays dark makes all its recovery points too old in the end, and somebody has to hear of it."""
    source = scene.source()
    scene.original(source, hours_ago=100, freeform_tags=source_provenance([scene.copy(scene.original(source))]))
    unread(scene, AWAY)
    dark = only(scene)
    scene.original(source, hours_ago=1, freeform_tags={f"backup-copy-{AWAY}": "ocid1.volumebackup.oc1.phx.newer"})
    for found, told_of in ((dark, 100), (only(scene), 1)):
        assert (found.standing, found.fault, found.told_of) == (Standing.UNREAD, DARK, NOW - HOUR * told_of)


def test_a_breach_in_the_dark_is_one_as_far_as_is_known(scene: Scene) -> None:
    """A copy that nobody can see is taken to be there while its backup's tags name it."""
    tags = {f"backup-copy-{AWAY}": ocid("volumebackup", AWAY, "unseen")}
    old = scene.original(hours_ago=100, freeform_tags=tags)
    unread(scene, AWAY)
    dark = only(scene)
    scene.original(old.source_id, hours_ago=1, freeform_tags=tags)

    assert (dark.point, dark.known_point, dark.breach_since) == (None, old.time_created, NOW - 52 * HOUR)
    assert (only(scene).known_point, only(scene).breach_since) == (NOW - HOUR, None)


def test_a_compartment_that_is_refused_hides_only_what_is_its_own(scene: Scene) -> None:
    """Else one wrong COMPARTMENT_IDS would keep all breaches from being told."""
    scene.copy(scene.original(hours_ago=1000))
    unread(scene, AWAY, CLOSED, ELSEWHERE)
    assert only(scene).standing is Standing.BREACH

    unread(scene, AWAY, CLOSED, COMPARTMENT)
    assert (only(scene).standing, only(scene).fault) == (Standing.UNREAD, CLOSED)


def test_what_a_call_did_is_counted_by_source_and_destination(scene: Scene) -> None:
    """How often each outcome was had."""
    original = scene.original()
    decisions = (
        Decision(original, AWAY, Outcome.COPIED),
        Decision(original, AWAY, Outcome.FAILED),
        Decision(original, FAR, Outcome.FAILED),
        Decision(scene.original(), AWAY, Outcome.FAILED),
    )

    (found,) = [each for each in look(scene, decisions=decisions) if each.source.id == original.source_id]

    assert found.outcomes == {Outcome.COPIED: 1, Outcome.FAILED: 1}


# Whatever was read


def living_copies(inventory: Inventory) -> set[str]:
    """Those of backups that are no copies themselves, nor part of a group's."""
    copies = {each.id: each for each in inventory.strangers.values()}
    for by_original in inventory.copies.values():
        for original_id, found in by_original.items():
            original = inventory.originals[original_id]
            if original.copied_from is None and original.group_backup_id is None:
                copies |= {each.id: each for each in found}
    return {each.id for each in copies.values() if not each.lifecycle.is_deleted}


@given(inventories(), st.sampled_from([(), tuple(Kind)]))
def test_whatever_was_read_every_copy_is_told_of_once(inventory: Inventory, dark: tuple[Kind, ...]) -> None:
    """Of one source in one destination; numbers never run backwards, and what cannot be known is not claimed."""
    inventory.unread.update({Listing(HOME, kind, COMPARTMENT): DARK for kind in dark})

    inventory.unread_source_lists.update({Listing(HOME, kind, COMPARTMENT): DARK for kind in dark})

    settings = configuration(POLICY=DAILY, DESTINATION_REGIONS=f"{AWAY},{FAR}")
    found = recoveries(inventory, (), settings, NOW, source_is_dark=bool(dark))

    told = [copy.id for each in found for copy in each.copies]
    assert sorted(told) == sorted(living_copies(inventory))
    assert len({(each.source.id, each.region) for each in found}) == len(found)
    for each in found:
        assert (each.standing is Standing.BREACH) == (each.breach_since is not None and each.is_known)
        assert each.standing is not Standing.IN_TIME or each.point is not None
        assert each.standing is not Standing.NONE_YET or each.point is each.breach_since is None
        assert each.age is None or each.age >= timedelta()
        assert each.behind is None or each.behind >= timedelta()
        assert (each.standing is Standing.UNREAD) == (not each.is_known)
        assert not (each.source.is_gone and each.target) or each.is_unsure
