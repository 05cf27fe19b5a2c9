"""The pages for people: nothing that somebody named can change them, and what matters stands first."""

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.fleet import FleetReport, Problem, Unread
from handlers.core.model import Kind, Lifecycle
from handlers.core.recovery_point import CopyState, Recovery, Standing
from handlers.pages.html import html_page
from handlers.pages.markdown import markdown_page
from handlers.pages.words import SIGNS, STANDINGS, duration, moment, plain, size
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME
from tests.unit.report_pages import DAY, HOUR, NOW, copy, fleet, in_breach, in_time, recovery

PAGES = [html_page, markdown_page]
HOSTILE = st.text(max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</style></title><img src=x onerror=alert(1)>",
        "\"><svg onload='x'>&amp;<!--",
        "| a | b |\n| --- | --- |\n```\n# [x](http://evil.example) ![x](y)",
        "\u202etxt.exe\x00\x1b[31m\ud800\ufffe",
        "]]><?xml?>{{7*7}}${7*7}",
    ]
)


LOADING = {"script", "link", "img", "iframe", "object", "embed", "form", "audio", "video", "base", "image"}


class Structure(HTMLParser):
    """Everything of a page but its text: elements and attributes, in their order, closed as they were opened."""

    VOID = ("meta",)

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str | None] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value for name, value in attrs if name in {"href", "src", "xlink:href", "action", "data"}]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def tree(page: str) -> ET.Element:
    """The page as XML: it is written so that it is that too."""
    return ET.fromstring(page.removeprefix("<!doctype html>\n"))


def lanes(report: FleetReport) -> list[ET.Element]:
    return [each for each in tree(html_page(report)).iter("svg") if each.get("class") == "lane"]


def named(name: str, region: str = AWAY) -> FleetReport:
    """A report in which everything that others may name has this name."""
    states = [Lifecycle.AVAILABLE, Lifecycle.FAULTY, Lifecycle.CREATING]
    copies = [copy((3 + 40 * index) * HOUR, state, id=name) for index, state in enumerate(states)]
    found = recovery(name, *copies, region=region, source_id=name, faulty_backups=(name,))
    unread = [Unread(region, Kind.VOLUME, name, name)]
    problems = {name: [Problem(found.source, "keep", name)]}
    return fleet(
        found, notes=[name], unread=unread, problems=problems, source_region=name, compartments=[name], max_rows=1
    )


def everything() -> FleetReport:
    """One in each standing, and copies in every state."""
    states = [Lifecycle.AVAILABLE, Lifecycle.FAULTY, Lifecycle.CREATING]
    mixed = [copy((1 + 3 * index) * HOUR, state) for index, state in enumerate(states)]
    return fleet(
        recovery("mixed", *mixed, copy(5 * DAY, is_orphan=True), copy(3 * DAY, Lifecycle.CREATING)),
        recovery("mixed", *mixed, region=FAR, belongs=False),
        in_time("dark", is_known=False, region=FAR),
        in_time("free", target=None),
        in_time("hidden", target=None, is_unsure=True),
        in_breach("late"),
        recovery("fresh", waits_since=NOW - HOUR),
    )


@given(HOSTILE)
def test_what_somebody_named_is_only_text_in_html(name: str) -> None:
    """The page has the elements and attributes that it has with any other name, and shows this one."""
    page, tame = Structure(html_page(named(name))), Structure(html_page(named("x")))

    assert page.parts == tame.parts
    assert plain(name) in "".join(page.text)
    assert tree(html_page(named(name))) is not None
    assert html_page(named(name)).encode()


@given(HOSTILE)
def test_what_somebody_named_is_only_text_in_markdown(name: str) -> None:
    """The text has the lines, and the lines have the columns, that they have with any other name."""
    page, tame = markdown_page(named(name)).splitlines(), markdown_page(named("x")).splitlines()

    assert [line.count("|") for line in page] == [line.count("|") for line in tame]
    assert not re.search(r"[<`]|://|(?<!\\)[\[\]~]", "\n".join(page))
    assert [line[:2] for line in page if line[:1] in "#>|-"] == [line[:2] for line in tame if line[:1] in "#>|-"]
    assert "\n".join(page).encode()


