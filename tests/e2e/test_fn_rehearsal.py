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
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from infra.local.cast import Source
from infra.local.ending import draw_backups, find_lacking
from infra.local.lock import hold
from infra.local.operator import Backup
from infra.local.timeline import FUNCTION, Moment, Timeline, Tone

ROOT = Path(__file__).parents[2]
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

SOURCE = Source("ocid1.volumegroup.oc1.iad.shop", "shop", "volume group", ("us-phoenix-1", "eu-frankfurt-1"))
BACKUP = Backup(
    id="ocid1.volumegroupbackup.oc1.iad.source",
    name="nightly",
    region="us-ashburn-1",
    state="AVAILABLE",
    type="FULL",
    source_id=SOURCE.id,
    copy_of=None,
    members=3,
    created=TIME,
    tags={
        "backup-copy-us-phoenix-1": "ocid1.volumegroupbackup.oc1.phx.copy",
        "backup-copy-eu-frankfurt-1": "ocid1.volumegroupbackup.oc1.fra.copy",
    },
)
COPY = replace(BACKUP, id="ocid1.volumegroupbackup.oc1.phx.copy", region="us-phoenix-1", copy_of=BACKUP.id, tags={})
FAR_COPY = replace(COPY, id="ocid1.volumegroupbackup.oc1.fra.copy", region="eu-frankfurt-1")
NAMES_ANOTHER = replace(BACKUP, tags={**BACKUP.tags, "backup-copy-us-phoenix-1": "another"})


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


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a film of three days has written, and the folder of its logs; it has come to a good end."""
    folder = tmp_path_factory.mktemp("film")
    with rehearsal("run", "--days", "3", "--logs", str(folder)) as process:
        output, _ = process.communicate(timeout=110)
    assert process.returncode == 0, output
    return output, folder


def test_a_film_ends_with_the_report_that_the_function_wrote(film: tuple[str, Path]) -> None:
    """As a page and as text, of every source; where they are is said."""
    output, folder = film
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()

    assert page.startswith("<!doctype html>")
    assert all(name in page and name in text for name in ("shop", "ledger", "web", "us-phoenix-1", "eu-frankfurt-1"))
    assert str(folder / "report.html") in output


def test_a_film_tells_what_went_wrong_and_that_it_was_made_good(film: tuple[str, Path]) -> None:
    """A region that is down, people who are told of it, every copy there again; and a copy that failed."""
    told = [line.split("  ")[-1] for line in film[0].splitlines()]
    down, up, caught_up = (
        told.index(f"eu-frankfurt-1 {what}") for what in ("is down", "is up again", "has every copy again")
    )

    assert down < up < caught_up
    assert any(line.startswith("people are told: ") and "eu-frankfurt-1" in line for line in told[down:caught_up])
    assert [line for line in told if line.endswith("ended FAULTY")]


def test_a_film_begins_with_one_backup_from_the_alarm_to_its_copies(film: tuple[str, Path]) -> None:
    """Step by step, each with where it happened, and the days come after it."""
    output = film[0]
    steps = re.findall(
        r"^day +1  \d\d \w{3} \d\d:\d\d  (\S+) +(.+)$", output.partition("on this day:")[0], re.MULTILINE
    )

    where = [
        ("us-ashburn-1", step) for step in ("the alarm due-backups", "a backup of shop begins", "the backup is AV")
    ]
    where += [
        ("us-ashburn-1", "the event createvolumegroupbackup.end"),
        ("us-phoenix-1", "a copy of the backup begins"),
    ]
    where += [("function", r"OK: \d copied"), ("us-phoenix-1", "the copy is AVAILABLE")]
    found = [
        next(at for at, (lane, text) in enumerate(steps) if lane == wanted and re.match(begin, text))
        for wanted, begin in where
    ]
    assert found == sorted(found)
    assert ("us-ashburn-1", "the tags of the backup name its copies") in steps
    assert ("eu-frankfurt-1", "the copy is AVAILABLE") in steps


def test_a_film_says_first_what_is_wanted_for_each_source(film: tuple[str, Path]) -> None:
    """In a line each."""
    beginning = film[0].partition("\n\n")[0]

    assert "shop:   backups every 6 h; kept: the newest 28 here and in us-phoenix-1, 14 days in" in beginning
    assert "ledger: backups every 12 h" in beginning
    assert "web:    backups every day" in beginning


def test_a_day_of_a_film_is_a_line(film: tuple[str, Path]) -> None:
    """With what it brought: backups every six hours, twice a day, and daily."""
    days = re.findall(r"^day +(\d) of 3  on this day: (\d+) backups made", film[0], re.MULTILINE)

    assert days == [("1", "7"), ("2", "7"), ("3", "7")]
    assert re.search("^in all: 21 backups made", film[0], re.MULTILINE)


def test_in_a_film_the_function_lives_in_the_time_of_the_cloud(film: tuple[str, Path]) -> None:
    """From the first line of its log to the last it is as late as in the cloud, and its signatures are good."""
    lines = [json.loads(line) for line in (film[1] / "function.log").read_text().splitlines()]
    happened = [json.loads(line) for line in (film[1] / "cloud.jsonl").read_text().splitlines()]
    calls = {entry["opc_request_id"]: entry["time"] for entry in happened if entry["kind"] == "api.call"}
    late = [
        datetime.fromisoformat(line["timestamp"]) - datetime.fromisoformat(calls[line["opc_request_id"]])
        for line in lines
        if line["event"] == "api.call" and line.get("opc_request_id") in calls
    ]

    assert len(late) > 100
    assert timedelta() <= min(late)
    assert max(late) < timedelta(minutes=5)
    assert 401 not in {entry.get("status") for entry in happened}


def test_in_a_film_nobody_calls_the_function_but_alarms_and_events(film: tuple[str, Path]) -> None:
    """The two calls of its own are the last ones: they ask for the report."""
    lines = [json.loads(line) for line in (film[1] / "function.log").read_text().splitlines()]
    triggers = [line["trigger"] for line in lines if line["event"] == "invocation.finished"]

    assert triggers[-2:] == ["operation"] * 2
    assert set(Counter(triggers[:-2])) == {"alarm", "event"}


def test_a_film_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """It says what is lacking, leaves no report, also none of an earlier film, and ends 1."""
    (tmp_path / "report.html").write_text("of an earlier film")
    with rehearsal("run", "--days", "300", "--limit", "4", "--logs", str(tmp_path)) as process:
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    said = r"^Not done after \d s: time was up \(--limit 4\) on day \d+ of 300; the days were not over\.$"
    assert re.search(said, output, re.MULTILINE), output
    assert not (tmp_path / "report.html").exists()


def test_a_film_that_is_interrupted_ends_without_a_trace(tmp_path: Path) -> None:
    """Ctrl-C in the middle of it: 130, no process left, and no report."""
    with rehearsal("run", "--days", "300", "--logs", str(tmp_path)) as process:
        read_until(process, "day  1 of 300")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 130
    assert output.splitlines()[-1] == "Interrupted: everything is stopped."
    assert not re.search("Traceback|failed|Error", output)
    assert not (tmp_path / "report.html").exists()
    assert not living(tmp_path)


def living(logs: Path) -> list[int]:
    """The processes of a function that were started, and are still there."""
    happened = [json.loads(line) for line in (logs / "cloud.jsonl").read_text().splitlines()]
    started = {entry["pid"] for entry in happened if entry["kind"] == "function.started"}
    assert started
    return [pid for pid in started if Path(f"/proc/{pid}").exists()]


@contextmanager
def served(logs: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A cloud and a function that are up, and what they printed until then."""
    with rehearsal("serve", "--fn-port", "0", "--cloud-port", "0", "--logs", str(logs), *options) as process:
        yield process, read_until(process, "Ctrl-C ends everything")


