"""Retry tokens: how a request that is sent again is known, and answered with what the first one made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.emulator.clock import Clock
from infra.emulator.details import invalid
from infra.emulator.wire import ApiError

LIFETIME = timedelta(hours=24)
LONGEST = 64
Request = Mapping[str, Any]


@dataclass(frozen=True)
class _Remembered:
    request: Request
    resource_id: str
    expires: datetime


class RetryTokens:
    """The tokens of the last 24 hours of cloud time, each good for one region and one operation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._remembered: dict[tuple[str, str, str], _Remembered] = {}

    def recall(self, region: str, operation: str, token: str, request: Request) -> str | None:
        """The OCID of what this request made before, or `None` when it is new; 409 when it was another request."""
        if not 1 <= len(token) <= LONGEST:
            raise invalid("opc-retry-token", f"1 to {LONGEST} characters long")
        known = self._remembered.get((region, operation, token))
        if known is None or known.expires <= self._clock.now():
            return None
        if known.request != request:
            raise invalidated()
        return known.resource_id

    def remember(self, region: str, operation: str, token: str, request: Request, resource_id: str) -> None:
        """Keep what a request made, for 24 hours."""
        now = self._clock.now()
        self._remembered = {key: known for key, known in self._remembered.items() if known.expires > now}
        self._remembered[region, operation, token] = _Remembered(request, resource_id, now + LIFETIME)


def invalidated() -> ApiError:
    """The answer to a token that was used for something else, or whose resource has ended since."""
    return ApiError(
        409,
        "InvalidatedRetryToken",
        "The retry token was used in an earlier request with other details, or its resource has been deleted.",
    )