@given(HOSTILE, st.sampled_from(PAGES))
def test_a_region_is_only_text(region: str, page: Callable[[FleetReport], str]) -> None:
    """Though those that come from Oracle are tame."""
    assert page(named("x", region)).count("\n") == page(named("x")).count("\n")


def test_every_table_keeps_its_columns() -> None:
    """As many cells in each row as in the head."""
    for table in tree(html_page(everything())).iter("table"):
        assert len({len(list(row)) for row in table.iter("tr")}) == 1
    blocks = re.findall(r"(?:^\|.*\n)+", markdown_page(everything()), re.MULTILINE)
    assert len(blocks) == 3
    assert all(len({line.count("|") for line in block.splitlines()}) == 1 for block in blocks)


def test_a_page_needs_nothing_but_itself() -> None:
    """No script, no style, font or image from elsewhere; and if there were any, the browser is told to refuse it."""
    page = html_page(everything())
    structure = Structure(page)

    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert {tag for tag, _ in structure.parts}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form"}
    )
    assert not [name for _, names in structure.parts for name in names if name.startswith("on")]
    assert structure.links
    assert all((each or "").startswith("#") for each in structure.links)
    assert not re.search(r"url\(|@import|https?:|javascript:", page)


def test_every_link_leads_somewhere_in_the_page() -> None:
    """Also those of the drawn marks."""
    page = tree(html_page(everything()))
    ids = [each.get("id") for each in page.iter() if each.get("id")]

    assert len(ids) == len(set(ids))
    assert {str(each.get("href"))[1:] for each in page.iter() if each.get("href")} <= set(ids)


@pytest.mark.parametrize("page", PAGES)
def test_every_source_is_there_with_every_destination(page: Callable[[FleetReport], str]) -> None:
    """Each with the word and the sign for how it stands."""
    text = page(everything())

    assert all(text.count(name) >= 1 for name in ("dark", "free", "late", "fresh"))
    assert all(text.count(name) >= 2 for name in ("mixed", AWAY, FAR))
    assert all(STANDINGS[standing] in text and SIGNS[standing] in text for standing in Standing)


def test_each_lane_says_in_words_what_it_draws() -> None:
    """For those who do not see it."""
    report = fleet(in_breach("late"), in_time("young", region=FAR), recovery("fresh", waits_since=NOW))
    labels = [str(each.get("aria-label")) for each in lanes(report)]

    assert labels == [
        f"late in {AWAY}: too old, 1 d 12 h, 2 copies, 0 earlier gaps",
        f"fresh in {AWAY}: no copy yet, 0 copies, 0 earlier gaps",
        f"young in {FAR}: in time, 2 h, 2 copies, 0 earlier gaps",
    ]


def test_what_cannot_be_judged_is_not_said_to_have_no_target() -> None:
    """A list of sources that failed hides their tags, and the page says which list it was."""
    hidden = in_time("hidden", target=None, is_unsure=True)
    lists = [
        Unread(HOME, Kind.VOLUME, "ocid1.compartment.oc1..a", "Timeout", is_of_sources)
        for is_of_sources in (False, True)
    ]

    text = markdown_page(fleet(hidden, in_time("young"), unread=lists)).replace("\\", "")

    assert "Whether 1 of 2 recovery points are in time is not known" in text
    assert "has a target" not in text
    assert "Timeout for backups of volumes in" in text
    assert "Timeout for volumes in" in text


@given(st.permutations(everything().recoveries))
def test_what_is_worst_comes_first(found: list[Recovery]) -> None:
    """In whatever order it was read: the same report is the same page, to the byte."""
    report = fleet(*found)
    page = tree(html_page(report))
    timeline = [str(each.findtext("b")) for each in page.iter("div") if each.get("class") == "who"]
    table = next(each for each in page.iter("section") if each.get("id") == "all-figures")

    assert timeline == ["late", "dark", "hidden", "fresh", "mixed", "free"]
    rows = [row[0].text for row in table.iter("tr")]
    assert rows == ["Source", "late", "dark", "hidden", "fresh", "mixed", "free", "mixed"]
    assert html_page(report) == html_page(everything())
    assert markdown_page(report) == markdown_page(everything())


