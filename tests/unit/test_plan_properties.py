"""What holds of every plan, whatever was read."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from handlers.core.decision import Decision, Scope
from handlers.core.eligibility import assess
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.plan import plan
from handlers.core.report import Outcome, Reason
from tests.fakes import AWAY, FAR, configuration
from tests.strategies import inventories

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCOPES = st.sampled_from([Scope(), Scope(), Scope(regions=(FAR,)), Scope(regions=(AWAY, FAR))])
PLACES = st.integers(1, 9)


def decide(inventory: Inventory, scope: Scope, places: int) -> list[Decision]:
    settings = configuration(ALLOWED_REGIONS=f"{AWAY},{FAR}", MAX_IN_FLIGHT=str(places))
    return plan(inventory, scope, settings, NOW)


def to_be_copied(decisions: list[Decision]) -> list[tuple[Backup, str]]:
    return [(each.original, str(each.region)) for each in decisions if each.outcome is Outcome.PLANNED]


def under_way(inventory: Inventory) -> list[tuple[Backup, str]]:
    """Each original of which a copy is under way, and where to."""
    return [(inventory.originals[str(copy.copied_from)], copy.region) for copy in inventory.in_flight()]


def source_of(original: Backup) -> str:
    return original.source_id or original.id


@given(inventories(), SCOPES, PLACES)
def test_every_backup_has_one_decision_or_one_for_each_destination(
    inventory: Inventory, scope: Scope, places: int
) -> None:
    """None is forgotten and none is counted twice, so that the counts of a report add up."""
    regions: dict[str, list[str | None]] = defaultdict(list)
    for decision in decide(inventory, scope, places):
        regions[decision.original.id].append(decision.region)

    assert regions.keys() == inventory.originals.keys()
    for found in regions.values():
        assert found == [None] or (None not in found and len(found) == len(set(found)))
        assert found == [None] or not scope.regions or set(found) == set(scope.regions)


@given(inventories(), SCOPES, PLACES)
def test_no_more_is_copied_than_there_are_places(inventory: Inventory, scope: Scope, places: int) -> None:
    """What is under way in the cloud is counted, whoever has started it."""
    copied = to_be_copied(decide(inventory, scope, places))

    assert len(copied) <= max(0, places - len(under_way(inventory)))


@given(inventories(), SCOPES, PLACES)
def test_no_place_is_left_empty_that_somebody_waits_for(inventory: Inventory, scope: Scope, places: int) -> None:
    """Only a boot volume that is being copied waits beside a free place."""
    decisions = decide(inventory, scope, places)
    copied = to_be_copied(decisions)
    busy = {source_of(original) for original, _ in [*under_way(inventory), *copied]}

    if len(copied) < places - len(under_way(inventory)):
        for decision in decisions:
            if decision.reason == Reason.LIMIT:
                assert decision.original.kind is Kind.BOOT_VOLUME
                assert source_of(decision.original) in busy


@given(inventories(), SCOPES, PLACES)
def test_one_backup_of_a_source_is_on_its_way_to_a_region_at_a_time(
    inventory: Inventory, scope: Scope, places: int
) -> None:
    """And of a boot volume to any region."""
    copied = to_be_copied(decide(inventory, scope, places))
    ahead = {(source_of(original), region) for original, region in under_way(inventory)}
    boots = {source_of(original) for original, _ in under_way(inventory) if original.kind is Kind.BOOT_VOLUME}

    for original, region in copied:
        assert (source_of(original), region) not in ahead
        ahead.add((source_of(original), region))
        if original.kind is Kind.BOOT_VOLUME:
            assert source_of(original) not in boots
            boots.add(source_of(original))


@given(inventories(), SCOPES, PLACES)
def test_only_what_may_be_copied_and_has_no_living_copy_is_copied(
    inventory: Inventory, scope: Scope, places: int
) -> None:
    """Never a copy, a member or an unfinished backup; never where a list is torn or a tag wants none."""
    for original, region in to_be_copied(decide(inventory, scope, places)):
        assert assess(original) is None
        assert all(copy.lifecycle.is_dead for copy in inventory.copies_of(original, region))
        assert inventory.fault_of(original, region) is None
        assert (original.id, region) not in inventory.unverified
        assert original.source_id not in inventory.unread_sources
        assert _tags_of(original, inventory).get("backup-copy-destinations") not in {"none", "nowhere at all"}


@given(inventories(), SCOPES, PLACES)
def test_nothing_older_is_left_behind(inventory: Inventory, scope: Scope, places: int) -> None:
    """Before a backup is copied, those of its source that came before it are there, or cannot be for now."""
    decisions = decide(inventory, scope, places)
    for original, region in to_be_copied(decisions):
        for other in decisions:
            if (other.region, source_of(other.original)) == (region, source_of(original)):
                is_older = other.original.time_created < original.time_created
                assert not is_older or other.outcome in {Outcome.EXISTS, Outcome.FAILED} or is_unverified(other)


def is_unverified(decision: Decision) -> bool:
    return decision.outcome is Outcome.DEFERRED and decision.reason == Reason.DEADLINE


@given(inventories(), SCOPES, PLACES)
def test_the_order_in_which_lists_came_does_not_matter(inventory: Inventory, scope: Scope, places: int) -> None:
    """Two calls that have read the same decide the same, and so send the same tokens."""
    backwards = replace(
        inventory,
        originals=dict(reversed(inventory.originals.items())),
        copies={
            region: {original: copies[::-1] for original, copies in reversed(found.items())}
            for region, found in reversed(inventory.copies.items())
        },
    )

    assert decide(backwards, scope, places) == decide(inventory, scope, places)


@given(inventories(), PLACES)
def test_copying_what_is_planned_again_and_again_ends_with_every_copy_there(inventory: Inventory, places: int) -> None:
    """Where nothing goes wrong, nothing waits for ever: what may be copied is, and then there is nothing to do."""
    inventory.unread.clear()
    inventory.unverified.clear()
    for _ in range(len(inventory.originals) * 2 + 1):
        arrive(inventory)
        for original, region in to_be_copied(decide(inventory, Scope(), places)):
            inventory.add_copy(copy_of(original, region))
    arrive(inventory)

    standing = {each.outcome for each in decide(inventory, Scope(), places)}

    assert not standing & {Outcome.PLANNED, Outcome.DEFERRED, Outcome.IN_FLIGHT}


def arrive(inventory: Inventory) -> None:
    for copy in list(inventory.in_flight()):
        inventory.add_copy(available(copy))


def available(copy: Backup) -> Backup:
    return replace(copy, lifecycle=Lifecycle.AVAILABLE)


def copy_of(original: Backup, region: str) -> Backup:
    copy_id = f"{original.id}-{region}"
    return replace(original, id=copy_id, region=region, copied_from=original.id, lifecycle=Lifecycle.CREATING)


def _tags_of(original: Backup, inventory: Inventory) -> Mapping[str, str]:
    """The freeform tags of what a backup was made of; none where that is gone."""
    source = inventory.sources.get(original.source_id or "")
    return source.freeform_tags if source else {}
