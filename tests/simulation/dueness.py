"""What must hold of the backups that are made because they are due."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import IN_FLIGHT
from tests.simulation.expectation import LIVING
from tests.simulation.lives import Life
from tests.simulation.retention import slot_of
from tests.simulation.setting import HOME
from tests.simulation.view import View, places, terms_of
from tests.simulation.world import World

Findings = Iterator[str]


def made_twice(world: World) -> Findings:
    """However many ticks there are, no two living backups are made of one source for one slot."""
    made: defaultdict[tuple[str, datetime], list[Life]] = defaultdict(list)
    for life, slot in _due(world):
        for other in made[life.source_id, slot]:
            if other.state_at(life.began) in LIVING:
                yield f"{_of(life)} beside {other.name}"
        made[life.source_id, slot].append(life)


def made_for_nothing(world: World) -> Findings:
    """A backup is made only where one is due: in its slot, and where no other was there or under way."""
    everything = places(world)
    for life, slot in _due(world):
        call, asked = life.maker, life.asked
        if call is None or asked is None or "CreateDueBackups" not in call.operations:
            yield f"{_of(life)}, which was not asked to"
            continue
        every, instead = world.setting.policy.every, _instead(call.payload)
        terms = terms_of(world, life, call.started, asked)
        intervals = {every(life.source_kind, tags, instead) for tags in terms}
        slots = {slot_of(moment, hours) for hours in intervals if hours for moment in (call.started, asked)}
        if slot not in slots:
            yield f"{_of(life)} for {slot}, which is not due"
        view = View(world, call, asked)
        for other in everything[life.source_id, HOME]:
            state = view.state(other) if other is not life else None
            if state in IN_FLIGHT or (state is State.AVAILABLE and other.created >= slot):
                yield f"{_of(life)} though {other.name} was {state}"


def _due(world: World) -> Iterator[tuple[Life, datetime]]:
    """What was made because it was due, with the slot that it was made for."""
    for life in world.ledger.lives.values():
        if life.slot and not life.copy_of and not life.group_id:
            yield life, life.slot


def _instead(payload: bytes) -> str | None:
    """The interval that a message names in place of those of the sources."""
    content = json.loads(payload)
    return content.get("every") if isinstance(content, dict) else None


def _of(life: Life) -> str:
    maker = f"call {life.maker.number} ({life.maker.why})" if life.maker else "somebody"
    return f"{maker} made {life.name} of {life.source_id[-6:]}"
