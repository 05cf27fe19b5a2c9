"""What is not copied any more: a copy that the retention of its place would not keep is not made only to go at once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.copy import copy
from handlers.core.decision import Decision, Scope, Target
from handlers.core.grammar import Keep
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import CopyVolumeBackup, PruneCopies
from handlers.core.payloads import copy_of
from handlers.core.plan import plan
from handlers.core.report import Outcome, Reason
from handlers.core.retention import kept
from handlers.core.surplus import source_time
from handlers.core.tokens import copy_provenance, slot_tags
from handlers.prune import prune_copies
from tests.fakes import AWAY, FAR, HOME, FakeCloud, configuration, make_call, ocid
from tests.strategies import inventories, keeps
from tests.unit.scene import HOUR, NOW, Scene
from tests.unit.sweeping import BOTH, arrive, nightly, outcomes, run

DAY = 24
GONE = ocid("volume", HOME, "gone")
SURPLUS = (Outcome.EXCLUDED, Reason.RETENTION)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def keeping(keep: str, **destinations: str) -> dict[str, Any]:
    """A configuration that keeps this, and something else in some destinations."""
    regions = {"away": AWAY, "far": FAR}
    named = [{"region": regions[name], "keep": each} for name, each in destinations.items()]
    return {"POLICY": json.dumps({"defaults": {"keep": keep, **({"destinations": named} if named else {})}})}


def nights(scene: Scene, number: int, source_id: str) -> list[Backup]:
    """A backup of each night, the newest first."""
    return [scene.original(source_id, hours_ago=DAY * night) for night in range(number)]


def surplus_of(decisions: list[Decision], region: str = AWAY) -> set[str]:
    """The originals of which no copy is wanted in a region, because of its retention."""
    return {each.original.id for each in decisions if (each.outcome, each.reason) == SURPLUS and each.region == region}


def lost(scene: Scene, copy: Backup, original: Backup) -> Backup:
    """The original is gone; its copy is there, with the tags that say when it was made."""
    del scene.inventory.originals[original.id]
    del scene.inventory.copies[copy.region][original.id]
    stranger = replace(copy, freeform_tags=copy_provenance(original))
    scene.inventory.add_copy(stranger)
    return stranger


# What a retention would not keep


def test_what_would_not_be_kept_is_not_copied(scene: Scene) -> None:
    """The others are, oldest first, as ever."""
    originals = nights(scene, 4, scene.source())

    decisions = scene.plan(**keeping("last 2"))

    assert surplus_of(decisions) == {originals[2].id, originals[3].id}
    assert [each.original.id for each in decisions if each.outcome is Outcome.PLANNED] == [originals[1].id]
    assert len(decisions) == 4


def test_each_destination_has_its_own_retention(scene: Scene) -> None:
    """A month here, a year there."""
    originals = nights(scene, 4, scene.source())

    decisions = scene.plan(**keeping("all", away="last 1", far="1d"))

    assert surplus_of(decisions, AWAY) == {each.id for each in originals[1:]}
    assert surplus_of(decisions, FAR) == {each.id for each in originals[2:]}


def test_a_sources_tag_says_what_is_kept_of_it(scene: Scene) -> None:
    """And of no other."""
    tagged, another = (nights(scene, 3, scene.source(tags=tags)) for tags in ({"backup-copy-keep": "last 1"}, {}))

    assert surplus_of(scene.plan()) == {each.id for each in tagged[1:]}
    assert not surplus_of(scene.plan()) & {each.id for each in another}


def test_a_copy_that_is_there_is_not_surplus(scene: Scene) -> None:
    """It is there: whether it goes is for the retention to say."""
    originals = nights(scene, 3, scene.source())
    scene.copy(originals[2])

    decisions = scene.plan(**keeping("last 1"))

    assert surplus_of(decisions) == {originals[1].id}
    assert [each.outcome for each in decisions if each.original == originals[2]] == [Outcome.EXISTS]


def test_where_a_tag_cannot_be_followed_nothing_is_surplus(scene: Scene) -> None:
    """What was to be kept nobody knows: a copy too many is better than one too few."""
    nights(scene, 3, scene.source(tags={"backup-copy-keep": "lots"}))

    assert surplus_of(scene.plan(**keeping("last 1"))) == set()


def test_a_backup_that_does_not_say_what_it_was_made_of_is_copied(scene: Scene) -> None:
    """It is the only one of its kind."""
    scene.original(None, hours_ago=900 * DAY)

    assert [each.outcome for each in scene.plan(**keeping("7d"))] == [Outcome.PLANNED]


@pytest.mark.parametrize("scope", ["sweep", "sweep that names it", "event"])
def test_neither_a_sweep_nor_an_event_copies_it(cloud: FakeCloud, scope: str) -> None:
    """Nobody has asked for this very copy."""
    originals = nightly(cloud, 3)
    keys = keeping("last 1")

    if scope == "event":
        operation = copy_of(Kind.VOLUME, originals[0].id)
        results = copy(operation, make_call(cloud, **keys))
    else:
        named: dict[str, Any] = {"destinationRegion": [AWAY]} if "names" in scope else {}
        results = run(cloud, **named, **keys)

    assert outcomes(results, originals[0]) == [(AWAY, *SURPLUS)]
    assert originals[0].id not in {each.copied_from for each in cloud.copies_in(AWAY)}


def test_a_person_who_names_a_region_gets_the_copy(cloud: FakeCloud) -> None:
    """Whoever asks for this very copy wants it, and no other with it."""
    originals = nightly(cloud, 3)
    given = {"operation": "CopyVolumeBackup", "volumeBackupId": originals[0].id, "destinationRegion": AWAY}

    results = copy(CopyVolumeBackup.model_validate(given), make_call(cloud, **keeping("last 1")))

    assert outcomes(results, originals[0]) == [(AWAY, Outcome.COPIED, None)]
    assert [each.copied_from for each in cloud.copies_in(AWAY)] == [originals[0].id]


def test_only_the_region_that_a_person_names_gets_it(scene: Scene) -> None:
    """The plan is for all, and to the others the retention applies."""
    originals = nights(scene, 2, scene.source())
    scope = Scope(target=Target(originals[1], (FAR,)))

    decisions = scene.plan(scope, DESTINATION_REGIONS=BOTH, **keeping("last 1"))

    assert surplus_of(decisions, FAR) == set()
    assert (originals[1].id, FAR) in {(each.original.id, each.region) for each in decisions}


# A source that is gone


@pytest.mark.parametrize(
    "content",
    [
        {"defaults": {"keep": "last 9"}},
        {"rules": [{"match": {"tags": {"tier": "gold"}}, "keep": "7d"}]},
        {"rules": [{"match": {"kind": "BootVolume"}, "destinations": [{"region": FAR, "keep": "7d"}]}]},
    ],
)
def test_of_a_source_that_is_gone_nothing_older_is_copied_than_what_is_there(
    scene: Scene, content: dict[str, Any]
) -> None:
    """Where any retention is configured, the older may have been left out or deleted on purpose."""
    originals = nights(scene, 4, GONE)
    scene.inventory.sources[GONE] = None
    scene.copy(originals[1])
    scene.copy(originals[2], Lifecycle.FAULTY)

    decisions = scene.plan(POLICY=json.dumps(content), DESTINATION_REGIONS=AWAY)

    assert surplus_of(decisions) == {originals[2].id, originals[3].id}
    assert [each.original.id for each in decisions if each.outcome is Outcome.PLANNED] == [originals[0].id]


def test_of_a_source_that_is_gone_all_is_copied_where_nothing_is_there(scene: Scene) -> None:
    """Its backups are the more precious: one after the other, the oldest first."""
    cloud = FakeCloud()
    originals = nightly(cloud, 4)
    cloud.sources.clear()

    for _ in originals:
        run(cloud, **keeping("last 1"))
        arrive(cloud)

    assert [each.copied_from for each in cloud.copies_in(AWAY)] == [each.id for each in originals]


@pytest.mark.parametrize("keys", [{}, keeping("all"), {"POLICY": json.dumps({"defaults": {"every": "1d"}})}])
def test_of_a_source_that_is_gone_all_is_copied_where_nothing_ever_goes(scene: Scene, keys: dict[str, Any]) -> None:
    """A hole is then nobody's purpose."""
    originals = nights(scene, 3, GONE)
    scene.inventory.sources[GONE] = None
    scene.copy(originals[0])

    decisions = scene.plan(**keys)

    assert surplus_of(decisions) == set()
    assert [each.original.id for each in decisions if each.outcome is Outcome.PLANNED] == [originals[2].id]


