"""What all steps of a story share: the world, its chance, and what happens a little later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.block_volume.resource import ENDING, Resource
from tests.simulation.lives import OURS
from tests.simulation.policy import TIER
from tests.simulation.world import World

HABITS: tuple[Mapping[str, str], ...] = ({}, {"team": "payroll"}, {f"tag-{n}": "kept" for n in range(9)})
"""Tags that backups are made with."""


class Step:
    """Each public method of what inherits from it is one step, and draws its details from the world's chance."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = world.chance
        self.is_busy = world.setting.retention is not None
        """Whether there is so much else that less happens of each."""
        self._orders = 0

    def _any(self, region: str, *, copies: bool | None) -> Any:
        """A living backup of any kind in a region; `None` where there is none."""
        found: list[Resource] = [
            resource
            for kind in BACKUPS
            for resource in self.world.others.resources.of(kind, region)
            if resource.state not in ENDING and (copies is None or copies is bool(resource.copy_of))
        ]
        return self.chance.choice(found) if found else None

    def _has_no_terms(self, source: Resource) -> bool:
        """Whether a source has no tag that nobody could read any more when it is gone."""
        return not any(tag.startswith(OURS) or tag in TIER for tag in source.fields["freeformTags"])

    def _later(self, seconds: float, action: Callable[[], object]) -> None:
        self.world.scheduler.after(seconds, action)
