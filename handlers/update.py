"""UpdateVolumeGroupBackup, UpdateVolumeBackup, UpdateBootVolumeBackup: change a backup's name or tags."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from handlers.core.errors import ApiFault, Outrun, Refused
from handlers.core.model import Backup
from handlers.core.operations import UpdateBackup
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason, Result, failure
from handlers.core.tagging import etag_of
from handlers.core.tokens import MAX_FREEFORM_TAGS, OWN_TAGS

ATTEMPTS = 3
ANY = "*"
"""Matches every etag."""

log = structlog.get_logger()


def update(operation: UpdateBackup, call: Call) -> Result:
    """The API's own update; with `ifMatch` only while the etag is still that.

    Given freeform tags replace all there were but the function's own, by which it knows what it has made. An asterisk
    for `ifMatch` stands for any etag, as in the API: then, as without one, a lost race is read again and merged.
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
    kind, backup_id, body = operation.kind, operation.backup_id, operation.api_body()
    if operation.freeform_tags is None:
        return call.here.update(kind, backup_id, body, if_match=operation.if_match)
    for attempts_left in reversed(range(ATTEMPTS)):
        backup = call.here.get(kind, backup_id)
        tags = _beside_our_own(operation.freeform_tags, backup)
        if_match = etag_of(backup) if operation.if_match in {None, ANY} else operation.if_match
        try:
            return call.here.update(kind, backup_id, {**body, "freeformTags": tags}, if_match=if_match)
        except Outrun:
            if operation.if_match not in {None, ANY} or not attempts_left:
                raise
    raise AssertionError("the last attempt returns or raises")


def _rehearse(operation: UpdateBackup, call: Call) -> Backup:
    """The backup as it is; raises what the change would."""
    backup = call.here.get(operation.kind, operation.backup_id)
    if operation.if_match not in {None, ANY, backup.etag}:
        raise Outrun("NoEtagMatch", "ifMatch is not the backup's etag any more", status=412)
    if operation.freeform_tags is not None:
        _beside_our_own(operation.freeform_tags, backup)
    return backup


def _beside_our_own(given: Mapping[str, str], backup: Backup) -> dict[str, str]:
    """These tags and those of the function's own that the backup has; raises `Refused` where they are too many."""
    own = {tag: value for tag, value in backup.freeform_tags.items() if tag.startswith(OWN_TAGS)}
    if len(given) + len(own) > MAX_FREEFORM_TAGS:
        most = MAX_FREEFORM_TAGS - len(own)
        raise Refused(Reason.NO_ROOM, f"it has {len(own)} tags of the function's own: give at most {most} others")
    return {**given, **own}
