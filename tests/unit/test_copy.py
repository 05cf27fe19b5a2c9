"""Copying a backup: exactly one good copy in each destination, and a reason for each copy that is not made."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.copy import copy
from handlers.core.errors import TokenSpent
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import OPERATIONS, CopyBackup
from handlers.core.report import Outcome, Reason, Report, Result, Status, Trigger
from handlers.core.tokens import copy_tag, copy_token
from tests.fakes import AWAY, FAR, HOME, FakeCloud, make_call, ocid, passing, refused

BOTH = f"{AWAY},{FAR}"
IDS = {
    Kind.VOLUME_GROUP: "volumeGroupBackupId",
    Kind.VOLUME: "volumeBackupId",
    Kind.BOOT_VOLUME: "bootVolumeBackupId",
}
SPENT = TokenSpent("InvalidatedRetryToken", "used before", status=409)
DEAD = [Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.FAULTY]


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def operation(original: Backup, name: str = "", **fields: Any) -> CopyBackup:
    name = name or f"Copy{original.kind}Backup"
    parsed = OPERATIONS[name].model_validate({"operation": name, IDS[original.kind]: original.id, **fields})
    assert isinstance(parsed, CopyBackup)
    return parsed


def run(cloud: FakeCloud, original: Backup, *, lasts: timedelta = timedelta(minutes=5), **given: Any) -> list[Result]:
    """Copy as a payload with the camelCase fields of `given` asks, configured with its UPPER_CASE ones."""
    keys = {key: value for key, value in given.items() if key.isupper()}
    fields = {key: value for key, value in given.items() if not key.isupper()}
    return copy(operation(original, **fields), make_call(cloud, lasts=lasts, **keys))


def outcomes(results: list[Result]) -> list[tuple[str | None, Outcome, str | None]]:
    return [(each.destination_region, each.outcome, each.reason) for each in results]


def tokens(cloud: FakeCloud) -> list[str]:
    return [str(call.arguments["retry_token"]) for call in cloud.made("copy")]


# One good copy


@pytest.mark.parametrize("kind", list(Kind))
def test_a_backup_is_copied_to_its_destination(cloud: FakeCloud, kind: Kind) -> None:
    """The answer names the original, the copy, its region and the request that made it."""
    original = cloud.add_backup(kind)

    (result,) = run(cloud, original)
    (made,) = cloud.copies_in(AWAY)

    assert (result.operation, result.outcome, result.reason) == (f"Copy{kind}Backup", Outcome.COPIED, None)
    assert (result.source_id, result.destination_region, result.backup_id) == (original.id, AWAY, made.id)
    assert result.opc_request_id
    assert made.copied_from == original.id


def test_a_copy_is_answered_under_the_name_it_was_asked_by(cloud: FakeCloud) -> None:
    """The API's documentation knows the operation by two names."""
    original = cloud.add_backup(Kind.VOLUME_GROUP)

    (result,) = copy(operation(original, "CreateVolumeGroupBackupCopy"), make_call(cloud))

    assert (result.operation, result.outcome) == ("CreateVolumeGroupBackupCopy", Outcome.COPIED)


def test_the_request_holds_what_the_api_knows_and_nothing_else(cloud: FakeCloud) -> None:
    """Region, name and key; no field for what was not given."""
    original, key = cloud.add_backup(), ocid("key", AWAY)

    run(cloud, original)
    run(cloud, cloud.add_backup(), destinationRegion=AWAY, displayName="n", kmsKeyId=key, idempotencyKey="k")

    assert [call.arguments["body"] for call in cloud.made("copy")] == [
        {"destinationRegion": AWAY},
        {"destinationRegion": AWAY, "displayName": "n", "kmsKeyId": key},
    ]


def test_the_copy_is_looked_for_before_it_is_made(cloud: FakeCloud) -> None:
    """In the destination, by the id of its source; the names of backups do not matter."""
    run(cloud, cloud.add_backup())

    methods = [(call.method, call.region) for call in cloud.calls]

    assert methods.index(("list_backups", AWAY)) < methods.index(("copy", HOME))


