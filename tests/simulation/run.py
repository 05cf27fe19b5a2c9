"""One seed, from its world's making to its end, or many of them at once."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import traceback
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from tests.simulation.ending import end_well
from tests.simulation.figures import Figures
from tests.simulation.ledger import Ledger, Violation
from tests.simulation.promises import check
from tests.simulation.story import tell
from tests.simulation.world import make_world

SEEDS_AT_ONCE = 8
"""That a process takes at a time: enough that it seldom waits for more."""


@dataclass(frozen=True)
class Outcome:
    """What came of a seed. The trace is what happened, line by line; the same seed has the same."""

    seed: int
    violations: Sequence[Violation]
    figures: Figures
    trace: Sequence[str]


def simulate(seed: int, *, aloud: bool = False) -> Outcome:
    """Run a seed in this process. `aloud` puts the function's own log lines into the trace, too."""
    with make_world(seed) as world, logs_of(world.ledger if aloud else None):
        tell(world)
        end_well(world)
        check(world)
        return Outcome(seed, world.ledger.violations, Figures.of(world), world.ledger.trace)


def simulate_all(seeds: Sequence[int], processes: int | None = None) -> Iterator[Outcome]:
    """Run seeds in a process per core; their outcomes come in any order, and without traces."""
    # Not by fork: a process that tests run in has threads.
    # What ends is the command: its processes would only say so once more.
    ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.get_context("spawn").Pool(processes, ignore) as pool:
        yield from pool.imap_unordered(_simulate_briefly, seeds, SEEDS_AT_ONCE)


def _simulate_briefly(seed: int) -> Outcome:
    outcome = simulate(seed)
    return Outcome(seed, outcome.violations, outcome.figures, ())


@contextmanager
def logs_of(ledger: Ledger | None) -> Iterator[None]:
    """Lead the logs of the function to a ledger, or nowhere."""

    def write(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
        what, exception = event.pop("event"), event.pop("exc_info", None)
        if ledger is not None and what != "api.call":
            ledger.write(f"    log {what} { ({name: value for name, value in event.items() if value is not None}) }")
            ledger.trace.extend(traceback.format_exc().splitlines() if exception else ())
        raise structlog.DropEvent

    before = structlog.get_config()
    level = logging.CRITICAL if ledger is None else logging.INFO
    structlog.configure(processors=[write], wrapper_class=structlog.make_filtering_bound_logger(level))
    try:
        yield
    finally:
        structlog.configure(**before)
