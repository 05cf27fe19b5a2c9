"""CopyVolumeGroupBackup, CopyVolumeBackup, CopyBootVolumeBackup: one good copy in each destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from handlers import provenance
from handlers.core.errors import ApiFault, KeyMissing, Missing, Passing, Refused, TagMalformed, TokenSpent
from handlers.core.model import Backup, Lifecycle, Source
from handlers.core.ocid import Ocid
from handlers.core.operations import CopyBackup
from handlers.core.plan import CopyNow, Decision, assess, decide, tagged_destinations
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason, Result, failure
from handlers.core.tokens import copy_tag, copy_token

ATTEMPTS = 10
SETTLING = timedelta(seconds=10)
"""After which a new copy is taken to be listed. Oracle names no bound; in practice it is a second or two."""
UNSETTLED = "another copy was started or deleted a moment ago, and no time is left to see which: call again"
UNREADABLE = "the source is gone or may not be read, so a tag backup-copy-destinations on it was not heeded"
EVENTS = {
    Outcome.COPIED: "copy.started",
    Outcome.EXISTS: "copy.exists",
    Outcome.IN_FLIGHT: "copy.in_flight",
    Outcome.PLANNED: "copy.planned",
}

log = structlog.get_logger()


def copy(operation: CopyBackup, call: Call) -> list[Result]:
    """One result for each destination, or a single one where the backup itself decides or names no destination."""
    answer = partial(Result, operation.operation, source_id=operation.backup_id)
    named = operation.destination_region or (None,)
    try:
        original = call.here.get(operation.kind, operation.backup_id)
        verdict = assess(original)
        if verdict:
            answer = partial(answer, verdict.outcome, reason=verdict.reason, message=verdict.message)
            return [answer(destination_region=region) for region in named]
        source = None if operation.destination_region else _source_of(original, call)
        destinations = operation.destination_region or _destinations(source, call)
    except ApiFault as fault:
        return [failure(operation.operation, operation.backup_id, fault, region) for region in named]
    except TagMalformed as fault:
        return [answer(Outcome.FAILED, reason=Reason.TAG_MALFORMED, message=str(fault))]
    if destinations is None:
        return [answer(Outcome.EXCLUDED, reason=Reason.TAG)]
    if not destinations:
        remedy = "name a destinationRegion, or set DESTINATION_REGIONS"
        return [answer(Outcome.FAILED, reason=Reason.NO_DESTINATION, message=remedy)]
    settled = [_copy_to(region, original, operation, call) for region in destinations]
    if not operation.dry_run:
        provenance.record(original, [copy for _, copy in settled if copy], call)
    unheeded = UNREADABLE if source is None and not operation.destination_region else None
    return [replace(result, message=result.message or unheeded) for result, _ in settled]


def _source_of(original: Backup, call: Call) -> Source | None:
    """What the backup was made of; `None` when it is gone or may not be read: the API does not tell which."""
    try:
        return call.here.source(original.kind, original.source_id) if original.source_id else None
    except Missing as fault:
        log.warning(
            "source.unreadable",
            source_id=original.source_id,
            backup_id=original.id,
            region=original.region,
            opc_request_id=fault.opc_request_id,
        )
        return None


def _destinations(source: Source | None, call: Call) -> Sequence[str] | None:
    """Where the source's own tag, else the configuration, wants copies; `None` where the tag wants none."""
    tagged = tagged_destinations(source.freeform_tags if source else {}, call.settings)
    return call.settings.destination_regions if tagged is None else (tagged or None)


def _copy_to(region: str, original: Backup, operation: CopyBackup, call: Call) -> tuple[Result, Backup | None]:
    """Look, decide, act for one destination: what came of it, and the copy that is there or under way."""
    answer = partial(Result, operation.operation, source_id=original.id, destination_region=region)
    if call.out_of_time:
        return answer(Outcome.DEFERRED, reason=Reason.DEADLINE), None
    try:
        key = operation.kms_key_id or call.settings.key_for(region)
        done = _ensure(region, original, key, operation, call)
    except KeyMissing as fault:
        return answer(Outcome.FAILED, reason=Reason.KEY_MISSING, message=str(fault)), None
    except ApiFault as fault:
        return failure(operation.operation, original.id, fault, region), None
    except Exception:  # a fault of ours for one destination does not hide what came of the others
        log.exception("operation.crashed", operation=operation.operation, destination_region=region)
        return answer(Outcome.FAILED, reason=Reason.INTERNAL_ERROR, may_pass=True), None
    log.info(
        EVENTS[done.outcome],
        source_id=original.id,
        destination_region=region,
        backup_id=done.copy.id if done.copy else None,
        opc_request_id=done.copy.opc_request_id if done.copy else None,
    )
    result = answer(
        done.outcome,
        reason=done.reason,
        backup_id=done.copy.id if done.copy else None,
        opc_request_id=done.copy.opc_request_id if done.copy else None,
    )
    return result, done.copy


def _ensure(region: str, original: Backup, key: str | None, operation: CopyBackup, call: Call) -> Decision:
    """Make sure that a living copy is there or under way, and say which it is.

    Oracle binds a retry token for 24 hours to what it made. Where that ended dead, or was deleted, the next attempt
    has the next token.
    """
    body = {"destinationRegion": region}
    body |= {"displayName": operation.display_name} if operation.display_name else {}
    body |= {"kmsKeyId": key} if key else {}
    attempt, fault = -1, Refused(Reason.FAULTY, "every copy ended dead: look at the source backup")
    decision = decide(_copies(region, original, call))
    for number in range(ATTEMPTS):
        if isinstance(decision, Decision):
            return decision
        if operation.dry_run:
            return Decision(Outcome.PLANNED)
        attempt = max(decision.attempt, attempt + 1)
        try:
            made = call.here.copy(original, body, copy_token(original.id, region, attempt))
        except TokenSpent as spent:
            fault = spent
            decision = _look_again(region, original, spent, call, settled=number > 0)
            continue
        if not made.lifecycle.is_dead:
            return Decision(Outcome.EXISTS if made.lifecycle is Lifecycle.AVAILABLE else Outcome.COPIED, copy=made)
        decision = decide(_copies(region, original, call))
    if isinstance(decision, Decision):
        return decision
    raise fault


def _copies(region: str, original: Backup, call: Call) -> Sequence[Backup]:
    """The copies that are listed where the original is; else the one that its tag names: it may have been moved."""
    backups = call.backups(region)
    listed = backups.copies_of(original)
    named = original.freeform_tags.get(copy_tag(region), "")
    parsed = Ocid.parse(named)
    if listed or parsed is None or parsed.resource_type != original.kind.backup_type:
        return listed
    try:
        found = backups.get(original.kind, named)
    except Missing:
        return listed
    return [found] if found.copied_from == original.id else listed


def _look_again(region: str, original: Backup, spent: TokenSpent, call: Call, *, settled: bool) -> Decision | CopyNow:
    """What the destination shows after a retry token was refused.

    It is refused where its copy was deleted, but also where somebody copies this backup by another name or key at this
    moment: their copy may not be listed yet, and is given the time to be, once, before another is made.
    """
    decision = decide(_copies(region, original, call))
    if settled or isinstance(decision, Decision):
        return decision
    if call.time_left <= SETTLING:
        raise Passing(spent.code, UNSETTLED, status=spent.status, opc_request_id=spent.opc_request_id) from spent
    log.info("copy.token_spent", source_id=original.id, destination_region=region)
    call.clock.sleep(SETTLING)
    return decide(_copies(region, original, call))
