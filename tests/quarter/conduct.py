"""One call of the function: the real handlers over the fakes, and what must hold of every answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from handlers.core.model import Deadline
from handlers.core.payloads import parse
from handlers.core.points import Point
from handlers.core.ports import Clock
from handlers.core.report import Report
from handlers.router import dispatch
from tests.fakes import Message, make_call
from tests.quarter.setting import World

T = TypeVar("T")
R = TypeVar("R")
ENOUGH, LITTLE = timedelta(minutes=5), timedelta(seconds=4)


@dataclass(frozen=True)
class Told:
    """What one call has said, and when; `is_cut` is whether its time was up before it could tell people."""

    operation: str
    begun: datetime
    ended: datetime
    is_cut: bool
    report: Report
    messages: Sequence[Message]
    points: Sequence[Point]

    @property
    def may_miss_work(self) -> bool:
        """Whether a sweep soon afterwards would find something to do."""
        waits = {"predecessor", "limit", "deadline"}
        return any(each.reason in waits for each in self.report.results)


@dataclass(frozen=True)
class InTurn:
    """The port `Workers`, with a single one: what has not begun in time never does."""

    clock: Clock
    deadline: Deadline

    def __call__(self, work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
        return [work(each) if self.deadline.remaining(self.clock.now()) else None for each in items]


def invoke(world: World, operation: str, lasts: timedelta = ENOUGH, **keys: str) -> Told:
    """Send one operation to the function."""
    cloud, begun = world.cloud, world.now
    cloud.pass_time()
    cloud.trouble.seen.clear()
    sent, measured = len(cloud.notices.messages), len(cloud.metrics.points)
    occurrence = f"{begun:%Y-%m-%dT%H:%MZ}"
    call = make_call(cloud, occurrence=occurrence, lasts=lasts, **{**world.configuration(), **keys})
    call = replace(call, workers=InTurn(cloud.clock, call.deadline))
    report = dispatch(parse(json.dumps({"operation": operation}).encode()), call)
    told = Told(
        operation,
        begun,
        world.now,
        call.out_of_time,
        report,
        cloud.notices.messages[sent:],
        cloud.metrics.points[measured:],
    )
    cloud.metrics.points.clear()
    world.calls, world.messages = world.calls + 1, world.messages + len(told.messages)
    world.note(f"{operation} {report.counts} {sorted(cloud.trouble.seen) or ''}{' cut' if told.is_cut else ''}")
    for message in told.messages:
        world.note(f"told: {message.title}\n{message.body}")
    _check(world, told)
    return told


def _check(world: World, told: Told) -> None:
    """Nothing breaks, counts add up, each thing has one result, and people get one message at most."""
    results = told.report.results
    if any(each.reason == "internal_error" for each in results):
        world.violation(f"{told.operation} broke")
    told_of = len(results) + told.report.in_order
    if sum(told.report.counts.values()) != told_of:
        world.violation(f"{told.operation}: counts do not add up to {told_of}")
    if len(told.messages) > 1:
        world.violation(f"{told.operation} sent {len(told.messages)} messages")
    looked_at = Counter((each.source_id, each.destination_region) for each in results if _is_of_a_thing(each.source_id))
    for (source_id, region), count in looked_at.items():
        if count > 1:
            world.violation(f"{told.operation} has {count} results for {source_id} in {region}")
    if told.operation == "CreateDueBackups" and not world.cloud.trouble.seen and not told.is_cut:
        unsaid = world.cloud.sources.keys() - {source_id for source_id, _ in looked_at}
        if unsaid:
            world.violation(f"CreateDueBackups says nothing of {sorted(unsaid)}")


def _is_of_a_thing(source_id: str | None) -> bool:
    """Whether a result is of a source or a backup, not of a list that could not be read."""
    return source_id is not None and not source_id.startswith("ocid1.compartment")
