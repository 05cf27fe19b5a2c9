"""What several unit tests stand on: logs that end with the test, and an identity to sign with."""

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from handlers.cloud.signer import ResourcePrincipalSigner, resource_principal
from tests.unit.principal import Principal


@pytest.fixture
def own_logs() -> Iterator[None]:
    """Whatever a test does to the logs of the process is undone after it."""
    root = logging.getLogger()
    handlers, level, configuration = list(root.handlers), root.level, structlog.get_config()
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    structlog.configure(**configuration)


@pytest.fixture
def principal(tmp_path: Path) -> Principal:
    return Principal(tmp_path)


@pytest.fixture
def signer(principal: Principal) -> ResourcePrincipalSigner:
    return resource_principal(principal.environment)
