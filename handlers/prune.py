"""PruneCopies: what no retention keeps is marked, and deleted by a later call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from handlers.core.decision import Scope
from handlers.core.errors import ApiFault, Missing, Outrun, Refused
from handlers.core.fate import Fate, Step
from handlers.core.findings import Findings
from handlers.core.model import Backup, Lifecycle, Source
from handlers.core.operations import PruneCopies
from handlers.core.ports import Call
from handlers.core.prune import delete_after, prune
from handlers.core.report import Outcome, Reason, failure
from handlers.core.tokens import MARK_TAG, MAX_FREEFORM_TAGS, mark, read_mark
from handlers.gather import gather

ATTEMPTS = 3
CHANGED = "it was changed since it was listed, and is looked at again by the next call"
NO_ROOM = f"it has {MAX_FREEFORM_TAGS} tags, and so cannot be marked: take one away, or delete it by hand"
UNANSWERED = "the call's time was up before it was known whether this was done"

log = structlog.get_logger()


def prune_copies(operation: PruneCopies, call: Call) -> Findings:
    """One result for each backup and copy, and one for each list that could not be read: then nothing is done."""
    named = operation.compartment_id or ()
    try:
        compartments = dict.fromkeys([*call.compartments, *named])
    except ApiFault as fault:
        return Findings([failure(operation.operation, None, fault)])
    inventory = gather(compartments, Scope(thorough=True), call)
    fates = prune(inventory, call.settings, call.clock.now(), operation.keep, in_parts=bool(named))
    # A copy that only a tag names was moved to another compartment, by somebody who wants it there.
    fates = [each for each in fates if each.backup.compartment_id in (named or compartments)]
    if not operation.dry_run:
        fates = _carry_out(fates, call)
    lists = {**inventory.unread_source_lists, **inventory.unread}
    results = [
        failure(operation.operation, listing.compartment_id, fault, listing.region) for listing, fault in lists.items()
    ]
    _log(fates)
    deleted = Counter((each.backup.origin, each.backup.region) for each in fates if each.outcome is Outcome.DELETED)
    return Findings(
        results + [each.result(operation.operation) for each in fates], deletions=deleted, is_of_all=not named
    )


def _carry_out(fates: Sequence[Fate], call: Call) -> list[Fate]:
    steps = [each for each in fates if each.step]
    done = call.workers(partial(_step, call=call), steps)
    tried = [after or _left(before, UNANSWERED) for before, after in zip(steps, done, strict=True)]
    return tried + [each for each in fates if not each.step]


def _left(fate: Fate, message: str | None = None) -> Fate:
    """What was not done; that a mark stays where it should go is in order until the next call."""
    if fate.step is Step.UNMARK:
        return fate
    return replace(fate, outcome=Outcome.DEFERRED, reason=Reason.DEADLINE, message=message)


def _step(fate: Fate, call: Call) -> Fate:
    """What came of marking, unmarking or deleting; raises nothing."""
    if call.out_of_time:
        return _left(fate)
    try:
        return _delete(fate, call) if fate.step is Step.DELETE else _mark(fate, call)
    except ApiFault as fault:
        return _refused(fate, fault, call)
    except Exception:  # a fault of ours with one of them does not hide the others
        log.exception("prune.crashed", backup_id=fate.backup.id, region=fate.backup.region)
        return replace(fate, outcome=Outcome.FAILED, reason=Reason.INTERNAL_ERROR, message=None)


def _refused(fate: Fate, fault: ApiFault, call: Call) -> Fate:
    """Oracle's answer for what is gone is the one for a missing permission: so it is read again to tell them apart."""
    try:
        now = _read(fate.backup, call) if isinstance(fault, Refused) else fate.backup
    except ApiFault:
        now = fate.backup
    if now is None:
        return _gone(fate)
    if isinstance(fault, Outrun):
        return _changed(fate, now)
    return replace(fate, outcome=Outcome.FAILED, fault=fault)


def _read(backup: Backup, call: Call) -> Backup | None:
    """The backup as it is now; `None` where it is not there any more."""
    try:
        now = call.backups(backup.region).get(backup.kind, backup.id)
    except Missing:
        return None
    return None if now.lifecycle.is_deleted else now


