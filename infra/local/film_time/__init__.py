"""The time of day in a film: the emulated cloud's, for a function whose own clock is the machine's."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Self

VARIABLE = "FILM_TIME"
"""Names the file in the environment of a process; `sitecustomize.py` beside this reads both."""
WIDTH = 64


class FilmTime:
    """A file that says what time it is in the cloud; processes with its `environment` take their time of day from it.

    It is there while this is entered.
    """

    def __enter__(self) -> Self:
        self._file = tempfile.NamedTemporaryFile(prefix="film-time-")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def set(self, moment: datetime) -> None:
        """It is `moment` now. To be told when no process asks: a long film is told some ten thousand times."""
        told = f"{moment.timestamp():.6f} {time.monotonic():.6f}\n"
        os.pwrite(self._file.fileno(), told.ljust(WIDTH).encode(), 0)

    def environment(self, python_path: Path) -> dict[str, str]:
        """The variables that have a Python process follow this; `python_path` is what its `PYTHONPATH` is without."""
        path = os.pathsep.join((str(Path(__file__).parent), str(python_path)))
        return {"PYTHONPATH": path, VARIABLE: self._file.name}
