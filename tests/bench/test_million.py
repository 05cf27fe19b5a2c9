"""The simulation of a very large sweep adds up, at its smallest."""

from __future__ import annotations

import pytest

from tests.bench import million


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, with memory for two compartments a call."""
    monkeypatch.setattr(million, "MEMORY_MB", 97)


def test_all_that_is_handed_on_together_covers_everything_once(small: None) -> None:
    """Each backup is found in each region, or its copy is begun, by exactly one call."""
    backups = 40 * 250
    waiting, done = [({"operation": "Sweep"}, 0.0)], []
    while waiting:
        payload, began = waiting.pop()
        done.append(million.run(payload, began, 0.02, backups))
        waiting += [(dict(handed), began + after) for after, handed in done[-1].handed_on]

    figures = million._line(backups, 0.02, done).figures
    begun, there, lists = (figures[name] for name in ("copies begun", "there", "lists"))

    assert len(done) > 10
    assert begun is not None
    assert there is not None
    assert there + sum(each.counts.get("deferred", 0) for each in done) >= 3 * backups - 10
    assert there + begun == 3 * backups - sum(each.counts.get("failed", 0) for each in done)
    assert lists == 40 * (3 + 4 * 3)


def test_time_passes_as_it_is_said_to() -> None:
    """Eight calls at a time, each as long as it takes; CPU comes on top."""
    passing = million.Passing(2.0)

    passing.work(lambda _: passing.api_call("List"), range(17))
    passing.api_call("Copy")

    waited = passing.seconds - passing.cpu_seconds
    assert waited == pytest.approx(million.COLD_SECONDS + 3 * 2.0 + 2.0)
    assert passing.cpu_seconds >= 18 * million.SDK_CPU_SECONDS
