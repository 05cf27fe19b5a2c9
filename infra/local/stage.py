"""The stage of a rehearsal: an emulated cloud with an operator in it, and the function, once it is deployed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Self

from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from infra.local.fn_server import FnServer
from infra.local.function import App, Function
from infra.local.operator import Operator

DETACHED_TIMEOUT = 3600
"""What the stack of infra/terraform gives the function, in seconds."""
FUNC_YAML = Path(__file__).parents[2] / "func.yaml"

Entry = Mapping[str, Any]
Listener = Callable[[Entry], None]


def client_folder(logs: Path) -> Path:
    """Where the cloud is to keep its clients' keys while a stage with these logs is up.

    The end of the stage removes it, and where that was killed, the start of the next one with the same logs.
    """
    return logs / "client-files"


class Stage:
    """Up while entered; leaving it ends all.

    All that happens is told to `watch`, with the cloud's time, and written to files in `logs`; what breaks by the end
    is in the files only. `wait` is what the operator does while something is not finished.
    """

    fn: FnServer
    function: Function
    """Both are there once the function is deployed."""

    def __init__(
        self, emulator: Emulator, watch: Listener, logs: Path, *, wait: Callable[[], None] | None = None
    ) -> None:
        self.emulator = emulator
        self.home = emulator.regions[0]
        self._watch, self._logs, self._wait = watch, logs, wait
        self._ending = Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._record = stack.enter_context(_recorder(self._tell, self._logs))
            self._remove_client_files()
            stack.callback(self._remove_client_files)
            emulator = stack.enter_context(self.emulator)
            emulator.watch(lambda entry: self._record(self._with_body(entry)))
            place = (emulator.config_file, emulator.proxy_url, emulator.ca_file, emulator.compartment_id)
            self.operator = Operator(*place, self._wait) if self._wait else Operator(*place)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._stack.close()

    def boot_volume(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """The OCID of a new boot volume: it comes with an instance, and is not the storage service's to create."""
        seed = {"freeformTags": dict(tags or {})}
        return self.emulator.call(lambda cloud: cloud.block_volume.seed_boot_volume(self.home, name, **seed))

    def deploy(
        self,
        config: Mapping[str, str],
        *,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        processes: int = 4,
    ) -> None:
        """Start Fn with the function in it, configured so; `environment` is what its processes have besides."""
        platform = {**self.emulator.environment(), **self.emulator.resource_principal(self.home)}
        app = App(new_ocid("fnapp", self.home), "rehearsal")
        self.function = Function.deployed(
            FUNC_YAML,
            app=app,
            region=self.home,
            config=config,
            environment={**platform, **(environment or {})},
            detached_timeout=DETACHED_TIMEOUT,
        )
        self.fn = FnServer([self.function], port=port, processes=processes)
        self.fn.watch(lambda entry: self._record({"time": self._now(), **entry}))
        self._stack.enter_context(self.fn)
        self.emulator.register_function(
            self.function.id,
            self.fn.invoke_url(self.function),
            displayName=self.function.name,
            applicationId=app.id,
            memoryInMBs=self.function.memory,
            timeoutInSeconds=self.function.timeout,
            detachedModeTimeoutInSeconds=self.function.detached_timeout,
        )

    def _remove_client_files(self) -> None:
        shutil.rmtree(client_folder(self._logs), ignore_errors=True)

    def _with_body(self, entry: Entry) -> Entry:
        """What was published says what: the diary has the title alone. On the cloud's thread."""
        if entry["kind"] != "notifications.published":
            return entry
        published = reversed(self.emulator.cloud.notifications.published)
        return {**entry, "body": next(each.body for each in published if each.message_id == entry["message"])}

    def _now(self) -> str:
        return self.emulator.call(lambda cloud: cloud.clock.now().isoformat())

    def _tell(self, entry: Entry) -> None:
        if not self._ending.is_set():
            self._watch(entry)


@contextmanager
def _recorder(watch: Listener, logs: Path) -> Iterator[Listener]:
    """A listener that hands on to `watch` and keeps the cloud's diary and the function's own lines in files."""
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "cloud.jsonl").open("w", buffering=1) as cloud, (logs / "function.log").open("w", buffering=1) as own:

        def record(entry: Entry) -> None:
            if entry["kind"] == "function.wrote":
                own.write(f"{entry['line']}\n")
            else:
                cloud.write(f"{json.dumps(entry, default=str)}\n")
            watch(entry)

        yield record
