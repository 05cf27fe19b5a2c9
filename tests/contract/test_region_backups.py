"""What only the real adapter can show: who may call, how much at once, and what happens when nobody answers."""

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import Clients, connect
from handlers.cloud.connections import Connections
from handlers.cloud.request import BLOCK_VOLUME
from handlers.cloud.retry import Retry
from handlers.cloud.signer import resource_principal
from handlers.core.errors import Missing, Passing
from handlers.core.model import Backup, Kind
from infra.emulator.server import Emulator
from tests.contract.worlds import EmulatedWorld, body_of
from tests.fakes import AWAY, HOME, FakeClock, ocid


@pytest.fixture
def original(emulated: EmulatedWorld) -> Backup:
    return make_original(emulated, Kind.VOLUME_GROUP)


def make_original(world: EmulatedWorld, kind: Kind) -> Backup:
    source_id = world.add_source(kind)
    made = world.backups(HOME).create(kind, body_of(kind, source_id), source_id[-60:])
    world.wait()
    return world.backups(HOME).get(kind, made.id)


def api_calls(emulator: Emulator) -> list[dict[str, Any]]:
    return emulator.call(lambda cloud: [entry for entry in cloud.diary.entries if entry["kind"] == "api.call"])


def test_the_members_of_a_groups_backup_are_known_as_such(emulated: EmulatedWorld, original: Backup) -> None:
    """They are copied with their group, never alone; so are the members of its copy."""
    answer = emulated.client(HOME).call_api(f"/volumeGroupBackups/{original.id}", "GET", response_type="object")

    members = [emulated.backups(HOME).get(Kind.VOLUME, each) for each in answer.data["volumeBackupIds"]]
    copied = emulated.backups(HOME).copy(original, {"destinationRegion": AWAY}, original.id[-60:])
    listed = emulated.backups(HOME).list_backups(Kind.VOLUME, emulated.compartment_id)
    of_the_copy = emulated.backups(AWAY).list_backups(Kind.VOLUME, emulated.compartment_id)

    assert [each.group_backup_id for each in members] == [original.id]
    assert [each.group_backup_id for each in listed] == [original.id]
    assert [(each.group_backup_id, each.copied_from) for each in of_the_copy] == [(copied.id, members[0].id)]


def test_a_permission_that_is_missing_looks_like_a_missing_backup(emulated: EmulatedWorld, original: Backup) -> None:
    """The API does not tell which of the two it is."""
    emulated.emulator.call(lambda cloud: cloud.deny("CopyVolumeGroupBackup"))
    try:
        with pytest.raises(Missing) as caught:
            emulated.backups(HOME).copy(original, {"destinationRegion": AWAY}, original.id[-60:])
    finally:
        emulated.emulator.call(lambda cloud: cloud.allow("CopyVolumeGroupBackup"))

    assert caught.value.code == "NotAuthorizedOrNotFound"


def test_one_copy_too_many_at_once_may_pass(emulated: EmulatedWorld) -> None:
    """A boot volume is copied once at a time: the second copy is told to come again later."""
    original = make_original(emulated, Kind.BOOT_VOLUME)
    emulated.backups(HOME).copy(original, {"destinationRegion": AWAY}, f"1{original.id[-60:]}")

    with pytest.raises(Passing) as caught:
        emulated.backups(HOME).copy(original, {"destinationRegion": AWAY}, f"2{original.id[-60:]}")

    assert (caught.value.code, caught.value.status) == ("TooManyRequests", 429)


def test_an_expired_token_is_refused_and_its_renewal_is_used_at_once(emulator: Emulator) -> None:
    """The first request after the files were renewed is signed with what is in them: none is refused before it."""
    world = EmulatedWorld(emulator)
    emulator.resource_principal(HOME, lifetime=timedelta(seconds=-1))
    nobody = ocid("volumebackup", HOME, "nobody")
    with pytest.raises(Passing) as caught:
        world.backups(HOME).get(Kind.VOLUME, nobody)
    assert (caught.value.code, caught.value.status) == ("NotAuthenticated", 401)
    before = len(api_calls(emulator))

    emulator.resource_principal(HOME)
    with pytest.raises(Missing):
        world.backups(HOME).get(Kind.VOLUME, nobody)

    assert [entry["status"] for entry in api_calls(emulator)[before:]] == [404]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on which connections are accepted, and nothing is ever said."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def backups_behind(emulator: Emulator, proxy_port: int, seconds: float) -> RegionBackups:
    signer = resource_principal(emulator.resource_principal(HOME))

    def connected() -> Any:
        client = connect(BLOCK_VOLUME, HOME, signer)
        client.session.trust_env = False
        client.session.proxies = {"https": f"http://127.0.0.1:{proxy_port}"}
        return client

    return RegionBackups(HOME, Clients(connected), Retry(lambda: seconds, FakeClock().sleep, lambda: 0.5))


def test_a_service_that_cannot_be_reached_may_pass(emulator: Emulator, silent_port: int) -> None:
    """A connection that is refused says nothing about the next one."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        closed_port = listener.getsockname()[1]

    with pytest.raises(Passing) as caught:
        backups_behind(emulator, closed_port, 30).get(Kind.VOLUME, ocid("volumebackup"))

    assert (caught.value.code, caught.value.status) == ("ConnectionFailed", 0)


def test_a_service_that_does_not_answer_is_not_waited_for_beyond_the_deadline(
    emulator: Emulator, silent_port: int
) -> None:
    """A fifth of a second is left of the call, and no more than that is spent."""
    with pytest.raises(Passing) as caught:
        backups_behind(emulator, silent_port, 0.2).get(Kind.VOLUME, ocid("volumebackup"))

    assert caught.value.status == 0


def test_a_cloud_that_is_not_the_one_we_trust_is_refused(emulated: EmulatedWorld, tmp_path: Path) -> None:
    """Its certificate is of another authority: whoever listens there gets no signed request."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    before = len(api_calls(emulated.emulator))
    client = emulated.client(HOME)
    client.session.verify = str(tmp_path / "ca.pem")
    client.session.mount("https://", Connections())  # else one that is open already would do
    backups = RegionBackups(HOME, Clients(lambda: client), Retry(lambda: 5.0, lambda _: None, lambda: 0.5))

    with pytest.raises(Passing) as caught:
        list(backups.list_backups(Kind.VOLUME, emulated.compartment_id))

    assert caught.value.code == "ConnectionFailed"
    assert len(api_calls(emulated.emulator)) == before
