"""Which backups are to be copied at all."""

from __future__ import annotations

from handlers.core.model import Backup, Lifecycle
from handlers.core.report import Outcome, Reason


def assess(backup: Backup) -> tuple[Outcome, str | None] | None:
    """Outcome and reason for a backup that is not to be copied anywhere, or `None` when it may be."""
    if backup.copied_from is not None:
        return Outcome.IS_COPY, None
    if backup.group_backup_id is not None:
        return Outcome.EXCLUDED, Reason.GROUP_MEMBER
    if backup.lifecycle is not Lifecycle.AVAILABLE:
        return Outcome.NOT_READY, backup.lifecycle.lower()
    return None
