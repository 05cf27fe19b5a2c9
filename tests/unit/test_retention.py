"""What is kept of the backups of one source in one place: examples of each kind, and what holds whatever there is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.grammar import Keep
from handlers.core.retention import kept
from tests.strategies import keeps

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

Times = Mapping[str, datetime]

# Few different hours, so that several are of one moment, and a span in which every unit comes to its end.
HOURS = st.integers(-24, 24 * 40) | st.integers(0, 400).map(lambda day: 24 * day) | st.integers(0, 24 * 1500)
TIMES: st.SearchStrategy[Times] = st.lists(HOURS, max_size=25).map(
    lambda hours: {f"b{number}": NOW - hour * HOUR for number, hour in enumerate(hours)}
)
COUNTS = st.integers(1, 6)
KEEPS = keeps(COUNTS).map(Keep.parse)
COUNTED = keeps(COUNTS).filter(lambda text: " " in text and "last" not in text)


def daily(days: int, hour: int = 1) -> Times:
    """One backup each night, by how many days ago it was made."""
    return {str(ago): datetime(2026, 11, 21, hour, tzinfo=UTC) - ago * DAY for ago in range(days)}


def ages(times: Times, keep: str, now: datetime = NOW) -> list[int]:
    """How many days old those are that are kept."""
    return sorted(int(each) for each in kept(times, Keep.parse(keep), now))


# Examples


def test_all_are_kept_where_everything_is() -> None:
    """However old."""
    assert ages(daily(500), "all") == list(range(500))


def test_the_last_few_are_kept_by_number() -> None:
    """However old, and all where there are no more."""
    assert ages(daily(20), "last 3") == [0, 1, 2]
    assert ages(daily(2), "last 3") == [0, 1]


def test_what_is_younger_is_kept_by_age() -> None:
    """To the second; a month is 31 days."""
    times = {"0": NOW, "7": NOW - 7 * DAY, "8": NOW - 7 * DAY - timedelta(seconds=1), "31": NOW - 31 * DAY}

    assert ages(times, "7d") == [0, 7]
    assert ages(times, "1w") == [0, 7]
    assert ages(times, "1m") == [0, 7, 8, 31]


def test_the_last_one_is_kept_however_old_it_is() -> None:
    """A source that is not backed up any more can still be restored."""
    assert ages({"900": NOW - 900 * DAY, "901": NOW - 901 * DAY}, "7d") == [900]


def test_sons_fathers_and_grandfathers_are_the_newest_of_their_day_week_and_month() -> None:
    """Saturday the 21st: three days, the Sundays before, the last days of the months before."""
    assert ages(daily(100), "3d 3w 3m") == [0, 1, 2, 6, 13, 21, 52]


def test_of_one_day_the_newest_is_kept() -> None:
    """Backups of every six hours, of which a day keeps one."""
    times = {str(hour): datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 6, 12, 18)}

    assert ages(times, "5d 1y") == [18]


def test_days_without_a_backup_do_not_count() -> None:
    """The newest of each of the last three days that have any."""
    assert ages({each: time for each, time in daily(40).items() if int(each) % 7 == 0}, "3d 1w") == [0, 7, 14]


def test_weeks_begin_on_monday_and_years_where_those_of_weeks_do() -> None:
    """The first of January 2027, a Friday, is of the week that began on the 28th of December; its year is 2027."""
    times = {
        "27": datetime(2026, 12, 27, tzinfo=UTC),
        "28": datetime(2026, 12, 28, tzinfo=UTC),
        "31": datetime(2026, 12, 31, tzinfo=UTC),
        "1": datetime(2027, 1, 1, tzinfo=UTC),
    }

    assert ages(times, "1d 4w") == [1, 27]
    assert ages(times, "1d 4y") == [1, 31]


def test_days_are_those_of_utc() -> None:
    """Whatever zone the times are told in: an hour past midnight in Tokyo is still the day before."""
    tokyo = timezone(9 * HOUR)
    times = {"1": datetime(2026, 11, 21, 1, tzinfo=tokyo), "2": datetime(2026, 11, 20, 23, tzinfo=tokyo)}

    assert ages(times, "5d 1y") == [1]


@pytest.mark.parametrize("keep", ["all", "last 3", "7d", "3d 2w"])
def test_of_nothing_nothing_is_kept(keep: str) -> None:
    """A place may be empty."""
    assert kept({}, Keep.parse(keep), NOW) == {}


@pytest.mark.parametrize(
    ("keep", "reasons"),
    [
        ("all", {"0": "everything is kept", "1": "everything is kept", "30": "everything is kept"}),
        ("last 2", {"0": "among the last 2", "1": "among the last 2"}),
        ("2d", {"0": "younger than 2d", "1": "younger than 2d"}),
        ("1d 2m", {"0": "the newest", "30": "the newest of its month"}),
    ],
)
def test_each_is_kept_for_a_reason(keep: str, reasons: Mapping[str, str]) -> None:
    """Which people are told."""
    times = {"0": NOW, "1": NOW - DAY, "30": NOW - 30 * DAY}

    assert kept(times, Keep.parse(keep), NOW) == reasons


# What holds whatever there is


@given(TIMES, KEEPS)
def test_the_newest_is_always_kept(times: Times, keep: Keep) -> None:
    """Of several of one moment one is."""
    found = kept(times, keep, NOW)

    assert not times or max(times.values()) in {times[each] for each in found}
    assert found.keys() <= times.keys()
    assert all(found.values())


@given(TIMES, KEEPS)
def test_what_is_kept_is_kept_again(times: Times, keep: Keep) -> None:
    """Once the others are gone, nothing more goes."""
    found = kept(times, keep, NOW)

    assert kept({each: times[each] for each in found}, keep, NOW).keys() == found.keys()


@given(TIMES, KEEPS, st.sets(st.integers(0, 24)))
def test_what_is_not_kept_is_not_kept_either_among_more(times: Times, keep: Keep, left_out: set[int]) -> None:
    """What was deleted because of those that were seen is not missed when others turn up."""
    fewer = {each: time for each, time in times.items() if int(each[1:]) not in left_out}

    assert not (fewer.keys() - kept(fewer, keep, NOW).keys()) & kept(times, keep, NOW).keys()


@given(TIMES, KEEPS, st.integers(0, 24 * 500))
def test_what_is_not_kept_is_not_kept_later(times: Times, keep: Keep, hours: int) -> None:
    """What was deleted is never missed."""
    assert kept(times, keep, NOW + hours * HOUR).keys() <= kept(times, keep, NOW).keys()


@given(TIMES, KEEPS)
def test_the_order_in_which_they_were_listed_does_not_matter(times: Times, keep: Keep) -> None:
    """Two calls keep the same, also of those of one moment."""
    assert kept(dict(reversed(list(times.items()))), keep, NOW) == kept(times, keep, NOW)


@given(TIMES, COUNTS)
def test_a_number_keeps_exactly_so_many(times: Times, count: int) -> None:
    """Or all, where there are no more; and none is older than one that is not kept."""
    found = kept(times, Keep.parse(f"last {count}"), NOW)

    assert len(found) == min(count, len(times))
    left = [times[each] for each in times.keys() - found.keys()]
    assert not left or max(left) <= min(times[each] for each in found)


@given(TIMES, COUNTED)
def test_counts_keep_what_a_calendar_says(times: Times, counts: str) -> None:
    """Against a model that walks back from unit to unit: the newest in each that has any, as often as it is counted."""
    periods = {"d": "%Y %j", "w": "%G %V", "m": "%Y %m", "y": "%Y"}
    expected = {newest(times)} if times else set()
    for count in counts.split():
        left = dict(times)
        for _ in range(int(count[:-1])):
            if left:
                son = newest(left)
                expected.add(son)
                period = f"{left[son]:{periods[count[-1]]}}"
                left = {each: time for each, time in left.items() if f"{time:{periods[count[-1]]}}" != period}

    assert kept(times, Keep.parse(counts), NOW).keys() == expected


def newest(times: Times) -> str:
    return max(times, key=lambda each: (times[each], each))
