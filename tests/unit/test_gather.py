"""What is read before anything is decided: few calls, each region by itself, and nothing that matters left out."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.core.decision import Scope, Target
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.plan import plan
from handlers.core.tokens import copy_tag
from handlers.gather import MAX_LOOKUPS, gather, gather_here
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeCloud, configuration, make_call, ocid, passing, refused
from tests.unit.sweeping import BOTH

ELSEWHERE, VAULT = "ocid1.compartment.oc1..elsewhere", "ocid1.compartment.oc1..vault"
LISTS_OF_A_REGION = len(Kind)
LISTS_AT_HOME = 2 * len(Kind)  # sources and backups
TOKYO = "ap-tokyo-1"


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def read(
    cloud: FakeCloud, scope: Scope | None = None, compartments: Sequence[str] = (COMPARTMENT,), **keys: Any
) -> Inventory:
    return gather(compartments, scope or Scope(), make_call(cloud, **keys))


def moved(cloud: FakeCloud, original: Backup) -> Backup:
    """A copy in a compartment that is not looked at, and that the original's tag names."""
    copy = cloud.add_copy(original, compartment_id=VAULT)
    cloud.change(original, freeform_tags={copy_tag(AWAY): copy.id})
    return copy


# Few calls


@pytest.mark.parametrize("backups", [0, 3, 300])
def test_the_calls_do_not_grow_with_the_backups(cloud: FakeCloud, backups: int) -> None:
    """One list for each kind, compartment and region, and one of the sources at home."""
    for number in range(backups):
        kind = list(Kind)[number % 3]
        original = cloud.add_backup(kind, source_id=cloud.add_source(kind).id)
        cloud.add_copy(original)

    inventory = read(cloud, DESTINATION_REGIONS=BOTH)

    assert Counter(call.region for call in cloud.calls) == {
        HOME: LISTS_AT_HOME,
        AWAY: LISTS_OF_A_REGION,
        FAR: LISTS_OF_A_REGION,
    }
    assert {call.method for call in cloud.calls} == {"list_sources", "list_backups"}
    assert len(inventory.originals) == backups
    assert sum(len(found) for found in inventory.copies[AWAY].values()) == backups


def test_every_compartment_is_read_in_every_region(cloud: FakeCloud) -> None:
    """A copy is in the compartment of its original."""
    original = cloud.add_backup(compartment_id=ELSEWHERE)
    copy = cloud.add_copy(original, compartment_id=ELSEWHERE)

    inventory = read(cloud, compartments=(COMPARTMENT, ELSEWHERE))

    assert [each.id for each in inventory.copies_of(original, AWAY)] == [copy.id]
    assert len(cloud.calls) == 2 * (LISTS_AT_HOME + LISTS_OF_A_REGION)


def test_nothing_is_read_outside_the_compartments(cloud: FakeCloud) -> None:
    """Whatever is there is none of this function's business."""
    cloud.add_backup(compartment_id=ELSEWHERE)

    inventory = read(cloud)

    assert inventory.originals == {}
    assert {call.arguments["compartment_id"] for call in cloud.calls} == {COMPARTMENT}


# The regions that are looked at


def test_a_region_that_a_sources_tag_names_is_looked_at(cloud: FakeCloud) -> None:
    """Beside the configured ones: copies may be there."""
    cloud.add_source(tags={"backup-copy-destinations": FAR})

    inventory = read(cloud, ALLOWED_REGIONS=BOTH)

    assert set(inventory.copies) == {AWAY, FAR}


@pytest.mark.parametrize("tag", ["nowhere at all", FAR, "none"])
def test_a_region_that_is_not_allowed_is_not_looked_at(cloud: FakeCloud, tag: str) -> None:
    """Whoever may write a source's tags may not send this function anywhere."""
    cloud.add_source(tags={"backup-copy-destinations": tag})

    assert set(read(cloud).copies) == {AWAY}