@pytest.mark.parametrize(
    ("lifecycle", "outcome", "reason"),
    [
        (Lifecycle.AVAILABLE, Outcome.EXISTS, None),
        (Lifecycle.CREATING, Outcome.IN_FLIGHT, "creating"),
        (Lifecycle.REQUEST_RECEIVED, Outcome.IN_FLIGHT, "request_received"),
        (Lifecycle.COMMITTED, Outcome.IN_FLIGHT, "committed"),
        (Lifecycle.UNKNOWN, Outcome.IN_FLIGHT, "unknown"),
    ],
)
def test_a_copy_that_is_there_is_not_made_again(
    cloud: FakeCloud, lifecycle: Lifecycle, outcome: Outcome, reason: str | None
) -> None:
    """The answer names it."""
    original = cloud.add_backup()
    there = cloud.add_copy(original, lifecycle=lifecycle)

    (result,) = run(cloud, original)

    assert (result.outcome, result.reason, result.backup_id) == (outcome, reason, there.id)
    assert cloud.made("copy") == []


@pytest.mark.parametrize("dead", DEAD)
def test_a_dead_copy_does_not_count(cloud: FakeCloud, dead: Lifecycle) -> None:
    """Another is made, and with another token: Oracle keeps the first bound to what it made."""
    original = cloud.add_backup()
    run(cloud, original)
    (first,) = cloud.copies_in(AWAY)
    cloud.change(first, lifecycle=dead)

    (result,) = run(cloud, original)

    assert result.outcome is Outcome.COPIED
    assert result.backup_id != first.id
    assert len(set(tokens(cloud))) == 2


def test_the_token_counts_the_copies_that_ended_faulty(cloud: FakeCloud) -> None:
    """The first token that is sent is one that made none of them, however many they are."""
    original = cloud.add_backup()
    for _ in range(4):
        cloud.add_copy(original, lifecycle=Lifecycle.FAULTY)
    cloud.clock.advance(timedelta(days=1))

    run(cloud, original)

    assert tokens(cloud) == [copy_token(original.id, AWAY, 4)]


def test_a_good_copy_stands_above_dead_ones(cloud: FakeCloud) -> None:
    """One good copy is enough, whatever was before it."""
    original = cloud.add_backup()
    cloud.add_copy(original, lifecycle=Lifecycle.FAULTY)
    good = cloud.add_copy(original)

    (result,) = run(cloud, original)

    assert (result.outcome, result.backup_id) == (Outcome.EXISTS, good.id)


def test_the_token_is_of_source_and_destination(cloud: FakeCloud) -> None:
    """Two calls at the same moment send the same, whatever set them off and whichever key they ask for."""
    original, key = cloud.add_backup(), ocid("key", AWAY)

    run(cloud, original, destinationRegion=AWAY, kmsKeyId=key)

    assert tokens(cloud) == [copy_token(original.id, AWAY)]


def test_two_calls_at_the_same_moment_end_with_one_copy(cloud: FakeCloud) -> None:
    """Both have looked, neither has seen the other's copy, and the token makes the two one."""
    original = cloud.add_backup()

    def somebody_else() -> None:
        cloud(HOME).copy(original, {"destinationRegion": AWAY}, copy_token(original.id, AWAY))

    cloud.script("copy", somebody_else)
    (result,) = run(cloud, original)

    (made,) = cloud.copies_in(AWAY)
    assert (result.outcome, result.backup_id) == (Outcome.COPIED, made.id)


@given(st.lists(st.sampled_from([*DEAD, Lifecycle.AVAILABLE, Lifecycle.CREATING]), max_size=4), st.integers(2, 4))
def test_any_number_of_calls_converge_on_one_living_copy(before: list[Lifecycle], calls: int) -> None:
    """Whatever copies there were: none is added where one lives, and one is where none did."""
    cloud = FakeCloud()
    original = cloud.add_backup()
    for lifecycle in before:
        cloud.add_copy(original, lifecycle=lifecycle)
    alive_before = [each for each in before if each not in DEAD]
    cloud.clock.advance(timedelta(days=1))

    for _ in range(calls):
        run(cloud, original)

    alive = [each for each in cloud.copies_in(AWAY) if not each.lifecycle.is_dead]
    assert len(alive) == max(1, len(alive_before))


def test_a_copy_is_made_of_what_the_api_shows_not_of_what_an_event_says(cloud: FakeCloud) -> None:
    """The backup is read first."""
    original = cloud.add_backup()

    run(cloud, original)

    assert (cloud.calls[0].method, cloud.calls[0].region) == ("get", HOME)


# A token that is spent


