"""The emulated cloud as a running thing: proxy, TLS, clock and services in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

import uvicorn

from infra.emulator.block_volume.limits import Limits
from infra.emulator.certificates import Authority
from infra.emulator.client_files import ClientFiles
from infra.emulator.clock import Clock
from infra.emulator.cloud import Cloud
from infra.emulator.complaints import complaints_in
from infra.emulator.faults.cutter import Cutter
from infra.emulator.faults.injector import ConnectionCut
from infra.emulator.listeners import Listener
from infra.emulator.ocids import REGION_NAME
from infra.emulator.tunnel import Tunnel, listen

T = TypeVar("T")

_LONGEST_SLEEP = 0.05
_SECONDS_TO_START = 30.0
_SECONDS_TO_STOP = 10.0
DEFAULT_LIMITS = Limits()


def _unheard(_: datetime) -> None:
    pass


class Emulator:
    """A context manager: inside it the cloud runs; `environment()` points any OCI client at it.

    `speed` is cloud seconds per real second, `None` a clock that stands until `advance` or `play` moves it. Its time
    begins at `start`, or now. `port` 0 takes any free one. Without `directory` the files live in a temporary one. Its
    methods may be called from any thread but the cloud's own, where listeners run.
    """

    def __init__(
        self,
        regions: Sequence[str],
        *,
        port: int = 0,
        speed: float | None = 1.0,
        start: datetime | None = None,
        directory: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if not regions or not all(REGION_NAME.fullmatch(region) for region in regions):
            raise ValueError(f"These are not names of regions: {', '.join(regions) or 'none given'}")
        if len(set(regions)) < len(regions):
            raise ValueError(f"A region is named twice: {', '.join(regions)}")
        self.regions = tuple(regions)
        self.cloud = Cloud(self.regions, Clock(speed, start), limits)
        self._port = port
        self._directory = directory
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(listen(self._port))
            self.proxy_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self._files = ClientFiles(self._directory or Path(stack.enter_context(tempfile.TemporaryDirectory())))
            self._files.write_config(self.cloud.identity.issue_api_key(), self.regions[0])
            self._authority = Authority()
            self._authority.write(self.ca_file)
            self._start(listening)
            stack.callback(self._stop)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @property
    def tenancy_id(self) -> str:
        return self.cloud.identity.tenancy_id

    @property
    def compartment_id(self) -> str:
        return self.cloud.identity.compartment_id

    @property
    def directory(self) -> Path:
        """Where the files for clients are."""
        return self._files.directory

    @property
    def ca_file(self) -> Path:
        """The certificate that clients trust, in place of all others."""
        return self._files.ca_file

    @property
    def config_file(self) -> Path:
        """A configuration of OCI's SDKs and CLI, with an API key of a user who may do everything."""
        return self._files.config_file

    def call(self, action: Callable[[Cloud], T]) -> T:
        """Run `action` where the cloud lives, after all that is due, and return what it returns."""

        async def run() -> T:
            self.cloud.clock.run_due()
            return action(self.cloud)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def advance(self, step: timedelta) -> None:
        """Move the cloud's clock on, through everything that is due on the way."""
        self.call(lambda cloud: cloud.clock.advance(step))

    def play(self, until: datetime, on_step: Callable[[datetime], None] = _unheard) -> None:
        """Move a standing clock on to `until`, from one thing that is due to the next.

        At each it waits until the functions that were called for it have answered: however long that takes, no cloud
        time passes meanwhile. `on_step` is told each time at which the clock comes to stand, on the cloud's thread,
        before anything happens then.
        """
        asyncio.run_coroutine_threadsafe(self._play(until, on_step), self._loop).result()

    def settle(self) -> None:
        """Wait until no function is being called by Events, by Notifications, or detached."""
        asyncio.run_coroutine_threadsafe(self.cloud.delivery.settle(), self._loop).result()

    def register_function(self, function_id: str, invoke_url: str, **fields: object) -> None:
        """Say where a function is reached; `fields` (`timeoutInSeconds`) are what clients are shown of it besides."""
        self.call(lambda cloud: cloud.functions.register(function_id, invoke_url, **fields))

    def watch(self, listener: Listener) -> None:
        """Call `listener` with each entry of the diary from now on, on the cloud's thread."""
        self.call(lambda cloud: cloud.diary.watch(listener))

    def environment(self) -> dict[str, str]:
        """What points any OCI client at this cloud, also over an environment that names another proxy."""
        proxy = {"HTTPS_PROXY": self.proxy_url, "https_proxy": self.proxy_url, "NO_PROXY": "", "no_proxy": ""}
        return {**proxy, "REQUESTS_CA_BUNDLE": str(self.ca_file)}

    def resource_principal(self, region: str, lifetime: timedelta = timedelta(hours=24)) -> dict[str, str]:
        """The environment of a function in `region`, its token and key in files; each call renews them in place."""
        credential = self.call(lambda cloud: cloud.identity.issue_token(region, lifetime))
        return self._files.write_resource_principal(credential, region)

    def _start(self, listening: socket.socket) -> None:
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening, started)), name="emulated-cloud", daemon=True
        )
        self._thread.start()
        started.result(_SECONDS_TO_START)

    def _stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed when the cloud has broken down before
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_SECONDS_TO_STOP)

    async def _serve(self, listening: socket.socket, started: Future[None]) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with self._services(listening):
                started.set_result(None)
                await self._keep_time()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    @contextlib.asynccontextmanager
    async def _services(self, listening: socket.socket) -> AsyncIterator[None]:
        """The TLS server and the tunnel to it, ready when this is entered."""
        context = self._authority.server_context(self.regions)
        with listen(0) as inner, complaints_in(self.cloud.diary):
            tunnel = Tunnel(self.regions, inner.getsockname()[1], self.cloud.diary)
            config = uvicorn.Config(
                Cutter(self.cloud.app(self._pause), tunnel.cut),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
                ssl_context_factory=lambda _config, _default: context,
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[inner]))
            await tunnel.start(listening)
            try:
                yield
            finally:
                tunnel.close()
                await self.cloud.aclose()
                server.should_exit = True
                await serving

    async def _play(self, until: datetime, on_step: Callable[[datetime], None]) -> None:
        clock = self.cloud.clock
        while clock.now() < until:
            step = min(until, max(clock.now(), clock.next_due or until))
            on_step(step)
            clock.advance(step - clock.now())
            await self.cloud.delivery.settle()
            await asyncio.sleep(0)

    async def _pause(self, seconds: float) -> None:
        """Hold an answer back, in real time; the end of the cloud ends it too."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._end.wait()
                raise ConnectionCut

    async def _keep_time(self) -> None:
        """Run what is due when it is due, until the end; a standing clock is moved by others."""
        clock = self.cloud.clock
        while not self._end.is_set():
            clock.run_due()
            due = clock.seconds_to_next()
            sleep = None if clock.speed is None else min(_LONGEST_SLEEP, _LONGEST_SLEEP if due is None else due)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), sleep)