def test_the_configured_regions_are_looked_at_whatever_a_call_names(cloud: FakeCloud) -> None:
    """Copies under way there take places too."""
    original = cloud.add_backup()
    keys: dict[str, Any] = {"ALLOWED_REGIONS": f"{BOTH},{TOKYO}"}

    assert set(read(cloud, Scope(regions=(FAR,)), **keys).copies) == {AWAY, FAR}
    assert set(read(cloud, Scope(target=Target(original, (TOKYO,))), **keys).copies) == {AWAY, TOKYO}


@pytest.mark.parametrize(
    "content",
    [
        {"defaults": {"destinations": [FAR]}},
        {"rules": [{"match": {"name": "nobody"}, "destinations": [{"region": FAR, "keep": "7d"}]}]},
    ],
)
def test_every_region_of_a_policy_is_looked_at(cloud: FakeCloud, content: dict[str, Any]) -> None:
    """Also where its rule is for no source: copies may be there, and those under way take places."""
    assert set(read(cloud, POLICY=json.dumps(content)).copies) == {AWAY, FAR}


def test_a_source_that_only_a_rule_by_tag_is_for_is_read_before_its_backups_are_copied(cloud: FakeCloud) -> None:
    """Nobody has listed it: without its tags its backups would go where the rule does not want them."""
    source = cloud.add_source(tags={"tier": "gold"}, compartment_id=ELSEWHERE)
    original = cloud.add_backup(source_id=source.id)
    policy = {"rules": [{"match": {"tags": {"tier": "gold"}}, "destinations": [FAR]}]}

    inventory = read(cloud, POLICY=json.dumps(policy))

    assert inventory.sources[source.id] == source
    assert plan(inventory, Scope(), configuration(POLICY=json.dumps(policy)), cloud.clock.now())[0].region == FAR
    assert inventory.originals.keys() == {original.id}


def test_sources_and_their_backups_are_read_without_any_region_of_copies(cloud: FakeCloud) -> None:
    """Where only what is due is asked for."""
    source = cloud.add_source()
    original = cloud.add_backup(source_id=source.id)
    cloud.add_copy(original)

    inventory = gather_here((COMPARTMENT,), make_call(cloud))

    assert (set(inventory.sources), set(inventory.originals), inventory.copies) == ({source.id}, {original.id}, {})
    assert {call.region for call in cloud.calls} == {HOME}
    assert len(cloud.calls) == LISTS_AT_HOME


def test_lists_of_sources_that_could_not_be_read_are_known_beside_those_of_backups(cloud: FakeCloud) -> None:
    """What is due cannot be told of either."""
    cloud.script("list_sources", refused())
    cloud.script("list_backups", passing("Timeout", 0), calls_before=1)

    inventory = gather_here((COMPARTMENT,), make_call(cloud))

    assert [each.code for each in inventory.unread_source_lists.values()] == ["NotAuthorizedOrNotFound"]
    assert [each.code for each in inventory.unread.values()] == ["Timeout"]


# What is kept


def test_only_copies_of_our_backups_are_kept(cloud: FakeCloud) -> None:
    """Not the destination's own backups, nor copies from a third region, nor members of a group's copy."""
    original = cloud.add_backup()
    copy = cloud.add_copy(original)
    cloud.add_backup(region=AWAY)
    cloud.add_backup(region=AWAY, copied_from=ocid("volumegroupbackup", TOKYO), lifecycle=Lifecycle.CREATING)
    member = cloud.add_backup(Kind.VOLUME, group_backup_id=original.id)
    cloud.add_copy(member, group_backup_id=copy.id)

    inventory = read(cloud)

    assert {key: [each.id for each in found] for key, found in inventory.copies[AWAY].items()} == {
        original.id: [copy.id]
    }