def test_a_spent_token_makes_it_look_again_and_take_the_next(cloud: FakeCloud) -> None:
    """What the token made has vanished from the list, so that only the API still knows of it."""
    original = cloud.add_backup()
    run(cloud, original)
    (first,) = cloud.copies_in(AWAY)
    del cloud.backups[first.id]

    (result,) = run(cloud, original)

    assert result.outcome is Outcome.COPIED
    assert tokens(cloud)[1:] == [copy_token(original.id, AWAY, attempt) for attempt in (0, 1)]
    looked_or_copied = [call.method for call in cloud.calls if call.method == "copy" or call.region == AWAY]
    assert looked_or_copied[-5:] == ["copy", "list_backups", "list_backups", "copy", "update"]


def test_a_spent_token_whose_copy_shows_up_makes_no_other(cloud: FakeCloud) -> None:
    """Somebody asked for the same copy with another name: theirs is good enough."""
    original = cloud.add_backup()

    def somebody_else() -> None:
        body = {"destinationRegion": AWAY, "displayName": "theirs"}
        cloud(HOME).copy(original, body, copy_token(original.id, AWAY))

    cloud.script("copy", somebody_else)
    (result,) = run(cloud, original)

    (theirs,) = cloud.copies_in(AWAY)
    assert (result.outcome, result.backup_id) == (Outcome.IN_FLIGHT, theirs.id)


@pytest.mark.parametrize("details", [{"displayName": "theirs"}, {"kmsKeyId": ocid("key", AWAY)}])
def test_a_copy_by_another_name_or_key_that_is_not_listed_yet_is_waited_for(
    cloud: FakeCloud, details: dict[str, str]
) -> None:
    """Lists lag behind: a spent token gives the destination time to settle before a copy is made again."""
    cloud.listed_after = timedelta(seconds=5)
    original = cloud.add_backup()
    theirs = cloud(HOME).copy(original, {"destinationRegion": AWAY, **details}, copy_token(original.id, AWAY))

    (result,) = run(cloud, original)

    assert (result.outcome, result.backup_id) == (Outcome.IN_FLIGHT, theirs.id)
    assert len(cloud.copies_in(AWAY)) == 1


def test_without_time_to_settle_it_is_for_a_later_call(cloud: FakeCloud) -> None:
    """A redelivery helps: by then the other copy is listed."""
    cloud.script("copy", SPENT)

    (result,) = run(cloud, cloud.add_backup(), lasts=timedelta(seconds=12))

    assert (result.outcome, result.reason) == (Outcome.DEFERRED, "deadline")
    assert result.message
    assert Report(Trigger.EVENT, [result]).may_pass
    assert cloud.copies_in(AWAY) == []


def test_a_copy_that_was_moved_is_found_by_its_tag(cloud: FakeCloud) -> None:
    """Lists are of one compartment: after a copy or its original was moved, the tag still names it."""
    original = cloud.add_backup()
    elsewhere = cloud.add_copy(original)
    cloud.change(original, freeform_tags={copy_tag(AWAY): elsewhere.id})
    cloud.listed_after = timedelta(days=1)  # so that no list shows it

    (result,) = run(cloud, original)

    assert (result.outcome, result.backup_id) == (Outcome.EXISTS, elsewhere.id)


@pytest.mark.parametrize("named", ["gone", "a copy of another", "../volumes", ""])
def test_a_tag_that_names_no_copy_of_this_backup_is_not_believed(cloud: FakeCloud, named: str) -> None:
    """Anybody may write tags."""
    original = cloud.add_backup()
    tags = {"gone": ocid("volumegroupbackup", AWAY, "gone"), "a copy of another": cloud.add_copy(cloud.add_backup()).id}
    cloud.change(original, freeform_tags={copy_tag(AWAY): tags.get(named, named)})

    (result,) = run(cloud, original)

    assert result.outcome is Outcome.COPIED


@pytest.mark.parametrize(("method", "region"), [("list_backups", FAR), ("copy", HOME)])
def test_a_fault_of_ours_for_one_destination_does_not_hide_the_other(
    cloud: FakeCloud, method: str, region: str
) -> None:
    """What was copied is answered and tagged."""

    def crash() -> None:
        raise RuntimeError("unforeseen")

    cloud.script(method, crash, region=region)
    original = cloud.add_backup()

    results = run(cloud, original, DESTINATION_REGIONS=BOTH)

    assert outcomes(results) == [(AWAY, Outcome.COPIED, None), (FAR, Outcome.FAILED, Reason.INTERNAL_ERROR)]
    assert all(each.may_pass for each in results if each.outcome is Outcome.FAILED)
    assert copy_tag(AWAY) in cloud.backups[original.id].freeform_tags


