"""What must hold of copies at every moment of a story: looked for in the ledger, when the story is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.simulation.expectation import LIVING
from tests.simulation.lives import Life
from tests.simulation.retention import kept
from tests.simulation.setting import HOME
from tests.simulation.view import View, is_gone, places, terms_of
from tests.simulation.world import World

Findings = Iterator[str]


def copied_twice(world: World) -> Findings:
    """No two copies of one backup in one region are under way or AVAILABLE at any one moment."""
    changes = [
        (when, number, life, state)
        for number, life in enumerate(copies_from_home(world))
        for when, state in life.states
    ]
    alive: defaultdict[tuple[str | None, str], set[str]] = defaultdict(set)
    for _, _, life, state in sorted(changes, key=lambda change: change[:2]):
        same = alive[life.copy_of, life.resource.region]
        if state in LIVING and life.id not in same:
            if same:
                yield f"{said_of(world, life)} beside {', '.join(map(world.ledger.name_of, same))}"
            same.add(life.id)
        elif state not in LIVING:
            same.discard(life.id)


def copied_wrongly(world: World) -> Findings:
    """Copied is only what is no copy and no member of a group's backup, and is swept or was named in the call."""
    for life in made_copies(world):
        original = world.ledger.lives[life.copy_of or ""]
        if original.copy_of or original.group_id:
            yield f"{said_of(world, life)}, which is {'a copy' if original.copy_of else 'a member'}"
        if original.resource.fields["compartmentId"] not in world.swept and not _is_named(life, original):
            yield f"{said_of(world, life)}, which is in another compartment"


def copied_elsewhere(world: World) -> Findings:
    """Copies are made where the backup belongs, or where the call said, and only in regions that are allowed."""
    for life in made_copies(world):
        region, original = life.resource.region, world.ledger.lives[life.copy_of or ""]
        if region not in world.setting.allowed:
            yield f"{said_of(world, life)}, which is not allowed"
        is_swept = original.resource.fields["compartmentId"] in world.swept
        if _is_told(world, life, original) or original.source_id in world.redirected or not is_swept:
            continue
        if region not in world.expectation.belongs(original.resource):
            yield f"{said_of(world, life)}, where it does not belong"


def copied_for_nothing(world: World) -> Findings:
    """No call makes a copy that the retention there does not keep, unless it was asked for this very one."""
    everything = places(world)
    for life in made_copies(world):
        region, original, maker = life.resource.region, world.ledger.lives[life.copy_of or ""], life.maker
        if maker is None or life.asked is None or original.resource.fields["compartmentId"] not in world.swept:
            continue
        if original.id.encode() in maker.payload and region.encode() in maker.payload:
            continue
        view = View(world, maker, life.asked)
        moments = {**view.to_be_kept_from(everything, original.source_id, region), original.id: original.created}
        if is_gone(world, original.source_id, maker.started):
            beside = view.backups(everything.get((original.source_id, region), ()), LIVING)
            newest = max(beside.values(), default=original.created)
            if world.setting.policy.names_keep and original.created < newest:
                yield f"{said_of(world, life)}, older than what is there of a source that is gone"
            continue
        keeps = (
            world.setting.policy.keep(original.source_kind, tags, region)
            for tags in terms_of(world, original, maker.started, life.asked)
        )
        if not any(keep is None or original.id in kept(moments, keep, maker.started) for keep in keeps):
            yield f"{said_of(world, life)}, which is not kept there"


def under_another_key(world: World) -> Findings:
    """A copy has the key that is configured for its region, unless the call named another."""
    for life in made_copies(world):
        key = (world.setting.keys or {}).get(life.resource.region)
        is_told = life.maker is not None and b"kmsKeyId" in life.maker.payload
        if life.resource.fields.get("kmsKeyId", key) != key and not is_told:
            yield said_of(world, life)


def _is_named(life: Life, original: Life) -> bool:
    """Whether the call that made a copy spoke of its original, or of all that is in its compartment."""
    payload = life.maker.payload if life.maker else b""
    return original.id.encode() in payload or original.resource.fields["compartmentId"].encode() in payload


def _is_told(world: World, life: Life, original: Life) -> bool:
    """Whether the call that made a copy named the region; a sweep that does so passes over what is not to be copied."""
    payload = life.maker.payload if life.maker else b""
    is_of_all = b'"Sweep"' in payload and bool(world.expectation.belongs(original.resource))
    return life.resource.region.encode() in payload and (original.id.encode() in payload or is_of_all)


def copies_from_home(world: World) -> Iterator[Life]:
    """All copies that were begun from the region where the function is."""
    return (life for life in world.ledger.copies() if life.resource.source_region == HOME)


def made_copies(world: World) -> Iterator[Life]:
    """Copies that the function has made."""
    return (life for life in copies_from_home(world) if life.maker)


def said_of(world: World, life: Life) -> str:
    """A copy, for people."""
    maker = f"call {life.maker.number} ({life.maker.why})" if life.maker else "somebody"
    return f"{life.name} in {life.resource.region}, a copy that {maker} made of {world.ledger.name_of(life.copy_of)}"
