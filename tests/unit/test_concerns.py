"""What needs a person, and what to do about it; and what does not."""

from datetime import timedelta

import pytest

from handlers.core.concerns import MANY, OTHERWISE, REMEDIES, Concern, Concerns, concerns_of
from handlers.core.errors import ApiFault
from handlers.core.findings import Findings
from handlers.core.model import Lifecycle
from handlers.core.prune import UNREAD
from handlers.core.recovery_point import Recovery
from handlers.core.report import Outcome, Reason, Result, failure
from tests.fakes import AWAY, FAR, passing, refused
from tests.unit.recoveries import a_copy, a_recovery, a_source, in_breach
from tests.unit.scene import HOUR, NOW


def of(*recoveries: Recovery, is_of_all: bool = True) -> Concerns:
    return concerns_of("Sweep", Findings([], recoveries, is_of_all=is_of_all))


def of_results(*results: Result, operation: str = "Sweep") -> list[Concern]:
    """What needs a person by these results alone."""
    return list(concerns_of(operation, Findings(results, is_of_all=True)).standing)


def keys(concerns: object) -> list[str]:
    assert isinstance(concerns, list | tuple)
    return [each.key for each in concerns]


# Breaches


def test_a_breach_says_how_old_the_point_is_and_how_old_it_may_be() -> None:
    """With the source by name and OCID, and the region."""
    source = a_source("payroll")

    (concern,) = of(in_breach(source=source)).standing

    assert (
        concern.text == f"the recovery point of payroll ({source.id}) in {AWAY} is 3 d 0 h old; the target is 2 d 0 h"
    )
    assert concern.remedy


def test_each_source_and_destination_is_a_concern_of_its_own() -> None:
    """Known by the same key as long as it lasts, whatever its age."""
    source = a_source()
    young, old, far = (
        in_breach(source=source),
        a_recovery(a_copy(720), source=source),
        in_breach(source=source, region=FAR),
    )

    assert keys(of(young).standing) == keys(of(old).standing) != keys(of(far).standing)
    assert len(of(young, far, in_breach()).standing) == 3


@pytest.mark.parametrize(
    ("recovery", "words"),
    [
        (a_recovery(waits_since=NOW - 99 * HOUR), "no backup of it is to be seen"),
        (a_recovery(waits_since=NOW - 99 * HOUR, newest_backup=NOW), "a copy is missing"),
        (in_breach(newest_backup=NOW), "a copy is missing"),
        (in_breach(), "its last backup is copied, but old"),
        (in_breach(knows_backups=False, newest_backup=None), "its backups could not be listed"),
    ],
    ids=["no backup", "never copied", "behind", "no new backup", "backups not read"],
)
def test_the_remedy_begins_where_the_cause_is(recovery: Recovery, words: str) -> None:
    """Backups that are not made, or copies that are not."""
    (concern,) = of(recovery).standing

    assert concern.remedy.startswith(words)


@pytest.mark.parametrize(
    ("recovery", "words"),
    [
        (a_recovery(a_copy(5)), "is in time again: its recovery point in us-phoenix-1 is 5 h 0 min old"),
        (a_recovery(), "the first copy of it in us-phoenix-1 is not late yet"),
        (a_recovery(a_copy(999), target=None), "nothing is due of"),
        (a_recovery(a_copy(999), belongs=False), "nothing is due of"),
    ],
    ids=["copied", "begun anew", "source gone", "stray"],
)
def test_what_is_over_says_why(recovery: Recovery, words: str) -> None:
    """It is not in time where nothing is due any more."""
    over = [each for each in of(recovery).fine if each.key.startswith("breach ")]

    assert len(over) == 1
    assert words in over[0].text
    assert "unknown" not in over[0].text


@pytest.mark.parametrize("facts", [{"is_known": False}, {"is_unsure": True}], ids=["unread", "unsure"])
def test_what_is_not_known_is_not_over(facts: dict[str, bool]) -> None:
    """Else a region that is silent for an hour would end every breach, and begin them again."""
    found = of(a_recovery(a_copy(1), **facts))

    assert not [each for each in found.fine if each.key.startswith("breach ")]
    assert found.standing == []


def test_what_is_told_of_a_source_in_the_dark_says_so() -> None:
    """It may be gone, or have another target."""
    (concern,) = of(in_breach(is_unsure=True)).standing

    assert "old as far as is known, since the source region cannot be read; the target" in concern.text
    assert concern.remedy.startswith("see whether the source region is up")


