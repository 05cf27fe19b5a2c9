"""What comes of it when the answer is lost, late or an error: nothing is made twice, and no list is half a list."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Condition
from typing import Any

import pytest

from handlers.cloud.retry import ATTEMPTS
from handlers.core.errors import Missing, Outrun, Passing
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.points import Point
from infra.emulator.faults.fault import Answer, Cut, Fault, Hang
from infra.emulator.listeners import Entry
from tests.contract.worlds import PATHS, EmulatedWorld, body_of
from tests.fakes import AWAY, HOME

SHORT, LONG = 0.3, 30.0


@pytest.fixture
def world(emulated: EmulatedWorld) -> Iterator[EmulatedWorld]:
    yield emulated
    emulated.emulator.call(lambda cloud: cloud.faults.stop())


def fault(world: EmulatedWorld, what: Fault, operation: str, **which: Any) -> None:
    """Have requests of an operation meet a fault."""
    world.emulator.call(lambda cloud: cloud.faults.script(what, operation=operation, **which))


def impatient_at_first(then: Callable[[], None] = lambda: None) -> Callable[[], float]:
    """The patience of a call that gives its first attempt a fraction of a second, and has time for others then.

    `then` is done between the two.
    """
    left = iter([SHORT])

    def patience() -> float:
        seconds = next(left, LONG)
        if seconds == LONG:
            then()
        return seconds

    return patience


class Served:
    """The requests that reached the service since this was made."""

    def __init__(self, world: EmulatedWorld) -> None:
        self._entries: list[Entry] = []
        self._change = Condition()
        world.emulator.watch(self._note)

    def count(self, method: str, path: str) -> int:
        return sum(
            (entry["kind"], entry.get("method")) == ("api.call", method) and _without_version(entry["path"]) == path
            for entry in self._entries
        )

    def wait_for(self, count: int, method: str, path: str) -> None:
        """Return when there are so many."""
        with self._change:
            assert self._change.wait_for(lambda: self.count(method, path) >= count, timeout=30)

    def _note(self, entry: Entry) -> None:
        with self._change:
            self._entries.append(entry)
            self._change.notify_all()


def _without_version(path: str) -> str:
    """`/20160918/volumes` without its first part."""
    return path[path.index("/", 1) :]


def make_original(world: EmulatedWorld, kind: Kind) -> Backup:
    source_id = world.add_source(kind)
    backup = world.backups(HOME).create(kind, body_of(kind, source_id), source_id[-60:])
    world.wait()
    return world.backups(HOME).get(kind, backup.id)


def alone(backups: Any) -> list[str]:
    """The ids of backups that are not members of a group's backup."""
    return [each.id for each in backups if each.group_backup_id is None]


LOST = [
    pytest.param(Cut(after_work=True), id="connection cut"),
    pytest.param(Answer(500, "InternalServerError", after_work=True), id="500"),
    pytest.param(Answer(502, after_work=True), id="502 of a load balancer"),
    pytest.param(Answer(503, "ServiceUnavailable", retry_after=2, after_work=True), id="503"),
    pytest.param(Answer(504, after_work=True), id="504 of a load balancer"),
    pytest.param(Hang(4 * SHORT, after_work=True), id="time-out"),
]


@pytest.mark.parametrize("lost", LOST)
def test_a_backup_whose_answer_was_lost_is_not_made_again(world: EmulatedWorld, kind: Kind, lost: Fault) -> None:
    """The repetition answers with the backup that was made."""
    source_id = world.add_source(kind)
    fault(world, lost, f"Create{kind}Backup")

    answered = world.backups(HOME, impatient_at_first()).create(kind, body_of(kind, source_id), source_id[-60:])

    world.wait()
    assert alone(world.backups(HOME).list_backups(kind, world.compartment_id)) == [answered.id]