def test_of_breaches_the_longest_comes_first() -> None:
    """A source without any copy is in breach since its oldest backup was due to have one."""
    report = fleet(in_breach("a"), recovery("b"), recovery("c", copy(60 * HOUR)))

    assert re.findall(r"^\| (\w) \|", markdown_page(report), re.MULTILINE) == ["b", "c", "a"]


def test_the_gap_of_a_breach_is_drawn() -> None:
    """From when the target was passed to the right end, which is now: the last day of thirty here."""
    (lane,) = lanes(fleet(in_breach()))
    gap = next(each for each in lane.iter("path") if each.get("class") == "gap lasts")

    assert gap.get("d") == f"M{round(1000 * 29 / 30)} 11H1000"
    assert gap.findtext("title") == "older than the target since 20 Nov 14:37"
    assert "gap lasts" not in ET.tostring(lanes(fleet(in_time()))[0], "unicode")


def test_an_earlier_gap_is_drawn_otherwise_than_a_breach() -> None:
    """And told in figures in both pages."""
    report = fleet(recovery("payroll", copy(60 * HOUR), copy(2 * HOUR)))
    (lane,) = lanes(report)

    assert [each.get("class") for each in lane.iter("path") if "gap" in str(each.get("class"))] == ["gap"]
    assert all("once, 1 d 23 h" in page(report) for page in PAGES)


def test_an_earlier_gap_is_drawn_beside_the_copies_that_were_there() -> None:
    """Orphans that came late would lie over it: it has a height of its own."""
    late = copy(48 * HOUR, late=24 * HOUR, is_orphan=True)
    (lane,) = lanes(fleet(recovery("payroll", copy(80 * HOUR, is_orphan=True), late, copy(2 * HOUR))))
    paths = {each.get("class"): str(each.get("d")) for each in lane.iter("path")}

    assert (paths["gap"].count("M"), paths["gap"].count(" 19H")) == (1, 1)
    assert " 6v10" in paths["orphans"]


@pytest.mark.parametrize(("hours", "css_class"), [(24, "orphans"), (6, "orphans dense")])
def test_orphans_stay_apart_where_there_are_many(hours: int, css_class: str) -> None:
    """Each is a line of its own; where they are close, a thinner one."""
    ages = range(hours, 28 * 24, hours)
    found = recovery("payroll", *(copy(age * HOUR, is_orphan=True) for age in ages), copy(HOUR))
    drawn = [each for each in lanes(fleet(found))[0].iter("path") if "orphans" in str(each.get("class"))]

    assert [each.get("class") for each in drawn] == [css_class]
    assert str(drawn[0].get("d")).count("v10") == len(ages)


def test_every_state_of_a_copy_has_a_mark_of_its_own() -> None:
    """Told apart by their shapes: paths with round and square ends, and the symbols of the rare ones."""
    lane = lanes(everything())[5]
    paths = {each.get("class"): str(each.get("d")) for each in lane.iter("path")}

    assert lane.get("aria-label", "").startswith(f"mixed in {AWAY}")
    assert (paths["copies"].count("h0"), paths["orphans"].count("v10")) == (1, 1)
    assert sorted(str(each.get("href")) for each in lane.iter("use")) == ["#faulty", "#grid", "#stuck", "#transit"]


def test_copies_that_are_too_old_for_the_page_are_told_of() -> None:
    """By an arrow at its left end."""
    (lane,) = lanes(fleet(in_time(copies=(copy(50 * DAY), copy(40 * DAY), copy(HOUR)))))

    assert [each.findtext("title") for each in lane.iter("use") if each.get("href") == "#older"] == ["2 older copies"]


def test_a_copy_costs_few_bytes() -> None:
    """However many there are: a large fleet still is one page that a browser shows at once."""
    few, many = (
        html_page(fleet(recovery("payroll", *(copy(DAY * 29 * (index + 1) / count) for index in range(count)))))
        for count in (50, 250)
    )

    assert (len(many) - len(few)) / 200 < 8


def test_a_source_costs_some_kilobytes() -> None:
    """So that the answer to a report of a thousand stays below what a function may answer."""
    copies = tuple(copy(HOUR * 12 * number) for number in range(60))
    one, many = (
        html_page(fleet(*(in_time(f"payroll-{number}", copies=copies) for number in range(count))))
        for count in (1, 101)
    )

    assert (len(many) - len(one)) / 100 < 2500


