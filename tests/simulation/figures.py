"""How much was simulated, in figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Self

from infra.emulator.block_volume.limits import State
from tests.simulation.invocation import End
from tests.simulation.world import World


@dataclass
class Figures:
    """Of one seed, or summed up over many."""

    seeds: int = 0
    days: float = 0.0
    invocations: int = 0
    api_calls: int = 0
    backups: int = 0
    copies: int = 0
    due: int = 0
    """Backups that were made because they were due."""
    marks: int = 0
    deletions: int = 0
    messages: int = 0
    points: int = 0
    """Of metrics, that Monitoring has taken."""
    violations: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, world: World) -> Self:
        """The figures of a story that is over."""
        ledger = world.ledger
        faults = Counter({str(kind): count for kind, count in world.cloud.faults.counts.items()})
        faults["process killed"] = ledger.ends[End.KILLED]
        faults["ended FAULTY"] = sum(life.was_faulty for life in ledger.lives.values())
        faults["answered 429 by the limit"] = ledger.throttled
        copies = list(ledger.copies())
        return cls(
            seeds=1,
            days=ledger.elapsed.total_seconds() / 86_400,
            invocations=len(ledger.invocations),
            api_calls=len(ledger.exchanges),
            backups=sum(not life.copy_of and not life.group_id for life in ledger.lives.values()),
            copies=sum(any(state is State.AVAILABLE for _, state in copy.states) for copy in copies),
            due=sum(bool(life.slot) and not life.copy_of and not life.group_id for life in ledger.lives.values()),
            marks=sum(not going.is_deletion for going in ledger.goings),
            deletions=sum(going.is_deletion for going in ledger.goings),
            messages=len(ledger.messages),
            points=len(world.cloud.metrics.points),
            violations=len(ledger.violations),
            faults=+faults,
        )

    def add(self, other: Figures) -> None:
        """Take in those of another seed."""
        for each in fields(self):
            if each.name != "faults":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.faults.update(other.faults)