@pytest.mark.parametrize("lost", LOST)
def test_a_copy_whose_answer_was_lost_is_not_made_again(world: EmulatedWorld, kind: Kind, lost: Fault) -> None:
    """The repetition answers with the copy that is under way, and no place of the region is taken twice."""
    original = make_original(world, kind)
    fault(world, lost, f"Copy{kind}Backup")

    backups = world.backups(HOME, impatient_at_first())
    answered = backups.copy(original, {"destinationRegion": AWAY}, original.id[-60:])

    assert alone(world.backups(AWAY).list_backups(kind, world.compartment_id)) == [answered.id]
    world.wait()
    assert alone(world.backups(AWAY).list_backups(kind, world.compartment_id)) == [answered.id]


def test_a_copy_that_is_carried_out_after_its_repetition_is_the_same(world: EmulatedWorld, kind: Kind) -> None:
    """The first request was held up on its way, and arrives when nobody waits for it any more."""
    original = make_original(world, kind)
    served = Served(world)
    fault(world, Hang(2 * SHORT), f"Copy{kind}Backup")

    backups = world.backups(HOME, impatient_at_first())
    answered = backups.copy(original, {"destinationRegion": AWAY}, original.id[-60:])
    path = f"/{PATHS[kind]}Backups/{original.id}/actions/copy"
    assert served.count("POST", path) == 1
    served.wait_for(2, "POST", path)

    assert alone(world.backups(AWAY).list_backups(kind, world.compartment_id)) == [answered.id]


@pytest.mark.parametrize("lost", [LOST[0], LOST[1]])
def test_what_a_call_could_not_learn_the_next_call_does(world: EmulatedWorld, kind: Kind, lost: Fault) -> None:
    """No attempt of the first was answered, though the first of them did the work: still there is one copy."""
    original = make_original(world, kind)
    fault(world, lost, f"Copy{kind}Backup", times=ATTEMPTS)
    with pytest.raises(Passing):
        world.backups(HOME).copy(original, {"destinationRegion": AWAY}, original.id[-60:])

    answered = world.backups(HOME).copy(original, {"destinationRegion": AWAY}, original.id[-60:])

    world.wait()
    assert alone(world.backups(AWAY).list_backups(kind, world.compartment_id)) == [answered.id]


@pytest.mark.parametrize("lost", LOST)
def test_a_change_whose_answer_was_lost_is_not_made_again(world: EmulatedWorld, lost: Fault) -> None:
    """The repetition finds another etag: whoever reads again sees the own change."""
    original = make_original(world, Kind.VOLUME)
    fault(world, lost, "UpdateVolumeBackup")

    tags = {"freeformTags": {"a": "1"}}
    with pytest.raises(Outrun):
        world.backups(HOME, impatient_at_first()).update(Kind.VOLUME, original.id, tags, if_match=original.etag)

    assert world.backups(HOME).get(Kind.VOLUME, original.id).freeform_tags == {"a": "1"}


def test_a_change_without_an_etag_is_not_repeated(world: EmulatedWorld) -> None:
    """Somebody else's change may have followed the own one, and would be undone."""
    original = make_original(world, Kind.VOLUME)
    fault(world, Cut(after_work=True), "UpdateVolumeBackup")
    served = Served(world)

    with pytest.raises(Passing) as caught:
        world.backups(HOME).update(Kind.VOLUME, original.id, {"freeformTags": {"a": "1"}})

    assert caught.value.code == "ConnectionFailed"
    assert served.count("PUT", f"/volumeBackups/{original.id}") == 1


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("ended", [False, True], ids=["still ending", "ended"])
def test_a_deletion_whose_answer_was_lost_has_gone_well(
    world: EmulatedWorld, kind: Kind, lost: Fault, *, ended: bool
) -> None:
    """The repetition is refused, since it finds another etag, or nothing: the backup says that it is ending."""
    original = make_original(world, kind)
    fault(world, lost, f"Delete{kind}Backup")
    backups = world.backups(HOME, impatient_at_first(lambda: world.wait() if ended else None))

    assert backups.delete(kind, original.id, str(original.etag)) is None

    world.wait()
    assert world.backups(HOME).get(kind, original.id).lifecycle is Lifecycle.TERMINATED


