"""What a film tells of the diary of the cloud and of the function's log."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from infra.local.cast import Source
from infra.local.chronicle import Chronicle
from infra.local.screen import Screen
from infra.local.terms import Terms
from infra.local.timeline import Moment, Tone

START = datetime(2026, 1, 2, tzinfo=UTC)
HOME, NEAR, FAR = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
SHOP = Source("ocid1.volumegroup.oc1.iad.shop", "shop", "group", (NEAR, FAR))
WEB = Source("ocid1.bootvolume.oc1.iad.web", "web", "boot volume", (NEAR,))


@pytest.fixture
def told() -> list[Moment]:
    return []


@pytest.fixture
def chronicle(told: list[Moment]) -> Chronicle:
    chronicle = Chronicle(START, lambda backup: (WEB if "web" in backup else SHOP).id, told.append)
    chronicle.sources = [SHOP, WEB]
    chronicle.topic_id = "ocid1.onstopic.oc1.iad.people"
    return chronicle


def transition(
    backup: str, state: str, region: str = HOME, source: str | None = None, **facts: object
) -> dict[str, object]:
    return {
        "kind": "block_volume.transition",
        "time": START.isoformat(),
        "resource": backup,
        "resource_kind": "volumegroupbackup",
        "region": region,
        "state": state,
        "source": source,
        "group": None,
        **facts,
    }


def wrote(**line: object) -> dict[str, object]:
    return {"kind": "function.wrote", "line": json.dumps(line)}


def test_it_stands_as_many_copies_are_good_as_there_are_backups(chronicle: Chronicle) -> None:
    """Those under way and those that failed are counted apart, as are those whose backup is gone."""
    for entry in [
        transition("one", "AVAILABLE"),
        transition("two", "AVAILABLE"),
        transition("three", "CREATING"),
        transition("copy of one", "AVAILABLE", NEAR, "one"),
        transition("copy of two", "CREATING", NEAR, "two"),
        transition("bad copy of two", "FAULTY", NEAR, "two"),
        transition("copy of none", "AVAILABLE", NEAR, "zero"),
        transition("web's", "AVAILABLE"),
    ]:
        chronicle.take(entry)

    home, near, far = (chronicle.standing(SHOP, region) for region in (HOME, NEAR, FAR))
    assert (home.wanted, home.good, home.under_way, home.is_complete) == (2, 2, 1, True)
    assert (near.wanted, near.good, near.under_way, near.faulty, near.orphans) == (2, 1, 1, 1, 1)
    assert (far.good, far.newest, far.is_complete) == (0, None, False)


def test_a_copy_is_followed_to_its_end(chronicle: Chronicle) -> None:
    """It counts once when it is there and once when it goes; members of a group do not count at all."""
    chronicle.take(transition("one", "AVAILABLE"))
    for state in ("CREATING", "COMMITTED", "AVAILABLE", "TERMINATING", "TERMINATED"):
        chronicle.take(transition("copy", state, NEAR, "one"))
        chronicle.take(transition("member", state, NEAR, "one's", group="copy"))
    chronicle.turn(START + timedelta(hours=1))

    assert dict(chronicle.counts) == {"backups": 1, "copies": 1, "deleted": 1}
    assert [moment.text for moment in chronicle.latest] == [
        "a backup of shop made",
        "a copy of shop arrived in us-phoenix-1",
        "1 copy deleted",
    ]
    assert chronicle.standing(SHOP, NEAR).good == 0


def test_what_failed_is_told(chronicle: Chronicle, told: list[Moment]) -> None:
    """With what it was of, and where."""
    chronicle.take(transition("copy of web", "FAULTY", NEAR, "web's"))

    assert told == [Moment(START, "", "a copy of web in us-phoenix-1 ended FAULTY", Tone.BAD)]


def test_several_deletions_are_told_in_the_plural(chronicle: Chronicle) -> None:
    """Of backups and of copies, each with their number."""
    for backup, source in (("one", None), ("copy", "one"), ("another copy", "one")):
        for state in ("AVAILABLE", "TERMINATING"):
            chronicle.take(transition(backup, state, source=source))
    chronicle.turn(START + timedelta(hours=1))

    assert chronicle.latest[-1].text == "1 backup and 2 copies deleted"


def published(topic: str | None, title: str, body: str) -> dict[str, object]:
    return {"kind": "notifications.published", "topic": topic, "title": title, "body": body}


def test_what_people_are_told_is_told(chronicle: Chronicle, told: list[Moment]) -> None:
    """Through their topic: what alarms say to the function is another one. OCIDs are shortened."""
    title = "the copy ocid1.volumebackup.oc1.eu-frankfurt-1.abcdefgh123456 (of shop) is late"
    chronicle.take(published("another", "sweep", ""))
    chronicle.take(published(chronicle.topic_id, title, "- Over."))

    assert [(moment.text, moment.detail) for moment in told] == [
        ("people are told: the copy ocid1.volumebackup…123456 (of shop) is late", "")
    ]


def test_a_message_is_told_with_the_first_thing_to_do(chronicle: Chronicle, told: list[Moment]) -> None:
    """The others are in the message itself."""
    body = "- One is late\n  What to do: look at the region.\n- Another is\n  What to do: delete it."
    chronicle.take(published(chronicle.topic_id, "One is late, and 1 more", body))

    assert [moment.detail for moment in told] == ["What to do: look at the region."]


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (Terms("6h", {HOME: "last 28", NEAR: "last 28"}), "every 6 h; kept: the newest 28 here and in us-phoenix-1"),
        (Terms("1d", {HOME: "14d", NEAR: "all"}), "every day; kept: 14 days here, all in us-phoenix-1"),
        (Terms("2w", {HOME: "7d 1m"}), "every 2 weeks; kept: 7 daily and 1 monthly ones here"),
    ],
)
def test_what_is_wanted_for_a_source_is_said_in_a_line(terms: Terms, words: str) -> None:
    """What is kept, once for all regions for which it is the same."""
    assert str(terms) == f"backups {words}"


@pytest.mark.parametrize("width", [60, 200])
def test_a_live_view_shows_a_message_whole(chronicle: Chronicle, width: int) -> None:
    """In as many lines as it needs, and no word of it is broken."""
    title = "the recovery point of shop in eu-frankfurt-1 is 12 h 44 min old as far as is known; the target is 12 h"
    chronicle.take(published(chronicle.topic_id, title, "- It is.\n  What to do: see whether the region is up."))
    console = Console(file=io.StringIO(), width=width, height=40, force_terminal=True, no_color=True)
    with Screen(console, 3, plain=False) as screen:
        screen.show(chronicle)
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""

    said = " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).split())
    assert f"people are told: {title} What to do: see whether the region is up." in said


def test_a_region_has_caught_up_when_all_its_copies_are_there(chronicle: Chronicle, told: list[Moment]) -> None:
    """Not before it is up; and sources that have no copies there do not matter."""
    chronicle.take(transition("one", "AVAILABLE"))
    chronicle.take(transition("web's", "AVAILABLE"))
    chronicle.region_down(FAR)
    chronicle.turn(START + timedelta(hours=1))
    chronicle.region_up(FAR)
    chronicle.turn(START + timedelta(hours=2))
    assert [moment.text for moment in told] == ["eu-frankfurt-1 is down", "eu-frankfurt-1 is up again"]

    chronicle.take(transition("copy", "AVAILABLE", FAR, "one"))
    chronicle.turn(START + timedelta(hours=3))
    chronicle.turn(START + timedelta(hours=4))

    assert [(moment.time, moment.text) for moment in told[2:]] == [
        (START + timedelta(hours=2), "eu-frankfurt-1 has every copy again")
    ]


def test_calls_are_counted_and_those_with_trouble_too(chronicle: Chronicle) -> None:
    """A message that asks for nothing is no trouble."""
    for status in ("OK", "IGNORED", "PARTIAL", "FAILED"):
        chronicle.take(wrote(event="invocation.finished", status=status))
    chronicle.take({"kind": "function.wrote", "line": "not JSON"})

    assert (chronicle.counts["calls"], chronicle.counts["troubled"]) == (4, 2)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (wrote(event="operation.crashed", exception="KeyError"), "the function logged operation.crashed"),
        (wrote(event="invocation.rejected", problems={"POLICY": "is wrong"}), "POLICY: is wrong"),
        ({"kind": "function.broke", "reason": "CallTimedOut"}, "a call of the function failed: CallTimedOut"),
    ],
)
def test_what_breaks_in_every_call_is_told_once(
    chronicle: Chronicle, told: list[Moment], entry: dict[str, object], text: str
) -> None:
    """The log has the rest."""
    for _ in range(3):
        chronicle.take(entry)

    assert [(moment.text, moment.tone) for moment in told] == [(text, Tone.BAD)]


def test_days_are_counted_from_one(chronicle: Chronicle) -> None:
    """The first begins at midnight."""
    days = []
    for hours in (0, 23, 24):
        chronicle.turn(START + timedelta(hours=hours))
        days.append(chronicle.day)

    assert days == [1, 1, 2]
