"""What every implementation of the port `Notices` does."""

from collections.abc import Callable

import pytest

from handlers.core.errors import Missing, Outrun
from handlers.core.ports import Notices
from tests.contract.worlds import EmulatedWorld, World


def test_a_message_reaches_the_topic(world: World) -> None:
    """With its title and its text, as they are, in the order in which they were sent."""
    world.notices.publish("A copy is late", "payroll: no copy in Phoenix since 02:00\nTäglich um drei.")
    world.notices.publish("All is well", "again")

    assert world.published() == [
        ("A copy is late", "payroll: no copy in Phoenix since 02:00\nTäglich um drei."),
        ("All is well", "again"),
    ]


def test_a_new_topic_has_no_tags(world: World) -> None:
    """But an etag to set some with."""
    found = world.notices.tags()

    assert found.tags == {}
    assert found.etag


def test_tags_are_replaced_as_a_whole(world: World) -> None:
    """And each change has an etag of its own, with which the next can follow."""
    first = world.notices.tags()
    world.notices.replace_tags({"told": "1", "team": "payroll"}, first.etag)
    second = world.notices.tags()
    world.notices.replace_tags({"told": "2"}, second.etag)

    assert second.tags == {"told": "1", "team": "payroll"}
    assert second.etag != first.etag
    assert world.notices.tags().tags == {"told": "2"}


def test_a_stale_etag_changes_no_tags(world: World) -> None:
    """Two calls at the same moment shall not both believe that they were the ones to tell."""
    before = world.notices.tags()
    world.describe_topic({"told": "by somebody else"})

    with pytest.raises(Outrun):
        world.notices.replace_tags({"told": "by us"}, before.etag)

    assert world.notices.tags().tags == {"told": "by somebody else"}


def test_a_topics_description_stays(emulated: EmulatedWorld) -> None:
    """The API wants it to be said again with every change of the tags, and it belongs to somebody else."""
    emulated.describe_topic({"told": "1"})
    described = emulated.topic

    emulated.notices.replace_tags({"told": "2"}, emulated.notices.tags().etag)

    assert described["description"]
    assert emulated.topic == {**described, "freeformTags": {"told": "2"}, "etag": emulated.topic["etag"]}


def test_reading_and_telling_change_no_etag(world: World) -> None:
    """Only what changes the tags does."""
    before = world.notices.tags()
    world.notices.publish("A copy is late", "…")

    assert world.notices.tags() == before


CALLS: list[Callable[[Notices], object]] = [
    lambda notices: notices.tags(),
    lambda notices: notices.publish("A copy is late", "…"),
    lambda notices: notices.replace_tags({}, "etag"),
]


@pytest.mark.parametrize("call", CALLS, ids=["tags", "publish", "replace_tags"])
def test_a_topic_that_does_not_exist_is_missing(world: World, call: Callable[[Notices], object]) -> None:
    """Or is not for the function: the API does not tell which."""
    notices = world.notices
    world.delete_topic()

    with pytest.raises(Missing) as caught:
        call(notices)

    assert (caught.value.code, caught.value.status) == ("NotAuthorizedOrNotFound", 404)
