"""What a benchmark finds: lines of figures, and checks of some of them against their budgets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What was measured, in words, and the figures by their names, which say the unit. `None`: the system tells not."""

    labels: Sequence[str]
    figures: Mapping[str, float | None]


@dataclass(frozen=True)
class Check:
    """A figure that has a budget; `limit` is the most that is within it."""

    what: str
    figure: float
    limit: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Not where the figure is no number."""
        return self.figure <= self.limit

    def __str__(self) -> str:
        return f"{self.what}: {self.figure:.3g}{self.unit}, budget {self.limit:g}{self.unit}"


@dataclass(frozen=True)
class Measurement:
    """All that one benchmark found. `headings` name the labels of the lines."""

    benchmark: str
    headings: Sequence[str]
    lines: Sequence[Line]
    checks: Sequence[Check] = ()


def ratio(figure: float | None, reference: float | None) -> float | None:
    """How many times the reference a figure is, where both were measured."""
    return None if figure is None or not reference else figure / reference


def percentile(figures: Sequence[float], percent: float) -> float:
    """The least of the figures that so many percent of them do not exceed."""
    return sorted(figures)[max(0, math.ceil(len(figures) * percent / 100) - 1)]
