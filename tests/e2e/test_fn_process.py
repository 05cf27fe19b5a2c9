"""How functions are run: claims that hold on a real Fn server and hold here, shown with a function of our own."""

import asyncio
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.container import START_TIMEOUT, Container, StartFailed
from infra.local.fn_server import FnServer
from infra.local.function import App, Function
from infra.local.socket_folder import PREFIX, SocketFolder

FUNCTION = Function(
    id="ocid1.fnfunc.oc1.iad.looked-at",
    name="looked-at",
    app=App("ocid1.fnapp.oc1.iad.tests", "tests", {"SHARED": "by the application", "BOTH": "application"}),
    file=Path(__file__).parent / "functions" / "func.py",
    memory=256,
    timeout=20,
    config={"OWN": "by the function", "BOTH": "function"},
    environment={"PLATFORM": "by the platform"},
)

UNTIL_KILLED = """
import threading
import time
import httpx
from infra.local.fn_server import FnServer
from tests.e2e.test_fn_process import FUNCTION
with FnServer([FUNCTION]) as server:
    print(httpx.post(server.invoke_url(FUNCTION)).json()["pid"], flush=True)
    threading.Event().wait()
"""


class Watched:
    """A served function, and what happened to it."""

    def __init__(self, server: FnServer, function: Function) -> None:
        self.server, self.function = server, function
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        server.watch(self._take)

    def _take(self, event: dict[str, Any]) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, kind: str, count: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.kinds().count(kind) >= count, timeout=10)

    def call(self, **request: object) -> httpx.Response:
        return httpx.post(self.server.invoke_url(self.function), json=request, timeout=30)

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]

    def written(self) -> list[str]:
        return [event["line"] for event in self.events if event["kind"] == "function.wrote"]


@pytest.fixture(scope="module")
def server() -> Iterator[FnServer]:
    with FnServer([FUNCTION], processes=1) as server:
        yield server


@pytest.fixture
def function(server: FnServer) -> Watched:
    return Watched(server, FUNCTION)


