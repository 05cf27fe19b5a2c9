"""The rehearsal: what `make run` and `make serve` promise to whoever types them."""

import errno
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from infra.local.lock import hold
from infra.local.operator import Backup
from infra.local.story import draw_backups, find_lacking
from infra.local.timeline import FUNCTION, Moment, Timeline, Tone

ROOT = Path(__file__).parents[2]
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

BACKUP = Backup(
    id="ocid1.volumegroupbackup.oc1.iad.source",
    name="nightly",
    region="us-ashburn-1",
    state="AVAILABLE",
    type="FULL",
    copy_of=None,
    members=3,
    created=TIME,
    tags={"backup-copy-us-phoenix-1": "ocid1.volumegroupbackup.oc1.phx.copy"},
)
COPY = replace(BACKUP, id="ocid1.volumegroupbackup.oc1.phx.copy", region="us-phoenix-1", copy_of=BACKUP.id, tags={})


ELSEWHERE = "http://127.0.0.1:9"
OF_A_REAL_TENANCY = {
    **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "http_proxy"), ELSEWHERE),
    "NO_PROXY": ".oraclecloud.com",
    "OCI_CLI_AUTH": "instance_principal",
}
PRINT_PROXY = """
import os
from oci._vendor import requests
proxies = requests.utils.get_environ_proxies("https://iaas.us-ashburn-1.oraclecloud.com")
print(proxies["https"] if "OCI_CLI_AUTH" not in os.environ else "a key of another tenancy")
"""


def run(command: str) -> str:
    """What a command writes in the shell of somebody who works with a real tenancy."""
    environment = {**os.environ, **OF_A_REAL_TENANCY}
    return subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True, env=environment).stdout


