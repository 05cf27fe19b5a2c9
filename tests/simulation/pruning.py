"""What must hold of every deletion, and of every mark that comes before one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import IN_FLIGHT
from tests.simulation.lives import TIME_TAG, Facts, Going, Life
from tests.simulation.policy import Tags
from tests.simulation.retention import kept
from tests.simulation.setting import HOME
from tests.simulation.view import Places, View, moment_of, places, terms_of
from tests.simulation.world import World

RECENT = timedelta(seconds=90)
"""For how long a call may go by what it has read of a single backup: as long as it sends one request again."""

Findings = Iterator[str]


def taken_from_others(world: World) -> Findings:
    """Only what the function has made goes: at home what it made when it was due, elsewhere its copies."""
    for going in world.ledger.goings:
        life, maker = going.life, going.life.maker
        is_policy_made = life.resource.fields["sourceType"] != "MANUAL"
        if maker is None or is_policy_made or life.group_id or "PruneCopies" not in going.call.operations:
            yield said_of(going)
        elif life.resource.region == HOME and ("CreateDueBackups" not in maker.operations or not life.slot):
            yield f"{said_of(going)}, which call {maker.number} ({maker.why}) made"
        elif life.resource.region != HOME and life.resource.source_region != HOME:
            yield f"{said_of(going)}, which is from {life.resource.source_region}"


def deleted_without_notice(world: World) -> Findings:
    """What is deleted has been marked for as long as `DELETE_GRACE`, by another call, and is marked still."""
    for going in _deletions(world):
        limits, marked = world.limits_at(going.call.started), world.ledger.facts_at(going.life.id, going.asked)
        until = marked.mark(going.life.id)
        if until is None or going.facts.mark(going.life.id) != until:
            yield f"{said_of(going)} without a mark"
            continue
        first = next(
            facts
            for facts in world.ledger.facts[going.life.id]
            if all(each.mark(going.life.id) == until for each in _from(world, going, facts.since))
        )
        grace = limits.grace if limits else timedelta(days=1)
        if first.by is going.call or first.by is None or "PruneCopies" not in first.by.operations:
            yield f"{said_of(going)}, marked by {first.by.why if first.by else 'somebody'}"
        if until > going.moment or going.moment - first.since < grace:
            yield f"{said_of(going)} only {going.moment - first.since} after it was marked"


def newest_deleted(world: World) -> Findings:
    """The newest AVAILABLE backup of a source in a region stays; a person may delete it in the last moment."""
    everything = places(world)
    for going in _deletions(world):
        place = everything[going.life.source_id, going.life.resource.region]
        newer = [each for each in place if moment_of(world, each) > moment_of(world, going.life)]
        if not any(_is_there(each, going) for each in newer):
            yield said_of(going)


def sibling_not_there(world: World) -> Findings:
    """The next newer one of the same source there is AVAILABLE, so that what goes is not what the next builds upon."""
    everything = places(world)
    for going in world.ledger.goings:
        view = View(world, going.call, going.asked)
        there = view.there(everything[going.life.source_id, going.life.resource.region])
        newer = there[there.index(going.life) + 1 :] if going.life in there else []
        if not newer or view.state(newer[0]) is not State.AVAILABLE:
            yield f"{said_of(going)} before {newer[0].name if newer else 'nothing'}"


def orphaned(world: World) -> Findings:
    """Where the source is gone nothing goes any more."""
    for going in world.ledger.goings:
        end = world.ledger.ended_sources.get(going.life.source_id)
        if end and end < going.call.started:
            yield said_of(going)


def wanted_still(world: World) -> Findings:
    """What a retention keeps stays, be it one that was in force only for a part of the call.

    Where a source's tags cannot be followed, or want no copies, nothing says what is kept: then all is.
    """
    everything = places(world)
    yield from _whatever_the_terms(world, lambda going, tags: _is_kept(world, going, tags, everything))


def not_copied_before(world: World) -> Findings:
    """A backup goes only when its copies are AVAILABLE wherever they belong and are kept, and none is under way.

    And only when these tell of when their data is: nobody else could, once it is gone.
    """
    everything = places(world)
    yield from _whatever_the_terms(
        world, lambda going, tags: going.life.resource.region == HOME and _lacks(world, going, tags, everything)
    )


def _whatever_the_terms(world: World, is_wrong: Callable[[Going, Tags], bool]) -> Findings:
    for going in world.ledger.goings:
        if all(is_wrong(going, tags) for tags in terms_of(world, going.life, going.call.started, going.asked)):
            yield said_of(going)


def _is_kept(world: World, going: Going, tags: Tags, everything: Places) -> bool:
    life, region = going.life, going.life.resource.region
    keep = world.setting.policy.keep(life.source_kind, tags, region)
    made = ours(everything[life.source_id, region])
    moments = View(world, going.call, going.asked).backups(made, {State.AVAILABLE})
    regions = world.expectation.destinations(life.source_kind, tags)
    if regions is None or region not in {HOME, *regions}:
        return True
    return keep is None or (life.copy_of or life.id) in kept(moments, keep, going.asked)


def _lacks(world: World, going: Going, tags: Tags, everything: Places) -> bool:
    """Whether a copy of a backup is missing somewhere, or is not there yet."""
    life, view = going.life, View(world, going.call, going.asked)
    regions = world.expectation.destinations(life.source_kind, tags)
    copies = {
        region: [each for each in everything.get((life.source_id, region), ()) if each.copy_of == life.id]
        for region in {*(regions or ()), *world.setting.allowed}
    }
    is_under_way = any(view.state(copy) in IN_FLIGHT for those in copies.values() for copy in those)
    if regions is None or is_under_way:
        return True
    for region in regions:
        keep = world.setting.policy.keep(life.source_kind, tags, region)
        moments = view.to_be_kept_from(everything, life.source_id, region)
        is_kept = keep is None or life.id in kept(moments, keep, going.asked)
        good = [copy for copy in copies[region] if view.state(copy) is State.AVAILABLE]
        if is_kept and not any(TIME_TAG in world.ledger.facts_at(copy.id, going.asked).tags for copy in good):
            return True
    return False


def ours(place: list[Life]) -> list[Life]:
    """What the function has made: at home what was due."""
    return [life for life in place if life.maker and (life.copy_of or life.slot)]


def _deletions(world: World) -> Iterator[Going]:
    return (going for going in world.ledger.goings if going.is_deletion)


def _from(world: World, going: Going, since: datetime) -> Iterator[Facts]:
    return (each for each in world.ledger.facts[going.life.id] if since <= each.since <= going.asked)


def _is_there(newer: Life, going: Going) -> bool:
    """Whether it is AVAILABLE, or was when this call last looked at it, a moment before."""
    looks = [each for each in going.call.got.get(newer.id, ()) if going.asked - RECENT <= each < going.asked]
    return any(newer.state_at(moment) is State.AVAILABLE for moment in (going.moment, *looks[-1:]))


def said_of(going: Going) -> str:
    """A mark or a deletion, for people."""
    verb = "deleted" if going.is_deletion else "marked"
    return f"call {going.call.number} ({going.call.why}) {verb} {going.life.name} in {going.life.resource.region}"
