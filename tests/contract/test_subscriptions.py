"""What every implementation of the port `Subscriptions` does."""

from tests.contract.worlds import World
from tests.fakes import AWAY, FAR, HOME


def test_the_regions_that_the_tenancy_is_subscribed_to_are_known(world: World) -> None:
    """By their names."""
    assert world.subscriptions() == {HOME, AWAY, FAR}


def test_a_region_that_the_tenancy_is_not_subscribed_to_is_not_among_them(world: World) -> None:
    """Nothing can be copied there."""
    world.unsubscribe(FAR)

    assert world.subscriptions() == {HOME, AWAY}
