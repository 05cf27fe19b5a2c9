"""Structured logs: one JSON object a line, whoever speaks, and no secret in any of them."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from handlers import logs
from tests.unit.principal import pem, token

pytestmark = pytest.mark.usefixtures("own_logs")


class Output:
    """What was written since the logs were configured."""

    def __init__(self, level: str = "INFO") -> None:
        self._stream = io.StringIO()
        logs.configure(level, self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def only(self) -> dict[str, Any]:
        (line,) = self.lines
        return line


def test_a_line_is_one_json_object() -> None:
    """What a person looks for first stands first."""
    output = Output()

    structlog.get_logger().info("copy.started", region="us-phoenix-1", counts={"copied": 1})

    assert list(output.only)[:3] == ["timestamp", "level", "event"]
    assert output.only.pop("timestamp").endswith("Z")
    assert output.lines[0] | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "event": "copy.started",
        "region": "us-phoenix-1",
        "counts": {"copied": 1},
    }


def test_a_librarys_line_is_the_same_kind_of_object() -> None:
    """With the library's name, and its arguments in their places."""
    output = Output()

    logging.getLogger("urllib3.pool").warning("Retrying %s after %d tries", "it", 3)

    line = output.only
    assert (line["event"], line["level"], line["logger"]) == ("Retrying it after 3 tries", "warning", "urllib3.pool")
    assert list(line)[:3] == ["timestamp", "level", "event"]


def test_text_of_several_lines_stays_on_one() -> None:
    """Also in other alphabets, and in halves of characters."""
    output = Output()

    structlog.get_logger().info("one\ntwo\r\nthree", text="ü\u2028\ud800\x1b[31m")
    logging.getLogger("library").error("one\ntwo")

    assert [line["event"] for line in output.lines] == ["one\ntwo\r\nthree", "one\ntwo"]
    assert output.text.isascii()


def test_a_warning_is_a_line() -> None:
    """Python would print two, without a level."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        output = Output()
        warnings.warn("this is old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    assert output.only["level"] == "warning"
    assert "this is old" in output.only["event"]


def fail(text: str) -> None:
    raise ValueError(text)


def test_an_exception_is_told_with_where_it_happened() -> None:
    """Its type, its text and its frames, in the same object."""
    output = Output()

    for logger in (structlog.get_logger(), logging.getLogger("library")):
        try:
            fail("first line\nsecond line")
        except ValueError:
            logger.exception("it.failed")

    assert len(output.text.splitlines()) == 2
    for line in output.lines:
        assert (line["event"], line["level"]) == ("it.failed", "error")
        assert (line["exception"], line["exception_message"]) == ("ValueError", "first line\nsecond line")
        assert line["frames"][-1].startswith(f"{Path(__file__)}:")
        assert line["frames"][-1].endswith(" fail")


def test_a_stack_that_is_no_exceptions_stays_on_the_line() -> None:
    """Some libraries tell where they are."""
    output = Output()

    logging.getLogger("library").warning("here", stack_info=True)

    assert output.only["event"] == "here"


def test_an_exceptions_text_is_cut_short() -> None:
    """It may quote a whole payload."""
    output = Output()
    try:
        fail("x" * 5000)
    except ValueError:
        structlog.get_logger().exception("it.failed")

    assert len(output.only["exception_message"]) <= 200


def test_the_end_of_the_process_is_a_line() -> None:
    """What nobody caught would else be a traceback of many lines."""
    output = Output()
    error = ValueError("no")

    sys.excepthook(ValueError, error, None)

    assert (output.only["event"], output.only["level"]) == ("process.ended", "critical")
    assert output.only["exception"] == "ValueError"


def test_the_end_of_a_thread_is_a_line() -> None:
    """And its text is as clean as that of any other exception."""
    output = Output()

    thread = threading.Thread(target=fail, args=(f"no {token(1)}",))
    thread.start()
    thread.join()

    assert (output.only["event"], output.only["level"]) == ("thread.ended", "critical")
    assert (output.only["exception"], output.only["exception_message"]) == ("ValueError", "no [hidden]")


def test_what_cannot_be_raised_is_a_line() -> None:
    """Python would print the object in which it happened, and a traceback."""

    class Untidy:
        def __del__(self) -> None:
            fail(f"no {token(1)}")

    output = Output()

    Untidy()

    assert (output.only["event"], output.only["level"]) == ("exception.unraisable", "error")
    assert (output.only["exception"], output.only["exception_message"]) == ("ValueError", "no [hidden]")
    assert output.only["of"] == "function"


def test_a_librarys_line_that_cannot_be_made_is_one_without_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """It says where, so that somebody can mend it; the standard library would print a traceback and the arguments."""
    output = Output()

    logging.getLogger("library").warning("%d items", token(1))

    line = output.only
    assert (line["event"], line["level"], line["logger"]) == ("log.failed", "error", "library")
    assert line["at"].startswith(f"{Path(__file__)}:")
    assert token(1) not in output.text
    assert capsys.readouterr() == ("", "")


class Untold:
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError(token(1))


def test_an_object_without_a_text_is_its_type() -> None:
    """As a value, as a key, and as an exception."""

    class UntoldError(Untold, Exception):
        pass

    output = Output()

    structlog.get_logger().info("e", value=Untold(), keys={Untold(): 1})
    structlog.get_logger().error("it.failed", exc_info=UntoldError())

    first, second = output.lines
    assert (first["value"], first["keys"]) == ("<Untold>", {"<Untold>": 1})
    assert second["exception_message"] == "<UntoldError>"


def test_a_value_that_holds_itself_ends_somewhere() -> None:
    """No line is endless."""
    output = Output()
    circle: list[Any] = [1]
    circle.extend([circle, circle, {"again": circle}])

    structlog.get_logger().info("e", value=circle)

    assert output.only["value"][0] == 1
    assert len(output.text) < 1000


def test_what_nests_too_deeply_is_cut() -> None:
    """A line is no place for it."""
    output = Output()
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]

    structlog.get_logger().info("e", value=deep)

    assert "…" in str(output.only["value"])


def test_a_thread_that_ends_itself_is_no_fault() -> None:
    """Python says nothing of it either."""
    output = Output()

    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()

    assert output.text == ""


def test_a_stream_that_takes_nothing_fails_nobody() -> None:
    """A library's warning must not become an error of the call that it warns of."""
    stream = io.StringIO()
    logs.configure("INFO", stream)
    stream.close()

    logging.getLogger("library").warning("got %s", "it")


