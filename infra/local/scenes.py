"""What the film brings about, and when: the alarms that are the schedules, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from infra.local.cast import FAR, HOME, SCHEDULES, Schedule
from infra.local.chronicle import Chronicle
from infra.local.stage import Stage

BEFORE = timedelta(seconds=30)
"""An alarm that is created or renewed fires at the next whole minute."""
ALARM_LASTS = timedelta(days=3)
"""After which the absence of a metric is no news to an alarm: somebody has to renew it."""

LONGEST_OUTAGE = timedelta(hours=47)
"""Retention waits for its end, and runs before the backups of a third day are due: so much may be deleted at once."""


@dataclass(frozen=True)
class Scene:
    """Something that is brought about at a certain time."""

    at: datetime
    act: Callable[[], object]


def write_scenes(stage: Stage, chronicle: Chronicle, start: datetime, end: datetime, topic_id: str) -> list[Scene]:
    """All scenes of a film, in order. `topic_id` is what the alarms speak to; they go on for as long as one lasts."""
    scenes = [scene for each in SCHEDULES for scene in _alarm(stage, each, topic_id, start, end + ALARM_LASTS)]
    scenes += _faults(stage, chronicle, start, end - start)
    return sorted(scenes, key=lambda scene: scene.at)


def _alarm(stage: Stage, schedule: Schedule, topic_id: str, start: datetime, end: datetime) -> Iterator[Scene]:
    alarm_ids: list[str] = []

    def begin() -> None:
        body = json.dumps(schedule.operation)
        alarm_id = stage.operator.schedule(HOME, topic_id, name=schedule.name, every=schedule.every, body=body)
        alarm_ids.append(alarm_id)

    def renew() -> None:
        stage.operator.renew(HOME, alarm_ids[0])

    at, act = start + schedule.first - BEFORE, begin
    while at < end:
        yield Scene(at, act)
        at, act = at + ALARM_LASTS, renew


def _faults(stage: Stage, chronicle: Chronicle, start: datetime, length: timedelta) -> Iterator[Scene]:
    """Of thirty days: a region is down for two, after twenty, and a few days later a copy comes to nothing.

    However many days there are, it is never down for longer: more would come due at once after it than may be deleted.

    So late that retention has left some of the copies, in which the report can see the gap.
    """
    faults = stage.emulator.cloud.faults

    def change(change_cloud: Callable[[str], None], tell: Callable[[str], None]) -> None:
        stage.emulator.call(lambda _: change_cloud(FAR))
        tell(FAR)

    def spoil_a_copy() -> None:
        stage.emulator.call(lambda cloud: cloud.block_volume.fail_next("CopyVolumeBackup"))

    down = start + length * 20 / 30
    up = down + min(length * 2 / 30, LONGEST_OUTAGE)
    yield Scene(down, partial(change, faults.region_down, chronicle.region_down))
    yield Scene(up, partial(change, faults.region_up, chronicle.region_up))
    yield Scene(start + length * 26 / 30, spoil_a_copy)
