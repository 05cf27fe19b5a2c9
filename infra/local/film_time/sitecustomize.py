"""What Python runs when a process of a film starts: from here on its time of day is the cloud's.

`datetime.now` answers what the file that FILM_TIME names says, and the real time that has passed since. `time.sleep`
returns at once, and that much more has passed: nobody wants to watch a film wait. All else is as ever, above all
`time.time` and `time.monotonic`, and with them signatures, time-outs and event loops.
"""

from __future__ import annotations

import datetime as dt
import importlib.machinery
import importlib.util
import os
import sys
import threading
import time
from pathlib import Path
from typing import SupportsIndex


class _Clock:
    """Cloud time, as the file has it, and what has passed since."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._read, self._slept = "", 0.0

    def seconds(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            self._turn_page()
            moment, since = map(float, self._read.split())
            return moment + time.monotonic() - since + self._slept

    def sleep(self, seconds: float | SupportsIndex, /) -> None:
        """As `time.sleep`, but for the waiting."""
        slept = float(seconds)
        if slept < 0:
            raise ValueError("sleep length must be non-negative")
        with self._lock:
            self._turn_page()
            self._slept += slept

    def _turn_page(self) -> None:
        """What was slept before the cloud's clock was moved is part of it."""
        written = Path(self._file).read_text(encoding="ascii")
        if written != self._read:
            self._read, self._slept = written, 0.0


_Real = dt.datetime


class _LikeTheReal(type(_Real)):  # type: ignore[misc] # which is `type`
    """What is written in C makes the real ones: they are instances too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _Real)


def _follow(clock: _Clock) -> None:
    class FilmDatetime(_Real, metaclass=_LikeTheReal):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> FilmDatetime:
            return cls.fromtimestamp(clock.seconds(), tz)

    FilmDatetime.__module__, FilmDatetime.__name__, FilmDatetime.__qualname__ = "datetime", "datetime", "datetime"
    dt.datetime = FilmDatetime  # type: ignore[misc]
    time.sleep = clock.sleep


def _run_the_usual_one() -> None:
    """The interpreter may have a `sitecustomize` of its own, which this one stands before."""
    here = Path(__file__).parent.resolve()
    elsewhere = [each for each in sys.path if Path(each).resolve() != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


_run_the_usual_one()
if "FILM_TIME" in os.environ:
    _follow(_Clock(os.environ["FILM_TIME"]))
