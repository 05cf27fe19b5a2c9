"""Several pieces of work at once: in order, within the call's time, and without waiting for what hangs."""

import threading
from collections.abc import Callable, Iterator

import pytest
import structlog

from handlers.threads import AT_ONCE, Pool, Threads

PLENTY = 60.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What work waits for in a test; opened at its end, so that no thread outlives it."""
    event = threading.Event()
    yield event
    event.set()


def test_results_come_in_the_order_of_the_items() -> None:
    """Whichever ends first."""
    ended = [threading.Event() for _ in range(4)]

    def work(number: int) -> int:
        if number + 1 < len(ended):
            assert ended[number + 1].wait(30)
        ended[number].set()
        return number * 10

    assert Threads(lambda: PLENTY)(work, range(4)) == [0, 10, 20, 30]


@pytest.mark.parametrize("count", [0, 1, 2, AT_ONCE, 5 * AT_ONCE])
def test_each_item_is_worked_on_once(count: int) -> None:
    """However many there are."""
    seen: list[int] = []

    Threads(lambda: PLENTY)(seen.append, range(count))

    assert sorted(seen) == list(range(count))


def test_no_more_is_done_at_once_than_there_are_threads() -> None:
    """And no less: all of them meet here."""
    barrier, lock = threading.Barrier(AT_ONCE, timeout=30), threading.Lock()
    now, most = 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        barrier.wait()
        with lock:
            now -= 1

    Threads(lambda: PLENTY)(work, range(3 * AT_ONCE))

    assert most == AT_ONCE


def test_a_single_item_is_not_waited_for_either() -> None:
    """Its server may let an answer drip for longer than the call lasts."""
    never = threading.Event()

    assert Threads(lambda: 0.05)(lambda _: never.wait(PLENTY), ["item"]) == [None]
    never.set()


def until(event: threading.Event) -> Callable[[], float]:
    """The patience of a call whose time is up, after its beginning, when something has happened."""
    left = iter([PLENTY])

    def patience() -> float:
        for seconds in left:
            return seconds
        assert event.wait(30)
        return 0.0

    return patience


def test_what_hangs_is_not_waited_for(gate: threading.Event) -> None:
    """What has ended is answered, what has not is `None`, and what has not begun never begins."""
    begun: list[int] = []
    all_hang = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == AT_ONCE:
            all_hang.set()
        if number:
            gate.wait(30)
        return number

    found = Threads(until(all_hang))(work, range(3 * AT_ONCE))
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("worker"):
            thread.join(30)

    assert found == [0] + [None] * (3 * AT_ONCE - 1)
    assert sorted(begun) == list(range(AT_ONCE + 1))


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_begun_when_there_is_no_time(count: int) -> None:
    """What was not begun has certainly not been done."""
    seen: list[int] = []

    assert Threads(lambda: 0.0)(seen.append, range(count)) == [None] * count
    assert seen == []


def test_a_fault_is_raised_once_the_others_have_ended() -> None:
    """Of several, that of the first item."""
    seen: list[int] = []
    second_failed = threading.Event()

    def work(number: int) -> None:
        if number == 1:
            second_failed.set()
        if number == 0:
            assert second_failed.wait(30)
        if number < 2:
            raise ValueError(number)
        seen.append(number)

    with pytest.raises(ValueError, match="0"):
        Threads(lambda: PLENTY)(work, range(3 * AT_ONCE))

    assert sorted(seen) == list(range(2, 3 * AT_ONCE))


def test_a_fault_is_raised_even_where_others_hang(gate: threading.Event) -> None:
    """When the time is up."""
    all_hang = threading.Event()

    def work(number: int) -> None:
        if number == 0:
            raise ValueError(number)
        if number == AT_ONCE:
            all_hang.set()
        gate.wait(30)

    with pytest.raises(ValueError, match="0"):
        Threads(until(all_hang))(work, range(AT_ONCE + 1))


def test_log_lines_of_threads_belong_to_their_call() -> None:
    """What is bound to the call is bound in each thread, and what a thread binds stays its own."""

    def work(number: int) -> dict[str, object]:
        structlog.contextvars.bind_contextvars(number=number)
        return structlog.contextvars.get_contextvars()

    with structlog.contextvars.bound_contextvars(call_id="01KAJ"):
        found = Threads(lambda: PLENTY)(work, range(3))
        after = structlog.contextvars.get_contextvars()

    assert found == [{"call_id": "01KAJ", "number": number} for number in range(3)]
    assert after == {"call_id": "01KAJ"}


def test_threads_are_kept_for_the_next_use() -> None:
    """To start them takes longer than much of what they do."""
    pool = Pool()
    Threads(lambda: PLENTY, pool)(len, ["a", "b"])
    kept = pool.take()
    pool.give_back(kept)

    Threads(lambda: PLENTY, pool)(len, ["a", "b"])

    assert pool.take() is kept
    kept.shutdown()


def test_threads_that_are_held_up_are_not_used_again(gate: threading.Event) -> None:
    """The next call has all of them."""
    pool = Pool()
    assert Threads(lambda: 0.05, pool)(lambda _: gate.wait(30), range(AT_ONCE)) == [None] * AT_ONCE

    assert Threads(lambda: PLENTY, pool)(lambda number: number, range(AT_ONCE)) == list(range(AT_ONCE))