def test_a_source_that_cannot_be_read_is_said_to_be(cloud: FakeCloud) -> None:
    """It may be gone, or hidden together with a tag that excludes it: the API does not tell which."""
    original = cloud.add_backup(source_id=ocid("volumegroup", HOME, "gone"))

    (result,) = run(cloud, original)

    assert result.outcome is Outcome.COPIED
    assert "backup-copy-destinations" in str(result.message)


def test_tokens_that_are_spent_again_and_again_are_left_to_a_later_call(cloud: FakeCloud) -> None:
    """Each is looked after and waited for, and then the next is tried, for as long as the call lasts."""
    cloud.script("copy", *[SPENT] * 100)

    (result,) = run(cloud, cloud.add_backup())

    assert (result.outcome, result.reason) == (Outcome.DEFERRED, "deadline")
    assert 1 < len(set(tokens(cloud))) == len(tokens(cloud)) < 100
    assert cloud.copies_in(AWAY) == []


def test_a_token_that_answers_with_a_dead_copy_is_followed_by_the_next(cloud: FakeCloud) -> None:
    """The list does not show the copy yet that the token already answers with."""
    original = cloud.add_backup()
    run(cloud, original)
    (first,) = cloud.copies_in(AWAY)
    cloud.change(first, lifecycle=Lifecycle.FAULTY, copied_from=None)

    (result,) = run(cloud, original)

    assert result.outcome is Outcome.COPIED
    assert result.backup_id != first.id
    assert tokens(cloud)[-1] == copy_token(original.id, AWAY, 1)


# What is not copied


@pytest.mark.parametrize("lifecycle", sorted(set(Lifecycle) - {Lifecycle.AVAILABLE}))
def test_an_unfinished_backup_is_not_copied(cloud: FakeCloud, lifecycle: Lifecycle) -> None:
    """The event of its end, or a later call, finds it ready."""
    original = cloud.add_backup(lifecycle=lifecycle)

    assert outcomes(run(cloud, original)) == [(None, Outcome.NOT_READY, lifecycle.lower())]
    assert [call.method for call in cloud.calls] == ["get"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"destinationRegion": AWAY},
        {"destinationRegion": AWAY, "displayName": "n", "kmsKeyId": ocid("key", AWAY)},
        {"dryRun": True},
    ],
)
def test_a_copy_is_never_copied_again(cloud: FakeCloud, fields: dict[str, Any]) -> None:
    """Not even when a payload asks for it by name."""
    original = cloud.add_backup(copied_from=ocid("volumegroupbackup", AWAY))
    region = fields.get("destinationRegion")

    assert outcomes(run(cloud, original, **fields)) == [(region, Outcome.IS_COPY, None)]
    assert [call.method for call in cloud.calls] == ["get"]


def test_a_copy_leaves_the_tags_of_other_backups_alone(cloud: FakeCloud) -> None:
    """Though one names a copy that is gone: that is put right by a sweep, where it is swept."""
    other, original = (cloud.add_backup(Kind.VOLUME) for _ in range(2))
    dead = cloud.add_copy(other, lifecycle=Lifecycle.TERMINATED)
    cloud.change(other, freeform_tags={f"backup-copy-{AWAY}": dead.id})

    run(cloud, original, destinationRegion=AWAY)

    assert [call for call in cloud.made("update") if call.arguments["backup_id"] == other.id] == []
    assert cloud.copies_in(AWAY)[-1].copied_from == original.id


def test_a_member_of_a_groups_backup_is_not_copied_alone(cloud: FakeCloud) -> None:
    """Its own event comes too, but it goes with its group."""
    original = cloud.add_backup(Kind.VOLUME, group_backup_id=ocid("volumegroupbackup"))

    assert outcomes(run(cloud, original)) == [(None, Outcome.EXCLUDED, "group_member")]
    assert cloud.changes == []


def test_a_backup_that_is_gone_is_a_failure(cloud: FakeCloud) -> None:
    """With the API's code and request id; one for each destination that was named."""
    original = cloud.add_backup()
    del cloud.backups[original.id]

    results = run(cloud, original, destinationRegion=[AWAY, FAR], ALLOWED_REGIONS=BOTH)

    assert outcomes(results) == [(each, Outcome.FAILED, "NotAuthorizedOrNotFound") for each in (AWAY, FAR)]
    assert all(each.opc_request_id and not each.may_pass for each in results)


