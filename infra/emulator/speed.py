"""The speed of the cloud's clock as commands take it."""

from __future__ import annotations

import argparse
import math

LARGEST_SPEED = 100_000
"""More than a day in a second; far beyond it the calendar, which ends with the year 9999, would run out."""


def read_speed(text: str) -> float:
    """The value of `--speed`: cloud seconds per real second. A clock that stands would leave a command standing."""
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= LARGEST_SPEED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {LARGEST_SPEED}")
    return speed