# Copies and backups


def test_a_faulty_copy_is_a_concern_of_its_own() -> None:
    """And so is a backup."""
    copies = [a_copy(1, Lifecycle.FAULTY), a_copy(2, Lifecycle.FAULTY)]

    found = of(a_recovery(a_copy(3), *copies, faulty_backups=("ocid1.volumebackup.oc1.iad.bad",))).standing

    assert len({each.key for each in found}) == 3
    assert [each.id for each in copies if any(each.id in concern.text for concern in found)] == [
        each.id for each in copies
    ]
    assert all("FAULTY" in each.text and each.remedy for each in found)


@pytest.mark.parametrize(
    ("lifecycle", "words"),
    [(Lifecycle.AVAILABLE, "another copy of the same backup is there"), (Lifecycle.CREATING, "it is made again")],
)
def test_of_a_faulty_copy_it_is_told_whether_it_was_replaced(lifecycle: Lifecycle, words: str) -> None:
    """Nobody waits for what is there already."""
    found = of(a_recovery(a_copy(1, Lifecycle.FAULTY), a_copy(1, lifecycle)))

    assert [each.remedy.startswith(words) for each in found.standing] == [True]


def test_of_a_faulty_copy_whose_backup_is_gone_no_other_is_promised() -> None:
    """Nor where no copies are wanted any more."""
    orphan, stray = (
        a_recovery(a_copy(1, Lifecycle.FAULTY, is_orphan=True)),
        a_recovery(a_copy(1, Lifecycle.FAULTY), belongs=False),
    )

    assert all("cannot be made again" in each.remedy for each in of(orphan, stray).standing)


@pytest.mark.parametrize(("hours", "count"), [(23, 0), (25, 1)])
def test_a_copy_that_does_not_arrive_is_told_after_a_day(hours: float, count: int) -> None:
    """Large ones take hours."""
    copy = a_copy(30, Lifecycle.CREATING, began=NOW - HOUR * hours)

    found = of(a_recovery(a_copy(31), copy)).standing

    assert [copy.id in each.text and "under way for 1 d 1 h" in each.text for each in found] == [True] * count


# Many at once


@pytest.mark.parametrize(("count", "told"), [(MANY, MANY), (MANY + 1, 1)])
def test_many_alike_in_a_region_are_one(count: int, told: int) -> None:
    """They have one cause: a region that is dark, or a permission."""
    found = of(*(in_breach() for _ in range(count))).standing

    assert len({each.text for each in found}) == told


def test_that_many_have_become_twice_as_many_is_a_concern_of_its_own() -> None:
    """And that they are fewer is none; each has all keys of those before it."""
    twenty, forty, thirty = (set(keys(of(*(in_breach() for _ in range(count))).standing)) for count in (21, 40, 30))

    assert len(forty - twenty) == 1
    assert thirty == twenty < forty


def test_many_say_their_number_and_their_first() -> None:
    """Of each kind and region by itself."""
    recoveries = [in_breach() for _ in range(30)] + [in_breach(region=FAR) for _ in range(2)]

    found = of(*recoveries).standing

    assert {each.text for each in found[:-2]} == {f"30 times in {AWAY}: the recovery point is older than its target"}
    assert recoveries[0].source.id in found[0].remedy
    assert all(FAR in each.text for each in found[-2:])


def test_that_there_are_many_is_over_where_all_was_read() -> None:
    """Not where a compartment was looked at alone, nor where the region was partly silent."""
    many = keys(of(*(in_breach() for _ in range(30))).standing)
    few = [in_breach() for _ in range(5)]

    assert set(many) <= set(keys(of(*few).fine))
    assert not set(many) & set(keys(of(*few, is_of_all=False).fine))
    assert not set(many) & set(keys(of(*few, a_recovery(is_known=False)).fine))


def test_that_there_are_many_is_not_over_while_some_cannot_be_judged() -> None:
    """They may be among the many still: a list that fails once is no good news."""
    many = keys(of(*(in_breach() for _ in range(30))).standing)
    unsure = [a_recovery(target=None, is_unsure=True) for _ in range(30)]

    assert not set(many) & set(keys(of(*unsure).fine))
    assert set(many) <= set(keys(of(*unsure[:5]).fine))


# Failures


