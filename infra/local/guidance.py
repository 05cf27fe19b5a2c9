"""What `serve` prints: where everything is, and how to call the function."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from infra.local.cast import FAR, TERMS
from infra.local.stage import Stage

WIDTH = 98
GROUP = "VOLUME_GROUP_ID"
VARIABLES = {"shop": GROUP, "ledger": "VOLUME_ID", "web": "BOOT_VOLUME_ID"}
"""What a shell knows the sources by, by their names."""
READABLE = " | python3 -m json.tool"
CURL = "curl -s --noproxy '*' \"$FUNCTION_URL\""

COMING_UP = "The cloud and the function are coming up …"
WELCOME = """\
They are up, and run at real time: a backup takes some 10 seconds, a copy 15 to 20. At the next full minute the \
nightly alarm makes what is due, and finished backups call the function by themselves; every ten minutes another alarm \
has it do what SCHEDULE says. The sources in us-ashburn-1, and what is wanted for each unless POLICY is another one:"""
CONFIGURATION = """\
Its POLICY is in this file. To try one of your own, or any other key of the configuration, end this and start again \
with it; an empty value takes a key away:"""
TRY_ANOTHER = "make serve ARGS='--config POLICY=@my-policy.json --config DELETE_GRACE=2h'"

Operation = Mapping[str, object]
CALLS: tuple[tuple[str, Operation], ...] = (
    ("Make a backup of each source that is due for one:", {"operation": "CreateDueBackups"}),
    ("Copy whatever is not copied yet:", {"operation": "Sweep"}),
    (
        "See what retention would delete if only the newest were kept (without these two it does what POLICY says):",
        {"operation": "PruneCopies", "dryRun": True, "keep": "last 1"},
    ),
    ("Ask what holds for the volume group, and what says so:", {"operation": "ExplainPolicy", "sourceId": GROUP}),
    ("Make a backup of it, due or not:", {"operation": "CreateVolumeGroupBackup", "volumeGroupId": GROUP}),
)
"""With what they are for. The name of a variable stands for its value."""
REPORT: Operation = {"operation": "ReportCopies", "format": "html"}


def explain(console: Console, stage: Stage, environment: Path) -> None:
    """Say what to type in another terminal; each command works as it is printed, once the first one was given."""
    app, name = stage.function.app.name, stage.function.name
    page, policy, *logs = (
        str(environment.with_name(each)) for each in ("report.html", "policy.json", "function.log", "cloud.jsonl")
    )
    say(console, WELCOME, *(f"{source}: {wanted}" for source, wanted in TERMS.items()))
    say(
        console,
        "In another terminal, one to be closed afterwards, first say where everything is:",
        f". {shlex.quote(str(environment))}",
    )
    say(console, "Then call the function, with curl or with the fn command line.")
    for purpose, operation in CALLS:
        say(console, purpose, *_commands(operation, app, name))
    say(console, "Have it write its report, as a page for a browser:", *_commands(REPORT, app, name, into=page))
    say(console, "Call it with no operation, which does what SCHEDULE says:", f"{CURL} -X POST")
    say(console, "See its configuration:", "fn list apps", f"fn inspect function {app} {name}")
    say(console, CONFIGURATION, policy, TRY_ANOTHER)
    oci = f'oci bv volume-group-backup list -c "$COMPARTMENT_ID" --region {FAR}'
    say(console, "With any OCI client, such as the oci command line:", oci)
    say(console, "Logs, of the function and of the cloud:", *logs)
    say(console, "Ctrl-C ends everything. What happens:")


def say(console: Console, prose: str, *lines: str) -> None:
    """Break the prose where the terminal ends, or nowhere in a pipe; who copies a line wants it whole."""
    console.print(prose, markup=False, highlight=False, soft_wrap=not console.is_terminal)
    text = "".join(f"  {line}\n" for line in lines)
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _commands(operation: Operation, app: str, name: str, into: str = "") -> tuple[str, str]:
    """How to call the function with an operation, with curl and with fn; a file takes its answer, if one is said."""
    body = f"'{json.dumps(operation)}'".replace(f'"{GROUP}"', f"\"'${GROUP}'\"")
    end = f" > {shlex.quote(into)}" if into else ""
    return _line(f"{CURL} -d", body + (end or READABLE)), _line(f"echo {body} |", f"fn invoke {app} {name}{end}")


def _line(first: str, second: str) -> str:
    """Both in one line, or in two that a shell takes for one."""
    return f"{first} {second}" if len(first) + len(second) < WIDTH else f"{first} \\\n    {second}"
