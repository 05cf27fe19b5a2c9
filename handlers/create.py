"""CreateVolumeGroupBackup, CreateVolumeBackup, CreateBootVolumeBackup: start a backup in the function's region."""

from __future__ import annotations

import structlog

from handlers.core.errors import ApiFault
from handlers.core.operations import CreateBackup
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason, Result, failure
from handlers.core.tokens import create_token

log = structlog.get_logger()


def create(operation: CreateBackup, call: Call) -> Result:
    """One backup for one occurrence: the same tick delivered again answers with the same backup."""
    try:
        if operation.dry_run:
            call.here.source(operation.kind, operation.source_id)
            log.info("backup.planned", source_id=operation.source_id, region=call.settings.region)
            return Result(operation.operation, Outcome.PLANNED, source_id=operation.source_id)
        body = operation.api_body()
        token = create_token(operation.operation, body, operation.idempotency_key or call.occurrence)
        backup = call.here.create(operation.kind, body, token)
    except ApiFault as fault:
        return failure(operation.operation, operation.source_id, fault)
    dead = backup.lifecycle.is_dead  # what this occurrence made before has failed since: another would need its own
    log.info(
        "backup.faulty" if dead else "backup.created",
        source_id=operation.source_id,
        backup_id=backup.id,
        region=backup.region,
        lifecycle=backup.lifecycle,
        opc_request_id=backup.opc_request_id,
    )
    return Result(
        operation.operation,
        Outcome.FAILED if dead else Outcome.CREATED,
        reason=Reason.FAULTY if dead else None,
        source_id=operation.source_id,
        backup_id=backup.id,
        opc_request_id=backup.opc_request_id,
    )
