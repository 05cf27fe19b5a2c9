"""What an operator of the emulated cloud may set: how long things take, and how much may go on at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """The lifecycle states of OCI's volumes, groups and backups."""

    REQUEST_RECEIVED = "REQUEST_RECEIVED"
    PROVISIONING = "PROVISIONING"
    RESTORING = "RESTORING"
    CREATING = "CREATING"
    COMMITTED = "COMMITTED"
    UPDATE_PENDING = "UPDATE_PENDING"
    AVAILABLE = "AVAILABLE"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    FAULTY = "FAULTY"


Timeline = tuple[tuple[float, State], ...]
"""A life as data: how many seconds after its start which state is entered."""


@dataclass(frozen=True)
class Timings:
    """How the lives of resources run in cloud time; a failure takes the place of the last state of a life."""

    volume: Timeline = ((0, State.PROVISIONING), (5, State.AVAILABLE))
    restore: Timeline = ((0, State.PROVISIONING), (2, State.RESTORING), (15, State.AVAILABLE))
    volume_group: Timeline = ((0, State.PROVISIONING), (5, State.AVAILABLE))
    group_restore: Timeline = ((0, State.PROVISIONING), (20, State.AVAILABLE))
    backup: Timeline = ((0, State.REQUEST_RECEIVED), (2, State.CREATING), (20, State.AVAILABLE))
    group_backup: Timeline = (
        (0, State.REQUEST_RECEIVED),
        (2, State.CREATING),
        (10, State.COMMITTED),
        (25, State.AVAILABLE),
    )
    copy: Timeline = ((0, State.CREATING), (40, State.AVAILABLE))
    group_copy: Timeline = ((0, State.CREATING), (20, State.COMMITTED), (45, State.AVAILABLE))
    deletion: Timeline = ((0, State.TERMINATING), (5, State.TERMINATED))
    visible_after_end: float = 24 * 3600
    """Seconds for which a TERMINATED resource is still shown."""

    def __post_init__(self) -> None:
        for group, member in (
            (self.group_backup, self.backup),
            (self.group_copy, self.copy),
            (self.group_restore, self.restore),
        ):
            if group[-1][0] < member[-1][0]:
                raise ValueError("A group cannot be complete before its members are.")


@dataclass(frozen=True)
class Limits:
    """The service's limits and the behaviours that documentation leaves open."""

    copies_in_flight: int = 10
    """Copies under way at once per source region; a group's copy counts as one. Beyond it: 429."""
    boot_volume_copies_in_flight: int = 1
    """Copies under way at once per boot volume, not counting members of a group's copy. Beyond it: 429."""
    copies_carry_tags: bool = True
    """Whether a copy has the tags of its source."""
    members_emit_events: bool = True
    """Whether the backups and copies that belong to a group's emit events of their own."""
    seconds_until_listed: float = 0
    """Cloud seconds after which a new resource appears in the lists of its region; by its id it is found at once."""
    timings: Timings = field(default_factory=Timings)
