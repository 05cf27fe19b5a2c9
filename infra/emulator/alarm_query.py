"""The query of an alarm, as far as a cloud without metrics can answer it: the absence of a metric.

https://docs.oracle.com/iaas/Content/Monitoring/Reference/mql.htm
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from infra.emulator.details import invalid
from infra.emulator.wire import not_modelled

DEFAULT_PERIOD = timedelta(hours=2)
LONGEST_PERIOD = timedelta(days=3)

_ABSENCE = re.compile(
    r"""\s*[A-Za-z][A-Za-z0-9._$-]*\s*          # the metric
        \[\s*(?P<interval>[0-9]+[a-z])\s*]\s*   # the interval
        (?:\{[^{}]*}\s*)?                       # dimensions
        (?:\.(?:groupBy\([^()]*\)|grouping\(\))\s*)?
        \.absent\(\s*(?P<period>[0-9]+[a-z])?\s*\)\s*""",
    re.VERBOSE,
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LARGEST_INTERVAL = {"m": 60, "h": 24, "d": 1}


@dataclass(frozen=True)
class AbsenceQuery:
    """`metric[1m].absent()`: true while a metric is absent, for at most `period` (the absence detection period)."""

    period: timedelta

    @classmethod
    def parse(cls, query: str) -> AbsenceQuery:
        """Read an alarm's query; 501 for all but absence, 400 for an interval or a period that OCI does not take."""
        found = _ABSENCE.fullmatch(query)
        if not found:
            raise not_modelled("queries of alarms other than absence, such as metric[1m].absent()")
        interval, unit = _read_number(found["interval"]), found["interval"][-1]
        if not 1 <= interval <= _LARGEST_INTERVAL.get(unit, 0):
            raise invalid("query", "of an interval of 1m to 60m, 1h to 24h, or 1d")
        if found["period"] is None:
            return cls(DEFAULT_PERIOD)
        length, unit = _read_number(found["period"]), found["period"][-1]
        if unit not in _UNITS or not 0 < length <= 72 * 60 or timedelta(**{_UNITS[unit]: length}) > LONGEST_PERIOD:
            raise invalid("query", "of an absence detection period of 1m to 3d")
        return cls(timedelta(**{_UNITS[unit]: length}))


def _read_number(text: str) -> int:
    """The number before a unit; 0, which nothing accepts, for one of more digits than any that is accepted."""
    return int(text[:-1]) if len(text) <= 5 else 0
