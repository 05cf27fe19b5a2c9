"""One emulated cloud on a standing clock, and one function in it, for all tests that look at the real process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.emulator.server import Emulator
from tests.e2e.rehearsal import Rehearsal, rehearse
from tests.emulator.tenant import PHOENIX, REGIONS


@pytest.fixture(scope="session")
def cloud() -> Iterator[Emulator]:
    with Emulator(REGIONS, speed=None) as running:
        yield running


@pytest.fixture(scope="module")
def rehearsal(cloud: Emulator) -> Iterator[Rehearsal]:
    with rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as running:
        yield running
