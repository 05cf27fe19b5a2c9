"""What must hold of every call, whatever it met: what it answers, what it touches, and what it leaves alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from handlers.core.report import Result
from tests.simulation.invocation import Fate, Invocation
from tests.simulation.setting import HOME, TELLING
from tests.simulation.world import World

LASTING = {"tag_malformed", "faulty", "held"}
"""Reasons for which something is not done even when nothing goes wrong any more."""
LOOKING = {"Sweep", "CreateDueBackups", "PruneCopies"}
"""What is called again and again, and is expected to go well."""
SHOWING = {"ReportCopies", "ExplainPolicy"}

Findings = Iterator[str]


def touched_wrongly(world: World) -> Findings:
    """Changed are only backups that are swept or were named, and their copies; asked are only allowed regions."""
    regions = {HOME, *world.setting.allowed}
    for exchange in world.ledger.exchanges:
        sent = f"{_call(exchange.owner)} sent {exchange.operation}"
        if exchange.region not in regions:
            yield f"{sent} to {exchange.region}"
        life = world.ledger.lives.get(exchange.path.split("/")[3]) if exchange.method in {"PUT", "DELETE"} else None
        if life is None:
            continue
        original = world.ledger.lives[life.copy_of] if life.copy_of else life
        is_swept = original.resource.fields["compartmentId"] in world.swept and original.resource.region == HOME
        names = life.id, original.id, original.resource.fields["compartmentId"]
        is_named = any(name.encode() in exchange.owner.payload for name in names)
        if not is_swept and not is_named:
            yield f"{sent} to {life.name}"


def badly_counted(world: World) -> Findings:
    """An answer's counts add up to its results, and it speaks of each backup and region once."""
    for invocation in world.ledger.invocations:
        report = invocation.report
        if report is None:
            continue
        body = invocation.body()
        if sum(body["counts"].values()) != len(report.results) or len(body["results"]) != min(500, len(report.results)):
            yield _call(invocation)
        told = Counter(
            (each.operation, each.source_id, each.destination_region)
            for each in report.results
            if _is_backup(world, each)
        )
        if any(count > 1 for count in told.values()):
            yield f"{_call(invocation)} says something twice"
        if any(result.reason == "internal_error" for result in report.results):
            yield f"{_call(invocation)} has met a fault of its own"


def passed_over(world: World) -> Findings:
    """A sweep speaks of every backup that was in a list that it could read, or of the compartment that it handed on."""
    lag = timedelta(seconds=world.setting.limits.seconds_until_listed)
    for invocation in world.ledger.invocations:
        if invocation.operations != {"Sweep"} or invocation.report is None:
            continue
        told = {result.source_id for result in invocation.report.results}
        for life in world.ledger.lives.values():
            resource = life.resource
            key = f"List{resource.kind.name}s", HOME, resource.fields["compartmentId"]
            reads = invocation.listed.get(key, [])
            place = resource.fields["compartmentId"]
            if place in told or not _is_meant(invocation, place):
                continue
            # Some time after its end a backup is not listed any more.
            is_listed = resource.region == HOME and world.others.resources.find(life.id) is not None
            if is_listed and reads and life.began + lag <= min(reads) and life.id not in told:
                yield f"{_call(invocation)} says nothing of {life.name}"


def ordered_twice(world: World) -> Findings:
    """However often an order is delivered, one backup is made."""
    orders = Counter(
        life.resource.name
        for life in world.ledger.lives.values()
        if life.resource.region == HOME and not life.group_id and not life.copy_of
    )
    yield from (name for name, count in orders.items() if name.startswith("order-") and count > 1)


def changed_in_a_dry_run(world: World) -> Findings:
    """A dry run reads."""
    for exchange in world.ledger.exchanges:
        if b"dryRun" in exchange.owner.payload and exchange.method != "GET":
            yield f"{_call(exchange.owner)} sent {exchange.operation}"


def changed_by_a_report(world: World) -> Findings:
    """Who only asks changes nothing; at most people are told of what a report has found."""
    for exchange in world.ledger.exchanges:
        operations = exchange.owner.operations
        is_telling = exchange.operation in TELLING and "ReportCopies" in operations
        if operations and operations <= SHOWING and exchange.method != "GET" and not is_telling:
            yield f"{_call(exchange.owner)} sent {exchange.operation}"


def told_twice(world: World) -> Findings:
    """A call sends one message at most, whatever becomes of the answer."""
    sent = Counter(call.number for call in world.ledger.messages)
    yield from (f"call {number} has published {count} messages" for number, count in sent.items() if count > 1)


def failed_by_telling(world: World) -> Findings:
    """Where nothing but the telling went wrong, the call has gone well."""
    broken: defaultdict[Invocation, set[str]] = defaultdict(set)
    for exchange in world.ledger.exchanges:
        if exchange.status is None or exchange.status >= 400:
            broken[exchange.owner].add(exchange.operation)
    for invocation, operations in broken.items():
        if operations <= {*TELLING} and invocation.fate == Fate():
            for result in invocation.report.results if invocation.report else ():
                if result.fell_short and result.reason not in LASTING | {"key_missing"}:
                    yield f"{_call(invocation)}: {result.outcome}, {result.reason}"


def failed_in_calm(world: World) -> Findings:
    """When nothing goes wrong a call fails only for what is wrong with a source, or for what ends FAULTY."""
    for invocation in world.ledger.invocations:
        if not LOOKING & invocation.operations or not invocation.is_calm:
            continue
        if invocation.report is None:
            yield f"{_call(invocation)} has not answered"
            continue
        for result in invocation.report.results:
            if result.fell_short and result.reason not in LASTING:
                yield f"{_call(invocation)}: {result.outcome}, {result.reason}"


def _call(invocation: Invocation) -> str:
    return f"call {invocation.number} ({invocation.why})"


def _is_meant(invocation: Invocation, compartment_id: str) -> bool:
    """Whether a sweep is about this compartment; one that names some may look into others too."""
    return b"compartmentId" not in invocation.payload or compartment_id.encode() in invocation.payload


def _is_backup(world: World, result: Result) -> bool:
    """Whether it speaks of a backup, and not of a list that could not be read."""
    return result.source_id in world.ledger.lives
