"""What is compared: a bare function of the FDK, a plain one with the SDK, and this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

import certifi

from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from infra.local.function import App, Function
from tests.bench.stage import DESTINATIONS, HOME, Answer, Process, running
from tests.bench.supply import Supply
from tests.bench.trees import Tree

FUNC_YAML = Path(__file__).parents[2] / "func.yaml"


class Subject(StrEnum):
    """As tables call them."""

    BARE = "bare FDK"
    PLAIN = "plain SDK"
    OURS = "this function"


class Asked(StrEnum):
    """What a call asks for."""

    COPY = "a copy"
    REJECTED = "rejected"


LONG = 3600.0
"""Seconds after which no process is ended in any benchmark."""

_FOLDERS = {Subject.BARE: "bare", Subject.PLAIN: "plain"}
_REJECTED = {"operation": "CopyVolumeGroupBackup", "volumeGroupBackupId": "none of ours", "destinationRegion": 1}


@dataclass(frozen=True)
class Principal:
    """As whom functions call the cloud, and where that is: the same for all, since each new one takes its time."""

    compartment_id: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, emulator: Emulator) -> Self:
        environment = {**emulator.environment(), **emulator.resource_principal(HOME)}
        return cls(emulator.compartment_id, {**environment, "REQUESTS_CA_BUNDLE": str(_bundle(emulator))})


def _bundle(emulator: Emulator) -> Path:
    """The emulated cloud's authority beside all those that clients trust: reading so many takes its time."""
    bundle = emulator.ca_file.with_name("bundle.pem")
    bundle.write_text(
        Path(certifi.where()).read_text(encoding="utf-8") + emulator.ca_file.read_text(), encoding="utf-8"
    )
    return bundle


def request(backup_id: str) -> dict[str, str]:
    """What all of them are asked for."""
    copied = {"volumeGroupBackupId": backup_id, "destinationRegion": DESTINATIONS[0]}
    return {"operation": "CopyVolumeGroupBackup", **copied}


def function_of(
    subject: Subject, tree: Tree, principal: Principal, destinations: Sequence[str] = DESTINATIONS[:1]
) -> Function:
    """The subject as it would be deployed in the home region, with the same memory and time as this function."""
    ours = Function.deployed(
        FUNC_YAML,
        app=App(new_ocid("fnapp", HOME), "bench"),
        region=HOME,
        config={"DESTINATION_REGIONS": ",".join(destinations), "COMPARTMENT_IDS": principal.compartment_id},
        environment={**principal.environment, **({} if tree.has_byte_code else {"PYTHONDONTWRITEBYTECODE": "1"})},
        tree=tree.folder,
    )
    if subject is Subject.OURS:
        return ours
    folder = _FOLDERS[subject]
    return replace(ours, name=folder, file=tree.folder / folder / "func.py", config={})


@dataclass(frozen=True)
class Runner:
    """A subject that can be called, and what its copies are made of."""

    subject: Subject
    tree: Tree
    process: Process
    supply: Supply

    def call(self, asked: Asked = Asked.COPY) -> Answer:
        """Have it do what is asked; raises `BenchmarkBroken` where it has not."""
        if asked is Asked.REJECTED:
            answer = self.process.call(_REJECTED)
            is_done = self.subject is Subject.BARE or answer.body["status"] == "REJECTED"
        else:
            backup_id = self.supply.fresh()
            answer = self.process.call(request(backup_id))
            is_done = self.subject is Subject.BARE or self.supply.is_copied(backup_id)
        if not is_done:
            raise self.process.broken(f"{asked} was asked for, but it answered {answer.body}")
        return answer


@contextmanager
def runners(
    emulator: Emulator,
    wanted: Sequence[tuple[Subject, Tree]],
    *,
    idle_timeout: float = LONG,
    environment: Mapping[str, str] | None = None,
) -> Iterator[list[Runner]]:
    """Each of them as a function of its own, not started. Its process ends when it was idle for so many seconds."""
    supply, principal = Supply(emulator), Principal.of(emulator)
    with ExitStack() as stack:
        found = []
        for subject, tree in wanted:
            function = function_of(subject, tree, principal)
            merged = {**function.environment, **(environment or {})}
            function = replace(function, idle_timeout=idle_timeout, environment=merged)
            found.append(Runner(subject, tree, stack.enter_context(running(emulator, function)), supply))
        yield found
