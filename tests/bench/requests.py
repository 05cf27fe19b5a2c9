"""How many requests a converged sweep has to make, counted from what the cloud holds.

It reads each list to its end: of each kind the sources, and the backups in each region. So its calls are the pages of
these lists, of which each has one at least, and the batches in which the metrics are handed in. Nothing comes on top:
neither for a region nor for a backup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from handlers.cloud.backups import PAGE_SIZE
from handlers.cloud.metrics import MOST_STREAMS
from infra.emulator.block_volume.kinds import KINDS, BackupKind
from infra.emulator.cloud import Cloud
from infra.emulator.server import Emulator
from tests.bench.stage import DESTINATIONS, HOME, BenchmarkBroken

METRICS = "PostMetricData"


def forget_metrics(emulator: Emulator) -> None:
    """What was handed in before is nobody's any more."""
    emulator.call(lambda cloud: cloud.metrics.points.clear())


def expected(emulator: Emulator) -> dict[str, int]:
    """By operation, for a sweep of the function's compartment; the metrics are those handed in since the last time."""

    def count(cloud: Cloud) -> dict[str, int]:
        pages: Counter[str] = Counter()
        for kind in KINDS:
            for region in (HOME, *DESTINATIONS) if isinstance(kind, BackupKind) else (HOME,):
                found = cloud.block_volume.storage.resources.of(kind, region)
                listed = sum(each.fields["compartmentId"] == emulator.compartment_id for each in found)
                pages[f"List{kind.name}s"] += max(1, -(-listed // PAGE_SIZE))
        streams = {(point.name, frozenset(point.dimensions.items())) for point in cloud.metrics.points}
        return {**pages, METRICS: -(-len(streams) // MOST_STREAMS)}

    return emulator.call(count)


def require_exactly(calls: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    """Raise `BenchmarkBroken` where an operation was called more often, or less."""
    differing = {
        name: f"{calls.get(name, 0)} instead of {wanted.get(name, 0)}"
        for name in sorted({*calls, *wanted})
        if calls.get(name, 0) != wanted.get(name, 0)
    }
    if differing:
        raise BenchmarkBroken(f"A converged sweep makes no other calls than it has to: {differing}")
