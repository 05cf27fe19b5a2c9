"""`serve`: the cloud and the function kept running, and how to reach them."""

from __future__ import annotations

import json
import os
import shlex
import socket
import time
from pathlib import Path

from rich.console import Console

from infra.local.screen import Screen
from infra.local.stage import DESTINATION, HOME, Stage, raise_stage

FN_PORT, CLOUD_PORT = 8080, 8181


class PortTaken(Exception):  # noqa: N818 - reads as what happened
    """The port that was asked for is in use."""


def serve(console: Console, logs: Path, *, fn_port: int | None, cloud_port: int | None, speed: float) -> None:
    """Serve until interrupted. A port that is not asked for is the usual one where that is free; raises `PortTaken`."""
    fn_port, cloud_port = _choose(fn_port, FN_PORT), _choose(cloud_port, CLOUD_PORT)
    with (
        Screen(console, HOME, DESTINATION, speed=speed, plain=True) as screen,
        raise_stage(screen.show, logs, speed=speed, fn_port=fn_port, cloud_port=cloud_port) as stage,
    ):
        console.print(describe(stage, logs), highlight=False, markup=False, soft_wrap=True)
        stage.set_triggers()
        while True:
            time.sleep(3600)


def describe(stage: Stage, logs: Path) -> str:
    """What to type in another terminal; each command works as it stands, with the file that this writes."""
    environment = _write_environment(stage, logs / "environment.sh")
    app, name = stage.function.app.name, stage.function.name
    invoke_url = stage.fn.invoke_url(stage.function)
    create = {"operation": "CreateVolumeGroupBackup", "volumeGroupId": stage.volume_group_id, "displayName": "by-hand"}
    body = shlex.quote(json.dumps(create))
    return f"""\
The cloud and the function are up. The time of the cloud runs fast; a nightly alarm and finished backups call the
function by themselves. In another terminal, with the fn command line:

  export FN_API_URL={stage.fn.url}
  fn list apps
  fn inspect function {app} {name}
  echo {body} | fn invoke {app} {name}

With curl, the same; and an empty call, which does what is scheduled:

  curl -s {invoke_url} -H 'Content-Type: application/json' -d {body}
  curl -s -X POST {invoke_url}

With any OCI client, such as the oci command line:

  . {shlex.quote(str(environment))}
  oci bv volume-group-backup list --compartment-id "$COMPARTMENT_ID" --region {DESTINATION}

Logs are in {logs}. Ctrl-C ends everything. What happens:
"""


def _write_environment(stage: Stage, file: Path) -> Path:
    emulator = stage.emulator
    variables = {
        **emulator.environment(),
        "OCI_CLI_CONFIG_FILE": str(emulator.config_file),
        "OCI_CONFIG_FILE": str(emulator.config_file),
        "COMPARTMENT_ID": emulator.compartment_id,
        "VOLUME_GROUP_ID": stage.volume_group_id,
    }
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    return file


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