def test_a_function_sees_only_what_fn_gives_it(function: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment of whoever runs the server leaks into the function."""
    monkeypatch.setenv("OCI_CLI_AUTH", "left over in a shell")
    function.call(do="die")

    environment = function.call().json()["environment"]

    socket_folder = Path(environment.pop("FN_LISTENER").removeprefix("unix:")).parent
    assert environment.pop("HOME") == str(socket_folder)
    assert environment.pop("PATH").endswith(os.defpath)
    # CPython sets this one itself where the locale is C.
    environment.pop("LC_CTYPE", None)
    assert environment == {
        "BOTH": "function",
        "FN_APP_ID": "ocid1.fnapp.oc1.iad.tests",
        "FN_APP_NAME": "tests",
        "FN_FN_ID": "ocid1.fnfunc.oc1.iad.looked-at",
        "FN_FN_NAME": "looked-at",
        "FN_FORMAT": "http-stream",
        "FN_MEMORY": "256",
        "FN_TYPE": "sync",
        "LANG": "C.UTF-8",
        "OWN": "by the function",
        "PLATFORM": "by the platform",
        "PYTHONPATH": str(FUNCTION.file.parent),
        "SHARED": "by the application",
    }


def test_a_function_runs_in_its_own_folder(function: Watched) -> None:
    """As in an image, where the code lies in the working directory."""
    assert function.call().json()["folder"] == str(FUNCTION.file.parent)


def test_a_call_carries_its_id_and_its_deadline(function: Watched) -> None:
    """The id is the one that the caller gets to see; the deadline is the function's time-out from now."""
    answer = function.call()

    assert len(answer.headers["Fn-Call-Id"]) == 26
    assert answer.json()["callId"] == answer.headers["Fn-Call-Id"]
    left = datetime.fromisoformat(answer.json()["deadline"]) - datetime.now(UTC)
    assert timedelta(seconds=15) < left <= timedelta(seconds=20)


def test_a_process_is_kept_for_further_calls(function: Watched) -> None:
    """The second call finds the container warm."""
    assert function.call().json()["pid"] == function.call().json()["pid"]


def test_calls_wait_for_each_other_where_one_process_is_allowed(function: Watched) -> None:
    """A container is never called while it serves a call."""
    function.call()
    function.events.clear()

    with ThreadPoolExecutor(3) as callers:
        pids = {
            answer.json()["pid"] for answer in callers.map(lambda _: function.call(do="sleep", seconds=0.05), "abc")
        }

    assert len(pids) == 1
    assert function.kinds() == ["function.called", "function.answered"] * 3


def test_calls_at_the_same_time_get_processes_of_their_own() -> None:
    """Where more containers are allowed, a busy one makes no caller wait."""
    with FnServer([FUNCTION], processes=2) as server, ThreadPoolExecutor(2) as callers:
        function = Watched(server, FUNCTION)
        pids = {answer.json()["pid"] for answer in callers.map(lambda _: function.call(do="sleep", seconds=0.3), "ab")}

    assert len(pids) == 2


def test_a_call_over_time_is_answered_504_and_its_process_killed() -> None:
    """The next call gets a fresh process behind a fresh socket, and works."""
    hurried = replace(FUNCTION, timeout=0.5)
    with FnServer([hurried]) as server:
        function = Watched(server, hurried)
        before = function.call().json()

        late = function.call(do="sleep", seconds=60)

        after = function.call().json()
    assert (late.status_code, late.json()) == (504, {"message": "Timed out"})
    assert not is_running(before["pid"])
    assert before["environment"]["FN_LISTENER"] != after["environment"]["FN_LISTENER"]


def test_a_504_does_not_wait_for_what_the_function_left_behind() -> None:
    """A process in a group of its own survives with the function's output in its hands; the server lets go of that."""
    hurried = replace(FUNCTION, timeout=0.3)
    with FnServer([hurried]) as server:
        function = Watched(server, hurried)
        late = function.call(do="leave behind", own_group=True, seconds=60)
        when_answered = function.kinds()
        began = time.monotonic()
    took = time.monotonic() - began

    child = int(function.written()[0])
    os.kill(child, signal.SIGKILL)
    assert (late.status_code, len(late.headers["Fn-Call-Id"])) == (504, 26)
    assert "function.ended" not in when_answered
    assert "function.ended" in function.kinds()
    assert took < 5


def test_a_process_takes_its_children_along() -> None:
    """Nothing that a function started outlives its container, like everything else in it."""
    with FnServer([FUNCTION]) as server:
        function = Watched(server, FUNCTION)
        function.call(do="leave behind", own_group=False, seconds=0)
        function.wait_for("function.wrote")
        child = os.pidfd_open(int(function.written()[0]))
    ended, _, _ = select.select([child], [], [], 5)
    if not ended:
        signal.pidfd_send_signal(child, signal.SIGKILL)
    os.close(child)
    assert ended


def test_an_exception_is_answered_502_without_its_text(function: Watched) -> None:
    """The FDK would give the text away; the server does not, and the process goes on."""
    pid = function.call().json()["pid"]

    failed = function.call(do="raise")

    assert (failed.status_code, failed.json()) == (502, {"message": "function failed"})
    assert function.call().json()["pid"] == pid
    assert any("a secret" in event.get("line", "") for event in function.events)


def test_a_502_of_the_function_itself_loses_its_body(function: Watched) -> None:
    """To the server it is the same as an exception: what a caller should know of a failure belongs in the log."""
    failed = function.call(do="respond", status=502, body="details")

    assert (failed.status_code, failed.json()) == (502, {"message": "function failed"})


def test_a_504_of_the_function_itself_leaves_its_process_running(function: Watched) -> None:
    """It gave up in time by itself."""
    pid = function.call().json()["pid"]

    late = function.call(do="respond", status=504, body="")

    assert (late.status_code, late.json()) == (504, {"message": "Timed out"})
    assert function.call().json()["pid"] == pid


def test_a_process_that_dies_in_a_call_is_replaced(function: Watched) -> None:
    """The caller learns only that there is no answer."""
    died = function.call(do="die")

    assert (died.status_code, died.json()) == (502, {"message": "error receiving function response"})
    assert len(died.headers["Fn-Call-Id"]) == 26
    assert function.call().status_code == 200


def test_a_process_that_died_while_idle_is_replaced(function: Watched) -> None:
    """Nobody is given a dead one."""
    pid = function.call().json()["pid"]
    os.kill(pid, signal.SIGKILL)
    while is_running(pid):
        time.sleep(0.005)

    answer = function.call()

    assert answer.status_code == 200
    assert answer.json()["pid"] != pid


def test_what_a_function_writes_is_handed_on_line_by_line(function: Watched) -> None:
    """With the process that wrote it still running."""
    function.call(do="write", text='{"event": "one"}\n{"event": "two"}')
    function.wait_for("function.wrote", count=2)

    assert function.written() == ['{"event": "one"}', '{"event": "two"}']


def test_a_line_that_is_too_long_does_not_end_the_log(function: Watched) -> None:
    """Its start is lost, what follows is not; else the function would block at its next word."""
    function.call(do="write", text="x" * (3 << 19) + "\nafter")
    function.wait_for("function.wrote", count=2)

    assert function.written()[-1] == "after"


def test_a_function_that_cannot_start_says_why_in_its_log(tmp_path: Path) -> None:
    """The caller is told to look there."""
    missing = replace(FUNCTION, file=tmp_path / "func.py")
    with FnServer([missing]) as server:
        function = Watched(server, missing)
        failed = function.call()

    assert failed.status_code == 502
    assert failed.json()["message"].startswith("Container failed to initialize")
    assert any("doesn't exist" in event.get("line", "") for event in function.events)


def test_a_process_has_five_seconds_for_its_socket(tmp_path: Path) -> None:
    """As on an Fn server; one that has none by then did not start, and what it wrote is said."""
    silent = replace(FUNCTION, handler="silent", packages=verbatim_fdk(tmp_path))

    async def start() -> float:
        container = Container(silent, lambda _: None, start_timeout=0.3)
        began = time.monotonic()
        try:
            with pytest.raises(StartFailed, match=r"no socket after 0\.3 s\nno socket today"):
                await container.start()
            return time.monotonic() - began
        finally:
            await container.stop()

    assert asyncio.run(start()) < 1
    assert START_TIMEOUT == 5


def test_a_connection_is_kept_for_a_second(tmp_path: Path) -> None:
    """Not for longer: the FDK may close it at any time, and a call must not meet that."""
    raw = replace(FUNCTION, handler="verbatim", packages=verbatim_fdk(tmp_path))
    with FnServer([raw]) as server:
        function = Watched(server, raw)
        connections = []
        for pause in (0, 0, 1.05):
            time.sleep(pause)
            answer = httpx.post(server.invoke_url(raw), content="HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert answer.status_code == 200
            connections.append(len(function.written()))
    assert function.written() == ["connected"] * 2
    assert connections[:2] == [1, 1]


def test_an_idle_process_ends() -> None:
    """After its idle time-out there is nothing left to pay for."""
    short = replace(FUNCTION, idle_timeout=0.05)
    with FnServer([short]) as server:
        function = Watched(server, short)
        first = function.call().json()["pid"]
        function.wait_for("function.ended")

        assert function.call().json()["pid"] != first


def test_leaving_the_server_leaves_nothing_behind() -> None:
    """No process, no socket folder, no port, also when a call is under way, which is answered."""
    with ThreadPoolExecutor(1) as callers:
        with FnServer([FUNCTION]) as server:
            function = Watched(server, FUNCTION)
            idle = function.call().json()
            under_way = callers.submit(function.call, do="sleep", seconds=60)
            function.wait_for("function.called", 2)
            port = httpx.URL(server.url).port or 0
        answer = under_way.result(timeout=10)

    assert answer.status_code == 502
    assert not is_running(idle["pid"])
    assert not Path(idle["environment"]["FN_LISTENER"].removeprefix("unix:")).parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.02, 0.1])
