"""A story: which steps happen when, over a few virtual days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

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
    _tick(world, length, steps.sweep, (5, 10) if steps.is_busy else (7, 16))
    if steps.is_busy:
        for step, least, most in _plot_of_retention(steps):
            for _ in range(chance.randint(least, most)):
                world.scheduler.after(chance.uniform(0, length), step)
        _tick(world, length, steps.create_due, (3, 9))
        _tick(world, length, steps.prune, (2, 8))
    world.run(timedelta(seconds=length))


def _tick(world: World, length: float, call: Callable[..., None], hours: tuple[float, float]) -> None:
    """What a schedule does again and again, after so many hours at least and at most."""
    chance = world.chance
    for moment in range(int(chance.uniform(1, 8) * 3600), int(length), int(chance.uniform(*hours) * 3600)):
        if chance.random() < 0.85:  # else the schedule has failed
            times = 2 if chance.random() < 0.3 else 1
            world.scheduler.after(moment, partial(call, times=times))


def _plot(steps: Steps) -> list[tuple[Callable[[], None], int, int]]:
    """Each step with how often it happens, at least and at most."""
    return [
        (steps.back_up, 0, 2),
        (steps.back_up_all, 0, 2 - steps.is_busy),
        (steps.back_up_often, -1, 1),
        (steps.order_backup, 0, 2 - steps.is_busy),
        (steps.collide, 0, 3 - 2 * steps.is_busy),
        (steps.bring_home, 0, 1),
        (steps.copy_by_hand, 0, 3 - steps.is_busy),
        (steps.rename_by_hand, 0, 1),
        (steps.rehearse, 0, 1),
        (steps.report, -2, 1),
        (steps.explain, -3, 1),
        (steps.create_due, -8, 1),
        (steps.prune, -6, 1),
        (steps.sweep_by_hand, -1, 1),
        (steps.delete_copy, 0, 2 - steps.is_busy),
        (steps.delete_backup, 0, 1),
        (steps.back_up_by_policy, -2, 1),
        (steps.end_source, -3, 1),
        (steps.tag, 0, 3 - steps.is_busy),
        (steps.redirect, -3, 1),
        (steps.trouble, 0, 2 - steps.is_busy),
        (steps.answers_get_lost, -1, 2),
        (steps.region_goes_down, -1, 1),
        (steps.permission_is_missing, -4, 1),
        (steps.token_expires, -2, 1),
        (steps.clock_is_wrong, -2, 1),
        (steps.copies_fail, -1, 2),
        (steps.backup_fails, -2, 1),
    ]


def _plot_of_retention(steps: Steps) -> list[tuple[Callable[[], None], int, int]]:
    """What happens besides where backups are made when they are due, and deleted when they are not kept."""
    return [
        (steps.prune_among_others, 0, 2),
        (steps.prune_in_trouble, -1, 1),
        (steps.interfere, 0, 3),
        (steps.back_up_by_policy, 0, 2),
        (steps.rethink, -1, 2),
        (steps.unmark, 0, 2),
        (steps.protect, 0, 2),
        (steps.delete_newest, -1, 2),
        (steps.end_source, -2, 1),
        (steps.report, -2, 1),
    ]
