"""`serve`: the cloud and the function kept running, and how to reach them."""

from __future__ import annotations

import os
import shlex
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from infra.emulator.shell import write_exports
from infra.local.screen import Screen
from infra.local.stage import DESTINATION, HOME, Stage, raise_stage

FN_PORT, CLOUD_PORT = 8080, 8181

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
    with (
        Screen(console, HOME, DESTINATION, speed=speed, plain=True) as screen,
        raise_stage(screen.show, logs, speed=speed, fn_port=fn_port, cloud_port=cloud_port) as stage,
        _environment(stage, logs / "environment.sh") as environment,
    ):
        explain(console, stage, environment)
        stage.set_triggers()
        while True:
            time.sleep(3600)


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
def _environment(stage: Stage, file: Path) -> Iterator[Path]:
    """A file that tells a shell where everything is, for as long as it is there."""
    emulator = stage.emulator
    variables = {
        **emulator.environment(),
        "OCI_CLI_CONFIG_FILE": str(emulator.config_file),
        "OCI_CONFIG_FILE": str(emulator.config_file),
        "COMPARTMENT_ID": emulator.compartment_id,
        "VOLUME_GROUP_ID": stage.volume_group_id,
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
