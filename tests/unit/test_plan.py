"""The decision: what is to be done with each backup in each destination, as a function of what was read."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.core.decision import Decision, Scope, Target
from handlers.core.errors import ApiFault, Passing, TokenSpent
from handlers.core.inventory import Listing
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.places import is_limit
from handlers.core.report import Outcome, Reason
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, ocid, passing, refused
from tests.unit.scene import NOW, Scene

BOTH = f"{AWAY},{FAR}"
DEAD = [Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.FAULTY]
UNDER_WAY = [Lifecycle.REQUEST_RECEIVED, Lifecycle.CREATING, Lifecycle.COMMITTED, Lifecycle.UNKNOWN]
COPIED = "backup-copy-destinations"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def only(decisions: Iterable[Decision]) -> Decision:
    (decision,) = decisions
    return decision


def of(decisions: Iterable[Decision], original: Backup, region: str | None = AWAY) -> tuple[Outcome, str | None]:
    """Outcome and reason for this backup and destination: there is exactly one."""
    (found,) = ((d.outcome, d.reason) for d in decisions if d.original.id == original.id and d.region == region)
    return found


def planned(decisions: Iterable[Decision]) -> list[tuple[str, str | None]]:
    """What is to be copied now, in its order."""
    return [(each.original.id, each.region) for each in decisions if each.outcome is Outcome.PLANNED]


def tried(original: Backup, outcome: Outcome, **facts: Any) -> dict[tuple[str, str], Decision]:
    """What came of an attempt, as this call remembers it."""
    return {(original.id, AWAY): Decision(original, AWAY, outcome, **facts)}


# What stands in each destination


def test_a_backup_without_a_copy_is_to_be_copied_now(scene: Scene) -> None:
    """To each of its destinations."""
    original = scene.original()

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    assert sorted(planned(decisions)) == [(original.id, FAR), (original.id, AWAY)]
    assert len(decisions) == 2


def test_a_copy_that_is_there_is_enough(scene: Scene) -> None:
    """The decision names it."""
    copy = scene.copy(scene.original())

    decision = only(scene.plan())

    assert (decision.outcome, decision.reason, decision.copy) == (Outcome.EXISTS, None, copy)


@pytest.mark.parametrize("lifecycle", UNDER_WAY)
def test_a_copy_under_way_is_enough(scene: Scene, lifecycle: Lifecycle) -> None:
    """A state that nobody knows yet counts as alive: two copies cost money, and one may be what was wanted."""
    copy = scene.copy(scene.original(), lifecycle)

    decision = only(scene.plan())

    assert (decision.outcome, decision.reason, decision.copy) == (Outcome.IN_FLIGHT, lifecycle.lower(), copy)


@pytest.mark.parametrize("lifecycle", DEAD)
def test_a_dead_copy_does_not_count(scene: Scene, lifecycle: Lifecycle) -> None:
    """Nothing can be restored from it."""
    original = scene.original()
    scene.copy(original, lifecycle)

    assert planned(scene.plan()) == [(original.id, AWAY)]


def test_a_good_copy_stands_above_all_others(scene: Scene) -> None:
    """In whatever order they are listed."""
    original = scene.original()
    scene.copy(original, Lifecycle.FAULTY)
    scene.copy(original, Lifecycle.CREATING)
    good = scene.copy(original)

    assert only(scene.plan()).copy == good


def test_of_two_good_copies_always_the_same_is_named(scene: Scene) -> None:
    """Lists come in any order: tags that follow them would be written again in every sweep."""
    original = scene.original()
    older, newer = scene.copy(original, hours_ago=2), scene.copy(original, hours_ago=1)
    first = only(scene.plan()).copy

    scene.inventory.copies[AWAY][original.id] = [newer, older]

    assert only(scene.plan()).copy == first


def test_a_copy_in_another_destination_does_not_count_here(scene: Scene) -> None:
    """Each destination has its own."""
    original = scene.original()
    scene.copy(original, region=FAR)

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    assert of(decisions, original, FAR) == (Outcome.EXISTS, None)
    assert of(decisions, original, AWAY) == (Outcome.PLANNED, None)


# What is not to be copied


@pytest.mark.parametrize("lifecycle", sorted(set(Lifecycle) - {Lifecycle.AVAILABLE}))
def test_an_unfinished_backup_waits_for_itself(scene: Scene, lifecycle: Lifecycle) -> None:
    """One decision, whatever its destinations would be."""
    original = scene.original(lifecycle=lifecycle)

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    assert of(decisions, original, None) == (Outcome.NOT_READY, lifecycle.lower())
    assert len(decisions) == 1


def test_a_copy_is_never_copied_again(scene: Scene) -> None:
    """Where regions copy to one another, the copies that came in are not sent back."""
    scene.original(copied_from=ocid("volumebackup", AWAY))

    assert only(scene.plan()).outcome is Outcome.IS_COPY


def test_a_member_of_a_groups_backup_goes_with_its_group(scene: Scene) -> None:
    """The group's backup is copied, and the member is not copied beside it."""
    group = scene.original(kind=Kind.VOLUME_GROUP)
    member = scene.original(group_backup_id=group.id)

    decisions = scene.plan()

    assert of(decisions, member, None) == (Outcome.EXCLUDED, Reason.GROUP_MEMBER)
    assert planned(decisions) == [(group.id, AWAY)]


