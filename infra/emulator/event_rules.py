"""The condition of an Events rule: which events it matches.

https://docs.oracle.com/iaas/Content/Events/Concepts/filterevents.htm
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.emulator.details import invalid
from infra.emulator.wire import not_modelled, read_json

Json = Any


@dataclass(frozen=True)
class Condition:
    """A filter as OCI writes it: a JSON object with the fields that an event must have.

    A string must equal the event's, where `*` stands for any characters; of a list, any value must match; fields
    not mentioned are ignored. Upper and lower case differ, in event types too: no source says otherwise.
    """

    wanted: Mapping[str, Json]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read a rule's `condition`; 400 for what OCI would not take, 501 for what it does not document."""
        try:
            wanted = read_json(text)
        except ValueError as error:
            raise invalid("condition", "a JSON object") from error
        if not isinstance(wanted, dict):
            raise invalid("condition", "a JSON object")
        _check(wanted)
        return cls(wanted)

    def matches(self, event: Mapping[str, Json]) -> bool:
        """Whether the event has all that is wanted."""
        return _object_matches(self.wanted, event)


def _check(wanted: Mapping[str, Json]) -> None:
    for name, value in wanted.items():
        if "*" in name:
            raise invalid("condition", "without wildcards in field names")
        if isinstance(value, dict):
            _check(value)
        elif value == []:
            raise invalid("condition", "without empty arrays")
        elif any(not isinstance(choice, str | int | float) for choice in _choices(value)):
            raise not_modelled(f"a condition on {name} with null or nested values")


def _object_matches(wanted: Mapping[str, Json], event: Mapping[str, Json]) -> bool:
    return all(name in event and _value_matches(value, event[name]) for name, value in wanted.items())


def _value_matches(wanted: Json, found: Json) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and _object_matches(wanted, found)
    return any(_scalar_matches(choice, value) for choice in _choices(wanted) for value in _choices(found))


def _scalar_matches(wanted: Json, found: Json) -> bool:
    if isinstance(wanted, str) and isinstance(found, str):
        return re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), found, re.DOTALL) is not None
    if wanted == "*":
        return isinstance(found, str | int | float)
    # In Python, True equals 1.
    return type(wanted) is type(found) and bool(wanted == found)


def _choices(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
