"""The function in its process, the cloud on a standing clock, and what a test says to both."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from infra.local.fn_server import FnServer
from infra.local.function import App, Function
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant

FUNC_YAML = Path(__file__).parents[2] / "func.yaml"
TREE = Path(os.environ["FUNCTION_TREE"]).resolve() if os.environ.get("FUNCTION_TREE") else None
"""Where `make test-image` keeps what the function's image holds; without it, the checkout is what runs."""
PATIENCE = 20.0


@dataclass
class Rehearsal:
    """A running function with a cloud of its own. `lines` is everything that the function has written."""

    tenant: Tenant
    server: FnServer
    function: Function
    lines: list[str] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    """The process that took each call."""
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def invoke(self, payload: object) -> dict[str, Any]:
        """The function's answer to a payload: JSON, or bytes as they are."""
        answer: dict[str, Any] = self.post(payload).raise_for_status().json()
        return answer

    def post(self, payload: object) -> httpx.Response:
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return httpx.post(self.server.invoke_url(self.function), content=content, timeout=PATIENCE)

    def take(self, event: dict[str, Any]) -> None:
        """Remember what the function writes and when it has answered."""
        with self._changed:
            if event["kind"] == "function.wrote":
                self.lines.append(event["line"])
            if event["kind"] == "function.answered":
                self.answers.append(event)
            if event["kind"] == "function.called":
                self.pids.append(event["pid"])
            self._changed.notify_all()

    def wait_for_answers(self, count: int) -> None:
        """Return when the function has answered so often in all: deliveries come in their own time."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answers) >= count, PATIENCE), self.lines

    def log(self, event: str) -> list[dict[str, Any]]:
        """The log lines of this name so far."""
        with self._changed:
            return [entry for line in self.lines if (entry := json.loads(line))["event"] == event]

    def outcomes(self, payload: object) -> list[str]:
        """The outcome of each result of an invocation, in order."""
        return [result["outcome"] for result in self.invoke(payload)["results"]]

    def copies(self, backup_id: str, region: str = PHOENIX) -> list[Any]:
        """The volume group copies of a backup in a region, as the SDK's own client sees them."""
        found = self.tenant.block_volume(region).list_volume_group_backups(self.tenant.compartment_id).data
        return [copy for copy in found if copy.source_volume_group_backup_id == backup_id]

    def group_backup(self, **details: Any) -> Any:
        """A finished backup of a new volume group."""
        return self.tenant.group_backup(self.tenant.group().id, **details)


@contextmanager
def rehearse(
    emulator: Emulator,
    config: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    *,
    memory: int | None = None,
) -> Iterator[Rehearsal]:
    """Deploy the function from `func.yaml` with this configuration into a compartment of its own.

    With `memory` it is told that it has so many MB.
    """
    tenant = Tenant(emulator, emulator.call(lambda cloud: cloud.identity.create_compartment("rehearsal")))
    function = Function.deployed(
        FUNC_YAML,
        app=App(new_ocid("fnapp", ASHBURN), "rehearsal"),
        region=ASHBURN,
        config=config,
        environment=environment or {**emulator.environment(), **emulator.resource_principal(ASHBURN)},
        tree=TREE,
    )
    function = replace(function, memory=memory or function.memory)
    with FnServer([function]) as server:
        rehearsal = Rehearsal(tenant, server, function)
        server.watch(rehearsal.take)
        emulator.register_function(function.id, server.invoke_url(function))
        yield rehearsal
        tenant.pass_time(timedelta(minutes=10))
