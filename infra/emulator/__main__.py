"""Starts the emulated cloud alone: `python -m infra.emulator --help`."""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from infra.emulator.faults.lottery import even_rates
from infra.emulator.listeners import Entry
from infra.emulator.ocids import REGION_NAME
from infra.emulator.port import read_port
from infra.emulator.server import Emulator
from infra.emulator.shell import write_exports
from infra.emulator.speed import read_speed

DESCRIPTION = """\
An OCI tenancy in one process: Block Volume, Events, Functions, Monitoring and Notifications, in as many regions as you
name.
It prints the environment that points any OCI client (SDK, CLI, Terraform) at it, and runs until Ctrl-C:

  make -s emulator ARGS="--directory .cloud" > .cloud.env &  # or: .venv/bin/python -m infra.emulator --directory .cloud
  . ./.cloud.env && oci bv volume-group list --compartment-id "$COMPARTMENT_ID"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cloud until it is interrupted; the exit status is 0 then, 1 when it could not start."""
    options = _parse(arguments)
    emulator = Emulator(
        options.regions,
        port=options.port,
        speed=options.speed,
        directory=options.directory,
    )
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    try:
        with emulator:
            emulator.watch(_log)
            for function_id, url in options.functions:
                emulator.register_function(function_id, url)
            _draw_faults(emulator, options.faults, options.seed)
            print(_exports(emulator), end="", flush=True)
            ended.wait()
    except OSError as error:
        print(f"The emulated cloud could not start: {error}. With --port 0 it takes any that is free.", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.emulator", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--regions",
        type=_regions,
        default=["us-ashburn-1", "us-phoenix-1"],
        help="regions of the tenancy, comma separated; the first is the home of function and configuration "
        "(us-ashburn-1,us-phoenix-1)",
    )
    parser.add_argument(
        "--port", type=read_port, default=8181, help="where the proxy listens on 127.0.0.1; 0: any (8181)"
    )
    parser.add_argument("--speed", type=read_speed, default=1.0, help="cloud seconds per real second, more than 0 (1)")
    parser.add_argument("--directory", type=Path, help="where certificate, keys and tokens are kept (temporary)")
    parser.add_argument(
        "--function",
        dest="functions",
        action="append",
        default=[],
        type=_function,
        metavar="OCID=URL",
        help="where Events, Notifications and InvokeFunction reach a function; may be repeated",
    )
    parser.add_argument(
        "--faults",
        type=_rate,
        default=0.0,
        metavar="RATE",
        help="how many of all requests, and of all messages to functions, meet a fault: 0.1 is one in ten (0)",
    )
    parser.add_argument("--seed", type=int, default=0, help="another sequence of faults for each number (0)")
    return parser.parse_args(arguments)


def _draw_faults(emulator: Emulator, rate: float, seed: int) -> None:
    if rate:
        source = random.Random(seed)  # noqa: S311 - chance that is to repeat itself
        emulator.call(lambda cloud: cloud.faults.draw(source, even_rates(rate)))


def _regions(text: str) -> list[str]:
    names = text.split(",")
    if wrong := [name for name in names if not REGION_NAME.fullmatch(name)]:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is not the name of a region, as us-ashburn-1 is")
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} names a region twice")
    return names


def _function(text: str) -> tuple[str, str]:
    function_id, separator, url = text.partition("=")
    if not separator or not function_id.startswith("ocid1.fnfunc.") or "://" not in url:
        raise argparse.ArgumentTypeError(f"{text} is not of the form ocid1.fnfunc.…=http://…")
    return function_id, url


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return rate


def _exports(emulator: Emulator) -> str:
    """Lines for a shell: who reads them has every OCI client work in this cloud."""
    environment = {
        **emulator.environment(),
        **emulator.resource_principal(emulator.regions[0]),
        "OCI_CONFIG_FILE": str(emulator.config_file),
        "OCI_CLI_CONFIG_FILE": str(emulator.config_file),
        "TENANCY_ID": emulator.tenancy_id,
        "COMPARTMENT_ID": emulator.compartment_id,
    }
    return write_exports(environment)


def _log(entry: Entry) -> None:
    print(json.dumps(entry, default=str), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