def commands_in(printed: str) -> list[str]:
    return [line.strip() for line in printed.replace("\\\n", "").splitlines() if line.startswith("  ")]


def test_what_is_served_is_invoked_as_printed_and_ends_without_a_trace(tmp_path: Path) -> None:
    """The commands that are printed work in a shell; Ctrl-C ends every process."""
    with served(tmp_path) as (process, printed):
        commands = commands_in(printed)
        first = next(command for command in commands if command.startswith(". "))
        due, sweep, prune, explain, create, page, tick = (
            run(f"{first}\n{command}") for command in commands if command.startswith("curl")
        )
        proxies = run(f"{first}\n{shlex.quote(sys.executable)} -c '{PRINT_PROXY}'")
        in_the_file = (tmp_path / "environment.sh").read_text()

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert printed.startswith("The cloud and the function are coming up")
    assert proxies.strip() in in_the_file
    assert json.loads(due)["counts"]["created"] == 3
    assert (json.loads(sweep)["status"], json.loads(prune)["status"]) == ("OK", "OK")
    assert "gold" in explain
    assert json.loads(create)["counts"] == {"created": 1}
    assert not page
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (json.loads(tick)["trigger"], json.loads(tick)["results"][0]["operation"]) == ("tick", "Sweep")
    assert process.returncode == 130
    assert output.splitlines()[-1] == "Interrupted: everything is stopped."
    assert not re.search("Traceback|failed|Error", output)
    assert "tell.failed" not in (tmp_path / "function.log").read_text()
    assert not {"environment.sh", "client-files"} & {path.name for path in tmp_path.iterdir()}
    assert not living(tmp_path)


