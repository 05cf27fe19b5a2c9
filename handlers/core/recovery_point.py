"""A recovery point: how one source stands in one destination at one moment, with the copies that it has there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.core.errors import ApiFault
from handlers.core.model import Lifecycle, Source
from handlers.core.report import Outcome

STUCK = timedelta(days=1)
"""After which a copy that is still under way will hardly arrive by itself."""


class Standing(StrEnum):
    """How a source stands in a destination, the worst first."""

    BREACH = "breach"
    """The recovery point is older than the policy's target."""
    UNREAD = "unread"
    """The destination could not be read: at most what the backups' own tags tell is known."""
    UNSURE = "unsure"
    """The destination was read, but too little of the source region to say more."""
    NONE_YET = "none_yet"
    """There is no copy yet, and it is not late as far as anybody says."""
    STRAY = "stray"
    """There are copies where the policy wants none."""
    NO_TARGET = "no_target"
    """No policy says how old the recovery point may be."""
    IN_TIME = "in_time"


@dataclass(frozen=True, slots=True)
class CopyState:
    """One copy; `moment` is when the backup was made that it is a copy of, `began` when it was begun itself."""

    id: str
    moment: datetime
    began: datetime
    lifecycle: Lifecycle
    stored_gb: int
    is_orphan: bool

    def is_stuck(self, now: datetime) -> bool:
        """Whether it has been under way for longer than copies take."""
        return self.lifecycle.is_under_way and now - self.began > STUCK


@dataclass(frozen=True, slots=True)
class Recovery:
    """One source in one destination, at one moment. `copies` are those that were not deleted, oldest backup first."""

    now: datetime
    source: Source
    region: str
    belongs: bool
    """Whether the policy wants copies there."""
    is_known: bool
    """Whether the destination could be read."""
    target: timedelta | None
    next_due: datetime | None
    """When the next backup is due; what is due already was due then."""
    waits_since: datetime | None
    """Since when there is something to recover to: the oldest backup that is there, else the source's own beginning.

    `None` where the backups could not be read, and no copy tells either.
    """
    newest_backup: datetime | None
    """The newest AVAILABLE backup of the source, of those that could be read."""
    knows_backups: bool = True
    """Whether the source's backups could be read."""
    copies: tuple[CopyState, ...] = ()
    is_awaited: bool = True
    """Whether more is to come: nothing is of a source that is gone, or is backed up with its volume group."""
    told_of: datetime | None = None
    """The newest backup whose own tags name a copy there: all that is known of a destination that cannot be read."""
    faulty_backups: tuple[str, ...] = ()
    """Backups of the source that are FAULTY."""
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    """How often each outcome was had for a backup of this source here, in this call."""
    is_unsure: bool = False
    """Whether what was seen is too little to say that it is in time.

    The source may be there though it was not seen, with tags that say something else: it could not be read, or was not
    asked for since all its copies are there. Or neither its backups could be read, nor a copy be seen.
    """
    fault: ApiFault | None = None
    """Why the destination could not be read."""

    @property
    def point(self) -> datetime | None:
        """The recovery point: when the newest backup was made whose copy is AVAILABLE."""
        return max((each.moment for each in self.having(Lifecycle.AVAILABLE)), default=None)

    @property
    def age(self) -> timedelta | None:
        """How old the recovery point is; what would be lost if the source region were lost now."""
        return None if self.point is None else max(timedelta(), self.now - self.point)

    @property
    def behind(self) -> timedelta | None:
        """How much older the recovery point is than the newest backup of the source."""
        if self.newest_backup is None or self.point is None:
            return None
        return max(timedelta(), self.newest_backup - self.point)

    @property
    def known_point(self) -> datetime | None:
        """The recovery point as far as is known: where the destination cannot be read, the backups' own tags tell."""
        points = [each for each in (self.point, None if self.is_known else self.told_of) if each]
        return max(points, default=None)

    @property
    def breach_since(self) -> datetime | None:
        """When the recovery point became older than the target; `None` where it is not, or nothing says so.

        Of a destination that cannot be read this is so as far as is known.
        """
        since = self.known_point or self.waits_since
        if not self.belongs or self.target is None or since is None:
            return None
        return since + self.target if self.now - since > self.target else None

    @property
    def standing(self) -> Standing:
        """How it stands, in a word."""
        if not self.is_known:
            return Standing.UNREAD
        if not self.belongs:
            return Standing.STRAY
        if self.breach_since:
            return Standing.BREACH
        if self.is_unsure and (self.target is None or self.point is None):
            return Standing.UNSURE
        if self.point is None and self.is_awaited:
            return Standing.NONE_YET
        return Standing.NO_TARGET if self.target is None else Standing.IN_TIME

    @property
    def stored_gb(self) -> int:
        """What the AVAILABLE copies hold."""
        return sum(each.stored_gb for each in self.having(Lifecycle.AVAILABLE))

    @property
    def in_flight(self) -> tuple[CopyState, ...]:
        """The copies under way, the oldest first."""
        return tuple(sorted((each for each in self.copies if each.lifecycle.is_under_way), key=lambda each: each.began))

    @property
    def orphans(self) -> tuple[CopyState, ...]:
        """The copies whose backup is not in the source region any more."""
        return tuple(each for each in self.copies if each.is_orphan)

    def having(self, lifecycle: Lifecycle) -> tuple[CopyState, ...]:
        """The copies in this state."""
        return tuple(each for each in self.copies if each.lifecycle is lifecycle)
