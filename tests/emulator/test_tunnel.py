"""The proxy lets clients through to the emulated hosts, quickly and over true TLS, and to nothing else."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from threading import Event
from urllib.parse import urlsplit

import httpx
import pytest

from infra.emulator.clock import Clock
from infra.emulator.diary import Diary
from infra.emulator.server import Emulator
from infra.emulator.tunnel import Tunnel, listen
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN, Tenant

HOST = f"iaas.{ASHBURN}.oraclecloud.com"


def ask(emulator: Emulator, request: bytes) -> bytes:
    """What the proxy answers, up to the end of the connection or of the head."""
    with connect(emulator) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer and (data := connection.recv(65_536)):
            answer += data
    return answer


def connect(emulator: Emulator) -> socket.socket:
    proxy = urlsplit(emulator.proxy_url)
    return socket.create_connection((proxy.hostname, proxy.port), timeout=10)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (f"CONNECT {HOST}:443 HTTP/1.1", 200),
        (f"CONNECT {HOST.upper()}:443 HTTP/1.0", 200),
        (f"CONNECT events.{ASHBURN}.oci.oraclecloud.com:443 HTTP/1.1", 200),
        (f"CONNECT fht7ns4mn2q.{ASHBURN}.functions.oci.oraclecloud.com:443 HTTP/1.1", 200),
        ("CONNECT fht7ns4mn2q.sa-saopaulo-1.functions.oci.oraclecloud.com:443 HTTP/1.1", 403),
        (f"CONNECT {HOST}:22 HTTP/1.1", 403),
        (f"CONNECT {HOST} HTTP/1.1", 403),
        (f"CONNECT a.{HOST}:443 HTTP/1.1", 403),
        (f"CONNECT {ASHBURN}.oraclecloud.com:443 HTTP/1.1", 403),
        ("CONNECT iaas.sa-saopaulo-1.oraclecloud.com:443 HTTP/1.1", 403),
        ("CONNECT example.com:443 HTTP/1.1", 403),
        (f"CONNECT {HOST}.example.com:443 HTTP/1.1", 403),
        (f"GET http://{HOST}/ HTTP/1.1", 405),
        ("hello", 400),
    ],
)
def test_the_proxy_leads_to_the_emulated_hosts_only(emulator: Emulator, request_line: str, status: int) -> None:
    """A tunnel to the TLS port of a host in a region of this cloud is opened; all else is refused with a reason."""
    answer = ask(emulator, f"{request_line}\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_a_head_without_end_is_cut_off(emulator: Emulator) -> None:
    """The proxy does not collect headers for ever."""
    assert ask(emulator, b"CONNECT " + b"x" * 40_000).startswith(b"HTTP/1.1 431 ")


def test_the_certificate_is_the_hosts_own(tenant: Tenant) -> None:
    """A client that trusts the local authority still refuses the server under a name that is not its own."""
    trust = ssl.create_default_context(cafile=str(tenant.emulator.ca_file))
    with tunnel(tenant.emulator) as connection, trust.wrap_socket(connection, server_hostname=HOST) as secured:
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}
    with tunnel(tenant.emulator) as connection, pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        trust.wrap_socket(connection, server_hostname="iaas.eu-madrid-1.oraclecloud.com")


@pytest.mark.parametrize(
    "domain", ["oraclecloud.com", "oci.oraclecloud.com", "ds.oci.oraclecloud.com", "functions.oci.oraclecloud.com"]
)
def test_where_the_proxy_leads_the_certificate_holds(tenant: Tenant, domain: str) -> None:
    """A host of any of OCI's domains is reached and trusted; what no service of the emulator is at is 501."""
    with tenant.http() as client:
        url = f"https://anything.{ASHBURN}.{domain}/"
        assert client.send(tenant.signed("GET", url)).status_code == 501


def test_nobody_trusts_the_certificate_unasked(emulator: Emulator) -> None:
    """Without the authority's certificate a client refuses the connection."""
    with tunnel(emulator) as connection, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(connection, server_hostname=HOST)


def tunnel(emulator: Emulator) -> socket.socket:
    connection = connect(emulator)
    connection.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    assert connection.recv(65_536).endswith(b"\r\n\r\n")
    return connection


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux lets a program choose")
@pytest.mark.parametrize("option", ["TCP_QUICKACK", "TCP_NODELAY"])
def test_neither_side_waits_for_a_delayed_acknowledgement(option: str) -> None:
    """In the midst of an exchange, what the client sends is acknowledged at once, and answers are not held back."""
    assert asyncio.run(after_a_read(getattr(socket, option))) == 1