@pytest.mark.parametrize("page", PAGES)
def test_no_more_rows_are_listed_than_asked_for_and_all_are_counted(page: Callable[[FleetReport], str]) -> None:
    """The worst are, and the page says that there are others."""
    text = page(fleet(in_breach("late"), *(in_time(f"young-{index}") for index in range(5)), max_rows=2))

    assert "1 of 6 recovery points is older than its target" in text
    assert "4 recovery points are not listed" in text
    assert ("young-0" in text, "young-1" in text) == (True, False)


@pytest.mark.parametrize("page", PAGES)
def test_a_source_region_that_could_not_be_read_is_said_before_all_else(page: Callable[[FleetReport], str]) -> None:
    """With what that means: who reads this may have lost it."""
    text = page(fleet(recovery("", copy(HOUR, is_orphan=True), is_gone=True), source_is_readable=False))

    assert text.index("could not be read") < text.index("younger than its target")
    assert "read in the destinations alone" in text
    assert "There may be sources that are not shown here" in text


@pytest.mark.parametrize("is_readable", [True, False])
def test_nothing_is_said_of_orphans_where_the_source_region_could_not_be_read(*, is_readable: bool) -> None:
    """All copies would be some, and all sources gone."""
    found = recovery("", copy(HOUR, is_orphan=True), target=None, is_gone=True)
    text = html_page(fleet(found, source_is_readable=is_readable))

    assert ('<path class="orphans"' in text) is is_readable
    assert ("source gone" in text) is is_readable
    assert ("volume, gone" in text) is is_readable


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("report", "said"),
    [
        (fleet(), "There is nothing to show"),
        (fleet(in_time()), "✓ The recovery point is younger than its target"),
        (fleet(in_time("a"), in_time("b")), "✓ All 2 recovery points are younger than their target"),
        (fleet(in_time("a"), in_breach("b")), "✗ 1 of 2 recovery points is older than its target"),
        (fleet(recovery("a"), in_breach("b")), "✗ 2 of 2 recovery points are older than their target"),
        (fleet(in_time("a"), in_time("b", is_known=False)), "! 1 of 2 recovery points could not be read"),
        (fleet(in_time("a", target=None)), "! No recovery point has a target"),
        (fleet(in_time("a"), source_is_readable=False), "! The recovery point is younger than its target"),
        (fleet(in_time("a"), recovery("b", waits_since=NOW)), "! 1 of 2 recovery points has no copy yet"),
        (fleet(in_time("a", target=None), recovery("b", target=None)), "! 1 of 2 recovery points has no copy yet"),
        (fleet(*(recovery(name, waits_since=NOW) for name in "ab")), "! 2 of 2 recovery points have no copy yet"),
        (fleet(in_breach("a"), recovery("b", waits_since=NOW)), "✗ 1 of 2 recovery points is older than its target"),
        (fleet(recovery("gone", target=None, is_awaited=False)), "! No recovery point has a target"),
        (fleet(in_time("a"), in_breach("b", belongs=False)), "✓ The recovery point is younger than its target"),
    ],
)
def test_the_headline_says_how_it_stands(page: Callable[[FleetReport], str], report: FleetReport, said: str) -> None:
    """With a sign beside the words: nobody needs to see its colour."""
    text = re.sub(r"<[^>]*>", "", page(report).replace("</i>", " "))

    assert said in text


@pytest.mark.parametrize("page", PAGES)
def test_without_a_copy_nothing_is_shown_as_good(page: Callable[[FleetReport], str]) -> None:
    """Its row has another sign, and its own count and group; whoever reads on is told what that means."""
    text = page(fleet(recovery("fresh", waits_since=NOW - HOUR)))

    assert "✓" not in text
    assert SIGNS[Standing.NONE_YET] in text
    assert "1 no copy yet" in re.sub(r"<[^>]*>", "", text)
    assert "None is late, as far as anybody says" in text


def dark(name: str, hours: float | None, **facts: Any) -> Recovery:
    """In a destination that cannot be read, with a copy that is that old by the tags of its backup."""
    told_of = None if hours is None else NOW - hours * HOUR
    return recovery(name, **{"region": FAR, "is_known": False, "told_of": told_of, **facts})


