"""A backup's life, the kinds there are, and the deadline that a call keeps."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.core.model import Deadline, Kind, Lifecycle

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DEAD = {Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.FAULTY}


@pytest.mark.parametrize(
    ("after", "remaining"), [(0, 58), (57, 1), (58, 0), (60, 0), (3600, 0)], ids=lambda each: f"{each} s"
)
def test_work_ends_two_seconds_before_the_caller_stops_waiting(after: int, remaining: int) -> None:
    """The answer needs some time too; and time that is up is never less than nothing."""
    deadline = Deadline(NOW + timedelta(seconds=60))

    assert deadline.remaining(NOW + timedelta(seconds=after)) == timedelta(seconds=remaining)


def test_a_state_that_nobody_knows_yet_is_unknown() -> None:
    """The API may grow one; it is neither available nor dead."""
    state = Lifecycle("ARCHIVING")

    assert state is Lifecycle.UNKNOWN
    assert not state.is_dead


@pytest.mark.parametrize(
    ("kind", "source", "backup"),
    [
        (Kind.VOLUME_GROUP, "volumegroup", "volumegroupbackup"),
        (Kind.VOLUME, "volume", "volumebackup"),
        (Kind.BOOT_VOLUME, "bootvolume", "bootvolumebackup"),
    ],
)
def test_a_kind_is_written_in_ocids(kind: Kind, source: str, backup: str) -> None:
    """One word for what is backed up, one for the backup."""
    assert (kind.source_type, kind.backup_type) == (source, backup)


@pytest.mark.parametrize("lifecycle", list(Lifecycle))
def test_a_backup_is_finished_under_way_or_dead(lifecycle: Lifecycle) -> None:
    """One of the three, whatever its state; what nobody knows yet is under way, so that nothing is made twice."""
    finished = lifecycle is Lifecycle.AVAILABLE

    assert lifecycle.is_dead is (lifecycle in DEAD)
    assert [finished, lifecycle.is_under_way, lifecycle.is_dead].count(True) == 1
