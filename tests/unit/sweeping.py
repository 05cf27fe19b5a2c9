"""Sweeps over the fakes, and what happens in the cloud between two of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import Sweep
from handlers.core.report import Outcome, Report, Result, Trigger
from handlers.sweep import sweep
from tests.fakes import AWAY, FAR, FakeCloud, make_call

BOTH = f"{AWAY},{FAR}"


def run(cloud: FakeCloud, *, lasts: timedelta = timedelta(minutes=5), **given: Any) -> list[Result]:
    """Sweep with the camelCase fields of `given`, configured with its UPPER_CASE ones."""
    keys = {key: value for key, value in given.items() if key.isupper()}
    fields = {key: value for key, value in given.items() if not key.isupper()}
    operation = Sweep.model_validate({"operation": "Sweep", **fields})
    return list(sweep(operation, make_call(cloud, lasts=lasts, **keys)).results)


def report(results: list[Result]) -> Report:
    """The report of a call that did nothing else."""
    return Report(Trigger.TICK, results)


def outcomes(results: Iterable[Result], original: Backup) -> list[tuple[str | None, Outcome, str | None]]:
    """Region, outcome and reason of the results for this backup."""
    return [(each.destination_region, each.outcome, each.reason) for each in results if each.source_id == original.id]


def nightly(
    cloud: FakeCloud, nights: int, kind: Kind = Kind.VOLUME, every: timedelta = timedelta(days=1)
) -> list[Backup]:
    """Backups of one source, oldest first; the clock stands at the last."""
    source, made = cloud.add_source(kind), []
    for night in range(nights):
        cloud.clock.advance(every if night else timedelta())
        made.append(cloud.add_backup(kind, source_id=source.id))
    return made


def several(cloud: FakeCloud, number: int, kind: Kind = Kind.VOLUME) -> list[Backup]:
    """Backups of a source each, oldest first."""
    backups = []
    for _ in range(number):
        cloud.clock.advance(timedelta(minutes=1))
        backups.append(cloud.add_backup(kind, source_id=cloud.add_source(kind).id))
    return backups


def under_way(cloud: FakeCloud) -> list[Backup]:
    """The copies that are being made."""
    return [each for each in cloud.backups.values() if each.copied_from and each.lifecycle.is_under_way]


def arrive(cloud: FakeCloud, lifecycle: Lifecycle = Lifecycle.AVAILABLE) -> None:
    """All copies under way end, well unless told otherwise."""
    for copy in under_way(cloud):
        cloud.change(copy, lifecycle=lifecycle)


def alive(cloud: FakeCloud, original: Backup, region: str = AWAY) -> list[Backup]:
    """The living copies of a backup in a region, wherever they were moved."""
    copies = cloud.copies_in(region)
    return [each for each in copies if each.copied_from == original.id and not each.lifecycle.is_dead]
