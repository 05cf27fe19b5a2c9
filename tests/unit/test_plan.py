"""The decision: what is to be done with a backup, as a function of what was read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import TagMalformed
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.plan import CopyNow, Decision, assess, decide, tagged_destinations
from handlers.core.report import Outcome, Reason
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, configuration, ocid

DEAD = {Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.FAULTY}
ALIVE = set(Lifecycle) - DEAD


def backup(lifecycle: Lifecycle = Lifecycle.AVAILABLE, unique: str = "a", **facts: str) -> Backup:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    return Backup(Kind.VOLUME, ocid("volumebackup", HOME, unique), HOME, COMPARTMENT, lifecycle, moment, None, **facts)  # type: ignore[arg-type] # facts are the texts among the fields


def test_an_available_backup_may_be_copied() -> None:
    """Whether it is to be copied is a question of its destinations."""
    assert assess(backup()) is None


@pytest.mark.parametrize("lifecycle", sorted(set(Lifecycle) - {Lifecycle.AVAILABLE}))
def test_a_backup_that_is_not_available_is_not_ready(lifecycle: Lifecycle) -> None:
    """The reason is the state it is in, also one that the API may invent."""
    assert assess(backup(lifecycle)) == Decision(Outcome.NOT_READY, lifecycle.lower())


@pytest.mark.parametrize("lifecycle", list(Lifecycle))
def test_a_copy_is_never_copied_again(lifecycle: Lifecycle) -> None:
    """Whatever state it is in, and also where it belongs to a group."""
    copy = backup(lifecycle, copied_from=ocid("volumebackup"), group_backup_id=ocid("volumegroupbackup"))

    assert assess(copy) == Decision(Outcome.IS_COPY)


@pytest.mark.parametrize("lifecycle", list(Lifecycle))
def test_a_member_of_a_groups_backup_is_not_copied_alone(lifecycle: Lifecycle) -> None:
    """It goes with its group, which is consistent as a whole."""
    member = backup(lifecycle, group_backup_id=ocid("volumegroupbackup"))

    decision = assess(member)

    assert decision
    assert (decision.outcome, decision.reason) == (Outcome.EXCLUDED, Reason.GROUP_MEMBER)
    assert "volume group" in str(decision.message)


def test_without_a_copy_there_is_one_to_make() -> None:
    """The first attempt."""
    assert decide([]) == CopyNow(attempt=0)


@pytest.mark.parametrize("dead", sorted(DEAD))
def test_a_dead_copy_does_not_count(dead: Lifecycle) -> None:
    """Nothing can be restored from it; the next attempt is another one, with another token."""
    assert decide([backup(dead), backup(dead)]) == CopyNow(attempt=2)


@pytest.mark.parametrize("alive", sorted(ALIVE - {Lifecycle.AVAILABLE}))
def test_a_copy_under_way_is_enough(alive: Lifecycle) -> None:
    """A state that nobody knows yet counts as alive: two copies cost money, and one may be what was wanted."""
    under_way = backup(alive)

    assert decide([backup(Lifecycle.FAULTY), under_way]) == Decision(Outcome.IN_FLIGHT, alive.lower(), under_way)


@given(st.lists(st.sampled_from(list(Lifecycle))))
def test_a_copy_is_made_exactly_where_none_lives(states: list[Lifecycle]) -> None:
    """Whatever else there is, in whatever order; and an AVAILABLE one stands above one that is under way."""
    copies = [backup(state, f"n{number}") for number, state in enumerate(states)]

    decision = decide(copies)

    if not ALIVE & set(states):
        assert decision == CopyNow(attempt=len(copies))
    elif Lifecycle.AVAILABLE in states:
        assert isinstance(decision, Decision)
        assert decision.outcome is Outcome.EXISTS
        assert decision.copy is copies[states.index(Lifecycle.AVAILABLE)]
    else:
        assert isinstance(decision, Decision)
        assert decision.outcome is Outcome.IN_FLIGHT
        assert decision.copy in copies


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"another": AWAY}, None),
        ({"backup-copy-destinations": AWAY}, (AWAY,)),
        ({"backup-copy-destinations": f" {AWAY} , {FAR},{AWAY}"}, (AWAY, FAR)),
        ({"backup-copy-destinations": "none"}, ()),
        ({"backup-copy-destinations": " None "}, ()),
    ],
)
def test_a_sources_tag_names_its_destinations(tags: dict[str, str], expected: tuple[str, ...] | None) -> None:
    """None at all for `none`; without the tag the configuration decides."""
    assert tagged_destinations(tags, configuration(ALLOWED_REGIONS=f"{AWAY},{FAR}")) == expected


@pytest.mark.parametrize(
    "value", ["", " ", ",", f"{AWAY},", f"none,{AWAY}", "Phoenix", f"{AWAY} {FAR}", HOME, FAR, f"{AWAY},{FAR}"]
)
def test_a_tag_that_cannot_be_followed_is_no_tag_to_guess_at(value: str) -> None:
    """Half of it, or the configuration instead, would not be what its owner wanted."""
    with pytest.raises(TagMalformed, match=r"^backup-copy-destinations "):
        tagged_destinations({"backup-copy-destinations": value}, configuration())
