"""A story: which steps happen when, over a few virtual days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.simulation.steps import Steps
from tests.simulation.world import World

SHORTEST, LONGEST = timedelta(hours=26), timedelta(hours=60)
"""More than a day, after which the cloud has forgotten a retry token."""


def tell(world: World) -> None:
    """Draw a story and let it happen."""
    steps, chance = Steps(world), world.chance
    length = chance.uniform(SHORTEST.total_seconds(), LONGEST.total_seconds())
    for step, least, most in _plot(steps):
        for _ in range(chance.randint(least, most)):
            world.scheduler.after(chance.uniform(0, length), step)
    for moment in range(int(chance.uniform(1, 8) * 3600), int(length), int(chance.uniform(7, 16) * 3600)):
        if chance.random() < 0.85:  # else the schedule has failed
            times = 2 if chance.random() < 0.3 else 1
            world.scheduler.after(moment, lambda times=times: steps.sweep(times=times))  # type: ignore[misc] # bound now
    world.run(timedelta(seconds=length))


def _plot(steps: Steps) -> list[tuple[Callable[[], None], int, int]]:
    """Each step with how often it happens, at least and at most."""
    return [
        (steps.back_up, 0, 2),
        (steps.back_up_all, 0, 2),
        (steps.back_up_often, -1, 1),
        (steps.order_backup, 0, 2),
        (steps.collide, 0, 3),
        (steps.bring_home, 0, 1),
        (steps.copy_by_hand, 0, 3),
        (steps.rename_by_hand, 0, 1),
        (steps.rehearse, 0, 1),
        (steps.sweep_by_hand, -1, 1),
        (steps.delete_copy, 0, 2),
        (steps.delete_backup, 0, 1),
        (steps.end_source, -3, 1),
        (steps.tag, 0, 3),
        (steps.redirect, -3, 1),
        (steps.trouble, 0, 2),
        (steps.answers_get_lost, -1, 2),
        (steps.region_goes_down, -1, 1),
        (steps.token_expires, -2, 1),
        (steps.clock_is_wrong, -2, 1),
        (steps.copies_fail, -1, 2),
        (steps.backup_fails, -2, 1),
    ]
