"""How pages say things: durations, sizes, times, names, and how it stands."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from handlers.core.model import Kind, Source
from handlers.core.recovery_point import Recovery, Standing

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG = 14 * DAY
"""From which on nobody asks for the hours."""
NONE, NOT_KNOWN = "–", "?"  # noqa: RUF001 - a dash, as people write it
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
TAIL = 12
"""So many of the last characters of an OCID tell it from others well enough for people."""

KINDS = {Kind.VOLUME_GROUP: "volume group", Kind.VOLUME: "volume", Kind.BOOT_VOLUME: "boot volume"}
# Signs that no device draws as a picture: with the word beside it, colour is never needed to tell them apart.
SIGNS = {
    Standing.BREACH: "✗",
    Standing.UNREAD: "?",
    Standing.UNSURE: "¿",
    Standing.NONE_YET: "∅",
    Standing.STRAY: "⚑",
    Standing.NO_TARGET: "○",
    Standing.IN_TIME: "✓",
}
STANDINGS = {
    Standing.BREACH: "too old",
    Standing.UNREAD: "not read",
    Standing.UNSURE: "source not read",
    Standing.NONE_YET: "no copy yet",
    Standing.STRAY: "stray",
    Standing.NO_TARGET: "no target",
    Standing.IN_TIME: "in time",
}

_SPACE = re.compile(r"[\s\u2028\u2029]+")
# Controls, lone surrogates and non-characters, which no page can hold, and what turns the direction of what follows.
_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


class Tone(StrEnum):
    """What a sentence is to be taken as."""

    BAD = "bad"
    UNSURE = "unsure"
    GOOD = "good"


TONES = {Tone.BAD: "✗", Tone.UNSURE: "!", Tone.GOOD: "✓"}


def plain(text: str) -> str:
    """Any text on one line, less the characters that do something else than to be seen."""
    return _UNSHOWN.sub("\ufffd", _SPACE.sub(" ", text)).strip()


def name_of(source: Source) -> str:
    """What people call a source; the end of its OCID where nobody knows its name."""
    return plain(source.name) or f"…{plain(source.id)[-TAIL:]}"


def duration(length: timedelta) -> str:
    """`under 1 min`, `35 min`, `5 h 20 min`, `2 d 3 h`, `45 d`: rounded down, in at most two units."""
    if length < MINUTE:
        return "under 1 min"
    days, hours, minutes = length // DAY, length % DAY // HOUR, length % HOUR // MINUTE
    if length >= LONG:
        return f"{days} d"
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def size(gigabytes: int) -> str:
    """`512 GB`, `1.5 TB`: Oracle's own, of 1024 each."""
    amount, unit = float(gigabytes), "GB"
    for larger in ("TB", "PB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{gigabytes} GB" if unit == "GB" else f"{amount:.1f} {unit}"


def moment(when: datetime, now: datetime) -> str:
    """`21 Nov 02:00` in UTC; with the year where it is another than now's."""
    when, now = when.astimezone(UTC), now.astimezone(UTC)
    year = "" if when.year == now.year else f" {when.year}"
    return f"{when.day} {MONTHS[when.month - 1]}{year} {when:%H:%M}"


def full_moment(when: datetime) -> str:
    """`21 Nov 2026 02:00 UTC`."""
    when = when.astimezone(UTC)
    return f"{when.day} {MONTHS[when.month - 1]} {when.year} {when:%H:%M} UTC"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 copy`, `3,000 copies`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def standing_of(recovery: Recovery, *, originals_are_known: bool) -> str:
    """How it stands, in two words at most; a source that is gone has no target because of that."""
    if recovery.standing is Standing.NO_TARGET and recovery.source.is_ending and originals_are_known:
        return "source gone"
    return STANDINGS[recovery.standing]
