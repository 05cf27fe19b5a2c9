"""Messages to functions that are lost, come twice, late, or in another order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from infra.emulator.block_volume.limits import Limits
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.delivery import Ended, Message, Redelivery
from infra.emulator.events import REDELIVERY
from infra.emulator.faults.fault import FaultKind
from infra.emulator.identity import Identity, new_key
from infra.emulator.server import Emulator
from tests.emulator.messaging import FUNCTION, NOON, Function
from tests.emulator.tenant import ASHBURN, REGIONS

KEY = new_key()
AT_ONCE = timedelta()
MINUTE = timedelta(minutes=1)


def message(name: str, source: str = "events", redelivery: Redelivery = REDELIVERY) -> Message:
    return Message(name.encode(), "application/json", source, redelivery, facts={"event": name})


@dataclass
class World:
    """A cloud on a standing clock, and a function that is called without HTTP and answers what it is told, else 200."""

    answers: list[int] = field(default_factory=list)
    calls: list[tuple[str, timedelta]] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = Clock(speed=None, start=NOON)
        self.cloud = Cloud([ASHBURN], clock, Limits(), Identity(issuer=KEY), caller=self._call)

    def send(self, *names: str, source: str = "events") -> None:
        for name in names:
            self.cloud.delivery.invoke(FUNCTION, message(name, source))

    @property
    def arrived(self) -> list[str]:
        """What the function was called with by now, after all delays."""
        self.cloud.clock.advance(timedelta(hours=2))
        return [name for name, _ in self.calls]

    def noted(self) -> list[tuple[str, str]]:
        return [(entry["fault"], entry["event"]) for entry in self.cloud.diary.entries if entry["kind"] == "fault"]

    def _call(self, function_id: str, told: Message, ended: Ended) -> None:
        passed: timedelta = self._now() - NOON
        self.calls.append((told.payload.decode(), passed))
        ended(self.answers.pop(0) if self.answers else 200)

    def _now(self) -> datetime:
        return self.cloud.clock.now()


def test_without_faults_a_message_arrives_once_and_at_once() -> None:
    """Nothing needs to be told for that."""
    world = World()
    world.send("a", "b")
    assert world.calls == [("a", AT_ONCE), ("b", AT_ONCE)]
    assert world.noted() == []


@pytest.mark.parametrize(
    ("arrivals", "expected", "fault"),
    [
        ([], [], "lost"),
        ([AT_ONCE, AT_ONCE], [AT_ONCE, AT_ONCE], "twice"),
        ([AT_ONCE, MINUTE], [AT_ONCE, MINUTE], "twice"),
        ([MINUTE], [MINUTE], "late"),
    ],
)
@pytest.mark.parametrize("source", ["events", "notifications"])
def test_a_message_arrives_as_often_and_as_late_as_told(
    source: str, arrivals: Sequence[timedelta], expected: Sequence[timedelta], fault: str
) -> None:
    """On the cloud's clock, and the next message is on time again; events and alarms alike."""
    world = World()
    world.cloud.faults.deliveries(arrivals)
    world.send("a", "b", source=source)
    assert sorted(world.arrived) == sorted([*("a" for _ in expected), "b"])
    assert [late for name, late in world.calls if name == "a"] == expected
    assert world.noted() == [(fault, "a")]


def test_a_late_message_comes_after_a_later_one() -> None:
    """That is how messages change their order."""
    world = World()
    world.cloud.faults.deliveries([MINUTE])
    world.send("a", "b")
    assert world.arrived == ["b", "a"]


def test_a_message_that_is_sent_again_is_not_late_again() -> None:
    """What Events does about a call that failed is its own affair: the pauses are its own."""
    world = World(answers=[502])
    world.cloud.faults.deliveries([MINUTE], [], [])
    world.send("a")
    assert world.arrived == ["a", "a"]
    assert [late for _, late in world.calls] == [MINUTE, MINUTE + REDELIVERY.pauses[0]]


def test_messages_meet_faults_by_chance() -> None:
    """At the rates given, counted by kind, until the faults stop."""
    world = World()
    world.cloud.faults.draw(random.Random(7), {FaultKind.LOST: 0.3, FaultKind.TWICE: 0.3})
    world.send(*(str(number) for number in range(100)))
    counts = world.cloud.faults.counts
    assert 15 < counts[FaultKind.LOST] < 45
    assert 15 < counts[FaultKind.TWICE] < 45
    assert len(world.arrived) == 100 - counts[FaultKind.LOST] + counts[FaultKind.TWICE]
    world.cloud.faults.stop()
    world.calls.clear()
    world.send(*(str(number) for number in range(100)))
    assert len(world.calls) == 100


def test_over_http_a_doubled_message_calls_the_function_twice() -> None:
    """The same bytes, the second time when the cloud's clock says so."""
    function = Function()
    with function.listening() as url, Emulator(REGIONS, speed=None) as emulator:
        emulator.register_function(FUNCTION, url)
        emulator.call(lambda cloud: cloud.faults.deliveries([AT_ONCE, MINUTE], []))
        emulator.call(lambda cloud: cloud.delivery.invoke(FUNCTION, message('{"is": "doubled"}')))
        emulator.call(lambda cloud: cloud.delivery.invoke(FUNCTION, message('{"is": "lost"}')))
        settle(emulator)
        assert function.bodies == [{"is": "doubled"}]
        emulator.advance(MINUTE)
        settle(emulator)
        assert function.bodies == [{"is": "doubled"}] * 2


def settle(emulator: Emulator) -> None:
    asyncio.run_coroutine_threadsafe(emulator.cloud.delivery.settle(), emulator._loop).result()
