"""A few short seeds are as they should be, and where a safeguard is taken out that is noticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers import prune, tell
from handlers.core import prune as fates
from handlers.core.fate import Fate
from handlers.core.recovery_point import Recovery
from tests.quarter.run import run
from tests.quarter.setting import Size
from tests.quarter.terms import kept

SHORT = Size(days=21, sources=12)
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def found(seed: int) -> str:
    """What was against the rules in a short seed, in one text."""
    return "\n".join(run(seed, SHORT).violations.get(seed, ()))


@pytest.mark.parametrize("seed", range(3))
def test_a_short_quarter_is_as_it_should_be(seed: int) -> None:
    """Nothing is against the rules, and there was something to see."""
    outcome = run(seed, SHORT)
    assert not outcome.violations
    assert all(outcome.figures[each] for each in ("backups", "copies", "deletions", "messages"))


def test_a_fleet_of_more_than_an_answer_lists_is_as_it_should_be() -> None:
    """What is in its place is counted then, and not listed."""
    assert not run(0, Size(days=21, sources=60)).violations


def test_a_seed_is_always_the_same_story() -> None:
    """So that one that fails can be looked at again."""
    assert run(1, SHORT).figures == run(1, SHORT).figures


@pytest.mark.parametrize(
    ("keep", "days"),
    [
        ("last 2", {0, 1}),
        ("3d", {0, 1, 2, 3}),
        ("2d 2w", {0, 1, 6}),
        ("1d 1w 3m", {0, 21, 52}),
        ("all", set(range(60))),
        (None, set(range(60))),
    ],
)
def test_what_is_kept_is_reckoned_as_people_would(keep: str | None, days: set[int]) -> None:
    """Of one backup a day. The moment is a Saturday: the last weeks end on this day and on the Sunday before."""
    moments = {NOW - timedelta(days=each): each for each in range(60)}
    assert {moments[each] for each in kept(moments, keep, NOW)} == days


def test_a_newest_one_that_goes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a prune takes whatever is there."""
    monkeypatch.setattr(fates._Look, "_kept", lambda *_: None)
    monkeypatch.setattr(fates._Look, "_needed", lambda *_: None)
    monkeypatch.setattr(fates._Look, "guarded", lambda _, fate, __: fate)
    monkeypatch.setattr(prune, "_are_there", lambda *_: True)
    monkeypatch.setattr(prune, "_says_the_same", lambda *_: True)
    monkeypatch.setattr(fates, "why_held", lambda *_: None)
    assert "though it is the newest" in found(0)


def test_one_that_is_kept_and_goes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here no retention keeps anything, and only the other rules stand."""
    monkeypatch.setattr(fates, "kept", lambda *_: {})
    assert "though it is kept" in found(0)


def test_a_grace_that_is_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here everything counts as marked long ago."""
    for module in (prune, fates):
        monkeypatch.setattr(module, "read_mark", lambda _: NOW - timedelta(days=365))
    assert "was deleted, marked since" in found(0)


@pytest.mark.parametrize(("say", "words"), [("_notify", "nobody was told of"), ("_measure", "no metric told of")])
def test_a_breach_that_nobody_is_told_of_is_noticed(say: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here one of the two ways to tell is not taken."""
    monkeypatch.setattr(tell, say, lambda *_: None)
    assert any(words in found(seed) for seed in range(8))


def test_a_breach_that_is_told_and_is_none_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here whatever has a target is late."""
    monkeypatch.setattr(Recovery, "breach_since", property(lambda each: each.now if each.target else None))
    assert "told to be in breach, and is not" in found(0)


def test_that_nothing_goes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here nothing is ever deleted."""

    def left(fate: Fate, *_: Any) -> Fate:
        return replace(fate)

    monkeypatch.setattr(prune, "_delete", left)
    assert "is still there" in found(0)
