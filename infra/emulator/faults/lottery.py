"""A lottery: faults drawn at given rates from a seeded source of chance."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

from infra.emulator.faults.fault import Answer, Cut, Fault, FaultKind, Hang, Slow

OF_REQUESTS = (FaultKind.ANSWER, FaultKind.HANG, FaultKind.CUT, FaultKind.SLOW)
OF_DELIVERIES = (FaultKind.LOST, FaultKind.TWICE, FaultKind.LATE)
ON_TIME = (timedelta(),)

_ERRORS: tuple[tuple[int, str | None], ...] = (
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (502, None),
    (503, "ServiceUnavailable"),
    (504, None),
)
_SAYS_WHEN = {429, 503}
_ROUNDING = 1e-9
_LONGEST_RETRY_AFTER = 8
_HANGS = (5.0, 90.0)
_DELAYS = (0.1, 3.0)
_LATENESS = timedelta(hours=1)


class Lottery:
    """The same seed gives the same sequence of requests the same faults, whatever is delivered in between."""

    def __init__(self, source: random.Random, rates: Mapping[FaultKind, float]) -> None:
        for kinds in (OF_REQUESTS, OF_DELIVERIES):
            if not 0 <= sum(rates.get(kind, 0) for kind in kinds) <= 1 + _ROUNDING:
                raise ValueError(f"These rates are not between 0 and 1 together: {', '.join(kinds)}")
        if wrong := [kind for kind, rate in rates.items() if rate < 0 or kind not in OF_REQUESTS + OF_DELIVERIES]:
            raise ValueError(f"A rate of this cannot be: {', '.join(wrong)}")
        self._rates = dict(rates)
        self._of_requests, self._of_deliveries = (
            random.Random(source.random())  # noqa: S311 - chance that is to repeat itself
            for _ in range(2)
        )

    def next_fault(self) -> Fault | None:
        """What the next request meets."""
        chance = self._of_requests
        match self._draw(chance, OF_REQUESTS):
            case FaultKind.ANSWER:
                return _error(chance)
            case FaultKind.HANG:
                return Hang(_seconds(chance, _HANGS), after_work=chance.random() < 0.5)
            case FaultKind.CUT:
                return Cut(after_work=chance.random() < 0.5)
            case FaultKind.SLOW:
                return Slow(_seconds(chance, _DELAYS))
            case _:
                return None

    def next_arrivals(self) -> tuple[FaultKind | None, Sequence[timedelta]]:
        """How late the next message arrives, once for each time that it does, and what is wrong with that."""
        chance = self._of_deliveries
        kind = self._draw(chance, OF_DELIVERIES)
        late = timedelta(seconds=round(chance.random() * _LATENESS.total_seconds()))
        match kind:
            case FaultKind.LOST:
                return kind, ()
            case FaultKind.TWICE:
                return kind, (timedelta(), late)
            case FaultKind.LATE:
                return kind, (late,)
            case _:
                return None, ON_TIME

    def _draw(self, chance: random.Random, kinds: Sequence[FaultKind]) -> FaultKind | None:
        drawn = chance.random()
        for kind in kinds:
            drawn -= self._rates.get(kind, 0)
            if drawn < 0:
                return kind
        return None


def even_rates(rate: float) -> dict[FaultKind, float]:
    """Rates under which a request, and a delivery, meets any fault with this probability; errors are most of them."""
    of_requests = {FaultKind.ANSWER: 0.6, FaultKind.HANG: 0.05, FaultKind.CUT: 0.25, FaultKind.SLOW: 0.1}
    of_deliveries = dict.fromkeys(OF_DELIVERIES, 1 / 3)
    return {kind: share * rate for kind, share in (of_requests | of_deliveries).items()}


def _error(chance: random.Random) -> Answer:
    status, code = chance.choice(_ERRORS)
    says_when = status in _SAYS_WHEN and chance.random() < 0.5
    return Answer(
        status,
        code,
        retry_after=chance.randint(1, _LONGEST_RETRY_AFTER) if says_when else None,
        # Who is told to slow down was turned away at the door.
        after_work=status != 429 and chance.random() < 0.5,
    )


def _seconds(chance: random.Random, bounds: tuple[float, float]) -> float:
    return round(chance.uniform(*bounds), 2)
