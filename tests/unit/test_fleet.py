"""The report and its rows in JSON: every key is there, and what is not known is not made up."""

import json
from datetime import timedelta

from handlers.core.fleet import Problem, Unread, as_json
from handlers.core.grammar import Keep
from handlers.core.model import Kind, Lifecycle
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, ocid
from tests.unit.report_pages import DAY, HOUR, NOW, copy, fleet, in_breach, in_time, recovery

KEYS = {
    "sourceId",
    "sourceName",
    "kind",
    "compartmentId",
    "sourceIsGone",
    "destinationRegion",
    "standing",
    "recoveryPoint",
    "ageSeconds",
    "targetSeconds",
    "breachSince",
    "newestBackup",
    "behindSeconds",
    "nextDue",
    "copies",
    "storedGigabytes",
    "inFlight",
    "faulty",
    "faultyBackups",
    "orphans",
    "stray",
    "problems",
}


def test_a_row_says_how_it_stands() -> None:
    """In the API's spelling, with times in UTC and durations in seconds."""
    row = as_json(in_breach(source_id=ocid("volume"), newest_backup=NOW - 30 * HOUR))

    assert row == {
        "sourceId": ocid("volume"),
        "sourceName": "ledger",
        "kind": "Volume",
        "compartmentId": COMPARTMENT,
        "sourceIsGone": False,
        "destinationRegion": AWAY,
        "standing": "breach",
        "recoveryPoint": "2026-11-20T02:37:00Z",
        "ageSeconds": 36 * 3600,
        "targetSeconds": 12 * 3600,
        "breachSince": "2026-11-20T14:37:00Z",
        "newestBackup": "2026-11-20T08:37:00Z",
        "behindSeconds": 6 * 3600,
        "nextDue": "2026-11-21T15:37:00Z",
        "copies": 2,
        "storedGigabytes": 20,
        "inFlight": [],
        "faulty": [],
        "faultyBackups": [],
        "orphans": 0,
        "stray": False,
        "problems": {},
    }


def test_every_row_has_every_key() -> None:
    """Whatever there is nothing of: so nobody has to ask whether a key is there."""
    rows = [
        recovery(target=None, next_due=None, newest_backup=None, waits_since=None),
        recovery(is_known=False),
        recovery("", belongs=False, is_gone=True),
        in_time(),
        in_breach(),
    ]

    assert all(as_json(each).keys() == KEYS for each in rows)
    assert all(json.loads(json.dumps(as_json(each))) == as_json(each) for each in rows)


def test_copies_under_way_are_told_one_by_one() -> None:
    """The oldest first, and which of them are stuck; a state that nobody knows counts as under way."""
    stuck = copy(40 * HOUR, Lifecycle.CREATING, late=HOUR, id="stuck")
    young = copy(3 * HOUR, Lifecycle.UNKNOWN, late=HOUR, id="young")

    assert as_json(recovery("payroll", young, stuck))["inFlight"] == [
        {"backupId": "stuck", "ageSeconds": 39 * 3600, "stuck": True},
        {"backupId": "young", "ageSeconds": 2 * 3600, "stuck": False},
    ]


def test_what_failed_is_told_by_its_id() -> None:
    """Copies in the destination, and backups in the source region."""
    row = as_json(recovery("payroll", copy(DAY, Lifecycle.FAULTY, id="bad"), faulty_backups=("worse",)))

    assert (row["faulty"], row["faultyBackups"]) == (["bad"], ["worse"])
    assert (row["copies"], row["storedGigabytes"], row["recoveryPoint"]) == (0, 0, None)


def test_without_a_copy_there_is_no_recovery_point() -> None:
    """And it is in breach since the oldest backup became older than the target."""
    row = as_json(recovery(waits_since=NOW - 20 * HOUR))

    assert (row["recoveryPoint"], row["ageSeconds"], row["behindSeconds"]) == (None, None, None)
    assert (row["standing"], row["breachSince"]) == ("breach", "2026-11-21T06:37:00Z")


def test_without_a_copy_that_is_not_late_it_stands_by_itself() -> None:
    """Neither in time, nor in breach; nor does it matter whether anybody has named a target."""
    rows = [as_json(recovery(waits_since=NOW - HOUR)), as_json(recovery(target=None))]

    assert [(row["standing"], row["recoveryPoint"], row["breachSince"]) for row in rows] == [
        ("none_yet", None, None)
    ] * 2


def test_tags_that_cannot_be_followed_are_told_by_their_term() -> None:
    """In the rows of their own source only."""
    ours, other = in_time(), in_time("other")
    report = fleet(ours, other, problems={ours.source.id: [Problem(ours.source, "keep", "must be something else")]})

    rows = [as_json(each, problems=report.problems_of(each.source.id)) for each in (ours, other)]

    assert [row["problems"] for row in rows] == [{"keep": "must be something else"}, {}]


def test_of_a_destination_that_could_not_be_read_a_breach_is_told_as_far_as_it_is_known() -> None:
    """By the newest backup whose own tags name a copy there."""
    row = as_json(recovery(is_known=False, told_of=NOW - 20 * HOUR))

    assert (row["standing"], row["breachSince"], row["ageSeconds"]) == ("unread", "2026-11-21T06:37:00Z", None)


def test_of_a_destination_that_could_not_be_read_no_age_is_told() -> None:
    """The copies that were seen nevertheless may not be the newest."""
    row = as_json(in_time(is_known=False))

    assert row["standing"] == "unread"
    assert (row["recoveryPoint"], row["ageSeconds"], row["behindSeconds"], row["breachSince"]) == (None,) * 4


def test_orphans_are_counted_only_where_the_backups_are_known() -> None:
    """Where the source region could not be read every copy looks like one, and every source as if it were gone."""
    found = recovery("payroll", copy(HOUR, is_orphan=True), copy(DAY), is_gone=True)

    assert (as_json(found)["orphans"], as_json(found)["sourceIsGone"]) == (1, True)
    unknown = as_json(found, originals_are_known=False)
    assert (unknown["orphans"], unknown["sourceIsGone"]) == (None, None)


def test_a_stray_is_told() -> None:
    """A region where the policy wants no copies."""
    row = as_json(in_time(belongs=False))

    assert (row["standing"], row["stray"], row["copies"]) == ("stray", True, 2)


def test_originals_are_known_by_kind() -> None:
    """A list of the source region that could not be read tells nothing of the other kinds; a destination's of none."""
    volume, group = in_time(), in_time("group", kind=Kind.VOLUME_GROUP)
    at_home = fleet(volume, group, unread=[Unread(HOME, Kind.VOLUME, COMPARTMENT, "Timeout")])
    away = fleet(volume, unread=[Unread(FAR, Kind.VOLUME, COMPARTMENT, "Timeout")])

    assert not at_home.knows_originals(volume)
    assert at_home.knows_originals(group)
    assert away.knows_originals(volume)
    assert not fleet(volume, source_is_readable=False).knows_originals(volume)
    assert [each.source_is_whole for each in (at_home, away)] == [False, True]


def test_where_nothing_is_said_everything_is_kept() -> None:
    """So that nothing that is missing is explained away."""
    found, keep = in_time(), Keep(younger=timedelta(days=7), text="7d")

    assert fleet(found).keep_of(found).is_everything
    assert fleet(found, keeps={(found.source.id, AWAY): keep}).keep_of(found) == keep
    assert fleet(found, keeps={(found.source.id, FAR): keep}).keep_of(found).is_everything