@pytest.mark.parametrize("lifecycle", sorted(Lifecycle))
def test_of_a_source_that_is_gone_also_copies_without_originals_are_there(scene: Scene, lifecycle: Lifecycle) -> None:
    """Unless they are dead."""
    newer, older = nights(scene, 2, GONE)
    scene.inventory.sources[GONE] = None
    lost(scene, scene.copy(newer, lifecycle), newer)

    assert surplus_of(scene.plan(**keeping("last 9"))) == (set() if lifecycle.is_dead else {older.id})


def test_a_copy_that_does_not_say_when_its_original_was_made_hides_none(scene: Scene) -> None:
    """It was begun later than that: what was made between is not older."""
    newer, older = nights(scene, 2, GONE)
    scene.inventory.sources[GONE] = None
    orphan = lost(scene, scene.copy(older), older)
    scene.inventory.add_copy(replace(orphan, freeform_tags={}))

    assert surplus_of(scene.plan(**keeping("last 9"))) == set()
    assert newer.time_created < orphan.time_created + HOUR


def test_what_is_of_the_same_moment_is_not_older(scene: Scene) -> None:
    """Nothing newer is there that would stand in its place."""
    one, other = scene.original(GONE), scene.original(GONE)
    scene.inventory.sources[GONE] = None
    scene.copy(one)

    assert other.id not in surplus_of(scene.plan(**keeping("last 9")))