async def after_a_read(option: int) -> int:
    """An option of the tunnel's socket to its client, once something was read that is not answered yet."""
    second_read = asyncio.Event()

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # From an answer on, the kernel delays its acknowledgements in the hope of the next one.
        writer.write(await reader.readexactly(1))
        await reader.readexactly(1)
        second_read.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(answer_once, "127.0.0.1", 0) as upstream:
        tunnel = Tunnel([ASHBURN], upstream.sockets[0].getsockname()[1], Diary(Clock(speed=None)))
        proxy = listen(0)
        await tunnel.start(proxy)
        reader, writer = await asyncio.open_connection(*proxy.getsockname())
        writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"1")
        await reader.readexactly(1)
        writer.write(b"2")
        await second_read.wait()
        own = {end.get_extra_info("peername"): end.get_extra_info("socket") for end in tunnel._open}
        value = own[writer.get_extra_info("sockname")].getsockopt(socket.IPPROTO_TCP, option)
        tunnel.close()
        writer.close()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        return int(value)


def test_a_client_that_waits_to_be_told_to_continue_is_told(tenant: Tenant) -> None:
    """`Expect: 100-continue` is answered before the body is sent."""
    credential = tenant.emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN))
    body = b'{"volumeId": "ocid1.volume.oc1.iad.missing"}'
    url = f"https://{HOST}/20160918/volumeBackups"
    request = signed("POST", url, f"ST${credential.key_id}", credential.private_key_pem, body=body)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(["POST /20160918/volumeBackups HTTP/1.1", *lines, "Expect: 100-continue", "", ""])
    trust = ssl.create_default_context(cafile=str(tenant.emulator.ca_file))
    with tunnel(tenant.emulator) as connection, trust.wrap_socket(connection, server_hostname=HOST) as secured:
        secured.sendall(head.encode())
        assert secured.recv(65_536).startswith(b"HTTP/1.1 100 ")
        secured.sendall(body)
        assert secured.recv(65_536).startswith(b"HTTP/1.1 404 ")


def in_the_body(emulator: Emulator) -> ssl.SSLSocket:
    """A connection on which the server waits for the rest of a body."""
    trust = ssl.create_default_context(cafile=str(emulator.ca_file))
    secured = trust.wrap_socket(tunnel(emulator), server_hostname=HOST)
    lines = ["POST /20160918/volumes HTTP/1.1", f"Host: {HOST}", "Content-Length: 100", "Expect: 100-continue", "", ""]
    secured.sendall("\r\n".join(lines).encode())
    assert secured.recv(65_536).startswith(b"HTTP/1.1 100 ")
    secured.sendall(b"12345")
    return secured


@pytest.mark.parametrize("leave", ["at once", "in the tunnel", "in the handshake", "in the body"])
def test_a_client_that_breaks_off_disturbs_nobody(
    tenant: Tenant, leave: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A connection that is reset at any moment leaves no word behind, and the next client is served."""
    begin = {"at once": connect, "in the body": in_the_body}.get(leave, tunnel)
    connection, abandoned = begin(tenant.emulator), Event()
    tenant.emulator.watch(lambda entry: abandoned.set() if entry["kind"] == "api.abandoned" else None)
    if leave == "in the handshake":
        connection.sendall(bytes.fromhex("160301020001"))
    # Lingering for no time resets the connection instead of closing it.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
    assert leave != "in the body" or abandoned.wait(timeout=10)
    assert tenant.block_volume().list_volumes(compartment_id=tenant.compartment_id).status == 200
    complaints = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (complaints, capfd.readouterr().err) == ([], "")


@pytest.mark.parametrize(
    "head", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nx: ".ljust(65_600, b"x")], ids=["no head", "long"]
)
def test_what_is_no_request_is_noted(
    tenant: Tenant, head: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A head that is malformed or has no end is answered with 400; the diary tells of it, and nobody else does."""
    trust = ssl.create_default_context(cafile=str(tenant.emulator.ca_file))
    answers = []

    def ask() -> None:
        with tunnel(tenant.emulator) as connection, trust.wrap_socket(connection, server_hostname=HOST) as secured:
            secured.sendall(head)
            answers.append(secured.recv(65_536))

    (noted,) = tenant.noted("server.complaint", ask)
    assert answers[0].startswith(b"HTTP/1.1 400 ")
    assert noted["reason"] == "Invalid HTTP request received."
    assert (caplog.records, capfd.readouterr().err) == ([], "")


def test_the_cloud_stops_while_clients_keep_their_connections(free_port: Callable[[], int]) -> None:
    """Idle connections and open tunnels do not hold up the end, and the port is free at once."""
    port = free_port()
    for _ in range(2):
        with Emulator([ASHBURN], port=port, speed=None) as emulator:
            tenant = Tenant(emulator, emulator.compartment_id)
            client = tenant.http()
            assert client.get(f"https://{HOST}/").status_code == 401
            idle = tunnel(emulator)
        assert not emulator._thread.is_alive()
        idle.close()
        with pytest.raises(httpx.TransportError):
            client.get(f"https://{HOST}/")
        client.close()


def test_a_port_in_use_is_named(emulator: Emulator) -> None:
    """Who asks for a port that is taken is told so, by its number."""
    port = int(urlsplit(emulator.proxy_url).port or 0)
    with pytest.raises(OSError, match=f"port {port}"), Emulator([ASHBURN], port=port):
        pass


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return int(server.getsockname()[1])

    return find
