"""UpdateVolumeGroupBackup, UpdateVolumeBackup, UpdateBootVolumeBackup: change a backup's name or tags."""

from __future__ import annotations

import structlog

from handlers.core.errors import ApiFault
from handlers.core.model import Outcome, Result, failure
from handlers.core.operations import UpdateBackup
from handlers.core.ports import Call

log = structlog.get_logger()


def update(operation: UpdateBackup, call: Call) -> Result:
    """The API's own update: given tags replace all there were; with `ifMatch` only while the etag is still that."""
    try:
        if operation.dry_run:
            backup = call.here.get(operation.kind, operation.backup_id)
        else:
            backup = call.here.update(
                operation.kind, operation.backup_id, operation.api_body(), if_match=operation.if_match
            )
    except ApiFault as fault:
        return failure(operation.operation, operation.backup_id, fault)
    outcome = Outcome.PLANNED if operation.dry_run else Outcome.UPDATED
    log.info("backup.updated", backup_id=backup.id, dry_run=operation.dry_run)
    return Result(
        operation.operation,
        outcome,
        source_id=operation.backup_id,
        backup_id=backup.id,
        opc_request_id=backup.opc_request_id,
    )
