"""When a recovery point was too old: what copies that are left can tell, and what they cannot."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.core.grammar import Keep
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import Recovery
from handlers.pages.gaps import Gap, gaps_of
from tests.unit.report_pages import DAY, HOUR, NOW, copy, fleet, in_breach, in_time, recovery


def gaps(found: Recovery, keep: str = "all", days: int = 30) -> list[tuple[timedelta, timedelta, bool]]:
    """How long ago each began and ended, and whether it lasts."""
    report = fleet(found, days=days, keeps={(found.source.id, found.region): Keep.parse(keep)})
    return [(NOW - each.start, NOW - each.end, each.lasts) for each in gaps_of(found, report)]


def test_a_breach_is_a_gap_that_lasts() -> None:
    """From when the recovery point became older than the target, until now."""
    assert gaps(in_breach()) == [(DAY, timedelta(), True)]


def test_where_copies_follow_each_other_in_time_there_is_no_gap() -> None:
    """Each is there before the one before it is too old."""
    assert gaps(recovery("payroll", *(copy(hours * HOUR) for hours in range(2, 300, 6)))) == []


def test_a_backup_that_was_not_made_is_a_gap() -> None:
    """It ends when the next copy was begun, not when that one's backup was made."""
    found = recovery("payroll", copy(60 * HOUR), copy(8 * HOUR, late=3 * HOUR))

    assert gaps(found) == [(48 * HOUR, 5 * HOUR, False)]


def test_copies_that_came_late_are_a_gap() -> None:
    """Though there is one of each backup now: the destination was out of reach for two days."""
    ages = [54 * HOUR, 48 * HOUR, 42 * HOUR, 36 * HOUR, 30 * HOUR, 24 * HOUR]
    late = [copy(age, late=age - 6 * HOUR) for age in ages[1:]]
    found = recovery("payroll", copy(ages[0]), *late, copy(3 * HOUR))

    assert gaps(found) == [(42 * HOUR, 2 * HOUR, False)]


def test_a_breach_goes_on_where_only_old_backups_were_copied() -> None:
    """One gap follows the other: no moment is in two of them."""
    found = recovery("payroll", copy(60 * HOUR), copy(30 * HOUR, late=24 * HOUR))

    assert gaps(found) == [(48 * HOUR, 18 * HOUR, False), (18 * HOUR, timedelta(), True)]


def test_before_the_first_copy_there_is_no_gap() -> None:
    """A destination that was added today has copies of old backups, and nobody wanted them before."""
    assert gaps(recovery("payroll", *(copy(age * DAY, late=age * DAY - HOUR) for age in (1, 5, 20)))) == [
        (12 * HOUR, timedelta(), True)
    ]


def test_an_older_backup_ends_no_gap() -> None:
    """A copy of it does not make the recovery point any younger."""
    found = recovery("payroll", copy(5 * DAY), copy(6 * DAY, late=4 * DAY), copy(2 * HOUR, late=HOUR))

    assert gaps(found) == [(5 * DAY - 12 * HOUR, HOUR, False)]


@pytest.mark.parametrize("state", [Lifecycle.FAULTY, Lifecycle.CREATING])
def test_only_available_copies_end_a_gap(state: Lifecycle) -> None:
    """Nothing can be restored from others."""
    found = recovery("payroll", copy(60 * HOUR), copy(30 * HOUR, state), copy(2 * HOUR))

    assert gaps(found) == [(48 * HOUR, HOUR, False)]


def test_gaps_are_cut_where_the_page_begins() -> None:
    """And those before it are not told of."""
    found = recovery("payroll", copy(20 * DAY), copy(15 * DAY), copy(2 * HOUR))

    assert gaps(found, days=10) == [(10 * DAY, HOUR, False)]


@pytest.mark.parametrize("facts", [{"belongs": False}, {"is_known": False}, {"target": None}])
def test_without_something_to_measure_by_there_are_no_gaps(facts: dict[str, Any]) -> None:
    """A stray, a destination in the dark, a source without a target."""
    assert gaps(in_breach(**facts)) == []


def test_what_retention_took_is_no_gap() -> None:
    """Of the days before the last seven only Sundays are left: copies of the others may well have been there."""
    daily = [copy(age * DAY + 2 * HOUR) for age in range(7)]
    weekly = [copy(age * DAY + 2 * HOUR) for age in (13, 20, 27)]
    found = recovery("payroll", *daily, *weekly, target=30 * HOUR)

    assert gaps(found, "7d 4w") == []
    assert len(gaps(found)) == 3


def test_a_day_without_any_copy_is_a_gap_also_where_retention_thins() -> None:
    """It would have left one of that day; of the day after it may have taken those before the one that is left."""
    found = recovery("payroll", *(copy(age * DAY + 2 * HOUR) for age in (0, 3, 4, 5, 6)), target=30 * HOUR)
    midnight = NOW.replace(hour=0, minute=0)

    assert gaps(found, "7d 4w") == [(3 * DAY + 2 * HOUR - 30 * HOUR, NOW - midnight, False)]


@pytest.mark.parametrize("keep", ["last 20", "90d"])
def test_retention_that_takes_the_oldest_explains_no_gap(keep: str) -> None:
    """What is between those that are left was not taken."""
    found = recovery("payroll", copy(10 * DAY), copy(2 * HOUR))

    assert gaps(found, keep) == gaps(found) == [(10 * DAY - 12 * HOUR, HOUR, False)]


def test_a_gap_knows_its_length() -> None:
    """From its beginning to its end."""
    assert Gap(NOW - DAY, NOW - HOUR).length == 23 * HOUR


def test_what_is_in_time_has_no_gap() -> None:
    """Not even a short one."""
    assert gaps(in_time()) == []
