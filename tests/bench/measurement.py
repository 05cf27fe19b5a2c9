"""What a benchmark measures: a call of the function, in figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What a call may take."""

    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Measurement:
    """One line of a benchmark: `case` names the line, and lines of one name differ in `backups` alone.

    `cold_seconds` is the first call of a process with its start, `warm_seconds` a later one; `calls` and `outcomes`
    are those of the warm one. `peak_megabytes` is the most memory that the process had resident at any time, `None`
    where the system does not tell.
    """

    benchmark: str
    case: str
    backups: int
    cold_seconds: float
    warm_seconds: float
    calls: Mapping[str, int]
    outcomes: Mapping[str, int]
    peak_megabytes: float | None
    budget: Budget | None = None

    @property
    def call_count(self) -> int:
        return sum(self.calls.values())

    def calls_named(self, *verbs: str) -> int:
        """How many of the API calls were of operations that begin with one of these."""
        return sum(count for operation, count in self.calls.items() if operation.startswith(verbs))

    @property
    def excesses(self) -> list[str]:
        """Where the budget does not suffice; empty when all is within it."""
        if self.budget is None:
            return []
        slowest, peak = max(self.cold_seconds, self.warm_seconds), self.peak_megabytes or 0.0
        found = []
        if slowest > self.budget.seconds:
            found.append(f"{slowest:.1f} s instead of {self.budget.seconds:g} s")
        if peak > self.budget.megabytes:
            found.append(f"{peak:.0f} MB instead of {self.budget.megabytes:g} MB of memory")
        return found
