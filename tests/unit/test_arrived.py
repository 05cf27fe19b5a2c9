"""Copies of which no more is to be known are not held as such: it makes no difference to what is found."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.copy import copy
from handlers.core.concerns import concerns_of
from handlers.core.decision import Scope
from handlers.core.findings import Findings
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import CopyVolumeBackup, Sweep
from handlers.core.plan import arrived, plan
from handlers.core.points import points_of
from handlers.core.recovery import recoveries
from handlers.core.report import MAX_RESULTS, Report, Trigger
from handlers.core.tokens import MARK_TAG, SLOT_TAG, copy_provenance, copy_tag, source_provenance
from handlers.gather import gather
from handlers.lists import read_copies
from handlers.sweep import sweep
from tests.fakes import AWAY, COMPARTMENT, FAR, FakeCloud, make_call, ocid, refused
from tests.unit.sweeping import BOTH, run

VAULT = "ocid1.compartment.oc1..vault"
SIZE = 7


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def in_order(cloud: FakeCloud, original: Backup, region: str = AWAY, **facts: Any) -> Backup:
    """A copy that says what it is to say, and of which its original does."""
    tags = {"team": "payments", **copy_provenance(original)}
    copy = cloud.add_copy(original, region, freeform_tags=tags, stored_gb=SIZE, **facts)
    known = cloud.backups[original.id].freeform_tags
    cloud.change(original, freeform_tags={**known, **source_provenance([copy])})
    return copy


def read(cloud: FakeCloud, scope: Scope | None = None, **keys: Any) -> Inventory:
    return gather((COMPARTMENT, VAULT), scope or Scope(), make_call(cloud, **keys))


def test_a_copy_that_has_arrived_is_known_by_its_original(cloud: FakeCloud) -> None:
    """It counts as a copy that is there, and the answer of a sweep names it."""
    original = cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    copy = in_order(cloud, original)

    inventory = read(cloud)
    (result,) = run(cloud)

    assert inventory.arrived == {AWAY: {original.id: SIZE}}
    assert inventory.has_living_copy(inventory.originals[original.id], AWAY)
    assert inventory.copies_of(original, AWAY) == []
    assert (result.outcome, result.backup_id, result.destination_region) == ("exists", copy.id, AWAY)


def test_whoever_wants_all_of_every_copy_gets_it(cloud: FakeCloud) -> None:
    """Reports and retention look at each one."""
    original = cloud.add_backup(Kind.VOLUME)
    copy = in_order(cloud, original)

    inventory = read(cloud, Scope(thorough=True))

    assert (inventory.arrived[AWAY], [each.id for each in inventory.copies_of(original, AWAY)]) == ({}, [copy.id])


@pytest.mark.parametrize(
    "facts",
    [
        {"lifecycle": Lifecycle.CREATING},
        {"lifecycle": Lifecycle.FAULTY},
        {"compartment_id": VAULT},
        {"freeform_tags": {}},
        {"freeform_tags": {"backup-copy-source-region": "us-ashburn-1", "backup-copy-source-time": "yesterday"}},
        {"freeform_tags": {SLOT_TAG: "2026-11-21T02:00Z aaaa"}},
        {"freeform_tags": {MARK_TAG: "2026-11-21T02:00Z of-another"}},
        {"freeform_tags": {copy_tag(FAR): "ocid1.volumebackup.oc1.fra.carried"}},
    ],
    ids=str,
)
def test_a_copy_of_which_there_is_more_to_say_is_kept(cloud: FakeCloud, facts: dict[str, Any]) -> None:
    """There is something to be done for it, or to be told of it."""
    original = cloud.add_backup(Kind.VOLUME)
    copy = in_order(cloud, original)
    tags = facts.get("freeform_tags")
    if tags:
        facts = {"freeform_tags": {**copy.freeform_tags, **tags}}
    cloud.change(copy, **facts)

    inventory = read(cloud)

    assert (inventory.arrived[AWAY], [each.id for each in inventory.copies_of(original, AWAY)]) == ({}, [copy.id])


@pytest.mark.parametrize(
    "facts",
    [{"freeform_tags": {}}, {"freeform_tags": {copy_tag(AWAY): "ocid1.another"}}, {"lifecycle": Lifecycle.TERMINATED}],
    ids=str,
)
def test_a_copy_that_its_original_does_not_tell_of_is_kept(cloud: FakeCloud, facts: dict[str, Any]) -> None:
    """Nothing else would tell which one it is."""
    original = cloud.add_backup(Kind.VOLUME)
    copy = in_order(cloud, original)
    cloud.change(original, **facts)

    inventory = read(cloud)

    assert (inventory.arrived[AWAY], [each.id for each in inventory.copies_of(original, AWAY)]) == ({}, [copy.id])


def test_a_copy_that_is_not_good_any_more_has_not_arrived(cloud: FakeCloud) -> None:
    """A list that is read again tells what has become of it."""
    original = cloud.add_backup(Kind.VOLUME)
    copy = in_order(cloud, original)
    inventory, call = read(cloud), make_call(cloud)
    cloud.change(copy, lifecycle=Lifecycle.FAULTY)

    read_copies(inventory, [Listing(AWAY, Kind.VOLUME, COMPARTMENT)], Scope(), call)

    assert not inventory.has_living_copy(inventory.originals[original.id], AWAY)
    assert [each.lifecycle for each in inventory.copies_of(original, AWAY)] == [Lifecycle.FAULTY]


def test_another_copy_beside_one_that_has_arrived_is_kept(cloud: FakeCloud) -> None:
    """What the original names is the one that counts."""
    original = cloud.add_backup(Kind.VOLUME)
    named, other = in_order(cloud, original), cloud.add_copy(original)

    inventory = read(cloud)

    assert [each.id for each in inventory.copies_of(original, AWAY)] == [other.id]
    assert plan(inventory, Scope(), make_call(cloud).settings, cloud.clock.now()) == []
    (decision,) = arrived(inventory, Scope(), make_call(cloud).settings)
    assert (decision.outcome, decision.backup_id) == ("exists", named.id)


CONDITIONS = st.sampled_from(
    ["none", "in order", "in order", "untagged", "unnamed", "faulty", "creating", "moved", "two"]
)
FLEETS = st.lists(
    st.tuples(
        st.sampled_from(list(Kind)),
        st.lists(st.tuples(st.integers(0, 200), CONDITIONS, CONDITIONS), min_size=1, max_size=4),
    ),
    max_size=4,
)


def populate(cloud: FakeCloud, fleet: list[tuple[Kind, list[tuple[int, str, str]]]]) -> None:
    for kind, backups in fleet:
        source = cloud.add_source(kind)
        for age, *conditions in backups:
            moment = cloud.clock.now() - timedelta(hours=age)
            original = cloud.add_backup(kind, source_id=source.id, time_created=moment)
            for region, condition in zip((AWAY, FAR), conditions, strict=True):
                add(cloud, original, region, condition)


def add(cloud: FakeCloud, original: Backup, region: str, condition: str) -> None:
    facts: Mapping[str, Any] = {"time_created": original.time_created + timedelta(minutes=5)}
    match condition:
        case "none":
            return
        case "untagged":
            cloud.add_copy(original, region, **facts)
        case "two":
            in_order(cloud, original, region, **facts)
            cloud.add_copy(original, region, time_created=original.time_created + timedelta(minutes=6))
        case _:
            copy = in_order(cloud, original, region, **facts)
            changes: dict[str, dict[str, Any]] = {
                "faulty": {"lifecycle": Lifecycle.FAULTY},
                "creating": {"lifecycle": Lifecycle.CREATING},
                "moved": {"compartment_id": VAULT},
            }
            if condition == "unnamed":
                cloud.change(original, freeform_tags={})
            elif condition in changes:
                cloud.change(copy, **changes[condition])


@given(fleet=FLEETS)
def test_what_is_found_is_the_same_as_with_every_copy_held(
    fleet: list[tuple[Kind, list[tuple[int, str, str]]]],
) -> None:
    """The decisions, the figures for Monitoring, and what people are told: of any fleet."""
    cloud = FakeCloud()
    populate(cloud, fleet)
    policy = '{"defaults": {"target": "2d", "every": "1d"}}'
    found = []
    for scope in (Scope(), Scope(thorough=True)):
        inventory = read(cloud, scope, DESTINATION_REGIONS=BOTH, POLICY=policy)
        call = make_call(cloud, DESTINATION_REGIONS=BOTH, POLICY=policy)
        decisions = [
            *plan(inventory, scope, call.settings, cloud.clock.now()),
            *arrived(inventory, scope, call.settings),
        ]
        stand = recoveries(inventory, decisions, call.settings, cloud.clock.now())
        results = [
            replace(each.result("Sweep"), opc_request_id=None) for each in sorted(decisions, key=lambda each: each.key)
        ]
        told = concerns_of("Sweep", Findings(results, stand, is_of_all=True))
        found.append((results, [str(point) for point in points_of(stand)], told, [each.standing for each in stand]))
    assert found[0] == found[1]


def test_an_ocid_is_only_that_of_a_copy(cloud: FakeCloud) -> None:
    """A tag that names anything else is no copy that has arrived."""
    original = cloud.add_backup(Kind.VOLUME)
    in_order(cloud, original)
    cloud.change(original, freeform_tags={copy_tag(AWAY): ocid("volume", AWAY)})

    assert read(cloud).arrived == {AWAY: {}}


def test_an_answer_counts_all_and_lists_as_many_as_it_has_room_for(cloud: FakeCloud) -> None:
    """What is in order is not held for the sake of a list that ends before it."""
    source = cloud.add_source(Kind.VOLUME)
    for _ in range(MAX_RESULTS + 7):
        in_order(cloud, cloud.add_backup(Kind.VOLUME, source_id=source.id))

    found = sweep(Sweep(), make_call(cloud))
    answer = Report(Trigger.TICK, found.results, in_order=found.in_order).as_json("call")

    assert (len(found.results), found.in_order) == (MAX_RESULTS, 7)
    assert (answer["status"], answer["counts"], len(answer["results"])) == (
        "OK",
        {"exists": MAX_RESULTS + 7},
        MAX_RESULTS,
    )


def test_a_copy_that_was_asked_for_and_has_arrived_is_answered(cloud: FakeCloud) -> None:
    """Who asks for one backup's copy hears of it, whatever else is in the compartment."""
    original, _ = (cloud.add_backup(Kind.VOLUME) for _ in range(2))
    copied = in_order(cloud, original)
    operation = CopyVolumeBackup.model_validate({"operation": "CopyVolumeBackup", "volumeBackupId": original.id})

    (result,) = copy(operation, make_call(cloud))

    assert (result.outcome, result.backup_id) == ("exists", copied.id)


