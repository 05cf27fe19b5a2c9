"""How the film begins: the first backup of a source, told step by step from the alarm to its last copy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.cast import HOME, Source
from infra.local.timeline import FUNCTION, Tone

Entry = Mapping[str, Any]
ENDED = {"AVAILABLE": Tone.GOOD, "FAULTY": Tone.BAD}


@dataclass(frozen=True)
class Step:
    """Something that happened in a lane: a region, or the function."""

    lane: str
    text: str
    tone: Tone = Tone.PLAIN


class Opening:
    """Follows the first backup that is made of `source`, and every copy of that one.

    It `is_over` when a copy is there in each destination of the source, or when the backup failed.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._backup_id: str | None = None
        self._copies: set[str] = set()
        self._missing = set(source.destinations)
        self._calls: set[str] = set()
        self.is_over = False

    def take(self, entry: Entry, source_id: str | None) -> Iterator[Step]:
        """The steps that an entry of the cloud's diary or of the Fn server tells.

        Where it is the transition of a backup or copy, `source_id` is what that is of.
        """
        if self.is_over:
            return
        match entry:
            case {"kind": "alarm.fired", "name": name} if self._backup_id is None:
                yield Step(HOME, f"the alarm {name} fires: its topic calls the function")
            case {"kind": "block_volume.transition", "resource": backup_id, "source": None, "state": state} if (
                source_id == self._source.id and self._backup_id in {None, backup_id}
            ):
                yield from self._follow_backup(backup_id, state)
            case {"kind": "block_volume.transition", "resource": copy_id, "source": str(original)} if (
                original == self._backup_id
            ):
                yield from self._follow_copy(copy_id, entry["region"], entry["state"])
            case {"kind": "events.emitted", "resource": backup_id, "event_type": event} if (
                backup_id == self._backup_id and event.endswith(".end")
            ):
                yield Step(HOME, f"the event {event.rpartition('.blockvolumes.')[2]} calls the function")
            case {"kind": "block_volume.updated", "resource": backup_id, "fields": ["freeformTags"]} if (
                backup_id == self._backup_id
            ):
                yield Step(HOME, "the tags of the backup name its copies")
            case {"kind": "function.wrote", "line": line}:
                yield from self._read_log(line)

    def _follow_backup(self, backup_id: str, state: str) -> Iterator[Step]:
        if self._backup_id is None:
            self._backup_id = backup_id
            yield Step(HOME, f"a backup of {self._source.name} begins")
        elif state in ENDED:
            self.is_over = state == "FAULTY"
            yield Step(HOME, f"the backup is {state}", ENDED[state])

    def _follow_copy(self, copy_id: str, region: str, state: str) -> Iterator[Step]:
        if copy_id not in self._copies:
            self._copies.add(copy_id)
            yield Step(region, "a copy of the backup begins")
        elif state in ENDED:
            if state == "AVAILABLE":
                self._missing.discard(region)
            self.is_over = not self._missing
            yield Step(region, f"the copy is {state}", ENDED[state])

    def _read_log(self, line: str) -> Iterator[Step]:
        """How those calls of the function ended which began the backup or a copy of it."""
        try:
            written = json.loads(line)
        except ValueError:
            return
        match written:
            case {"event": "backup.created", "backup_id": made, "call_id": str(call_id)} if made == self._backup_id:
                self._calls.add(call_id)
            case {"event": "copy.started", "source_id": of, "call_id": str(call_id)} if of == self._backup_id:
                self._calls.add(call_id)
            case {"event": "invocation.finished", "call_id": call_id, "counts": dict(counts)} if call_id in self._calls:
                done = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
                tone = Tone.GOOD if written["status"] == "OK" else Tone.BAD
                yield Step(FUNCTION, f"{written['status']}: {done}, in {written['duration_ms'] / 1000:.2f} s", tone)
