"""How it stands with sources, written down instead of read."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from handlers.core.model import Kind, Lifecycle, Source
from handlers.core.recovery_point import CopyState, Recovery
from tests.fakes import AWAY, HOME, ocid
from tests.unit.scene import HOUR, NOW

NUMBERS = itertools.count(1)
TARGET = timedelta(days=2)


def a_source(name: str = "", **facts: Any) -> Source:
    """A volume."""
    return Source(Kind.VOLUME, ocid("volume", HOME, f"n{next(NUMBERS)}"), {}, name=name, **facts)


def a_copy(hours_ago: float = 1, lifecycle: Lifecycle = Lifecycle.AVAILABLE, **facts: Any) -> CopyState:
    """A copy of a backup that was made so long ago, begun at the same moment unless told otherwise."""
    moment = NOW - HOUR * hours_ago
    identifier = ocid("volumebackup", AWAY, f"n{next(NUMBERS)}")
    return CopyState(
        **{
            "id": identifier,
            "moment": moment,
            "began": moment,
            "lifecycle": lifecycle,
            "stored_gb": 0,
            "is_orphan": False,
            **facts,
        }
    )


def a_recovery(*copies: CopyState, **facts: Any) -> Recovery:
    """One source in one destination with a target of two days, in time unless the copies or `facts` say otherwise."""
    return Recovery(
        **{
            "now": NOW,
            "source": facts.pop("source", None) or a_source(),
            "region": AWAY,
            "belongs": True,
            "is_known": True,
            "target": TARGET,
            "next_due": None,
            "waits_since": NOW,
            "newest_backup": max((each.moment for each in copies), default=None),
            "copies": copies,
            **facts,
        }
    )


def in_breach(**facts: Any) -> Recovery:
    """One whose recovery point is three days old."""
    return a_recovery(a_copy(72), **facts)