def test_a_copys_time_is_that_of_its_original() -> None:
    """As that says itself, else as the copy's tags do; where neither is there, the copy's own."""
    scene = Scene()
    original = scene.original(hours_ago=9)
    copy = scene.copy(original, hours_ago=1)
    told = replace(copy, freeform_tags=copy_provenance(replace(original, time_created=NOW - 5 * HOUR)))

    assert source_time(told, original) == NOW - 9 * HOUR
    assert source_time(told) == NOW - 5 * HOUR
    assert source_time(copy) == NOW - HOUR


# Copies whose originals are gone


def test_copies_without_originals_count_among_those_that_are_kept(scene: Scene) -> None:
    """The last two that are there are the last two, whether their backups still are or not."""
    originals = nights(scene, 4, scene.source())
    for each in originals[:2]:
        lost(scene, scene.copy(each), each)

    assert surplus_of(scene.plan(**keeping("last 2"))) == {originals[2].id, originals[3].id}
    assert surplus_of(scene.plan(**keeping("last 3"))) == {originals[3].id}


@pytest.mark.parametrize("lifecycle", [Lifecycle.TERMINATING, Lifecycle.TERMINATED])
def test_a_backup_that_was_deleted_leaves_its_copies_behind_at_once(scene: Scene, lifecycle: Lifecycle) -> None:
    """Also while it is listed still: else an older one would be copied in its place, and be surplus a moment later."""
    newer, older = nights(scene, 2, scene.source())
    scene.copy(newer)
    scene.inventory.originals[newer.id] = replace(newer, lifecycle=lifecycle)

    assert surplus_of(scene.plan(**keeping("last 1"))) == {older.id}


@pytest.mark.parametrize("lifecycle", sorted(Lifecycle))
def test_of_these_only_the_living_count(scene: Scene, lifecycle: Lifecycle) -> None:
    """One that is under way counts as one that is there."""
    newer, older = nights(scene, 2, scene.source())
    lost(scene, scene.copy(newer, lifecycle), newer)

    assert surplus_of(scene.plan(**keeping("last 1"))) == (set() if lifecycle.is_dead else {older.id})


