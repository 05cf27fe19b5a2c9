"""`python -m infra.emulator`: the cloud alone, for any OCI client."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.emulator.shell import MISLEADING, write_exports
from infra.emulator.speed import read_speed

PRINT_REGIONS_OF_VOLUMES = """
import oci, os
config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
signer = oci.auth.signers.get_resource_principals_signer()
for how in ({"config": config}, {"config": {}, "signer": signer}):
    client = oci.core.BlockstorageClient(**how)
    print(client.list_volumes(compartment_id=os.environ["COMPARTMENT_ID"]).status)
"""


@contextmanager
def running(directory: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The command, and what it exports."""
    command = [sys.executable, "-m", "infra.emulator", "--port", "0", "--directory", str(directory), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline().startswith("unset ")
            yield process, dict(_export(process.stdout.readline()) for _ in range(11))
        finally:
            process.kill()


def _export(line: str) -> tuple[str, str]:
    word, assignment = shlex.split(line)
    assert word == "export"
    name, _, value = assignment.partition("=")
    return name, value


def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_what_it_exports_points_the_sdk_at_it(tmp_path: Path) -> None:
    """With nothing but the printed environment the SDK's two usual ways to sign both work; a Ctrl-C ends it with 0."""
    with running(tmp_path) as (process, exports):
        client = subprocess.run(
            [sys.executable, "-c", PRINT_REGIONS_OF_VOLUMES],
            env={"PATH": os.environ["PATH"], **exports},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (client.stdout, client.returncode) == ("200\n200\n", 0), client.stderr
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=10)
        assert process.returncode == 0
    calls = [json.loads(line) for line in log.splitlines()]
    assert [(call["kind"], call["status"]) for call in calls] == [("api.call", 200), ("api.call", 200)]


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    """Keys, tokens and the configuration cannot be read by others."""
    with running(tmp_path) as (process, _):
        process.terminate()
    secrets = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "ca.pem"]
    assert len(secrets) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    """Who starts it twice reads which port is taken, not a traceback."""
    with running(tmp_path) as (_, exports):
        port = exports["HTTPS_PROXY"].rpartition(":")[2]
        second = run(["-m", "infra.emulator", "--port", port])
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"port {port} of 127.0.0.1" in second.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--regions", "Ashburn"],
        ["--regions", "us-ashburn-1,us-ashburn-1"],
        ["--function", "http://localhost"],
        ["--port", "eighty"],
        ["--port", "99999"],
        ["--speed", "fast"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_explained(arguments: list[str]) -> None:
    """A mistyped option is named, with status 2 as is usual."""
    answer = run(["-m", "infra.emulator", *arguments])
    assert answer.returncode == 2
    assert f"argument {arguments[0]}" in answer.stderr


@pytest.mark.parametrize(
    ("command", "speed"),
    [(["infra.emulator"], "-5"), (["infra.emulator"], "0"), (["infra.emulator"], "-1")],
)
def test_a_clock_that_stands_or_runs_backwards_is_refused(command: list[str], speed: str) -> None:
    """One line says so, at once, after the usage; a clock that no one can move on would leave everything waiting."""
    answer = run(["-m", *command, "--speed", speed])
    assert answer.returncode == 2
    *usage, error = answer.stderr.splitlines()
    assert usage[0].startswith("usage: ")
    assert error.endswith(f"argument --speed: '{speed}' is not a number above 0 and up to 100000")


def test_a_shell_forgets_what_was_set_for_a_real_tenancy() -> None:
    """What is exported stands alone: nothing of before leads a client elsewhere."""
    exports = write_exports({"HTTPS_PROXY": "http://127.0.0.1:1", "OCI_CONFIG_FILE": "it's here", "NO_PROXY": ""})
    before = dict.fromkeys([*MISLEADING, "HTTPS_PROXY"], "elsewhere")

    shown = subprocess.run(["sh", "-c", f"{exports}env"], env=before, capture_output=True, text=True, check=True)

    variables = dict(line.split("=", 1) for line in shown.stdout.splitlines())
    assert variables["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert variables["OCI_CONFIG_FILE"] == "it's here"
    assert "elsewhere" not in variables.values()


@pytest.mark.parametrize("speed", ["-0", "nan", "inf", "-inf", "1e300", "fast", ""])
def test_a_speed_is_a_number_within_bounds(speed: str) -> None:
    """What float() takes and no clock can run at is refused too."""
    with pytest.raises(argparse.ArgumentTypeError):
        read_speed(speed)


@pytest.mark.parametrize("speed", ["0.5", "1", "60", "1e5"])
def test_a_clock_may_run_slower_and_faster(speed: str) -> None:
    """The speed is what was typed."""
    assert read_speed(speed) == float(speed)