def test_a_tag_of_none_excludes_all_backups_of_a_source(scene: Scene) -> None:
    """Its owner wants no copies, and a sweep that names regions changes nothing about that."""
    source_id = scene.source(tags={COPIED: "none"})
    originals = [scene.original(source_id), scene.original(source_id, hours_ago=1)]

    for scope in (Scope(), Scope(regions=(AWAY,))):
        decisions = scene.plan(scope)
        assert [of(decisions, each, None) for each in originals] == [(Outcome.EXCLUDED, Reason.TAG)] * 2


def test_a_sources_tag_stands_above_the_configuration(scene: Scene) -> None:
    """Its backups go there, those of others where the configuration says."""
    tagged, another = scene.original(scene.source(tags={COPIED: FAR})), scene.original()

    decisions = scene.plan(ALLOWED_REGIONS=BOTH)

    assert sorted(planned(decisions)) == sorted([(tagged.id, FAR), (another.id, AWAY)])


def test_the_regions_a_sweep_names_stand_above_tags_and_configuration(scene: Scene) -> None:
    """Somebody asks for these copies now."""
    tagged, another = scene.original(scene.source(tags={COPIED: AWAY})), scene.original()

    decisions = scene.plan(Scope(regions=(FAR,)), ALLOWED_REGIONS=BOTH)

    assert sorted(planned(decisions)) == sorted([(tagged.id, FAR), (another.id, FAR)])


@pytest.mark.parametrize("scope", [Scope(), Scope(regions=(AWAY,))], ids=["", "named regions"])
def test_a_tag_that_cannot_be_followed_fails_its_backups_and_no_others(scene: Scene, scope: Scope) -> None:
    """Silence would be taken for a copy, and so would the configuration in its place."""
    malformed, sound = scene.original(scene.source(tags={COPIED: "Phoenix"})), scene.original()

    decisions = scene.plan(scope)

    assert of(decisions, malformed, None) == (Outcome.FAILED, Reason.TAG_MALFORMED)
    assert COPIED in str(decisions[0].message)
    assert planned(decisions) == [(sound.id, AWAY)]


def test_a_source_that_is_gone_has_no_tags(scene: Scene) -> None:
    """Its backups are the more precious: the configuration holds for them."""
    original = scene.original(ocid("volume", HOME, "gone"))
    scene.inventory.sources[str(original.source_id)] = None

    assert planned(scene.plan()) == [(original.id, AWAY)]


def test_a_source_that_could_not_be_read_is_no_reason_to_guess(scene: Scene) -> None:
    """It may exclude itself; those of others are copied."""
    unread, another = scene.original(ocid("volume", HOME, "unread")), scene.original()
    scene.inventory.unread_sources[str(unread.source_id)] = passing("ServiceUnavailable", 503)

    decisions = scene.plan()

    assert of(decisions, unread, None)[0] is Outcome.FAILED
    assert planned(decisions) == [(another.id, AWAY)]
    result = decisions[0].result("Sweep")
    assert (result.reason, result.may_pass) == ("ServiceUnavailable", True)


def test_a_backup_without_a_destination_is_left_alone(scene: Scene) -> None:
    """Where only tags say where copies go, what has none is out of scope; a single copy of it is a failure."""
    original = scene.original()
    nowhere: dict[str, Any] = {"DESTINATION_REGIONS": "", "ALLOWED_REGIONS": AWAY}

    assert of(scene.plan(**nowhere), original, None) == (Outcome.EXCLUDED, Reason.NO_DESTINATION)
    scope = Scope(target=Target(original))
    assert of(scene.plan(scope, **nowhere), original, None) == (Outcome.FAILED, Reason.NO_DESTINATION)