def test_each_line_of_a_call_carries_its_id() -> None:
    """Whoever speaks; and no line after the call does."""
    output = Output()

    with structlog.contextvars.bound_contextvars(call_id="01KAJ"):
        structlog.get_logger().info("ours")
        logging.getLogger("library").warning("theirs")
    structlog.get_logger().info("later")

    assert [line.get("call_id") for line in output.lines] == ["01KAJ", "01KAJ", None]
    assert [list(line)[3] for line in output.lines[:2]] == ["call_id", "call_id"]


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("DEBUG", ["debug", "info", "warning", "error"], ["debug", "info", "warning", "error"]),
        ("INFO", ["info", "warning", "error"], ["warning", "error"]),
        ("WARNING", ["warning", "error"], ["warning", "error"]),
        ("ERROR", ["error"], ["error"]),
        (" error ", ["error"], ["error"]),
        ("CRITICAL", [], []),
        ("", ["info", "warning", "error"], ["warning", "error"]),
        ("loud", ["info", "warning", "error"], ["warning", "error"]),
    ],
)
def test_a_level_says_what_is_written(level: str, ours: list[str], theirs: list[str]) -> None:
    """Libraries chat at INFO; a level that is none counts as INFO, so that the line which says so is seen."""
    output = Output(level)

    for logger in (structlog.get_logger(), logging.getLogger("library")):
        for name in ("debug", "info", "warning", "error"):
            getattr(logger, name)("it")

    assert [line["level"] for line in output.lines if "logger" not in line] == ours
    assert [line["level"] for line in output.lines if "logger" in line] == theirs


def test_the_root_logger_is_taken_back() -> None:
    """The FDK puts a handler of its own there, which would print each line again, and not as JSON."""
    theirs = logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(theirs)

    Output()

    assert theirs not in logging.getLogger().handlers
    assert len(logging.getLogger().handlers) == 1


SIGNATURE = "c2lnbmF0dXJlIQ+/=="
AUTHORIZATION = (
    'Signature algorithm="rsa-sha256",headers="date (request-target) host",'
    f'keyId="ST${token(1)}",signature="{SIGNATURE}",version="1"'
)
BY_API_KEY = AUTHORIZATION.replace(f"ST${token(1)}", "ocid1.tenancy.oc1..a/ocid1.user.oc1..a/12:34")
KEY_LINE = pem(1).splitlines()[3]