def test_backups_at_home_are_all_kept(cloud: FakeCloud) -> None:
    """Also those that are not to be copied: each is answered with its reason."""
    backups = [
        cloud.add_backup(),
        cloud.add_backup(lifecycle=Lifecycle.CREATING),
        cloud.add_backup(copied_from=ocid("volumegroupbackup", AWAY)),
        cloud.add_backup(Kind.VOLUME, group_backup_id=ocid("volumegroupbackup")),
    ]

    assert read(cloud).originals.keys() == {each.id for each in backups}


def test_a_single_backup_counts_as_it_was_read_by_itself(cloud: FakeCloud) -> None:
    """With its etag, and also where the list does not show it yet."""
    cloud.listed_after = timedelta(seconds=5)
    original = cloud.add_backup()

    inventory = read(cloud, Scope(target=Target(original)))

    assert inventory.originals == {original.id: original}


# Each region by itself


def test_a_region_that_cannot_be_read_leaves_the_others_untouched(cloud: FakeCloud) -> None:
    """Its lists are known to be missing, and nothing else is."""
    original = cloud.add_backup()
    cloud.add_copy(original, FAR)
    cloud.script("list_backups", *[passing("ConnectionFailed", 0)] * LISTS_OF_A_REGION, region=AWAY)

    inventory = read(cloud, DESTINATION_REGIONS=BOTH)

    assert set(inventory.unread) == {Listing(AWAY, kind, COMPARTMENT) for kind in Kind}
    assert len(inventory.copies_of(original, FAR)) == 1


@pytest.mark.parametrize("method", ["list_backups", "get"])
def test_a_fault_of_ours_in_one_of_them_is_logged_by_its_id(cloud: FakeCloud, method: str) -> None:
    """What was read, or was to be, but not all that is known of it: a backup's tags are no matter of the log."""

    def crash() -> None:
        raise RuntimeError

    original = cloud.add_backup(Kind.VOLUME, freeform_tags={"secret": "secret"})
    named = cloud.add_copy(original, compartment_id=VAULT)
    cloud.change(original, freeform_tags={copy_tag(AWAY): named.id, "secret": "secret"})
    cloud.script(method, crash, region=AWAY)

    with capture_logs() as lines:
        read(cloud)

    (line,) = (each for each in lines if each["event"] == "read.crashed")
    assert (COMPARTMENT if method == "list_backups" else original.id) in str(line["item"])
    assert "secret" not in str(line)


def test_a_list_at_home_that_cannot_be_read_is_known_to_be_missing(cloud: FakeCloud) -> None:
    """The other kinds are read."""
    cloud.add_backup(Kind.VOLUME)
    cloud.script("list_backups", passing(), region=HOME)

    inventory = read(cloud)

    assert set(inventory.unread) == {Listing(HOME, Kind.VOLUME_GROUP, COMPARTMENT)}
    assert len(inventory.originals) == 1


def test_what_the_call_had_no_time_to_read_is_known_to_be_missing(cloud: FakeCloud) -> None:
    """Half an inventory would be taken for the absence of copies."""
    cloud.add_backup()

    def too_late(work: Any, items: Sequence[Any]) -> list[Any]:
        return [None] * len(items)

    inventory = gather([COMPARTMENT], Scope(), replace(make_call(cloud), workers=too_late))

    assert {listing.region for listing in inventory.unread} == {HOME, AWAY}
    assert {fault.code for fault in inventory.unread.values()} == {"Timeout"}


# Sources in other compartments than their backups


def test_an_unlisted_source_is_read_when_a_copy_is_missing(cloud: FakeCloud) -> None:
    """Its tags decide; it is read once, however many backups there are of it."""
    source = cloud.add_source(tags={"backup-copy-destinations": "none"}, compartment_id=ELSEWHERE)
    for _ in range(3):
        cloud.add_backup(source_id=source.id)

    inventory = read(cloud)

    assert [call.arguments["source_id"] for call in cloud.made("source")] == [source.id]
    assert inventory.sources[source.id] == source


