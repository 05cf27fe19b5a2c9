"""Whoever watches the cloud has no hold over it."""

from __future__ import annotations

import pytest

from infra.emulator.listeners import Entry, Listeners


def test_a_fault_of_a_listener_is_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once; the others, and it itself, are told of all that follows."""
    told: list[Entry] = []
    failed: list[Entry] = []

    def fail(entry: Entry) -> None:
        failed.append(entry)
        raise IndexError

    listeners = Listeners()
    listeners.add(fail)
    listeners.add(told.append)
    entries: list[Entry] = [{"kind": "api.call"}, {"kind": "refused"}]
    for entry in entries:
        listeners.tell(entry)

    assert told == failed == entries
    (logged,) = caplog.records
    assert "api.call" in logged.getMessage()
