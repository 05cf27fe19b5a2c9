"""ReportCopies: how it stands with each source in each destination, and what can still be told in the dark."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.core.errors import ApiFault, Passing
from handlers.core.findings import Findings
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import ReportCopies
from handlers.core.report import MAX_RESULTS, Outcome, Report, Result, Status, Trigger
from handlers.core.tokens import copy_provenance
from handlers.report_copies import report_copies
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeCloud, make_call, ocid, passing, refused
from tests.unit.sweeping import BOTH, nightly

DAILY = json.dumps({"defaults": {"every": "1d"}})
ELSEWHERE = "ocid1.compartment.oc1..elsewhere"
DAY = timedelta(days=1)
READS = {"list_backups", "list_sources", "source", "get", "subscriptions"}


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def look(cloud: FakeCloud, **given: Any) -> Findings:
    """Report with the camelCase fields of `given`, configured with its UPPER_CASE ones, and with daily backups."""
    keys = {"POLICY": DAILY, **{key: value for key, value in given.items() if key.isupper()}}
    fields = {key: value for key, value in given.items() if not key.isupper()}
    operation = ReportCopies.model_validate({"operation": "ReportCopies", **fields})
    return report_copies(operation, make_call(cloud, **keys))


def answer(found: Findings) -> Report:
    return Report(Trigger.OPERATION, found.results, document=found.document)


def rows(found: Findings) -> dict[tuple[str | None, str | None], Result]:
    """The results by source and destination; none is there twice."""
    told = {(each.source_id, each.destination_region): each for each in found.results}
    assert len(told) == len(found.results)
    return told


def copied(cloud: FakeCloud, nights: int = 3, kind: Kind = Kind.VOLUME) -> list[Backup]:
    """Backups of one source of as many nights, each with a copy as this function makes them."""
    originals = nightly(cloud, nights, kind)
    for each in originals:
        cloud.add_copy(each, freeform_tags=copy_provenance(each), stored_gb=2)
    return originals


def darken(cloud: FakeCloud, region: str, fault: ApiFault | None = None, compartments: int = 1) -> None:
    """Nothing can be read there."""
    for method in ("list_backups", "list_sources", "source", "get"):
        cloud.script(method, *[fault or passing("Timeout", 0)] * 3 * compartments, region=region)


# What is told


def test_a_row_tells_all_of_a_source_in_a_destination(cloud: FakeCloud) -> None:
    """As JSON, with times in UTC and spans in seconds; `null` where nothing is to be said."""
    first, *_, last = copied(cloud)
    under_way = cloud.add_backup(Kind.VOLUME, source_id=last.source_id)
    copy = cloud.add_copy(under_way, lifecycle=Lifecycle.CREATING)
    faulty = cloud.add_copy(under_way, lifecycle=Lifecycle.FAULTY)
    bad = cloud.add_backup(Kind.VOLUME, source_id=last.source_id, lifecycle=Lifecycle.FAULTY)
    del cloud.backups[first.id]
    cloud.clock.advance(timedelta(hours=3))

    (result,) = look(cloud).results

    assert (result.operation, result.outcome, result.reason) == ("ReportCopies", Outcome.REPORTED, "in_time")
    assert (result.source_id, result.destination_region) == (last.source_id, AWAY)
    assert result.details == {
        "sourceId": last.source_id,
        "sourceName": "volume-n1",
        "kind": "Volume",
        "compartmentId": COMPARTMENT,
        "sourceIsGone": False,
        "destinationRegion": AWAY,
        "standing": "in_time",
        "recoveryPoint": "2026-11-23T02:00:00Z",
        "ageSeconds": 3 * 3600,
        "targetSeconds": 2 * 86400,
        "breachSince": None,
        "newestBackup": "2026-11-23T02:00:00Z",
        "behindSeconds": 0,
        "nextDue": "2026-11-24T00:00:00Z",
        "copies": 3,
        "storedGigabytes": 6,
        "inFlight": [{"backupId": copy.id, "ageSeconds": 3 * 3600, "stuck": False}],
        "faulty": [faulty.id],
        "faultyBackups": [bad.id],
        "orphans": 1,
        "stray": False,
        "problems": {},
    }


def test_a_breach_is_reported_with_how_far_behind_it_is(cloud: FakeCloud) -> None:
    """A report of a breach is no failure of the report."""
    *_, last = copied(cloud)
    cloud.clock.advance(3 * DAY)
    cloud.add_backup(Kind.VOLUME, source_id=last.source_id)

    found = look(cloud)

    (result,) = found.results
    assert (result.reason, answer(found).status) == ("breach", Status.OK)
    assert (result.details["ageSeconds"], result.details["behindSeconds"]) == (3 * 86400, 3 * 86400)
    assert result.details["breachSince"] == "2026-11-25T02:00:00Z"


@pytest.mark.parametrize("kind", list(Kind))
def test_a_report_changes_nothing(cloud: FakeCloud, kind: Kind) -> None:
    """Not even a tag: copies without provenance, wrong tags and backups without a copy stay as they are."""
    originals = nightly(cloud, 3, kind)
    cloud.add_copy(originals[0])
    cloud.change(originals[1], freeform_tags={f"backup-copy-{AWAY}": ocid(kind.backup_type, AWAY, "gone")})
    before = dict(cloud.backups)

    look(cloud)
    look(cloud, format="html")

    assert cloud.backups == before
    assert {each.method for each in cloud.calls} <= READS


def test_everything_that_was_looked_at_has_one_result(cloud: FakeCloud) -> None:
    """Each source in each of its destinations, or by itself; and the counts add up."""
    usual = copied(cloud)[0].source_id
    cloud.clock.advance(timedelta(hours=1))
    excluded = cloud.add_source(Kind.VOLUME, {"backup-copy-destinations": "none"})
    group = cloud.add_source(Kind.VOLUME_GROUP)
    member = cloud.add_source(Kind.VOLUME, group_id=group.id)
    gone = cloud.add_backup(Kind.VOLUME, source_id=ocid("volume", HOME, "gone"))
    ended = cloud.add_source(Kind.BOOT_VOLUME, lifecycle=Lifecycle.TERMINATED)

    found = look(cloud, DESTINATION_REGIONS=BOTH)

    assert {key: each.reason for key, each in rows(found).items()} == {
        (usual, AWAY): "in_time",
        (usual, FAR): "breach",
        (group.id, AWAY): "none_yet",
        (group.id, FAR): "none_yet",
        (gone.source_id, AWAY): "no_target",
        (gone.source_id, FAR): "no_target",
        (excluded.id, None): "tag",
        (member.id, None): "group_member",
        (ended.id, None): "source_gone",
    }
    assert answer(found).counts == {"excluded": 3, "reported": 6}


def test_a_source_without_a_destination_says_why(cloud: FakeCloud) -> None:
    """Nobody has named one, or a rule says there are to be none."""
    source = cloud.add_source(Kind.VOLUME)
    rule = json.dumps({"rules": [{"match": {"kind": "Volume"}, "destinations": []}]})

    (nowhere,) = look(cloud, DESTINATION_REGIONS="", ALLOWED_REGIONS=AWAY).results
    (excluded,) = look(cloud, POLICY=rule).results

    assert (nowhere.source_id, nowhere.outcome, nowhere.reason) == (source.id, Outcome.EXCLUDED, "no_destination")
    assert (excluded.source_id, excluded.outcome, excluded.reason) == (source.id, Outcome.EXCLUDED, "policy")


def test_copies_where_none_belong_are_told_as_strays(cloud: FakeCloud) -> None:
    """Of a source that is excluded by now too: it has a row for them, and nothing beside it."""
    (original,) = nightly(cloud, 1)
    cloud.add_copy(original, FAR)
    source = cloud.sources[str(original.source_id)]
    cloud.sources[source.id] = type(source)(
        source.kind, source.id, {"backup-copy-destinations": "none"}, compartment_id=COMPARTMENT
    )

    (result,) = look(cloud, ALLOWED_REGIONS=BOTH).results

    assert (result.destination_region, result.reason, result.details["stray"]) == (FAR, "stray", True)


def test_the_worst_come_first(cloud: FakeCloud) -> None:
    """An answer lists 500: what could not be read, then breaches, those that have lasted longest before the others."""
    late = []
    for _ in range(MAX_RESULTS + 50):
        source = cloud.add_source(Kind.VOLUME)
        original = cloud.add_backup(Kind.VOLUME, source_id=source.id)
        cloud.add_copy(original)
        late.append(source.id)
        cloud.clock.advance(timedelta(minutes=1))
    cloud.clock.advance(3 * DAY)
    for _ in range(50):
        cloud.add_copy(cloud.add_backup(Kind.VOLUME, source_id=cloud.add_source(Kind.VOLUME).id))

    found = look(cloud)

    body = answer(found).as_json("x")
    assert [each["sourceId"] for each in body["results"]] == late[:MAX_RESULTS]
    assert sum(body["counts"].values()) == len(found.results) == MAX_RESULTS + 100


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_tags_that_cannot_be_followed_are_told(cloud: FakeCloud, kind: str) -> None:
    """In the rows of their source, and to those who read the page; each with its own message."""
    tags = {"backup-copy-every": "often", "backup-copy-keep": "some", "backup-copy-destinations": "the moon"}
    source = cloud.add_source(Kind.VOLUME, tags)
    cloud.add_source(Kind.VOLUME)

    found = look(cloud, format=kind)

    problems = {each.source_id: each.details["problems"] for each in found.results}
    assert problems.pop(source.id).keys() == {"every", "keep", "destinations"}
    assert list(problems.values()) == [{}]
    assert found.document is not None
    text = found.document.text.replace("\\", "")
    assert all(text.count(f"{tag} ") == 1 for tag in tags)
    assert "tags that cannot be followed" in text


def test_a_tag_that_cannot_be_followed_is_told_where_there_is_no_destination(cloud: FakeCloud) -> None:
    """Also where nothing else is to be said of its source; of one that ends nothing is."""
    tags = {"backup-copy-destinations": "the moon"}
    source = cloud.add_source(Kind.VOLUME, tags)
    ended = cloud.add_source(Kind.VOLUME, tags, lifecycle=Lifecycle.TERMINATED)

    found = look(cloud, DESTINATION_REGIONS="", ALLOWED_REGIONS=AWAY, format="markdown")

    told = rows(found)
    assert list(told[source.id, None].details["problems"]) == ["destinations"]
    assert told[ended.id, None].details == {}
    assert found.document is not None
    assert (source.id in found.document.text, ended.id in found.document.text) == (True, False)


def test_tags_of_other_compartments_are_not_told(cloud: FakeCloud) -> None:
    """Only what was asked for is."""
    here, there = (
        cloud.add_source(Kind.VOLUME, {"backup-copy-keep": "some"}, compartment_id=each)
        for each in (COMPARTMENT, ELSEWHERE)
    )

    found = look(cloud, format="markdown", COMPARTMENT_IDS=f"{COMPARTMENT},{ELSEWHERE}", compartmentId=ELSEWHERE)

    assert found.document is not None
    assert (here.id in found.document.text, there.id in found.document.text) == (False, True)


# In the dark


def test_without_its_source_region_a_report_is_made_of_the_destinations(cloud: FakeCloud) -> None:
    """What can be recovered to is what is asked for then; and the answer says what is missing."""
    originals = copied(cloud)
    cloud.clock.advance(3 * DAY)
    darken(cloud, HOME)

    found = look(cloud)

    (result,) = [each for each in found.results if each.source_id == originals[0].source_id]
    assert (result.outcome, result.reason) == (Outcome.REPORTED, "breach")
    assert result.details["recoveryPoint"] == "2026-11-23T02:00:00Z"
    assert [result.details[key] for key in ("copies", "targetSeconds")] == [3, 2 * 86400]
    assert [result.details[key] for key in ("newestBackup", "sourceIsGone", "orphans", "sourceName")] == [None] * 4
    failed = [each for each in found.results if each.outcome is Outcome.FAILED]
    assert {(each.source_id, each.reason, each.may_pass) for each in failed} == {(COMPARTMENT, "Timeout", True)}
    assert len(failed) == len(Kind)
    assert answer(found).status is Status.PARTIAL


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_the_page_says_that_the_source_region_is_dark(cloud: FakeCloud, kind: str) -> None:
    """Whoever reads it then has to know what it was made of."""
    copied(cloud)
    bright = look(cloud, format=kind).document
    darken(cloud, HOME)
    dark = look(cloud, format=kind).document

    words = f"The source region {HOME} could not be read"
    assert bright is not None
    assert dark is not None
    assert words.replace("-", "") in dark.text.replace("\\", "").replace("-", "")
    assert words.replace("-", "") not in bright.text.replace("\\", "").replace("-", "")


def test_a_part_of_the_source_region_is_not_the_whole(cloud: FakeCloud) -> None:
    """One compartment is refused: the page must not say that the region is dark."""
    copied(cloud)
    for method in ("list_backups", "list_sources"):
        cloud.script(method, *[refused()] * 3, region=HOME, calls_before=3)

    found = look(cloud, COMPARTMENT_IDS=f"{COMPARTMENT},{ELSEWHERE}", format="html")

    assert found.document is not None
    assert f"Parts of the source region {HOME} could not be read" in found.document.text
    assert f"The source region {HOME} could not be read" not in found.document.text
    failed = [(each.source_id, each.may_pass) for each in found.results if each.outcome is Outcome.FAILED]
    assert failed == [(ELSEWHERE, False)] * 3


@pytest.mark.parametrize("fault", [passing("Timeout", 0), passing("TooManyRequests", 429), refused()])
def test_a_destination_that_cannot_be_read_fails_alone(cloud: FakeCloud, fault: ApiFault) -> None:
    """With the API's code, its message and its request, and with whether it may pass."""
    originals = [copied(cloud, kind=kind)[0] for kind in Kind]
    darken(cloud, FAR, fault)

    found = look(cloud, DESTINATION_REGIONS=BOTH)

    told = rows(found)
    assert len(told) == 2 * len(Kind)
    for each in originals:
        assert told[each.source_id, AWAY].outcome is Outcome.REPORTED
        dark = told[each.source_id, FAR]
        assert (dark.outcome, dark.reason, dark.message) == (Outcome.FAILED, fault.code, fault.message)
        assert (dark.may_pass, dark.opc_request_id) == (isinstance(fault, Passing), fault.opc_request_id)
        assert (dark.details["standing"], dark.details["recoveryPoint"]) == ("unread", None)
    assert answer(found).status is Status.PARTIAL


