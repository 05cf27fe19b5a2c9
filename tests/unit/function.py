"""The function in this process, called as the FDK calls it, with the fakes where the cloud would be."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fdk.context import InvokeContext

import func
from handlers.core.model import Deadline
from handlers.core.ports import Call
from handlers.core.settings import REGION_KEY
from handlers.services import Services
from tests.fakes import AWAY, COMPARTMENT, HOME, FakeCloud, one_after_the_other

CALL_ID = "01KAJ"


class FakeServices(Services):
    """A container's services over a fake cloud and its clock."""

    def __init__(self, environment: dict[str, str], cloud: FakeCloud) -> None:
        super().__init__(environment, cloud.clock, workers=one_after_the_other)
        self._cloud = cloud

    def call(self, deadline: Deadline, occurrence: str | None) -> Call:
        over_the_sdk, cloud = super().call(deadline, occurrence), self._cloud
        return replace(
            over_the_sdk,
            backups=cloud,
            within=None,
            own_compartment=lambda: COMPARTMENT,
            metrics=cloud.metrics,
            notices=over_the_sdk.notices and cloud.notices,
            subscriptions=cloud.subscriptions,
        )


class Function:
    """A function in the home region that copies to one other; `environment` is read anew at each call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = FakeCloud()
        self.environment = {REGION_KEY: HOME, "DESTINATION_REGIONS": AWAY}
        monkeypatch.setattr(func, "services", lambda: FakeServices(self.environment, self.cloud))

    def invoke(self, body: bytes | None, deadline: str = "") -> tuple[int, dict[str, Any]]:
        """Status and answer of a call, which may take five minutes unless told."""
        deadline = deadline or (self.cloud.clock.now() + timedelta(minutes=5)).isoformat()
        context = InvokeContext("app", "app", "fn", "fn", CALL_ID, deadline=deadline, config={}, headers={})
        response = func.handler(context, None if body is None else io.BytesIO(body))
        assert context.GetResponseHeaders()["content-type"] == "application/json"
        return response.status(), json.loads(response.body())
