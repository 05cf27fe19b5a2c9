"""When a request is sent again: what is worth it, how long is waited, and that the call's time is never overdrawn."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.cloud.retry import ATTEMPT_SECONDS, ATTEMPTS, REQUEST_SECONDS, SHORTEST, Retry
from handlers.core.errors import ApiFault, Missing, Outrun, Passing, Refused, TokenSpent

STANDS: list[ApiFault] = [
    Refused("InvalidParameter", "no", status=400),
    Refused("LimitExceeded", "no", status=400),
    Passing("NotAuthenticated", "no", status=401),
    Missing("NotAuthorizedOrNotFound", "no", status=404),
    Refused("IncorrectState", "no", status=409),
    TokenSpent("InvalidatedRetryToken", "no", status=409),
    Outrun("NoEtagMatch", "no", status=412),
    Passing("MethodNotImplemented", "no", status=501),
    Passing("Http505", "no", status=505),
]
PASSES: list[ApiFault] = [
    Passing("TooManyRequests", "later", status=429),
    Passing("InternalServerError", "later", status=500),
    Passing("BadGateway", "later", status=502),
    Passing("ServiceUnavailable", "later", status=503),
    Passing("GatewayTimeout", "later", status=504),
    Passing("Timeout", "later"),
    Passing("ConnectionFailed", "later"),
    Passing("UnreadableAnswer", "later"),
]


@dataclass
class Run:
    """A request in a call of so many seconds, on a clock of its own: what was tried, and how long was waited."""

    seconds: float
    fault: ApiFault | None
    attempt_takes: float = 0.0
    drawn: float = 0.5
    succeeds_at: int = 0
    oversleeps: float = 0.0
    attempts: list[tuple[int, float]] = field(default_factory=list)
    begun_at: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    now: float = 0.0

    def request(self, *, repeatable: bool = True) -> str:
        return Retry(self.patience, self.sleep, lambda: self.drawn)(self.attempt, repeatable=repeatable)

    def patience(self) -> float:
        return self.seconds - self.now

    def sleep(self, duration: timedelta) -> None:
        self.pauses.append(duration.total_seconds())
        self.now += duration.total_seconds() + self.oversleeps

    def attempt(self, number: int, limit: float) -> str:
        self.attempts.append((number, limit))
        self.begun_at.append(self.now)
        self.now += min(self.attempt_takes, limit)
        if self.fault is None or number == self.succeeds_at:
            return "answer"
        raise self.fault


def fails(run: Run, *, repeatable: bool = True) -> ApiFault:
    with pytest.raises(ApiFault) as caught:
        run.request(repeatable=repeatable)
    return caught.value


def of(faults: list[ApiFault]) -> Callable[..., object]:
    return pytest.mark.parametrize("fault", faults, ids=lambda each: f"{each.status}-{each.code}")


def test_what_goes_well_at_once_takes_one_attempt() -> None:
    """And no pause."""
    run = Run(30, None)

    assert run.request() == "answer"
    assert (run.attempts, run.pauses) == ([(1, 7.5)], [])


@of(PASSES)
def test_what_may_pass_is_tried_again_a_few_times(fault: ApiFault) -> None:
    """Then the fault stands."""
    run = Run(300, fault)

    assert fails(run) is fault
    assert [number for number, _ in run.attempts] == list(range(1, ATTEMPTS + 1))


@of(STANDS)
def test_what_stands_is_not_tried_again(fault: ApiFault) -> None:
    """It would be refused again."""
    run = Run(300, fault)

    assert fails(run) is fault
    assert len(run.attempts) == 1


@of(PASSES)
def test_what_cannot_be_repeated_is_tried_once(fault: ApiFault) -> None:
    """The work may have been done."""
    run = Run(300, fault)

    assert fails(run, repeatable=False) is fault
    assert (len(run.attempts), run.pauses) == (1, [])


@pytest.mark.parametrize("number", range(1, ATTEMPTS + 1))
def test_the_first_good_answer_counts(number: int) -> None:
    """Whatever came before it."""
    run = Run(300, PASSES[0], succeeds_at=number)

    assert run.request() == "answer"
    assert len(run.attempts) == number


@pytest.mark.parametrize(("drawn", "pauses"), [(0.0, [0.25, 0.5, 1.0]), (0.5, [0.375, 0.75, 1.5])])
def test_pauses_grow_and_are_half_drawn(drawn: float, pauses: list[float]) -> None:
    """Those that failed together come back apart."""
    run = Run(300, PASSES[1], drawn=drawn)
    fails(run)

    assert run.pauses == pauses


def test_a_region_that_refuses_connections_is_given_up_within_seconds() -> None:
    """At most: the call has other regions to look after."""
    run = Run(300, PASSES[6], drawn=0.999)
    fails(run)

    assert run.now < 4


def test_a_region_that_is_silent_is_given_up_within_a_minute() -> None:
    """It must not use up a call of five."""
    run = Run(300, PASSES[5], attempt_takes=1000)
    fails(run)

    assert run.now <= REQUEST_SECONDS
    assert len(run.attempts) >= 2


@pytest.mark.parametrize("seconds", [30, 60, 120])
def test_a_region_that_is_silent_leaves_half_of_a_short_call_to_the_others(seconds: float) -> None:
    """Or every call would be spent on waiting for it, and nothing be done elsewhere."""
    run = Run(seconds, PASSES[5], attempt_takes=1000)
    fails(run)

    assert run.now <= seconds / 2
    assert len(run.attempts) >= 2


def test_a_hanging_attempt_leaves_time_for_another_in_a_short_call() -> None:
    """Of half a minute."""
    run = Run(28, PASSES[5], attempt_takes=1000, succeeds_at=2)

    assert run.request() == "answer"


def test_the_pause_that_was_asked_for_is_kept() -> None:
    """And those who were told the same do not all come back at the same moment."""
    run = Run(300, Passing("TooManyRequests", "later", status=429, retry_after=10.0), drawn=0.0)
    fails(run)

    assert run.pauses == [10.25, 10.5, 11.0]


def test_who_is_asked_to_wait_for_longer_than_the_call_lasts_gives_up_at_once() -> None:
    """Waiting in vain costs money."""
    run = Run(28, Passing("TooManyRequests", "later", status=429, retry_after=28.0))
    fails(run)

    assert (len(run.attempts), run.pauses) == (1, [])


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_nothing_is_tried_without_time(seconds: float) -> None:
    """What was not tried has certainly not been done."""
    run = Run(seconds, None)

    assert fails(run).code == "Timeout"
    assert run.attempts == []


def test_who_sleeps_beyond_the_end_does_not_try_again() -> None:
    """A container may be frozen while it sleeps."""
    run = Run(28, PASSES[1], oversleeps=100)

    assert fails(run) is PASSES[1]
    assert len(run.attempts) == 1


RUNS = st.builds(
    Run,
    seconds=st.floats(0.001, 3600),
    fault=st.builds(
        lambda status, wait: Passing("Whatever", "later", status=status, retry_after=wait),
        st.sampled_from([0, 429, 500, 502, 503, 504]),
        st.none() | st.floats(0, 1e6),
    ),
    attempt_takes=st.floats(0, 100),
    drawn=st.floats(0, 1, exclude_max=True),
    succeeds_at=st.integers(0, ATTEMPTS + 1),
)


@given(run=RUNS, repeatable=st.booleans())
@example(run=Run(0.001, PASSES[5], attempt_takes=100), repeatable=True)
def test_the_bounds_hold_whatever_happens(run: Run, repeatable: bool) -> None:  # noqa: FBT001 - hypothesis names it
    """The call's time is never overdrawn, nor a request's own; no pause is too short, in vain, or one too many."""
    try:
        run.request(repeatable=repeatable)
    except Passing as fault:
        assert fault is run.fault  # noqa: PT017 - it may also go well

    budget = min(REQUEST_SECONDS, max(run.seconds / 2, min(run.seconds, 5.0)))
    assert run.now <= budget + 1e-3
    assert 1 <= len(run.attempts) <= (ATTEMPTS if repeatable else 1)
    assert len(run.pauses) == len(run.attempts) - 1
    for (_, limit), begun in zip(run.attempts, run.begun_at, strict=True):
        assert 0 < limit <= ATTEMPT_SECONDS
        assert begun + limit <= budget + 1e-3
    for begun in run.begun_at[1:]:
        assert budget - begun >= SHORTEST - 1e-3
    asked = (run.fault and run.fault.retry_after) or 0.0
    for number, pause in enumerate(run.pauses):
        assert asked + 0.25 * 2**number - 1e-3 <= pause <= asked + 0.5 * 2**number + 1e-3
