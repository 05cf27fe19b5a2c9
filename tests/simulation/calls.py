"""Calls of the function, by its schedule and by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from infra.emulator.block_volume.kinds import BACKUP_OF
from infra.emulator.ocids import new_ocid
from infra.emulator.wire import timestamp
from tests.simulation.policy import KEEPS
from tests.simulation.setting import HOME, NIGHTLY, SPARE
from tests.simulation.step import HABITS, Step


class Calls(Step):
    """Steps that call the function, once or several times."""

    def sweep(self, *, times: int = 1) -> None:
        """The schedule's tick: as an empty message, or as an operation; at times more than once."""
        for _ in range(times):
            payload: Mapping[str, Any] = {} if self.chance.random() < 0.8 else {"operation": "Sweep"}
            self._later(self.chance.uniform(0, 3), partial(self.world.call, payload, "sweep"))

    def create_due(self, *, times: int = 1) -> None:
        """The schedule's tick for backups; at times more than one, and at times with an interval of its own."""
        payload = {"operation": "CreateDueBackups"}
        if self.chance.random() < 0.1:
            payload["every"] = self.chance.choice(("1h", "1d"))
        if self.chance.random() < 0.1:
            payload["compartmentId"] = self.chance.choice(self.world.swept)
        for _ in range(times):
            self._later(self.chance.uniform(0, 3), partial(self.world.call, payload, "due backups"))

    def prune(self, *, times: int = 1) -> None:
        """The schedule's tick for deletions; at times more than one."""
        payload = {"operation": "PruneCopies"}
        if self.chance.random() < 0.1:
            payload["compartmentId"] = self.chance.choice(self.world.swept)
        for _ in range(times):
            self._later(self.chance.uniform(0, 3), partial(self.world.call, payload, "prune"))

    def report(self) -> None:
        """Somebody wants to know how it stands."""
        payload = {"operation": "ReportCopies", "format": self.chance.choice(("json", "html", "markdown"))}
        if self.chance.random() < 0.3:
            payload["destinationRegion"] = self.chance.choice(self.world.setting.destinations)
        self.world.call(payload, "report")

    def explain(self) -> None:
        """Somebody asks what holds for a source."""
        source = self.chance.choice(self.world.sources)
        self.world.call({"operation": "ExplainPolicy", "sourceId": source.id}, "explanation")

    def sweep_by_hand(self) -> None:
        """Somebody sweeps compartments of their choice, or to regions of their choice."""
        payload: dict[str, Any] = {"operation": "Sweep"}
        if self.chance.random() < 0.5:
            payload["compartmentId"] = self.chance.choice((self.world.elsewhere, [*self.world.swept]))
        if self.chance.random() < 0.5:
            payload["destinationRegion"] = self.chance.choice(self.world.setting.allowed)
        self.world.call(payload, "sweep by hand")

    def rehearse(self) -> None:
        """Something that is to change nothing."""
        payload: dict[str, Any] = {"operation": self.chance.choice(("Sweep", *NIGHTLY)), "dryRun": True}
        if payload["operation"] == "PruneCopies" and self.chance.random() < 0.6:
            payload["keep"] = self.chance.choice(KEEPS)
        self.world.call(payload, f"{payload['operation']}, dry run")

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
