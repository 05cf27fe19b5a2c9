"""`serve`: the cloud and the function kept running, and how to reach them."""

from __future__ import annotations

import json
import os
import shlex
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from infra.emulator.block_volume.limits import Limits, State, Timings
from infra.emulator.server import Emulator
from infra.emulator.shell import write_exports
from infra.local.stage import Entry, Stage
from infra.local.timeline import Timeline

FN_PORT, CLOUD_PORT = 8080, 8181
HOME, DESTINATION = "us-ashburn-1", "us-phoenix-1"
SPEED = 60.0
"""A minute of the cloud in a second: long enough to watch, and short enough."""

# Seconds of cloud time; members are done a little before their group.
TIMINGS = Timings(
    backup=((0, State.REQUEST_RECEIVED), (30, State.CREATING), (240, State.AVAILABLE)),
    group_backup=(
        (0, State.REQUEST_RECEIVED),
        (30, State.CREATING),
        (150, State.COMMITTED),
        (300, State.AVAILABLE),
    ),
    copy=((0, State.CREATING), (420, State.AVAILABLE)),
    group_copy=((0, State.CREATING), (300, State.COMMITTED), (540, State.AVAILABLE)),
)

CREATE = """'{"operation": "CreateVolumeGroupBackup", "volumeGroupId": "'$VOLUME_GROUP_ID'"}'"""
SWEEP = """'{"operation": "Sweep"}'"""


WELCOME = """\
The cloud and the function are up. The time of the cloud runs fast; a nightly alarm and finished backups call the \
function by themselves. In another terminal, first say where everything is:"""


class PortTaken(Exception):  # noqa: N818 - reads as what happened
    """The port that was asked for is in use."""


def serve(console: Console, logs: Path, *, fn_port: int | None, cloud_port: int | None, speed: float) -> None:
    """Serve until interrupted. A port that is not asked for is the usual one where that is free; raises `PortTaken`."""
    fn_port, cloud_port = _choose(fn_port, FN_PORT), _choose(cloud_port, CLOUD_PORT)
    emulator = Emulator([HOME, DESTINATION], port=cloud_port, speed=speed, limits=Limits(timings=TIMINGS))
    with Stage(emulator, _Lines(console).show, logs) as stage:
        group_id = _create_volume_group(stage)
        nightly = {"operation": "CreateVolumeGroupBackup", "volumeGroupId": group_id, "displayName": "nightly"}
        stage.deploy({"DESTINATION_REGIONS": DESTINATION, "SCHEDULE": json.dumps(nightly)}, port=fn_port)
        with _environment(stage, group_id, logs / "environment.sh") as environment:
            explain(console, stage, environment)
            _set_triggers(stage)
            while True:
                time.sleep(3600)


class _Lines:
    """Prints what is worth telling, a line each; takes entries from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._timeline = Timeline(HOME)
        self._lock = threading.Lock()

    def show(self, entry: Entry) -> None:
        with self._lock:
            moment = self._timeline.take(entry)
        if moment:
            line = f"{moment.time:%H:%M:%S}  {moment.lane:<14}  {moment.text}"
            self._console.print(line, style=str(moment.tone), highlight=False, soft_wrap=True, markup=False)


def _create_volume_group(stage: Stage) -> str:
    volumes = {"shop-data": 200, "shop-logs": 50}
    return stage.operator.create_volume_group(HOME, "shop", stage.boot_volume("shop-boot"), volumes)


def _set_triggers(stage: Stage) -> None:
    """Have a nightly alarm and finished backups call the function: first who listens is set up, then who speaks."""
    topic_id = stage.operator.subscribe(HOME, stage.function.id)
    stage.operator.copy_when_backed_up(HOME, stage.function.id, ("volumegroup", "volume", "bootvolume"))
    stage.operator.schedule(HOME, topic_id)


def explain(console: Console, stage: Stage, environment: Path) -> None:
    """Say what to type in another terminal; each command works as it is printed, once the first one was given."""
    app, name = stage.function.app.name, stage.function.name
    _say(console, WELCOME, f". {shlex.quote(str(environment))}")
    fn = ("fn list apps", f"fn inspect function {app} {name}", f"echo {CREATE} | \\\n    fn invoke {app} {name}")
    _say(console, "Then with the fn command line:", *fn)
    curl = "curl -s --noproxy '*' \"$FUNCTION_URL\""
    calls = (f"{curl} -d \\\n    {CREATE}", f"{curl} -X POST", f"{curl} -d \\\n    {SWEEP}")
    _say(console, "With curl, the same; an empty call, which makes the scheduled backup; and a sweep:", *calls)
    oci = f'oci bv volume-group-backup list -c "$COMPARTMENT_ID" --region {DESTINATION}'
    _say(console, "With any OCI client, such as the oci command line:", oci)
    logs = (str(environment.with_name("function.log")), str(environment.with_name("cloud.jsonl")))
    _say(console, "Logs: the function's in real time, the cloud's in its own time, as the lines below:", *logs)
    _say(console, "Ctrl-C ends everything. What happens:")


def _say(console: Console, prose: str, *lines: str) -> None:
    """Break the prose where the terminal ends, or nowhere in a pipe; who copies a line wants it whole."""
    console.print(prose, markup=False, highlight=False, soft_wrap=not console.is_terminal)
    text = "".join(f"\n  {line}" for line in lines)
    console.print(f"{text}\n" if lines else "", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _environment(stage: Stage, group_id: str, file: Path) -> Iterator[Path]:
    """A file that tells a shell where everything is, for as long as it is there."""
    emulator = stage.emulator
    variables = {
        **emulator.environment(),
        "OCI_CLI_CONFIG_FILE": str(emulator.config_file),
        "OCI_CONFIG_FILE": str(emulator.config_file),
        "COMPARTMENT_ID": emulator.compartment_id,
        "VOLUME_GROUP_ID": group_id,
        "FN_API_URL": stage.fn.url,
        "FUNCTION_URL": stage.fn.invoke_url(stage.function),
    }
    file.write_text(write_exports(variables))
    try:
        yield file
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
