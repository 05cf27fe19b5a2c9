"""What goes wrong between the function and the cloud, and in the cloud."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.faults.fault import Answer, Cut, FaultKind, Hang
from infra.emulator.faults.lottery import even_rates
from tests.simulation.setting import HOME, TELLING
from tests.simulation.step import Step
from tests.simulation.world import World


class Troubles(Step):
    """Steps that break something, most of them for a while."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._draw({})

    def trouble(self) -> None:
        """Requests meet faults for a while, or until the end."""
        rates = even_rates(self.chance.choice((0.03, 0.1, 0.3)))
        self._draw(rates)
        self._later(self.chance.choice((600, 10_000, 200_000)), partial(self._draw, {}))

    def answers_get_lost(self) -> None:
        """The next requests of a kind are carried out, and nobody learns of it."""
        verb = self.chance.choice(("Copy", "Copy", "Create", "Update", "Delete"))
        operation = f"{verb}{self.chance.choice(BACKUPS).name}" if self.chance.random() < 0.8 else self._telling()
        fault = self.chance.choice(
            (Cut(after_work=True), Hang(120, after_work=True), Answer(500, "InternalServerError", after_work=True))
        )
        self.world.cloud.faults.script(fault, operation=operation, times=self.chance.choice((1, 3, 5)))

    def region_goes_down(self) -> None:
        region = self.chance.choice((HOME, *self.world.setting.allowed))
        self.world.cloud.faults.region_down(region)
        self._later(self.chance.uniform(1, 36_000), partial(self.world.cloud.faults.region_up, region))

    def permission_is_missing(self) -> None:
        """For a while the function may not do something that it does else."""
        noun = self.chance.choice(BACKUPS)
        listed = (f"List{noun.name}s", f"List{noun.of.name}s")
        operation = self.chance.choice((*listed, *listed, f"Delete{noun.name}", f"Update{noun.name}", self._telling()))
        self.world.cloud.deny(operation)
        self.world.withheld.append(operation)
        self._later(self.chance.uniform(600, 40_000), partial(self._allow, operation))

    def _allow(self, operation: str) -> None:
        if operation not in self.world.setting.denied:
            self.world.cloud.allow(operation)

    def _telling(self) -> str:
        return self.chance.choice(TELLING)

    def token_expires(self) -> None:
        self.world.cloud.faults.expire_tokens()
        self._later(self.chance.choice((1.0, 600.0, 20_000.0)), self.world.principal.renew)

    def clock_is_wrong(self) -> None:
        self.world.cloud.faults.skew(timedelta(minutes=self.chance.choice((-20, 6, 90))))
        self._later(self.chance.uniform(1, 10_000), partial(self.world.cloud.faults.skew, timedelta()))

    def copies_fail(self) -> None:
        """Some of the next copies of a kind end FAULTY."""
        kind = self.chance.choice(BACKUPS)
        self.world.cloud.block_volume.fail_next(f"Copy{kind.name}", self.chance.choice((1, 1, 2, 3)))

    def backup_fails(self) -> None:
        kind = self.chance.choice(BACKUPS)
        self.world.cloud.block_volume.fail_next(f"Create{kind.name}")

    def _draw(self, rates: Mapping[FaultKind, float]) -> None:
        """Events come late, twice or never whatever the rates for requests are; in a calm world nothing does."""
        if self.world.is_calm:
            return
        of_events = {FaultKind.LOST: 0.1, FaultKind.TWICE: 0.1, FaultKind.LATE: 0.1}
        self.world.cloud.faults.draw(random.Random(self.chance.random()), {**rates, **of_events})