@pytest.mark.parametrize(
    "fault",
    [
        passing("TooManyRequests", 429),
        passing("Timeout", 0),
        passing("ServiceUnavailable", 503),
        passing("NotAuthenticated", 401),
    ],
    ids=lambda each: each.code,
)
def test_what_passes_by_itself_needs_nobody_for_hours(fault: ApiFault) -> None:
    """The next call finds it gone, or else somebody has to see to it."""
    (concern,) = of_results(failure("Sweep", "a", fault, AWAY))

    assert concern.patience == timedelta(hours=6)
    assert concern.text.startswith(f"Sweep failed in {AWAY} for more than 6 h 0 min: {fault.code}.")


def test_what_does_not_pass_has_one_key_whatever_its_code() -> None:
    """A region in trouble answers with one code now and with another then; only calls that look at all can tell."""
    codes = [passing("Timeout", 0), passing("ServiceUnavailable", 503)]

    (one,), (other,) = (of_results(failure("Sweep", "a", each, AWAY)) for each in codes)
    restricted = Findings([failure("Sweep", "a", codes[0], AWAY)], is_of_all=False)

    assert one.key == other.key
    assert concerns_of("Sweep", restricted).standing == []


def test_failures_alike_are_one_with_their_number() -> None:
    """A missing permission fails for every backup; the request ID stays in the log."""
    results = [failure("Sweep", f"ocid{number}", refused(), AWAY) for number in range(3)]

    concern, other = of_results(*results, failure("Sweep", "x", passing(), AWAY))

    assert (concern.patience, other.patience) == (timedelta(), timedelta(hours=6))
    assert concern.text == f"Sweep failed in {AWAY}: NotAuthorizedOrNotFound, 3 of its results. no. First: ocid0."
    assert concern.remedy == REMEDIES["NotAuthorizedOrNotFound"]


def test_failures_differ_by_operation_reason_and_region() -> None:
    """Each has a cause of its own."""
    results = [
        failure("Sweep", "a", refused(), AWAY),
        failure("Sweep", "a", refused(), FAR),
        failure("Sweep", "a", refused("QuotaExceeded", 400), AWAY),
        failure("Sweep", "a", refused()),
    ]

    found = of_results(*results) + of_results(failure("PruneCopies", "a", refused(), AWAY), operation="PruneCopies")

    assert len({each.key for each in found}) == 5
    assert "in the source region" in found[3].text


@pytest.mark.parametrize("reason", [Reason.HELD, Reason.KEY_MISSING, Reason.TAG_MALFORMED, "SomethingNew"])
def test_every_failure_has_a_remedy(reason: str) -> None:
    """Also one that nobody has thought of."""
    (concern,) = of_results(Result("PruneCopies", Outcome.FAILED, reason=reason, source_id="a"))

    assert concern.remedy == REMEDIES.get(reason, OTHERWISE)


def test_what_is_held_because_a_list_was_silent_needs_nobody() -> None:
    """The list is told of by itself; what is held because it is too much is told, whatever else there is."""
    waits, held = (
        Result("PruneCopies", Outcome.FAILED, Reason.HELD, message, source_id="a", destination_region=AWAY)
        for message in (UNREAD, "51 are to be deleted, more than MAX_DELETES (50)")
    )

    for other in (failure("PruneCopies", "b", passing(), AWAY), failure("PruneCopies", "b", refused(), AWAY)):
        assert [each.key for each in of_results(waits, other)] == [each.key for each in of_results(other)]
        assert any("more than MAX_DELETES" in each.text for each in of_results(held, other))


# What others have written


@pytest.mark.parametrize("name", ["a\nb", "a\r\n\r\nBcc: all", "\u202eevil", "x" * 255, "\x1b[31m", "\x00", "\u2028"])
def test_a_name_can_neither_break_a_line_nor_fill_the_page(name: str) -> None:
    """Names are up to whoever makes a volume."""
    source = a_source(name)

    (concern,) = of(in_breach(source=source)).standing

    assert concern.text.isprintable()
    assert concern.remedy.isprintable()
    assert len(concern.text) < 300
    assert source.id in concern.text


def test_a_message_of_the_api_can_do_neither() -> None:
    """Nor what it quotes."""
    message = "first\nsecond\x07" + "x" * 5000

    (concern,) = of_results(Result("Sweep", Outcome.FAILED, reason="Odd", message=message, source_id="a"))

    assert concern.text.isprintable()
    assert len(concern.text) < 500
