"""`serve`: the cloud and the function kept running, and how to reach them."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from infra.emulator.block_volume.limits import Limits, State, Timings
from infra.emulator.server import Emulator
from infra.emulator.shell import write_exports
from infra.local.cast import HOME, REGIONS, Source, configuration, create_sources
from infra.local.guidance import COMING_UP, VARIABLES, explain, say
from infra.local.stage import Entry, Stage, client_folder
from infra.local.timeline import Timeline, Tone

FN_PORT, CLOUD_PORT = 8080, 8181

# Real seconds: long enough to watch, and short enough. Members are done a little before their group.
TIMINGS = Timings(
    volume=((0, State.PROVISIONING), (0.1, State.AVAILABLE)),
    volume_group=((0, State.PROVISIONING), (0.1, State.AVAILABLE)),
    backup=((0, State.REQUEST_RECEIVED), (2, State.CREATING), (10, State.AVAILABLE)),
    group_backup=(
        (0, State.REQUEST_RECEIVED),
        (2, State.CREATING),
        (8, State.COMMITTED),
        (12, State.AVAILABLE),
    ),
    copy=((0, State.CREATING), (15, State.AVAILABLE)),
    group_copy=((0, State.CREATING), (12, State.COMMITTED), (18, State.AVAILABLE)),
)


class PortTaken(Exception):  # noqa: N818 - reads as what happened
    """The port that was asked for is in use."""


def serve(
    console: Console, logs: Path, *, fn_port: int | None, cloud_port: int | None, config: Mapping[str, str]
) -> None:
    """Serve the cast at real time until interrupted; `config` stands above its configuration of the function.

    The function's clock is the machine's, so the cloud's is too: at any other speed they would not agree for long. A
    port that is not asked for is the usual one where that is free; raises `PortTaken`.
    """
    fn_port, cloud_port = _choose(fn_port, FN_PORT), _choose(cloud_port, CLOUD_PORT)
    environment = logs / "environment.sh"
    environment.unlink(missing_ok=True)  # of one that was killed
    say(console, COMING_UP)
    limits = Limits(timings=TIMINGS)
    emulator = Emulator(REGIONS, port=cloud_port, limits=limits, directory=client_folder(logs))
    lines = _Lines(console)
    with Stage(emulator, lines.show, logs) as stage:
        sources = create_sources(stage)
        people = lines.topic_id = stage.operator.create_topic(HOME, "people")
        configured = {**configuration(people), **config}
        stage.deploy(configured, port=fn_port)
        _write_policy(configured.get("POLICY", ""), logs / "policy.json")
        with _environment(stage, sources, people, environment):
            explain(console, stage, environment)
            _set_triggers(stage)
            while True:
                time.sleep(3600)


class _Lines:
    """Prints what is worth telling, a line each, and messages to people whole; takes entries from any thread."""

    topic_id: str | None = None
    """The one through which people are told."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._timeline = Timeline(HOME)
        self._lock = threading.Lock()

    def show(self, entry: Entry) -> None:
        if entry["kind"] == "notifications.published" and entry["topic"] == self.topic_id:
            text = "".join(f"\n    {line}" for line in entry["body"].splitlines())
            self._print(f"people are told: {entry['title']}{text}", Tone.NEWS)
            return
        with self._lock:
            moment = self._timeline.take(entry)
        if moment:
            self._print(f"{moment.time:%H:%M:%S}  {moment.lane:<14}  {moment.text}", moment.tone)

    def _print(self, text: str, tone: Tone) -> None:
        self._console.print(text, style=str(tone), highlight=False, soft_wrap=True, markup=False)


def _set_triggers(stage: Stage) -> None:
    """Have alarms and finished backups call the function: first who listens is set up, then who speaks."""
    topic_id = stage.operator.subscribe(HOME, stage.function.id)
    stage.operator.copy_when_backed_up(HOME, stage.function.id, ("volumegroup", "volume", "bootvolume"))
    due = json.dumps({"operation": "CreateDueBackups"})
    stage.operator.schedule(HOME, topic_id, body=due)
    stage.operator.schedule(HOME, topic_id, name="schedule", every="PT10M")


def _write_policy(policy: str, file: Path) -> None:
    """As it is to be read; as it is where it is no JSON, which the function says."""
    with suppress(ValueError):
        policy = json.dumps(json.loads(policy), indent=2)
    file.write_text(f"{policy}\n")


@contextmanager
def _environment(stage: Stage, sources: tuple[Source, ...], topic_id: str, file: Path) -> Iterator[None]:
    """A file that tells a shell where everything is, for as long as it is there."""
    emulator = stage.emulator
    variables = {
        **emulator.environment(),
        "OCI_CLI_CONFIG_FILE": str(emulator.config_file),
        "OCI_CONFIG_FILE": str(emulator.config_file),
        "COMPARTMENT_ID": emulator.compartment_id,
        **{VARIABLES[source.name]: source.id for source in sources},
        "TOPIC_ID": topic_id,
        "FN_API_URL": stage.fn.url,
        "FUNCTION_URL": stage.fn.invoke_url(stage.function),
    }
    file.write_text(write_exports(variables))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _choose(asked: int | None, usual: int) -> int:
    """A port to listen on; 0, which is any, where the usual one is taken."""
    port = usual if asked is None else asked
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        if asked is None:
            return 0
        raise PortTaken(f"Port {port} of 127.0.0.1 cannot be used: {os.strerror(error.errno or 0)}.") from error
    return port
