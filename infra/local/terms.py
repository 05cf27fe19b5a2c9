"""What is wanted for a source, as POLICY and tags write it, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

UNITS = {"h": "h", "d": "day", "w": "week", "m": "month", "y": "year"}
EACH = {"d": "daily", "w": "weekly", "m": "monthly", "y": "yearly"}


@dataclass(frozen=True)
class Terms:
    """How often there is a backup, and what is kept in each region; the first of them is where the source is."""

    every: str
    keep: Mapping[str, str]

    @property
    def destinations(self) -> tuple[str, ...]:
        """Where copies go."""
        return tuple(self.keep)[1:]

    def __str__(self) -> str:
        """In one line."""
        where: dict[str, list[str]] = {}
        for index, (region, keep) in enumerate(self.keep.items()):
            where.setdefault(keep, []).append(f"in {region}" if index else "here")
        kept = ", ".join(f"{_say_keep(keep)} {_enumerate(regions)}" for keep, regions in where.items())
        return f"backups every {_say_every(self.every)}; kept: {kept}"


def _say_every(every: str) -> str:
    count, unit = int(every[:-1]), UNITS[every[-1]]
    return unit if count == 1 and unit != "h" else _number(count, unit)


def _say_keep(keep: str) -> str:
    """For example of `last 10`, `14d` and `7d 4w`."""
    words = keep.split()
    if words[0] == "all":
        return "all"
    if words[0] == "last":
        return f"the newest {words[1]}"
    lengths = [(int(word[:-1]), word[-1]) for word in words]
    if len(lengths) == 1:
        return _number(lengths[0][0], UNITS[lengths[0][1]])
    return _enumerate([f"{count} {EACH[unit]}" for count, unit in lengths]) + " ones"


def _number(count: int, unit: str) -> str:
    return f"{count} {unit if count == 1 or unit == 'h' else unit + 's'}"


def _enumerate(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