@contextmanager
def rehearsal(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "infra.local", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    pytest.fail(f"ended without {text!r}:\n{read}")


def test_the_story_ends_with_a_copy_and_its_tag(tmp_path: Path) -> None:
    """Nothing but an alarm and an event calls the function, and the run ends 0."""
    with rehearsal("run", "--speed", "400", "--logs", str(tmp_path)) as process:
        output, _ = process.communicate(timeout=90)

    assert process.returncode == 0, output
    told = [line.split(maxsplit=2)[1:] for line in output.splitlines() if re.match(r"\d\d:\d\d:\d\d  ", line)]
    assert [lane for lane, text in told if "begins" in text] == ["us-ashburn-1", "us-phoenix-1"]
    assert [lane for lane, text in told if "AVAILABLE" in text] == ["us-ashburn-1", "us-phoenix-1"]
    assert [text.split(":")[0] for lane, text in told if lane == FUNCTION] == ["container started", "alarm", "event"]


def test_what_is_served_is_invoked_as_printed_and_ends_without_a_trace(tmp_path: Path) -> None:
    """The commands that are printed work in a shell; Ctrl-C ends every process."""
    with rehearsal(
        "serve", "--fn-port", "0", "--cloud-port", "0", "--speed", "400", "--logs", str(tmp_path)
    ) as process:
        printed = read_until(process, "Ctrl-C ends everything")
        commands = [line.strip() for line in printed.replace("\\\n", "").splitlines() if line.startswith("  ")]
        first = next(command for command in commands if command.startswith(". "))
        create, tick, sweep = (command for command in commands if command.startswith("curl"))

        created = json.loads(run(f"{first}\n{create}"))
        ticked = json.loads(run(f"{first}\n{tick}"))
        swept = json.loads(run(f"{first}\n{sweep}"))
        proxies = run(f"{first}\n{shlex.quote(sys.executable)} -c '{PRINT_PROXY}'")
        in_the_file = (tmp_path / "environment.sh").read_text()

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert proxies.strip() in in_the_file
    assert (created["trigger"], created["counts"]) == ("operation", {"created": 1})
    assert (ticked["trigger"], ticked["status"]) == ("tick", "OK")
    assert (swept["status"], {each["operation"] for each in swept["results"]}) == ("OK", {"Sweep"})
    assert process.returncode == 130
    assert output.splitlines()[-1] == "Interrupted: everything is stopped."
    assert not re.search("Traceback|failed|Error", output)
    assert not (tmp_path / "environment.sh").exists()
    happened = [json.loads(line) for line in (tmp_path / "cloud.jsonl").read_text().splitlines()]
    started = {entry["pid"] for entry in happened if entry["kind"] == "function.started"}
    assert started
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_a_taken_port_that_was_asked_for_is_named(tmp_path: Path) -> None:
    """Rather than another one being used silently."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with rehearsal("serve", "--fn-port", str(port), "--logs", str(tmp_path)) as process:
            output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert output == f"Port {port} of 127.0.0.1 cannot be used: {os.strerror(errno.EADDRINUSE)}.\n"


def test_a_folder_that_another_rehearsal_writes_to_is_left_alone(tmp_path: Path) -> None:
    """Its logs are as they were, and one line says what to do."""
    log = tmp_path / "function.log"
    log.write_text("of the other")
    with hold(tmp_path), rehearsal("run", "--logs", str(tmp_path)) as process:
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert output == f"{tmp_path} is in use by another process. Name another one for the logs: --logs FOLDER.\n"
    assert log.read_text() == "of the other"


@pytest.mark.parametrize("seconds", [0.15, 0.6, 1.2, 2.5])
def test_an_interrupt_is_quiet_however_early_it_comes(tmp_path: Path, seconds: float) -> None:
    """Also while modules are imported and while the stage is set."""
    with rehearsal("serve", "--fn-port", "0", "--cloud-port", "0", "--logs", str(tmp_path)) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 130
    assert not re.search("Traceback|failed|Error", output)


def test_a_terminal_that_knows_only_ascii_is_enough() -> None:
    """Frames are drawn with what it has."""
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"), width=100)

    console.print(draw_backups([BACKUP, COPY]))


@pytest.mark.parametrize(
    ("backups", "lacking"),
    [
        ([], "there is no backup in us-ashburn-1"),
        ([COPY], "there is no backup in us-ashburn-1"),
        ([replace(BACKUP, state="CREATING"), COPY], "the backup nightly is CREATING"),
        ([BACKUP], "nightly has 0 copies in us-phoenix-1"),
        ([BACKUP, COPY, replace(COPY, id="another")], "nightly has 2 copies in us-phoenix-1"),
        ([BACKUP, replace(COPY, copy_of="another")], "nightly has 0 copies in us-phoenix-1"),
        ([BACKUP, replace(COPY, state="FAULTY")], "the copy nightly is FAULTY"),
        ([replace(BACKUP, tags={}), COPY], "the backup nightly does not carry the tag that names its copy"),
    ],
)
def test_a_story_is_not_done_before_all_is_there(backups: Sequence[Backup], lacking: str) -> None:
    """And it says what is missing."""
    assert find_lacking(backups) == [lacking]


def test_a_story_is_done_when_all_is_there() -> None:
    """One backup, one copy, both AVAILABLE, the one naming the other."""
    assert find_lacking([BACKUP, COPY]) == []


def transition(state: str, **facts: str | None) -> dict[str, str | None]:
    return {
        "time": TIME.isoformat(),
        "kind": "block_volume.transition",
        "region": "us-phoenix-1",
        "resource": COPY.id,
        "resource_kind": "volumegroupbackup",
        "name": "nightly",
        "state": state,
        "source": BACKUP.id,
        "expected_at": (TIME + timedelta(minutes=4)).isoformat(),
        **facts,
    }


def test_a_copy_is_told_at_its_beginning_and_its_end() -> None:
    """What is between is progress."""
    timeline = Timeline("us-ashburn-1")

    told = [timeline.take(transition(state)) for state in ("CREATING", "COMMITTED", "AVAILABLE")]

    assert told == [
        Moment(TIME, "us-phoenix-1", "copy nightly begins"),
        None,
        Moment(TIME, "us-phoenix-1", "copy nightly AVAILABLE", Tone.GOOD),
    ]
    assert timeline.tasks == {}


@pytest.mark.parametrize("kind", ["volumebackup", "bootvolumebackup"])
def test_a_backup_of_a_single_volume_is_told_too(kind: str) -> None:
    """As a group's is."""
    timeline = Timeline("us-ashburn-1")

    begun, ended = (timeline.take(transition(state, resource_kind=kind)) for state in ("CREATING", "AVAILABLE"))

    assert (begun and begun.text, ended and ended.text) == ("copy nightly begins", "copy nightly AVAILABLE")


def test_nothing_is_told_of_the_members_of_a_group() -> None:
    """Neither of their backups, nor of the call that leaves each to its group; what is excluded otherwise is told."""
    timeline = Timeline("us-ashburn-1")
    emitted = {
        "kind": "events.emitted",
        "event_type": "com.oraclecloud.blockvolumes.createvolumebackup.end",
        "resource": COPY.id,
    }
    excluded = {
        "kind": "function.wrote",
        "line": '{"event": "invocation.finished", "status": "OK", "trigger": "event", "counts": {"excluded": 1},'
        ' "duration_ms": 12.0}',
    }
    member = transition("AVAILABLE", resource_kind="volumebackup", group=BACKUP.id)
    entries: list[dict[str, object]] = [{**member}, {**emitted}, {**excluded}]

    assert [timeline.take({"time": TIME.isoformat(), **entry}) for entry in entries] == [None, None, None]
    told = timeline.take({"time": TIME.isoformat(), **excluded})
    assert told is not None
    assert told.text == "event: 1 excluded 0.01s"


@pytest.mark.parametrize(
    ("fields", "text"),
    [(["freeformTags"], "tags written"), (["displayName", "freeformTags"], "updated: displayName, freeformTags")],
)
def test_an_update_says_what_changed(fields: list[str], text: str) -> None:
    """A rename is not taken for tags."""
    entry = {"time": TIME.isoformat(), "kind": "block_volume.updated", "region": "us-phoenix-1", "fields": fields}

    told = Timeline("us-ashburn-1").take({**entry, "resource": COPY.id})

    assert told is not None
    assert told.text == text


def test_a_rejected_call_says_what_is_wrong() -> None:
    """Each field with its message, as the function logs them."""
    line = {"event": "invocation.rejected", "level": "warning", "problems": {"volumeId": "is missing"}}

    told = Timeline("us-ashburn-1").take({"time": TIME.isoformat(), "kind": "function.wrote", "line": json.dumps(line)})

    assert told == Moment(TIME, FUNCTION, "volumeId: is missing", Tone.BAD)


def test_progress_is_the_share_of_the_time_that_it_takes() -> None:
    """And never more than all of it."""
    timeline = Timeline("us-ashburn-1")
    timeline.take(transition("CREATING"))

    (task,) = timeline.tasks.values()

    assert [task.share_done(TIME + timedelta(minutes=minutes)) for minutes in (0, 1, 4, 5)] == [0, 0.25, 1, 1]


@pytest.mark.parametrize(
    "entry",
    [
        transition("FAULTY"),
        {
            "kind": "api.call",
            "service": "iaas",
            "region": "us-phoenix-1",
            "method": "GET",
            "path": "/1/a",
            "status": 404,
        },
        {"kind": "api.call", "region": "us-ashburn-1", "method": "GET", "path": "/n", "status": 501},
        {"kind": "refused", "reason": "The emulator does not model it."},
        {"kind": "events.failed", "function": "f", "status": 502},
        {"kind": "function.broke", "reason": "CallTimedOut"},
        {"kind": "function.wrote", "line": '{"event": "operation.failed", "level": "warning"}'},
        {
            "kind": "function.wrote",
            "line": '{"event": "invocation.finished", "status": "FAILED", "trigger": "event", "counts": {},'
            ' "duration_ms": 1.5}',
        },
    ],
)
def test_trouble_is_always_told(entry: dict[str, object]) -> None:
    """In a tone that stands out."""
    moment = Timeline("us-ashburn-1").take({"time": TIME.isoformat(), **entry})

    assert moment is not None
    assert moment.tone is Tone.BAD