def test_a_list_that_no_row_stands_for_is_told_by_itself(cloud: FakeCloud) -> None:
    """What may be there of sources that nobody knows of: an answer of OK would say there is nothing."""
    darken(cloud, AWAY)

    found = look(cloud)

    told = [(each.source_id, each.destination_region, each.reason) for each in found.results]
    assert told == [(COMPARTMENT, AWAY, "Timeout")] * len(Kind)
    assert answer(found).may_pass


def test_with_everything_dark_the_whole_call_may_pass(cloud: FakeCloud) -> None:
    """Whoever redelivers shall."""
    copied(cloud)
    darken(cloud, HOME)
    darken(cloud, AWAY)

    assert answer(look(cloud)).may_pass


def test_a_region_that_is_not_subscribed_to_is_named(cloud: FakeCloud) -> None:
    """It explains why it cannot be read; nobody is asked where all can be."""
    copied(cloud)
    look(cloud, DESTINATION_REGIONS=BOTH)
    assert cloud.made("subscriptions") == []
    cloud.subscribed.remove(FAR)
    darken(cloud, FAR, passing("NotAuthenticated", 401))

    found = look(cloud, DESTINATION_REGIONS=BOTH, format="html")

    assert found.document is not None
    assert f"The tenancy is not subscribed to {FAR}" in found.document.text
    assert f"not subscribed to {AWAY}" not in found.document.text


