"""The tags that tell people and retention where a copy is and where it came from. No copy depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import structlog

from handlers.core.decision import Decision, Scope
from handlers.core.eligibility import assess
from handlers.core.errors import ApiFault, Missing, Outrun
from handlers.core.inventory import Inventory
from handlers.core.model import Backup
from handlers.core.ports import Call
from handlers.core.tagging import Tagging, etag_of
from handlers.core.tokens import MAX_FREEFORM_TAGS, copy_tag, named_copies, source_provenance

ATTEMPTS = 3
MOST_REFUSALS = 20
"""After which no more tags are written in a call: a permission is missing."""

log = structlog.get_logger()


def complete(decisions: Iterable[Decision], inventory: Inventory, scope: Scope, call: Call) -> None:
    """Put the tags of originals in the scope, and of their copies, right where they are not; never fails.

    A copy that has only now been started is tagged too. What time does not suffice for is left to a later call.
    """
    copyable = sorted((each for each in decisions if assess(each.original) is None), key=_of_original)
    about = [(same[0].original, same) for _, group in groupby(copyable, key=_of_original) for same in [list(group)]]
    dead = {each for by_id in inventory.copies.values() for each, copies in by_id.items() if _is_any_dead(copies)}
    misled = {*dead, *(each for each, _ in inventory.gone)} - {original.id for original, _ in about}
    others = [original for each in sorted(misled) if scope.has(original := inventory.originals[each])]
    about += [(original, []) for original in others if assess(original) is None]
    taggings = [each for original, same in about for each in _taggings(original, same, inventory) if not each.is_done]
    _note_full([each.backup for each in taggings if not each.has_room])
    refusals: list[str] = []
    call.workers(partial(tag, call=call, refusals=refusals), [each for each in taggings if each.has_room])


def _is_any_dead(copies: Iterable[Backup]) -> bool:
    return any(copy.lifecycle.is_dead for copy in copies)


def _of_original(decision: Decision) -> str:
    return decision.original.id


def _taggings(original: Backup, decisions: Sequence[Decision], inventory: Inventory) -> Iterator[Tagging]:
    """Those of one original and its copies, as far as they are known and have not arrived."""
    copies = [decision.copy for decision in decisions if decision.copy]
    for copy in copies:
        yield Tagging.of_copy(copy, original)
    gone = frozenset(
        copy_tag(region)
        for region, named in named_copies(original.freeform_tags)
        if (original.id, region) in inventory.gone
        or any(copy.id == named and copy.lifecycle.is_dead for copy in inventory.copies_of(original, region))
    )
    yield Tagging(original, source_provenance(copies), gone)


def _note_full(backups: Sequence[Backup]) -> None:
    """One line for all of them: they stay as they are, and come up in every sweep."""
    if backups:
        first = backups[0]
        log.warning(
            "provenance.no_room",
            backup_id=first.id,
            region=first.region,
            count=len(backups),
            limit=MAX_FREEFORM_TAGS,
        )


def tag(tagging: Tagging, call: Call, refusals: list[str]) -> Backup:
    """Write a backup's tags; never fails. Answers with the backup as it is now, as far as is known.

    What Oracle refuses is added to `refusals`; beyond `MOST_REFUSALS` nothing is tried.
    """
    if call.out_of_time or len(refusals) >= MOST_REFUSALS:
        return tagging.backup
    try:
        return _write(tagging, call)
    except Exception as error:  # whatever it is: the copy is there, and the tags are for people
        if not isinstance(error, ApiFault):
            log.exception("provenance.crashed", backup_id=tagging.backup.id, region=tagging.backup.region)
            return tagging.backup
        fault = error
        refusals += [fault.code] if isinstance(fault, Missing) else []
        log.warning(
            "provenance.skipped",
            backup_id=tagging.backup.id,
            region=tagging.backup.region,
            reason=fault.code,
            opc_request_id=fault.opc_request_id,
        )
    return tagging.backup


def _write(tagging: Tagging, call: Call) -> Backup:
    """Write with `if-match`; a lost race is read again and merged. Raises `Outrun` after the last attempt."""
    backup, backups = tagging.backup, call.backups(tagging.backup.region)
    for attempts_left in reversed(range(ATTEMPTS)):
        if backup.etag is None:
            backup = backups.get(backup.kind, backup.id)
        now = replace(tagging, backup=backup)
        if now.is_done:
            break
        if not now.has_room:
            _note_full([backup])
            break
        tags = tagging.merged(backup.freeform_tags)
        try:
            return backups.update(backup.kind, backup.id, {"freeformTags": tags}, if_match=etag_of(backup))
        except Outrun:
            if not attempts_left:
                raise
            backup = replace(backup, etag=None)
    return backup