def test_what_is_kept_of_a_fault_does_not_keep_the_inventory(cloud: FakeCloud) -> None:
    """In a container that lives for days, each sweep's would stay until somebody looks for garbage."""
    in_order(cloud, cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id))
    gc.collect()
    of_others = inventories()  # those of a thread that another test has left to itself
    gc.disable()
    try:
        cloud.script("list_backups", *[refused()] * len(Kind), region=AWAY)
        found = sweep(Sweep(), make_call(cloud, DESTINATION_REGIONS=BOTH))
        held = [each for each in inventories() if all(each is not other for other in of_others)]
    finally:
        gc.enable()

    assert any(each.outcome == "failed" for each in found.results)
    assert held == []


def inventories() -> list[Inventory]:
    return [each for each in gc.get_objects() if isinstance(each, Inventory)]


def test_a_copy_that_arrives_between_two_looks_is_there_once(cloud: FakeCloud) -> None:
    """What was known of it while it was under way is known no more, and takes no place."""
    original = cloud.add_backup(Kind.VOLUME)
    copied = in_order(cloud, original, lifecycle=Lifecycle.CREATING)
    inventory, call = read(cloud), make_call(cloud)
    assert len(list(inventory.in_flight())) == 1
    cloud.change(copied, lifecycle=Lifecycle.AVAILABLE)

    read_copies(inventory, [Listing(AWAY, Kind.VOLUME, COMPARTMENT)], Scope(), call)

    assert list(inventory.in_flight()) == []
    assert inventory.copies_of(original, AWAY) == []
    assert inventory.has_arrived(inventory.originals[original.id], AWAY)