def test_copies_of_another_source_or_in_another_place_do_not_count(scene: Scene) -> None:
    """Each source is kept in each destination by itself."""
    newer, older = nights(scene, 2, scene.source())
    lost(scene, scene.copy(newer, region=FAR), newer)
    another = scene.original(scene.source())
    lost(scene, scene.copy(another), another)

    assert older.id not in surplus_of(scene.plan(**keeping("last 1")))


# What holds whatever there is


@given(
    st.lists(st.integers(0, 24 * 60), min_size=1, max_size=12, unique=True),
    st.sets(st.integers(0, 11)),
    keeps(st.integers(1, 4)),
)
def test_in_the_end_there_is_what_the_retention_keeps_and_no_more(ages: list[int], there: set[int], keep: str) -> None:
    """Nothing that would go is copied, and nothing that would stay is left out."""
    scene = Scene()
    source_id = scene.source()
    originals = [scene.original(source_id, hours_ago=age) for age in ages]
    before = {originals[index].id for index in there if index < len(originals)}
    for each in originals:
        if each.id in before:
            scene.copy(each)
    wanted = kept({each.id: each.time_created for each in originals}, Keep.parse(keep), NOW).keys()

    for _ in originals:
        for decision in scene.plan(**keeping(keep)):
            if decision.outcome is Outcome.PLANNED:
                scene.copy(decision.original)

    assert set(scene.inventory.copies[AWAY]) == before | wanted
    assert surplus_of(scene.plan(**keeping(keep))) == {each.id for each in originals} - before - wanted


@given(inventories(), keeps(st.integers(1, 3)), st.sampled_from([Scope(), Scope(regions=(AWAY, FAR))]))
def test_every_backup_still_has_one_decision_for_each_destination(
    inventory: Inventory, keep: str, scope: Scope
) -> None:
    """None is forgotten and none is counted twice, and what is surplus has no copy."""
    settings = configuration(DESTINATION_REGIONS=BOTH, **keeping(keep))
    decisions = plan(inventory, scope, settings, NOW)

    assert {each.original.id for each in decisions} == inventory.originals.keys()
    for original in inventory.originals.values():
        regions = [each.region for each in decisions if each.original.id == original.id]
        assert regions == [None] or sorted(str(each) for each in regions) in ([AWAY], [FAR], sorted([AWAY, FAR]))
    for each in decisions:
        is_there = each.region and inventory.has_living_copy(each.original, each.region)
        assert not (is_there and (each.outcome, each.reason) == SURPLUS)


@pytest.mark.parametrize(
    ("at_home", "away"), [("1d 2w", "2d 1m"), ("last 3", "1d 2w"), ("1d", "3d 1m"), ("2d", "last 1"), ("all", "2d 1w")]
)
def test_what_was_deleted_is_never_copied_again(cloud: FakeCloud, at_home: str, away: str) -> None:
    """Backups, sweeps and deletions over two weeks: each is copied once at most, whatever goes here and there."""
    source = cloud.add_source(Kind.VOLUME)
    keys = {**keeping(at_home, away=away), "MAX_DELETE_PERCENT": "100", "DELETE_GRACE": "1h"}
    for _ in range(15 * 4):
        cloud.clock.advance(6 * HOUR)
        tags = slot_tags(source.id, cloud.clock.now())
        cloud.add_backup(Kind.VOLUME, source_id=source.id, freeform_tags=tags)
        run(cloud, **keys)
        arrive(cloud)
        run(cloud, **keys)
        prune_copies(PruneCopies(operation="PruneCopies"), make_call(cloud, **keys))
        arrive_at_the_end(cloud)

    copied = [call.arguments["original"].id for call in cloud.made("copy")]
    assert len(copied) == len(set(copied))
    assert cloud.made("delete")


def arrive_at_the_end(cloud: FakeCloud) -> None:
    """What is being deleted is gone, and listed still."""
    for each in list(cloud.backups.values()):
        if each.lifecycle is Lifecycle.TERMINATING:
            cloud.change(each, lifecycle=Lifecycle.TERMINATED)
