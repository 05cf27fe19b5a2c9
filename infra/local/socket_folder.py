"""The folder of a container's socket: a fresh one for each, which does not outlive a killed server for long."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from infra.local.lock import FolderTaken, hold, lock

PREFIX = "fn-listener-"
YOUNG = 60.0
"""Seconds for which a folder is left alone: it is locked a moment after it was made."""


class SocketFolder:
    """A folder of one's own until `remove`; when the process ends without that, the next server removes it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = lock(self.path)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_abandoned() -> None:
    """Remove the folders whose process ended without doing so."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Another user's, or another process's that still runs, or removed meanwhile.
        with contextlib.suppress(OSError, FolderTaken):
            if time.time() - folder.stat().st_mtime > YOUNG:
                with hold(folder):
                    shutil.rmtree(folder, ignore_errors=True)
