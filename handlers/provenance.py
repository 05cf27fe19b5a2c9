"""The tags that tell people and retention where a copy is and where it came from. Nothing else depends on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from handlers.core.errors import ApiFault, Outrun
from handlers.core.model import Backup
from handlers.core.ports import Backups, Call
from handlers.core.tokens import MAX_FREEFORM_TAGS, copy_provenance, source_provenance

ATTEMPTS = 3

log = structlog.get_logger()


def record(original: Backup, copies: Sequence[Backup], call: Call) -> None:
    """Tag a backup and its copies where they are not tagged yet; never fails."""
    for copy in copies:
        tag(call.backups(copy.region), copy, copy_provenance(original))
    tag(call.here, original, source_provenance(copies))


def tag(backups: Backups, backup: Backup, ours: Mapping[str, str]) -> Backup:
    """Add our tags to those of others; never fails. Answers with the backup as it is now."""
    if ours.items() <= backup.freeform_tags.items():
        return backup
    try:
        return _write(backups, backup, ours)
    except ApiFault as fault:
        log.warning(
            "provenance.skipped",
            backup_id=backup.id,
            region=backup.region,
            reason=fault.code,
            opc_request_id=fault.opc_request_id,
        )
    return backup


def _write(backups: Backups, backup: Backup, ours: Mapping[str, str]) -> Backup:
    """Write with `if-match`; a lost race is read again and merged. Raises `Outrun` after the last attempt."""
    for attempts_left in reversed(range(ATTEMPTS)):
        if backup.etag is None:
            backup = backups.get(backup.kind, backup.id)
        merged = {**backup.freeform_tags, **ours}
        if merged == backup.freeform_tags:
            break
        if len(merged) > MAX_FREEFORM_TAGS:
            log.warning("provenance.no_room", backup_id=backup.id, region=backup.region, limit=MAX_FREEFORM_TAGS)
            break
        try:
            return backups.update(backup.kind, backup.id, {"freeformTags": merged}, if_match=backup.etag)
        except Outrun:
            if not attempts_left:
                raise
            backup = replace(backup, etag=None)
    return backup
