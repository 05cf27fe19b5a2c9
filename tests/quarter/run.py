"""One seed from its beginning to its end, or many of them, in a process for each core."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import traceback
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from tests.quarter.setting import Size, World, make_world
from tests.quarter.story import Story


@dataclass
class Outcome:
    """What came of one seed, or of many: the figures, and what was against the rules, by seed."""

    figures: dict[str, int] = field(default_factory=dict)
    violations: dict[int, list[str]] = field(default_factory=dict)
    trace: Sequence[str] = ()

    def add(self, other: Outcome) -> None:
        """Take in what came of other seeds."""
        for name, figure in other.figures.items():
            self.figures[name] = self.figures.get(name, 0) + figure
        self.violations |= other.violations


def run(seed: int, size: Size | None = None, *, aloud: bool = False) -> Outcome:
    """Run a seed in this process."""
    with logs_of(aloud=aloud):
        world = make_world(seed, size or Size())
        world.is_aloud = aloud
        Story(world).tell()
    violations = {seed: world.violations} if world.violations else {}
    return Outcome(_figures(world), violations, world.trace)


def run_all(seeds: Sequence[int]) -> Iterator[Outcome]:
    """What came of each seed, in any order."""
    ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.get_context("spawn").Pool(None, ignore) as pool:
        yield from pool.imap_unordered(run, seeds)


def _figures(world: World) -> dict[str, int]:
    return {
        "seeds": 1,
        "virtual days": world.size.days,
        "calls of the function": world.calls,
        "API calls": world.cloud.api_calls,
        "faults met": world.cloud.trouble.count,
        **{name: world.cloud.tally[name] for name in ("backups", "copies", "deletions")},
        "breaches": world.breaches,
        "messages": world.messages,
        "violations": len(world.violations),
    }


@contextmanager
def logs_of(*, aloud: bool) -> Iterator[None]:
    """Lead the function's logs nowhere, or show those of what broke."""

    def drop(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
        if aloud and event.get("exc_info"):
            traceback.print_exc()
        raise structlog.DropEvent

    before = structlog.get_config()
    level = logging.ERROR if aloud else logging.CRITICAL
    structlog.configure(processors=[drop], wrapper_class=structlog.make_filtering_bound_logger(level))
    try:
        yield
    finally:
        structlog.configure(**before)