def test_copies_where_none_belong_any_more_are_measured(cloud: FakeCloud) -> None:
    """They cost, and they are what there is to restore from in that region."""
    source = cloud.add_source(Kind.VOLUME, {"backup-copy-destinations": FAR})
    in_order(cloud, cloud.add_backup(Kind.VOLUME, source_id=source.id), AWAY)
    call = make_call(cloud, DESTINATION_REGIONS=BOTH)

    found = {each.region: each for each in sweep(Sweep(), call).recoveries}

    assert (found[AWAY].standing, found[AWAY].stored_gb) == ("stray", SIZE)


def test_a_tag_that_names_a_dead_copy_where_none_belongs_is_taken_away(cloud: FakeCloud) -> None:
    """Though all the copies that belong have arrived."""
    source = cloud.add_source(Kind.VOLUME, {"backup-copy-destinations": FAR})
    original = cloud.add_backup(Kind.VOLUME, source_id=source.id)
    in_order(cloud, original, FAR)
    cloud.change(in_order(cloud, cloud.backups[original.id], AWAY), lifecycle=Lifecycle.FAULTY)

    sweep(Sweep(), make_call(cloud, DESTINATION_REGIONS=BOTH))

    assert copy_tag(AWAY) not in cloud.backups[original.id].freeform_tags
    assert copy_tag(FAR) in cloud.backups[original.id].freeform_tags
