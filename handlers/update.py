"""UpdateVolumeGroupBackup, UpdateVolumeBackup, UpdateBootVolumeBackup: change a backup's name or tags."""

from __future__ import annotations

import structlog

from handlers.core.errors import ApiFault, Outrun
from handlers.core.model import Backup
from handlers.core.operations import UpdateBackup
from handlers.core.ports import Call
from handlers.core.report import Outcome, Result, failure
from handlers.core.tokens import OWN_TAGS

ATTEMPTS = 3

log = structlog.get_logger()


def update(operation: UpdateBackup, call: Call) -> Result:
    """The API's own update; with `ifMatch` only while the etag is still that.

    Given freeform tags replace all there were but the function's own, by which it knows what it has made.
    """
    try:
        backup = _rehearse(operation, call) if operation.dry_run else _apply(operation, call)
    except ApiFault as fault:
        return failure(operation.operation, operation.backup_id, fault)
    outcome = Outcome.PLANNED if operation.dry_run else Outcome.UPDATED
    log.info(
        "backup.planned" if operation.dry_run else "backup.updated",
        backup_id=backup.id,
        region=backup.region,
        opc_request_id=backup.opc_request_id,
    )
    return Result(
        operation.operation,
        outcome,
        source_id=operation.backup_id,
        backup_id=backup.id,
        opc_request_id=backup.opc_request_id,
    )


def _apply(operation: UpdateBackup, call: Call) -> Backup:
    kind, backup_id, body, if_match = operation.kind, operation.backup_id, operation.api_body(), operation.if_match
    if operation.freeform_tags is None:
        return call.here.update(kind, backup_id, body, if_match=if_match)
    for attempts_left in reversed(range(ATTEMPTS)):
        backup = call.here.get(kind, backup_id)
        own = {tag: value for tag, value in backup.freeform_tags.items() if tag.startswith(OWN_TAGS)}
        tags = {**operation.freeform_tags, **own}
        try:
            return call.here.update(kind, backup_id, {**body, "freeformTags": tags}, if_match=if_match or backup.etag)
        except Outrun:
            if if_match or not attempts_left:
                raise
    raise AssertionError("the last attempt returns or raises")


def _rehearse(operation: UpdateBackup, call: Call) -> Backup:
    """The backup as it is; `Outrun` where the API would answer so."""
    backup = call.here.get(operation.kind, operation.backup_id)
    if operation.if_match not in {None, backup.etag}:
        raise Outrun("NoEtagMatch", "ifMatch is not the backup's etag any more", status=412)
    return backup
