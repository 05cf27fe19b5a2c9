"""What people have been told: kept as tags of the topic itself, since the cloud is the only memory there is.

A topic has room for ten tags of 256 characters. Of each concern a mark of eight characters is kept, what was found
again last; where there are too many for that, those not found for longest are forgotten, and told once more. What may
pass by itself is only noted with its hour at first, and told when it has been found by every call for long enough.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten

from handlers.core.concerns import FIRST, Concern, Concerns

TAG = "backup-copy-told-"
TAGS, PER_TAG, LENGTH = 6, 32, 8
NOTED, HOUR = "~", timedelta(hours=1)
FAILURE = "failed "
MAX_TITLE = 200
_OCID_OF_NAME = re.compile(r" \(ocid1\.[^)]*\)")
MAX_BODY, ROOM_FOR_COUNT = 20_000, 80
"""Bytes. Notifications takes 64 KB of JSON, which may need three times as many."""

Marks = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """What people have not been told yet, and what is to be remembered once they are."""

    begun: Sequence[Concern]
    ended: Sequence[Concern]
    marks: Marks


def news(told: Marks, concerns: Iterable[tuple[str, Concerns]], now: datetime) -> News:
    """What is new. For each operation its concerns."""
    known, begun, ended = dict.fromkeys(told), list[Concern](), list[Concern]()
    for operation, found in concerns:
        noted = _noted(known, operation, found, now)
        standing = {
            mark: each
            for each in found.standing
            if (mark := _mark(each.key, operation)) in known or _has_lasted(noted.get(each.key), each, now)
        }
        begun += [each for mark, each in standing.items() if mark not in known]
        over = {_mark(each.key, operation): each for each in found.fine}
        ended += [each for mark, each in over.items() if mark in known and mark not in standing]
        gone = over.keys() | standing.keys()
        gone |= {each for each in known if found.hides_nothing and each[0] == _letter(operation)}
        gone |= {each for each in known if found.is_of_all and each.startswith(NOTED + _letter(operation))}
        waiting = [mark for key, mark in noted.items() if _mark(key, operation) not in standing]
        known = dict.fromkeys([*(each for each in known if each not in gone), *waiting, *standing])
    return News(_each_once(begun), _each_once(ended), tuple(known))


def _noted(known: Iterable[str], operation: str, found: Concerns, now: datetime) -> dict[str, str]:
    """Of what may pass by itself the mark of when it was found first, by key."""
    patient = [each.key for each in found.standing if each.patience]
    return {
        key: next((each for each in known if _is_note_of(each, key, operation)), _note(key, operation, now))
        for key in patient
    }


def _has_lasted(note: str | None, concern: Concern, now: datetime) -> bool:
    return note is None or (_hour(now) - _hour_of(note)) * HOUR > concern.patience


def _each_once(concerns: Sequence[Concern]) -> list[Concern]:
    return list({each.text: each for each in concerns}.values())


def read_marks(tags: Mapping[str, str]) -> Marks:
    """What a topic's tags say that people have been told."""
    texts = [tags.get(f"{TAG}{number}", "") for number in range(TAGS)]
    return tuple(text[at : at + LENGTH] for text in texts for at in range(0, len(text) - LENGTH + 1, LENGTH))


def write_marks(marks: Marks, tags: Mapping[str, str]) -> dict[str, str]:
    """A topic's tags with these marks; those of others stay, and what they leave no room for is forgotten."""
    others = {key: value for key, value in tags.items() if not key.startswith(TAG)}
    room = max(0, min(TAGS, 10 - len(others)))
    latest = marks[-room * PER_TAG :] if room else ()
    texts = ["".join(latest[at : at + PER_TAG]) for at in range(0, len(latest), PER_TAG)]
    return others | {f"{TAG}{number}": text for number, text in enumerate(texts)}


def write_message(found: News, source_region: str) -> tuple[str, str]:
    """Title and body of one message, which says first what is worst: what has begun, then what is over.

    A name is enough for the title, which has little room; ids are in the body.
    """
    begun, ended = found.begun, found.ended
    if begun:
        more = f", and {len(begun) - 1} more" if len(begun) > 1 else ""
        title = f"Backup copies of {source_region}: {begun[0].text.partition(FIRST)[0].rstrip('.')}{more}"
    else:
        more = f", and {len(ended) - 1} more are over" if len(ended) > 1 else ""
        title = f"Backup copies of {source_region}: {ended[0].text}{more}"
    lines = [f"- {each.text}\n  What to do: {each.remedy}." for each in begun]
    lines += ["", "Over:", *(f"- {each.text}." for each in ended)] if ended else []
    return shorten(_OCID_OF_NAME.sub("", title), MAX_TITLE, placeholder=" ..."), "\n".join(_cut(lines)).strip()


def _cut(lines: Sequence[str]) -> Iterator[str]:
    """As many as there is room for, and how many there is none for."""
    room = MAX_BODY - ROOM_FOR_COUNT
    for index, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            yield f"- {len(lines) - index} more: ReportCopies tells of all."
            return
        yield line


def _mark(key: str, operation: str) -> str:
    """A letter that tells failures of one operation from all else, and enough of a digest."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()[: LENGTH - 1]
    return (_letter(operation) if key.startswith(FAILURE) else "-") + digest


def _letter(operation: str) -> str:
    return operation[0]


def _note(key: str, operation: str, now: datetime) -> str:
    """When something was found first: the hour in four characters, and two of a digest."""
    hour = base64.urlsafe_b64encode(_hour(now).to_bytes(3, "big")).decode()
    return NOTED + _letter(operation) + hour + _mark(key, operation)[-2:]


def _is_note_of(note: str, key: str, operation: str) -> bool:
    return note.startswith(NOTED + _letter(operation)) and note[-2:] == _mark(key, operation)[-2:]


def _hour_of(note: str) -> int:
    """Whatever stands there: what is no hour of the past has lasted for long."""
    try:
        return int.from_bytes(base64.urlsafe_b64decode(note[2:6]), "big")
    except ValueError:
        return 0


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600
