"""Which backups are to be copied at all."""

from datetime import UTC, datetime

import pytest

from handlers.core.eligibility import assess
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.report import Outcome, Reason
from tests.fakes import COMPARTMENT, HOME, ocid


def backup(
    lifecycle: Lifecycle = Lifecycle.AVAILABLE, *, copied_from: str | None = None, group_backup_id: str | None = None
) -> Backup:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    identifier = ocid("volumebackup")
    return Backup(
        Kind.VOLUME, identifier, HOME, COMPARTMENT, lifecycle, moment, ocid("volume"), copied_from, group_backup_id
    )


def test_an_available_backup_may_be_copied() -> None:
    """Whether it is to be copied is a question of its destinations."""
    assert assess(backup()) is None


@pytest.mark.parametrize("lifecycle", sorted(set(Lifecycle) - {Lifecycle.AVAILABLE}))
def test_a_backup_that_is_not_available_is_not_ready(lifecycle: Lifecycle) -> None:
    """The reason is the state it is in, also one that the API may invent."""
    assert assess(backup(lifecycle)) == (Outcome.NOT_READY, lifecycle.lower())


@pytest.mark.parametrize("lifecycle", list(Lifecycle))
def test_a_copy_is_never_copied_again(lifecycle: Lifecycle) -> None:
    """Whatever state it is in, and also where it belongs to a group."""
    copy = backup(lifecycle, copied_from=ocid("volumebackup"), group_backup_id=ocid("volumegroupbackup"))

    assert assess(copy) == (Outcome.IS_COPY, None)


@pytest.mark.parametrize("lifecycle", list(Lifecycle))
def test_a_member_of_a_groups_backup_is_not_copied_alone(lifecycle: Lifecycle) -> None:
    """It goes with its group, which is consistent as a whole."""
    member = backup(lifecycle, group_backup_id=ocid("volumegroupbackup"))

    assert assess(member) == (Outcome.EXCLUDED, Reason.GROUP_MEMBER)
