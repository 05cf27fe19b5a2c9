"""What is looked at in the moment in which the function makes, copies or deletes something."""

from __future__ import annotations

from handlers.core.model import Backup
from tests.fakes import HOME
from tests.quarter.cloud import DEAD, MARK_TAG, SLOT_TAG
from tests.quarter.setting import GRACE, World
from tests.quarter.standing import why_stays


def watch(world: World) -> None:
    """Note whatever is against the rules from now on."""
    looks = {"create": _made, "copy": _copied, "delete": _deleted}
    world.cloud.watchers.append(lambda what, backup: looks[what](world, backup))


def _made(world: World, backup: Backup) -> None:
    """However many ticks there are, no source has two backups of one slot."""
    slot = backup.freeform_tags.get(SLOT_TAG)
    for other in world.cloud.there(backup.source_id, HOME):
        if other.id != backup.id and other.lifecycle not in DEAD and other.freeform_tags.get(SLOT_TAG) == slot:
            world.violation(f"{backup.id} was made beside {other.id} for slot {slot}")


def _copied(world: World, copy: Backup) -> None:
    """No backup has two copies in a region, and none has a copy where none belongs."""
    for other in world.cloud.copies_of(copy.copied_from or ""):
        if other.id != copy.id and other.region == copy.region and other.lifecycle not in DEAD:
            world.violation(f"{copy.id} was made beside {other.id}")
    source = world.cloud.sources.get(copy.source_id or "")
    if source and copy.region not in world.terms(source).regions:
        world.violation(f"{copy.id} was made where none belongs")


def _deleted(world: World, backup: Backup) -> None:
    """What goes is kept by no rule, and has had its mark for all of the grace."""
    why, since = why_stays(world, backup), world.cloud.marked.get(backup.id)
    if why:
        world.violation(f"{backup.id} of {backup.source_id} was deleted though {why}")
    if since is None or world.now - since < GRACE or MARK_TAG not in backup.freeform_tags:
        world.violation(f"{backup.id} was deleted, marked since {since}")
