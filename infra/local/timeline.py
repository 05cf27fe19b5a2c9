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

Entry = Mapping[str, Any]


class Tone(StrEnum):
    """How something is to be taken, as a style of rich."""

    PLAIN = "default"
    GOOD = "green"
    BAD = "bold red"


@dataclass(frozen=True)
class Moment:
    """Something that happened, in one lane: a region, or the function."""

    time: datetime
    lane: str
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Task:
    """A backup or copy under way."""

    label: str
    region: str
    state: str
    began: datetime
    ends: datetime

    def share_done(self, now: datetime) -> float:
        """Between 0 and 1; 1 also when it is overdue."""
        return min(1.0, max(0.0, (now - self.began) / (self.ends - self.began)))


class Timeline:
    """Takes the entries of the cloud's diary and of the Fn server, and keeps what a person wants to know of them.

    Volume groups are what it follows: of the members of a group's backup it says nothing. `home` is where alarms are.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self.moments: list[Moment] = []
        self.tasks: dict[str, Task] = {}

    def take(self, entry: Entry) -> Moment | None:
        """The moment that this entry is, if it is worth telling; then it is kept too."""
        goes_on = self._follow(entry)
        text, tone = _tell(entry)
        if goes_on or not text:
            return None
        lane = FUNCTION if _is_of_function(entry) else entry.get("region", self._home)
        moment = Moment(datetime.fromisoformat(entry["time"]), lane, text, tone)
        self.moments.append(moment)
        return moment

    def _follow(self, entry: Entry) -> bool:
        """Keep what is under way; True for a state in between, which its progress shows."""
        if entry["kind"] != "block_volume.transition" or entry["resource_kind"] != "volumegroupbackup":
            return False
        before = self.tasks.pop(entry["resource"], None)
        if entry["state"] in FINAL_STATES:
            return False
        began, ends = datetime.fromisoformat(entry["time"]), datetime.fromisoformat(entry["expected_at"])
        began = before.began if before else began
        self.tasks[entry["resource"]] = Task(_label(entry), entry["region"], entry["state"], began, ends)
        return before is not None


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
        case {"kind": "events.emitted", "event_type": kind} if kind.endswith("volumegroupbackup.end"):
            text = f"event: {'copy' if 'blockvolumes.copy' in kind else 'backup'} finished"
        case {"kind": "block_volume.transition", "resource_kind": "volumegroupbackup", "state": state}:
            text = f"{_label(entry)} {state if state in FINAL_STATES else 'begins'}"
            tone = {"AVAILABLE": Tone.GOOD, "FAULTY": Tone.BAD}.get(state, Tone.PLAIN)
        case {"kind": "api.call", "service": "iaas", "method": "PUT", "status": 200}:
            text = "tags written"
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
            return f"{method} {path.split('/')[2]}: {status}"
        case {"kind": "refused", "reason": reason}:
            return f"refused: {reason}"
        case {"kind": "notifications.failed" | "events.failed" | "notifications.dropped" | "events.dropped" as kind}:
            return f"{kind.replace('.', ' delivery ')}: {entry.get('reason') or entry.get('status')}"
        case {"kind": "function.broke", "reason": reason}:
            return f"call failed: {reason}"
    return ""


def _tell_log(line: str) -> tuple[str, Tone]:
    """Of the function's log: how each invocation ended, and whatever is a warning or worse."""
    try:
        logged = json.loads(line)
    except ValueError:
        return "", Tone.PLAIN
    match logged:
        case {"event": "invocation.finished", "status": status, "trigger": trigger, "counts": counts}:
            done = ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or status.lower()
            seconds = logged.get("duration_ms", 0) / 1000
            return f"{trigger}: {done} {seconds:.2f}s", Tone.GOOD if status == "OK" else Tone.BAD
        case {"event": event, "level": "warning" | "error" | "critical"}:
            return f"{event} {logged.get('reason') or logged.get('message') or ''}".strip(), Tone.BAD
    return "", Tone.PLAIN


def _label(entry: Entry) -> str:
    return f"{'copy' if entry['source'] else 'backup'} {entry['name']}"
