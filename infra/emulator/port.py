"""The number of a port as commands take it."""

from __future__ import annotations

import argparse

LARGEST_PORT = 65_535


def read_port(text: str) -> int:
    """The value of `--port` and its like; 0 is any free one."""
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 1 to {LARGEST_PORT}, or 0 for any")
    return port