def test_a_region_that_an_unlisted_sources_tag_names_is_looked_at(cloud: FakeCloud) -> None:
    """Before anything is copied there a second time."""
    source = cloud.add_source(tags={"backup-copy-destinations": FAR}, compartment_id=ELSEWHERE)
    original = cloud.add_backup(source_id=source.id)
    copy = cloud.add_copy(original, FAR)

    inventory = read(cloud, ALLOWED_REGIONS=BOTH)

    assert [each.id for each in inventory.copies_of(original, FAR)] == [copy.id]


def test_an_unlisted_source_is_read_as_long_as_its_tag_may_ask_for_more(cloud: FakeCloud) -> None:
    """A copy in one region is no sign that the tag wants none in another, or that it is not excluded from the rest."""
    cloud.add_source(tags={"backup-copy-destinations": AWAY})
    source = cloud.add_source(tags={"backup-copy-destinations": FAR}, compartment_id=ELSEWHERE)
    cloud.add_copy(cloud.add_backup(source_id=source.id))

    both: dict[str, Any] = {"ALLOWED_REGIONS": BOTH}
    other: dict[str, Any] = {"ALLOWED_REGIONS": AWAY, "DESTINATION_REGIONS": FAR}
    assert source.id in read(cloud, **both).sources
    assert source.id in read(cloud, **other).sources


def test_an_unlisted_source_whose_backups_have_every_copy_is_not_read(cloud: FakeCloud) -> None:
    """Whatever its tag says, nothing is missing."""
    source = cloud.add_source(compartment_id=ELSEWHERE)
    original = cloud.add_backup(source_id=source.id)
    for region in (AWAY, FAR):
        cloud.add_copy(original, region)

    read(cloud, DESTINATION_REGIONS=BOTH)

    assert cloud.made("source") == []


def test_sources_whose_list_could_not_be_read_keep_their_backups_waiting(cloud: FakeCloud) -> None:
    """A fault that may pass: their tags are read by a later call, and not one by one by this one."""
    original = cloud.add_backup(source_id=cloud.add_source().id)
    cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    cloud.script("list_sources", passing("ServiceUnavailable", 503))

    inventory = read(cloud)

    assert inventory.unread_sources.keys() == {original.source_id}
    assert cloud.made("source") == []


def test_a_listed_source_is_not_read_again(cloud: FakeCloud) -> None:
    """Nor is that of a backup that is not to be copied."""
    cloud.add_backup(source_id=cloud.add_source().id)
    cloud.add_backup(source_id=ocid("volumegroup", HOME, "gone"), lifecycle=Lifecycle.TERMINATED)

    read(cloud)

    assert cloud.made("source") == []


def test_an_unlisted_source_that_is_gone_is_known_to_be(cloud: FakeCloud) -> None:
    """Its backups follow the configuration; one that could not be read keeps them from being copied."""
    gone, unread = (ocid("volumegroup", HOME, name) for name in ("gone", "unread"))
    for source_id in (gone, unread):
        cloud.add_backup(source_id=source_id)
    cloud.script("source", passing(), calls_before=1)

    inventory = read(cloud)

    assert inventory.sources == {gone: None}
    assert inventory.unread_sources.keys() == {unread}


def test_sources_whose_list_may_not_be_read_are_asked_for_one_by_one(cloud: FakeCloud) -> None:
    """A policy may allow the one and not the other."""
    source = cloud.add_source(tags={"backup-copy-destinations": "none"})
    cloud.add_backup(source_id=source.id)
    cloud.script("list_sources", *[refused()] * len(Kind))

    assert read(cloud).sources == {source.id: source}


# Copies that were moved


def test_a_copy_that_was_moved_is_found_by_the_tag(cloud: FakeCloud) -> None:
    """Lists are of one compartment: the tag on the original still names it."""
    original = cloud.add_backup()
    copy = moved(cloud, original)

    inventory = read(cloud)

    assert [each.id for each in inventory.copies_of(original, AWAY)] == [copy.id]
    assert [call.arguments["backup_id"] for call in cloud.made("get")] == [copy.id]


