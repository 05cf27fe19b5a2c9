"""The rehearsal: what `make run` and `make serve` promise to whoever types them."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.operator import Backup
from infra.local.story import find_lacking
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
        create, tick = (line.strip() for line in printed.splitlines() if line.strip().startswith("curl"))

        created = json.loads(subprocess.run(create, shell=True, check=True, capture_output=True).stdout)
        ticked = json.loads(subprocess.run(tick, shell=True, check=True, capture_output=True).stdout)

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert (created["trigger"], created["counts"]) == ("operation", {"created": 1})
    assert (ticked["trigger"], ticked["status"]) == ("tick", "OK")
    assert process.returncode == 0, output
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
        {"kind": "refused", "reason": "The emulator does not model it."},
        {"kind": "events.failed", "function": "f", "status": 502},
        {"kind": "function.broke", "reason": "CallTimedOut"},
        {"kind": "function.wrote", "line": '{"event": "operation.failed", "level": "warning"}'},
        {
            "kind": "function.wrote",
            "line": '{"event": "invocation.finished", "status": "FAILED", "trigger": "event", "counts": {}}',
        },
    ],
)
def test_trouble_is_always_told(entry: dict[str, object]) -> None:
    """In a tone that stands out."""
    moment = Timeline("us-ashburn-1").take({"time": TIME.isoformat(), **entry})

    assert moment is not None
    assert moment.tone is Tone.BAD
