"""Rehearse on this machine, with no tenancy: `python -m infra.local --help`."""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__":
    # Most of a start is imports, and nothing has to be cleaned up before they are done.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

    from infra.local.command import main

    sys.exit(main())
