"""Whatever went wrong, every backup ends with exactly one good copy in each destination: the real processes."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.faults.fault import FaultKind, Hang
from infra.emulator.server import Emulator
from tests.e2e.rehearsal import PATIENCE, Rehearsal, rehearse
from tests.emulator.tenant import ASHBURN, FRANKFURT, PHOENIX

SWEEP = {"operation": "Sweep"}
DESTINATIONS = (PHOENIX, FRANKFURT)
MOST_SWEEPS = 40


@pytest.fixture
def cloud() -> Iterator[Emulator]:
    with Emulator([ASHBURN, *DESTINATIONS], speed=None) as running:
        yield running


@pytest.fixture
def rehearsal(cloud: Emulator) -> Iterator[Rehearsal]:
    with rehearse(cloud, {"DESTINATION_REGIONS": ",".join(DESTINATIONS), "MAX_IN_FLIGHT": "3"}) as running:
        yield running


def sweep(rehearsal: Rehearsal, **fields: Any) -> dict[str, Any]:
    return rehearsal.invoke({**SWEEP, "compartmentId": rehearsal.tenant.compartment_id, **fields})


def fill(rehearsal: Rehearsal) -> list[str]:
    """Two backups each of a volume, a boot volume and a group: the ids of what is to be copied."""
    tenant = rehearsal.tenant
    volume, boot, group = tenant.volume().id, tenant.boot_volume(), tenant.group().id
    made = [
        backup
        for _ in range(2)
        for backup in (tenant.volume_backup(volume), tenant.boot_volume_backup(boot), tenant.group_backup(group))
    ]
    return [backup.id for backup in made]


def copies(rehearsal: Rehearsal) -> dict[tuple[str, str], list[str]]:
    """The states of all copies, by original and region, members of groups left out."""
    found: dict[tuple[str, str], list[str]] = {}

    def look(cloud: Any) -> None:
        resources = cloud.block_volume.storage.resources
        for resource in (each for kind in BACKUPS for region in DESTINATIONS for each in resources.of(kind, region)):
            if resource.copy_of and not resource.fields.get("volumeGroupBackupId"):
                found.setdefault((resource.copy_of, resource.region), []).append(str(resource.state))

    rehearsal.tenant.emulator.call(look)
    return found


def one_good_copy_each(backups: list[str], regions: Sequence[str] = DESTINATIONS) -> dict[tuple[str, str], list[str]]:
    return {(backup, region): ["AVAILABLE"] for backup in backups for region in regions}


def requests(rehearsal: Rehearsal) -> Counter[str]:
    """How often the function has called each operation."""
    return Counter(entry["operation"] for entry in rehearsal.log("api.call"))


def test_sweeps_copy_everything_once_in_order_and_then_only_look(rehearsal: Rehearsal) -> None:
    """A few at a time, as the places allow; when all is there nothing but lists is asked for."""
    backups = fill(rehearsal)
    planned = sweep(rehearsal, dryRun=True)
    assert planned["counts"] == {"deferred": 9, "excluded": 4, "planned": 3}
    assert copies(rehearsal) == {}

    for _ in range(MOST_SWEEPS):
        answer = sweep(rehearsal)
        assert answer["status"] == "OK"
        if not answer["counts"].keys() & {"copied", "deferred", "in_flight"}:
            break
        rehearsal.tenant.pass_time()

    assert copies(rehearsal) == one_good_copy_each(backups)
    sweep(rehearsal)
    before = requests(rehearsal)
    assert sweep(rehearsal)["counts"] == {"excluded": 4, "exists": 12}
    asked = requests(rehearsal) - before
    assert asked
    assert all(operation.startswith("List") or operation == "PostMetricData" for operation in asked), asked


def test_the_default_schedule_sweeps_the_functions_own_compartment(cloud: Emulator) -> None:
    """An empty payload on a function of which nothing but the destination was configured."""
    with rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as running:
        running.tenant.compartment_id = cloud.compartment_id
        backup = running.group_backup()
        answer = running.invoke(b"")

        assert (answer["status"], answer["trigger"]) == ("OK", "tick")
        assert backup.id in {each["sourceId"] for each in answer["results"] if each["outcome"] == "copied"}


@pytest.mark.parametrize("after_work", [False, True], ids=["before the copy was begun", "after it was begun"])
def test_a_function_killed_while_it_copies_leaves_one_copy_in_the_end(
    cloud: Emulator, rehearsal: Rehearsal, *, after_work: bool
) -> None:
    """SIGKILL between the copy call and its answer: the next sweep, in a new process, sees what there is."""
    backups = fill(rehearsal)
    hanging = threading.Event()
    cloud.watch(lambda entry: hanging.set() if entry["kind"] == "fault" else None)
    hang = Hang(PATIENCE, after_work=after_work)
    cloud.call(lambda each: each.faults.script(hang, operation="CopyVolumeBackup"))
    with ThreadPoolExecutor(1) as callers:
        call = callers.submit(rehearsal.post, {**SWEEP, "compartmentId": rehearsal.tenant.compartment_id})
        assert hanging.wait(PATIENCE)
        os.kill(rehearsal.pids[-1], signal.SIGKILL)
        assert call.result().status_code == 502
    cloud.call(lambda each: each.faults.stop())

    converge(rehearsal)

    assert copies(rehearsal) == one_good_copy_each(backups)
    assert len(set(rehearsal.pids)) == 2


def test_with_a_third_of_all_calls_failing_everything_is_copied_once(cloud: Emulator) -> None:
    """Errors and broken connections, before and after the work was done, from the first sweep to the last."""
    with rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as running:
        backups = fill(running)
        rates = {FaultKind.ANSWER: 0.2, FaultKind.CUT: 0.1333}
        cloud.call(lambda each: each.faults.draw(random.Random(11), rates))

        converge(running)

        assert copies(running) == one_good_copy_each(backups, [PHOENIX])
        counts = cloud.call(lambda each: each.faults.counts)
        assert min(counts[kind] for kind in rates) > 5, counts


def converge(rehearsal: Rehearsal) -> None:
    """Sweep until nothing is left to do; what a sweep answers with 502 is none of it."""
    for _ in range(MOST_SWEEPS):
        response = rehearsal.post({**SWEEP, "compartmentId": rehearsal.tenant.compartment_id})
        if response.status_code == 200 and response.json()["counts"].keys() == {"excluded", "exists"}:
            return
        rehearsal.tenant.pass_time()
    pytest.fail("the sweeps came to no end")
