"""Which backups are to be copied, and where to."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.core.admission import objection_to
from handlers.core.errors import TagMalformed
from handlers.core.model import Backup, Lifecycle
from handlers.core.ocid import is_region
from handlers.core.report import Outcome, Reason
from handlers.core.settings import Settings

DESTINATIONS_TAG = "backup-copy-destinations"
NO_DESTINATIONS = "none"


def assess(backup: Backup) -> tuple[Outcome, str | None] | None:
    """Outcome and reason for a backup that is not to be copied anywhere, or `None` when it may be."""
    if backup.copied_from is not None:
        return Outcome.IS_COPY, None
    if backup.group_backup_id is not None:
        return Outcome.EXCLUDED, Reason.GROUP_MEMBER
    if backup.lifecycle is not Lifecycle.AVAILABLE:
        return Outcome.NOT_READY, backup.lifecycle.lower()
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
