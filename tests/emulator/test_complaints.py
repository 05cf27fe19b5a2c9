"""What the server warns of is told by the diary of its own cloud; what is broken is logged."""

from __future__ import annotations

import logging
from threading import Thread

import pytest

from infra.emulator.clock import Clock
from infra.emulator.complaints import complaints_in
from infra.emulator.diary import Diary


def test_a_warning_goes_into_the_diary_of_the_thread_that_gave_it(caplog: pytest.LogCaptureFixture) -> None:
    """Errors, other threads and what comes later are logged as if there were no diary."""
    diary, log = Diary(Clock(speed=None)), logging.getLogger("uvicorn.error")
    with complaints_in(diary):
        log.warning("Invalid %s.", "request")
        log.error("a fault")
        elsewhere = Thread(target=log.warning, args=("of another cloud",))
        elsewhere.start()
        elsewhere.join()
    log.warning("later")
    assert [(entry["kind"], entry["reason"]) for entry in diary.entries] == [("server.complaint", "Invalid request.")]
    assert [record.getMessage() for record in caplog.records] == ["a fault", "of another cloud", "later"]
