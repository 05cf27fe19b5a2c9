"""What a call could know at some moment: what the lists showed that it had read by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import ENDING
from tests.simulation.expectation import LIVING
from tests.simulation.invocation import Invocation
from tests.simulation.lives import TIME_TAG, Life
from tests.simulation.setting import HOME
from tests.simulation.world import World

KINDS = ("Volume", "BootVolume", "VolumeGroup")

Places = Mapping[tuple[str, str], list[Life]]


def places(world: World) -> Places:
    """What there ever was of each source in each region: backups at home, and copies of these elsewhere."""
    found: defaultdict[tuple[str, str], list[Life]] = defaultdict(list)
    for life in world.ledger.lives.values():
        is_from_home = not life.copy_of or life.resource.source_region == HOME
        if not life.group_id and bool(life.copy_of) == (life.resource.region != HOME) and is_from_home:
            found[life.source_id, life.resource.region].append(life)
    return found


def moment_of(world: World, life: Life) -> datetime:
    """When the backup was made that this is, or is a copy of."""
    return world.ledger.lives[life.copy_of].created if life.copy_of else life.created


class View:
    """Of one call, just before a moment."""

    def __init__(self, world: World, call: Invocation, before: datetime) -> None:
        self._world, self._call, self._before = world, call, before
        self._lag = timedelta(seconds=world.setting.limits.seconds_until_listed)

    def state(self, life: Life) -> State | None:
        """The state that a list has shown; `None` where none has shown this backup."""
        read = self._read(
            f"List{life.resource.kind.name}s", life.resource.region, life.resource.fields["compartmentId"]
        )
        return life.state_at(read) if read and life.began + self._lag <= read else None

    def has_read_all(self) -> bool:
        """Whether it has read all sources and backups of the compartments that are swept, and all copies."""
        world = self._world
        for compartment_id in world.swept:
            for kind in KINDS:
                lists = [(f"List{kind}s", HOME)]
                lists += [(f"List{kind}Backups", region) for region in (HOME, *world.setting.allowed)]
                if not all(self._read(operation, region, compartment_id) for operation, region in lists):
                    return False
        return True

    def backups(self, lives: Iterable[Life], states: Iterable[State]) -> dict[str, datetime]:
        """Those of a place that were shown in one of these states, by the backups that they are copies of."""
        allowed = set(states)
        return {life.copy_of or life.id: moment_of(self._world, life) for life in lives if self.state(life) in allowed}

    def there(self, place: Iterable[Life]) -> list[Life]:
        """What was shown and had not ended, oldest first."""
        found = [life for life in place if (self.state(life) or State.TERMINATED) not in ENDING]
        return sorted(found, key=lambda life: (moment_of(self._world, life), life.id))

    def to_be_kept_from(self, all_places: Places, source_id: str, region: str) -> dict[str, datetime]:
        """The backups of a source that a retention in a region chooses from: what could be there, and what is."""
        at_home = self.backups(all_places.get((source_id, HOME), ()), {State.AVAILABLE})
        told = [each for each in all_places.get((source_id, region), ()) if self._is_told(each)]
        return at_home | self.backups(told, LIVING)

    def _is_told(self, copy: Life) -> bool:
        """Whether a list has shown of when the data of a copy is: its original, or its own tag."""
        original = self._world.ledger.lives[str(copy.copy_of)]
        ended = next((when for when, state in original.states if state is State.TERMINATED), self._before)
        is_listed = self._before - ended <= timedelta(seconds=self._world.setting.limits.timings.visible_after_end)
        tags = self._world.ledger.facts_at(copy.id, self._before).tags
        return (is_listed and self.state(original) is not None) or TIME_TAG in tags

    def _read(self, operation: str, region: str, compartment_id: str) -> datetime | None:
        reads = self._call.listed.get((operation, region, compartment_id), ())
        return max((moment for moment in reads if moment < self._before), default=None)


def terms_of(world: World, life: Life, start: datetime, end: datetime) -> Iterator[Mapping[str, str]]:
    """The tags of a backup's source, each that it had within some time."""
    yield from (facts.tags for facts in world.ledger.facts_within(life.source_id, start, end))


def is_gone(world: World, source_id: str, moment: datetime) -> bool:
    """Whether a source could not be seen any more at this moment: for a while after its end it can."""
    end = world.ledger.ended_sources.get(source_id)
    return end is not None and moment - end > timedelta(seconds=world.setting.limits.timings.visible_after_end)
