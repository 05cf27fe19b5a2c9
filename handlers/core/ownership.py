"""Which backups and copies this function has made, and of when their data is: what tags say counts where it can be."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.core.inventory import Inventory
from handlers.core.model import Backup
from handlers.core.surplus import source_time
from handlers.core.tokens import read_copy_provenance, read_slot

_SECOND = timedelta(seconds=1)
"""How far times may be apart: tags have milliseconds."""


def is_ours(backup: Backup, inventory: Inventory, home: str) -> bool:
    """Whether this function made it, and says so itself; never what a policy of Oracle's made, nor a group's member.

    Where Oracle carries tags to copies, one that a person made of a copy of ours has the provenance of that. So what is
    known of the original must agree; one that is not known must have been where its source is, before its copy was.
    """
    if backup.is_scheduled or backup.group_backup_id is not None:
        return False
    if backup.copied_from is None:
        return read_slot(backup) is not None
    provenance = read_copy_provenance(backup.freeform_tags)
    if provenance is None or provenance[0] != home:
        return False
    original = inventory.originals.get(backup.copied_from)
    if original is None:
        is_from_home = _place_of(backup.copied_from) == _place_of(backup.source_id or "")
        return is_from_home and provenance[1] <= backup.time_created + _SECOND
    is_copyable = original.copied_from is None and original.group_backup_id is None
    return is_copyable and abs(provenance[1] - original.time_created) < _SECOND


def is_misdated(copy: Backup, original: Backup) -> bool:
    """Whether a copy's tags are of another backup than its original: nobody could tell once that is gone."""
    provenance = read_copy_provenance(copy.freeform_tags)
    return provenance is not None and abs(provenance[1] - original.time_created) >= _SECOND


def tells_of(copy: Backup, original: Backup) -> bool:
    """Whether a copy's tags will tell of when its data is when its original is gone."""
    return read_copy_provenance(copy.freeform_tags) is not None and not is_misdated(copy, original)


def time_of(backup: Backup, inventory: Inventory) -> datetime:
    """Of when the data is. Whatever its tags say, no copy was made before what it is a copy of."""
    if backup.copied_from is None:
        return backup.time_created
    original = inventory.originals.get(backup.copied_from)
    moment = source_time(backup, original)
    return moment if original else min(moment, backup.time_created)


def _place_of(ocid: str) -> list[str]:
    """Realm and region as an OCID writes them: not each of Oracle's keys for regions is known here."""
    return ocid.split(".")[2:4]
