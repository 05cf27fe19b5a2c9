"""Who plays in a rehearsal: three regions, three sources, and what is wanted for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from infra.emulator.block_volume.limits import State, Timings
from infra.local.stage import Stage
from infra.local.terms import Terms

HOME, NEAR, FAR = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
REGIONS = (HOME, NEAR, FAR)

GOLD = Terms("6h", {HOME: "last 28", NEAR: "last 28", FAR: "14d"})
TAGGED = Terms("12h", {HOME: "14d", NEAR: "14d", FAR: "14d"})
OTHERS = Terms("1d", {HOME: "7d 4w", NEAR: "7d 4w"})
TERMS = {"shop": GOLD, "ledger": TAGGED, "web": OTHERS}
"""What is wanted for each source, by its name."""

POLICY = {
    "defaults": {"destinations": [NEAR], "every": OTHERS.every, "keep": OTHERS.keep[HOME]},
    "rules": [
        {
            "name": "gold",
            "match": {"tags": {"tier": "gold"}},
            "destinations": [NEAR, {"region": FAR, "keep": GOLD.keep[FAR]}],
            "every": GOLD.every,
            "keep": GOLD.keep[HOME],
        }
    ],
}
OWN_TAGS = {
    "backup-copy-destinations": f"{NEAR}, {FAR}",
    "backup-copy-every": TAGGED.every,
    "backup-copy-keep": TAGGED.keep[HOME],
}

# Seconds of cloud time; members are done a little before their group.
TIMINGS = Timings(
    backup=((0, State.REQUEST_RECEIVED), (60, State.CREATING), (600, State.AVAILABLE)),
    group_backup=(
        (0, State.REQUEST_RECEIVED),
        (60, State.CREATING),
        (300, State.COMMITTED),
        (900, State.AVAILABLE),
    ),
    copy=((0, State.CREATING), (2400, State.AVAILABLE)),
    group_copy=((0, State.CREATING), (1800, State.COMMITTED), (3000, State.AVAILABLE)),
    deletion=((0, State.TERMINATING), (120, State.TERMINATED)),
)


@dataclass(frozen=True)
class Source:
    """Something that is backed up in HOME, and the regions where each of its backups is to have a copy."""

    id: str
    name: str
    what: str
    destinations: tuple[str, ...]


@dataclass(frozen=True)
class Schedule:
    """An alarm whose `body` is an operation of the function: when it first fires, and how often then."""

    name: str
    first: timedelta
    every: str
    operation: Mapping[str, str]


# What is due is made when its time has come, and swept when it is finished; what is old goes a little at a time.
SCHEDULES = (
    Schedule("due-backups", timedelta(minutes=1), "PT6H", {"operation": "CreateDueBackups"}),
    Schedule("sweep", timedelta(minutes=45), "PT3H", {"operation": "Sweep"}),
    Schedule("retention", timedelta(hours=5, minutes=30), "PT6H", {"operation": "PruneCopies"}),
    Schedule("report", timedelta(hours=8), "PT24H", {"operation": "ReportCopies"}),
)


def create_sources(stage: Stage) -> tuple[Source, ...]:
    """A group that a rule is for, a volume with tags of its own, and a boot volume for which the defaults hold."""
    operator = stage.operator
    volumes = {"shop-data": 200, "shop-logs": 50}
    shop = operator.create_volume_group(HOME, "shop", stage.boot_volume("shop-boot"), volumes, {"tier": "gold"})
    web = stage.boot_volume("web")
    ledger = operator.create_volume(HOME, "ledger", 100, operator.domain_of(HOME, web), OWN_TAGS)
    return (
        Source(shop, "shop", "group, gold", GOLD.destinations),
        Source(ledger, "ledger", "volume, tagged", TAGGED.destinations),
        Source(web, "web", "boot volume", OTHERS.destinations),
    )


def configuration(topic_id: str) -> dict[str, str]:
    """The function's configuration; people are told through the topic, and a call without an operation sweeps."""
    schedule = json.dumps({"operation": "Sweep"})
    return {"POLICY": json.dumps(POLICY), "NOTIFICATION_TOPIC_ID": topic_id, "SCHEDULE": schedule}
