"""How everything has to stand when the trouble is over: nothing that is kept is missing, nothing else is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.core.model import Lifecycle
from tests.quarter.setting import GRACE, World
from tests.quarter.standing import copyable, wanted_in, why_stays
from tests.quarter.terms import slot_of

ARRIVES = timedelta(hours=30)
"""After which a backup is copied wherever it belongs, when nothing goes wrong."""


@dataclass
class Loose:
    """Since when there has been no rule any more by which a backup stays."""

    world: World
    since: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """To be called before each prune of the calm days."""
        loose = {
            each.id
            for each in self.world.cloud.backups.values()
            if not each.group_backup_id and each.lifecycle is Lifecycle.AVAILABLE and not why_stays(self.world, each)
        }
        self.since = {each: self.since.get(each, self.world.now) for each in loose}

    def check(self, period: timedelta) -> None:
        """What nothing has kept for long enough is gone: marked by one prune, deleted by the next after the grace."""
        for backup_id, since in self.since.items():
            backup = self.world.cloud.backups.get(backup_id)
            is_there = backup is not None and not backup.lifecycle.is_deleted
            if is_there and self.world.now - since > GRACE + 2 * period:
                self.world.violation(f"{backup_id} is still there, though nothing has kept it since {since}")


def check(world: World) -> None:
    """Every living source has the backups and copies that are due and kept, each copy once."""
    for source in world.cloud.sources.values():
        terms = world.terms(source)
        backups = copyable(world, source.id)
        if terms.every and not world.is_left_to_group(source):
            slot = slot_of(world.now - timedelta(days=1), terms.every)
            if all(each.time_created < slot for each in backups):
                world.violation(f"{source.id} has no backup since {slot}")
        for region in terms.regions:
            wanted = wanted_in(world, terms, source.id, region)
            copies = [each for each in world.cloud.there(source.id, region) if each.lifecycle is not Lifecycle.FAULTY]
            for moment, count in Counter(world.cloud.moments[each.id] for each in copies).items():
                if count > 1:
                    world.violation(f"{source.id} has {count} copies of {moment} in {region}")
            there = {world.cloud.moments[each.id] for each in copies if each.lifecycle is Lifecycle.AVAILABLE}
            for moment in wanted - there:
                if moment < world.now - ARRIVES:
                    world.violation(f"{source.id} has no copy of {moment} in {region}")
