"""What a call tells beside its answer: metrics, and one message where somebody is needed; and that it costs nothing."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.core.errors import ApiFault
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.payloads import Work, parse_operations
from handlers.core.report import Report, Trigger
from handlers.core.tokens import MAX_FREEFORM_TAGS
from handlers.core.told import TAG
from handlers.router import dispatch
from handlers.tell import AGAIN
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeCloud, Message, make_call, ocid, passing, refused
from tests.unit.sweeping import BOTH, arrive

TOPIC = ocid("onstopic")
DAILY = json.dumps({"defaults": {"every": "1d"}})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SWEEP, REPORT, PRUNE, CREATE = (
    {"operation": each} for each in ("Sweep", "ReportCopies", "PruneCopies", "CreateDueBackups")
)
ELSEWHERE = "ocid1.compartment.oc1..elsewhere"


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def call(cloud: FakeCloud, *contents: dict[str, Any], **keys: str) -> Report:
    """Carry out these operations, a sweep where none is named, of a function with daily backups and a topic."""
    return call_in(timedelta(minutes=5), cloud, *contents, **keys)


def call_in(lasts: timedelta, cloud: FakeCloud, *contents: dict[str, Any], **keys: str) -> Report:
    """In this time."""
    work = Work(Trigger.OPERATION, parse_operations(list(contents or [SWEEP])))
    keys = {"NOTIFICATION_TOPIC_ID": TOPIC, "POLICY": DAILY, **keys}
    return dispatch(work, make_call(cloud, lasts=lasts, **{key: each for key, each in keys.items() if each}))


def told(cloud: FakeCloud) -> list[Message]:
    """The messages since this was asked last."""
    messages = list(cloud.notices.messages)
    cloud.notices.messages.clear()
    return messages


def titles(cloud: FakeCloud) -> list[str]:
    return [each.title.removeprefix(f"Backup copies of {HOME}: ") for each in told(cloud)]


def values(cloud: FakeCloud, name: str) -> dict[tuple[str, str], float]:
    """What was last measured under this name, by source and destination."""
    points = [each for each in cloud.metrics.points if each.name == name]
    assert all(each.dimensions.keys() == {"source", "destination"} for each in points)
    return {(each.dimensions["source"], each.dimensions["destination"]): each.value for each in points}


def late(cloud: FakeCloud) -> Backup:
    """A backup that has a copy, both three days old."""
    source = cloud.add_source(Kind.VOLUME)
    original = cloud.add_backup(Kind.VOLUME, source_id=source.id)
    cloud.add_copy(original)
    cloud.clock.advance(3 * DAY)
    return original


def renew(cloud: FakeCloud, original: Backup) -> None:
    """A new backup, and a copy of it."""
    cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=original.source_id))


# Metrics


def test_a_sweep_is_measured(cloud: FakeCloud) -> None:
    """Each source and destination, with what the sweep did."""
    original = late(cloud)
    fresh = cloud.add_backup(Kind.VOLUME, source_id=original.source_id)

    call(cloud)

    key = (str(fresh.source_id), AWAY)
    assert values(cloud, "recovery_point_age_seconds") == {key: 3 * 86400}
    assert values(cloud, "recovery_point_breach") == {key: 1}
    assert values(cloud, "copies_started") == {key: 1}
    assert values(cloud, "copies_in_flight") == {key: 1}
    assert values(cloud, "copies_failed") == {("all", AWAY): 0}
    assert values(cloud, "bytes_stored") == {key: 0}
    assert len(cloud.made("metrics.publish")) == 1


@pytest.mark.parametrize(
    ("content", "heard"),
    [
        (SWEEP, True),
        (REPORT, False),
        ({"operation": "PruneCopies"}, False),
        ({"operation": "CreateDueBackups"}, False),
        ({**SWEEP, "dryRun": True}, False),
        ({**SWEEP, "compartmentId": COMPARTMENT}, False),
        ({**SWEEP, "destinationRegion": AWAY}, False),
    ],
    ids=str,
)
def test_only_a_sweep_of_all_is_a_sign_of_life_of_sweeps(
    cloud: FakeCloud, content: dict[str, Any], *, heard: bool
) -> None:
    """Also where there is nothing at all to sweep; nothing else may stand for it when none runs any more."""
    call(cloud, content)

    assert values(cloud, "sweeps") == ({("all", "all"): 1} if heard else {})


def test_copies_that_could_not_be_started_are_measured(cloud: FakeCloud) -> None:
    """By source and destination."""
    original = cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    cloud.refusals[AWAY] = refused()

    call(cloud)

    assert values(cloud, "copies_failed") == {(original.source_id, AWAY): 1}
    assert values(cloud, "copies_started") == {("all", AWAY): 0}


def test_a_report_is_measured(cloud: FakeCloud) -> None:
    """Also where it is a page for people."""
    original = late(cloud)

    call(cloud, REPORT)

    assert values(cloud, "recovery_point_breach") == {(original.source_id, AWAY): 1}


def test_a_report_after_a_sweep_does_not_hide_what_the_sweep_did(cloud: FakeCloud) -> None:
    """How it stands is the report's, what was started and refused is the sweep's; each is told once."""
    first, second = (cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id) for _ in range(2))
    cloud.refusals[first.id] = refused()

    call(cloud, SWEEP, REPORT)

    assert values(cloud, "copies_started") == {(second.source_id, AWAY): 1}
    assert values(cloud, "copies_failed") == {(first.source_id, AWAY): 1}
    names = [(each.name, *each.dimensions.values()) for each in cloud.metrics.points]
    assert len(set(names)) == len(names)


def test_what_was_deleted_is_measured(cloud: FakeCloud) -> None:
    """By source and region, in the call that deletes it."""
    source = cloud.add_source(Kind.VOLUME)
    for _ in range(3):
        cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=source.id))
        cloud.clock.advance(DAY)
    call(cloud)  # writes the provenance of the copies
    keys = {"POLICY": json.dumps({"defaults": {"keep": "last 1"}}), "MAX_DELETE_PERCENT": "100"}
    call(cloud, PRUNE, **keys)
    assert values(cloud, "deletions") == {}
    cloud.clock.advance(2 * DAY)

    report = call(cloud, PRUNE, **keys)

    assert report.counts["deleted"] == 2
    assert values(cloud, "deletions") == {(source.id, AWAY): 2}


@pytest.mark.parametrize("content", [SWEEP, REPORT, PRUNE, CREATE], ids=lambda each: each["operation"])
def test_a_dry_run_tells_nothing(cloud: FakeCloud, content: dict[str, Any]) -> None:
    """Neither Monitoring nor anybody."""
    late(cloud)

    call(cloud, {**content, "dryRun": True})

    assert cloud.metrics.points == []
    assert not [each for each in cloud.calls if each.method.startswith("notices")]


def test_metrics_may_be_off(cloud: FakeCloud) -> None:
    """People are told all the same."""
    late(cloud)

    call(cloud, METRICS="off")

    assert cloud.made("metrics.publish") == []
    assert len(told(cloud)) == 1


def test_without_a_topic_nobody_is_told(cloud: FakeCloud) -> None:
    """Monitoring is all the same."""
    late(cloud)

    call(cloud, NOTIFICATION_TOPIC_ID="")

    assert not [each for each in cloud.calls if each.method.startswith("notices")]
    assert cloud.metrics.points


def test_without_time_nothing_is_told(cloud: FakeCloud) -> None:
    """The answer comes first."""
    late(cloud)
    cloud.call_takes = timedelta(seconds=1)

    call_in(timedelta(seconds=11), cloud)

    assert not [each for each in cloud.calls if each.method.startswith(("notices", "metrics"))]


def test_what_time_is_left_goes_to_people_first(cloud: FakeCloud) -> None:
    """A gap in a metric is seen as one."""
    late(cloud)
    cloud.script("notices.replace_tags", lambda: cloud.clock.advance(timedelta(minutes=6)))

    call(cloud)

    assert len(told(cloud)) == 1
    assert cloud.made("metrics.publish") == []


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_about_one_backup_alone_tells_nothing(cloud: FakeCloud, kind: Kind) -> None:
    """An event comes for each backup; what failed is in its own answer."""
    late(cloud)
    source, original = cloud.add_source(kind), cloud.add_backup(kind)
    cloud.refusals[AWAY] = refused()
    stem = f"{kind[0].lower()}{kind[1:]}"
    create = {"operation": f"Create{kind}Backup", f"{stem}Id": source.id}
    update = {"operation": f"Update{kind}Backup", f"{stem}BackupId": original.id, "freeformTags": {}}
    explain = {"operation": "ExplainPolicy", "sourceId": source.id}

    report = call(cloud, {"operation": f"Copy{kind}Backup", f"{stem}BackupId": original.id}, create, update, explain)

    assert report.counts["failed"] == 1
    assert not [each for each in cloud.calls if each.method.startswith(("notices", "metrics"))]


FAULTS = [passing(), passing("TooManyRequests", 429), refused(), refused("NotAuthenticated", 401)]
TELLING = ["metrics.publish", "notices.tags", "notices.publish", "notices.replace_tags"]


def crash() -> None:
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize("method", TELLING)
@pytest.mark.parametrize("effect", [*FAULTS, crash], ids=lambda each: getattr(each, "code", "crash"))
def test_the_work_is_done_whatever_becomes_of_its_telling(cloud: FakeCloud, method: str, effect: Any) -> None:
    """The answer is the same; the log says what could not be told, and the other half is told."""
    worlds = []
    for broken in (FakeCloud(), FakeCloud()):
        original = late(broken)
        cloud.add_backup(Kind.VOLUME, source_id=original.source_id)
        worlds.append(broken)
    well, broken = worlds
    # Whether the topic's tags may be changed is tried before.
    broken.script(method, effect, calls_before=int(method == "notices.replace_tags"))
    expected = call(well)

    with capture_logs() as lines:
        report = call(broken)

    assert report.as_json("x") == expected.as_json("x")
    (line,) = [each for each in lines if each["event"].startswith("tell.")]
    assert line["event"] == ("tell.failed" if isinstance(effect, ApiFault) else "tell.crashed")
    assert line.get("reason") == getattr(effect, "code", None)
    assert (broken.metrics.points == []) == (method == "metrics.publish")
    assert (broken.notices.messages == []) == (method in {"notices.tags", "notices.publish"})


# Messages


def test_a_breach_is_told_once_and_its_end_once(cloud: FakeCloud) -> None:
    """However many sweeps there are, and whoever sees it."""
    original = late(cloud)
    for _ in range(3):
        call(cloud)
        call(cloud, REPORT)
        call(cloud, CREATE, SWEEP, PRUNE, REPORT)
    (begun,) = told(cloud)
    assert begun.title.startswith(f"Backup copies of {HOME}: the recovery point of volume-n1 ")
    assert "What to do:" in begun.body

    renew(cloud, original)
    for _ in range(3):
        call(cloud)
        call(cloud, REPORT)

    (ended,) = told(cloud)
    assert "is in time again" in ended.title


def test_a_call_sends_one_message_at_most(cloud: FakeCloud) -> None:
    """Whatever it has found, in however many operations."""
    for _ in range(3):
        late(cloud)
    source = cloud.add_source(Kind.VOLUME)
    cloud.add_backup(Kind.VOLUME, source_id=source.id, lifecycle=Lifecycle.FAULTY)
    cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=source.id), lifecycle=Lifecycle.FAULTY)
    cloud.refusals[AWAY] = refused()

    call(cloud, CREATE, SWEEP, PRUNE, REPORT)

    (message,) = told(cloud)
    assert message.body.count("is older than") + message.body.count("the recovery point of") == 3
    assert message.body.count("ended FAULTY") == 2
    assert "Sweep failed in us-phoenix-1: NotAuthorizedOrNotFound" in message.body


def test_where_nobody_is_needed_nothing_is_said(cloud: FakeCloud) -> None:
    """And nothing is written."""
    original = cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    for _ in range(3):
        call(cloud, CREATE, SWEEP, PRUNE, REPORT)
        arrive(cloud)

    assert cloud.copies_in(AWAY)[0].copied_from == original.id
    assert told(cloud) == []
    assert cloud.made("notices.replace_tags") == []


def test_a_copy_that_ended_faulty_is_told_once(cloud: FakeCloud) -> None:
    """Each by itself."""
    source = cloud.add_source(Kind.VOLUME)
    for _ in range(2):
        original = cloud.add_backup(Kind.VOLUME, source_id=source.id)
        faulty = cloud.add_copy(original, lifecycle=Lifecycle.FAULTY)
        cloud.add_copy(original)
        for _ in range(3):
            call(cloud)
        (message,) = told(cloud)
        assert faulty.id in message.title
        assert message.body.count("What to do:") == 1


def test_a_copy_that_does_not_arrive_is_told_once(cloud: FakeCloud) -> None:
    """A day after it was begun."""
    original = cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    copy = cloud.add_copy(original, lifecycle=Lifecycle.CREATING)
    messages = []
    for _ in range(30):
        call(cloud)
        messages += told(cloud)
        cloud.clock.advance(HOUR)

    (message,) = messages
    assert copy.id in message.title
    assert "under way" in message.title


def test_a_missing_permission_is_told_once_while_it_lasts(cloud: FakeCloud) -> None:
    """And again where it is missing again."""
    cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    for _ in range(2):
        cloud.refusals[AWAY] = refused()
        for _ in range(3):
            call(cloud)
        (message,) = told(cloud)
        assert message.title.endswith(f": Sweep failed in {AWAY}: NotAuthorizedOrNotFound. no")
        assert f"First: {next(iter(cloud.backups))}." in message.body

        del cloud.refusals[AWAY]
        call(cloud)
        arrive(cloud, Lifecycle.TERMINATED)
        assert told(cloud) == []
        cloud.clock.advance(DAY)
        cloud.tokens.clear()


@pytest.mark.parametrize("fault", [passing(), passing("TooManyRequests", 429), passing("Timeout", 0)])
def test_a_missing_permission_behind_a_silent_region_is_still_missing(cloud: FakeCloud, fault: ApiFault) -> None:
    """It was not tried in that call; it is not told again after it."""
    cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    cloud.refusals[AWAY] = refused()
    call(cloud)
    assert len(told(cloud)) == 1

    for hour in range(6):
        if hour % 2:
            cloud.script("list_backups", *[fault] * len(Kind), region=AWAY)
        call(cloud)

    assert told(cloud) == []


@pytest.mark.parametrize("content", [SWEEP, REPORT, PRUNE, CREATE], ids=lambda each: each["operation"])
@pytest.mark.parametrize("fault", [passing(), passing("TooManyRequests", 429), passing("Timeout", 0)])
@pytest.mark.parametrize("method", ["list_backups", "list_sources", "copy", "create"])
def test_what_passes_by_itself_is_not_told(
    cloud: FakeCloud, content: dict[str, Any], fault: ApiFault, method: str
) -> None:
    """Not even where nothing else was found; nor what waits for it."""
    source = cloud.add_source(Kind.VOLUME)
    for _ in range(3):
        cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=source.id))
    keys = {"POLICY": json.dumps({"defaults": {"every": "1d", "keep": "last 1"}})}
    call(cloud, **keys)
    cloud.clock.advance(DAY)
    cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id)
    cloud.script(method, *[fault] * 3)

    call(cloud, content, **keys)

    assert told(cloud) == []


def test_a_firewall_that_holds_is_told_once(cloud: FakeCloud) -> None:
    """With where to look, and what to do."""
    source = cloud.add_source(Kind.VOLUME)
    for _ in range(4):
        cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=source.id))
        cloud.clock.advance(timedelta(minutes=1))
    keys = {"POLICY": json.dumps({"defaults": {"keep": "last 1"}})}
    call(cloud, **keys)
    call(cloud, PRUNE, **keys)
    assert told(cloud) == []
    cloud.clock.advance(DAY + timedelta(minutes=1))

    for _ in range(3):
        report = call(cloud, PRUNE, **keys)

    assert report.counts["failed"] == 3
    (message,) = told(cloud)
    assert "held, 3 of its results" in message.title
    assert "MAX_DELETE_PERCENT" in message.body
    assert "nothing was deleted" in message.body


def test_many_alike_are_one(cloud: FakeCloud) -> None:
    """And when they are over, that is told once too."""
    originals = [late(cloud) for _ in range(2)]
    originals += [original for _ in range(25) for original in [_beside(cloud, originals[0])]]
    for _ in range(3):
        call(cloud)
    (begun,) = told(cloud)
    assert begun.body.count("What to do") == 1
    assert "27 times in us-phoenix-1" in begun.title

    for original in originals:
        renew(cloud, original)
    for _ in range(3):
        call(cloud)

    (ended,) = told(cloud)
    assert ended.body.count("\n- ") == 1


def _beside(cloud: FakeCloud, original: Backup) -> Backup:
    """Another source that is as late."""
    source = cloud.add_source(Kind.VOLUME)
    another = cloud.add_backup(Kind.VOLUME, source_id=source.id, time_created=original.time_created)
    cloud.add_copy(another)
    return another


def test_a_call_about_one_compartment_ends_nothing_of_the_others(cloud: FakeCloud) -> None:
    """Neither breaches, nor that there are many, nor failures; nor does one about one destination."""
    originals = [late(cloud)]
    originals += [_beside(cloud, originals[0]) for _ in range(25)]
    cloud.refusals |= {AWAY: refused(), FAR: refused()}
    cloud.add_backup(Kind.VOLUME, source_id=originals[0].source_id)
    call(cloud, DESTINATION_REGIONS=BOTH)
    (message,) = told(cloud)
    assert [message.body.count(each) for each in ("26 times in", "Sweep failed in")] == [2, 2]
    before = cloud.notices.topic_tags.tags

    for content in (SWEEP, REPORT, PRUNE, CREATE):
        call(cloud, {**content, "compartmentId": ELSEWHERE}, DESTINATION_REGIONS=BOTH)
    for content in (SWEEP, REPORT):
        call(cloud, {**content, "destinationRegion": FAR}, DESTINATION_REGIONS=BOTH)

    assert told(cloud) == []
    assert cloud.notices.topic_tags.tags == before
    cloud.clock.advance(timedelta(minutes=1))
    call(cloud, DESTINATION_REGIONS=BOTH)
    assert told(cloud) == []


def test_a_source_that_was_deleted_ends_its_breach(cloud: FakeCloud) -> None:
    """Nothing is due of it any more, and nobody is told that it is in time."""
    original = late(cloud)
    call(cloud)
    told(cloud)
    del cloud.sources[str(original.source_id)]

    for _ in range(3):
        call(cloud, SWEEP, REPORT)

    (message,) = told(cloud)
    assert "nothing is due of" in message.title


@pytest.mark.parametrize("dark", [HOME, AWAY])
def test_a_breach_behind_a_silent_region_is_neither_over_nor_told_again(cloud: FakeCloud, dark: str) -> None:
    """Whichever of the two it is."""
    late(cloud)
    call(cloud)
    assert len(told(cloud)) == 1

    for hour in range(6):
        if hour % 2:
            for method in ("list_backups", "list_sources"):
                cloud.script(method, *[passing("Timeout", 0)] * len(Kind), region=dark)
        call(cloud)
        call(cloud, REPORT)

    assert told(cloud) == []


def test_a_source_kept_elsewhere_does_not_come_and_go(cloud: FakeCloud) -> None:
    """A sweep does not ask for it once all its copies are there, a report does."""
    original = late(cloud)
    source = cloud.sources[str(original.source_id)]
    cloud.sources[source.id] = Source(Kind.VOLUME, source.id, {}, compartment_id=ELSEWHERE)

    for _ in range(3):
        call(cloud, REPORT)
        call(cloud, SWEEP)

    assert len(told(cloud)) == 1


@pytest.mark.parametrize("name", ["a\nb", "Bcc: all\r\n\r\n", "\u202e", "x" * 255, "\x00\x1b"])
def test_a_hostile_name_can_do_nothing(cloud: FakeCloud, name: str) -> None:
    """To the title, which becomes the subject of a mail, nor to the lines of the body."""
    source = cloud.add_source(Kind.VOLUME, name=name, time_created=cloud.clock.now() - 9 * DAY)

    call(cloud)

    (message,) = told(cloud)
    assert message.title.isprintable()
    assert len(message.title) <= 200
    assert source.id in message.body
    assert all(line.startswith(("- ", "  What to do: ")) for line in message.body.split("\n"))


# The memory


def test_the_tags_of_others_stay(cloud: FakeCloud) -> None:
    """Also while ours come and go."""
    others = {"team": "payroll", "cost-centre": "42"}
    cloud.notices.change_tags(others)
    original = late(cloud)

    call(cloud)
    with_ours = dict(cloud.notices.topic_tags.tags)
    renew(cloud, original)
    call(cloud)

    assert {key: value for key, value in with_ours.items() if not key.startswith(TAG)} == others
    assert [key for key in with_ours if key.startswith(TAG)] == [f"{TAG}0"]
    assert cloud.notices.topic_tags.tags == others


def test_what_others_have_written_meanwhile_is_kept(cloud: FakeCloud) -> None:
    """A lost race is read again and merged: also what another call of this function has told."""
    late(cloud)
    away = FakeCloud()
    late(away)
    late(away)
    call(away)
    theirs = away.notices.topic_tags.tags[f"{TAG}0"]
    cloud.script("notices.replace_tags", lambda: cloud.notices.change_tags({"team": "x", f"{TAG}0": theirs}))

    call(cloud)

    tags = cloud.notices.topic_tags.tags
    assert tags["team"] == "x"
    assert {theirs[:8], theirs[8:]} <= {tags[f"{TAG}0"][at : at + 8] for at in range(0, len(tags[f"{TAG}0"]), 8)}
    call(cloud)
    assert len(told(cloud)) == 1


def test_a_race_that_is_lost_every_time_is_given_up(cloud: FakeCloud) -> None:
    """The next call tells it once more, which is better than never."""
    late(cloud)
    cloud.script("notices.replace_tags", *[lambda: cloud.notices.change_tags({"team": "x"})] * 4)

    with capture_logs() as lines:
        call(cloud)

    assert [each["reason"] for each in lines if each["event"] == "tell.failed"] == ["NoEtagMatch"]
    call(cloud)
    call(cloud)
    assert len(told(cloud)) == 2


def test_what_was_not_sent_is_not_remembered(cloud: FakeCloud) -> None:
    """It is sent by the next call; and a message is sent before it is remembered."""
    late(cloud)
    cloud.script("notices.publish", passing())

    call(cloud)
    assert (told(cloud), cloud.notices.topic_tags.tags) == ([], {})
    call(cloud)

    assert len(told(cloud)) == 1
    order = [each.method for each in cloud.calls if each.method in {"notices.publish", "notices.replace_tags"}]
    tried, sent = "notices.replace_tags", "notices.publish"
    assert order == [tried, sent, tried, sent, "notices.replace_tags"]


def test_where_the_topic_may_not_be_changed_the_message_says_so(cloud: FakeCloud) -> None:
    """It comes again with every call then, and whoever reads it can end that."""
    late(cloud)
    cloud.script("notices.replace_tags", *[refused()] * 4)

    with capture_logs() as lines:
        call(cloud)
        call(cloud)

    assert [AGAIN in each.body for each in told(cloud)] == [True, True]
    assert [each["reason"] for each in lines if each["event"] == "tell.failed"] == ["NotAuthorizedOrNotFound"] * 2
    call(cloud)
    call(cloud)
    assert [AGAIN in each.body for each in told(cloud)] == [False]


def test_without_its_memory_nothing_is_said(cloud: FakeCloud) -> None:
    """It could have been told a hundred times; the log says so."""
    late(cloud)
    cloud.notices.is_gone = True

    with capture_logs() as lines:
        call(cloud)

    assert cloud.made("notices.publish") == []
    assert [each["reason"] for each in lines if each["event"] == "tell.failed"] == ["NotAuthorizedOrNotFound"]


def test_the_topic_always_has_room_for_its_own_tags(cloud: FakeCloud) -> None:
    """FAULTY copies come and go for years."""
    cloud.notices.change_tags({f"tag{number}": "" for number in range(8)})
    source = cloud.add_source(Kind.VOLUME)
    original = cloud.add_backup(Kind.VOLUME, source_id=source.id)
    cloud.add_copy(original)
    for _ in range(12):
        faulty = [cloud.add_copy(original, lifecycle=Lifecycle.FAULTY) for _ in range(10)]
        call(cloud)
        call(cloud)
        for each in faulty:
            del cloud.backups[each.id]

    assert len(told(cloud)) == 12
    assert len(cloud.notices.topic_tags.tags) == MAX_FREEFORM_TAGS


# A month


OUTAGES = {AWAY: [(100, 160), (400, 430)], FAR: [(140, 200), (600, 603)]}
"""The hours in which nothing could be copied to a region; the target is twelve of them."""


def test_a_month_of_hourly_sweeps_tells_each_breach_once_and_its_end_once(cloud: FakeCloud) -> None:
    """Through outages that come and go, and calls that fail here and there; else that a region has failed for long."""
    chance = Random(11)
    # Not a boot volume: catching up in one region its copies wait in the other, which is a breach of its own.
    sources = [cloud.add_source(kind).id for kind in (Kind.VOLUME, Kind.VOLUME_GROUP)]
    lines: dict[str, list[str]] = {"begun": [], "ended": []}
    for hour in range(30 * 24):
        for region, spans in OUTAGES.items():
            cloud.refusals.pop(region, None)
            if any(start <= hour < end for start, end in spans):
                cloud.refusals[region] = passing("ServiceUnavailable", 503)
        for method in ("list_backups", "list_sources", "notices.tags", "metrics.publish", "update"):
            if chance.random() < 0.05:
                cloud.script(method, *[passing("TooManyRequests", 429)] * chance.randint(1, 6))
        operations = [CREATE, SWEEP, *([REPORT] if hour % 24 == 0 else [])]
        call(cloud, *operations, POLICY=json.dumps({"defaults": {"every": "6h"}}), DESTINATION_REGIONS=BOTH)
        for message in told(cloud):
            begun, _, ended = message.body.partition("Over:")
            news = [each for each in begun.splitlines() if each.startswith("- ")]
            lines["begun"] += [each for each in news if " failed in " not in each or "for more than 6 h" not in each]
            lines["ended"] += [each for each in ended.splitlines() if each.startswith("- ")]
        _pass_an_hour(cloud)

    wanted = {
        (source_id, region): sum(end - start > 12 for start, end in OUTAGES[region])
        for source_id in sources
        for region in OUTAGES
    }
    for kind, words in (("begun", "the recovery point of"), ("ended", "is in time again")):
        assert all(words in line for line in lines[kind])
        assert {
            (source_id, region): sum(source_id in line and region in line for line in lines[kind])
            for source_id, region in wanted
        } == wanted


def _pass_an_hour(cloud: FakeCloud) -> None:
    """What is under way arrives, and what is four days old is deleted everywhere."""
    cloud.clock.advance(HOUR)
    cloud.calls.clear()
    cloud.metrics.points.clear()
    for each in list(cloud.backups.values()):
        if each.lifecycle.is_under_way:
            cloud.change(each, lifecycle=Lifecycle.AVAILABLE)
        elif each.time_created < cloud.clock.now() - 4 * DAY:
            del cloud.backups[each.id]
