"""One emulated cloud on a standing clock for all tests here; each test has a compartment of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infra.emulator.block_volume.limits import Limits
from infra.emulator.server import Emulator
from tests.emulator.invoking import Told
from tests.emulator.tenant import REGIONS, Tenant


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(REGIONS, speed=None) as running:
        yield running


@pytest.fixture
def tenant(emulator: Emulator) -> Iterator[Tenant]:
    tenant = Tenant(emulator, emulator.call(lambda cloud: cloud.identity.create_compartment("test")))
    yield tenant
    tenant.pass_time()


@pytest.fixture
def limited() -> Iterator[Callable[[Limits], Tenant]]:
    """Starts a cloud of its own with other limits."""
    with ExitStack() as stack:

        def start(limits: Limits) -> Tenant:
            emulator = stack.enter_context(Emulator(REGIONS, speed=None, limits=limits))
            return Tenant(emulator, emulator.compartment_id)

        yield start


@pytest.fixture
def told(tenant: Tenant) -> Iterator[Told]:
    """A function that clients can find and invoke."""
    function = Told()
    function.may_answer.set()
    with function.listening() as url:
        tenant.emulator.register_function(function.id, url, displayName="told", timeoutInSeconds=300)
        yield function
        function.may_answer.set()
        tenant.emulator.settle()
