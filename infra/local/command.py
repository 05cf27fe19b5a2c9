"""The commands `run` and `serve`: their options, and how they end."""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from infra.emulator.port import read_port
from infra.local import film, serving
from infra.local.lock import FolderTaken, hold

LONGEST_FILM = 366
WIDTH = 100
"""Of tables in a pipe."""
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; the exit status is 0 when it did what it says, 130 when it was interrupted."""
    options = _parse(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names of resources may hold what a terminal cannot show
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for name in ENDINGS:
        signal.signal(name, _interrupt)
    try:
        options.logs.mkdir(parents=True, exist_ok=True)
        with hold(options.logs):
            return _run(options, console)
    except FolderTaken as taken:
        print(f'{taken} Name another one for the logs: ARGS="--logs FOLDER".', file=sys.stderr)
        return 1
    except serving.PortTaken as taken:
        print(taken, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted: everything is stopped.")
        return 130


def _run(options: argparse.Namespace, console: Console) -> int:
    logs = options.logs.resolve()
    if options.command == "run":
        return film.run(console, logs, days=options.days, limit=options.limit, plain=options.plain)
    serving.serve(console, logs, fn_port=options.fn_port, cloud_port=options.cloud_port, config=dict(options.config))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Rehearse on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="watch thirty days of a small fleet, to the report at their end")
    run.add_argument("--days", type=_read_days, default=film.DAYS, help=f"how many days it has ({film.DAYS})")
    limit = f"real seconds after which it is given up ({film.LIMIT})"
    run.add_argument("--limit", type=_read_limit, default=film.LIMIT, help=limit)
    no_color = bool(os.environ.get("NO_COLOR"))
    run.add_argument("--plain", action="store_true", default=no_color, help="lines instead of a live view")
    serve = commands.add_parser("serve", help="keep the cloud and the function running, to be invoked")
    serve.add_argument("--fn-port", type=read_port, help=f"where Fn listens on 127.0.0.1 ({serving.FN_PORT} if free)")
    serve.add_argument("--cloud-port", type=read_port, help=f"where the cloud does ({serving.CLOUD_PORT} if free)")
    config = "of the function's configuration, above what it has here; @FILE is what is in a file; may be given again"
    serve.add_argument("--config", type=_read_config, action="append", default=[], metavar="KEY=VALUE", help=config)
    for command in (run, serve):
        logs = Path("build") / command.prog.split()[-1]
        command.add_argument("--logs", type=Path, default=logs, help=f"folder for what cloud and function log ({logs})")
    return parser.parse_args(arguments)


def _read_days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_FILM:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {LONGEST_FILM}")
    return int(text)


def _read_limit(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 on")
    return int(text)


def _read_config(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not KEY.fullmatch(key):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE or KEY=@FILE, such as POLICY=@policy.json")
    if not value.startswith("@"):
        return key, value
    try:
        return key, Path(value[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise argparse.ArgumentTypeError(f"the file for {key} cannot be read: {why}: {value[1:]!r}") from error


def _interrupt(_: int, __: FrameType | None) -> None:
    """However we are ended, everything is cleaned up, which takes a moment and is not to be interrupted again."""
    for name in ENDINGS:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt
