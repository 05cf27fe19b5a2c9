"""The proof that the simulation can fail: without one of its safeguards the function is caught by some seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from handlers.core import plan, prune
from handlers.core.decision import Decision
from handlers.core.fate import Fate, Step
from handlers.core.grammar import Keep
from handlers.core.inventory import Inventory
from handlers.core.model import Backup
from handlers.core.report import Outcome, Reason
from handlers.core.retention import kept
from tests.simulation import story
from tests.simulation.run import simulate

SEEDS = range(60)
MORE_SEEDS = range(200)
"""For what only matters when several things come together. The first seed that notices is the last."""

pytestmark = pytest.mark.timeout(300)


def is_caught(promise: str, seeds: Sequence[int] = SEEDS, first: int = 0) -> bool:
    """Whether some seed finds that this promise is broken; `first` is one that has found it before."""
    order = [first, *seeds]
    return any(violation.promise == promise for seed in order for violation in simulate(seed).violations)


def test_without_a_retry_token_that_repeats_itself_copies_are_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls at one time, and a call whose answer was lost, know of each other only by the token."""
    chance = random.Random(7)
    monkeypatch.setattr("handlers.start.copy_token", lambda *_: f"{chance.getrandbits(256):064x}")
    assert is_caught("never copied twice")


def test_without_a_look_for_copies_by_their_source_they_are_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a day the cloud has forgotten the token."""
    monkeypatch.setattr("handlers.lists._list_copies", lambda *_: ([], {}))
    assert is_caught("never copied twice")


def test_without_waiting_for_predecessors_copies_come_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as two backups of one source wait for their copies."""
    in_turn = plan._walk

    def each_for_itself(queue: Sequence[Backup], *rest: Any, **_: Any) -> Iterator[Decision]:
        for original in queue:
            yield from in_turn([original], *rest, blocked=False)

    monkeypatch.setattr(plan, "_walk", each_for_itself)
    assert is_caught("copies come in order", first=12)


def test_without_a_retry_token_of_the_slot_backups_are_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ticks at one time do not see in any list what the other has made."""
    chance = random.Random(7)
    monkeypatch.setattr("handlers.due.due_token", lambda *_: f"{chance.getrandbits(256):064x}")
    assert is_caught("one backup for each slot")


def test_when_a_sweep_does_not_ask_for_retention_it_copies_again_what_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a prune deletes the next sweep would make again."""
    monkeypatch.setattr(plan, "surplus", lambda *_: set())
    assert is_caught("copies are of what is kept")


def test_when_what_is_due_is_not_marked_first_it_goes_without_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could say that it is to stay."""
    monkeypatch.setattr(prune._Look, "_due", lambda _, backup: Fate(backup, Outcome.PLANNED, step=Step.DELETE))
    monkeypatch.setattr("handlers.prune._is_as_listed", lambda *_: True)
    assert is_caught("marked long before")


def test_without_the_grace_it_goes_too_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next call, whenever that is."""
    monkeypatch.setattr("handlers.prune.delete_after", lambda now, _: now)
    assert is_caught("marked long before", first=21)


def test_when_not_everything_has_to_be_read_something_goes_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region that is down, or a list that is refused, would look like a region without copies."""
    real = prune.prune

    def as_if_all_was_read(inventory: Inventory, *rest: Any, **named: Any) -> list[Fate]:
        return real(replace(inventory, unread={}, unread_source_lists={}), *rest, **named)

    monkeypatch.setattr("handlers.prune.prune", as_if_all_was_read)
    assert is_caught("nothing goes unread", first=16)


def test_without_limits_too_many_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they would after a slip in the policy."""
    monkeypatch.setattr(prune, "why_held", lambda *_: None)
    assert is_caught("never too many go", first=13)


def test_when_all_counts_as_its_own_the_backups_of_others_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of people, and of a policy of Oracle's."""
    monkeypatch.setattr(prune, "is_ours", lambda *_: True)
    assert is_caught("only its own goes")


def test_when_only_the_newest_is_kept_the_rest_goes_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the policy and the tags say."""

    def only_the_newest(times: Mapping[Any, datetime], _: Keep, now: datetime) -> dict[Any, str]:
        return kept(times, Keep(last=1), now)

    monkeypatch.setattr(prune, "kept", only_the_newest)
    assert is_caught("what is kept stays")


def test_when_copies_do_not_matter_a_backup_goes_before_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region that was down for a while costs the only backup there is."""
    monkeypatch.setattr(prune._Look, "_is_copied", lambda *_: True)
    assert is_caught("copied before it goes", first=22)


def test_without_a_last_look_the_newest_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody deletes all that is newer when the lists have been read, as happens in these stories more often."""
    plot = story._plot_of_retention
    monkeypatch.setattr(story, "_plot_of_retention", lambda steps: [*plot(steps), (steps.interfere, 4, 4)])
    monkeypatch.setattr("handlers.prune._are_there", lambda *_: True)
    assert is_caught("the newest stays", MORE_SEEDS, first=20)


def test_when_the_next_newer_one_does_not_matter_it_may_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has ended FAULTY, or is still under way."""
    needed = prune._Look._needed

    def whatever_comes_next(look: Any, backup: Backup, *rest: Any) -> Fate | None:
        fate = needed(look, backup, *rest)
        return None if fate and fate.reason is Reason.SIBLING else fate

    monkeypatch.setattr(prune._Look, "_needed", whatever_comes_next)
    assert is_caught("the next is there", MORE_SEEDS)


def test_when_marks_are_never_taken_away_they_stay_on_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another retention later such a backup would go at once."""
    stays = prune._Look._stays
    monkeypatch.setattr(prune._Look, "_stays", lambda *those: replace(stays(*those), step=None))
    assert is_caught("marks are of what goes", MORE_SEEDS)


def test_when_nothing_is_remembered_people_are_told_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """By every call, for as long as it lasts."""
    monkeypatch.setattr("handlers.tell._remember", lambda *_: None)
    assert is_caught("people are told once", MORE_SEEDS)
