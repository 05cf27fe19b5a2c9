"""The same world, with Hypothesis choosing what happens next: a failure comes down to the few steps that matter."""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.simulation.ending import end_well
from tests.simulation.promises import check
from tests.simulation.run import logs_of
from tests.simulation.steps import Steps
from tests.simulation.world import World, make_world

PAUSES = (timedelta(seconds=1), timedelta(seconds=25), timedelta(minutes=20), timedelta(hours=3), timedelta(hours=25))


class Machine(RuleBasedStateMachine):
    """Its rules are the steps of a story; its end is a story's end."""

    world: World | None = None

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()

    @initialize(seed=st.integers(0, 1000), chance=st.randoms(use_true_random=False))
    def begin(self, seed: int, chance: random.Random) -> None:
        self.world = self._open.enter_context(make_world(seed, chance))
        self._open.enter_context(logs_of(None))
        self.steps = Steps(self.world)

    @rule(pause=st.sampled_from(PAUSES))
    def time_passes(self, pause: timedelta) -> None:
        assert self.world
        self.world.run(pause)

    @rule(times=st.integers(1, 3))
    def sweep(self, times: int) -> None:
        self.steps.sweep(times=times)

    @rule(times=st.integers(1, 2))
    def create_due(self, times: int) -> None:
        self.steps.create_due(times=times)

    @rule(times=st.integers(1, 2))
    def prune(self, times: int) -> None:
        self.steps.prune(times=times)

    @rule()
    def prune_among_others(self) -> None:
        self.steps.prune_among_others()

    @rule()
    def interfere(self) -> None:
        self.steps.interfere()

    @rule()
    def report(self) -> None:
        self.steps.report()

    @rule()
    def rethink(self) -> None:
        self.steps.rethink()

    @rule()
    def protect(self) -> None:
        self.steps.protect()

    @rule()
    def back_up(self) -> None:
        self._move_on()
        self.steps.back_up()

    @rule()
    def back_up_all(self) -> None:
        self._move_on()
        self.steps.back_up_all()

    @rule()
    def order_backup(self) -> None:
        self.steps.order_backup()

    @rule()
    def collide(self) -> None:
        self._move_on()
        self.steps.collide()

    @rule()
    def copy_by_hand(self) -> None:
        self.steps.copy_by_hand()

    @rule()
    def rename_by_hand(self) -> None:
        self.steps.rename_by_hand()

    @rule()
    def delete_copy(self) -> None:
        self.steps.delete_copy()

    @rule()
    def delete_backup(self) -> None:
        self.steps.delete_backup()

    @rule()
    def tag(self) -> None:
        self.steps.tag()

    @rule()
    def redirect(self) -> None:
        self.steps.redirect()

    @rule()
    def trouble(self) -> None:
        self.steps.trouble()

    @rule()
    def answers_get_lost(self) -> None:
        self.steps.answers_get_lost()

    @rule()
    def region_goes_down(self) -> None:
        self.steps.region_goes_down()

    @rule()
    def token_expires(self) -> None:
        self.steps.token_expires()

    @rule()
    def copies_fail(self) -> None:
        self.steps.copies_fail()

    def _move_on(self) -> None:
        """Of two backups of one millisecond nobody could say which is the newer."""
        assert self.world
        self.world.run(timedelta(milliseconds=1017))

    def teardown(self) -> None:
        with self._open:
            if self.world:
                end_well(self.world)
                check(self.world)
                broken = "\n".join(f"{each.promise}: {each.what}" for each in self.world.ledger.violations)
                if broken:
                    note("\n".join(self.world.ledger.trace))
                assert not broken, broken


def run(examples: int, **more: Any) -> None:
    """Let Hypothesis look for a story that breaks a promise."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        **more,
    )
    run_state_machine_as_test(Machine, settings=chosen)


@pytest.mark.timeout(300)
def test_every_promise_is_kept_whatever_happens_next() -> None:
    """Whichever steps Hypothesis takes, in whichever order."""
    run(examples=20)
