"""`python -m infra.emulator --faults`: a person plays with a cloud in which things go wrong."""

from __future__ import annotations

import json
import shlex
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

COMMAND = [sys.executable, "-m", "infra.emulator", "--port", "0"]
URL = "https://iaas.us-ashburn-1.oraclecloud.com/20160918/volumes"


def test_faults_come_by_seed_and_are_logged(tmp_path: Path) -> None:
    """Twice the same: what a client meets, and what the log says of it."""
    first, second = (met(tmp_path / name, "--faults", "1", "--seed", "7") for name in ("first", "second"))
    assert first == second
    assert {entry["operation"] for entry in first} == {"ListVolumes"}
    assert len(first) == 3


def test_no_faults_unless_asked_for(tmp_path: Path) -> None:
    """The cloud works."""
    assert met(tmp_path) == []


def met(directory: Path, *arguments: str) -> list[dict[str, object]]:
    """What the log has of the faults that three requests met."""
    with subprocess.Popen(
        [*COMMAND, "--directory", str(directory), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            assert process.stdout.readline().startswith("unset ")
            exports = dict(shlex.split(process.stdout.readline())[1].split("=", 1) for _ in range(11))
            ask_three_times(exports["HTTPS_PROXY"], directory / "ca.pem")
        finally:
            process.terminate()
            _, log = process.communicate(timeout=10)
    entries = [json.loads(line) for line in log.splitlines()]
    return [
        {name: fact for name, fact in entry.items() if name != "time"} for entry in entries if entry["kind"] == "fault"
    ]


def ask_three_times(proxy: str, ca_file: Path) -> None:
    trust = ssl.create_default_context(cafile=str(ca_file))
    with httpx.Client(proxy=proxy, verify=trust, trust_env=False, timeout=0.5) as client:
        for _ in range(3):
            try:
                client.get(URL)
            except httpx.TransportError:
                continue


@pytest.mark.parametrize("rate", ["-0.1", "1.5", "nan", "often"])
def test_a_rate_is_a_part_of_all(rate: str) -> None:
    """Anything else is refused in a line that says so."""
    ended = subprocess.run([*COMMAND, f"--faults={rate}"], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "is not a number from 0 to 1" in ended.stderr