def test_a_single_copy_goes_where_it_was_told(scene: Scene) -> None:
    """Above tags, also where its source excludes itself or may not be read; the others keep to theirs."""
    source_id = scene.source(tags={COPIED: "none"})
    target, another = scene.original(source_id), scene.original(source_id, hours_ago=1)
    scene.inventory.unread_sources[source_id] = refused()

    decisions = scene.plan(Scope(target=Target(target, (FAR,))), ALLOWED_REGIONS=BOTH)

    assert planned(decisions) == [(target.id, FAR)]
    assert of(decisions, another, None)[0] is Outcome.FAILED


# Keys


def test_a_region_without_a_key_gets_no_copy_under_another(scene: Scene) -> None:
    """Where keys are configured a copy is never silently under Oracle's own; other regions get theirs."""
    original = scene.original()

    decisions = scene.plan(DESTINATION_REGIONS=BOTH, KMS_KEY_IDS=f'{{"{FAR}": null}}')

    assert of(decisions, original) == (Outcome.FAILED, Reason.KEY_MISSING)
    assert planned(decisions) == [(original.id, FAR)]


def test_a_missing_key_does_not_fail_what_is_there(scene: Scene) -> None:
    """The copy was made under whatever was configured then."""
    original = scene.original()
    scene.copy(original)

    assert of(scene.plan(KMS_KEY_IDS="{}"), original) == (Outcome.EXISTS, None)


def test_a_key_that_a_single_copy_was_told_is_its_alone(scene: Scene) -> None:
    """Those of its predecessors are as missing as before, and do not hold it up."""
    source_id = scene.source()
    target, before = scene.original(source_id), scene.original(source_id, hours_ago=1)

    decisions = scene.plan(Scope(target=Target(target, (AWAY,), kms_key_id=ocid("key", AWAY))), KMS_KEY_IDS="{}")

    assert of(decisions, before) == (Outcome.FAILED, Reason.KEY_MISSING)
    assert planned(decisions) == [(target.id, AWAY)]


# Policies


