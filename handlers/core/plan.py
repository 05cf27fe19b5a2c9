"""What is to be done with a backup, as a function of what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.core.admission import objection_to
from handlers.core.errors import TagMalformed
from handlers.core.model import Backup, Lifecycle
from handlers.core.ocid import is_region
from handlers.core.report import Outcome, Reason
from handlers.core.settings import Settings

DESTINATIONS_TAG = "backup-copy-destinations"
NO_DESTINATIONS = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """How it stands with a backup, where no copy is to be started. `copy` is the one that is there or under way."""

    outcome: Outcome
    reason: str | None = None
    copy: Backup | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class CopyNow:
    """A copy is to be started. `attempt` is the number of copies that ended dead before."""

    attempt: int


def assess(backup: Backup) -> Decision | None:
    """Why this backup is not to be copied anywhere, or `None` when it may be."""
    if backup.copied_from is not None:
        return Decision(Outcome.IS_COPY)
    if backup.group_backup_id is not None:
        return Decision(Outcome.EXCLUDED, Reason.GROUP_MEMBER, message="copy the backup of its volume group instead")
    if backup.lifecycle is not Lifecycle.AVAILABLE:
        return Decision(Outcome.NOT_READY, backup.lifecycle.lower())
    return None


def tagged_destinations(tags: Mapping[str, str], settings: Settings) -> tuple[str, ...] | None:
    """The regions a source's own tag names: none at all for `none`, `None` when it has no such tag.

    Raises `TagMalformed` when the tag is malformed or names a region that is not allowed.
    """
    value = tags.get(DESTINATIONS_TAG)
    if value is None:
        return None
    if value.strip().casefold() == NO_DESTINATIONS:
        return ()
    regions = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
    for region in regions:
        problem = objection_to(region, settings) if is_region(region) else "must name regions, or be none"
        if problem:
            raise TagMalformed(f"{DESTINATIONS_TAG} {problem}")
    return regions


def decide(copies: Sequence[Backup]) -> Decision | CopyNow:
    """Whether to copy a backup to a destination where these are its copies: one living copy is enough."""
    for copy in copies:
        if copy.lifecycle is Lifecycle.AVAILABLE:
            return Decision(Outcome.EXISTS, copy=copy)
    for copy in copies:
        if not copy.lifecycle.is_dead:
            return Decision(Outcome.IN_FLIGHT, copy.lifecycle.lower(), copy=copy)
    return CopyNow(attempt=len(copies))