# Where to


def test_a_sources_tag_stands_above_the_configuration(cloud: FakeCloud) -> None:
    """Its owner knows better where it is to be."""
    source = cloud.add_source(tags={"backup-copy-destinations": FAR})
    original = cloud.add_backup(source_id=source.id)

    assert outcomes(run(cloud, original, ALLOWED_REGIONS=BOTH)) == [(FAR, Outcome.COPIED, None)]
    assert cloud.copies_in(AWAY) == []


def test_a_payload_stands_above_the_tag(cloud: FakeCloud) -> None:
    """Somebody asks for this copy now."""
    source = cloud.add_source(tags={"backup-copy-destinations": FAR})
    original = cloud.add_backup(source_id=source.id)

    results = run(cloud, original, destinationRegion=AWAY, ALLOWED_REGIONS=BOTH)

    assert outcomes(results) == [(AWAY, Outcome.COPIED, None)]


def test_a_tag_of_none_excludes_a_source(cloud: FakeCloud) -> None:
    """Its owner wants no copies."""
    source = cloud.add_source(tags={"backup-copy-destinations": "none"})
    original = cloud.add_backup(source_id=source.id)

    assert outcomes(run(cloud, original)) == [(None, Outcome.EXCLUDED, "tag")]
    assert cloud.changes == []


def test_a_tag_that_cannot_be_followed_is_a_failure(cloud: FakeCloud) -> None:
    """Silence would be taken for a copy."""
    source = cloud.add_source(tags={"backup-copy-destinations": FAR})
    original = cloud.add_backup(source_id=source.id)

    (result,) = run(cloud, original)

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, "tag_malformed", False)
    assert result.message
    assert "backup-copy-destinations" in result.message
    assert cloud.changes == []


@pytest.mark.parametrize("source_id", [None, ocid("volumegroup", unique="gone")])
def test_a_source_that_is_gone_has_no_tags(cloud: FakeCloud, source_id: str | None) -> None:
    """Its backups are the more precious: the configuration holds for them."""
    original = cloud.add_backup(source_id=source_id)

    assert outcomes(run(cloud, original)) == [(AWAY, Outcome.COPIED, None)]


@pytest.mark.parametrize("method", ["list_sources", "source"])
def test_a_source_that_cannot_be_read_is_no_reason_to_guess(cloud: FakeCloud, method: str) -> None:
    """It may exclude itself: a fault that may pass is left to the next delivery."""
    source = cloud.add_source(compartment_id="ocid1.compartment.oc1..elsewhere")
    cloud.script(method, passing())

    (result,) = run(cloud, cloud.add_backup(source_id=source.id))

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, "InternalServerError", True)
    assert cloud.changes == []


def test_a_copy_without_a_destination_is_a_failure(cloud: FakeCloud) -> None:
    """Neither payload nor tag nor configuration names one."""
    (result,) = run(cloud, cloud.add_backup(), DESTINATION_REGIONS="")

    assert (result.outcome, result.reason) == (Outcome.FAILED, "no_destination")
    assert result.message
    assert "DESTINATION_REGIONS" in result.message


def test_a_backup_goes_to_each_of_its_destinations(cloud: FakeCloud) -> None:
    """In the order in which they are named, one result for each."""
    results = run(cloud, cloud.add_backup(), DESTINATION_REGIONS=BOTH)

    assert outcomes(results) == [(AWAY, Outcome.COPIED, None), (FAR, Outcome.COPIED, None)]
    assert len(set(tokens(cloud))) == 2


@pytest.mark.parametrize("looking", [True, False], ids=["looking", "copying"])
def test_one_destination_that_fails_does_not_keep_another_from_its_copy(cloud: FakeCloud, *, looking: bool) -> None:
    """The call ends PARTIAL: what was done should not be asked for again."""
    fault = passing("ServiceUnavailable", 503)
    if looking:
        cloud.script("list_backups", fault, region=AWAY)
    else:
        cloud.refusals[AWAY] = fault

    results = run(cloud, cloud.add_backup(), DESTINATION_REGIONS=BOTH)
    report = Report(Trigger.EVENT, results)

    assert outcomes(results) == [(AWAY, Outcome.FAILED, "ServiceUnavailable"), (FAR, Outcome.COPIED, None)]
    assert report.status is Status.PARTIAL
    assert not report.may_pass