def test_where_subscriptions_cannot_be_read_nothing_is_claimed(cloud: FakeCloud) -> None:
    """The log says so."""
    copied(cloud)
    darken(cloud, AWAY)
    cloud.script("subscriptions", refused())

    with capture_logs() as lines:
        found = look(cloud, format="html")

    assert found.document is not None
    assert "not subscribed" not in found.document.text
    assert [each["reason"] for each in lines if each["event"] == "subscriptions.unreadable"] == [
        "NotAuthorizedOrNotFound"
    ]


# A part of it


def test_only_what_was_asked_for_is_told(cloud: FakeCloud) -> None:
    """Of some compartments, or some destinations; and it is known to be a part."""
    here = copied(cloud)[0].source_id
    there = cloud.add_source(Kind.VOLUME, compartment_id=ELSEWHERE)
    excluded = cloud.add_source(Kind.VOLUME, {"backup-copy-destinations": "none"}, compartment_id=ELSEWHERE)

    of_there = look(cloud, DESTINATION_REGIONS=BOTH, compartmentId=ELSEWHERE)
    of_far = look(cloud, DESTINATION_REGIONS=BOTH, destinationRegion=FAR)
    of_all = look(cloud, DESTINATION_REGIONS=BOTH)

    assert rows(of_there).keys() == {(there.id, AWAY), (there.id, FAR), (excluded.id, None)}
    assert rows(of_far).keys() == {(here, FAR)}
    assert {each.region for each in of_far.recoveries} == {FAR}
    assert [each.is_of_all for each in (of_there, of_far, of_all)] == [False, False, True]


