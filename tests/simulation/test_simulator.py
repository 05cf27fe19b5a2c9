"""The simulator itself: its time, its turns, its network, and the workers that stand in for threads."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from handlers.threads import AT_ONCE
from infra.emulator.block_volume.kinds import VOLUME
from infra.emulator.block_volume.limits import State
from infra.emulator.delivery import Message, Redelivery
from infra.emulator.faults.fault import Answer, Cut, Fault, Hang
from tests.simulation.invocation import End, Fate, Invocation
from tests.simulation.lives import Life
from tests.simulation.run import logs_of
from tests.simulation.scheduler import Scheduler, VirtualClock
from tests.simulation.troubles import Troubles
from tests.simulation.workers import TakingTurns
from tests.simulation.world import World, make_world

START = datetime(2026, 1, 1, tzinfo=UTC)


class Patient:
    """Somebody who has so many seconds from the start."""

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self._clock, self._end = clock, START + timedelta(seconds=seconds)

    def patience(self) -> float:
        return (self._end - self._clock.now()).total_seconds()


def scheduler(seed: int = 0) -> Scheduler:
    return Scheduler(VirtualClock(START), random.Random(seed))


def shared_work(turns: Scheduler, seconds: float, work: Callable[[int], int], items: range) -> list[int | None]:
    """What the workers answer to somebody who has so many seconds."""
    answers: list[list[int | None]] = []
    workers, owner = TakingTurns(turns), Patient(turns.clock, seconds)
    turns.spawn(lambda: answers.append(workers(work, items)), owner)
    turns.run(timedelta(hours=1))
    return answers[0]


def test_time_passes_only_where_somebody_waits() -> None:
    """A task that sleeps goes on exactly when it is to."""
    turns, moments = scheduler(), list[datetime]()

    def sleep_twice() -> None:
        for _ in range(2):
            turns.sleep(90)
            moments.append(turns.clock.now())

    turns.spawn(sleep_twice, None, after=10)
    turns.run(timedelta(hours=1))
    assert moments == [START + timedelta(seconds=100), START + timedelta(seconds=190)]
    assert turns.clock.now() == START + timedelta(hours=1)


def test_chance_says_who_goes_on_first() -> None:
    """Of those that could at the same moment."""

    def order(seed: int) -> list[int]:
        turns, done = scheduler(seed), list[int]()
        for number in range(5):
            turns.after(1, lambda number=number: done.append(number))  # type: ignore[misc] # bound now
        turns.run(timedelta(seconds=1))
        return done

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(10)}) > 5


def test_a_killed_task_does_nothing_more() -> None:
    """Whether it had begun or not."""
    turns, done = scheduler(), list[str]()

    def write() -> None:
        done.append("begun")
        turns.sleep(5)
        done.append("ended")

    early, late = turns.spawn(write, None), turns.spawn(write, None, after=3)
    turns.after(1, early.kill)
    turns.after(1, late.kill)
    turns.run(timedelta(seconds=60))
    assert done == ["begun"]


def test_workers_answer_in_the_order_of_the_items() -> None:
    """Whichever ends first; and several are at it at once."""
    turns = scheduler()

    def work(item: int) -> int:
        turns.sleep(10 - item)
        return item * 2

    assert shared_work(turns, 15, work, range(AT_ONCE)) == [item * 2 for item in range(AT_ONCE)]


def test_workers_give_up_when_the_time_is_over() -> None:
    """What had not ended is `None`, and what had not begun never does."""
    turns, begun = scheduler(), set[int]()

    def work(item: int) -> int:
        begun.add(item)
        turns.sleep(6)
        return item

    assert shared_work(turns, 10, work, range(20)) == [*range(AT_ONCE), *[None] * (20 - AT_ONCE)]
    assert begun == set(range(2 * AT_ONCE))


@pytest.fixture
def world() -> Iterator[World]:
    with make_world(2) as made, logs_of(None):
        made.clumsiness = 0
        yield made


def order(world: World, fate: Fate = Fate()) -> Invocation:  # noqa: B008 - it is frozen
    """A call that makes one request: a backup of a new volume."""
    source = world.others.make_source(VOLUME, world.swept[0], {})
    payload = f'{{"operation": "CreateVolumeBackup", "volumeId": "{source.id}"}}'.encode()
    return world.function.invoke(payload, "order", fate)


def originals(world: World) -> list[Life]:
    """The backups that are no copies."""
    return [life for life in world.ledger.lives.values() if not life.copy_of]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(Hang(120, after_work=True), 5), (Hang(120), 5), (Cut(after_work=True), 0), (Answer(503, after_work=True), 0)],
)
def test_a_lost_answer_is_asked_for_again_and_the_work_is_done_once(world: World, fault: Fault, seconds: float) -> None:
    """Time-outs are the client's own, in virtual time; what it has given up is done all the same."""
    world.cloud.faults.script(fault, operation="CreateVolumeBackup")
    invocation = order(world)
    world.run(timedelta(minutes=10))
    assert invocation.report
    assert invocation.report.counts == {"created": 1}
    assert len(originals(world)) == 1
    answered = [exchange for exchange in world.ledger.exchanges if exchange.owner is invocation]
    assert [exchange.status for exchange in answered] == [503 if isinstance(fault, Answer) else None, 200]
    assert answered[1].sent
    assert answered[1].sent - invocation.started >= timedelta(seconds=seconds)


def test_a_call_may_be_killed_between_the_work_and_its_answer(world: World) -> None:
    """The backup is there, and nobody has heard of it."""
    invocation = order(world, Fate(killed_at="Create"))
    world.run(timedelta(minutes=10))
    assert invocation.end is End.KILLED
    assert invocation.report is None
    assert [life.resource.state for life in originals(world)] == [State.AVAILABLE]


def test_nothing_that_was_put_off_goes_wrong_in_a_world_that_is_calm(world: World) -> None:
    """What ends a trouble, long after it began, must not begin another: messages would come late, twice or never."""
    Troubles(world).trouble()
    world.calm_down()
    world.run(timedelta(seconds=200_000))

    message = Message(b"", "application/json", "events", Redelivery((), timedelta()))
    arrivals = {tuple(world.cloud.faults.next_arrivals(message)) for _ in range(100)}
    assert arrivals == {(timedelta(),)}