@pytest.mark.parametrize("page", PAGES)
def test_what_is_too_old_in_the_dark_is_told_as_far_as_it_is_known(page: Callable[[FleetReport], str]) -> None:
    """Counted with the others, with how old it is at least, and with the region that hides the rest."""
    report = fleet(in_time("a"), in_breach("b"), dark("c", 50), dark("d", 3), dark("e", None, waits_since=NOW))
    text = re.sub(r"<[^>]*>", "", page(report)).replace("\\", "")

    assert f"2 of 3 recovery points are older than their target as far as is known; {FAR} cannot be read" in text
    assert "3 not read, 1 of them too old as far as is known" in text
    assert "at least 2 d 2 h" in text
    assert "By what the tags of their backups say, 1 is older than its target" in text
    assert not re.search(r"at least (3 h|under)", text)


@pytest.mark.parametrize(
    ("found", "worst"),
    [
        (dark("late", 50), f"late in {FAR}, at least 2 d 2 h old as far as is known"),
        (dark("late", None), f"late in {FAR}, no copy of it is known"),
    ],
)
def test_the_worst_in_the_dark_is_told_as_that(found: Recovery, worst: str) -> None:
    """An age that nobody has seen is no age."""
    text = re.sub(r"<[^>]*>", "", html_page(fleet(found, in_time())))

    assert f"The worst: {worst}; its target is 12 h." in text
    assert "✗1 of 2 recovery points is older than its target as far as is known" in text


def test_of_many_dark_destinations_the_headline_has_the_number() -> None:
    """It is to be read at a glance."""
    report = fleet(*(dark("late", 50, region=f"eu-nowhere-{number}") for number in range(3)))

    assert "as far as is known; 3 destinations cannot be read" in html_page(report)


@pytest.mark.parametrize("page", PAGES)
def test_what_could_not_be_read_is_told_by_region_and_reason(page: Callable[[FleetReport], str]) -> None:
    """Once for each compartment, however many kinds there are in it."""
    unread = [Unread(FAR, kind, COMPARTMENT, "NotAuthorizedOrNotFound") for kind in (Kind.VOLUME, Kind.BOOT_VOLUME)]
    text = page(fleet(in_time(region=FAR, is_known=False), unread=unread))

    assert f"The destination {FAR} could not be read" in text
    assert f"{FAR}: NotAuthorizedOrNotFound for backups of boot volumes and volumes in {COMPARTMENT}" in text


@pytest.mark.parametrize("page", PAGES)
def test_copies_to_be_looked_at_are_told_by_their_ids(page: Callable[[FleetReport], str]) -> None:
    """So that somebody can go there."""
    stuck, bad = copy(50 * HOUR, Lifecycle.CREATING, id="stuck.id"), copy(20 * HOUR, Lifecycle.FAULTY, id="bad.id")
    text = page(fleet(recovery("payroll", stuck, bad, faulty_backups=("worse.id",))))

    assert all(text.count(each) == 1 for each in ("stuck.id", "bad.id", "worse.id"))
    assert "copy under way for 2 d 1 h" in text


def remedies(report: FleetReport) -> dict[str, str]:
    """What is to be done about each backup or copy, by its OCID."""
    cells = [
        line.split(" | ") for line in markdown_page(report).splitlines() if line.startswith(("| FAULTY", "| copy"))
    ]
    return {each[-1].removesuffix(" |"): each[-2] for each in cells}


def bad(age: timedelta, name: str, **facts: Any) -> CopyState:
    return copy(age, Lifecycle.FAULTY, id=name, **facts)


def test_a_faulty_copy_says_what_is_to_be_done_about_it() -> None:
    """Nothing more where a good one has come, or where none will; and it is told after those that still wait."""
    late = [copy(7 * DAY, Lifecycle.CREATING, id="stuck"), copy(2 * DAY, Lifecycle.CREATING, late=47 * HOUR)]
    failed = [
        bad(DAY, "replaced"),
        bad(2 * DAY, "again"),
        bad(3 * DAY, "waits"),
        bad(4 * DAY, "orphan", is_orphan=True),
    ]
    found = recovery("payroll", copy(DAY), *late, *failed, faulty_backups=("backup",))
    told = remedies(fleet(found, recovery("stray", bad(DAY, "stray"), belongs=False)))

    assert told == {
        "replaced": "replaced by a good one: may be deleted by hand",
        "again": "another is under way: once that is there, delete this one by hand",
        "waits": "it is made again by itself while its backup is kept; then delete this one by hand",
        "orphan": "its backup is gone, so that no other can be made: may be deleted by hand",
        "stray": "no copies are wanted there: may be deleted by hand",
        "stuck": "ask Oracle about it: no other is made while it lasts",
        "backup": "look at the source, and delete the FAULTY backup by hand",
    }
    assert list(told)[-1] == "replaced"


