"""What every implementation of the port `Metrics` does."""

from datetime import timedelta

from handlers.core.points import Point
from tests.contract.worlds import World
from tests.fakes import AWAY, FAR, ocid


def ordered(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda each: (each.name, sorted(each.dimensions.items()), each.moment, each.value))


def test_points_arrive_as_they_were_handed_in(world: World) -> None:
    """Each with its name, its dimensions, its moment and its value."""
    now, here, there = world.now().replace(microsecond=125_000), ocid("volume"), ocid("bootvolume")
    points = [
        Point("recovery_point_age_seconds", {"source": here, "destination": AWAY}, now, 90_061.5),
        Point("recovery_point_age_seconds", {"source": here, "destination": FAR}, now, 0.0),
        Point("recovery_point_age_seconds", {"source": there, "destination": AWAY}, now, 17.0),
        Point("bytes_stored", {"source": here, "destination": AWAY}, now, 107_374_182_400.0),
        Point("bytes_stored", {"source": here, "destination": AWAY}, now - timedelta(minutes=5), 53_687_091_200.0),
    ]

    world.metrics.publish(points)

    assert ordered(world.points()) == ordered(points)


def test_any_number_of_points_is_handed_in(world: World) -> None:
    """The API takes fifty streams a request: that is not the caller's concern."""
    now = world.now().replace(microsecond=0)
    points = [Point("copies_started", {"source": f"s{n}", "destination": AWAY}, now, float(n)) for n in range(101)]

    world.metrics.publish(points)

    assert ordered(world.points()) == ordered(points)


def test_nothing_to_say_is_nothing_sent(world: World) -> None:
    """A sweep over nothing measures nothing."""
    world.metrics.publish([])

    assert world.points() == []
