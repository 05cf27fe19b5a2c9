"""One emulated cloud for all claims about the port; each claim has sources of its own in it."""

from collections.abc import Iterator
from functools import partial

import pytest

from handlers.core.model import Kind
from infra.emulator.cloud import Cloud
from infra.emulator.server import Emulator
from tests.contract.worlds import EmulatedWorld, FakeWorld, World
from tests.fakes import AWAY, FAR, HOME


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator([HOME, AWAY, FAR], speed=None) as running:
        yield running


@pytest.fixture
def emulated(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedWorld]:
    """Lists come in pages of two, so that every list of three is one of several pages."""
    monkeypatch.setattr("handlers.cloud.backups.PAGE_SIZE", 2)
    world = EmulatedWorld(emulator)
    yield world
    world.wait()  # what one test leaves under way takes the next one's places
    for region in emulator.regions:
        emulator.call(partial(Cloud.subscribe, region=region))


@pytest.fixture(params=["fake", "emulated"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    emulated: EmulatedWorld = request.getfixturevalue("emulated")
    return emulated


@pytest.fixture(params=list(Kind))
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)
