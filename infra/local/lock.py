"""A lock on a folder: one process at a time has it, and a killed one loses it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class FolderTaken(Exception):  # noqa: N818 - reads as what happened
    """Another process has the folder."""


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Have an existing folder while entered; raises `FolderTaken`."""
    descriptor = lock(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def lock(folder: Path) -> int:
    """A file descriptor that has the folder until it is closed, which the end of the process does too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FolderTaken(f"{folder} is in use by another process.") from error
    return descriptor
