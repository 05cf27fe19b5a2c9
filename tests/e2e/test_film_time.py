"""The time of day of a process that takes part in a film: the cloud's, and nothing else is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.film_time import FilmTime

LONG_AGO = datetime(2020, 2, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def film_time() -> Iterator[FilmTime]:
    with FilmTime() as running:
        running.set(LONG_AGO)
        yield running


def tell(environment: Mapping[str, str], program: str) -> Any:
    """What a fresh process prints, as JSON, when it runs this program; warnings are errors in it."""
    command = [sys.executable, "-W", "error", "-c", f"import json\n{program}"]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_time_of_day_is_that_of_the_film(film_time: FilmTime, tmp_path: Path) -> None:
    """In any time zone, and the real time that has passed since is added to it."""
    program = """
import datetime as dt
from datetime import UTC, datetime, timezone
eastern = dt.timezone(dt.timedelta(hours=-5))
print(json.dumps([datetime.now(UTC).isoformat(), dt.datetime.now(eastern).isoformat(), datetime.now().isoformat()]))
"""
    in_utc, in_eastern, naive = map(datetime.fromisoformat, tell(film_time.environment(tmp_path), program))

    assert LONG_AGO <= in_utc < LONG_AGO + timedelta(minutes=1)
    assert in_utc <= in_eastern < LONG_AGO + timedelta(minutes=1)
    assert naive.tzinfo is None


def test_a_process_sees_each_step_of_the_film(film_time: FilmTime, tmp_path: Path) -> None:
    """One that runs already follows."""
    program = "from datetime import *\nfor line in __import__('sys').stdin: print(datetime.now(UTC), flush=True)"
    command = [sys.executable, "-c", program]
    environment = film_time.environment(tmp_path)
    seen = []
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        for day in range(3):
            film_time.set(LONG_AGO + timedelta(days=day))
            print(file=process.stdin, flush=True)
            seen.append(datetime.fromisoformat(process.stdout.readline().strip()))
        process.stdin.close()

    assert [(moment - LONG_AGO).days for moment in seen] == [0, 1, 2]


def test_sleeping_passes_time_and_takes_none(film_time: FilmTime, tmp_path: Path) -> None:
    """An hour is over at once, for the time of day; a negative one is refused as ever."""
    program = """
import time
from datetime import UTC, datetime
before, started = datetime.now(UTC), time.monotonic()
time.sleep(3600)
passed = (datetime.now(UTC) - before).total_seconds()
try:
    time.sleep(-1)
except ValueError as error:
    refused = str(error)
print(json.dumps([passed, time.monotonic() - started, refused]))
"""
    passed, waited, refused = tell(film_time.environment(tmp_path), program)

    assert 3600 <= passed < 3660
    assert waited < 60
    assert refused == "sleep length must be non-negative"


def test_other_clocks_stay_real(film_time: FilmTime, tmp_path: Path) -> None:
    """The date of a signature, and the patience of an event loop."""
    program = """
import asyncio, time
from email.utils import formatdate
started = time.monotonic()
asyncio.run(asyncio.sleep(0.05))
print(json.dumps([time.time(), formatdate(usegmt=True), time.monotonic() - started]))
"""
    seconds, date, waited = tell(film_time.environment(tmp_path), program)

    now = datetime.now(UTC)
    assert abs(now.timestamp() - seconds) < 60
    assert str(now.year) in date
    assert waited >= 0.05


def test_dates_are_what_they_were(film_time: FilmTime, tmp_path: Path) -> None:
    """Those that C code makes are of the type that a program imports, and those of the film are like all others."""
    program = """
import copy, pickle
from datetime import UTC, datetime, date
from pydantic import BaseModel
import structlog
class Model(BaseModel):
    when: datetime
    perhaps: datetime | None = None
now = datetime.now(UTC)
read = Model.model_validate_json('{"when": "2020-01-01T00:00:00Z"}').when
match read:
    case datetime():
        matched = True
stamped = structlog.processors.TimeStamper(fmt="iso")(None, "info", {})["timestamp"]
print(json.dumps({
    "read is one": isinstance(read, datetime) and matched,
    "now is one": type(now) is datetime and isinstance(now, date) and issubclass(datetime, date),
    "they compare": read < now and (now - read).days > 0,
    "they travel": pickle.loads(pickle.dumps(now)) == copy.deepcopy(now) == datetime.fromisoformat(now.isoformat()),
    "a model takes it": Model(when=now).when == now,
    "logs have it": stamped.startswith("2020-02-29T12:"),
}))
"""
    path = next(Path(each) for each in sys.path if (Path(each) / "pydantic").is_dir())

    told = tell(film_time.environment(path), program)

    assert [claim for claim, holds in told.items() if not holds] == []


def test_a_sitecustomize_of_the_interpreter_is_run_too(film_time: FilmTime, tmp_path: Path) -> None:
    """Python runs the first that it finds, which is the film's."""
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.customized = __name__\n")
    program = "from datetime import datetime\nprint(json.dumps([customized, datetime.now().year]))"

    assert tell(film_time.environment(tmp_path), program) == ["sitecustomize", 2020]


def test_without_a_film_nothing_is_changed(film_time: FilmTime, tmp_path: Path) -> None:
    """The folder on the path alone does nothing."""
    path = film_time.environment(tmp_path)["PYTHONPATH"]
    program = "import time\nfrom datetime import datetime\nprint(json.dumps([datetime.now().year, repr(time.sleep)]))"

    year, sleep = tell({"PYTHONPATH": path}, program)

    assert year == datetime.now(UTC).astimezone().year
    assert "built-in" in sleep
