"""What the outputs tell people to type: it reaches the command line as it was meant, and the function does it."""

import re
import subprocess
from typing import Any

import pytest

from handlers.core.payloads import Work, parse
from tests.stack.evaluation import HOME, Stack, evaluate, ocid_of

# In the place of `oci`: what it was given, one after the other.
SPY = 'oci() { printf "%s\\0" "$@"; }; eval "$1"'


@pytest.fixture(scope="module")
def stack() -> Stack:
    return evaluate(timeout_in_seconds=300)


def typed(stack: Stack, output: str) -> tuple[str, dict[str, str]]:
    """A command as a shell hands it on: what it is about, and its options."""
    command = stack.named("output")[output]["value"]
    said = subprocess.run(["bash", "-c", SPY, "bash", command], capture_output=True, text=True, check=True).stdout
    words = said.split("\0")[:-1]
    first = next(place for place, word in enumerate(words) if word.startswith("--"))
    names, values = words[first::2], words[first + 1 :: 2]
    assert all(name.startswith("--") for name in names), words
    return " ".join(words[:first]), dict(zip(names, values, strict=True))


@pytest.mark.parametrize("output", ["first_call_command", "report_command"])
def test_a_call_goes_to_the_function_and_is_waited_for(stack: Stack, output: str) -> None:
    """The command line gives up after a minute by itself; the function may take longer."""
    command, options = typed(stack, output)

    assert command == "fn function invoke"
    assert (options["--region"], options["--function-id"]) == (HOME, ocid_of(stack.one("oci_functions_function")))
    assert int(options["--read-timeout"]) > 300


def operations(stack: Stack, output: str) -> list[Any]:
    wanted = parse(typed(stack, output)[1]["--body"].encode())
    assert isinstance(wanted, Work)
    return list(wanted.operations or ())


def test_the_first_call_says_what_the_schedules_would_do(stack: Stack) -> None:
    """Which backups would be made, which be copied; and does nothing of it."""
    asked = operations(stack, "first_call_command")

    assert [each.operation for each in asked] == ["CreateDueBackups", "Sweep"]
    assert all(each.dry_run for each in asked)


def test_the_report_is_a_page_in_a_file(stack: Stack) -> None:
    """For a browser."""
    (report,) = operations(stack, "report_command")

    assert (report.operation, report.format) == ("ReportCopies", "html")
    assert typed(stack, "report_command")[1]["--file"] == "report.html"


def test_the_log_is_searched_where_the_function_writes(stack: Stack) -> None:
    """In the stack's own log, over the last hour: for the lines with which calls end."""
    command, options = typed(stack, "log_command")

    assert command == "logging-search search-logs"
    log, group = stack.one("oci_logging_log"), stack.one("oci_logging_log_group")
    where = "/".join([log["configuration"]["compartment_id"], ocid_of(group), ocid_of(log)])
    assert (
        options["--search-query"] == f"search \"{where}\" | where logContent = '*invocation.*' | sort by datetime desc"
    )
    moments = [options[name] for name in ("--time-start", "--time-end")]
    assert moments == sorted(moments)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) for moment in moments)
