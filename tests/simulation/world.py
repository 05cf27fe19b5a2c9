"""A small world made from a seed: an emulated cloud, the function in it, and others who use the same cloud."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.emulator import control_plane
from infra.emulator.block_volume.kinds import BOOT_VOLUME, VOLUME, VOLUME_GROUP, Kind
from infra.emulator.block_volume.resource import Resource
from infra.emulator.cloud import Cloud
from infra.emulator.delivery import Ended, Message
from infra.emulator.identity import Identity
from infra.emulator.ocids import drawn_from, new_ocid
from tests.simulation.expectation import Expectation
from tests.simulation.function import Function
from tests.simulation.invocation import Fate, Invocation
from tests.simulation.ledger import Ledger
from tests.simulation.network import Network
from tests.simulation.others import Others
from tests.simulation.policy import DESTINATIONS_TAG, draw_tags
from tests.simulation.principal import FUNCTION_ID, Principal, issuer, keys_are_read_once
from tests.simulation.scheduler import Scheduler, VirtualClock
from tests.simulation.setting import AWAY, FAR, HOME, SPARE, Retention, Setting

OVERVIEWS = {"Sweep", "CreateDueBackups", "PruneCopies", "ReportCopies", "ExplainPolicy"}
START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
LATEST_EVENT = timedelta(hours=2)
"""After which no event is delivered any more, and no call goes on."""
FINISHED = [f"com.oraclecloud.blockvolumes.create{kind}backup.end" for kind in ("volume", "bootvolume", "volumegroup")]


class World:
    """`chance` is for whatever is done in it; what happens by itself has chances of its own."""

    def __init__(self, seed: int, folder: Path, chance: random.Random | None = None) -> None:
        self.chance = chance or _chance(seed, "story")
        self.setting = Setting.draw(_chance(seed, "setting"))
        clock = VirtualClock(START)
        identity = Identity(issuer=issuer())
        self.cloud = Cloud((HOME, AWAY, FAR, SPARE), clock, self.setting.limits, identity, caller=self._deliver)
        self.ledger = Ledger(self.cloud)
        self.scheduler = Scheduler(clock, _chance(seed, "turns"))
        self.principal = Principal(identity, HOME, folder)
        self.others = Others(self.cloud, self.chance, self.ledger)
        self.swept = tuple(identity.create_compartment(f"swept-{n}") for n in range(self.setting.compartments))
        self.elsewhere = identity.create_compartment("elsewhere")
        self.expectation = Expectation(self.setting, self.others.resources, self.swept, self.ledger.lives, clock)
        network = Network(self.cloud, self.scheduler, _chance(seed, "network"), self.ledger)
        self.cloud.functions.register(FUNCTION_ID, "simulated")
        self._environment = {**self.principal.environment, **self.setting.environment(self.swept)}
        self._environment["FN_FN_ID"] = FUNCTION_ID
        if self.setting.has_topic:
            self._environment["NOTIFICATION_TOPIC_ID"] = self._make_topic()
        for operation in self.setting.denied:
            self.cloud.deny(operation)
        self.function = Function(self._environment, self.scheduler, network, _chance(seed, "function"), self.ledger)
        self.limits = [(clock.now(), self.setting.retention)]
        """How many deletions the function is configured for, from when on."""
        self.is_calm = False
        self.redirected: set[str] = set()
        """Sources whose destinations somebody has changed."""
        self.withheld: list[str] = []
        """What somebody has forbidden the function for a while."""
        self.clumsiness = self.chance.choice((0.0, 0.1, 0.3))
        """How often a call is killed, or given little time."""
        self.sources = [self._draw_source() for _ in range(self.chance.randint(2, 4))]
        for compartment_id in self.swept:
            if self.chance.random() < (0.4 if self.setting.retention else 0.75):  # else only sweeps see its backups
                self._tell_of_backups(compartment_id)

    @property
    def now(self) -> datetime:
        return self.scheduler.clock.now()

    def run(self, step: timedelta) -> None:
        """Let time pass."""
        self.scheduler.run(step)

    def call(self, payload: Mapping[str, Any] | list[Any], why: str) -> Invocation:
        """Call the function; in a world that is not calm this may go wrong."""
        operations = _operations(payload, self.setting.schedule)
        content = json.dumps(payload).encode()
        return self.function.invoke(content, why, self._draw_fate(), calm=self.is_calm, operations=operations)

    def raise_limits(self) -> None:
        """Somebody has looked at what is to be deleted, and configures the function so that it may."""
        if self.setting.retention:
            raised = replace(self.setting.retention, max_deletes=10_000, max_percent=100)
            self.limits.append((self.now, raised))
            self.function.configure({**self._environment, **raised.environment()})

    def limits_at(self, moment: datetime) -> Retention | None:
        """What a call that begins at this moment is configured with."""
        return next(limits for since, limits in reversed(self.limits) if since <= moment)

    def calm_down(self) -> None:
        """Let nothing go wrong from now on, and wait until all that is under way has ended."""
        self.cloud.faults.stop()
        self.cloud.block_volume.storage.failures.clear()
        for operation in {*self.withheld} - {*self.setting.denied}:
            self.cloud.allow(operation)
        self.principal.renew()
        self.ledger.watchers.clear()
        self.is_calm = True
        self.ledger.write("calm from now on")
        self.run(LATEST_EVENT + self.setting.copy_takes)

    def _draw_fate(self) -> Fate:
        if self.is_calm or self.chance.random() >= self.clumsiness:
            return Fate()
        match self.chance.choice(("time", "moment", "request")):
            case "time":
                return Fate(timeout=timedelta(seconds=self.chance.choice((8, 15, 40))))
            case "moment":
                return Fate(killed_after=timedelta(seconds=round(self.chance.uniform(0, 5), 3)))
            case _:
                return Fate(killed_at=self.chance.choice(("Copy", "Copy", "Update", "Create", "Delete")))

    def _deliver(self, _: str, message: Message, ended: Ended) -> None:
        if message.source == "functions":
            self.call(json.loads(message.payload), "part of a sweep")
            self._say(ended, 200)
            return
        of = self.ledger.name_of(str(message.facts.get("resource")))
        done = partial(self._say, ended)
        self.function.invoke(message.payload, f"event of {of}", self._draw_fate(), calm=self.is_calm, ended=done)

    def _say(self, ended: Ended, status: int | None) -> None:
        ended(status, None if status else "killed")

    def _draw_source(self) -> Resource:
        kind: Kind = self.chance.choice((VOLUME, VOLUME, BOOT_VOLUME, BOOT_VOLUME, VOLUME_GROUP))
        compartment_id = self.chance.choice(self.swept) if self.chance.random() < 0.85 else self.elsewhere
        tags = self.draw_destinations()
        if self.setting.retention or self.chance.random() < 0.1:
            tags |= draw_tags(self.chance)
        return self.others.make_source(kind, compartment_id, tags)

    def draw_destinations(self) -> dict[str, str]:
        """The tag by which a source has destinations of its own, if it has."""
        regions = ",".join(self.chance.sample(self.setting.allowed, self.chance.randint(1, len(self.setting.allowed))))
        value = self.chance.choices((None, regions, "none", f"{HOME},", SPARE), (60, 25, 8, 4, 3))[0]
        return {} if value is None else {DESTINATIONS_TAG: value}

    def _tell_of_backups(self, compartment_id: str) -> None:
        """The rule of Events by which the function hears of finished backups."""
        action = {"actionType": "FAAS", "isEnabled": True, "functionId": FUNCTION_ID}
        fields = {
            "displayName": "copy",
            "isEnabled": True,
            "compartmentId": compartment_id,
            "condition": json.dumps({"eventType": FINISHED}),
            "actions": {"actions": [action]},
        }
        rules = self.cloud.events._rules._resources
        rule = control_plane.Resource(new_ocid("eventrule", HOME), HOME, len(rules), fields)
        rules[rule.id] = rule

    def _make_topic(self) -> str:
        """The topic by which the function tells people of what needs one of them."""
        topic_id = new_ocid("onstopic", HOME)
        fields = {"topicId": topic_id, "compartmentId": self.swept[0], "freeformTags": {}}
        self.cloud.notifications._topics._resources[topic_id] = control_plane.Resource(topic_id, HOME, 0, fields)
        return topic_id


def _operations(payload: Mapping[str, Any] | list[Any], schedule: Sequence[str]) -> frozenset[str]:
    """Those of all that is looked at which a payload asks for."""
    if payload == {}:
        return frozenset(schedule)
    named = payload if isinstance(payload, list) else [payload]
    return frozenset(each["operation"] for each in named if "operation" in each) & OVERVIEWS


@contextmanager
def make_world(seed: int, chance: random.Random | None = None) -> Iterator[World]:
    """The world of a seed: whoever makes it anew and does the same with it sees the same happen."""
    with TemporaryDirectory(prefix="simulation-") as folder, drawn_from(_chance(seed, "ocids")), keys_are_read_once():
        yield World(seed, Path(folder), chance)


def _chance(seed: int, of: str) -> random.Random:
    return random.Random(f"{seed} {of}")