def rules(*content: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """A configuration with these rules; all regions may be named."""
    return {"POLICY": json.dumps({"defaults": defaults, "rules": content}), "ALLOWED_REGIONS": BOTH}


GOLD = {"match": {"tags": {"tier": "gold"}}}
KEYS: dict[str, Any] = {"KMS_KEY_IDS": json.dumps({AWAY: ocid("key", AWAY, "usual"), FAR: None})}


def test_copies_go_where_the_rule_for_their_source_says(scene: Scene) -> None:
    """Those of other sources where the configuration says otherwise."""
    gold, another = scene.original(scene.source(tags={"tier": "gold"})), scene.original()

    decisions = scene.plan(**rules({**GOLD, "destinations": [FAR]}))

    assert sorted(planned(decisions)) == sorted([(gold.id, FAR), (another.id, AWAY)])


def test_the_regions_a_sweep_names_stand_above_a_rule(scene: Scene) -> None:
    """Somebody asks for these copies now; of what is excluded they ask for none."""
    gold = scene.original(scene.source(tags={"tier": "gold"}))
    excluded = scene.original(scene.source(tags={"tier": "scratch"}))
    keys = rules({**GOLD, "destinations": [AWAY]}, {"match": {"tags": {"tier": "scratch"}}, "destinations": []})

    decisions = scene.plan(Scope(regions=(FAR,)), **keys)

    assert planned(decisions) == [(gold.id, FAR)]
    assert of(decisions, excluded, None) == (Outcome.EXCLUDED, Reason.POLICY)


def test_what_is_excluded_says_by_whom(scene: Scene) -> None:
    """By the configuration, or by the source itself; a tag also takes back what a rule says."""
    excluded = scene.original(scene.source(tags={"tier": "gold"}))
    itself = scene.original(scene.source(tags={COPIED: "none"}))
    wanted = scene.original(scene.source(tags={"tier": "gold", COPIED: AWAY}))

    decisions = scene.plan(**rules({**GOLD, "destinations": []}))

    assert of(decisions, excluded, None) == (Outcome.EXCLUDED, Reason.POLICY)
    assert of(decisions, itself, None) == (Outcome.EXCLUDED, Reason.TAG)
    assert planned(decisions) == [(wanted.id, AWAY)]


def test_a_copy_has_the_key_of_its_rule(scene: Scene) -> None:
    """Above KMS_KEY_IDS, which say for all others; null is Oracle's own on purpose."""
    key = ocid("key", AWAY, "gold")
    gold, plain = (scene.original(scene.source(tags={"tier": tier})) for tier in ("gold", "plain"))
    another = scene.original()
    own = {"match": {"tags": {"tier": "plain"}}, "destinations": [{"region": AWAY, "kmsKeyId": None}]}

    decisions = scene.plan(**rules({**GOLD, "destinations": [{"region": AWAY, "kmsKeyId": key}, FAR]}, own), **KEYS)
    keys = {(each.original.id, each.region): each.kms_key_id for each in decisions}

    assert keys == {
        (gold.id, AWAY): key,
        (gold.id, FAR): None,
        (plain.id, AWAY): None,
        (another.id, AWAY): ocid("key", AWAY, "usual"),
    }


def test_a_region_of_a_rule_without_a_key_gets_no_copy_under_another(scene: Scene) -> None:
    """Where keys are configured; a key that the rule names is enough."""
    gold = scene.original(scene.source(tags={"tier": "gold"}))
    keyed = {"region": AWAY, "kmsKeyId": ocid("key", AWAY)}

    decisions = scene.plan(**rules({**GOLD, "destinations": [keyed, FAR]}), KMS_KEY_IDS="{}")

    assert of(decisions, gold, FAR) == (Outcome.FAILED, Reason.KEY_MISSING)
    assert planned(decisions) == [(gold.id, AWAY)]


def test_a_key_that_a_single_copy_was_told_stands_above_that_of_a_rule(scene: Scene) -> None:
    """As the region does that it was told with it."""
    key = ocid("key", FAR, "told")
    gold = scene.original(scene.source(tags={"tier": "gold"}))
    content = rules({**GOLD, "destinations": [{"region": FAR, "kmsKeyId": ocid("key", FAR)}]})

    decision = only(scene.plan(Scope(target=Target(gold, (FAR,), kms_key_id=key)), **content))

    assert (decision.outcome, decision.kms_key_id) == (Outcome.PLANNED, key)


def test_a_key_of_a_tag_that_names_a_region_is_that_of_the_policy(scene: Scene) -> None:
    """A tag says where, and nothing of keys."""
    key = ocid("key", FAR)
    tagged = scene.original(scene.source(tags={COPIED: FAR}))

    decision = only(scene.plan(**rules(destinations=[AWAY, {"region": FAR, "kmsKeyId": key}])))

    assert (decision.original, decision.region, decision.kms_key_id) == (tagged, FAR, key)


# Copies that ended FAULTY


def test_the_second_attempt_is_made_at_once(scene: Scene) -> None:
    """A copy may fail for once."""
    original = scene.original()
    scene.copy(original, Lifecycle.FAULTY)

    assert planned(scene.plan()) == [(original.id, AWAY)]


@pytest.mark.parametrize(("faulty", "hours"), [(2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 24), (8, 24), (1000, 24)])
def test_after_it_the_pauses_grow(scene: Scene, faulty: int, hours: int) -> None:
    """From an hour to a day, from when the latest attempt began; in between the answer says when and what to do."""
    original = scene.original()
    for number in range(faulty):
        scene.copy(original, Lifecycle.FAULTY, hours_ago=number)
    end = timedelta(hours=hours)

    resting = only(scene.plan(now=NOW + end - timedelta(seconds=1)))

    assert (resting.outcome, resting.reason) == (Outcome.FAILED, Reason.FAULTY)
    assert f"{faulty} copies" in str(resting.message)
    assert f"{NOW + end:%Y-%m-%dT%H:%MZ}" in str(resting.message)
    assert not resting.result("Sweep").may_pass
    assert planned(scene.plan(now=NOW + end)) == [(original.id, AWAY)]


def test_copies_that_were_deleted_are_no_reason_to_rest(scene: Scene) -> None:
    """Somebody deleted them; the backup itself can be copied."""
    original = scene.original()
    for lifecycle in (Lifecycle.TERMINATED, Lifecycle.TERMINATING, Lifecycle.TERMINATED):
        scene.copy(original, lifecycle)

    assert planned(scene.plan()) == [(original.id, AWAY)]


def test_a_backup_that_rests_in_one_region_is_copied_to_another(scene: Scene) -> None:
    """It may be the region's fault."""
    original = scene.original()
    scene.copy(original, Lifecycle.FAULTY)
    scene.copy(original, Lifecycle.FAULTY)

    assert planned(scene.plan(DESTINATION_REGIONS=BOTH)) == [(original.id, FAR)]


# One at a time, oldest first


def test_copies_of_one_source_go_oldest_first_and_one_at_a_time(scene: Scene) -> None:
    """Oracle makes a copy that comes out of order a full one, and bills it so."""
    source_id = scene.source()
    newest, oldest, middle = (scene.original(source_id, hours_ago=hours) for hours in (1, 3, 2))

    decisions = scene.plan()

    assert planned(decisions) == [(oldest.id, AWAY)]
    assert [of(decisions, each) for each in (middle, newest)] == [(Outcome.DEFERRED, Reason.PREDECESSOR)] * 2


@pytest.mark.parametrize("fault", [passing(), refused()])
@pytest.mark.parametrize("hours_ago", [1, 3])
def test_one_that_is_asked_for_by_region_waits_while_nobody_knows_what_comes_before_it(
    scene: Scene, fault: ApiFault, hours_ago: float
) -> None:
    """Unless nothing can, or a permission is missing: that would stop all copies of the source for long."""
    source_id = scene.source()
    del scene.inventory.sources[source_id]
    scene.inventory.unread_sources[source_id] = fault
    target, _ = scene.original(source_id, hours_ago), scene.original(source_id, 2)

    decisions = scene.plan(Scope(target=Target(target, (AWAY,))))

    is_told = hours_ago == 1 and isinstance(fault, Passing)
    assert planned(decisions) == ([] if is_told else [(target.id, AWAY)])
    assert not is_told or next(each.fault for each in decisions if each.original is target) is fault


@pytest.mark.parametrize("why", ["copied", "unfinished"])
def test_one_that_is_asked_for_by_region_waits_for_none_that_cannot_come_before_it(scene: Scene, why: str) -> None:
    """Its copy is there, or it is not AVAILABLE."""
    source_id = scene.source()
    del scene.inventory.sources[source_id]
    scene.inventory.unread_sources[source_id] = passing()
    lifecycle = Lifecycle.AVAILABLE if why == "copied" else Lifecycle.CREATING
    target, before = scene.original(source_id, 1), scene.original(source_id, 2, lifecycle=lifecycle)
    if why == "copied":
        scene.copy(before)

    assert planned(scene.plan(Scope(target=Target(target, (AWAY,))))) == [(target.id, AWAY)]


def test_two_that_were_made_at_the_same_moment_still_have_an_order(scene: Scene) -> None:
    """Always the same, by their ids."""
    source_id = scene.source()
    originals = [scene.original(source_id) for _ in range(3)]

    assert planned(scene.plan()) == [(min(each.id for each in originals), AWAY)]


@pytest.mark.parametrize("lifecycle", UNDER_WAY)
@pytest.mark.parametrize("hours_ago", [1, 3], ids=["successor", "predecessor"])
def test_a_copy_under_way_holds_up_all_others_of_its_source(
    scene: Scene, hours_ago: float, lifecycle: Lifecycle
) -> None:
    """In its region: in another the next can go."""
    source_id = scene.source()
    waiting, ahead = scene.original(source_id, hours_ago=2), scene.original(source_id, hours_ago=hours_ago)
    scene.copy(ahead, lifecycle)
    scene.copy(ahead, region=FAR)

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    assert of(decisions, waiting, AWAY) == (Outcome.DEFERRED, Reason.PREDECESSOR)
    assert of(decisions, waiting, FAR) == (Outcome.PLANNED, None)


def test_a_copy_under_way_of_a_backup_that_is_being_deleted_holds_up_the_next_too(scene: Scene) -> None:
    """It is on its way all the same."""
    source_id = scene.source()
    deleted = scene.original(source_id, hours_ago=2, lifecycle=Lifecycle.TERMINATING)
    scene.copy(deleted, Lifecycle.CREATING)
    waiting = scene.original(source_id)

    assert of(scene.plan(), waiting) == (Outcome.DEFERRED, Reason.PREDECESSOR)


def test_a_copy_under_way_that_does_not_say_what_it_was_made_of_holds_up_the_next_too(scene: Scene) -> None:
    """What it was made of is known from its original."""
    source_id = scene.source(Kind.BOOT_VOLUME)
    ahead, waiting = (scene.original(source_id, hours, kind=Kind.BOOT_VOLUME) for hours in (2, 1))
    scene.inventory.add_copy(replace(scene.copy(ahead, Lifecycle.CREATING), source_id=None))

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    assert of(decisions, waiting) == (Outcome.DEFERRED, Reason.PREDECESSOR)
    assert of(decisions, ahead, FAR) == (Outcome.DEFERRED, Reason.LIMIT)


@pytest.mark.parametrize("lifecycle", [Lifecycle.CREATING, Lifecycle.FAULTY])
def test_a_backup_that_is_not_ready_holds_nobody_up(scene: Scene, lifecycle: Lifecycle) -> None:
    """It may never be."""
    source_id = scene.source()
    scene.original(source_id, hours_ago=2, lifecycle=lifecycle)
    ready = scene.original(source_id)

    assert planned(scene.plan()) == [(ready.id, AWAY)]


def test_a_backup_that_rests_holds_nobody_up(scene: Scene) -> None:
    """A backup that cannot be read would keep all that come after it from their copies."""
    source_id = scene.source()
    poison, following = scene.original(source_id, hours_ago=2), scene.original(source_id)
    scene.copy(poison, Lifecycle.FAULTY)
    scene.copy(poison, Lifecycle.FAULTY)

    decisions = scene.plan()

    assert of(decisions, poison) == (Outcome.FAILED, Reason.FAULTY)
    assert planned(decisions) == [(following.id, AWAY)]


def test_a_copy_that_was_refused_in_this_call_holds_nobody_up(scene: Scene) -> None:
    """Oracle's answer stands: nothing is under way."""
    source_id = scene.source()
    poison, following = scene.original(source_id, hours_ago=2), scene.original(source_id)
    attempts = tried(poison, Outcome.FAILED, fault=refused("IncorrectState", 409))

    decisions = scene.plan(attempts=attempts)

    assert of(decisions, poison) == (Outcome.FAILED, None)
    assert planned(decisions) == [(following.id, AWAY)]


@pytest.mark.parametrize(
    "facts",
    [
        {"fault": passing("Timeout", 0)},
        {"fault": passing()},
        {"fault": TokenSpent("InvalidatedRetryToken", "used before", status=409)},
        {"reason": Reason.INTERNAL_ERROR},
    ],
    ids=["time-out", "error", "spent token", "crash"],
)
def test_a_copy_of_which_nobody_knows_whether_it_was_started_holds_up_the_next(
    scene: Scene, facts: dict[str, Any]
) -> None:
    """It may be under way, and takes a place as if it were."""
    source_id = scene.source()
    unknown, following = scene.original(source_id, hours_ago=2), scene.original(source_id)
    another = scene.original()

    decisions = scene.plan(attempts=tried(unknown, Outcome.FAILED, **facts), MAX_IN_FLIGHT="1")

    assert of(decisions, following) == (Outcome.DEFERRED, Reason.PREDECESSOR)
    assert of(decisions, another) == (Outcome.DEFERRED, Reason.LIMIT)


def test_an_attempt_is_never_made_twice_in_a_call(scene: Scene) -> None:
    """What came of it stands, whatever it was."""
    original = scene.original()

    for outcome in (Outcome.FAILED, Outcome.COPIED, Outcome.DEFERRED, Outcome.EXISTS):
        assert of(scene.plan(attempts=tried(original, outcome)), original) == (outcome, None)


def test_an_unverified_copy_is_not_made_again(scene: Scene) -> None:
    """Its tag names one that nobody has looked for: that is for a later call, and said to be."""
    original = scene.original()
    scene.inventory.unverified.add((original.id, AWAY))

    decision = only(scene.plan())

    assert (decision.outcome, decision.reason) == (Outcome.DEFERRED, Reason.DEADLINE)
    assert decision.message
    assert decision.result("Sweep").fell_short


def test_an_unverified_copy_does_not_hold_up_its_successors(scene: Scene) -> None:
    """It is probably there: that nobody looks for it must not stop all that come after it."""
    source_id = scene.source()
    unverified, following = scene.original(source_id, hours_ago=2), scene.original(source_id)
    scene.inventory.unverified.add((unverified.id, AWAY))

    assert planned(scene.plan()) == [(following.id, AWAY)]


# Who goes first


def test_the_source_whose_destination_is_furthest_behind_goes_first(scene: Scene) -> None:
    """What matters is the age of the newest copy there, not that of the backup to be copied."""
    waiting = {}
    for hours_ago in (1, 30, 10):
        source_id = scene.source()
        scene.copy(scene.original(source_id, hours_ago))
        waiting[hours_ago] = scene.original(source_id, 1 / (1 + hours_ago))

    assert planned(scene.plan()) == [(waiting[hours_ago].id, AWAY) for hours_ago in (30, 10, 1)]


def test_a_source_that_was_never_copied_goes_before_one_that_is_a_day_behind(scene: Scene) -> None:
    """Also before one whose backup is older: nothing at all could be restored there."""
    copied = scene.source()
    scene.copy(scene.original(copied, hours_ago=24))
    waiting, never = scene.original(copied, hours_ago=20), scene.original(hours_ago=1)

    assert planned(scene.plan()) == [(never.id, AWAY), (waiting.id, AWAY)]


def test_a_hole_behind_newer_copies_is_not_the_most_urgent(scene: Scene) -> None:
    """Its destination is not behind: there is a newer copy to restore from."""
    source_id = scene.source()
    hole = scene.original(source_id, hours_ago=200)
    scene.copy(scene.original(source_id, hours_ago=1))
    never = scene.original(hours_ago=1)

    assert planned(scene.plan()) == [(never.id, AWAY), (hole.id, AWAY)]


def test_of_those_that_were_never_copied_the_oldest_goes_first(scene: Scene) -> None:
    """It has waited longest."""
    originals = [scene.original(hours_ago=hours) for hours in (1, 3, 2)]

    assert planned(scene.plan()) == [(originals[each].id, AWAY) for each in (1, 2, 0)]


def test_each_destination_is_behind_by_itself(scene: Scene) -> None:
    """A copy in one region is no comfort in another."""
    source_id = scene.source()
    scene.copy(scene.original(source_id, hours_ago=3), region=FAR)
    newer = scene.original(source_id, hours_ago=1)
    scene.copy(newer, region=FAR)

    assert {region for _, region in planned(scene.plan(DESTINATION_REGIONS=BOTH))} == {AWAY}


# Places


def test_there_are_as_many_places_as_copies_under_way_leave_free(scene: Scene) -> None:
    """Counted in the cloud, over all destinations, so that no counter can get stuck; the rest waits."""
    for region in (AWAY, FAR, FAR):
        scene.copy(scene.original(), Lifecycle.CREATING, region=region)
    for _ in range(4):
        scene.original()

    decisions = scene.plan(DESTINATION_REGIONS=BOTH, MAX_IN_FLIGHT="5")

    waiting = [each for each in decisions if each.reason == Reason.LIMIT]
    assert (len(planned(decisions)), len(waiting)) == (2, 3 + 4 * 2 - 2)
    assert {each.outcome for each in waiting} == {Outcome.DEFERRED}


def test_more_under_way_than_allowed_leaves_no_place(scene: Scene) -> None:
    """Somebody lowered the number, or copies by hand."""
    for _ in range(3):
        scene.copy(scene.original(), Lifecycle.CREATING)
    scene.original()

    assert planned(scene.plan(MAX_IN_FLIGHT="2")) == []


def test_places_go_to_the_most_urgent(scene: Scene) -> None:
    """A backup that waits for its predecessor takes none."""
    source_id = scene.source()
    first, _ = scene.original(source_id, hours_ago=9), scene.original(source_id, hours_ago=8)
    second, third = scene.original(hours_ago=7), scene.original(hours_ago=6)

    decisions = scene.plan(MAX_IN_FLIGHT="2")

    assert planned(decisions) == [(first.id, AWAY), (second.id, AWAY)]
    assert of(decisions, third) == (Outcome.DEFERRED, Reason.LIMIT)


def test_a_boot_volume_is_copied_to_one_region_at_a_time(scene: Scene) -> None:
    """Oracle allows one; volumes and groups go to all at once."""
    boot, volume = scene.original(kind=Kind.BOOT_VOLUME), scene.original()

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    by_original = [each for each, _ in planned(decisions)]
    assert (by_original.count(boot.id), by_original.count(volume.id)) == (1, 2)
    assert [each.reason for each in decisions if each.outcome is Outcome.DEFERRED] == [Reason.LIMIT]


def test_a_boot_volume_whose_copy_is_under_way_elsewhere_waits(scene: Scene) -> None:
    """Whichever of its backups that is, and whichever region; another boot volume does not."""
    source_id = scene.source(Kind.BOOT_VOLUME)
    before = scene.original(source_id, 2, kind=Kind.BOOT_VOLUME)
    scene.copy(before)
    scene.copy(before, Lifecycle.CREATING, region=FAR)
    waiting, another = scene.original(source_id, kind=Kind.BOOT_VOLUME), scene.original(kind=Kind.BOOT_VOLUME)

    decisions = scene.plan()

    assert of(decisions, waiting) == (Outcome.DEFERRED, Reason.LIMIT)
    assert (another.id, AWAY) in planned(decisions)


def test_backups_that_do_not_say_what_they_were_made_of_do_not_wait_for_one_another(scene: Scene) -> None:
    """Nobody knows that they are of one source."""
    kinds = (Kind.BOOT_VOLUME, Kind.BOOT_VOLUME, Kind.VOLUME, Kind.VOLUME)
    originals = [scene.original(None, kind=kind) for kind in kinds]

    assert sorted(planned(scene.plan())) == sorted((each.id, AWAY) for each in originals)


# Limits


@pytest.mark.parametrize(
    ("code", "status", "limit"),
    [
        ("TooManyRequests", 429, True),
        ("AnythingElse", 429, True),
        ("LimitExceeded", 400, True),
        ("QuotaExceeded", 400, True),
        ("InvalidParameter", 400, False),
        ("IncorrectState", 409, False),
        ("ServiceUnavailable", 503, False),
    ],
)
def test_a_limit_is_told_by_code_or_status(code: str, status: int, *, limit: bool) -> None:
    """Another refusal says nothing about the next copy."""
    assert is_limit(refused(code, status)) is limit


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.DEFERRED])
@pytest.mark.parametrize("fault", [passing("TooManyRequests", 429), refused("LimitExceeded", 400)])
def test_a_limit_closes_its_region_for_this_call_and_no_other(scene: Scene, fault: object, outcome: Outcome) -> None:
    """What comes next would be told the same."""
    refused_one, waiting = scene.original(hours_ago=1), scene.original()

    attempts = tried(refused_one, outcome, fault=fault)
    decisions = scene.plan(attempts=attempts, DESTINATION_REGIONS=BOTH)

    assert of(decisions, waiting, AWAY) == (Outcome.DEFERRED, Reason.LIMIT)
    assert sorted(planned(decisions)) == sorted([(refused_one.id, FAR), (waiting.id, FAR)])


