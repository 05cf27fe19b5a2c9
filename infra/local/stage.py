"""The stage of a rehearsal: an emulated cloud with something to protect, and the function in it, to be triggered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from infra.emulator.block_volume.limits import Limits, State, Timings
from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from infra.local.fn_server import FnServer
from infra.local.function import App, Function
from infra.local.operator import Operator

FUNC_YAML = Path(__file__).parents[2] / "func.yaml"
HOME, DESTINATION = "us-ashburn-1", "us-phoenix-1"
SPEED = 60.0
"""A minute of the cloud in a second: long enough to watch, and short enough."""

# Seconds of cloud time; members are done a little before their group.
TIMINGS = Timings(
    backup=((0, State.REQUEST_RECEIVED), (30, State.CREATING), (240, State.AVAILABLE)),
    group_backup=(
        (0, State.REQUEST_RECEIVED),
        (30, State.CREATING),
        (150, State.COMMITTED),
        (300, State.AVAILABLE),
    ),
    copy=((0, State.CREATING), (420, State.AVAILABLE)),
    group_copy=((0, State.CREATING), (300, State.COMMITTED), (540, State.AVAILABLE)),
)

Entry = Mapping[str, Any]
Listener = Callable[[Entry], None]


@dataclass(frozen=True)
class Stage:
    """What stands on the stage while it is up; `volume_group_id` is in HOME."""

    emulator: Emulator
    fn: FnServer
    function: Function
    operator: Operator
    volume_group_id: str

    def set_triggers(self) -> None:
        """Have a nightly alarm and finished backups call the function: first who listens is set up, then who speaks."""
        topic_id = self.operator.subscribe(HOME, self.function.id)
        self.operator.copy_when_backed_up(HOME, self.function.id, ("volumegroup", "volume", "bootvolume"))
        self.operator.schedule(HOME, topic_id)


@contextmanager
def raise_stage(watch: Listener, logs: Path, *, speed: float, cloud_port: int = 0, fn_port: int = 0) -> Iterator[Stage]:
    """Start the cloud and Fn, create a volume group, and deploy the function with that group in its SCHEDULE.

    `speed` is that of the cloud's clock. All that happens is told to `watch`, with the cloud's time, and written to
    files in `logs`. Leaving it ends all; what breaks by that is in the files only.
    """
    ending = Event()

    def tell(entry: Entry) -> None:
        if not ending.is_set():
            watch(entry)

    with ExitStack() as stack:
        record = stack.enter_context(_recorder(tell, logs))
        regions = [HOME, DESTINATION]
        emulator = stack.enter_context(Emulator(regions, port=cloud_port, speed=speed, limits=Limits(timings=TIMINGS)))
        emulator.watch(record)
        operator = Operator(emulator.config_file, emulator.proxy_url, emulator.ca_file, emulator.compartment_id)
        # A boot volume comes with an instance, which is not the storage service's to create.
        boot_volume_id = emulator.call(lambda cloud: cloud.block_volume.seed_boot_volume(HOME, "shop-boot"))
        group_id = operator.create_volume_group(HOME, "shop", boot_volume_id, {"shop-data": 200, "shop-logs": 50})
        function = _function(emulator, group_id)
        fn = FnServer([function], port=fn_port)
        fn.watch(lambda entry: record({"time": emulator.call(lambda cloud: cloud.clock.now().isoformat()), **entry}))
        stack.enter_context(fn)
        emulator.register_function(function.id, fn.invoke_url(function))
        try:
            yield Stage(emulator, fn, function, operator, group_id)
        finally:
            ending.set()


def _function(emulator: Emulator, group_id: str) -> Function:
    nightly = {"operation": "CreateVolumeGroupBackup", "volumeGroupId": group_id, "displayName": "nightly"}
    return Function.deployed(
        FUNC_YAML,
        app=App(new_ocid("fnapp", HOME), "rehearsal"),
        region=HOME,
        config={"DESTINATION_REGIONS": DESTINATION, "SCHEDULE": json.dumps(nightly)},
        environment={**emulator.environment(), **emulator.resource_principal(HOME)},
    )


@contextmanager
def _recorder(watch: Listener, logs: Path) -> Iterator[Listener]:
    """A listener that hands on to `watch` and keeps the cloud's diary and the function's own lines in files."""
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "cloud.jsonl").open("w", buffering=1) as cloud, (logs / "function.log").open("w", buffering=1) as own:

        def record(entry: Entry) -> None:
            if entry["kind"] == "function.wrote":
                own.write(f"{entry['line']}\n")
            else:
                cloud.write(f"{json.dumps(entry, default=str)}\n")
            watch(entry)

        yield record