@pytest.mark.parametrize("unheard", [Cut(), Answer(503, "ServiceUnavailable"), Answer(429, "TooManyRequests")], ids=str)
def test_a_deletion_that_was_not_heard_is_repeated(world: EmulatedWorld, unheard: Fault) -> None:
    """Its repetition does the work, and its answer tells the request's id."""
    original = make_original(world, Kind.VOLUME)
    fault(world, unheard, "DeleteVolumeBackup")

    assert world.backups(HOME).delete(Kind.VOLUME, original.id, str(original.etag))

    assert world.backups(HOME).get(Kind.VOLUME, original.id).lifecycle is Lifecycle.TERMINATING


def test_a_deletion_that_was_not_heard_and_may_not_be_is_refused(world: EmulatedWorld) -> None:
    """That the first attempt was not answered is no sign that it was carried out: the backup is as it was."""
    original = make_original(world, Kind.VOLUME)
    fault(world, Cut(), "DeleteVolumeBackup")
    world.emulator.call(lambda cloud: cloud.deny("DeleteVolumeBackup"))
    try:
        with pytest.raises(Missing):
            world.backups(HOME).delete(Kind.VOLUME, original.id, str(original.etag))
    finally:
        world.emulator.call(lambda cloud: cloud.allow("DeleteVolumeBackup"))

    assert world.backups(HOME).get(Kind.VOLUME, original.id).lifecycle is Lifecycle.AVAILABLE


def test_a_deletion_that_was_not_heard_and_is_outrun_changes_nothing(world: EmulatedWorld) -> None:
    """Somebody has changed the backup meanwhile, and may have had a reason to keep it."""
    original = make_original(world, Kind.VOLUME)
    fault(world, Cut(), "DeleteVolumeBackup")
    world.protect(original)

    with pytest.raises(Outrun):
        world.backups(HOME).delete(Kind.VOLUME, original.id, str(original.etag))

    assert world.backups(HOME).get(Kind.VOLUME, original.id).lifecycle is Lifecycle.AVAILABLE


@pytest.mark.parametrize("lost", LOST[:-1])
def test_a_message_whose_answer_was_lost_is_not_sent_again(world: EmulatedWorld, lost: Fault) -> None:
    """People would be told twice of the same thing."""
    world.notices.tags()
    fault(world, lost, "PublishMessage")

    with pytest.raises(Passing):
        world.notices.publish("A copy is late", "…")

    assert world.published() == [("A copy is late", "…")]


def test_a_message_that_was_not_heard_is_not_sent_again(world: EmulatedWorld) -> None:
    """Nobody can tell that from an answer that was lost."""
    served = Served(world)
    path = f"/topics/{world.topic_id}/messages"
    fault(world, Cut(), "PublishMessage", times=2)

    with pytest.raises(Passing):
        world.notices.publish("A copy is late", "…")
    with pytest.raises(Passing):
        world.notices.publish("A copy is late", "…")
    world.notices.publish("A copy is late", "…")

    assert (served.count("POST", path), world.published()) == (1, [("A copy is late", "…")])


@pytest.mark.parametrize("lost", LOST[:-1])
def test_tags_whose_answer_was_lost_are_not_set_again(world: EmulatedWorld, lost: Fault) -> None:
    """The repetition finds another etag: whoever reads again sees the own change."""
    before = world.notices.tags()
    fault(world, lost, "UpdateTopic")

    with pytest.raises(Outrun):
        world.notices.replace_tags({"told": "1"}, before.etag)

    assert world.notices.tags().tags == {"told": "1"}


@pytest.mark.parametrize("lost", LOST[:-1])
def test_points_whose_answer_was_lost_are_handed_in_again(world: EmulatedWorld, lost: Fault) -> None:
    """A point that is there twice says the same as one, but in a sum; a gap would be taken for silence."""
    point = Point("bytes_stored", {"source": "s", "destination": AWAY}, world.now(), 1.0)
    fault(world, lost, "PostMetricData")

    world.metrics.publish([point])

    assert [(each.name, each.value) for each in world.points()] == [("bytes_stored", 1.0)] * 2