def test_nothing_is_called_gone_where_the_source_region_is_dark() -> None:
    """All copies would be orphans."""
    found = recovery("payroll", bad(DAY, "bad", is_orphan=True))

    assert "its backup is gone" in remedies(fleet(found))["bad"]
    assert "its backup is gone" not in remedies(fleet(found, source_is_readable=False))["bad"]


@pytest.mark.parametrize("page", PAGES)
def test_tags_that_cannot_be_followed_come_first_of_what_is_to_be_looked_at(page: Callable[[FleetReport], str]) -> None:
    """With what does not happen until they are corrected; also of a source that has nothing to be shown."""
    found, other = recovery("payroll", bad(DAY, "bad.id")), recovery("other").source
    terms = {"destinations": "copies", "every": "backups", "keep": "deleted", "later": "nothing is done"}
    problems = {other.id: [Problem(other, term, f"{term} is wrong") for term in terms]}
    text = page(fleet(found, problems=problems))
    table = text[text.index("To be looked at") :]

    for term, missing in terms.items():
        assert re.search(rf"{term} is wrong.*other.*until then .*{missing}.*\n", table)
        assert table.index(f"{term} is wrong") < table.index("bad.id")
    assert "4 tags that cannot be followed" in re.sub(r"<[^>]*>", "", text)


@pytest.mark.parametrize("page", PAGES)
def test_columns_that_would_be_empty_are_left_out(page: Callable[[FleetReport], str]) -> None:
    """The widest table is to fit on a screen; what one row has to say is there for all."""
    usual, rich = page(fleet(in_time())), page(everything())
    names = ("No copy yet", "In flight", "Too old before", "Orphans")

    def columns(text: str) -> set[str]:
        return set(re.findall(r"(?<=\| )[^|]+(?= \|)|(?<=<th scope=\"col\">)[^<]+", text))

    assert columns(usual[usual.rindex("All figures") :]).isdisjoint(names)
    assert set(names) < columns(rich)
    assert {"Source", "Standing", "Recovery point", "Age", "Copies", "OCID"} < columns(usual)


@pytest.mark.parametrize("days", [1, 2, 3, 30, 100, 400])
def test_the_axis_has_some_labels_for_any_number_of_days(days: int) -> None:
    """Neither none, nor so many that they run into each other."""
    page = tree(html_page(fleet(in_time(), days=days)))
    axis = next(each for each in page.iter("div") if each.get("class") == "days")

    assert 2 <= len(list(axis)) <= 10
    assert HOME in html_page(fleet(in_time(), days=days))


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-5), "under 1 min"),
        (timedelta(seconds=59), "under 1 min"),
        (timedelta(minutes=35, seconds=59), "35 min"),
        (timedelta(hours=5, minutes=20), "5 h 20 min"),
        (timedelta(hours=12), "12 h"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
        (timedelta(days=13), "13 d"),
        (timedelta(days=45, hours=7), "45 d"),
    ],
)
def test_a_duration_is_told_in_words_that_people_use(length: timedelta, words: str) -> None:
    """In two units at most, and rounded down."""
    assert duration(length) == words


@pytest.mark.parametrize(
    ("gigabytes", "words"),
    [(0, "0 GB"), (512, "512 GB"), (1023, "1023 GB"), (1536, "1.5 TB"), (3 * 1024**2, "3.0 PB")],
)
def test_a_size_is_told_in_words_that_people_use(gigabytes: int, words: str) -> None:
    """In Oracle's units, of 1024 each."""
    assert size(gigabytes) == words


def test_a_moment_has_its_year_where_that_is_not_plain() -> None:
    """In UTC and in English, wherever the function runs."""
    assert moment(NOW - 2 * DAY, NOW) == "19 Nov 14:37"
    assert moment(NOW - 400 * DAY, NOW) == "17 Oct 2025 14:37"
