"""What may happen in a world, step by step: calls of the function, deeds of others, and things that go wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from infra.emulator.block_volume.kinds import BACKUP_OF, BACKUPS
from infra.emulator.block_volume.resource import ENDING, Resource
from infra.emulator.faults.fault import Answer, Cut, FaultKind, Hang
from infra.emulator.faults.lottery import even_rates
from infra.emulator.ocids import new_ocid
from infra.emulator.wire import timestamp
from tests.simulation.expectation import TAG
from tests.simulation.setting import HOME, SPARE
from tests.simulation.world import World

HABITS: tuple[Mapping[str, str], ...] = ({}, {"team": "payroll"}, {f"tag-{n}": "kept" for n in range(9)})
"""Tags that backups are made with."""


class Steps:
    """Each method is one step, and draws its details from the world's chance."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = world.chance
        self._draw({})
        self._orders = 0

    # ---- calls of the function

    def sweep(self, *, times: int = 1) -> None:
        """The schedule's tick: as an empty message, or as an operation; at times more than once."""
        for _ in range(times):
            payload: Mapping[str, Any] = {} if self.chance.random() < 0.8 else {"operation": "Sweep"}
            self._later(self.chance.uniform(0, 3), partial(self.world.call, payload, "sweep"))

    def sweep_by_hand(self) -> None:
        """Somebody sweeps compartments of their choice, or to regions of their choice."""
        payload: dict[str, Any] = {"operation": "Sweep"}
        if self.chance.random() < 0.5:
            payload["compartmentId"] = self.chance.choice((self.world.elsewhere, [*self.world.swept]))
        if self.chance.random() < 0.5:
            payload["destinationRegion"] = self.chance.choice(self.world.setting.allowed)
        self.world.call(payload, "sweep by hand")

    def rehearse(self) -> None:
        """A sweep that is to change nothing."""
        self.world.call({"operation": "Sweep", "dryRun": True}, "sweep, dry run")

    def order_backup(self) -> None:
        """An alarm whose body orders a backup; Notifications may deliver it twice."""
        source = self.chance.choice(self.world.sources)
        kind = BACKUP_OF[source.kind]
        self._orders += 1
        order = {
            "operation": f"Create{kind.name}",
            kind.of_field: source.id,
            "displayName": f"order-{self._orders}",
            "freeformTags": dict(self.chance.choice(HABITS)),
        }
        alarm = {
            "dedupeKey": f"alarm-{self._orders}",
            "title": "nightly",
            "type": "OK_TO_FIRING",
            "severity": "INFO",
            "timestamp": timestamp(self.world.now),
            "version": 1.0,
            "body": json.dumps(order),
        }
        call = partial(self.world.call, alarm, f"order {self._orders} of a {kind.noun}")
        self._later(0, call)
        if self.chance.random() < 0.4:
            self._later(self.chance.choice((0.1, 2.0, 300.0)), call)

    def copy_by_hand(self) -> None:
        """Somebody asks for a copy of any backup, also of one that is not to be copied."""
        backup = self._any(HOME, copies=None)
        if backup is None:
            return
        payload: dict[str, Any] = {"operation": f"Copy{backup.kind.name}", backup.kind.id_field: backup.id}
        regions = [*self.world.setting.allowed, SPARE]
        match self.chance.choice(("anywhere", "one", "some", "named", "key")):
            case "one":
                payload["destinationRegion"] = self.chance.choice(regions)
            case "some":
                payload["destinationRegion"] = self.chance.sample(regions, 2)
            case "named":
                payload["displayName"] = "by-hand"
            case "key":
                region = self.chance.choice(self.world.setting.allowed)
                payload |= {"destinationRegion": region, "kmsKeyId": new_ocid("key", region)}
        name = self.world.ledger.name_of(backup.id)
        self.world.call([payload] if self.chance.random() < 0.2 else payload, f"copy of {name} by hand")

    def rename_by_hand(self) -> None:
        """Somebody gives a backup another name, and a tag beside those that it has."""
        backup = self._any(HOME, copies=None)
        if backup is None:
            return
        tags = {**backup.fields["freeformTags"], "renamed": "yes"}
        payload = {"operation": f"Update{backup.kind.name}", backup.kind.id_field: backup.id, "displayName": "renamed"}
        if len(tags) <= 10:
            payload |= {"freeformTags": tags, "ifMatch": backup.etag}
        self.world.call(payload, f"rename {self.world.ledger.name_of(backup.id)} by hand")

    # ---- deeds of others

    def back_up(self) -> None:
        """A backup that the function has no part in."""
        self._back_up(self.chance.choice(self.world.sources))

    def back_up_all(self) -> None:
        """The nightly backups of somebody's schedule: of each source, all at about one time."""
        for source in self.world.sources:
            self._later(self.chance.uniform(0, 5), partial(self._back_up, source))

    def back_up_often(self) -> None:
        """Backups of one source, one soon after the other: by the time of the next sweep their copies queue up."""
        source = self.chance.choice(self.world.sources)
        for number in range(self.chance.randint(2, 3)):
            self._later(number * self.chance.uniform(30, 900), partial(self._back_up, source))

    def collide(self) -> None:
        """A backup, and what several people do about it at the moment when it is finished."""
        backup = self._back_up(self.chance.choice(self.world.sources))
        if backup is None:
            return
        payload = {"operation": f"Copy{backup.kind.name}", backup.kind.id_field: backup.id, "displayName": "mine"}
        named = {**payload, "destinationRegion": self.chance.choice(self.world.setting.allowed)}
        for call in ({}, payload, named, {}):
            if self.chance.random() < 0.6:
                self._later(self.chance.uniform(18, 30), partial(self.world.call, call, "at once with others"))
        for note in range(self.chance.randint(0, 4)):
            tag = partial(self.world.others.tag, backup, {f"note-{note}": "new"})
            self._later(self.chance.uniform(20, 34), tag)

    def bring_home(self) -> None:
        """A backup of another region that is copied to the function's: it is not to be copied on."""
        backup = self.world.others.foreign_backup(self.chance.choice(self.world.swept))
        if backup:
            self._later(60, partial(self.world.others.bring_home, backup))

    def delete_copy(self) -> None:
        """An operator deletes a copy, or one that failed."""
        copy = self._any(self.chance.choice(self.world.setting.allowed), copies=True)
        if copy:
            self.world.others.delete(copy)

    def delete_backup(self) -> None:
        backup = self._any(HOME, copies=False)
        if backup:
            self.world.others.delete(backup)

    def end_source(self) -> None:
        """Somebody deletes a source, whose tags nobody can read from then on."""
        source = self.chance.choice(self.world.sources)
        if TAG not in source.fields["freeformTags"]:
            self.world.others.end_source(source)

    def tag(self) -> None:
        """Somebody tags a backup, a copy or a source, perhaps while the function does."""
        resource = self._any(self.chance.choice((HOME, *self.world.setting.allowed)), copies=None)
        if resource:
            self.world.others.tag(resource, {f"note-{self.chance.randint(1, 3)}": str(self.world.ledger.elapsed)})

    def redirect(self) -> None:
        """A source is given other destinations."""
        source = self.chance.choice(self.world.sources)
        if source.state in ENDING:
            return
        tags = {key: value for key, value in source.fields["freeformTags"].items() if key != TAG}
        self.world.redirected.add(source.id)
        source.change(freeformTags=tags | self.world.draw_destinations())

    # ---- what goes wrong

    def trouble(self) -> None:
        """Requests meet faults for a while, or until the end."""
        rates = even_rates(self.chance.choice((0.03, 0.1, 0.3)))
        self._draw(rates)
        self._later(self.chance.choice((600, 10_000, 200_000)), partial(self._draw, {}))

    def answers_get_lost(self) -> None:
        """The next requests of a kind are carried out, and nobody learns of it."""
        operation = self.chance.choice(("Copy", "Copy", "Create", "Update")) + self.chance.choice(BACKUPS).name
        fault = self.chance.choice(
            (Cut(after_work=True), Hang(120, after_work=True), Answer(500, "InternalServerError", after_work=True))
        )
        self.world.cloud.faults.script(fault, operation=operation, times=self.chance.choice((1, 3, 5)))

    def region_goes_down(self) -> None:
        region = self.chance.choice((HOME, *self.world.setting.allowed))
        self.world.cloud.faults.region_down(region)
        self._later(self.chance.uniform(1, 36_000), partial(self.world.cloud.faults.region_up, region))

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

    def _back_up(self, source: Resource) -> Resource | None:
        """At times a group's is put into a compartment that is swept, where the group is not."""
        compartment_id = self.chance.choice((None, *self.world.swept))
        return self.world.others.back_up(source, self.chance.choice(HABITS), compartment_id)

    def _draw(self, rates: Mapping[FaultKind, float]) -> None:
        """Events come late, twice or never whatever the rates are for requests."""
        of_events = {FaultKind.LOST: 0.1, FaultKind.TWICE: 0.1, FaultKind.LATE: 0.1}
        self.world.cloud.faults.draw(random.Random(self.chance.random()), {**rates, **of_events})

    def _any(self, region: str, *, copies: bool | None) -> Any:
        """A living backup of any kind in a region; `None` where there is none."""
        found: list[Resource] = [
            resource
            for kind in BACKUPS
            for resource in self.world.others.resources.of(kind, region)
            if resource.state not in ENDING and (copies is None or copies is bool(resource.copy_of))
        ]
        return self.chance.choice(found) if found else None

    def _later(self, seconds: float, action: Any) -> None:
        self.world.scheduler.after(seconds, action)
