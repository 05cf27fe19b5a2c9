"""A standing clock that is played on: no cloud time passes while a function works."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.emulator.delivery import Message, Redelivery
from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator

START = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
FUNCTION = new_ocid("fnfunc", "us-ashburn-1")
AFTER_A_MINUTE = Redelivery((timedelta(minutes=1),), timedelta(hours=1))


@pytest.fixture
def cloud() -> Iterator[Emulator]:
    with Emulator(["us-ashburn-1"], speed=None, start=START) as running:
        yield running


def now(cloud: Emulator) -> datetime:
    return cloud.call(lambda it: it.clock.now())


def call_at(cloud: Emulator, minute: int, text: str, redelivery: Redelivery = AFTER_A_MINUTE) -> None:
    """Have the function called with a text at this minute of the hour."""
    message = Message(text.encode(), "text/plain", "events", redelivery)
    when = START + timedelta(minutes=minute)
    cloud.call(lambda it: it.clock.at(when, lambda: it.delivery.invoke(FUNCTION, message)))


@contextmanager
def slow_function(cloud: Emulator, *statuses: int) -> Iterator[list[tuple[str, datetime, datetime]]]:
    """A function that takes its time; what it was called with, and the cloud's time before and after it worked."""
    calls, answers = [], iter(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            before = now(cloud)
            time.sleep(0.2)
            calls.append((text, before, now(cloud)))
            self.send_response(next(answers, 200))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        cloud.register_function(FUNCTION, f"http://127.0.0.1:{server.server_port}/")
        try:
            yield calls
        finally:
            server.shutdown()
            thread.join()


def test_a_cloud_begins_when_it_is_told_to(cloud: Emulator) -> None:
    """And stands until it is moved."""
    assert now(cloud) == START


def test_no_time_passes_while_a_function_works(cloud: Emulator) -> None:
    """Each call sees the minute at which it was due, from its beginning to its end, though others are due soon."""
    with slow_function(cloud) as calls:
        for minute in (1, 2, 3):
            call_at(cloud, minute, str(minute))
        cloud.play(START + timedelta(hours=1))

    due = [START + timedelta(minutes=minute) for minute in (1, 2, 3)]
    assert calls == [(str(number), when, when) for number, when in enumerate(due, 1)]
    assert now(cloud) == START + timedelta(hours=1)


def test_a_call_that_failed_is_repeated_in_its_time(cloud: Emulator) -> None:
    """A redelivery is something that is due."""
    with slow_function(cloud, 502) as calls:
        call_at(cloud, 10, "again")
        cloud.play(START + timedelta(hours=1))

    assert [before - START for _, before, _ in calls] == [timedelta(minutes=10), timedelta(minutes=11)]


def test_what_is_due_at_the_end_is_played(cloud: Emulator) -> None:
    """And what is due a moment later is not."""
    with slow_function(cloud) as calls:
        call_at(cloud, 60, "now")
        call_at(cloud, 61, "later")
        cloud.play(START + timedelta(hours=1))
        assert [text for text, *_ in calls] == ["now"]


def test_each_step_is_told_before_anything_happens_in_it(cloud: Emulator) -> None:
    """Who listens is told of the time in time; the end is a step as well."""
    happened: list[object] = []
    for minute in (5, 7):
        when = START + timedelta(minutes=minute)
        cloud.call(lambda it, when=when: it.clock.at(when, lambda: happened.append("due")))  # type: ignore[misc]
    cloud.play(START + timedelta(minutes=9), happened.append)

    steps = [START + timedelta(minutes=minute) for minute in (5, 7, 9)]
    assert happened == [steps[0], "due", steps[1], "due", steps[2]]


def test_the_past_is_not_played(cloud: Emulator) -> None:
    """A clock does not run backwards."""
    cloud.play(START - timedelta(hours=1))
    assert now(cloud) == START
