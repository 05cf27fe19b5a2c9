"""What the HTTP server warns of, as entries of the diary: of requests that are none, no service hears anything."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.emulator.diary import Diary


@contextmanager
def complaints_in(diary: Diary) -> Iterator[None]:
    """Within the block each warning of the server in this thread is an entry `server.complaint`, and not logged.

    Errors, which are faults of the emulator itself, are logged as ever.
    """
    thread, log = threading.get_ident(), logging.getLogger("uvicorn.error")

    def is_to_be_logged(record: logging.LogRecord) -> bool:
        # All clouds of a process share this logger; each has a thread of its own.
        if record.levelno != logging.WARNING or record.thread != thread:
            return True
        diary.note("server.complaint", reason=record.getMessage())
        return False

    log.addFilter(is_to_be_logged)
    try:
        yield
    finally:
        log.removeFilter(is_to_be_logged)