def test_leaving_the_server_ends_a_process_that_is_just_starting(seconds: float) -> None:
    """However far its start has come, the call is answered and the server ends."""
    with ThreadPoolExecutor(1) as callers:
        with FnServer([FUNCTION]) as server:
            function = Watched(server, FUNCTION)
            first = callers.submit(function.call, do="sleep", seconds=60)
            time.sleep(seconds)
        with suppress(httpx.TransportError):  # the server was gone before it was asked
            assert first.result(timeout=10).status_code == 502

    kinds = [kind for kind in function.kinds() if kind != "function.broke"]  # said only where the call was sent already
    assert kinds in ([], ["function.ended"], ["function.started", "function.called", "function.ended"])


def test_a_folder_outlives_a_killed_server_until_the_next_one_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of servers that run, and those just made, are left alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    abandoned, fresh = tmp_path / f"{PREFIX}abandoned", tmp_path / f"{PREFIX}fresh"
    in_use = SocketFolder()
    for folder in (abandoned, fresh):
        folder.mkdir()
    for folder in (abandoned, in_use.path):
        os.utime(folder, (0, 0))

    with FnServer([FUNCTION]):
        assert set(tmp_path.iterdir()) == {fresh, in_use.path}
    in_use.remove()
    assert set(tmp_path.iterdir()) == {fresh}


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs the kernel's help, and the command that asks for it")
def test_a_killed_server_takes_its_processes_along() -> None:
    """Also a server that has no time to end them leaves none behind."""
    starter = [sys.executable, "-c", UNTIL_KILLED]
    with subprocess.Popen(starter, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        process = os.pidfd_open(int(server.stdout.readline()))
        server.kill()
    ended, _, _ = select.select([process], [], [], 10)
    os.close(process)
    assert ended


def verbatim_fdk(packages: Path) -> Path:
    """The folder, with another FDK than Python's as its program."""
    (packages / "bin").mkdir()
    (packages / "bin" / "fdk").symlink_to(FUNCTION.file.parent / "verbatim_fdk.py")
    return packages


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
