"""A script: which requests meet which fault, told in advance."""

from __future__ import annotations

from dataclasses import dataclass

from infra.emulator.faults.fault import Fault


@dataclass
class Line:
    """One fault for the requests it is meant for: `skip` of them pass first, then `times` meet it."""

    fault: Fault
    operation: str | None
    region: str | None
    skip: int
    times: int | None

    def __post_init__(self) -> None:
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError(f"A script cannot skip {self.skip} requests, or have a fault {self.times} times.")

    @property
    def is_spent(self) -> bool:
        return self.times == 0

    def meets(self, operation: str | None, region: str) -> bool:
        """Whether this request meets the fault now; to be asked once for each request."""
        if self.is_spent or self.operation not in {None, operation} or self.region not in {None, region}:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Script:
    """Lines in the order they were told. A request meets one fault at most, and counts for no later line then."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, line: Line) -> None:
        """Have this happen too."""
        self._lines.append(line)

    def next_fault(self, operation: str | None, region: str) -> Fault | None:
        """The fault that this request meets."""
        met = next((line for line in self._lines if line.meets(operation, region)), None)
        self._lines = [line for line in self._lines if not line.is_spent]
        return met.fault if met else None

    def clear(self) -> None:
        """Have nothing happen any more."""
        self._lines.clear()
