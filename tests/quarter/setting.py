"""The world of a seed: its sources, its policy, and how its operators have set the function up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from handlers.core.model import Kind, Source
from tests.fakes import AWAY, COMPARTMENT, FAR, FakeClock
from tests.quarter.cloud import LivingCloud
from tests.quarter.terms import DESTINATIONS_TAG, EVERY_TAG, KEEP_TAG, Layer, Terms, terms_of
from tests.quarter.trouble import Trouble

DESTINATIONS = (AWAY, FAR)
LEDGER = "ocid1.compartment.oc1..ledger"
TOPIC = "ocid1.onstopic.oc1.iad.operators"
START = datetime(2026, 10, 5, tzinfo=UTC)
GRACE = timedelta(hours=24)
KEEPS = ("last 1", "last 2", "last 3", "last 4", "2d", "3d", "4d", "3d 2w", "2d 1w 1m", "2d 2m", "1d 1w 1m 1y")
INTERVALS = ("1d", "2d", "1w")


@dataclass(frozen=True)
class Size:
    """How much there is in a seed, and for how long. The last days of it are calm."""

    days: int = 90
    sources: int = 50
    calm: timedelta = timedelta(days=7)


@dataclass
class World:
    """A cloud, the configuration of the function in it, and what was found to be against the rules."""

    seed: int
    size: Size
    random: Random
    cloud: LivingCloud
    start: datetime
    defaults: Layer
    rules: tuple[Layer, ...]
    compartments: tuple[str, ...]
    max_percent: int
    tick: timedelta
    """How far apart ticks are of those operations that run most often."""
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    is_aloud: bool = False
    messages: int = 0
    calls: int = 0
    breaches: int = 0
    _terms: dict[str, tuple[Source, Terms]] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.cloud.clock.now()

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=self.size.days)

    def violation(self, what: str) -> None:
        self.violations.append(f"{self.now:%m-%d %H:%M} {what}")
        self.note(f"VIOLATION {what}")

    def note(self, what: str) -> None:
        if self.is_aloud:
            self.trace.append(f"{self.now:%m-%d %H:%M:%S} {what}")

    def terms(self, source: Source) -> Terms:
        """What holds for a source now."""
        known = self._terms.get(source.id)
        if known is None or known[0] is not source:
            known = self._terms[source.id] = source, terms_of(source, self.defaults, self.rules, DESTINATIONS)
        return known[1]

    def is_left_to_group(self, source: Source) -> bool:
        """Whether it is backed up with its volume group, and of itself is due for nothing."""
        group = self.cloud.sources.get(source.group_id or "")
        return group is not None and EVERY_TAG not in source.freeform_tags and self.terms(group).every is not None

    def configuration(self) -> dict[str, str]:
        """The function's configuration keys."""
        policy = {"defaults": self.defaults.as_json(), "rules": [each.as_rule() for each in self.rules]}
        return {
            "DESTINATION_REGIONS": ",".join(DESTINATIONS),
            "COMPARTMENT_IDS": ",".join(self.compartments),
            "POLICY": json.dumps(policy),
            "MAX_IN_FLIGHT": "200",
            "MAX_DELETES": "1000",
            "MAX_DELETE_PERCENT": str(self.max_percent),
            "NOTIFICATION_TOPIC_ID": TOPIC,
        }


def make_world(seed: int, size: Size) -> World:
    """The same seed makes the same world."""
    random = Random(seed)
    start = START + timedelta(days=random.randrange(365))
    rate, telling = random.choice((0.0, 0.001, 0.003)), random.choice((0.0, 0.01, 0.05))
    cloud = LivingCloud(
        FakeClock(start),
        call_takes=timedelta(milliseconds=random.choice((5, 20))),
        listed_after=timedelta(seconds=random.choice((0, 0, 5))),
        random=random,
        trouble=Trouble(random, rate, telling),
        faulty_rate=random.choice((0.0, 0.005, 0.02)),
        slow_rate=random.choice((0.0, 0.01, 0.05)),
    )
    kinds = ((), (), (Kind.BOOT_VOLUME,), (Kind.VOLUME, Kind.VOLUME_GROUP))
    rules = (
        Layer(**_drawn(random), tags={"tier": "gold"}),
        Layer(**_drawn(random), name="tmp-*", kinds=random.choice(kinds)),
        Layer(**_drawn(random), kinds=(random.choice(list(Kind)),)),
    )
    is_hasty = random.random() < 0.05
    if is_hasty:
        rules = (Layer(every="6h", keep="last 4", tags={"tier": "gold"}), *rules[1:])
    world = World(
        seed,
        size,
        random,
        cloud,
        start,
        Layer(random.choice(INTERVALS), random.choice(KEEPS), tuple((each, None) for each in DESTINATIONS)),
        rules[: random.randint(1, 3)],
        random.choice(((COMPARTMENT,), (COMPARTMENT, LEDGER))),
        random.randint(60, 100),
        timedelta(hours=6 if is_hasty else 24),
    )
    while len(cloud.sources) < size.sources:
        add_sources(world)
    return world


def _drawn(random: Random) -> dict[str, Any]:
    """The terms of a rule: any of them may be left to the defaults."""
    destinations = random.sample(DESTINATIONS, random.choice((1, 2, 2)))
    keeps = (None, None, *KEEPS)
    return {
        "every": random.choice((None, *INTERVALS)),
        "keep": random.choice(keeps),
        "destinations": random.choice((None, tuple((each, random.choice(keeps)) for each in destinations))),
        "target": random.choice((None, None, None, "3d", "8d")),
    }


def add_sources(world: World) -> None:
    """A volume, a boot volume, or a volume group with its members; some with tags of their own."""
    random, cloud = world.random, world.cloud
    kind = random.choices(list(Kind), (1, 14, 3))[0]
    facts = {
        "name": f"{random.choice(('db', 'web', 'tmp'))}-{len(cloud.sources)}",
        "compartment_id": random.choice(world.compartments),
    }
    tier = random.choices(("gold", "silver", ""), (1, 2, 4))[0]
    tags = ({"tier": tier} if tier else {}) | (own_tags(random) if random.random() < 0.2 else {})
    source = cloud.add_source(kind, tags, **facts)
    if kind is Kind.VOLUME_GROUP:
        for number in range(2):
            member = {**facts, "name": f"{facts['name']}-{number}", "group_id": source.id}
            cloud.add_source(Kind.VOLUME, {}, **member)


def own_tags(random: Random) -> dict[str, str]:
    """What a source says of itself; now and then what nobody can follow."""
    return random.choice(
        (
            {EVERY_TAG: random.choice((*INTERVALS, "12h", "none"))},
            {KEEP_TAG: random.choice(KEEPS)},
            {DESTINATIONS_TAG: random.choice((AWAY, FAR, f"{AWAY},{FAR}", "none"))},
            {EVERY_TAG: random.choice(INTERVALS), KEEP_TAG: random.choice(KEEPS)},
        )
    )
