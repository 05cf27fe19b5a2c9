"""The grammar of policies: what a text means, where it stops being one, and when intervals begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.core.grammar import MAX_TEXT, Every, GrammarError, Keep
from tests.strategies import EVERIES, MARK, keeps

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SATURDAY = datetime(2026, 11, 21, 14, 35, 12, 345, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given one
NEARLY = st.text("0179dwmyhalst ,-D\u0661\u00e9", max_size=12)
"""What comes close to the grammar: its own characters in any order, and digits and letters of others."""


def error_of(kind: type[Every | Keep], text: str) -> GrammarError | None:
    """Where and why a text is refused; `None` when it is understood."""
    try:
        kind.parse(text)
    except GrammarError as error:
        return error
    return None


# What a text means


@pytest.mark.parametrize(
    ("text", "interval"),
    [("6h", 6 * HOUR), ("1d", DAY), ("2w", 14 * DAY), ("24h", DAY), ("007d", 7 * DAY), (" 1d\n", DAY)],
)
def test_an_interval_is_a_number_and_a_unit(text: str, interval: timedelta) -> None:
    """Hours, days or weeks; spaces around it do not count."""
    assert Every.parse(text).interval == interval


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", Keep()),
        ("last 10", Keep(last=10, text="last 10")),
        ("30d", Keep(younger=30 * DAY, text="30d")),
        ("2w", Keep(younger=14 * DAY, text="2w")),
        ("1m", Keep(younger=31 * DAY, text="1m")),
        ("1y", Keep(younger=366 * DAY, text="1y")),
        ("7d 4w 12m 3y", Keep(counts=(("d", 7), ("w", 4), ("m", 12), ("y", 3)), text="7d 4w 12m 3y")),
        ("3y  7d", Keep(counts=(("d", 7), ("y", 3)), text="7d 3y")),
        (" last\t10 ", Keep(last=10, text="last 10")),
    ],
)
def test_what_is_kept_is_all_a_number_an_age_or_a_number_of_each_unit(text: str, expected: Keep) -> None:
    """One count alone is an age; several are grandfather, father and son, in whatever order they stand."""
    assert Keep.parse(text) == expected
    assert Keep.parse(text).is_everything is (text == "all")


@given(EVERIES)
def test_an_interval_reads_as_it_is_written(text: str) -> None:
    """So that what is shown may be used as configuration again."""
    assert Every.parse(str(Every.parse(text))) == Every.parse(text)


@given(keeps())
def test_a_retention_reads_as_it_is_written(text: str) -> None:
    """So that what is shown may be used as configuration again; the order of units does not matter."""
    assert Keep.parse(str(Keep.parse(text))) == Keep.parse(text)
    assert set(str(Keep.parse(text)).split()) == set(text.split())


# Where a text stops being one


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("   ", 4),
        ("d", 1),
        ("0h", 1),
        ("-6h", 1),
        ("6", 2),
        ("6 h", 2),
        ("6H", 2),
        ("6m", 2),
        ("6.5h", 2),
        ("12345h", 5),
        ("6hh", 3),
        ("6h 1d", 4),
        ("6h, 1d", 3),
        ("every 6h", 1),
        ("last 6", 1),
        ("\u0661h", 1),
    ],
)
def test_an_interval_is_refused_at_the_character(text: str, position: int) -> None:
    """At the first that cannot be right; what is missing is missing after the last."""
    error = error_of(Every, text)

    assert error is not None
    assert error.position == position
    assert str(error).startswith(f"at character {position}: expected ")


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("forever", 1),
        ("All", 1),
        ("alles", 4),
        ("all 7d", 5),
        ("last", 5),
        ("last ", 6),
        ("last ten", 6),
        ("last 0", 6),
        ("last10", 5),
        ("last 10d", 8),
        ("last 10 7d", 9),
        ("30", 3),
        ("30h", 3),
        ("0d", 1),
        ("7d 4w all", 7),
        ("7d4w", 3),
        ("7d,4w", 3),
        ("7d 4", 5),
        ("7d  0w", 5),
        ("7d 4w 7d", 8),
        ("7d 12345w", 8),
    ],
)
def test_a_retention_is_refused_at_the_character(text: str, position: int) -> None:
    """At the first that cannot be right; what is missing is missing after the last."""
    error = error_of(Keep, text)

    assert error is not None
    assert error.position == position
    assert str(error).startswith(f"at character {position}: ")


def begins(kind: type[Every | Keep], text: str) -> bool:
    """Whether something of the grammar begins so."""
    units = {Every: ["h"], Keep: ["d", "w", "m", "y"]}[kind]
    endings = ["", "all", "ll", "l", "last 1", "ast 1", "st 1", "t 1", " 1", "1", *units]
    endings += [f"{space}1{unit}" for unit in units for space in ("", " ")]
    return any(error_of(kind, text + ending) is None for ending in endings)


@given(st.sampled_from([Every, Keep]), NEARLY)
@example(Keep, "7d 4w 7d")
@example(Keep, "last 10d")
def test_the_character_is_the_first_that_cannot_be_right(kind: type[Every | Keep], text: str) -> None:
    """What stands before it may begin a good text, what ends with it may not; of a word or a zero it is the first."""
    error = error_of(kind, text)
    if error is None:
        return

    before, culprit = text[: error.position - 1], text[error.position - 1 :]
    assert 1 <= error.position <= len(text) + 1
    assert begins(kind, before)
    assert not culprit or culprit[0] in "al0" or not begins(kind, before + culprit[0])


@given(st.sampled_from([Every, Keep]), st.text() | NEARLY | st.text(st.characters(categories=["Cs", "Zs", "Cc", "Nd"])))
def test_any_text_is_understood_or_refused_at_a_character_of_it(kind: type[Every | Keep], text: str) -> None:
    """There is no third way, whatever script it is in."""
    error = error_of(kind, text)

    assert error is None or 1 <= error.position <= len(text) + 1


@given(st.sampled_from([Every, Keep]), st.sampled_from(["", "7d ", "last ", "6h", "all"]), st.sampled_from(["", " 1d"]))
def test_a_refusal_does_not_repeat_the_text(kind: type[Every | Keep], before: str, after: str) -> None:
    """It may be a secret in the wrong place."""
    error = error_of(kind, f"{before}{MARK}{after}")

    assert error is not None
    assert MARK not in str(error)
    assert not any(part in str(error) for part in MARK.split("-") if part not in {"not", "this"})


@pytest.mark.parametrize("kind", [Every, Keep])
def test_a_text_beyond_all_sense_is_not_read(kind: type[Every | Keep]) -> None:
    """A good one has at most a few dozen characters."""
    error = error_of(kind, "1d".ljust(MAX_TEXT) + "\n")

    assert error_of(kind, "1d".ljust(MAX_TEXT)) is None
    assert error is not None
    assert error.position == MAX_TEXT + 1


# When intervals begin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", datetime(2026, 11, 21, 14, tzinfo=UTC)),
        ("6h", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("1d", datetime(2026, 11, 21, tzinfo=UTC)),
        ("24h", datetime(2026, 11, 21, tzinfo=UTC)),
        ("1w", datetime(2026, 11, 16, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 16, tzinfo=UTC)),
    ],
)
def test_intervals_begin_where_those_of_a_calendar_do(text: str, expected: datetime) -> None:
    """Days at midnight of UTC, weeks on Monday, so that everybody knows when the next backup is due."""
    assert Every.parse(text).slot(SATURDAY) == expected


def test_six_hours_begin_four_times_a_day() -> None:
    """At 00, 06, 12 and 18."""
    midnight = datetime(2026, 11, 21, tzinfo=UTC)

    assert {Every.parse("6h").slot(midnight + hour * HOUR).hour for hour in range(24)} == {0, 6, 12, 18}


@given(EVERIES, MOMENTS)
def test_a_moment_is_in_its_interval(text: str, now: datetime) -> None:
    """It is not before its beginning, and before its end."""
    every = Every.parse(text)

    assert every.slot(now) <= now < every.slot(now) + every.interval


@given(EVERIES, MOMENTS, st.floats(0, 1), st.integers(-14, 14))
def test_all_moments_of_an_interval_have_one_beginning(text: str, now: datetime, share: float, offset: int) -> None:
    """From the first to the last, in whatever zone they are told."""
    every = Every.parse(text)
    slot = every.slot(now)
    into = min(every.interval * share, every.interval - timedelta.resolution)
    other = (slot + into).astimezone(timezone(offset * HOUR))

    assert every.slot(other) == every.slot(slot) == slot
    assert every.slot(slot + every.interval) == slot + every.interval
