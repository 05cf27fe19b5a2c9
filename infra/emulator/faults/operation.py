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
_PATH = re.compile(r"/[0-9]{8}/(?P<collection>[A-Za-z]+)(?P<id>/[^/]+)?(?P<action>/.+)?")
_VERBS = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}

OPERATIONS = frozenset(
    {f"{verb}{noun}" for verb in ("Create", "Get", "Update", "Delete") for noun in _NOUNS.values()}
    | {f"List{noun}s" for noun in _NOUNS.values()}
    | {f"Copy{kind.name}" for kind in BACKUPS}
    | {"PublishMessage"}
)
"""Every operation that the emulator models."""


def operation_of(method: str, path: str) -> str | None:
    """The operation (`CopyVolumeBackup`) that a request asks for; `None` for what the emulator does not model."""
    found = _PATH.fullmatch(path)
    noun = _NOUNS.get(found["collection"]) if found else None
    if found is None or noun is None:
        return None
    name = _name(method, noun, found["action"], of_one=found["id"] is not None)
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
