"""All that goes wrong in one cloud."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from infra.emulator.delivery import Message
from infra.emulator.diary import Diary
from infra.emulator.faults.fault import Fault, FaultKind, kind_of
from infra.emulator.faults.lottery import ON_TIME, Lottery
from infra.emulator.faults.operation import OPERATIONS
from infra.emulator.faults.script import Line, Script
from infra.emulator.identity import Identity


class Faults:
    """Nothing goes wrong until it is told to; each fault that happens is counted, and noted in the diary as `fault`.

    A request meets one fault at most: of a region that is down, else of the script, else one that is drawn.
    Lasting conditions (`slow`, `expire_tokens`, `skew`) are noted when they begin, not for each request they meet.
    """

    def __init__(self, diary: Diary, identity: Identity, regions: Sequence[str]) -> None:
        self.counts: Counter[FaultKind] = Counter()
        self._diary, self._identity, self._regions = diary, identity, tuple(regions)
        self._script = Script()
        self._arrivals: deque[tuple[timedelta, ...]] = deque()
        self._lottery: Lottery | None = None
        self._down: set[str] = set()
        self._slowness: dict[str, float] = {}

    @property
    def may_meet_requests(self) -> bool:
        """Whether any request may meet a fault: nobody needs to ask for them otherwise."""
        return bool(self._script or self._lottery or self._down or self._slowness)

    def script(
        self,
        fault: Fault,
        *,
        operation: str | None = None,
        region: str | None = None,
        skip: int = 0,
        times: int | None = 1,
    ) -> None:
        """Have requests meet `fault`: those of an `operation` (`CopyVolumeBackup`) and in a `region`, or all.

        So many are let pass first, and so many meet it (`None`: all from then on). What was told first goes first,
        and a request that meets a fault counts for none that was told later.
        """
        if operation is not None and operation not in OPERATIONS:
            raise ValueError(f"This operation is not modelled: {operation}")
        self._require_region(region)
        self._script.add(Line(fault, operation, region, skip, times))

    def draw(self, source: random.Random, rates: Mapping[FaultKind, float]) -> None:
        """Have each request, and each delivery of a message, meet faults by chance from now on, at these rates.

        The rates replace those given before. The same state of `source` and the same sequence of requests meet the
        same faults.
        """
        self._lottery = Lottery(source, rates)

    def deliveries(self, *arrivals: Sequence[timedelta]) -> None:
        """Say of the next messages to functions, one by one, how late each arrives, once for each time it does.

        `[]` is lost, `[timedelta(), timedelta()]` comes twice; a late one comes after those that were sent later.
        """
        self._arrivals.extend(tuple(each) for each in arrivals)

    def region_down(self, region: str) -> None:
        """Cut every request to `region`, also those whose answers are held back, until `region_up` or `stop`."""
        self._require_region(region)
        self._down.add(region)

    def region_up(self, region: str) -> None:
        """Undo `region_down`."""
        self._down.discard(region)

    def slow(self, region: str | None, seconds: float) -> None:
        """Have every request to a region, or to any, answered so many seconds late; 0 ends that."""
        self._require_region(region)
        concerned = self._regions if region is None else (region,)
        self._slowness = {each: late for each, late in self._slowness.items() if each not in concerned}
        if seconds:
            self._slowness |= dict.fromkeys(concerned, seconds)
            self._happened(FaultKind.SLOW, region=region, seconds=seconds)

    def expire_tokens(self) -> None:
        """Refuse every session token issued so far, for good (also after `stop`): a client needs a new one."""
        self._identity.expire_tokens()
        self._happened(FaultKind.TOKENS_EXPIRED)

    def skew(self, by: timedelta) -> None:
        """Put the clock that signatures and tokens are held against ahead, or behind; by nothing: right again."""
        self._identity.skew = by
        if by:
            self._happened(FaultKind.CLOCK_SKEWED, seconds=by.total_seconds())

    def stop(self) -> None:
        """Have nothing go wrong from now on: regions are up and quick again, and the clock is right."""
        self._script.clear()
        self._arrivals.clear()
        self._lottery = None
        self._down.clear()
        self._slowness.clear()
        self._identity.skew = timedelta()

    def next_fault(self, operation: str | None, region: str) -> Fault | None:
        """The fault that a request meets now; to be asked once for each request."""
        fault = self._script.next_fault(operation, region)
        if fault is None and self._lottery is not None:
            fault = self._lottery.next_fault()
        if fault is not None:
            facts = asdict(fault) | {"after_work": fault.after_work}
            self._happened(kind_of(fault), operation=operation, region=region, **facts)
        return fault

    def is_down(self, region: str) -> bool:
        """Whether requests to this region are cut."""
        return region in self._down

    def note_cut(self, operation: str | None, region: str, *, after_work: bool) -> None:
        """Count a request that was cut because its region is down."""
        self._happened(FaultKind.REGION_DOWN, operation=operation, region=region, after_work=after_work)

    def slowness(self, region: str) -> float:
        """How many seconds late every request to this region is answered."""
        return self._slowness.get(region, 0)

    def next_arrivals(self, message: Message) -> Sequence[timedelta]:
        """How late a message to a function arrives, once for each time that it does."""
        if self._arrivals:
            arrivals: Sequence[timedelta] = self._arrivals.popleft()
            kind = _kind_of(arrivals)
        elif self._lottery is not None:
            kind, arrivals = self._lottery.next_arrivals()
        else:
            return ON_TIME
        if kind is not None:
            late = [pause.total_seconds() for pause in arrivals]
            self._happened(kind, of=message.source, late=late, **message.facts)
        return arrivals

    def _happened(self, kind: FaultKind, **facts: Any) -> None:  # noqa: ANN401 - facts are JSON values
        self.counts[kind] += 1
        self._diary.note("fault", fault=str(kind), **facts)

    def _require_region(self, region: str | None) -> None:
        if region is not None and region not in self._regions:
            raise ValueError(f"This cloud has no region {region}.")


def _kind_of(arrivals: Sequence[timedelta]) -> FaultKind | None:
    if not arrivals:
        return FaultKind.LOST
    if len(arrivals) > 1:
        return FaultKind.TWICE
    return FaultKind.LATE if any(arrivals) else None
