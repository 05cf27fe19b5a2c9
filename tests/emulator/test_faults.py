"""What a real client of the SDK meets when things go wrong in the cloud, over real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import oci
import pytest
from oci.core.models import CreateVolumeBackupDetails

from infra.emulator.faults.fault import Answer, Cut, Fault, FaultKind, Hang, Slow
from infra.emulator.faults.faults import Faults
from infra.emulator.server import Emulator
from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX, REGIONS, Tenant, refusal

T = TypeVar("T")
Tell = Callable[[Callable[[Faults], T]], T]
LONGER_THAN_ANY_TEST = 300.0


@pytest.fixture
def tell(emulator: Emulator) -> Iterator[Tell[Any]]:
    def tell(action: Callable[[Faults], T]) -> T:
        return emulator.call(lambda cloud: action(cloud.faults))

    tell(lambda faults: faults.counts.clear())
    yield tell
    tell(Faults.stop)


@contextmanager
def impatient(tenant: Tenant) -> Iterator[None]:
    """The client gives up soon."""
    client = tenant.block_volume().base_client
    client.timeout, patient = (10, 0.2), client.timeout
    try:
        yield
    finally:
        client.timeout = patient


def list_volumes(tenant: Tenant, region: str = ASHBURN) -> int:
    return int(tenant.block_volume(region).list_volumes(compartment_id=tenant.compartment_id).status)


def back_up(tenant: Tenant, volume_id: str, **options: Any) -> str:
    details = CreateVolumeBackupDetails(volume_id=volume_id)
    return str(tenant.block_volume().create_volume_backup(details, **options).data.id)


def backups_of(tenant: Tenant, volume_id: str) -> list[str]:
    listed = tenant.block_volume().list_volume_backups(compartment_id=tenant.compartment_id, volume_id=volume_id)
    return [backup.id for backup in listed.data]


def newest_fault(tenant: Tenant) -> dict[str, Any]:
    return {name: fact for name, fact in tenant.happened("fault")[-1].items() if name not in {"time", "kind"}}


def test_an_error_takes_the_place_of_one_answer(tenant: Tenant, tell: Tell[None]) -> None:
    """The client sees status, code and header of the script, once; the diary has what happened, and where."""
    tell(lambda faults: faults.script(Answer(429, "TooManyRequests", retry_after=3)))
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        list_volumes(tenant)
    error = caught.value
    assert (error.status, error.code, error.headers["retry-after"]) == (429, "TooManyRequests", "3")
    assert error.request_id
    facts = {"status": 429, "code": "TooManyRequests", "retry_after": 3, "after_work": False}
    assert newest_fault(tenant) == {"fault": "answer", "operation": "ListVolumes", "region": ASHBURN, **facts}
    assert list_volumes(tenant) == 200


def test_a_load_balancer_answers_with_a_page(tenant: Tenant, tell: Tell[None]) -> None:
    """An error without a code is HTML, in which the SDK finds no code."""
    tell(lambda faults: faults.script(Answer(502)))
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        list_volumes(tenant)
    assert (caught.value.status, caught.value.code) == (502, None)
    assert caught.value.message.startswith("<html>")


@pytest.mark.parametrize("fault", [Answer(500, "InternalServerError"), Answer(504), Cut()], ids=str)
def test_before_the_work_nothing_has_happened(tenant: Tenant, tell: Tell[None], fault: Fault) -> None:
    """The client gets an error, and there is no backup."""
    volume_id = tenant.volume().id
    tell(lambda faults: faults.script(fault, operation="CreateVolumeBackup"))
    with pytest.raises((oci.exceptions.ServiceError, oci.exceptions.RequestException)):
        back_up(tenant, volume_id)
    assert backups_of(tenant, volume_id) == []


FAULTS_AFTER_WORK = [
    Answer(500, "InternalServerError", after_work=True),
    Answer(504, after_work=True),
    Cut(after_work=True),
    Hang(LONGER_THAN_ANY_TEST, after_work=True),
    Slow(LONGER_THAN_ANY_TEST),
]


@pytest.mark.parametrize("fault", FAULTS_AFTER_WORK, ids=str)
def test_after_the_work_a_repeat_with_its_token_finds_what_was_made(
    tenant: Tenant, tell: Tell[None], fault: Fault
) -> None:
    """The client gets no answer but there is a backup, and the same request again makes no second one."""
    volume_id = tenant.volume().id
    token = volume_id[-40:]
    tell(lambda faults: faults.script(fault, operation="CreateVolumeBackup"))
    with impatient(tenant), pytest.raises((oci.exceptions.ServiceError, oci.exceptions.RequestException)):
        back_up(tenant, volume_id, opc_retry_token=token)
    (made,) = backups_of(tenant, volume_id)
    assert newest_fault(tenant)["after_work"] is True
    assert back_up(tenant, volume_id, opc_retry_token=token) == made
    assert backups_of(tenant, volume_id) == [made]


@pytest.mark.parametrize("fault", [Slow(0.05), Hang(0.05), Hang(0.05, after_work=True)], ids=str)
def test_who_waits_long_enough_gets_the_real_answer(tenant: Tenant, tell: Tell[None], fault: Fault) -> None:
    """After the silence comes what would have come at once."""
    volume_id = tenant.volume().id
    tell(lambda faults: faults.script(fault, operation="CreateVolumeBackup"))
    assert backups_of(tenant, volume_id) == []
    made = back_up(tenant, volume_id)
    assert backups_of(tenant, volume_id) == [made]


@pytest.mark.parametrize("fault", [Cut(), Cut(after_work=True)], ids=str)
def test_a_cut_breaks_the_connection_itself(tenant: Tenant, tell: Tell[None], fault: Fault) -> None:
    """Nothing of an answer arrives: the connection, a kept one too, ends instead; the next request has another."""
    assert list_volumes(tenant) == 200
    tell(lambda faults: faults.script(fault))
    with pytest.raises(oci.exceptions.RequestException, match="closed connection without response"):
        list_volumes(tenant)
    assert list_volumes(tenant) == 200


def test_a_fault_finds_its_operation_and_region(tenant: Tenant, tell: Tell[None]) -> None:
    """Other operations, and the same one elsewhere, are not touched."""
    tell(lambda faults: faults.script(Answer(500, "Broken"), operation="ListVolumes", region=PHOENIX))
    assert list_volumes(tenant) == 200
    assert tenant.block_volume(PHOENIX).list_volume_backups(compartment_id=tenant.compartment_id).status == 200
    assert refusal(lambda: list_volumes(tenant, PHOENIX)) == (500, "Broken")


def test_a_page_fails(tenant: Tenant, tell: Tell[None]) -> None:
    """The first page of a list comes, the second does not."""
    volume_id = tenant.volume().id
    for _ in range(2):
        back_up(tenant, volume_id)
    tell(lambda faults: faults.script(Answer(500, "InternalServerError"), operation="ListVolumeBackups", skip=1))
    client = tenant.block_volume()
    first = client.list_volume_backups(compartment_id=tenant.compartment_id, limit=1)
    again = {"compartment_id": tenant.compartment_id, "limit": 1, "page": first.next_page}
    assert refusal(lambda: client.list_volume_backups(**again)) == (500, "InternalServerError")
    assert len(client.list_volume_backups(**again).data) == 1


def test_a_region_is_down_and_the_others_are_not(tenant: Tenant, tell: Tell[Any]) -> None:
    """Each request to it breaks, over kept connections and over new ones, until the region is up again."""
    assert list_volumes(tenant, PHOENIX) == 200
    tell(lambda faults: faults.region_down(PHOENIX))
    for _ in range(2):
        with pytest.raises(oci.exceptions.RequestException):
            list_volumes(tenant, PHOENIX)
    assert list_volumes(tenant) == 200
    assert list_volumes(tenant, FRANKFURT) == 200
    assert tell(lambda faults: faults.counts) == {FaultKind.REGION_DOWN: 2}
    tell(lambda faults: faults.region_up(PHOENIX))
    assert list_volumes(tenant, PHOENIX) == 200


def test_a_token_that_ran_out_is_refused_and_a_new_one_is_not(tenant: Tenant, tell: Tell[None]) -> None:
    """Session tokens issued so far are good for nothing; those issued from then on, and API keys, are as before."""
    old = tenant.signed("GET", f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/volumes?compartmentId=x")
    tell(Faults.expire_tokens)
    with tenant.http() as client:
        assert client.send(old).status_code == 401
    assert tenant.get("volumes", f"?compartmentId={tenant.compartment_id}").status_code == 200
    assert list_volumes(tenant) == 200
    tell(Faults.stop)
    with tenant.http() as client:
        assert client.send(old).status_code == 401


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_off_refuses_every_signature(tenant: Tenant, tell: Tell[None], minutes: int) -> None:
    """More than five minutes apart, in either direction, are too many; less are not."""
    tell(lambda faults: faults.skew(timedelta(minutes=minutes)))
    assert refusal(lambda: list_volumes(tenant)) == (401, "NotAuthenticated")
    tell(lambda faults: faults.skew(timedelta(minutes=minutes / 2)))
    assert list_volumes(tenant) == 200


def test_everything_can_be_slow(tenant: Tenant, tell: Tell[None]) -> None:
    """Every answer comes late, in one region or in all, until that ends."""
    tell(lambda faults: faults.slow(PHOENIX, LONGER_THAN_ANY_TEST))
    assert list_volumes(tenant) == 200
    tell(lambda faults: faults.slow(None, LONGER_THAN_ANY_TEST))
    with impatient(tenant), pytest.raises(oci.exceptions.RequestException, match="Read timed out"):
        list_volumes(tenant)
    tell(lambda faults: faults.slow(None, 0))
    assert list_volumes(tenant) == 200


def test_when_the_faults_stop_nothing_goes_wrong(tenant: Tenant, tell: Tell[Any]) -> None:
    """Whatever was told or drawn before: all is well at once, and stays so; what happened stays counted."""
    tell(lambda faults: faults.script(Cut(), times=None))
    tell(lambda faults: faults.region_down(ASHBURN))
    tell(lambda faults: faults.slow(None, LONGER_THAN_ANY_TEST))
    tell(lambda faults: faults.skew(timedelta(hours=1)))
    with pytest.raises(oci.exceptions.RequestException):
        list_volumes(tenant)
    tell(Faults.stop)
    for region in (ASHBURN, PHOENIX):
        assert list_volumes(tenant, region) == 200
    assert tell(lambda faults: faults.counts)[FaultKind.REGION_DOWN] == 1


@pytest.mark.parametrize(
    "wrong", [{"operation": "CopyVolumes"}, {"region": "sa-saopaulo-1"}, {"times": 0}, {"skip": -1}], ids=str
)
def test_what_cannot_happen_is_refused(tell: Tell[None], wrong: dict[str, Any]) -> None:
    """A script for an operation or a region that this cloud does not have would wait for ever."""
    with pytest.raises(ValueError, match=r"CopyVolumes|sa-saopaulo-1|0 times|skip -1"):
        tell(lambda faults: faults.script(Cut(), **wrong))


def test_the_cloud_ends_while_answers_are_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither the end of the cloud nor the client waits for them, and nobody complains."""
    caught, held = list[BaseException](), threading.Event()
    with Emulator(REGIONS, speed=None) as emulator:
        tenant = Tenant(emulator, emulator.compartment_id)
        emulator.watch(lambda entry: held.set() if entry["kind"] == "fault" else None)
        emulator.call(lambda cloud: cloud.faults.script(Hang(LONGER_THAN_ANY_TEST)))

        def ask() -> None:
            with pytest.raises(oci.exceptions.RequestException) as lost:
                list_volumes(tenant)
            caught.append(lost.value)

        asking = threading.Thread(target=ask)
        asking.start()
        assert held.wait(10)
    asking.join(10)
    assert len(caught) == 1
    assert not emulator._thread.is_alive()
    assert capfd.readouterr().err == ""