@pytest.mark.parametrize(("fault", "may_pass"), [(passing("TooManyRequests", 429), True), (refused(), False)])
def test_a_copy_that_the_api_refuses_is_a_failure_with_its_code(
    cloud: FakeCloud, fault: Any, *, may_pass: bool
) -> None:
    """Whether it may pass decides whether the caller should come again."""
    cloud.script("copy", fault)

    (result,) = run(cloud, cloud.add_backup())

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, fault.code, may_pass)
    assert result.opc_request_id == "request-of-the-fault"


# The same way as a sweep


def test_a_copy_waits_for_that_of_its_predecessor(cloud: FakeCloud) -> None:
    """Also when it was asked for by hand: out of order it would become a full copy."""
    source = cloud.add_source()
    before = cloud.add_backup(source_id=source.id)
    cloud.clock.advance(timedelta(days=1))
    original = cloud.add_backup(source_id=source.id)

    assert outcomes(run(cloud, original, destinationRegion=AWAY)) == [(AWAY, Outcome.DEFERRED, "predecessor")]
    assert cloud.copies_in(AWAY) == []

    cloud.add_copy(before)
    assert outcomes(run(cloud, original, destinationRegion=AWAY)) == [(AWAY, Outcome.COPIED, None)]


def test_a_copy_waits_for_a_place(cloud: FakeCloud) -> None:
    """What is under way from this region is counted, whoever started it."""
    cloud.add_copy(cloud.add_backup(), FAR, lifecycle=Lifecycle.CREATING)
    original = cloud.add_backup()

    results = run(cloud, original, DESTINATION_REGIONS=BOTH, MAX_IN_FLIGHT="1")

    assert sorted(outcomes(results)) == [(region, Outcome.DEFERRED, "limit") for region in sorted([AWAY, FAR])]
    assert Report(Trigger.EVENT, results).status is Status.OK


def test_nothing_but_what_was_asked_for_is_copied(cloud: FakeCloud) -> None:
    """What else is missing is a sweep's work, and no result of this call."""
    cloud.add_backup()
    original = cloud.add_backup()

    results = run(cloud, original)

    assert [each.source_id for each in results] == [original.id]
    assert [each.copied_from for each in cloud.copies_in(AWAY)] == [original.id]


def test_a_copy_that_somebody_names_a_region_for_goes_before_all_others(cloud: FakeCloud) -> None:
    """A person is waiting, and the places are free; what an event asks for keeps to the order of the sweep."""
    for _ in range(2):
        cloud.add_backup()
        cloud.clock.advance(timedelta(hours=1))
    original = cloud.add_backup()

    assert outcomes(run(cloud, original, MAX_IN_FLIGHT="2")) == [(AWAY, Outcome.DEFERRED, "limit")]
    results = run(cloud, original, destinationRegion=AWAY, MAX_IN_FLIGHT="2")
    assert outcomes(results) == [(AWAY, Outcome.COPIED, None)]


def test_a_backup_outside_the_configured_compartments_is_copied_when_asked_for(cloud: FakeCloud) -> None:
    """Its own compartment is looked at too, so that its copy there is found."""
    original = cloud.add_backup(compartment_id="ocid1.compartment.oc1..elsewhere")

    copied = run(cloud, original)
    cloud.change(original, freeform_tags={})
    found = run(cloud, original)

    assert outcomes(copied) == [(AWAY, Outcome.COPIED, None)]
    assert outcomes(found) == [(AWAY, Outcome.IN_FLIGHT, "creating")]


def test_a_copy_that_keeps_ending_faulty_is_left_to_rest(cloud: FakeCloud) -> None:
    """A redelivery cannot help, and each attempt costs."""
    original = cloud.add_backup()
    for _ in range(2):
        cloud.add_copy(original, lifecycle=Lifecycle.FAULTY)

    (result,) = run(cloud, original)

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, Reason.FAULTY, False)
    assert cloud.changes == []


# Keys


def test_a_copy_is_under_the_key_of_its_region(cloud: FakeCloud) -> None:
    """A null is Oracle's own key, on purpose."""
    key = ocid("key", AWAY)
    keys = f'{{"{AWAY}": "{key}", "{FAR}": null}}'

    run(cloud, cloud.add_backup(), DESTINATION_REGIONS=BOTH, KMS_KEY_IDS=keys)

    bodies = [call.arguments["body"] for call in cloud.made("copy")]
    assert {body["destinationRegion"]: body.get("kmsKeyId") for body in bodies} == {AWAY: key, FAR: None}