@pytest.mark.parametrize(
    "named",
    [
        ocid("volumegroupbackup", AWAY, "gone"),
        ocid("volumebackup", AWAY, "another-kind"),
        "../volumes",
        "",
    ],
)
def test_a_tag_that_names_nothing_is_known_to_be_wrong(cloud: FakeCloud, named: str) -> None:
    """Anybody may write tags; nothing is asked for that could not be a copy."""
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): named})

    inventory = read(cloud)

    assert inventory.gone == {(original.id, AWAY)}
    assert len(cloud.made("get")) == ("gone" in named)


def test_a_tag_that_names_the_copy_of_another_is_known_to_be_wrong(cloud: FakeCloud) -> None:
    """It is no copy of this backup."""
    another = moved(cloud, cloud.add_backup())
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): another.id})

    inventory = read(cloud)

    assert (original.id, AWAY) in inventory.gone
    assert inventory.copies_of(original, AWAY) == []


def test_a_copy_that_could_not_be_looked_for_may_be_there(cloud: FakeCloud) -> None:
    """Why it could not is known, and said."""
    original = cloud.add_backup()
    moved(cloud, original)
    fault = passing()
    cloud.script("get", fault)

    inventory = read(cloud)

    assert inventory.fault_of(original, AWAY) is fault
    assert (inventory.unverified, inventory.gone) == (set(), set())


def test_a_tag_that_the_api_takes_for_no_id_names_no_copy(cloud: FakeCloud) -> None:
    """Anybody may write a tag: what cannot be a copy is not waited for."""
    original = cloud.add_backup(freeform_tags={copy_tag(AWAY): ocid("volumegroupbackup", AWAY, "made-up")})
    cloud.script("get", refused("InvalidParameter", 400))

    assert read(cloud).gone == {(original.id, AWAY)}


def test_a_silent_region_is_asked_as_little_as_can_be(cloud: FakeCloud) -> None:
    """Each list that waits for it takes the time that the lists of others need."""
    compartments = [f"ocid1.compartment.oc1..n{number}" for number in range(10)]
    cloud.script("list_backups", *[passing("Timeout", 0)] * 60, region=FAR)

    inventory = gather(compartments, Scope(), make_call(cloud, DESTINATION_REGIONS=BOTH))

    asked = [call.region for call in cloud.made("list_backups")]
    assert (asked.count(FAR), asked.count(AWAY)) == (1, 30)
    assert {listing.region for listing in inventory.unread} == {FAR}
    assert len(inventory.unread) == 30


def test_a_region_that_answers_with_errors_is_asked_for_each_list(cloud: FakeCloud) -> None:
    """One list may fail where others do not, and an answer takes no time."""
    cloud.script("list_backups", passing(), passing("UnreadableAnswer", 0), region=FAR)

    gather([COMPARTMENT], Scope(), make_call(cloud, DESTINATION_REGIONS=BOTH))

    assert [call.region for call in cloud.made("list_backups")].count(FAR) == 3


def test_a_copy_that_is_listed_is_not_looked_for(cloud: FakeCloud) -> None:
    """Where one lives, or the named one is known to be dead, and where the list itself could not be read."""
    tags = {copy_tag(AWAY): ocid("volumegroupbackup", AWAY, "another")}
    cloud.add_copy(cloud.add_backup(freeform_tags=tags))
    dead = cloud.add_backup(freeform_tags={})
    cloud.change(dead, freeform_tags={copy_tag(AWAY): cloud.add_copy(dead, lifecycle=Lifecycle.FAULTY).id})
    cloud.add_backup(Kind.VOLUME, freeform_tags={copy_tag(AWAY): ocid("volumebackup", AWAY, "unread")})
    cloud.script("list_backups", passing(), region=AWAY, calls_before=list(Kind).index(Kind.VOLUME))

    inventory = read(cloud)

    assert inventory.unread.keys() == {Listing(AWAY, Kind.VOLUME, COMPARTMENT)}
    assert cloud.made("get") == []


