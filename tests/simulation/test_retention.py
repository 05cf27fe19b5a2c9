"""What the simulation holds the function against: its own words for intervals, retention and policies, by example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.simulation.policy import KEEPS, MALFORMED, TIER, Policy, Terms
from tests.simulation.retention import ALL, Keep, kept, read_every, read_keep, slot_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NIGHTLY = {f"{days} days": NOW - timedelta(days=days) for days in range(10)}


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("all", ALL),
        ("last 3", Keep(last=3)),
        ("1d", Keep(days=1)),
        ("2m", Keep(days=62)),
        ("7d 4w", Keep(counts=(("d", 7), ("w", 4)))),
    ],
)
def test_a_retention_is_read_as_documented(text: str, keep: Keep) -> None:
    """All, a number, an age, or grandfather, father and son."""
    assert read_keep(text) == keep


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_malformed_is_no_retention(text: str) -> None:
    """The stories give such tags to sources."""
    assert read_keep(text) is None


@pytest.mark.parametrize("text", KEEPS)
def test_what_stories_configure_is_a_retention(text: str) -> None:
    """Or nothing would be kept by it."""
    assert read_keep(text) is not None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("all", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("last 2", [0, 1]),
        ("3d", [0, 1, 2, 3]),
        # The 21st is a Saturday: the newest of the weeks are those of today, of Sunday the 15th, and of ten days ago.
        ("2d 2w", [0, 1, 6]),
        ("1d 1w 1m", [0]),
    ],
)
def test_it_keeps_what_it_says(text: str, days: list[int]) -> None:
    """Of one backup a night; counted from the newest."""
    keep = read_keep(text)
    assert keep is not None
    assert kept(NIGHTLY, keep, NOW) == {f"{each} days" for each in days}


def test_the_newest_is_kept_however_old_it_is() -> None:
    """Even when nobody has made a backup for years."""
    old = {"old": NOW - timedelta(days=3000), "older": NOW - timedelta(days=3001)}
    assert kept(old, Keep(days=1), NOW) == {"old"}


@pytest.mark.parametrize(
    ("hours", "begins"), [(1, datetime(2026, 11, 21, 9, tzinfo=UTC)), (6, datetime(2026, 11, 21, 6, tzinfo=UTC))]
)
def test_intervals_begin_at_midnight(hours: int, begins: datetime) -> None:
    """In UTC, wherever the function runs."""
    assert slot_of(NOW + timedelta(minutes=59), hours) == begins


@pytest.mark.parametrize(("text", "hours"), [("6h", 6), ("1d", 24), ("0h", None), ("6", None), ("often", None)])
def test_an_interval_is_read_as_documented(text: str, hours: int | None) -> None:
    """A number and a unit."""
    assert read_every(text) == hours


def test_a_tag_stands_above_a_rule_and_that_above_all_others() -> None:
    """Each says only what it names."""
    rule = Terms({"tags": TIER}, keep="last 5", destinations=["a"])
    policy = Policy(Terms(every="6h", keep="last 2", destinations=["a", "b"], keeps={"b": "1d"}), rule)
    assert policy.keep("Volume", {}, "a") == Keep(last=2)
    assert policy.keep("Volume", {}, "b") == Keep(days=1)
    assert policy.keep("Volume", TIER, "b") == Keep(last=5)
    assert policy.keep("Volume", {**TIER, "backup-copy-keep": "all"}, "b") == ALL
    assert policy.keep("Volume", {"backup-copy-keep": "soon"}, "b") is None
    assert policy.every("Volume", TIER) == 6
    assert policy.every("Volume", {"backup-copy-every": "none"}, "1h") is None
    assert policy.destinations("Volume", TIER) == ["a"]
