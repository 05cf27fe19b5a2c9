"""Recoveries made up, as a report has them: with copies of given ages, and whatever else a test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.core.fleet import FleetReport
from handlers.core.model import Kind, Lifecycle, Source
from handlers.core.recovery_point import CopyState, Recovery
from tests.fakes import AWAY, COMPARTMENT, HOME, ocid

NOW = datetime(2026, 11, 21, 14, 37, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def copy(age: timedelta, state: Lifecycle = Lifecycle.AVAILABLE, *, late: timedelta = HOUR, **facts: Any) -> CopyState:
    """A copy of a backup of this age, which was begun so much later."""
    moment = NOW - age
    identifier = ocid("volumebackup", AWAY, f"n{age // timedelta(seconds=1)}")
    return CopyState(
        id=facts.get("id", identifier),
        moment=moment,
        began=min(moment + late, NOW),
        lifecycle=state,
        stored_gb=10,
        is_orphan=facts.get("is_orphan", False),
    )


def recovery(name: str = "payroll", *copies: CopyState, region: str = AWAY, **facts: Any) -> Recovery:
    """One that is to be younger than 12 hours."""
    kind = facts.pop("kind", Kind.VOLUME)
    unique = name.encode("utf-8", "replace").hex()[:40] or "a"
    source_id = facts.pop("source_id", ocid(kind.source_type, HOME, unique))
    source = Source(kind, source_id, {}, name=name, compartment_id=COMPARTMENT, is_gone=facts.pop("is_gone", False))
    told: dict[str, Any] = {
        "belongs": True,
        "is_known": True,
        "target": 12 * HOUR,
        "next_due": NOW + HOUR,
        "waits_since": NOW - 30 * DAY,
        "newest_backup": NOW - 2 * HOUR,
        "copies": tuple(sorted(copies, key=lambda each: (each.moment, each.id))),
    }
    return Recovery(now=NOW, source=source, region=region, **(told | facts))


def in_time(name: str = "payroll", **facts: Any) -> Recovery:
    """One of which the newest copy is young enough."""
    return recovery(name, copy(2 * HOUR), copy(8 * HOUR), **facts)


def in_breach(name: str = "ledger", **facts: Any) -> Recovery:
    """One whose recovery point has been too old for a day."""
    return recovery(name, copy(36 * HOUR), copy(42 * HOUR), **facts)


def fleet(*recoveries: Recovery, **facts: Any) -> FleetReport:
    """A report of these."""
    told: dict[str, Any] = {
        "generated_at": NOW,
        "source_region": HOME,
        "compartments": [COMPARTMENT],
        "recoveries": recoveries,
    }
    return FleetReport(**(told | facts))
