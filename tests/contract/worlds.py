"""The same small cloud twice: in memory behind the fakes, and emulated behind the real adapter and the real SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import Clients, connect
from handlers.cloud.retry import Retry
from handlers.cloud.signer import resource_principal
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.ports import Backups, Regions
from infra.emulator.server import Emulator
from tests.fakes import COMPARTMENT, HOME, FakeClock, FakeCloud

PATHS = {Kind.VOLUME_GROUP: "volumeGroup", Kind.VOLUME: "volume", Kind.BOOT_VOLUME: "bootVolume"}
LONGER_THAN_ANY_COPY_TAKES = timedelta(minutes=10)


class World(Protocol):
    """What a test of the port arranges, which the port itself cannot do."""

    compartment_id: str
    elsewhere: str
    """Another compartment."""

    @property
    def backups(self) -> Regions: ...

    def add_source(self, kind: Kind, tags: Mapping[str, str] | None = None, compartment_id: str | None = None) -> str:
        """Make a volume, boot volume or group in the home region that can be backed up; its OCID."""
        ...

    def wait(self) -> None:
        """Let everything that is under way come to its end."""
        ...

    def fail_next_copy(self, kind: Kind) -> None:
        """Let the next copy end FAULTY."""
        ...

    def delete(self, backup: Backup) -> None:
        """Delete a backup, and wait until it is gone."""
        ...


class FakeWorld:
    """The fakes."""

    compartment_id, elsewhere = COMPARTMENT, f"{COMPARTMENT}-elsewhere"

    def __init__(self) -> None:
        self.cloud = FakeCloud()
        self._copies_end = Lifecycle.AVAILABLE

    @property
    def backups(self) -> Regions:
        return self.cloud

    def add_source(self, kind: Kind, tags: Mapping[str, str] | None = None, compartment_id: str | None = None) -> str:
        source_id = self.cloud.add_source(kind, tags).id
        if compartment_id:
            self.cloud.compartments[source_id] = compartment_id
        return source_id

    def wait(self) -> None:
        for backup in list(self.cloud.backups.values()):
            if backup.lifecycle in {Lifecycle.REQUEST_RECEIVED, Lifecycle.CREATING}:
                end = self._copies_end if backup.copied_from else Lifecycle.AVAILABLE
                self.cloud.change(backup, lifecycle=end)
        self._copies_end = Lifecycle.AVAILABLE

    def fail_next_copy(self, kind: Kind) -> None:
        self._copies_end = Lifecycle.FAULTY

    def delete(self, backup: Backup) -> None:
        self.cloud.change(self.cloud.backups[backup.id], lifecycle=Lifecycle.TERMINATED)


class EmulatedWorld:
    """The adapter over the SDK, with a resource principal's signatures, against the emulated cloud.

    Its compartments are its own. Pauses between attempts take no time.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.compartment_id = self._add_compartment("payroll")
        self.elsewhere = self._add_compartment("elsewhere")
        self._signer = resource_principal(emulator.resource_principal(HOME))
        self._clients: dict[str, Clients] = {}

    def backups(self, region: str, patience: Callable[[], float] = lambda: 30.0) -> Backups:
        clients = self._clients.setdefault(region, Clients(partial(self.client, region)))
        return RegionBackups(region, clients, Retry(patience, FakeClock().sleep, lambda: 0.5))

    def client(self, region: str) -> Any:
        """The SDK's client of a region, led to the emulator whatever proxy this machine has."""
        client = connect(region, self._signer)
        client.session.trust_env = False
        client.session.proxies = {"https": self.emulator.proxy_url}
        client.session.verify = str(self.emulator.ca_file)
        return client

    def add_source(self, kind: Kind, tags: Mapping[str, str] | None = None, compartment_id: str | None = None) -> str:
        place = {"compartmentId": compartment_id or self.compartment_id}
        source_id = self._make(kind, {**place, "freeformTags": dict(tags or {})})
        self.wait()
        return source_id

    def wait(self) -> None:
        self.emulator.advance(LONGER_THAN_ANY_COPY_TAKES)

    def fail_next_copy(self, kind: Kind) -> None:
        self.emulator.call(lambda cloud: cloud.block_volume.fail_next(f"Copy{kind}Backup"))

    def delete(self, backup: Backup) -> None:
        self.client(backup.region).call_api(f"/{PATHS[backup.kind]}Backups/{backup.id}", "DELETE")
        self.wait()

    def _add_compartment(self, name: str) -> str:
        return self.emulator.call(lambda cloud: cloud.identity.create_compartment(name))

    def _make(self, kind: Kind, details: Mapping[str, Any]) -> str:
        match kind:
            case Kind.BOOT_VOLUME:
                return self.emulator.call(lambda cloud: cloud.block_volume.seed_boot_volume(HOME, "boot", **details))
            case Kind.VOLUME_GROUP:
                volume = self._make(Kind.VOLUME, {"compartmentId": details["compartmentId"]})
                self.wait()
                details = {**details, "sourceDetails": {"type": "volumeIds", "volumeIds": [volume]}}
        place = {"availabilityDomain": "Emul:US-ASHBURN-1-AD-1"}
        answer = self.client(HOME).call_api(
            f"/{PATHS[kind]}s",
            "POST",
            header_params={"content-type": "application/json"},
            body={**place, **details},
            response_type="object",
        )
        return str(answer.data["id"])


def body_of(kind: Kind, source_id: str, **fields: Any) -> dict[str, Any]:
    """The request body that makes a backup of this source."""
    return {f"{PATHS[kind]}Id": source_id, **fields}


def stale(backup: Backup) -> Backup:
    """The same backup as somebody knows it who read it long ago."""
    return replace(backup, etag="an-etag-of-long-ago")