def test_people_are_told_in_full_of_what_is_served(tmp_path: Path) -> None:
    """A configuration of one's own stands above the usual one: here copies are to have keys, and nothing names any.

    The message is shown as it is published, and what cannot be read is told as the function answers it.
    """
    (tmp_path / "keys.json").write_text("{}\n")
    with served(tmp_path, "--config", f"KMS_KEY_IDS=@{tmp_path / 'keys.json'}") as (process, printed):
        first, *_ = (command for command in commands_in(printed) if command.startswith(". "))
        due, sweep, *_ = (command for command in commands_in(printed) if command.startswith("curl"))
        run(f"{first}\n{due}")
        deadline = time.monotonic() + 40
        while "key_missing" not in run(f"{first}\n{sweep}"):
            assert time.monotonic() < deadline
            time.sleep(1)
        told = read_until(process, "What to do: ")

    assert re.search("people are told: Backup copies of us-ashburn-1: Sweep failed in ", told)
    assert "KMS_KEY_IDS" in told.splitlines()[-1]


def test_a_policy_that_is_wrong_is_rejected_by_the_function(tmp_path: Path) -> None:
    """As anywhere else: in its answer, with the field. The folder of one that was killed is cleaned up before."""
    left = tmp_path / "client-files" / "api_key.pem"
    left.parent.mkdir()
    left.write_text("of one that was killed")
    with served(tmp_path, "--config", 'POLICY={"defaults": {"every": "soon"}}') as (_, printed):
        first, *_ = (command for command in commands_in(printed) if command.startswith(". "))
        due, *_ = (command for command in commands_in(printed) if command.startswith("curl"))
        answer = json.loads(run(f"{first}\n{due}"))
        assert left.read_text() != "of one that was killed"

    assert answer["status"] == "REJECTED"
    assert "POLICY.defaults.every" in json.dumps(answer)


@pytest.mark.parametrize("config", ["POLICY", "=x", "A B=x", "POLICY=@/nowhere/policy.json"])
def test_a_configuration_that_cannot_be_read_is_named(config: str) -> None:
    """Before anything is begun."""
    with rehearsal("serve", "--config", config) as process:
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "argument --config" in output
    assert "coming up" not in output


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
    assert output == f'{tmp_path} is in use by another process. Name another one for the logs: ARGS="--logs FOLDER".\n'
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


