"""ISO 8601 durations, as far as OCI takes them: days, hours, minutes and seconds."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P(?=[0-9T])(?:(?P<days>[0-9]{1,4})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,4})H)?(?:(?P<minutes>[0-9]{1,6})M)?(?:(?P<seconds>[0-9]{1,8})S)?)?"
)


def parse_duration(text: str) -> timedelta | None:
    """The length of a duration such as `PT1M` or `P1DT12H`, or `None` when it is none.

    Years, months and weeks are not taken (the first two have no length), nor fractions and signs.
    """
    found = _DURATION.fullmatch(text)
    if not found:
        return None
    return timedelta(**{unit: int(amount) for unit, amount in found.groupdict().items() if amount})