def test_what_cannot_be_read_elsewhere_is_no_failure_of_a_part(cloud: FakeCloud) -> None:
    """Neither of another destination, nor of another compartment."""
    copied(cloud)
    darken(cloud, FAR)
    assert answer(look(cloud, DESTINATION_REGIONS=BOTH, destinationRegion=AWAY)).status is Status.OK

    for method in ("list_backups", "list_sources"):
        cloud.script(method, *[refused()] * 3, region=HOME, calls_before=3)
    found = look(cloud, COMPARTMENT_IDS=f"{COMPARTMENT},{ELSEWHERE}", compartmentId=COMPARTMENT)
    assert answer(found).status is Status.OK


def test_without_knowing_its_compartment_a_report_fails_as_one(cloud: FakeCloud) -> None:
    """For a reason that may pass."""

    def unknown() -> str:
        raise passing()

    call = make_call(cloud, COMPARTMENT_IDS="")
    operation = ReportCopies.model_validate({"operation": "ReportCopies"})
    found = report_copies(operation, type(call)(**{**_fields(call), "own_compartment": unknown}))

    assert [(each.outcome, each.may_pass) for each in found.results] == [(Outcome.FAILED, True)]
    assert not found.is_of_all


def _fields(call: Any) -> dict[str, Any]:
    return {name: getattr(call, name) for name in call.__slots__}


# As a page


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [("html", "text/html; charset=utf-8", "<!doctype html>"), ("markdown", "text/markdown; charset=utf-8", "# ")],
)
def test_a_page_comes_with_the_results(cloud: FakeCloud, kind: str, media_type: str, begins: str) -> None:
    """They are counted and measured whatever they are shown as."""
    copied(cloud)

    found = look(cloud, format=kind)

    assert found.document is not None
    assert found.document.media_type == media_type
    assert found.document.text.lower().startswith(begins)
    assert Counter(each.outcome for each in found.results) == {Outcome.REPORTED: 1}
    assert look(cloud).document is None
    assert found.results == look(cloud).results
