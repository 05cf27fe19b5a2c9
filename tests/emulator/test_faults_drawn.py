"""Faults drawn from a seed: the same ones each time, as often as the rates say, with parameters that make sense."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.emulator.clock import Clock
from infra.emulator.diary import Diary
from infra.emulator.faults.fault import Answer, Cut, Fault, FaultKind, Hang, Slow, kind_of
from infra.emulator.faults.faults import Faults
from infra.emulator.faults.lottery import Lottery, even_rates
from infra.emulator.faults.operation import operation_of
from infra.emulator.identity import Identity, new_key
from tests.emulator.tenant import ASHBURN

KEY = new_key()
ALWAYS = even_rates(1)


def faults_of(lottery: Lottery, requests: int) -> list[Fault | None]:
    return [lottery.next_fault() for _ in range(requests)]


@given(st.integers(), st.lists(st.booleans(), max_size=100))
def test_the_same_seed_draws_the_same_faults(seed: int, sequence: list[bool]) -> None:
    """What requests meet depends on their number alone, not on what is delivered between them."""
    alone, mixed = (Lottery(random.Random(seed), even_rates(0.5)) for _ in range(2))
    met = []
    for is_request in sequence:
        if is_request:
            met.append(mixed.next_fault())
        else:
            mixed.next_arrivals()
    assert met == faults_of(alone, sum(sequence))


def test_another_seed_draws_others() -> None:
    """A seed is worth trying."""
    first, second = (faults_of(Lottery(random.Random(seed), ALWAYS), 20) for seed in (1, 2))
    assert first != second


@pytest.mark.parametrize("rates", [{FaultKind.CUT: 0.1}, {FaultKind.CUT: 0.1, FaultKind.HANG: 0.3}, even_rates(0.2)])
def test_faults_come_as_often_as_the_rates_say(rates: Mapping[FaultKind, float]) -> None:
    """Within what chance allows in 10,000 requests; a kind without a rate never comes."""
    drawn = Counter(kind_of(fault) for fault in faults_of(Lottery(random.Random(7), rates), 10_000) if fault)
    for kind in (FaultKind.ANSWER, FaultKind.HANG, FaultKind.CUT, FaultKind.SLOW):
        assert drawn[kind] / 10_000 == pytest.approx(rates.get(kind, 0), abs=0.02)


def test_what_is_drawn_could_happen() -> None:
    """Errors that pass, with OCI's codes; both before and after the work; waits from a blink to beyond any patience."""
    drawn = [fault for fault in faults_of(Lottery(random.Random(7), ALWAYS), 5_000) if fault]
    errors = [fault for fault in drawn if isinstance(fault, Answer)]
    assert {(error.status, error.code) for error in errors} == {
        (429, "TooManyRequests"),
        (500, "InternalServerError"),
        (502, None),
        (503, "ServiceUnavailable"),
        (504, None),
    }
    assert {error.after_work for error in errors if error.status == 429} == {False}
    assert {error.after_work for error in errors if error.status == 503} == {False, True}
    assert {error.status for error in errors if error.retry_after} == {429, 503}
    for kind in (Hang, Cut):
        assert {fault.after_work for fault in drawn if isinstance(fault, kind)} == {False, True}
    hangs = [fault.seconds for fault in drawn if isinstance(fault, Hang)]
    assert min(hangs) < 10
    assert max(hangs) > 60
    assert max(fault.seconds for fault in drawn if isinstance(fault, Slow)) <= 3


def test_messages_are_lost_doubled_and_late() -> None:
    """Each in its share, by an hour at most."""
    lottery = Lottery(random.Random(7), ALWAYS)
    drawn = [lottery.next_arrivals() for _ in range(3_000)]
    counts = Counter(kind for kind, _ in drawn)
    for kind, length in ((FaultKind.LOST, 0), (FaultKind.TWICE, 2), (FaultKind.LATE, 1)):
        assert counts[kind] == pytest.approx(1_000, abs=100)
        assert {len(arrivals) for met, arrivals in drawn if met is kind} == {length}
    assert (
        timedelta(minutes=50) < max(max(arrivals, default=timedelta()) for _, arrivals in drawn) <= timedelta(hours=1)
    )


@pytest.mark.parametrize(
    "rates",
    [{FaultKind.CUT: -0.1}, {FaultKind.CUT: 0.6, FaultKind.HANG: 0.6}, {FaultKind.REGION_DOWN: 0.1}],
    ids=str,
)
def test_rates_that_cannot_be_are_refused(rates: Mapping[FaultKind, float]) -> None:
    """Below nothing, more than all, or of what no single request meets."""
    with pytest.raises(ValueError, match="rate"):
        Lottery(random.Random(7), rates)


def test_faults_that_were_drawn_are_counted_until_they_stop() -> None:
    """The script goes before chance, and after `stop` neither says anything."""
    faults = Faults(Diary(Clock(speed=None)), Identity(issuer=KEY), [ASHBURN])
    faults.draw(random.Random(7), {FaultKind.CUT: 1})
    faults.script(Hang(1))
    met = [faults.next_fault("ListVolumes", ASHBURN) for _ in range(3)]
    assert [fault and kind_of(fault) for fault in met] == [FaultKind.HANG, FaultKind.CUT, FaultKind.CUT]
    faults.stop()
    assert not faults.may_meet_requests
    assert faults.next_fault("ListVolumes", ASHBURN) is None
    assert faults.counts == {FaultKind.HANG: 1, FaultKind.CUT: 2}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/20160918/volumeBackups", "ListVolumeBackups"),
        ("GET", "/20160918/volumeGroupBackups/ocid1", "GetVolumeGroupBackup"),
        ("POST", "/20160918/bootVolumeBackups", "CreateBootVolumeBackup"),
        ("PUT", "/20160918/volumes/ocid1", "UpdateVolume"),
        ("DELETE", "/20160918/volumeGroups/ocid1", "DeleteVolumeGroup"),
        ("POST", "/20160918/volumeGroupBackups/ocid1/actions/copy", "CopyVolumeGroupBackup"),
        ("POST", "/20181201/topics/ocid1/messages", "PublishMessage"),
        ("GET", "/20181201/rules", "ListRules"),
        ("PUT", "/20180401/alarms/ocid1", "UpdateAlarm"),
        ("POST", "/20160918/volumes/ocid1/actions/copy", None),
        ("POST", "/20160918/volumes/ocid1/messages", None),
        ("POST", "/20160918/volumes/ocid1", None),
        ("PATCH", "/20160918/volumes", None),
        ("GET", "/20160918/instances", None),
        ("GET", "/", None),
    ],
)
def test_a_request_has_the_name_of_its_operation(method: str, path: str, operation: str | None) -> None:
    """As the API's reference has it; what is not modelled has none."""
    assert operation_of(method, path) == operation
