"""The tunnel: a forward proxy that joins CONNECT requests for OCI's hosts to the emulated cloud, and no others."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from http import HTTPStatus

from infra.emulator.diary import Diary
from infra.emulator.hosts import host_pattern

_REQUEST_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/1\.[01]")
_LONGEST_HEAD = 16_384
_SECONDS_TO_ASK = 30.0


class Tunnel:
    """A listening proxy; what it lets through goes to the TLS server at `upstream_port` of this machine."""

    def __init__(self, regions: Sequence[str], upstream_port: int, diary: Diary) -> None:
        self._allowed = host_pattern(regions)
        self._upstream_port = upstream_port
        self._diary = diary
        self._open: set[StreamWriter] = set()
        self._clients: dict[int, StreamWriter] = {}
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening`, an already bound socket."""
        self._server = await asyncio.start_server(self._serve, sock=listening, limit=_LONGEST_HEAD)

    def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    def cut(self, port: int) -> None:
        """Break the client's connection that reaches the TLS server from this port, both of its halves."""
        if client := self._clients.get(port):
            client.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._open.add(writer)
        try:
            if await self._admit(reader, writer):
                await self._join(reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client left, or never asked: nobody is there to be told
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _admit(self, reader: StreamReader, writer: StreamWriter) -> bool:
        """Read the request for a tunnel and refuse it unless it names a host of the emulated cloud."""
        _acknowledge_at_once(writer)
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS_TO_ASK)
        except asyncio.LimitOverrunError:
            await self._refuse(writer, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "", "The request head is too long.")
            return False
        line = _REQUEST_LINE.fullmatch(head.split(b"\r\n", 1)[0].decode("latin-1"))
        if line is None:
            await self._refuse(writer, HTTPStatus.BAD_REQUEST, "", "This is not an HTTP/1.1 request.")
            return False
        target = line["target"].lower()
        if line["method"] != "CONNECT":
            text = "This proxy answers CONNECT only: use it as HTTPS_PROXY, with https:// addresses."
            await self._refuse(writer, HTTPStatus.METHOD_NOT_ALLOWED, target, text)
            return False
        host, _, port = target.partition(":")
        if not self._allowed.fullmatch(host) or port != "443":
            text = f"{target} is not a host of the emulated cloud, and there is no way out of it."
            await self._refuse(writer, HTTPStatus.FORBIDDEN, target, text)
            return False
        return True

    async def _refuse(self, writer: StreamWriter, status: HTTPStatus, target: str, text: str) -> None:
        self._diary.note("refused", reason=text, target=target, status=int(status))
        body = text.encode() + b"\n"
        head = (
            f"HTTP/1.1 {int(status)} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry bytes both ways until one side ends; what was still on its way to the client arrives."""
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        self._open.add(upstream_writer)
        port = upstream_writer.get_extra_info("sockname")[1]
        self._clients[port] = writer
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        directions = [
            asyncio.create_task(_carry(reader, upstream_writer, acknowledging=writer)),
            asyncio.create_task(_carry(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            writer.close()
            await writer.wait_closed()
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            self._open.discard(upstream_writer)
            del self._clients[port]
            upstream_writer.transport.abort()


def listen(port: int) -> socket.socket:
    """A bound socket on this machine; of a named protocol, because asyncio sets TCP_NODELAY on no other."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"{error.strerror}: port {port} of 127.0.0.1") from error
    return listening


async def _carry(reader: StreamReader, writer: StreamWriter, acknowledging: StreamWriter | None = None) -> None:
    """Carry bytes one way until the end."""
    while data := await reader.read(65_536):
        if acknowledging:
            _acknowledge_at_once(acknowledging)
        writer.write(data)
        await writer.drain()


def _acknowledge_at_once(writer: StreamWriter) -> None:
    """Keep the kernel from delaying its acknowledgement of what was read.

    A client behind a proxy leaves Nagle's algorithm on and sends headers and body apart: each POST would wait 40 ms
    for that acknowledgement. The option is not permanent, so it is set again after each read.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
