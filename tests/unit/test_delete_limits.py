"""How much may go at once: a mistake does not get through, and what people ask for is never held for ever."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.core.fate import Step
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.prune import delete_after, prune
from handlers.core.report import Reason
from handlers.core.settings import Settings
from handlers.core.tokens import mark, slot_tags
from tests.fakes import COMPARTMENT, HOME, configuration, ocid

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 10, 5, tzinfo=UTC)


class Fleet:
    """Sources that are backed up from now on, and pruned after each backup."""

    def __init__(self, settings: Settings, sources: int = 2) -> None:
        self._settings, self.backups = settings, dict[str, Backup]()
        self._sources = [Source(Kind.VOLUME, ocid("volume", HOME, f"n{number}"), {}) for number in range(sources)]
        self.deleted, self.held = 0, list[datetime]()

    def back_up(self, now: datetime) -> None:
        for source in self._sources:
            name = ocid("volumebackup", HOME, f"n{source.id[-2:]}{now:%m%d%H}")
            facts = (Lifecycle.AVAILABLE, now, source.id)
            tags = slot_tags(source.id, now)
            self.backups[name] = Backup(Kind.VOLUME, name, HOME, COMPARTMENT, *facts, freeform_tags=tags)

    def prune(self, now: datetime) -> None:
        inventory = Inventory(originals=dict(self.backups), sources={each.id: each for each in self._sources})
        for fate in prune(inventory, self._settings, now):
            backup = fate.backup
            if fate.reason == Reason.HELD:
                self.held.append(now)
            elif fate.step is Step.MARK:
                marked = {**backup.freeform_tags, **mark(backup.id, delete_after(now, self._settings))}
                self.backups[backup.id] = replace(backup, freeform_tags=marked)
            elif fate.step is Step.DELETE:
                del self.backups[backup.id]
                self.deleted += 1


@pytest.mark.parametrize(
    ("hours", "keep", "keys"),
    [
        (1, "7d 4w 12m 3y", {}),
        (1, "last 10", {}),
        (1, "7d", {}),
        (4, "7d 4w 12m 3y", {}),
        (6, "7d 4w 12m 3y", {}),
        (6, "last 3", {}),
        (6, "2d 4w", {}),
        (24, "7d 4w 12m 3y", {}),
        (24, "30d", {}),
        (24, "last 2", {"MAX_DELETE_PERCENT": "25"}),
        (24, "last 3", {"DELETE_GRACE": "1w"}),
        (24, "7d", {"DELETE_GRACE": "2w"}),
    ],
)
def test_ordinary_retention_is_never_held(hours: int, keep: str, keys: dict[str, str]) -> None:
    """Of a fleet that begins with nothing, with the limits as they are unless something else is said."""
    policy = {"defaults": {"destinations": [], "every": f"{hours}h", "keep": keep}}
    fleet = Fleet(configuration(POLICY=json.dumps(policy), **keys))
    for number in range(40 * 24 // hours if hours > 1 else 12 * 24):
        now = MONDAY + number * hours * HOUR
        fleet.back_up(now)
        fleet.prune(now + HOUR / 4)

    assert not fleet.held
    assert fleet.deleted
