"""How a sweep that is too much for one call is divided into several, so that it can never run away.

Whoever hands something on gives away places for copies with it, keeps one at least, and goes no deeper than MAX_DEPTH:
all calls that come of one sweep have together no more places, and are no more in number, than the one that began it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, StrictInt

MAX_DEPTH = 3
"""The sweep that begins it is at 0, what it hands on at 1."""
WIDTH = 8
"""Into so many parts at most one call divides what it cannot do itself."""

OTHERS_MB, BACKUPS_PER_MB = 96, 600
"""What the process takes without any backups, and how many fit into a megabyte, with three copies of each.

`make bench` measures both, and finds somewhat less and somewhat more.
"""
MOST_AT_ONCE = 16
"""Compartments that are read at once, so that it is seen in time when there are too many backups."""


class Part(BaseModel):
    """What a sweep that hands something on says of it: how often that was done, and the places that come with it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    depth: Annotated[StrictInt, Field(ge=1, le=MAX_DEPTH)]
    places: Annotated[StrictInt, Field(ge=1, le=1000)]


@dataclass(frozen=True, slots=True)
class Share:
    """What one further call is to do, with as many copies under way at once as it has places."""

    compartments: tuple[str, ...]
    places: int


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the source region one call reads: so many backups, for so long. The first compartment in any case."""

    backups: int
    until: datetime

    @classmethod
    def of(cls, memory_mb: int, until: datetime) -> Room:
        """As many backups as fit into the function's memory."""
        return cls((memory_mb - OTHERS_MB) * BACKUPS_PER_MB, until)

    def next(self, rest: Sequence[str], read: int, backups: int, now: datetime) -> Sequence[str]:
        """Which of the `rest` to read next, after `read` compartments with so many backups; none when it is enough."""
        if not read:
            return rest[:1]
        average = max(1, -(-backups // read))
        fitting = max(0, (self.backups - backups) // average)
        # No more than were read before: the next ones may be larger.
        return () if now >= self.until else rest[: min(fitting, read, MOST_AT_ONCE)]


def divide(compartments: Sequence[str], places: int, depth: int) -> tuple[int, list[Share]]:
    """How many of the places are kept, and the parts that the compartments are handed on in; none where it must not."""
    count = min(WIDTH, places - 1, len(compartments)) if depth < MAX_DEPTH else 0
    if count < 1:
        return places, []
    share = places // (count + 1)
    # The same way each time: what is under way lies in few compartments, and takes the places of their part alone.
    ordered = sorted(compartments, key=lambda each: (crc32(each.encode()), each))
    return places - count * share, [Share(tuple(ordered[first::count]), share) for first in range(count)]


def in_turn(compartments: Sequence[str], places: int, depth: int, occurrence: str) -> Sequence[str]:
    """The order to read them in: the same each time, but for who can hand nothing on, whose last may be left undone.

    That one begins with another compartment each time, so that all have their turn.
    """
    if not compartments or divide(compartments, places, depth)[1]:
        return compartments
    begin = crc32(occurrence.encode()) % len(compartments)
    return [*compartments[begin:], *compartments[:begin]]
