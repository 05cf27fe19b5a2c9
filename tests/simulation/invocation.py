"""One call of the function, from its start to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from handlers.core.model import Deadline
from handlers.core.report import Report


class End(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    KILLED = "killed"
    OVERRAN = "overran"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Fate:
    """How long a call may take, and when (if at all) its process is killed before that."""

    timeout: timedelta = timedelta(seconds=300)
    killed_after: timedelta | None = None
    killed_at: str | None = None
    """The request at which it is killed (`Copy`): when the cloud has done it, and before it is answered."""


@dataclass(eq=False)
class Invocation:
    """`why` says what set it off, for people. What it did stands in the ledger."""

    number: int
    why: str
    payload: bytes
    started: datetime
    deadline: Deadline
    now: Callable[[], datetime]
    fate: Fate
    kill: Callable[[], None]
    is_calm: bool = False
    """Whether nothing goes wrong while it runs."""
    operations: frozenset[str] = frozenset()
    """The names of those that it is to carry out, as far as they look at more than one backup."""
    end: End | None = None
    report: Report | None = None
    listed: dict[tuple[str, str, str], list[datetime]] = field(default_factory=dict)
    """The lists it has read to their end: operation, region and compartment, and when the cloud wrote them."""
    got: dict[str, list[datetime]] = field(default_factory=dict)
    """When the cloud answered what it has read by itself, by id."""

    def patience(self) -> float:
        """Seconds that it may still work."""
        return self.deadline.remaining(self.now()).total_seconds()

    def meets(self, operation: str) -> None:
        """The cloud has ended the work that this call has asked for."""
        if self.fate.killed_at and operation.startswith(self.fate.killed_at):
            self.kill()

    def body(self) -> Any:
        """The answer as a caller sees it."""
        return self.report.as_json(f"call-{self.number}") if self.report else None