@pytest.mark.parametrize(
    "passing",
    [
        Cut(),
        Answer(429, "TooManyRequests", retry_after=1),
        Answer(500, "InternalServerError"),
        Answer(502),
        Answer(503, "ServiceUnavailable"),
        Answer(504),
    ],
    ids=str,
)
def test_a_page_that_fails_does_not_cut_a_list_short(world: EmulatedWorld, passing: Fault) -> None:
    """It is asked for again; the pages before it are not."""
    expected = [make_original(world, Kind.BOOT_VOLUME).id for _ in range(5)]
    fault(world, passing, "ListBootVolumeBackups", region=HOME, skip=1, times=2)
    served = Served(world)

    found = world.backups(HOME).list_backups(Kind.BOOT_VOLUME, world.compartment_id)

    assert sorted(alone(found)) == sorted(expected)
    assert served.count("GET", "/bootVolumeBackups") == 3


def test_a_page_that_never_comes_is_a_fault_of_the_whole_list(world: EmulatedWorld) -> None:
    """Half a list would be taken for the absence of copies, and they would be made again."""
    for _ in range(3):
        make_original(world, Kind.BOOT_VOLUME)
    fault(world, Answer(500, "InternalServerError"), "ListBootVolumeBackups", region=HOME, skip=1, times=None)

    with pytest.raises(Passing) as caught:
        list(world.backups(HOME).list_backups(Kind.BOOT_VOLUME, world.compartment_id))

    assert (caught.value.code, caught.value.status) == ("InternalServerError", 500)


def test_what_the_service_asks_to_wait_is_known(world: EmulatedWorld) -> None:
    """Also to whoever does not wait that long."""
    fault(world, Answer(429, "TooManyRequests", retry_after=90), "ListVolumes")

    with pytest.raises(Passing) as caught:
        world.backups(HOME).list_sources(Kind.VOLUME, world.compartment_id)

    assert (caught.value.status, caught.value.retry_after) == (429, 90.0)


def test_a_region_that_is_down_leaves_the_others_untouched(world: EmulatedWorld) -> None:
    """Their connections are not its."""
    original = make_original(world, Kind.VOLUME)
    list(world.backups(AWAY).list_backups(Kind.VOLUME, world.compartment_id))
    world.emulator.call(lambda cloud: cloud.faults.region_down(AWAY))

    with pytest.raises(Passing) as caught:
        list(world.backups(AWAY).list_backups(Kind.VOLUME, world.compartment_id))
    here = list(world.backups(HOME).list_backups(Kind.VOLUME, world.compartment_id))
    world.emulator.call(lambda cloud: cloud.faults.region_up(AWAY))
    there = list(world.backups(AWAY).list_backups(Kind.VOLUME, world.compartment_id))

    assert caught.value.code == "ConnectionFailed"
    assert ([each.id for each in here], there) == ([original.id], [])


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)], ids=["behind", "ahead"])
def test_a_clock_that_is_wrong_may_pass(world: EmulatedWorld, ahead: timedelta) -> None:
    """The signature is refused until it is right again."""
    world.emulator.call(lambda cloud: cloud.faults.skew(ahead))
    with pytest.raises(Passing) as caught:
        world.backups(HOME).list_sources(Kind.VOLUME, world.compartment_id)
    world.emulator.call(lambda cloud: cloud.faults.skew(timedelta()))

    assert (caught.value.code, caught.value.status) == ("NotAuthenticated", 401)
    assert list(world.backups(HOME).list_sources(Kind.VOLUME, world.compartment_id)) == []


def test_tokens_that_have_run_out_may_pass(world: EmulatedWorld) -> None:
    """With the next pair of token and key the same client goes on, without another refusal."""
    world.emulator.call(lambda cloud: cloud.faults.expire_tokens())
    with pytest.raises(Passing) as caught:
        world.backups(HOME).list_sources(Kind.VOLUME, world.compartment_id)

    world.emulator.resource_principal(HOME)

    assert (caught.value.code, caught.value.status) == ("NotAuthenticated", 401)
    assert list(world.backups(HOME).list_sources(Kind.VOLUME, world.compartment_id)) == []
