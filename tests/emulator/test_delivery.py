"""What may be relied on when a message is delivered to a function."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from infra.emulator.delivery import Message, Redelivery
from infra.emulator.ocids import new_ocid
from tests.emulator.messaging import FUNCTION, Messaging, messaging

TWICE_MORE = Redelivery((timedelta(seconds=10), timedelta(seconds=20)), timedelta(hours=1))
ELSEWHERE = new_ocid("fnfunc", "us-ashburn-1")


@pytest.fixture
def cloud() -> Iterator[Messaging]:
    with messaging() as running:
        yield running


def message(redelivery: Redelivery = TWICE_MORE) -> Message:
    return Message(b'{"a": 1}', "application/json", "events", redelivery, {"x-made-by": "test"}, {"event": "7"})


def invoke(cloud: Messaging, function: str = FUNCTION, redelivery: Redelivery = TWICE_MORE) -> None:
    async def run() -> None:
        cloud.delivery.invoke(function, message(redelivery))
        await cloud.delivery.settle()

    cloud._runner.run(run())


def kinds(cloud: Messaging) -> list[str]:
    return [entry["kind"] for entry in cloud.diary.entries]


def test_a_message_arrives_as_it_is(cloud: Messaging) -> None:
    """Payload, content type and headers reach the function, and the diary says so with the caller's facts."""
    invoke(cloud)
    ((headers, body),) = cloud.function.calls
    assert body == b'{"a": 1}'
    assert headers["content-type"] == "application/json"
    assert headers["x-made-by"] == "test"
    (entry,) = cloud.noted("events.delivered")
    assert (entry["function"], entry["status"], entry["attempt"], entry["event"]) == (FUNCTION, 200, 1, "7")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_answer_that_may_pass_is_delivered_again_in_cloud_time(cloud: Messaging, status: int) -> None:
    """The second call comes when its pause has passed on the cloud's clock, not before, with the same bytes."""
    cloud.function.answers = [status]
    invoke(cloud)
    cloud.advance(seconds=9)
    assert len(cloud.function.calls) == 1
    cloud.advance(seconds=1)
    assert [body for _, body in cloud.function.calls] == [b'{"a": 1}'] * 2
    assert kinds(cloud) == ["events.failed", "events.delivered"]


def test_a_message_is_dropped_after_its_last_attempt(cloud: Messaging) -> None:
    """Each failure is noted, and in the end that the message is gone."""
    cloud.function.answers = [502] * 9
    invoke(cloud)
    for _ in range(5):
        cloud.advance(hours=1)
    assert len(cloud.function.calls) == 3
    assert kinds(cloud) == ["events.failed"] * 3 + ["events.dropped"]


def test_nothing_is_tried_beyond_the_time_that_a_message_is_kept(cloud: Messaging) -> None:
    """A pause that would end too late is not begun."""
    cloud.function.answers = [502] * 9
    invoke(cloud, redelivery=Redelivery(TWICE_MORE.pauses, timedelta(seconds=15)))
    for _ in range(5):
        cloud.advance(seconds=30)
    assert len(cloud.function.calls) == 2


def test_a_pause_of_nothing_needs_no_clock(cloud: Messaging) -> None:
    """An immediate second attempt follows although the clock stands."""
    cloud.function.answers = [503]
    invoke(cloud, redelivery=Redelivery((timedelta(),), timedelta(hours=1)))
    assert len(cloud.function.calls) == 2


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_final_answer_is_not_repeated(cloud: Messaging, status: int) -> None:
    """What repeating cannot better is dropped at once."""
    cloud.function.answers = [status]
    invoke(cloud)
    cloud.advance(hours=2)
    assert len(cloud.function.calls) == 1
    assert kinds(cloud) == ["events.failed", "events.dropped"]


def test_an_unknown_function_is_noted_and_nothing_else(cloud: Messaging) -> None:
    """A function that no one registered gets no second attempt."""
    invoke(cloud, ELSEWHERE)
    cloud.advance(hours=2)
    (entry,) = cloud.diary.entries
    assert (entry["kind"], entry["reason"]) == ("events.dropped", "the function is not registered")


def test_a_function_that_cannot_be_reached_is_tried_again(cloud: Messaging) -> None:
    """A refused connection is like a 502; when the function is back it gets the message."""
    reachable = cloud.delivery.functions[FUNCTION]
    cloud.delivery.functions[FUNCTION] = "http://127.0.0.1:1/invoke"
    invoke(cloud)
    (entry,) = cloud.noted("events.failed")
    assert (entry["status"], entry["reason"]) == (None, "ConnectError")
    cloud.delivery.functions[FUNCTION] = reachable
    cloud.advance(seconds=10)
    assert len(cloud.function.calls) == 1


def test_whatever_stops_a_call_is_noted(cloud: Messaging) -> None:
    """Here a header that cannot be sent: nobody waits for the call, so that the diary alone can tell."""

    async def run() -> None:
        cloud.delivery.invoke(FUNCTION, replace(message(Redelivery(())), headers={"x-made-by": "€"}))
        await cloud.delivery.settle()

    cloud._runner.run(run())
    assert kinds(cloud) == ["events.failed", "events.dropped"]
    (entry,) = cloud.noted("events.failed")
    assert (entry["status"], entry["reason"]) == (None, "UnicodeEncodeError")


def test_a_function_that_never_answers_is_given_up_and_tried_again(cloud: Messaging) -> None:
    """A call is over after its longest time, and counts as failed."""

    async def claim() -> None:
        async def stay_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await silence.wait()
            finally:
                writer.close()

        silence = asyncio.Event()
        server = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        cloud.delivery.functions[FUNCTION] = f"http://127.0.0.1:{port}/"
        cloud.delivery._longest_call = 0.05
        cloud.delivery.invoke(FUNCTION, message())
        await cloud.delivery.settle()
        silence.set()
        server.close()
        await server.wait_closed()

    cloud._runner.run(claim())
    (entry,) = cloud.noted("events.failed")
    assert entry["status"] is None
    assert cloud.clock._due


def test_a_proxy_in_the_environment_is_not_for_functions(cloud: Messaging, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may name this very cloud as the proxy; functions are called directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    invoke(cloud)
    assert len(cloud.function.calls) == 1


def test_invoking_does_not_wait_for_the_function(cloud: Messaging) -> None:
    """`invoke` returns before the function was even called."""

    async def claim() -> None:
        cloud.delivery.invoke(FUNCTION, message())
        assert not cloud.function.calls
        await cloud.delivery.settle()
        assert len(cloud.function.calls) == 1

    cloud._runner.run(claim())


def test_closing_breaks_off_calls_and_forgets_redeliveries(cloud: Messaging) -> None:
    """A call that is under way ends without an outcome, and what the clock still holds does nothing."""
    cloud.function.answers = [502]
    invoke(cloud)
    before = list(cloud.diary.entries)

    async def claim() -> None:
        called = asyncio.Event()

        async def keep_waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            called.set()
            await reader.read()
            writer.close()

        async with await asyncio.start_server(keep_waiting, "127.0.0.1", 0) as silent:
            cloud.delivery.functions[FUNCTION] = "http://127.0.0.1:{1}/".format(*silent.sockets[0].getsockname())
            cloud.delivery.invoke(FUNCTION, message())
            await called.wait()
            await cloud.delivery.aclose()

    cloud._runner.run(claim())
    cloud.delivery.functions.clear()  # whatever is tried now would be noted as dropped
    cloud.advance(hours=2)
    assert list(cloud.diary.entries) == before