def _changed(fate: Fate, backup: Backup) -> Fate:
    """That it stays marked where it should go, or the other way round, is in order until the next call."""
    if fate.step is Step.UNMARK:
        return fate
    return replace(fate, backup=backup, outcome=Outcome.DEFERRED, reason=Reason.CHANGED, message=CHANGED)


def _gone(fate: Fate) -> Fate:
    return replace(fate, outcome=Outcome.NOT_READY, reason=Lifecycle.TERMINATED.lower(), message=CHANGED)


def _mark(fate: Fate, call: Call) -> Fate:
    """Write the mark, or take it away, with `if-match`; a lost race is read again."""
    for attempts_left in reversed(range(ATTEMPTS)):
        backup = _read(fate.backup, call)
        if backup is None:
            return _gone(fate)
        tags = {key: value for key, value in backup.freeform_tags.items() if key != MARK_TAG}
        if fate.step is Step.MARK:
            tags |= mark(backup.id, delete_after(call.clock.now(), call.settings))
        elif tags == backup.freeform_tags:
            return fate
        if len(tags) > MAX_FREEFORM_TAGS:
            return replace(fate, outcome=Outcome.FAILED, reason=Reason.NO_ROOM, message=NO_ROOM)
        try:
            now = _update(backup, tags, call)
        except Outrun:
            if not attempts_left:
                raise
            continue
        if fate.step is Step.UNMARK:
            return replace(fate, backup=now)
        return replace(fate, backup=now, outcome=Outcome.MARKED, reason=None)
    raise AssertionError("unreachable")


def _update(backup: Backup, tags: Mapping[str, str], call: Call) -> Backup:
    return call.backups(backup.region).update(backup.kind, backup.id, {"freeformTags": tags}, if_match=backup.etag)


def _delete(fate: Fate, call: Call) -> Fate:
    """Delete a backup, unless anything that its fate was made of has changed since the lists were read."""
    backup = _read(fate.backup, call)
    if backup is None:
        return _gone(fate)
    if not _is_as_listed(backup, fate.backup, call) or not _are_there(fate.guards, call):
        return _changed(fate, backup)
    if not _says_the_same(fate.source, call):
        return _changed(fate, backup)
    request_id = call.backups(backup.region).delete(backup.kind, backup.id, str(backup.etag))
    log.info(
        "backup.deleted",
        backup_id=backup.id,
        region=backup.region,
        source_id=backup.source_id,
        opc_request_id=request_id,
    )
    return replace(fate, backup=replace(backup, opc_request_id=request_id), outcome=Outcome.DELETED, reason=None)


def _is_as_listed(backup: Backup, listed: Backup, call: Call) -> bool:
    """Whether it still is AVAILABLE, unprotected and marked for long enough, with the very tags that were listed."""
    after, now = read_mark(backup), call.clock.now()
    is_due = after is not None and after <= now and backup.freeform_tags == listed.freeform_tags
    return backup.lifecycle is Lifecycle.AVAILABLE and not backup.is_held(now) and not backup.is_scheduled and is_due


def _are_there(guards: Sequence[Backup], call: Call) -> bool:
    """Whether all of these are AVAILABLE still: without them it may be the last of its source, or of its period."""
    found = (_read(each, call) for each in guards)
    return bool(guards) and all(each is not None and each.lifecycle is Lifecycle.AVAILABLE for each in found)


def _says_the_same(listed: Source | None, call: Call) -> bool:
    """Whether the source still has what its policy goes by: a tag may have been set meanwhile to keep all of it."""
    if listed is None:
        return False
    try:
        now = call.here.source(listed.kind, listed.id)
    except Missing:
        return False
    return not now.is_ending and (now.tags, now.name, now.compartment_id) == (
        listed.tags,
        listed.name,
        listed.compartment_id,
    )


def _log(fates: Sequence[Fate]) -> None:
    marked = sum(each.outcome is Outcome.MARKED for each in fates)
    held = [each for each in fates if each.reason == Reason.HELD]
    if marked:
        log.info("prune.marked", count=marked)
    if held:
        log.error("prune.held", count=len(held), message=held[0].message, backup_id=held[0].backup.id)
