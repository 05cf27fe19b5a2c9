"""A resource of the service, and the place where all of them are found."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.emulator.block_volume.kinds import BackupKind, Kind
from infra.emulator.block_volume.limits import State
from infra.emulator.ocids import new_ocid
from infra.emulator.wire import not_found, timestamp

IN_FLIGHT = frozenset({State.REQUEST_RECEIVED, State.CREATING, State.COMMITTED})
ENDING = frozenset({State.TERMINATING, State.TERMINATED})


@dataclass(eq=False)
class Resource:
    """One volume, group or backup: the fields that the API shows, and what it keeps to itself."""

    kind: Kind
    region: str
    number: int
    """Counts all resources: a later one has a greater number."""
    made: datetime
    fields: dict[str, Any]
    etag: str = field(default_factory=lambda: secrets.token_hex(32))
    lives: int = 0
    """How many lives were begun: steps of an earlier one no longer count."""
    source_region: str | None = None
    """Where a copy was copied from."""
    predecessor_id: str | None = None
    """The backup that this one continues, were it incremental."""

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def name(self) -> str:
        return str(self.fields["displayName"])

    @property
    def state(self) -> State:
        return State(self.fields["lifecycleState"])

    @property
    def copy_of(self) -> str | None:
        """The OCID of the backup that this is a copy of; `None` for everything else."""
        return self.fields[self.kind.copy_of_field] if isinstance(self.kind, BackupKind) else None

    def change(self, **fields: Any) -> None:  # noqa: ANN401 - values are whatever JSON can hold
        """Set fields; the etag changes when one of them did."""
        if any(self.fields[name] != value for name, value in fields.items()):
            self.fields.update(fields)
            self.etag = secrets.token_hex(32)

    def answer(self) -> dict[str, Any]:
        """The resource as the API shows it."""
        return {name: self.fields[name] for name in self.kind.fields}


class Resources:
    """All resources of all regions. Each collection of them is in the order in which they were made."""

    def __init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        self._by_kind: defaultdict[tuple[str, str], dict[str, Resource]] = defaultdict(dict)
        self._by_source: defaultdict[tuple[str, str], dict[str, Resource]] = defaultdict(dict)
        self._in_flight: dict[str, Resource] = {}
        self._made = 0

    def add(self, kind: Kind, region: str, now: datetime, fields: dict[str, Any]) -> Resource:
        """Make a resource; what `fields` does not name is as for a new one, without a given name even that."""
        empty: dict[str, Any] = {name: {} if name.endswith("Tags") else None for name in kind.fields}
        name = f"{kind.ocid_type}{now:%Y%m%d%H%M%S}"
        own = {"id": new_ocid(kind.ocid_type, region), "displayName": name, "timeCreated": timestamp(now)}
        if unknown := fields.keys() - empty.keys():
            raise ValueError(f"A {kind.noun} has no {', '.join(sorted(unknown))}.")
        self._made += 1
        resource = Resource(kind, region, self._made, now, {**empty, **own, **fields})
        for index in self._indexes(resource):
            index[resource.id] = resource
        return resource

    def move(self, resource: Resource, state: State) -> None:
        """Let a resource enter a state."""
        resource.change(lifecycleState=state)
        if state in IN_FLIGHT:
            self._in_flight[resource.id] = resource
        else:
            self._in_flight.pop(resource.id, None)

    def get(self, kind: Kind, region: str, identifier: str) -> Resource:
        """The resource, or OCI's 404."""
        resource = self._by_id.get(identifier)
        if resource is None or resource.kind is not kind or resource.region != region:
            raise not_found(kind.name, identifier)
        return resource

    def find(self, identifier: str) -> Resource | None:
        """The resource with this OCID, wherever it is."""
        return self._by_id.get(identifier)

    def of(self, kind: Kind, region: str) -> Collection[Resource]:
        """Every resource of a kind in a region."""
        return self._by_kind[kind.name, region].values()

    def backups_of(self, source_id: str, region: str) -> Collection[Resource]:
        """The backups in a region of one volume, boot volume or group; copies are among them."""
        return self._by_source[source_id, region].values()

    def in_flight(self) -> Collection[Resource]:
        """Every backup and copy that is being made, in the order in which this began."""
        return self._in_flight.values()

    def remove(self, resource: Resource) -> None:
        """Let a resource vanish."""
        for index in self._indexes(resource):
            index.pop(resource.id, None)

    def _indexes(self, resource: Resource) -> list[dict[str, Resource]]:
        """Where a resource is entered: walking over all of them for each answer would take a large tenancy seconds."""
        indexes = [self._by_id, self._by_kind[resource.kind.name, resource.region]]
        if isinstance(resource.kind, BackupKind):
            indexes.append(self._by_source[resource.fields[resource.kind.of_field], resource.region])
        return indexes
