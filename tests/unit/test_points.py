"""What is measured of sources and their copies: names, dimensions and values of metrics."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.core.model import Lifecycle
from handlers.core.points import ALL, GIGABYTE, NAMESPACE, Point, deletion_points, points_of
from handlers.core.recovery_point import Recovery
from handlers.core.report import Outcome
from tests.fakes import AWAY, FAR
from tests.unit.recoveries import a_copy, a_recovery, a_source, in_breach
from tests.unit.scene import HOUR, NOW

COUNTS = ["copies_started", "copies_in_flight", "copies_failed"]


def values(*recoveries: Recovery) -> dict[tuple[str, str, str], float]:
    """The values by name, source and destination."""
    points = points_of(recoveries)
    found = {(each.name, each.dimensions["source"], each.dimensions["destination"]): each.value for each in points}
    assert len(found) == len(points)
    assert all(each.dimensions.keys() == {"source", "destination"} for each in points)
    assert {each.moment for each in points} <= {NOW}
    return found


def test_a_source_has_an_age_a_breach_and_a_size() -> None:
    """In seconds, as one or zero, and in bytes."""
    source = a_source()
    recovery = a_recovery(a_copy(2, stored_gb=3), a_copy(1, stored_gb=4), source=source)

    found = values(recovery)

    assert NAMESPACE == "backup_copy"
    assert found["recovery_point_age_seconds", source.id, AWAY] == 3600
    assert found["recovery_point_breach", source.id, AWAY] == 0
    assert found["bytes_stored", source.id, AWAY] == 7 * GIGABYTE == 7 * 1024**3


def test_a_breach_is_one() -> None:
    """So that the number of sources in breach is the sum."""
    recovery = in_breach()

    assert values(recovery)["recovery_point_breach", recovery.source.id, AWAY] == 1


@pytest.mark.parametrize("facts", [{"target": None}, {"belongs": False}], ids=["no target", "stray"])
def test_where_nothing_is_due_there_is_no_breach_to_measure(facts: dict[str, object]) -> None:
    """Neither one nor zero."""
    recovery = in_breach(**facts)

    names = {name for name, source_id, _ in values(recovery) if source_id == recovery.source.id}

    assert names == {"recovery_point_age_seconds", "bytes_stored"}


def test_of_what_cannot_be_judged_no_breach_is_claimed_nor_denied() -> None:
    """An alarm on it must not clear for a list that failed."""
    found = values(a_recovery(is_unsure=True, waits_since=None, newest_backup=None))

    assert "recovery_point_breach" not in {name for name, *_ in found}


def test_without_a_copy_there_is_no_age() -> None:
    """Zero would be the best of all ages; the breach is what tells."""
    recovery = a_recovery(waits_since=NOW - 100 * HOUR)

    found = {name: value for (name, source_id, _), value in values(recovery).items() if source_id != ALL}

    assert found == {"recovery_point_breach": 1, "bytes_stored": 0}


def test_counts_are_those_of_each_source() -> None:
    """What the call started, what did not work, and what is under way."""
    source = a_source()
    copies = [a_copy(1, Lifecycle.CREATING), a_copy(2, Lifecycle.REQUEST_RECEIVED), a_copy(3, Lifecycle.FAULTY)]
    recovery = a_recovery(*copies, source=source, outcomes={Outcome.COPIED: 4, Outcome.FAILED: 5, Outcome.EXISTS: 9})

    found = values(recovery)

    assert [found[name, source.id, AWAY] for name in COUNTS] == [4, 2, 5]
    assert not [key for key in found if key[1] == ALL]


def test_a_destination_where_no_source_has_a_count_has_a_zero() -> None:
    """Silence would say nothing, and an alarm on it would not know what to make of that."""
    busy, idle = a_recovery(a_copy(1, Lifecycle.CREATING)), a_recovery(region=FAR)

    found = values(busy, a_recovery(), idle)

    assert {key: value for key, value in found.items() if key[1] == ALL} == {
        ("copies_started", ALL, AWAY): 0,
        ("copies_failed", ALL, AWAY): 0,
        **{(name, ALL, FAR): 0 for name in COUNTS},
    }
    assert found["copies_in_flight", busy.source.id, AWAY] == 1


def test_of_a_destination_that_could_not_be_read_only_the_call_itself_is_told() -> None:
    """What it started and what failed, and a breach as far as is known; zero would be a claim."""
    recovery = in_breach(is_known=False, outcomes={Outcome.FAILED: 2})
    counts = {("copies_failed", recovery.source.id, AWAY): 2, ("copies_started", ALL, AWAY): 0}

    assert values(recovery) == counts | {("recovery_point_breach", recovery.source.id, AWAY): 1}
    assert values(replace(recovery, told_of=recovery.now)) == counts


def test_deletions_are_counted_by_source_and_region() -> None:
    """Where there were any."""
    assert deletion_points({}, NOW) == []
    assert deletion_points({("volume", AWAY): 3}, NOW) == [
        Point("deletions", {"source": "volume", "destination": AWAY}, NOW, 3.0)
    ]


def test_nothing_that_was_looked_at_has_nothing_to_say() -> None:
    """No source, no point."""
    assert points_of([]) == []


def test_an_age_is_never_negative() -> None:
    """Oracle's clock may be a little ahead."""
    recovery = a_recovery(a_copy(-0.001))

    assert recovery.age == timedelta()
