"""A million backups with copies in three regions, swept with FAN_OUT: the real plan over lists made up on the way.

What is real: the function from the payload to the answer, JSON and its reading, and each call's memory, in a process of
its own. What is not: the network and Oracle. An API call takes so long and the SDK so much CPU as is said here, eight
go on at a time, and waiting and CPU are added up as if they never overlapped. Functions is taken to give a call a core.
"""

from __future__ import annotations

import heapq
import json
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from handlers import logs, router
from handlers.cloud import answers
from handlers.cloud.backups import PAGE_SIZE
from handlers.core.model import Backup, Deadline, Kind, Lifecycle, Source
from handlers.core.payloads import parse
from handlers.core.points import Point
from handlers.core.ports import Backups, Call
from handlers.core.settings import REGION_KEY, Settings
from handlers.threads import AT_ONCE
from tests.bench.measurement import Line, Measurement
from tests.bench.setup import Setup

HOME, DESTINATIONS = "us-ashburn-1", ("us-phoenix-1", "eu-frankfurt-1", "ap-tokyo-1")
KEYS = {HOME: "iad", "us-phoenix-1": "phx", "eu-frankfurt-1": "fra", "ap-tokyo-1": "nrt"}
BACKUPS, COMPARTMENTS, PER_SOURCE = 1_000_000, 40, 10
MISSING = 1_000
"""One of so many backups has no copy in the first region yet."""
PLACES = 40
MEMORY_MB, TIMEOUT, DETACHED_TIMEOUT = 512, timedelta(seconds=300), timedelta(seconds=3600)
COLD_SECONDS, SDK_CPU_SECONDS = 0.5, 0.002
"""Of a start, which `make bench` measures, and of a signed request with its answer: more than that shows for either."""
USD_PER_GB_SECOND, USD_PER_CALL = 0.00001417, 0.0000002
"""Oracle's list prices as of January 2025, without what is free each month: https://www.oracle.com/cloud/price-list/."""
FAR = 0.3
"""Seconds that Oracle may take for a page of a list."""
_NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)

T = TypeVar("T")
R = TypeVar("R")


