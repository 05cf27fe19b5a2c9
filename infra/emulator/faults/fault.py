"""Faults that a request may meet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """All that may go wrong; the first four happen to a request, the next three to the delivery of a message."""

    ANSWER = "answer"
    HANG = "hang"
    CUT = "cut"
    SLOW = "slow"
    LOST = "lost"
    TWICE = "twice"
    LATE = "late"
    REGION_DOWN = "region_down"
    TOKENS_EXPIRED = "tokens_expired"
    CLOCK_SKEWED = "clock_skewed"


@dataclass(frozen=True)
class Answer:
    """An error in place of the answer. Without `code` it is a load balancer's HTML page, not OCI's JSON.

    `after_work` is the same for all faults: the request is carried out, and the client does not learn of it.
    `retry_after`, in seconds, is sent as the header of that name.
    """

    status: int
    code: str | None = None
    retry_after: float | None = None
    after_work: bool = False


@dataclass(frozen=True)
class Hang:
    """Silence for so many seconds; then the real answer, if anybody still waits for it.

    The request is carried out before the silence (`after_work`), or after it: even when its client has long gone.
    """

    seconds: float
    after_work: bool = False


@dataclass(frozen=True)
class Cut:
    """The connection breaks without an answer."""

    after_work: bool = False


@dataclass(frozen=True)
class Slow:
    """The request is carried out at once, and answered so many seconds late."""

    seconds: float

    after_work = True


Fault = Answer | Hang | Cut | Slow

_KINDS: dict[type[Fault], FaultKind] = {
    Answer: FaultKind.ANSWER,
    Hang: FaultKind.HANG,
    Cut: FaultKind.CUT,
    Slow: FaultKind.SLOW,
}


def kind_of(fault: Fault) -> FaultKind:
    """What a fault is counted as."""
    return _KINDS[type(fault)]
