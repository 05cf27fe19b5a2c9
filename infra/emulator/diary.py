"""The diary of the cloud: what happened, for its log and for whoever watches."""

from __future__ import annotations

from collections import deque
from typing import Any

from infra.emulator.clock import Clock
from infra.emulator.listeners import Entry, Listener, Listeners
from infra.emulator.wire import timestamp


class Diary:
    """The last 10,000 things that happened, in order; each entry has `time` (cloud time, RFC 3339) and `kind`.

    Listeners are called on the cloud's own thread, one entry at a time.
    """

    def __init__(self, clock: Clock) -> None:
        self.entries: deque[Entry] = deque(maxlen=10_000)
        self._clock = clock
        self._listeners = Listeners()

    def note(self, kind: str, **facts: Any) -> None:  # noqa: ANN401 - facts are whatever JSON can hold
        """Write down that something happened; `kind` is a dotted name such as `block_volume.transition`."""
        entry = {"time": timestamp(self._clock.now()), "kind": kind, **facts}
        self.entries.append(entry)
        self._listeners.tell(entry)

    def watch(self, listener: Listener) -> None:
        """Call `listener` with every entry from now on."""
        self._listeners.add(listener)
