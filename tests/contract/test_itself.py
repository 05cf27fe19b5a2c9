"""What every implementation of the port `Itself` does."""

import pytest

from handlers.core.errors import Missing
from tests.contract.worlds import EmulatedWorld, World

PAYLOAD = {"operation": "Sweep", "compartmentId": ["ocid1.compartment.oc1..a"], "part": {"depth": 1, "places": 2}}


def test_what_is_handed_on_arrives_as_it_was(world: World) -> None:
    """Each payload begins a call of its own, which nobody waits for."""
    other = {**PAYLOAD, "part": {"depth": 2, "places": 1}}

    requests = [world.itself.invoke(each) for each in (PAYLOAD, other)]

    assert world.handed_on() == [PAYLOAD, other]
    assert all(requests)
    assert len(set(requests)) == 2


@pytest.mark.parametrize("operation", ["GetFunction", "InvokeFunction"])
def test_a_function_that_may_not_call_itself_is_told_so(emulated: EmulatedWorld, operation: str) -> None:
    """Oracle answers as for a function that is not there."""
    emulated.emulator.call(lambda cloud: cloud.deny(operation))
    try:
        with pytest.raises(Missing):
            emulated.itself.invoke(PAYLOAD)
    finally:
        emulated.emulator.call(lambda cloud: cloud.allow(operation))

    assert emulated.handed_on() == []
