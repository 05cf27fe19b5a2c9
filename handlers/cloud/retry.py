"""When a request is sent again, after how long, and how long each attempt may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from handlers.core.errors import ApiFault, Passing

ATTEMPTS = 4
FIRST_PAUSE = 0.5
"""Seconds, at most, before the second attempt; twice as long before each further one."""
ATTEMPT_SECONDS = 20.0
"""Longer than the API takes for a page of a list, and short enough for a second attempt within most calls."""
REQUEST_SECONDS = 60.0
"""For one request with all its attempts, or half of the call: the other regions need time when one is silent."""
SHORTEST = 1.0
"""Seconds that another attempt must have: with less, the fault at hand says more than the time-out to come."""

_REPEATED = frozenset({429, 500, 502, 503, 504})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """Sends again what may go well the next time, for as long as the call lasts.

    `patience` says how many seconds the call has from now on, `random` draws from [0, 1).
    """

    patience: Callable[[], float]
    sleep: Callable[[timedelta], None]
    random: Callable[[], float]

    def __call__(self, attempt: Callable[[int, float], T], *, repeatable: bool) -> T:
        """What the first attempt that goes well answers with; each is told its number and how long it may take.

        Raises the last attempt's fault. Where it is not `repeatable` there is one attempt; without time, none.
        """
        left = self.patience()
        if left <= 0:
            raise Passing("Timeout", "the call's own deadline has come")
        end = left - min(REQUEST_SECONDS, _half(left))
        number = 1
        while True:
            is_last = not repeatable or number == ATTEMPTS
            try:
                return attempt(number, min(ATTEMPT_SECONDS, left - end if is_last else _half(left - end)))
            except ApiFault as fault:
                pause = self._pause(number, fault)
                if is_last or not may_be_repeated(fault) or self.patience() - pause - end < SHORTEST:
                    raise
                self.sleep(timedelta(seconds=pause))
                left = self.patience()
                if left <= end:
                    raise
            number += 1

    def _pause(self, number: int, fault: ApiFault) -> float:
        """Half fixed, half drawn: what failed together does not come back together, nor at once.

        Without the fixed half the few attempts would at times be used up within an outage of a second. What the API
        asks for comes on top, or all whom it told the same would come at the same moment.
        """
        return (fault.retry_after or 0.0) + FIRST_PAUSE * 2.0 ** (number - 1) * (1 + self.random()) / 2


def may_be_repeated(fault: ApiFault) -> bool:
    """Whether the same request may go well in a moment: there was no readable answer, or the service is in trouble.

    Not where the signature was refused: the SDK has then read token and key again, and sent the request twice, itself.
    """
    return isinstance(fault, Passing) and (fault.status in _REPEATED or not fault.status)


def _half(seconds: float) -> float:
    """Half of the time, or all where half would be too little for an answer."""
    return max(seconds / 2, min(seconds, 5.0))
