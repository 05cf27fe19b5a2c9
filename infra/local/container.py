"""One process of a function: started, called and ended as Fn does with a container."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from infra.local.function import Function
from infra.local.socket_folder import SocketFolder

START_TIMEOUT = 5.0
"""Seconds until a process must have its socket: FN_HOT_START_TIMEOUT_MSECS of an Fn server that is told nothing."""
LONGEST_LINE = 1 << 20
LAST_WORDS = 0.5
"""Seconds for which a process that has ended is still read. Whatever it started may hold its output open for longer."""

Headers = Sequence[tuple[bytes, bytes]]
"""As they stand on the wire: a value is in whatever encoding its sender took."""


class StartFailed(Exception):  # noqa: N818 - reads as what happened
    """The process ended before its socket appeared, or took too long; the text holds what it wrote."""


class CallFailed(Exception):  # noqa: N818 - as above
    """The process did not answer: it died, or it spoke no HTTP. It is of no further use."""


class CallTimedOut(Exception):  # noqa: N818 - as above
    """The function did not answer before its deadline. Its process is of no further use."""


@dataclass(frozen=True)
class Answer:
    """What the FDK answered to one call, byte for byte."""

    status: int
    headers: Headers
    body: bytes


class Container:
    """A running FDK process behind a socket of its own; it takes one call at a time, which the caller sees to.

    What the function writes, on either stream, goes line by line to `on_line`. Always `stop` it.
    """

    def __init__(
        self, function: Function, on_line: Callable[[str], None], start_timeout: float = START_TIMEOUT
    ) -> None:
        self._function = function
        self._on_line = on_line
        self._start_timeout = start_timeout
        self._last_lines: deque[str] = deque(maxlen=20)
        # A killed FDK leaves its sockets behind and does not start over them: each process gets a fresh folder.
        self._folder = SocketFolder()
        self._socket = self._folder.path / "lsnr.sock"
        # Fn keeps an idle connection for a second only, since FDKs close theirs; a call has a deadline of its own.
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket), limits=httpx.Limits(keepalive_expiry=1.0))
        self._http = httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(None))
        self._process: asyncio.subprocess.Process | None = None
        # A process that is just being started has no id yet by which it could be ended.
        self._starting = asyncio.Lock()
        self._stopped = False

    @property
    def pid(self) -> int:
        """The process id, once started."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether the process runs and can be called again."""
        return self._running().returncode is None

    async def start(self) -> None:
        """Start the process and wait for its socket; raises `StartFailed`, also when it is stopped meanwhile."""
        async with self._starting:
            if self._stopped:
                raise StartFailed("it was stopped before")
            self._process = await self._spawn()
            self._reader = asyncio.create_task(self._read_lines(self._process))
        try:
            async with asyncio.timeout(self._start_timeout):
                while not self._socket.exists():
                    if not self.alive:
                        await asyncio.wait([self._reader], timeout=LAST_WORDS)
                        raise StartFailed(f"it ended with status {self._process.returncode}\n{self._written()}")
                    await asyncio.sleep(0.005)
        except TimeoutError as error:
            raise StartFailed(f"no socket after {self._start_timeout:g} s\n{self._written()}") from error

    async def call(self, headers: Headers, body: bytes, seconds: float) -> Answer:
        """Post one call to the function and return the FDK's answer as it is; raises `CallTimedOut`, `CallFailed`.

        It has so many seconds from now.
        """
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        headers = [*headers, (b"Fn-Deadline", deadline.strftime("%Y-%m-%dT%H:%M:%SZ").encode())]
        request = self._http.build_request("POST", "http://localhost/call", content=body, headers=headers)
        try:
            async with asyncio.timeout(seconds):
                response = await self._http.send(request, stream=True)
                content = b"".join([chunk async for chunk in response.aiter_raw()])
                return Answer(response.status_code, response.headers.raw, content)
        except TimeoutError as error:
            raise CallTimedOut from error
        except httpx.HTTPError as error:
            raise CallFailed(str(error)) from error

    async def stop(self) -> None:
        """Kill the process and its group, read what it still wrote, remove its folder: all in about half a second."""
        async with self._starting:
            self._stopped = True
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            _, still_reading = await asyncio.wait([self._reader], timeout=LAST_WORDS)
            if still_reading:
                # Something left the group and lives on with our pipe: until that is closed, nothing here has an end.
                self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - no other way to it
            await self._process.wait()
            await self._reader
        await self._http.aclose()
        self._folder.remove()

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *_tied_to_this_thread(),
            *(*self._fdk(), self._function.file, self._function.handler),
            cwd=self._function.file.parent,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            start_new_session=True,
        )

    def _fdk(self) -> Sequence[str | Path]:
        """The FDK's program. Where the function has packages of its own, -S keeps those of this process away."""
        if packages := self._function.packages:
            return sys.executable, "-S", packages / "bin" / "fdk"
        return sys.executable, Path(sys.executable).parent / "fdk"

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None  # noqa: S101 - it was started
        return self._process

    def _environment(self) -> dict[str, str]:
        """Nothing of our own environment gets in: what the function has, it has from Fn, as in an image."""
        folders = (self._function.file.parent, self._function.packages)
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
            "HOME": str(self._folder.path),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in folders if folder),
            **self._function.variables(),
            "FN_FORMAT": "http-stream",
            "FN_LISTENER": f"unix:{self._socket}",
        }

    async def _read_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        while True:
            try:
                line = await process.stdout.readline()
            # A line beyond LONGEST_LINE: its start is lost, but reading goes on, else the function blocks.
            except ValueError:
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip("\n")
            self._last_lines.append(text)
            self._on_line(text)

    def _written(self) -> str:
        return "\n".join(self._last_lines)


def _tied_to_this_thread() -> Sequence[str]:
    """What to start a process with so that it is killed when its starter ends in any way; nothing but on Linux."""
    setpriv = shutil.which("setpriv")
    if setpriv is None or Path(setpriv).resolve().name == "busybox":  # whose own does not know the option
        return ()
    return setpriv, "--pdeathsig", "KILL"