SECRETS = {
    "a session token": (token(1), [token(1).split(".")[1], token(1).split(".")[2]]),
    "a token with its mark": (f"ST${token(1)}", [token(1).split(".")[1], token(1).split(".")[2]]),
    "a token without its signature": (token(1).rpartition(".")[0], [token(1).split(".")[1]]),
    "a private key": (pem(1), [KEY_LINE]),
    "a private key that was cut off": (pem(1)[:900], [KEY_LINE]),
    "a private key on one line": (pem(1).replace("\n", "\\n"), [KEY_LINE]),
    "an encrypted private key": (pem(1, "p"), []),
    "an Authorization header": (AUTHORIZATION, [SIGNATURE, token(1).split(".")[1]]),
    "a header in a dump": (repr({"authorization": AUTHORIZATION}), [SIGNATURE, token(1).split(".")[1]]),
    "a header in JSON": (json.dumps({"authorization": AUTHORIZATION}), [SIGNATURE, token(1).split(".")[1]]),
    "an API key's header": (BY_API_KEY, [SIGNATURE]),
    "a signature alone": (f'signature="{SIGNATURE}"', [SIGNATURE]),
}


@dataclass(frozen=True)
class Holder:
    """Anything of which a log prints the text."""

    content: str


Way = Callable[[Any, str], object]
WAYS: dict[str, Way] = {
    "as the event": lambda log, text: log.info(text),
    "as a value": lambda log, text: log.info("e", value=text),
    "deep in a value": lambda log, text: log.info("e", value={"a": [{"b": (text, 1)}]}),
    "in an object": lambda log, text: log.info("e", value=Holder(text)),
    "in a set": lambda log, text: log.info("e", value={text}),
    "as a key": lambda log, text: log.info("e", value={text: 1}),
    "as a key that is no text": lambda log, text: log.info("e", value={(text, 1): 1}),
    "in bytes": lambda log, text: log.info("e", value=text.encode()),
    "in an exception that is a value": lambda log, text: log.info("e", value=ValueError(text)),
    "in a library's message": lambda _, text: logging.getLogger("library").warning("got %s", text),
    "in a library's arguments": lambda _, text: logging.getLogger("library").warning("got %(a)s", {"a": [text]}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_hidden_wherever_it_stands(kind: str, way: str) -> None:
    """The function writes none; a library might."""
    secret, parts = SECRETS[kind]
    output = Output()

    WAYS[way](structlog.get_logger(), f"before {secret}")

    assert len(output.lines) == 1
    assert [part for part in [secret, *parts] if part in output.text] == []


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_hidden_in_an_exceptions_text(kind: str) -> None:
    """Also where the text is cut in the middle of it."""
    secret, parts = SECRETS[kind]
    output = Output()
    try:
        fail(f"before {secret}")
    except ValueError:
        logging.getLogger("library").exception("it.failed")

    assert [part[:40] for part in parts if part[:40] in output.text] == []


def test_what_stands_beside_a_secret_stays_readable() -> None:
    """A line without its context helps nobody."""
    output = Output()

    structlog.get_logger().info(f"token {token(1)} of ocid1.fnfunc.oc1.iad.a was refused")

    assert output.only["event"] == "token [hidden] of ocid1.fnfunc.oc1.iad.a was refused"


def test_ordinary_text_is_not_hidden() -> None:
    """OCIDs, request ids and addresses are what one looks for."""
    output = Output()
    text = "ocid1.volumebackup.oc1.iad.abc 7F34/BEA/355 https://iaas.us-ashburn-1.oraclecloud.com/20160918"

    structlog.get_logger().info("api.call", value=text, flag=True, nothing=None, number=2.5)

    line = output.only
    assert (line["value"], line["flag"], line["nothing"], line["number"]) == (text, True, None, 2.5)


def test_a_long_text_is_cut() -> None:
    """And its length is told."""
    output = Output()

    structlog.get_logger().info("e", value="x" * 5000)

    assert len(output.only["value"]) < 1100
    assert "5000 characters" in output.only["value"]


@given(st.from_regex(logs._SECRETS))
def test_whatever_the_pattern_finds_is_hidden(text: str) -> None:
    """It is only looked for in texts that have a sign of it."""
    cut = text[: 4 * logs.MAX_TEXT]

    assert logs._clean(text)[: logs.MAX_TEXT] == logs._SECRETS.sub("[hidden]", cut)[: logs.MAX_TEXT]