# What could not be read


@pytest.mark.parametrize("region", [HOME, AWAY])
def test_a_list_that_could_not_be_read_fails_what_it_may_hide(scene: Scene, region: str) -> None:
    """Copies in a destination, predecessors at home: other kinds and regions go on."""
    hidden, another = scene.original(), scene.original(kind=Kind.VOLUME_GROUP)
    scene.inventory.unread[Listing(region, Kind.VOLUME, COMPARTMENT)] = passing("ServiceUnavailable", 503)

    decisions = scene.plan(DESTINATION_REGIONS=BOTH)

    failed = {each.region for each in decisions if each.outcome is Outcome.FAILED}
    assert failed == ({AWAY, FAR} if region == HOME else {AWAY})
    assert (hidden.id, AWAY) not in planned(decisions)
    assert {(another.id, AWAY), (another.id, FAR)} <= set(planned(decisions))


def test_a_copy_that_was_seen_counts_also_where_the_list_is_torn(scene: Scene) -> None:
    """It was found by its tag, or in another compartment's list."""
    original = scene.original()
    scene.copy(original)
    scene.inventory.unread[Listing(AWAY, Kind.VOLUME, COMPARTMENT)] = passing()

    assert of(scene.plan(), original) == (Outcome.EXISTS, None)


# The form of the answer


def test_what_is_to_be_done_comes_last(scene: Scene) -> None:
    """Behind what stands already."""
    scene.original()
    scene.copy(scene.original(hours_ago=1))
    scene.original(lifecycle=Lifecycle.CREATING)

    outcomes = [each.outcome for each in scene.plan()]

    assert outcomes[-1] is Outcome.PLANNED
    assert len(outcomes) == 3


def test_an_empty_inventory_asks_for_nothing(scene: Scene) -> None:
    """And is no failure."""
    assert scene.plan() == []


def test_a_decision_is_answered_with_what_it_is_about(scene: Scene) -> None:
    """Backup, destination, copy; a failure with what the API said."""
    original = scene.original()
    copy = scene.copy(original)
    fault = refused("IncorrectState", 409)

    found = Decision(original, AWAY, Outcome.EXISTS, copy=copy).result("Sweep")
    failed = Decision(original, AWAY, Outcome.FAILED, fault=fault).result("Sweep")

    assert (found.operation, found.outcome, found.source_id) == ("Sweep", Outcome.EXISTS, original.id)
    assert (found.destination_region, found.backup_id) == (AWAY, copy.id)
    assert (failed.reason, failed.message, failed.opc_request_id) == (fault.code, "no", fault.opc_request_id)