class Passing:
    """A call's own time: its CPU as it is used here, and waiting as it is said to take, eight API calls at once."""

    def __init__(self, delay: float) -> None:
        self.api_calls: Counter[str] = Counter()
        self._delay, self._waited, self._lane = delay, COLD_SECONDS, 0.0
        self._in_lane, self._began, self._made_up = False, time.process_time(), 0.0

    @property
    def cpu_seconds(self) -> float:
        """Without what it took to make up the lists; with what the SDK would have taken."""
        sdk = SDK_CPU_SECONDS * self.api_calls.total()
        return time.process_time() - self._began - self._made_up + sdk

    @property
    def seconds(self) -> float:
        return self._waited + self.cpu_seconds

    def now(self) -> datetime:
        return _NOW + timedelta(seconds=self.seconds)

    def sleep(self, duration: timedelta) -> None:
        self._waited += duration.total_seconds()

    def api_call(self, operation: str) -> None:
        """Wait for an answer."""
        self.api_calls[operation] += 1
        if self._in_lane:
            self._lane += self._delay
        else:
            self._waited += self._delay

    def make_up(self, page: Callable[[], str]) -> Any:
        """What JSON this text is; making it up takes no time."""
        began = time.process_time()
        text = page()
        self._made_up += time.process_time() - began
        return json.loads(text)

    def work(self, work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
        """The port `Workers`: one after the other here, and side by side on the clock."""
        lanes, results = [0.0] * AT_ONCE, list[R | None]()
        for item in items:
            self._in_lane, self._lane = True, 0.0
            results.append(work(item))
            heapq.heapreplace(lanes, lanes[0] + self._lane)
        self._in_lane = False
        self._waited += max(lanes)
        return results


def _ocid(kind: str, region: str, place: int, number: int) -> str:
    return f"ocid1.{kind}.oc1.{KEYS[region]}.{place:04}{number:08}{'a' * 48}"


def compartment(place: int) -> str:
    """The OCID of a compartment."""
    return f"ocid1.compartment.oc1..{place:04}{'b' * 56}"


def _place(ocid: str) -> int:
    return int(ocid.rpartition(".")[2][:4])


@dataclass(frozen=True)
class MadeUp:
    """The port `Backups` of one region: daily backups of volumes, each with its copies but for one of a thousand."""

    region: str
    passing: Passing
    per_compartment: int

    def list_sources(self, kind: Kind, compartment_id: str) -> Sequence[Source]:
        place, count = _place(compartment_id), self.per_compartment // PER_SOURCE if kind is Kind.VOLUME else 0
        return [
            answers.source(kind, item)
            for items in self._pages(f"List{kind}s", count, lambda number: self._source(place, number))
            for item in items
        ]

    def list_backups(self, kind: Kind, compartment_id: str) -> Iterator[Backup]:
        place, count = _place(compartment_id), self.per_compartment if kind is Kind.VOLUME else 0
        for items in self._pages(f"List{kind}Backups", count, lambda number: self._backup(place, number)):
            for item in items:
                yield answers.backup(kind, self.region, item, {"opc-request-id": "request"})

    def copy(self, original: Backup, body: Mapping[str, Any], retry_token: str) -> Backup:
        self.passing.api_call("Copy")
        region, begun = str(body["destinationRegion"]), Lifecycle.CREATING
        return replace(
            original, id=f"{original.id}c", region=region, copied_from=original.id, lifecycle=begun, etag="1"
        )

    def get(self, kind: Kind, backup_id: str) -> Backup:
        self.passing.api_call("Get")
        place, number = _place(backup_id), int(backup_id.rpartition(".")[2][4:12])
        item = json.loads(self._backup(place, number))
        return answers.backup(kind, self.region, item, {"etag": "1"})

    def update(self, kind: Kind, backup_id: str, body: Mapping[str, Any], if_match: str | None = None) -> Backup:
        self.passing.api_call("Update")
        place, number = _place(backup_id), int(backup_id.rpartition(".")[2][4:12])
        return answers.backup(kind, self.region, json.loads(self._backup(place, number)), {"etag": "2"})

    def source(self, kind: Kind, source_id: str) -> Source:
        raise NotImplementedError("every source is listed")

    def create(self, kind: Kind, body: Mapping[str, Any], retry_token: str) -> Backup:
        raise NotImplementedError("a sweep makes no backups")

    def delete(self, kind: Kind, backup_id: str, if_match: str) -> str | None:
        raise NotImplementedError("a sweep deletes nothing")

    def _pages(self, operation: str, count: int, item: Callable[[int], str]) -> Iterator[Any]:
        for first in range(0, max(count, 1), PAGE_SIZE):
            self.passing.api_call(operation)
            numbers = range(first, min(first + PAGE_SIZE, count))
            yield self.passing.make_up(lambda numbers=numbers: f"[{','.join(filter(None, map(item, numbers)))}]")  # type: ignore[misc]

    def _source(self, place: int, number: int) -> str:
        return (
            f'{{"id": "{_ocid("volume", HOME, place, number)}", "displayName": "data-{number:05}", "sizeInGBs": 50,'
            f' "timeCreated": "2026-01-31T02:00:14.512Z", {_common(place, {})}}}'
        )

    def _backup(self, place: int, number: int) -> str:
        """Nothing where there is no copy."""
        is_missing, moment = number % MISSING == MISSING - 1, _moment(number)
        own = {"backup-copy-source-region": HOME, "backup-copy-source-time": moment}
        of = f'"sourceVolumeBackupId": "{_ocid("volumebackup", HOME, place, number)}", '
        if self.region == HOME:
            regions = DESTINATIONS[1:] if is_missing else DESTINATIONS
            own = {f"backup-copy-{region}": _ocid("volumebackup", region, place, number) for region in regions}
            of = ""
        elif is_missing and self.region == DESTINATIONS[0]:
            return ""
        return (
            f'{{"id": "{_ocid("volumebackup", self.region, place, number)}", {of}"displayName": "daily-{number:06}",'
            f' "volumeId": "{_ocid("volume", HOME, place, number // PER_SOURCE)}", "timeCreated": "{moment}",'
            f' "type": "INCREMENTAL", "sourceType": "MANUAL", "sizeInGBs": 50, "uniqueSizeInGBs": 2,'
            f" {_common(place, own)}}}"
        )


def _common(place: int, own: Mapping[str, str]) -> str:
    tags = json.dumps({"team": "payments", "environment": "production", **own})
    created = (
        '{"Oracle-Tags": {"CreatedBy": "default/backup.operator@example.com", "CreatedOn": "2026-01-31T02:00:14Z"}}'
    )
    return (
        f'"compartmentId": "{compartment(place)}", "lifecycleState": "AVAILABLE",'
        f' "freeformTags": {tags}, "definedTags": {created}'
    )


def _moment(number: int) -> str:
    """Of the backups of one source each is a day younger than the one before it; copied in order, the last one last."""
    moment = _NOW - timedelta(days=PER_SOURCE - number % PER_SOURCE, milliseconds=number % 86_400_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Recorded:
    """The port `Itself`: what was handed on, and when. The ports `Metrics` and `Subscriptions`, too."""

    passing: Passing
    handed_on: list[tuple[float, Mapping[str, Any]]] = field(default_factory=list)

    def invoke(self, payload: Mapping[str, Any]) -> str:
        self.passing.api_call("GetFunction")
        self.passing.api_call("InvokeFunction")
        self.handed_on.append((self.passing.seconds, payload))
        return "request"

    def publish(self, points: Sequence[Point]) -> None:
        self.passing.work(lambda _: self.passing.api_call("PostMetricData"), range(-(-len(points) // 50)))

    def __call__(self) -> frozenset[str]:
        raise NotImplementedError("a sweep does not ask for the subscriptions")


@dataclass(frozen=True)
class Done:
    """One call of the function: when it began and how long it took, on its own clock; and what it handed on."""

    began: float
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    counts: Mapping[str, int]
    api_calls: Mapping[str, int]
    handed_on: Sequence[tuple[float, Mapping[str, Any]]]
    is_detached: bool


def run(payload: Mapping[str, Any], began: float, delay: float, backups: int) -> Done:
    """One call of the function with this payload, in this process."""
    passing, is_detached = Passing(delay), "part" in payload
    compartments = ",".join(compartment(place) for place in range(COMPARTMENTS))
    itself, regions = Recorded(passing), (HOME, *DESTINATIONS)
    made_up: dict[str, Backups] = {region: MadeUp(region, passing, backups // COMPARTMENTS) for region in regions}
    call = Call(
        settings=Settings.read(
            {
                REGION_KEY: HOME,
                "DESTINATION_REGIONS": ",".join(DESTINATIONS),
                "COMPARTMENT_IDS": compartments,
                "MAX_IN_FLIGHT": str(PLACES),
                "FAN_OUT": "ON",
            }
        ),
        backups=lambda region: made_up[region],
        clock=passing,
        workers=passing.work,
        deadline=Deadline(_NOW + (DETACHED_TIMEOUT if is_detached else TIMEOUT)),
        occurrence=_NOW.isoformat(),
        own_compartment=lambda: compartment(0),
        metrics=itself,
        notices=None,
        subscriptions=itself,
        itself=itself,
        memory_mb=MEMORY_MB,
    )
    report = router.dispatch(parse(json.dumps(payload).encode()), call)
    report.as_json("call")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = passing.seconds, passing.cpu_seconds
    return Done(began, *spent, peak, report.counts, dict(passing.api_calls), itself.handed_on, is_detached)


def _run_alone(payload: Mapping[str, Any], began: float, delay: float, backups: int) -> Done:
    """In a process that is for this call: its log is written, but to nowhere."""
    sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - the process ends with it
    logs.configure("INFO")
    return run(payload, began, delay, backups)


def simulate(backups: int, delay: float, advance: Callable[[int], object]) -> list[Done]:
    """A sweep and all the calls that come of it, each in a process of its own."""
    done: list[Done] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=context, max_tasks_per_child=1) as pool:
        under_way: set[Future[Done]] = {pool.submit(_run_alone, {"operation": "Sweep"}, 0.0, delay, backups)}
        while under_way:
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for each in ended:
                call = each.result()
                done.append(call)
                advance(
                    sum(count for outcome, count in call.counts.items() if outcome != "deferred") // len(DESTINATIONS)
                )
                under_way |= {
                    pool.submit(_run_alone, payload, call.began + after, delay, backups)
                    for after, payload in call.handed_on
                }
    return done


def measure(setup: Setup) -> Measurement:
    """One line for all calls together, however far away Oracle is: as for the sweeps, and as it may be."""
    lines = []
    for delay in (setup.delay, FAR):
        text = f"a sweep of {BACKUPS:,} backups in {1 + len(DESTINATIONS)} regions, {delay * 1000:g} ms a call"
        with setup.progress.step(text, BACKUPS) as advance:
            lines.append(_line(BACKUPS, delay, simulate(BACKUPS, delay, advance)))
    return Measurement("million", ["backups", "ms an API call", "calls of the function"], lines)


def _line(size: int, delay: float, done: Sequence[Done]) -> Line:
    counts, api_calls = Counter[str](), Counter[str]()
    for each in done:
        counts.update(each.counts)
        api_calls.update(each.api_calls)
    gb_seconds = sum(each.seconds for each in done) * MEMORY_MB / 1024
    return Line(
        [f"{size:,}", f"{delay * 1000:g}", f"{len(done):,}"],
        {
            "from first to last, s": max(each.began + each.seconds for each in done),
            "longest call, s": max(each.seconds for each in done),
            "CPU, s": sum(each.cpu_seconds for each in done),
            "peak MB": max(each.peak_megabytes for each in done),
            "lists": sum(count for name, count in api_calls.items() if name.startswith("List")),
            "metrics": api_calls["PostMetricData"],
            "copies begun": counts["copied"],
            "there": counts["exists"],
            "GB-seconds": gb_seconds,
            "USD": gb_seconds * USD_PER_GB_SECOND + len(done) * USD_PER_CALL,
        },
    )
