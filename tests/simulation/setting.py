"""What kind of world a seed makes: regions, limits, habits of the cloud, and how the function is configured."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.core.fan_out import OTHERS_MB
from infra.emulator.block_volume.limits import Limits, State, Timings
from infra.emulator.ocids import new_ocid
from tests.simulation.policy import Policy

HOME, AWAY, FAR, SPARE = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1", "uk-london-1"
"""The function's region, where copies may be configured to go, and one more."""


NIGHTLY = ("CreateDueBackups", "Sweep", "PruneCopies")
"""What a tick does where it does more than sweep."""
TELLING = ("PostMetricData", "GetTopic", "UpdateTopic", "PublishMessage")
"""By which the function tells of what it has done."""
HANDING_ON = ("GetFunction", "InvokeFunction")


@dataclass(frozen=True)
class Retention:
    """How the function is configured to make backups, and to delete what is not kept."""

    policy: Policy
    grace: timedelta
    max_deletes: int
    max_percent: int

    @classmethod
    def draw(cls, chance: random.Random, destinations: Sequence[str]) -> Retention:
        """So short that much goes within a story."""
        return cls(
            Policy.draw(chance, destinations),
            grace=timedelta(hours=chance.choice((1, 1, 2, 6))),
            max_deletes=chance.choice((1, 3, 50, 50, 50, 50, 50, 50)),
            max_percent=chance.choice((20, 50, 100, 100, 100)),
        )

    def environment(self) -> dict[str, str]:
        return {
            "POLICY": self.policy.as_text(),
            "DELETE_GRACE": f"{self.grace // timedelta(hours=1)}h",
            "MAX_DELETES": str(self.max_deletes),
            "MAX_DELETE_PERCENT": str(self.max_percent),
        }


@dataclass(frozen=True)
class Setting:
    """Drawn once for a world."""

    destinations: tuple[str, ...]
    allowed: tuple[str, ...]
    """The destinations, and at times `SPARE`."""
    compartments: int
    """How many are swept."""
    max_in_flight: int
    keys: Mapping[str, str | None] | None
    """The keys that are configured for copies, by region."""
    limits: Limits
    copy_takes: timedelta
    retention: Retention | None
    schedule: tuple[str, ...]
    """The operations of a tick."""
    has_metrics: bool
    has_topic: bool
    denied: tuple[str, ...]
    """What the function may not do, from the beginning to the end."""
    fans_out: bool
    """Whether each call has room for one compartment, and hands the other on."""

    @classmethod
    def draw(cls, chance: random.Random) -> Setting:
        """A small tenancy, so that a seed is quick: what goes wrong goes wrong with few backups as well."""
        destinations = tuple(chance.sample((AWAY, FAR), chance.choice((1, 2))))
        allowed = (*destinations, SPARE) if chance.random() < 0.4 else destinations
        max_in_flight = chance.choice((1, 2, 3, 4))
        copy_takes = chance.choice((40, 600, 3000))
        keys = {region: chance.choice((None, new_ocid("key", region))) for region in allowed}
        retention = Retention.draw(chance, destinations) if chance.random() < 0.6 else None
        compartments = 1 if chance.random() < 0.85 else 2
        return cls(
            destinations,
            allowed,
            compartments=compartments,
            max_in_flight=max_in_flight,
            keys=keys if chance.random() < 0.3 else None,
            limits=Limits(
                copies_in_flight=max_in_flight + chance.choice((0, 3)),
                boot_volume_copies_in_flight=chance.choice((1, 1, 3)),
                copies_carry_tags=chance.random() < 0.5,
                members_emit_events=chance.random() < 0.5,
                seconds_until_listed=chance.choice((0, 2, 8)),
                timings=_timings(copy_takes),
            ),
            copy_takes=timedelta(seconds=copy_takes + 5),
            retention=retention,
            schedule=NIGHTLY if retention and chance.random() < 0.25 else ("Sweep",),
            has_metrics=chance.random() < 0.5,
            has_topic=chance.random() < 0.4,
            denied=(chance.choice(TELLING),) if chance.random() < 0.1 else (),
            fans_out=compartments > 1 and max_in_flight > 1 and chance.random() < 0.7,
        )

    @property
    def policy(self) -> Policy:
        """An empty one where none is configured."""
        return self.retention.policy if self.retention else Policy()

    def environment(self, compartment_ids: tuple[str, ...]) -> dict[str, str]:
        """The function's configuration."""
        environment = {
            "DESTINATION_REGIONS": ",".join(self.destinations),
            "COMPARTMENT_IDS": ",".join(compartment_ids),
            "MAX_IN_FLIGHT": str(self.max_in_flight),
        }
        if self.allowed != self.destinations:
            environment["ALLOWED_REGIONS"] = ",".join(self.allowed)
        if self.keys is not None:
            environment["KMS_KEY_IDS"] = json.dumps(self.keys)
        if self.schedule != ("Sweep",):
            environment["SCHEDULE"] = json.dumps([{"operation": each} for each in self.schedule])
        if self.fans_out:
            environment |= {"FAN_OUT": "ON", "FN_MEMORY": str(OTHERS_MB)}
        if not self.has_metrics:
            environment["METRICS"] = "off"
        return environment | (self.retention.environment() if self.retention else {})


def _timings(copy_takes: float) -> Timings:
    """Copies between regions take anything from seconds to hours."""
    return Timings(
        volume=((0, State.AVAILABLE),),
        volume_group=((0, State.AVAILABLE),),
        copy=((0, State.CREATING), (copy_takes, State.AVAILABLE)),
        group_copy=((0, State.CREATING), (copy_takes / 2, State.COMMITTED), (copy_takes + 5, State.AVAILABLE)),
    )
