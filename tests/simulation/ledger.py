"""What happened in a simulated world, as its cloud saw it: lives of backups, requests, calls, and a trace of all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import ENDING, Resource
from infra.emulator.cloud import Cloud
from tests.simulation.invocation import End, Invocation
from tests.simulation.lives import MARK_TAG, OURS, Facts, Going, Life
from tests.simulation.network import Exchange

STANDS = "is protected from deletion"
"""What the cloud says of a backup that may not be deleted."""


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept."""

    promise: str
    what: str


class Ledger:
    """Written while a world runs; `Network` and `Function` tell it, and so does the cloud's diary."""

    def __init__(self, cloud: Cloud) -> None:
        self.lives: dict[str, Life] = {}
        self.invocations: list[Invocation] = []
        self.exchanges: list[Exchange] = []
        self.violations: list[Violation] = []
        self.trace: list[str] = []
        self.facts: defaultdict[str, list[Facts]] = defaultdict(list)
        """What changed of backups and sources, by their ids, each in the order in which it did."""
        self.goings: list[Going] = []
        """The marks that calls have set, and their deletions."""
        self.messages: list[Invocation] = []
        """The call that has published each message."""
        self.ended_sources: dict[str, datetime] = {}
        self.watchers: list[Callable[[Exchange], None]] = []
        """Who is told of each answer as soon as the function has it."""
        self.ends: Counter[End] = Counter()
        self.throttled = 0
        """How often the cloud had no place for a copy."""
        self._cloud, self._start = cloud, cloud.clock.now()
        self._working: Exchange | None = None
        self._before: Facts | None = None
        """Of what the request at work is about to change."""
        self._asked: dict[tuple[Invocation, str, str, bytes], datetime] = {}
        cloud.diary.watch(self._read)

    @property
    def now(self) -> datetime:
        return self._cloud.clock.now()

    @property
    def elapsed(self) -> timedelta:
        """Virtual time since the world began."""
        return self.now - self._start

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

    def saw(self, resource: Resource) -> None:
        """Take note of what a backup or source is like now."""
        work = self._working
        facts, known = Facts.of(resource, self.now, work.owner if work else None), self.facts[resource.id]
        if not known or (known[-1].tags, known[-1].is_protected) != (facts.tags, facts.is_protected):
            known.append(facts)

    def facts_at(self, identifier: str, moment: datetime) -> Facts:
        """What a backup or source was like right after this moment, or from its beginning."""
        known = self.facts[identifier]
        return next((each for each in reversed(known) if each.since <= moment), known[0])

    def facts_within(self, identifier: str, start: datetime, end: datetime) -> list[Facts]:
        """All that a backup or source was like from one moment to another."""
        later = [each for each in self.facts[identifier] if start < each.since <= end]
        return [self.facts_at(identifier, start), *later]

    def before_work(self, exchange: Exchange) -> None:
        self._working = exchange
        target = self._target(exchange) if exchange.method in {"PUT", "DELETE"} else None
        self._before = Facts.of(target, self.now, None) if target else None
        self._was_ending = target is not None and target.state in ENDING

    def after_work(self, exchange: Exchange) -> None:
        target = self._target(exchange) if self._before else None
        if target and self._before:
            self._note_changes(exchange, target, self._before)
        self._working = None

    def _note_changes(self, exchange: Exchange, target: Resource, before: Facts) -> None:
        self.saw(target)
        now = target.fields["freeformTags"]
        lost = {key for key, value in before.tags.items() if now.get(key) != value}
        if others := sorted(key for key in lost if not key.startswith(OURS)):
            self.violation("tags of others stay", f"{self.name_of(target.id)} lost {', '.join(others)}")
        is_marked = MARK_TAG in now and before.tags.get(MARK_TAG) != now[MARK_TAG]
        is_deleted = target.state in ENDING and not self._was_ending
        if (is_marked or is_deleted) and target.id in self.lives:
            self._note_going(exchange, self.lives[target.id], before, is_deletion=is_deleted)
        if before.is_protected and any(STANDS in str(message.get("body")) for message in exchange.answer):
            self.violation("what is protected stays", f"{self.name_of(target.id)} was to be deleted nevertheless")

    def _note_going(self, exchange: Exchange, life: Life, before: Facts, *, is_deletion: bool) -> None:
        call, now = exchange.owner, self.now
        self.goings.append(Going(life, call, self._first_asked(exchange), now, before, is_deletion))
        self.write(f"call {call.number} {'deletes' if is_deletion else 'marks'} {life.name} in {life.resource.region}")

    def _first_asked(self, exchange: Exchange) -> datetime:
        return self._asked[exchange.owner, exchange.method, exchange.path, exchange.body]

    def sent(self, exchange: Exchange) -> None:
        """A request is on its way."""
        if exchange.method in {"PUT", "DELETE"} and exchange.sent:
            self._asked.setdefault((exchange.owner, exchange.method, exchange.path, exchange.body), exchange.sent)

    def answered(self, exchange: Exchange, fault: str | None) -> None:
        self.exchanges.append(exchange)
        invocation: Invocation = exchange.owner
        if exchange.status == 200 and exchange.operation.startswith("List") and exchange.worked:
            compartment_id = exchange.query.partition("compartmentId=")[2].partition("&")[0]
            key = exchange.operation, exchange.region, compartment_id
            invocation.listed.setdefault(key, []).append(exchange.worked)
        if exchange.status == 200 and exchange.operation.startswith("Get") and exchange.worked:
            invocation.got.setdefault(exchange.path.rpartition("/")[2], []).append(exchange.worked)
        self.write(
            f"call {invocation.number}  {exchange.operation} {exchange.region}"
            f" {self._subject(exchange)}-> {fault or exchange.status}"
        )
        for watcher in [*self.watchers]:
            watcher(exchange)

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
            case "api.call":
                self.throttled += entry["status"] == 429
                if self._working:
                    self._working.worked = self.now
            case "notifications.published" if self._working:
                self.messages.append(self._working.owner)
            case "fault":
                facts = {
                    name: value for name, value in entry.items() if name not in {"kind", "time", "resource", "event"}
                }
                self.write(f"fault {facts}")

    def _transition(self, identifier: str, state: State) -> None:
        now = self.now
        if identifier not in self.lives:
            resource = self._cloud.block_volume.storage.resources.find(identifier)
            assert resource is not None
            work = self._working
            self.lives[identifier] = Life(resource, now, work.owner if work else None, work.sent if work else None)
        life = self.lives[identifier]
        self.saw(life.resource)
        life.states.append((now, state))
        of = f" of {self.name_of(life.copy_of)}" if life.copy_of else ""
        self.write(f"{life.name}{of} in {life.resource.region} is {state}")