def test_a_copy_is_as_old_as_its_backup() -> None:
    """Also one whose backup is gone, of which a tag says it; when the copy was made does not matter."""
    late = replace(COPY, created=TIME + timedelta(days=9))
    tags = {"backup-copy-source-time": "2026-01-01T01:02:03.000Z"}
    orphan = replace(late, id="ocid1.volumegroupbackup.oc1.phx.orphan", copy_of="gone", tags=tags)
    console = Console(file=io.StringIO(), width=100)
    console.print(draw_backups([SOURCE], [BACKUP, late, orphan]))
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    line = next(line.split() for line in shown.splitlines() if "us-phoenix-1" in line)

    assert line == ["us-phoenix-1", "2", "01", "Jan", "01:02", "02", "Jan", "03:04", "1", "0"]


@pytest.mark.parametrize("width", [80, 100])
def test_what_is_not_available_is_seen_in_a_narrow_terminal(width: int) -> None:
    """Beside what is."""
    console = Console(file=io.StringIO(), width=width)
    console.print(draw_backups([SOURCE], [BACKUP, COPY, replace(FAR_COPY, state="FAULTY")]))

    assert "FAULTY" in (console.file.getvalue() if isinstance(console.file, io.StringIO) else "")


def test_a_terminal_that_knows_only_ascii_is_enough() -> None:
    """Frames are drawn with what it has."""
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"), width=100)

    console.print(draw_backups([SOURCE], [BACKUP, COPY]))


@pytest.mark.parametrize(
    ("backups", "lacking"),
    [
        ([], "there is no backup of shop in us-ashburn-1"),
        ([COPY, FAR_COPY], "there is no backup of shop in us-ashburn-1"),
        ([replace(BACKUP, source_id="another"), COPY, FAR_COPY], "there is no backup of shop in us-ashburn-1"),
        ([replace(BACKUP, state="CREATING"), COPY, FAR_COPY], "the backup nightly of shop is CREATING"),
        ([BACKUP, FAR_COPY], "nightly of shop has no good copy in us-phoenix-1"),
        ([BACKUP, COPY, FAR_COPY, replace(COPY, id="b")], "nightly of shop has 2 good copies in us-phoenix-1"),
        ([BACKUP, FAR_COPY, replace(COPY, copy_of="another")], "nightly of shop has no good copy in us-phoenix-1"),
        ([BACKUP, COPY, replace(FAR_COPY, state="FAULTY")], "nightly of shop has no good copy in eu-frankfurt-1"),
        ([BACKUP, COPY, replace(FAR_COPY, state="CREATING")], "nightly of shop has no good copy in eu-frankfurt-1"),
        ([NAMES_ANOTHER, COPY, FAR_COPY], "nightly of shop does not name its copy in us-phoenix-1 in its tags"),
    ],
)
def test_a_film_is_not_over_before_all_is_there(backups: Sequence[Backup], lacking: str) -> None:
    """And it says what is missing."""
    assert find_lacking([SOURCE], backups) == [lacking]


def test_a_film_is_over_when_all_is_there() -> None:
    """One good copy in each destination, beside those that failed; nothing is wanted of a backup that failed itself."""
    failed = [replace(COPY, id="failed", state="FAULTY"), replace(BACKUP, id="bad", state="FAULTY")]

    assert find_lacking([SOURCE], [BACKUP, COPY, FAR_COPY, *failed]) == []


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
    """What is between goes without saying."""
    timeline = Timeline("us-ashburn-1")

    told = [timeline.take(transition(state)) for state in ("CREATING", "COMMITTED", "AVAILABLE")]

    assert told == [
        Moment(TIME, "us-phoenix-1", "copy nightly begins"),
        None,
        Moment(TIME, "us-phoenix-1", "copy nightly AVAILABLE", Tone.GOOD),
    ]


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
