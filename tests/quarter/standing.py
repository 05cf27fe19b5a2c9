"""Why a backup or copy stays, by the rules that README.md gives; reckoned from the cloud's true state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from handlers.core.model import Backup, Lifecycle
from tests.fakes import HOME, UNDER_WAY
from tests.quarter.cloud import PROVENANCE_TAG, SLOT_TAG
from tests.quarter.setting import World
from tests.quarter.terms import Terms, kept


def is_own(backup: Backup) -> bool:
    """Whether the function made it: at home what was due, elsewhere its copies."""
    if backup.copied_from:
        return PROVENANCE_TAG in backup.freeform_tags
    return SLOT_TAG in backup.freeform_tags and not backup.is_scheduled


def why_stays(world: World, backup: Backup) -> str | None:
    """The rule by which nobody may delete it now, or `None`."""
    cloud, source = world.cloud, world.cloud.sources.get(backup.source_id or "")
    if backup.lifecycle is not Lifecycle.AVAILABLE:
        return "it is not AVAILABLE"
    if not is_own(backup):
        return "it is not the function's own"
    if source is None:
        return "its source is gone"
    terms = world.terms(source)
    if backup.region not in (HOME, *terms.regions):
        return "no copies are wanted there"
    place = cloud.there(backup.source_id, backup.region)
    newer = place[place.index(backup) + 1 :]
    if all(each.lifecycle is not Lifecycle.AVAILABLE for each in newer):
        return "it is the newest"
    if cloud.moments[backup.id] in kept_at(world, terms, place, backup):
        return "it is kept"
    if any(each.is_held(world.now) for each in (backup, *cloud.members_of(backup))):
        return "it is protected"
    if newer[0].lifecycle is not Lifecycle.AVAILABLE:
        return "the next newer one is not AVAILABLE"
    if backup.region == HOME and lacks_copies(world, backup, terms):
        return "its copies are not where they belong"
    return None


def kept_at(world: World, terms: Terms, place: Iterable[Backup], backup: Backup) -> set[datetime]:
    """The times that a source's retention keeps where this backup of it is."""
    cloud, is_home = world.cloud, backup.region == HOME
    keep = terms.keep if is_home else terms.keep_in(backup.region)
    own = (cloud.moments[each.id] for each in place if each.lifecycle is Lifecycle.AVAILABLE and is_own(each))
    found = kept(own, keep, world.now)
    return found if is_home else found | wanted_in(world, terms, backup.source_id, backup.region)


def wanted_in(world: World, terms: Terms, source_id: str | None, region: str) -> set[datetime]:
    """The times of which a destination is to have a copy: of backups that are there, and of copies that outlived them.

    Nobody takes away what would be made again at once.
    """
    cloud = world.cloud
    times = [cloud.moments[each.id] for each in copyable(world, source_id)]
    for copy in cloud.there(source_id, region):
        original = cloud.backups.get(copy.copied_from or "")
        if copy.lifecycle is not Lifecycle.FAULTY and (original is None or original.lifecycle.is_deleted):
            times.append(cloud.moments[copy.id])
    return kept(times, terms.keep_in(region), world.now)


def copyable(world: World, source_id: str | None) -> list[Backup]:
    """The backups of a source that can be copied, by whomever they were made."""
    return [each for each in world.cloud.there(source_id, HOME) if each.lifecycle is Lifecycle.AVAILABLE]


def lacks_copies(world: World, backup: Backup, terms: Terms) -> bool:
    """Whether a copy of it is under way anywhere, or missing where it would be kept."""
    copies = world.cloud.copies_of(backup.id)
    there = {each.region for each in copies if each.lifecycle is Lifecycle.AVAILABLE}
    moment = world.cloud.moments[backup.id]
    return any(each.lifecycle in UNDER_WAY for each in copies) or any(
        moment in wanted_in(world, terms, backup.source_id, region) for region in set(terms.regions) - there
    )
