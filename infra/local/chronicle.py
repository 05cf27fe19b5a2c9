"""What happens in the film, kept as a person wants to know it: how it stands, what happened, and how much of it."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.local.cast import Source
from infra.local.holdings import GONE, Holding, Holdings, Standing
from infra.local.opening import Opening
from infra.local.timeline import BACKUPS, Moment, Tone

Entry = Mapping[str, Any]
LATEST = 3
OCID = re.compile(r"(ocid1\.[a-z]+)\.[\w.-]*(\w{6})\b")


class Chronicle:
    """Takes entries of the cloud's diary and of the Fn server, from any thread.

    `source_of` says of which source a backup is, by their OCIDs; it is asked where the entry comes from. What is out of
    the ordinary is kept in `moments` and goes to `tell` too; of what goes on all the time `latest` has the last few.
    An `opening` is told step by step before that.
    """

    def __init__(self, start: datetime, source_of: Callable[[str], str | None], tell: Callable[[Moment], None]) -> None:
        self.start = self.now = start
        self.sources: Sequence[Source] = ()
        self.topic_id: str | None = None
        """The one through which people are told."""
        self.moments: list[Moment] = []
        self.latest: deque[Moment] = deque(maxlen=LATEST)
        self.counts: Counter[str] = Counter()
        self.down: set[str] = set()
        self._source_of, self._tell = source_of, tell
        self.opening: Opening | None = None
        self._holdings = Holdings()
        self._behind: set[str] = set()
        self._deleted: Counter[str] = Counter()
        self._lock = threading.RLock()

    @property
    def day(self) -> int:
        """Which day it is, from 1."""
        return (self.now - self.start) // timedelta(days=1) + 1

    def turn(self, now: datetime) -> None:
        """The cloud's clock stands at `now`: what belonged to the time before is over."""
        with self._lock:
            if self._deleted:
                self._pass(" and ".join(number(n, what) for what, n in sorted(self._deleted.items())) + " deleted")
                self._deleted.clear()
            for region in sorted(self._behind - self.down):
                concerned = [each for each in self.sources if region in each.destinations]
                if all(self._holdings.standing(each, region).is_complete for each in concerned):
                    self._behind.discard(region)
                    self.say(f"{region} has every copy again", Tone.GOOD)
            self.now = now

    def say(self, text: str, tone: Tone = Tone.PLAIN, detail: str = "", lane: str = "") -> None:
        """Something happened now that is out of the ordinary."""
        with self._lock:
            moment = Moment(self.now, lane, text, tone, detail)
            self.moments.append(moment)
            self._tell(moment)

    def region_down(self, region: str) -> None:
        """Nobody reaches this region any more."""
        with self._lock:
            self.down.add(region)
            self._behind.add(region)
            self.say(f"{region} is down", Tone.BAD)

    def region_up(self, region: str) -> None:
        """It is reached again."""
        with self._lock:
            self.down.discard(region)
            self.say(f"{region} is up again")

    def standing(self, source: Source, region: str) -> Standing:
        """How it stands now with a source in a region."""
        with self._lock:
            return self._holdings.standing(source, region)

    def take(self, entry: Entry) -> None:
        """Take one entry."""
        with self._lock:
            self._tell_opening(entry)
            match entry:
                # The members of a group's backup are never told of.
                case {"kind": "block_volume.transition", "group": None, "resource_kind": kind} if kind in BACKUPS:
                    self._follow(entry)
                case {"kind": "notifications.published", "topic": topic, "title": title, "body": body} if (
                    topic == self.topic_id
                ):
                    self.counts["messages"] += 1
                    self.say(f"people are told: {_shorten(title)}", Tone.NEWS, _shorten(_first_remedy(body)))
                case {"kind": "fault"}:
                    self.counts["faults"] += 1
                case {"kind": "api.call"}:
                    self.counts["requests"] += 1
                case {"kind": "function.broke", "reason": reason}:
                    self._say_once(f"a call of the function failed: {reason}")
                case {"kind": "function.wrote", "line": line}:
                    self._read_log(line)

    def _tell_opening(self, entry: Entry) -> None:
        if self.opening is None or self.opening.is_over:
            return
        is_of_backup = entry["kind"] == "block_volume.transition" and entry["resource_kind"] in BACKUPS
        source_id = self._source_of(entry["resource"]) if is_of_backup else None
        for step in self.opening.take(entry, source_id):
            self.say(step.text, step.tone, lane=step.lane)

    def _follow(self, entry: Entry) -> None:
        is_new = not self._holdings.has(entry["resource"]) and entry["state"] not in GONE
        source_id = self._source_of(entry["resource"]) if is_new else None
        holding = self._holdings.follow(entry, source_id or "")
        if holding is None:
            return
        is_copy, name = holding.copy_of is not None, self._name(holding)
        if entry["state"] in GONE:
            self.counts["deleted"] += 1
            self._deleted["copy" if is_copy else "backup"] += 1
        elif holding.state == "AVAILABLE":
            self.counts["copies" if is_copy else "backups"] += 1
            self._pass(f"a copy of {name} arrived in {holding.region}" if is_copy else f"a backup of {name} made")
        elif holding.state == "FAULTY":
            self.say(f"a {'copy' if is_copy else 'backup'} of {name} in {holding.region} ended FAULTY", Tone.BAD)

    def _read_log(self, line: str) -> None:
        """Count the calls of the function; what breaks in it is said once, for it breaks in every call."""
        try:
            written = json.loads(line)
        except ValueError:
            return
        match written:
            case {"event": "invocation.finished", "status": status}:
                self.counts["calls"] += 1
                self.counts["troubled"] += status not in {"OK", "IGNORED"}
            case {"event": "invocation.rejected", "problems": dict(problems)}:
                self._say_once("; ".join(f"{field}: {message}" for field, message in problems.items()))
            case {"event": str(event), "exception": _}:
                self._say_once(f"the function logged {event}")

    def _say_once(self, text: str) -> None:
        if all(moment.text != text for moment in self.moments):
            self.say(text, Tone.BAD)

    def _pass(self, text: str) -> None:
        """Something happened now that happens all the time."""
        self.latest.append(Moment(self.now, "", text, Tone.DIM))

    def _name(self, holding: Holding) -> str:
        return next((each.name for each in self.sources if each.id == holding.source_id), "something else")


def number(count: int, what: str) -> str:
    """So many of what is given in the singular."""
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count} {what if count == 1 else many}"


def _first_remedy(body: str) -> str:
    """What a message says is to be done about the first thing that it tells of; nothing when all is over."""
    return next((line.strip() for line in body.splitlines() if line.strip().startswith("What to do")), "")


def _shorten(text: str) -> str:
    """OCIDs by their kind and their ends, which is what tells them apart."""
    return OCID.sub(r"\1…\2", text)
