"""The small grammar of policies: how often a backup is due, and what is kept of those that were made.

```
every  = COUNT ("h" | "d" | "w")                    6h, 1d, 2w
keep   = "all"
       | "last" COUNT                               last 10: the newest ten
       | COUNT UNIT                                 30d: whatever is younger
       | COUNT UNIT (COUNT UNIT)+                   7d 4w 12m 3y: grandfather, father, son
UNIT   = "d" | "w" | "m" | "y"                      days, weeks, months, years, of UTC; a month is 31 days, a year 366
COUNT  = 1 to 9999
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
"""From which intervals are counted: so hours, days and weeks begin where a calendar's do."""
DAYS = {"d": 1, "w": 7, "m": 31, "y": 366}
NAMES = {"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}
MAX_TEXT = 100

_TOKEN = re.compile(r"(?P<space>\s*)(?:(?P<word>all|last)|(?P<count>[0-9]{1,4})(?P<unit>[a-z]?)|(?P<other>\S))")
_KEEP = "expected all, last 10, 30d, or counts such as 7d 4w 12m 3y"
_COUNTS = "expected numbers of 1 to 9999, each with d, w, m or y, and spaces between them, such as 7d 4w"


class GrammarError(ValueError):
    """A text that is not of the grammar; `position` is the character at which it stops being so, counted from 1."""

    def __init__(self, position: int, expected: str) -> None:
        super().__init__(f"at character {position}: {expected}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Every:
    """How often a backup is due: in each interval, and these begin at times that everybody knows."""

    interval: timedelta
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`6h`, `1d`, `2w`; raises `GrammarError`."""
        tokens = list(_tokens(text))
        expected = "expected a number of 1 to 9999 and h, d or w, such as 6h or 1d"
        if not tokens or not tokens[0].count:
            raise GrammarError(tokens[0].position if tokens else len(text) + 1, expected)
        token = tokens[0]
        if token.unit not in {"h", "d", "w"}:
            raise GrammarError(token.unit_position, "expected h, d or w")
        if len(tokens) > 1:
            raise GrammarError(tokens[1].position, "expected nothing more: an interval is one number and one unit")
        hours = 1 if token.unit == "h" else 24 * DAYS[token.unit]
        return cls(timedelta(hours=token.count * hours), f"{token.count}{token.unit}")

    def slot(self, now: datetime) -> datetime:
        """The beginning of the interval that `now` is in."""
        return now - (now - MONDAY) % self.interval

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept; the one of its fields that says so is set, and none where everything is kept."""

    last: int | None = None
    younger: timedelta | None = None
    counts: tuple[tuple[str, int], ...] = ()
    """How many of each unit, the shortest first: `("d", 7)` is the newest of each of the last 7 days that have any."""
    text: str = "all"

    @classmethod
    def parse(cls, text: str) -> Self:
        """`all`, `last 10`, `30d`, `7d 4w 12m 3y`; raises `GrammarError`."""
        tokens = list(_tokens(text))
        if not tokens:
            raise GrammarError(len(text) + 1, _KEEP)
        match tokens[0].word:
            case "all":
                _end(tokens, 1)
                return cls()
            case "last":
                return cls._last(tokens, len(text))
            case _:
                return cls._units(tokens)

    @classmethod
    def _last(cls, tokens: list[_Token], length: int) -> Self:
        expected = "expected a number of 1 or more after last, such as last 10"
        if len(tokens) == 1:
            raise GrammarError(length + 1, expected)
        if not tokens[1].count:
            raise GrammarError(tokens[1].position, expected)
        if tokens[1].unit:
            raise GrammarError(tokens[1].unit_position, "expected a number alone after last, such as last 10")
        _end(tokens, 2)
        return cls(last=tokens[1].count, text=f"last {tokens[1].count}")

    @classmethod
    def _units(cls, tokens: list[_Token]) -> Self:
        counts: dict[str, int] = {}
        for token in tokens:
            if not token.count:
                raise GrammarError(token.position, _COUNTS if counts else _KEEP)
            if token.unit not in DAYS:
                raise GrammarError(token.unit_position, "expected d, w, m or y")
            if token.unit in counts:
                raise GrammarError(token.unit_position, f"names {NAMES[token.unit]}s twice")
            counts[token.unit] = token.count
        ordered = tuple((unit, counts[unit]) for unit in DAYS if unit in counts)
        text = " ".join(f"{count}{unit}" for unit, count in ordered)
        if len(ordered) > 1:
            return cls(counts=ordered, text=text)
        ((unit, count),) = ordered
        return cls(younger=timedelta(days=count * DAYS[unit]), text=text)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is ever due to go."""
        return self.last is None and self.younger is None and not self.counts

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class _Token:
    position: int
    word: str = ""
    count: int = 0
    unit: str = ""
    unit_position: int = 0


def _tokens(text: str) -> Iterator[_Token]:
    """The words and numbers of a text; what is neither, or follows without a space, is a token that fits nowhere."""
    if len(text) > MAX_TEXT:
        raise GrammarError(MAX_TEXT + 1, f"expected at most {MAX_TEXT} characters")
    for match in _TOKEN.finditer(text.rstrip()):
        position = match.end("space") + 1
        if match["other"] or (match.start() > 0 and not match["space"]):
            yield _Token(position, word="?")
        elif match["word"]:
            yield _Token(position, word=match["word"])
        else:
            yield _Token(position, "", int(match["count"]), match["unit"], match.start("unit") + 1)


def _end(tokens: list[_Token], after: int) -> None:
    if len(tokens) > after:
        raise GrammarError(tokens[after].position, "expected nothing more")
