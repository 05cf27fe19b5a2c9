"""What happens in the cloud and in the function, retold in a few words for people: when, where, what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

FUNCTION = "function"
FINAL_STATES = frozenset(("AVAILABLE", "FAULTY", "TERMINATED"))
BACKUPS = frozenset(("volumegroupbackup", "volumebackup", "bootvolumebackup"))
TAGS = frozenset(("freeformTags", "definedTags"))
_UNDELIVERED = frozenset(
    f"{source}.{outcome}" for source in ("events", "functions", "notifications") for outcome in ("failed", "dropped")
)

Entry = Mapping[str, Any]


class Tone(StrEnum):
    """How something is to be taken, as a style of rich."""

    PLAIN = "default"
    GOOD = "green"
    BAD = "bold red"
    NEWS = "bold yellow"
    DIM = "dim"


@dataclass(frozen=True)
class Moment:
    """Something that happened, in one lane: a region, or the function."""

    time: datetime
    lane: str
    text: str
    tone: Tone = Tone.PLAIN
    detail: str = ""
    """What more is to be said of it, in a line of its own."""


class Timeline:
    """Takes the entries of the cloud's diary and of the Fn server, and keeps what a person wants to know of them.

    It tells when backups and copies of all kinds begin and end, but says nothing of the members of a group's, nor of
    the calls that leave these to their group. `home` is where alarms are.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._members: set[str] = set()
        self._calls_for_members = 0
        self._containers: set[int] = set()
        self._begun: set[str] = set()

    def take(self, entry: Entry) -> Moment | None:
        """The moment that this entry is, if it is worth telling."""
        if self._is_of_member(entry) or self._is_further_container(entry) or self._is_between(entry):
            return None
        text, tone = _tell(entry)
        if not text:
            return None
        lane = FUNCTION if _is_of_function(entry) else entry.get("region", self._home)
        return Moment(datetime.fromisoformat(entry["time"]), lane, text, tone)

    def _is_of_member(self, entry: Entry) -> bool:
        """Whether it is about a part of a group's backup, also the call that the event of its end leads to."""
        match entry:
            case {"kind": "block_volume.transition", "group": str(), "resource": member}:
                self._members.add(member)
                return True
            case {"kind": "events.emitted", "resource": member, "event_type": kind} if member in self._members:
                self._calls_for_members += "blockvolumes.create" in kind and kind.endswith(".end")
                return True
            # The function's log does not say which backup it was.
            case {"kind": "function.wrote", "line": line} if self._calls_for_members and _is_exclusion(line):
                self._calls_for_members -= 1
                return True
        return False

    def _is_further_container(self, entry: Entry) -> bool:
        """Whether it is one of several containers at once: the first of them tells that the function is up."""
        match entry:
            case {"kind": "function.started", "pid": int(pid)}:
                self._containers.add(pid)
                return len(self._containers) > 1
            case {"kind": "function.ended", "pid": int(pid)}:
                self._containers.discard(pid)
        return False

    def _is_between(self, entry: Entry) -> bool:
        """Whether it is a state between the first and the last of a backup or copy."""
        if entry["kind"] != "block_volume.transition" or entry["resource_kind"] not in BACKUPS:
            return False
        backup_id, is_first = entry["resource"], entry["resource"] not in self._begun
        if entry["state"] in FINAL_STATES:
            self._begun.discard(backup_id)
            return False
        self._begun.add(backup_id)
        return not is_first


def _is_of_function(entry: Entry) -> bool:
    """Deliveries are shown where they should have arrived."""
    source, _, outcome = entry["kind"].partition(".")
    return source == "function" or outcome in {"failed", "dropped"}


def _tell(entry: Entry) -> tuple[str, Tone]:
    """An empty text for all that goes without saying."""
    text, tone = "", Tone.PLAIN
    match entry:
        case {"kind": "alarm.fired", "name": name, "message_type": why}:
            text = f"alarm {name}: {why}"
        case {"kind": "events.emitted", "event_type": kind} if kind.endswith("backup.end") and "delete" not in kind:
            text = f"event: {'copy' if 'blockvolumes.copy' in kind else 'backup'} finished"
        case {"kind": "block_volume.transition", "resource_kind": kind, "state": state} if kind in BACKUPS:
            text = f"{_label(entry)} {state if state in FINAL_STATES else 'begins'}"
            tone = {"AVAILABLE": Tone.GOOD, "FAULTY": Tone.BAD}.get(state, Tone.PLAIN)
        case {"kind": "block_volume.updated", "fields": fields}:
            text = "tags written" if TAGS.issuperset(fields) else f"updated: {', '.join(fields)}"
        case {"kind": "function.started"}:
            text = "container started"
        case {"kind": "function.wrote", "line": line}:
            text, tone = _tell_log(line)
        case _:
            text, tone = _tell_trouble(entry), Tone.BAD
    return text, tone


def _tell_trouble(entry: Entry) -> str:
    match entry:
        case {"kind": "api.call", "method": method, "path": path, "status": int(status)} if status >= 400:
            return f"{method} {'/'.join(path.split('/')[2:3]) or path}: {status}"
        case {"kind": "refused", "reason": reason}:
            return f"refused: {reason}"
        case {"kind": str(kind)} if kind in _UNDELIVERED:
            return f"{kind.replace('.', ' delivery ')}: {entry.get('reason') or entry.get('status')}"
        case {"kind": "function.broke", "reason": reason}:
            return f"call failed: {reason}"
    return ""


def _tell_log(line: str) -> tuple[str, Tone]:
    """Of the function's log: how each invocation ended, and whatever is a warning or worse."""
    match _read(line):
        case {"event": "invocation.rejected", "problems": dict(problems)}:
            return "; ".join(f"{field}: {message}" for field, message in problems.items()), Tone.BAD
        case {
            "event": "invocation.finished",
            "status": status,
            "trigger": trigger,
            "counts": dict(counts),
            "duration_ms": float(ms),
        }:
            done = ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or status.lower()
            return f"{trigger}: {done} {ms / 1000:.2f}s", Tone.GOOD if status == "OK" else Tone.BAD
        case {"event": event, "level": "warning" | "error" | "critical", **logged}:
            return f"{event} {logged.get('reason') or logged.get('message') or ''}".strip(), Tone.BAD
    return "", Tone.PLAIN


def _is_exclusion(line: str) -> bool:
    match _read(line):
        case {"event": "invocation.finished", "trigger": "event", "counts": {"excluded": 1, **others}}:
            return not others
    return False


def _read(line: str) -> Any:  # noqa: ANN401 - a JSON value
    """What a line of the function's log holds; nothing where it is no JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _label(entry: Entry) -> str:
    return f"{'copy' if entry['source'] else 'backup'} {entry['name']}"
