"""Listeners: whoever wants to be told of what happens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

Entry = dict[str, Any]
Listener = Callable[[Entry], None]

_log = logging.getLogger(__name__)


class Listeners:
    """Tells each of them of everything, one entry at a time: they must be quick.

    A fault of one of them never reaches whoever tells. It is logged, but only the first of each.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._faulty: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Tell `listener` too, from now on."""
        self._listeners.append(listener)

    def tell(self, entry: Entry) -> None:
        """Call every listener with this entry."""
        for listener in self._listeners:
            try:
                listener(entry)
            except Exception:  # noqa: BLE001 - whatever it is, it is the listener's own
                if listener not in self._faulty:
                    self._faulty.append(listener)
                    _log.exception("A listener failed at %s; it is told of what follows all the same.", entry["kind"])
