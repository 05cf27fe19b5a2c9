"""Retry tokens: how a request that is sent again is known, and answered with what the first one made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from starlette.requests import Request

from infra.emulator.clock import Clock
from infra.emulator.details import invalid
from infra.emulator.wire import ApiError

LIFETIME = timedelta(hours=24)
LONGEST = 64


class Made(Protocol):
    """What a request makes."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Made)


@dataclass(frozen=True)
class _Remembered:
    asked: Mapping[str, Any]
    resource_id: str
    expires: datetime


class RetryTokens(Generic[R]):
    """The tokens of the last 24 hours of cloud time, each good for one region and one operation.

    `find` says what became of what was made: `None` when that has ended.
    """

    def __init__(self, clock: Clock, find: Callable[[str], R | None]) -> None:
        self._clock, self._find = clock, find
        self._remembered: dict[tuple[str, str, str], _Remembered] = {}

    def once(self, request: Request, operation: str, asked: Mapping[str, Any], make: Callable[[], R]) -> R:
        """What `make` makes; or, when `opc-retry-token` was used before, what it made then, as that is now.

        Raises OCI's 409 for a token that was used for something else, or whose resource has ended. A token under
        which nothing could be made stays unused.
        """
        token = request.headers.get("opc-retry-token")
        if token is None:
            return make()
        if not 1 <= len(token) <= LONGEST:
            raise invalid("opc-retry-token", f"1 to {LONGEST} characters long")
        now, key = self._clock.now(), (str(request.path_params["region"]), operation, token)
        self._forget(now)
        if known := self._remembered.get(key):
            return self._recall(known, asked)
        made = make()
        self._remembered[key] = _Remembered(asked, made.id, now + LIFETIME)
        return made

    def _forget(self, now: datetime) -> None:
        """Drop what has expired: all live equally long, so the first that was remembered is the first to go."""
        while self._remembered and next(iter(self._remembered.values())).expires <= now:
            del self._remembered[next(iter(self._remembered))]

    def _recall(self, known: _Remembered, asked: Mapping[str, Any]) -> R:
        made = self._find(known.resource_id)
        if made is None or known.asked != asked:
            text = "The retry token was used in an earlier request with other details, or its resource was deleted."
            raise ApiError(409, "InvalidatedRetryToken", text)
        return made
