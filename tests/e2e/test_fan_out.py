"""A sweep that is too much for one call has the rest done by further calls of the function: the real process."""

from __future__ import annotations

import json

from handlers.core.fan_out import OTHERS_MB
from infra.emulator.server import Emulator
from tests.e2e.rehearsal import rehearse
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant

SWEEP = {"operation": "Sweep"}
COMPARTMENTS = 5


def test_what_is_too_much_for_one_call_is_done_by_others() -> None:
    """With memory for one compartment a call, five of them are copied in one tick, each backup once."""
    with Emulator([ASHBURN, PHOENIX], speed=None) as cloud:
        tenants = [
            Tenant(cloud, cloud.call(lambda each: each.identity.create_compartment("team")))
            for _ in range(COMPARTMENTS)
        ]
        backups = [tenant.volume_backup(tenant.volume().id) for tenant in tenants]
        config = {
            "FAN_OUT": "ON",
            "DESTINATION_REGIONS": PHOENIX,
            "COMPARTMENT_IDS": ",".join(tenant.compartment_id for tenant in tenants),
        }
        with rehearse(cloud, config, memory=OTHERS_MB) as rehearsal:
            answer = rehearsal.invoke(SWEEP)
            cloud.settle()
            while len(rehearsal.log("invocation.finished")) < COMPARTMENTS:
                rehearsal.wait_for_answers(len(rehearsal.answers) + 1)
            copies = [
                copy
                for tenant in tenants
                for copy in tenant.block_volume(PHOENIX).list_volume_backups(tenant.compartment_id).data
            ]
            parts = [json.loads(each.body) for each in cloud.call(lambda each: list(each.functions.invoked))]
            assert answer["status"] == "OK"
            assert answer["counts"] == {"copied": 1, "deferred": COMPARTMENTS - 1}
            assert sorted(copy.source_volume_backup_id for copy in copies) == sorted(each.id for each in backups)
            assert sorted(each for part in parts for each in part["compartmentId"]) == sorted(
                result["sourceId"] for result in answer["results"] if result["reason"] == "handed_on"
            )
            assert {entry["status"] for entry in rehearsal.log("invocation.finished")} == {"OK"}
            again = rehearsal.invoke({**SWEEP, "dryRun": True})
            assert set(again["counts"]) <= {"in_flight", "exists"}
