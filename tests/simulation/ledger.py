"""What happened in a simulated world, as its cloud saw it: lives of backups, requests, calls, and a trace of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.emulator.block_volume.kinds import BackupKind
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import ENDING, IN_FLIGHT, Resource
from infra.emulator.cloud import Cloud
from tests.simulation.invocation import End, Invocation
from tests.simulation.network import Exchange

OURS = "backup-copy-"
"""How the tags begin that the function may change."""

LONGEST_WAY = timedelta(seconds=1)
"""That a request is under way, unless something goes wrong."""


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept."""

    promise: str
    what: str


@dataclass(eq=False)
class Life:
    """A backup or copy from its beginning, also when it is long gone; `maker` is the call that made it, if one did."""

    resource: Resource
    began: datetime
    maker: Invocation | None
    asked: datetime | None
    """When the request was sent that made it."""
    states: list[tuple[datetime, State]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.resource.id

    @property
    def name(self) -> str:
        """Short, and different for each."""
        return f"{self.resource.kind.ocid_type}.{self.resource.number}"

    @property
    def copy_of(self) -> str | None:
        return self.resource.copy_of

    @property
    def group_id(self) -> str | None:
        group_id: str | None = self.resource.fields.get("volumeGroupBackupId")
        return group_id

    @property
    def source_id(self) -> str:
        assert isinstance(self.resource.kind, BackupKind)
        return str(self.resource.fields[self.resource.kind.of_field])

    @property
    def was_held_up(self) -> bool:
        """Whether the cloud made it only long after it was asked, when nobody could expect that any more."""
        return self.asked is not None and self.began - self.asked > LONGEST_WAY

    @property
    def arrived(self) -> datetime | None:
        """When it became AVAILABLE."""
        return next((when for when, state in self.states if state is State.AVAILABLE), None)

    @property
    def was_deleted(self) -> bool:
        return any(state in ENDING for _, state in self.states)

    @property
    def was_faulty(self) -> bool:
        return any(state is State.FAULTY for _, state in self.states)

    def state_at(self, moment: datetime) -> State:
        """Its state right after this moment, at which it had begun."""
        return [state for when, state in self.states if when <= moment][-1]

    def is_under_way_at(self, moment: datetime) -> bool:
        return self.began <= moment and self.state_at(moment) in IN_FLIGHT


class Ledger:
    """Written while a world runs; `Network` and `Function` tell it, and so does the cloud's diary."""

    def __init__(self, cloud: Cloud) -> None:
        self.lives: dict[str, Life] = {}
        self.invocations: list[Invocation] = []
        self.exchanges: list[Exchange] = []
        self.violations: list[Violation] = []
        self.trace: list[str] = []
        self.ends: Counter[End] = Counter()
        self.throttled = 0
        """How often the cloud had no place for a copy."""
        self._cloud, self._start = cloud, cloud.clock.now()
        self._working: Exchange | None = None
        self._tags: dict[str, str] | None = None
        cloud.diary.watch(self._read)

    @property
    def elapsed(self) -> timedelta:
        """Virtual time since the world began."""
        return self._cloud.clock.now() - self._start

    def write(self, text: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self.elapsed / timedelta(seconds=1):12.3f}  {text}")

    def violation(self, promise: str, what: str) -> None:
        """Note that a promise was not kept."""
        self.violations.append(Violation(promise, what))
        self.write(f"VIOLATION {promise}: {what}")

    def copies(self) -> Iterator[Life]:
        """Copies in the order in which they were begun, but for members of groups' copies."""
        return (life for life in self.lives.values() if life.copy_of and not life.group_id)

    def name_of(self, identifier: str | None) -> str:
        """A backup's short name."""
        life = self.lives.get(identifier or "")
        return life.name if life else str(identifier)

    def began(self, invocation: Invocation) -> None:
        """A call has come in."""
        self.invocations.append(invocation)
        self.write(f"call {invocation.number} begins: {invocation.why}")

    def ended(self, invocation: Invocation) -> None:
        """A call has come to its end."""
        self.ends[invocation.end or End.CRASHED] += 1
        report = invocation.report
        said = f"{report.status} {report.counts}" if report else ""
        self.write(f"call {invocation.number} is over: {invocation.end} {said}")
        if invocation.end is End.OVERRAN:
            self.violation("ends in time", f"call {invocation.number} ({invocation.why}) went on after its deadline")

    def before_work(self, exchange: Exchange) -> None:
        self._working = exchange
        target = self._target(exchange) if exchange.method == "PUT" else None
        self._tags = dict(target.fields["freeformTags"]) if target else None

    def after_work(self, exchange: Exchange) -> None:
        self._working = None
        exchange.worked = self._cloud.clock.now()
        target = self._target(exchange) if self._tags is not None else None
        if target and self._tags:
            lost = {key for key, value in self._tags.items() if target.fields["freeformTags"].get(key) != value}
            if others := sorted(key for key in lost if not key.startswith(OURS)):
                self.violation("tags of others stay", f"{self.name_of(target.id)} lost {', '.join(others)}")

    def answered(self, exchange: Exchange, fault: str | None) -> None:
        self.exchanges.append(exchange)
        invocation: Invocation = exchange.owner
        if exchange.status == 200 and exchange.operation.startswith("List") and exchange.worked:
            compartment_id = exchange.query.partition("compartmentId=")[2].partition("&")[0]
            key = exchange.operation, exchange.region, compartment_id
            invocation.listed.setdefault(key, []).append(exchange.worked)
        self.write(
            f"call {invocation.number}  {exchange.operation} {exchange.region}"
            f" {self._subject(exchange)}-> {fault or exchange.status}"
        )

    def _subject(self, exchange: Exchange) -> str:
        parts = exchange.path.split("/")
        return f"{self.name_of(parts[3])} " if len(parts) > 3 else ""

    def _target(self, exchange: Exchange) -> Resource | None:
        return self._cloud.block_volume.storage.resources.find(exchange.path.rpartition("/")[2])

    def _read(self, entry: dict[str, Any]) -> None:
        try:
            self._take(entry)
        except Exception as error:  # noqa: BLE001 - the diary would pass over it in silence
            self.violation("the simulation itself works", repr(error))

    def _take(self, entry: dict[str, Any]) -> None:
        match entry["kind"]:
            case "block_volume.transition" if entry["resource_kind"].endswith("backup"):
                self._transition(entry["resource"], State(entry["state"]))
            case "api.call" if entry["status"] == 429:
                self.throttled += 1
            case "fault":
                facts = {
                    name: value for name, value in entry.items() if name not in {"kind", "time", "resource", "event"}
                }
                self.write(f"fault {facts}")

    def _transition(self, identifier: str, state: State) -> None:
        now = self._cloud.clock.now()
        if identifier not in self.lives:
            resource = self._cloud.block_volume.storage.resources.find(identifier)
            assert resource is not None
            work = self._working
            self.lives[identifier] = Life(resource, now, work.owner if work else None, work.sent if work else None)
        life = self.lives[identifier]
        life.states.append((now, state))
        of = f" of {self.name_of(life.copy_of)}" if life.copy_of else ""
        self.write(f"{life.name}{of} in {life.resource.region} is {state}")