def test_a_tag_for_a_region_that_is_not_looked_at_is_left_alone(cloud: FakeCloud) -> None:
    """It may have been a destination once."""
    cloud.add_backup(freeform_tags={copy_tag(FAR): ocid("volumegroupbackup", FAR)})

    inventory = read(cloud)

    assert cloud.made("get") == []
    assert inventory.gone == set()


def test_the_copies_that_are_looked_for_have_a_bound(cloud: FakeCloud) -> None:
    """A call must end; what was not looked for is unverified, and never made again."""
    originals = [cloud.add_backup() for _ in range(MAX_LOOKUPS + 5)]
    for original in originals:
        moved(cloud, original)

    inventory = read(cloud)

    assert len(cloud.made("get")) == MAX_LOOKUPS
    assert len(inventory.unverified) == 5
    found = {each.id for each in originals if inventory.copies_of(each, AWAY)}
    assert found | {original_id for original_id, _ in inventory.unverified} == {each.id for each in originals}


def test_what_was_not_looked_for_in_one_sweep_is_in_another(cloud: FakeCloud) -> None:
    """Whatever the interval of the sweeps is: none is left unverified for ever."""
    originals = {cloud.add_backup().id: AWAY for _ in range(MAX_LOOKUPS * 3 // 2)}
    for original_id in originals:
        moved(cloud, cloud.backups[original_id])
    always = set(originals.items())

    for _ in range(24):
        always &= read(cloud).unverified
        cloud.clock.advance(timedelta(hours=1))

    assert always == set()


def test_a_crash_of_ours_in_one_list_does_not_hide_the_others(cloud: FakeCloud) -> None:
    """It counts as a list that could not be read."""
    original = cloud.add_backup()
    cloud.add_copy(original, FAR)

    def crash() -> None:
        raise RuntimeError("unforeseen")

    cloud.script("list_backups", crash, region=AWAY)
    inventory = read(cloud, DESTINATION_REGIONS=BOTH)

    assert inventory.unread.keys() == {Listing(AWAY, Kind.VOLUME_GROUP, COMPARTMENT)}
    assert len(inventory.copies_of(original, FAR)) == 1


def test_a_copy_under_way_whose_original_is_not_listed_is_kept(cloud: FakeCloud) -> None:
    """It takes a place; one that has arrived, or comes from a third region, does not."""
    stranger = cloud.add_backup(region=AWAY, copied_from=ocid("volumegroupbackup"), lifecycle=Lifecycle.CREATING)
    cloud.add_backup(region=AWAY, copied_from=ocid("volumegroupbackup"))
    cloud.add_backup(region=AWAY, copied_from=ocid("volumegroupbackup", TOKYO), lifecycle=Lifecycle.CREATING)

    inventory = read(cloud)

    assert [copy.id for copy in inventory.in_flight()] == [stranger.id]


def test_a_group_is_held_by_its_members_here_and_there() -> None:
    """They come in lists that are read anyway; a retention period that is over holds nothing."""
    cloud, passed = FakeCloud(), timedelta(days=1)
    groups = [ocid(Kind.VOLUME_GROUP.backup_type, region, "g") for region in (HOME, AWAY)]
    over = ocid(Kind.VOLUME_GROUP.backup_type, AWAY, "over")
    for group, region in zip(groups, (HOME, AWAY), strict=True):
        away = {"copied_from": ocid("volumebackup")} if region == AWAY else {}
        cloud.add_backup(Kind.VOLUME, region, group_backup_id=group, is_protected=True, **away)
    moment = cloud.clock.now() - passed
    cloud.add_backup(Kind.VOLUME, AWAY, group_backup_id=over, retained_until=moment, copied_from=ocid("volumebackup"))

    assert gather([COMPARTMENT], Scope(), make_call(cloud)).held_groups == set(groups)