def test_a_region_without_a_key_gets_no_copy_under_another(cloud: FakeCloud) -> None:
    """Where keys are configured, a copy is never silently under Oracle's own."""
    keys = f'{{"{FAR}": null}}'

    results = run(cloud, cloud.add_backup(), DESTINATION_REGIONS=BOTH, KMS_KEY_IDS=keys)

    assert outcomes(results) == [(AWAY, Outcome.FAILED, "key_missing"), (FAR, Outcome.COPIED, None)]
    assert cloud.copies_in(AWAY) == []


def test_a_payloads_key_stands_above_the_configuration(cloud: FakeCloud) -> None:
    """Also where the configuration has none for this region."""
    key = ocid("key", AWAY, "of-the-payload")

    run(cloud, cloud.add_backup(), destinationRegion=AWAY, kmsKeyId=key, KMS_KEY_IDS="{}")

    assert cloud.made("copy")[0].arguments["body"]["kmsKeyId"] == key


# Time


def test_what_no_time_is_left_for_is_deferred(cloud: FakeCloud) -> None:
    """The first copy took all the time there was: the second is left to a later call, and said to be."""
    cloud.call_takes = timedelta(seconds=2)
    reads = cloud.call_takes * 13  # the backup itself; sources and backups at home, backups in two destinations

    results = run(cloud, cloud.add_backup(), DESTINATION_REGIONS=BOTH, lasts=reads + timedelta(seconds=2 + 1))

    assert sorted(outcomes(results)) == [(FAR, Outcome.COPIED, None), (AWAY, Outcome.DEFERRED, "deadline")]
    assert len(cloud.changes) == 1


# Dry runs


def test_a_dry_run_copies_nothing(cloud: FakeCloud) -> None:
    """It says for each destination what would be done."""
    original = cloud.add_backup()
    there = cloud.add_copy(original, FAR)

    results = run(cloud, original, dryRun=True, DESTINATION_REGIONS=BOTH)

    assert sorted(outcomes(results)) == [(FAR, Outcome.EXISTS, None), (AWAY, Outcome.PLANNED, None)]
    assert {each.backup_id for each in results} == {there.id, None}
    assert cloud.changes == []


# Tags


def test_both_ends_of_a_copy_are_tagged(cloud: FakeCloud) -> None:
    """The original with the OCID of its copy, the copy with where and when its original was made."""
    original = cloud.add_backup(freeform_tags={"team": "payroll"})

    run(cloud, original, DESTINATION_REGIONS=BOTH)

    (away,), (far,) = cloud.copies_in(AWAY), cloud.copies_in(FAR)
    assert cloud.backups[original.id].freeform_tags == {
        "team": "payroll",
        copy_tag(AWAY): away.id,
        copy_tag(FAR): far.id,
    }
    assert away.freeform_tags == {
        "team": "payroll",
        "backup-copy-source-region": HOME,
        "backup-copy-source-time": "2026-11-21T02:00:00.000Z",
    }


def test_a_copy_that_was_there_untagged_is_tagged(cloud: FakeCloud) -> None:
    """The call that made it may have ended before it could."""
    original = cloud.add_backup()
    there = cloud.add_copy(original)

    run(cloud, original)

    assert cloud.backups[original.id].freeform_tags == {copy_tag(AWAY): there.id}
    assert cloud.backups[there.id].freeform_tags["backup-copy-source-region"] == HOME


def test_what_is_tagged_is_not_written_again(cloud: FakeCloud) -> None:
    """A repeated event costs reads only."""
    original = cloud.add_backup()
    run(cloud, original)
    writes = len(cloud.made("update"))

    run(cloud, original)

    assert len(cloud.made("update")) == writes == 2


@pytest.mark.parametrize("fault", [refused(), refused("IncorrectState", 409), passing()])
def test_tags_that_cannot_be_written_never_fail_the_copy(cloud: FakeCloud, fault: Any) -> None:
    """They are there for people: the copy counts."""
    cloud.script("update", fault, fault)
    original = cloud.add_backup()

    assert outcomes(run(cloud, original)) == [(AWAY, Outcome.COPIED, None)]
    assert len(cloud.copies_in(AWAY)) == 1
    assert cloud.backups[original.id].freeform_tags == {}
