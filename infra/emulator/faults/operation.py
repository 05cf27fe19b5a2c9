"""Names of operations, as the API's reference has them, for requests."""

from __future__ import annotations

import re

from infra.emulator.block_volume.kinds import BACKUPS, KINDS

_NOUNS = {kind.path: kind.name for kind in KINDS} | {
    "rules": "Rule",
    "alarms": "Alarm",
    "topics": "Topic",
    "subscriptions": "Subscription",
}
_OTHERS = {
    ("POST", "metrics", False, None): "PostMetricData",
    ("GET", "functions", True, None): "GetFunction",
    ("POST", "functions", True, "/actions/invoke"): "InvokeFunction",
    ("GET", "tenancies", True, "/regionSubscriptions"): "ListRegionSubscriptions",
}
"""Operations whose names do not follow from a noun: by method, collection, whether one of it is named, and action."""
_PATH = re.compile(r"/[0-9]{8}/(?P<collection>[A-Za-z]+)(?P<id>/[^/]+)?(?P<action>/.+)?")
_VERBS = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}

OPERATIONS = frozenset(
    {f"{verb}{noun}" for verb in ("Create", "Get", "Update", "Delete") for noun in _NOUNS.values()}
    | {f"List{noun}s" for noun in _NOUNS.values()}
    | {f"Copy{kind.name}" for kind in BACKUPS}
    | {"PublishMessage", *_OTHERS.values()}
)
"""Every operation that the emulator models."""


def operation_of(method: str, path: str) -> str | None:
    """The operation (`CopyVolumeBackup`) that a request asks for; `None` for what the emulator does not model."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    collection, action, of_one = found["collection"], found["action"], found["id"] is not None
    if other := _OTHERS.get((method, collection, of_one, action)):
        return other
    noun = _NOUNS.get(collection)
    if noun is None:
        return None
    name = _name(method, noun, action, of_one=of_one)
    return name if name in OPERATIONS else None


def _name(method: str, noun: str, action: str | None, *, of_one: bool) -> str | None:
    match method, action:
        case "POST", "/actions/copy":
            return f"Copy{noun}"
        case "POST", "/messages" if noun == "Topic":
            return "PublishMessage"
        case "POST", None if not of_one:
            return f"Create{noun}"
        case "GET", None if not of_one:
            return f"List{noun}s"
        case _, None if of_one and method in _VERBS:
            return _VERBS[method] + noun
        case _:
            return None
