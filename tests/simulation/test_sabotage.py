"""The proof that the simulation can fail: without one of its safeguards the function is caught by some seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from handlers.core.decision import Decision
from handlers.core.model import Backup
from tests.simulation.run import simulate

SEEDS = range(60)

pytestmark = pytest.mark.timeout(300)


def is_caught(promise: str) -> bool:
    """Whether some seed finds that this promise is broken."""
    return any(violation.promise == promise for seed in SEEDS for violation in simulate(seed).violations)


def test_without_a_retry_token_that_repeats_itself_copies_are_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls at one time, and a call whose answer was lost, know of each other only by the token."""
    chance = random.Random(7)
    monkeypatch.setattr("handlers.start.copy_token", lambda *_: f"{chance.getrandbits(256):064x}")
    assert is_caught("never copied twice")


def test_without_a_look_for_copies_by_their_source_they_are_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a day the cloud has forgotten the token."""
    monkeypatch.setattr("handlers.gather._list_copies", lambda *_: [])
    assert is_caught("never copied twice")


def test_without_waiting_for_predecessors_copies_come_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as two backups of one source wait for their copies."""
    from handlers.core import plan  # noqa: PLC0415 - what is replaced is looked up when it is replaced

    in_turn = plan._walk

    def each_for_itself(queue: Sequence[Backup], *rest: Any, **_: Any) -> Iterator[Decision]:
        for original in queue:
            yield from in_turn([original], *rest, blocked=False)

    monkeypatch.setattr(plan, "_walk", each_for_itself)
    assert is_caught("copies come in order")
