"""Everything that may arrive, told apart by its fields: operations, OCI events, alarm messages, and nothing at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, assert_never

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from handlers.core.errors import Problem, Rejected
from handlers.core.model import Kind
from handlers.core.ocid import Ocid
from handlers.core.operations import OPERATIONS, CopyBackup, Operation
from handlers.core.reading import describe, join, load_json
from handlers.core.report import Reason, Trigger

MAX_BYTES = 1_048_576
MAX_OPERATIONS = 100
RESOURCE_ID, BODY = "data.resourceId", "body"
"""Fields of an event and of an alarm."""

_MEANT = re.compile(r"""["']operation["']\s*:""", re.IGNORECASE)
_FINISHED = re.compile(r"com\.oraclecloud\.blockvolumes\.create(?:volumegroup|volume|bootvolume)backup\.end")
_ALARM_TICKS = {"OK_TO_FIRING", "REPEAT"}
_ALARM_KEYS = {"dedupeKey", "dedupekey", "alarmMetaData"}
_EVENT_KEYS = {"eventType", "cloudEventsVersion"}


@dataclass(frozen=True, slots=True)
class Work:
    """Operations to carry out. `operations` of `None` means the configured `SCHEDULE`.

    `occurrence` identifies the delivery's cause where the payload tells: two deliveries of one alarm have the same.
    `field` is where the operations stand in the payload; empty where they are the payload.
    """

    trigger: Trigger
    operations: tuple[Operation, ...] | None
    occurrence: str | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A message that asks for no work, such as an alarm that went back to OK."""

    trigger: Trigger
    reason: Reason
    resource_id: str | None = None
    occurrence: str | None = None


Payload = Work | Nothing


def parse(body: bytes) -> Payload:
    """What the caller wants. Raises `Rejected`, which names the fields, for whatever cannot be understood."""
    trigger, content = identify(body)
    return interpret(trigger, content)


def identify(body: bytes) -> tuple[Trigger, Any]:
    """Who calls, told from the names of the fields alone, and the JSON they sent; raises `Rejected` without either."""
    if len(body) > MAX_BYTES:
        raise Rejected(Problem("payload", f"is larger than {MAX_BYTES} bytes: send fewer operations"))
    content = load_json(body, "payload") if body.strip() else {}
    if not isinstance(content, dict | list):
        raise Rejected(Problem("payload", "must be a JSON object, or an array of operations"))
    if content == {}:
        return Trigger.TICK, content
    if isinstance(content, list) or "operation" in content:
        return Trigger.OPERATION, content
    if content.keys() & _EVENT_KEYS:
        return Trigger.EVENT, content
    if content.keys() & _ALARM_KEYS:
        return Trigger.ALARM, content
    raise Rejected(Problem("operation", f"is missing: name one of {', '.join(OPERATIONS)}"))


def interpret(trigger: Trigger, content: Any) -> Payload:  # noqa: ANN401 - JSON is any shape until it is looked at
    """What is wanted by whoever was identified; raises `Rejected`."""
    match trigger:
        case Trigger.TICK:
            return Work(trigger, None)
        case Trigger.OPERATION:
            return Work(trigger, parse_operations(content))
        case Trigger.EVENT:
            return _parse_event(content)
        case Trigger.ALARM:
            return _parse_alarm(content)
        case _:
            assert_never(trigger)


def parse_operations(content: object, field: str = "") -> tuple[Operation, ...]:
    """One operation, or a non-empty array of them; raises `Rejected` with every problem of every operation."""
    if not isinstance(content, list):
        return (_parse_operation(content, field),)
    if not content:
        raise Rejected(Problem(field or "payload", "is an empty array: name at least one operation"))
    if len(content) > MAX_OPERATIONS:
        raise Rejected(Problem(field or "payload", f"holds more than {MAX_OPERATIONS} operations: split it"))
    operations: list[Operation] = []
    problems: list[Problem] = []
    for index, item in enumerate(content):
        try:
            operations.append(_parse_operation(item, f"{field}[{index}]"))
        except Rejected as rejected:
            problems.extend(rejected.problems)
    if problems:
        raise Rejected(*problems)
    return tuple(operations)


def _parse_operation(content: object, field: str) -> Operation:
    if not isinstance(content, dict):
        raise Rejected(Problem(field or "payload", "must be an operation: a JSON object"))
    name = content.get("operation")
    model = OPERATIONS.get(name) if isinstance(name, str) else None
    if model is None:
        raise Rejected(Problem(join(field, "operation"), f"must be one of {', '.join(OPERATIONS)}"))
    camel = {to_camel(key) if "_" in key else key: value for key, value in content.items()}
    if len(camel) < len(content):
        raise Rejected(Problem(field or "payload", "names a field twice, in camelCase and in snake_case"))
    try:
        return model.model_validate(camel)
    except ValidationError as error:
        known = [str(each.alias) for each in model.model_fields.values()]
        raise Rejected(*describe(error, field, known)) from None


def _parse_event(content: dict[str, Any]) -> Payload:
    """https://docs.oracle.com/iaas/Content/Events/Reference/eventenvelopereference.htm"""
    event_type = content.get("eventType")
    if not isinstance(event_type, str):
        raise Rejected(Problem("eventType", "must be a string"))
    data = content.get("data")
    resource_id = data.get("resourceId") if isinstance(data, dict) else None
    parsed = Ocid.parse(resource_id) if isinstance(resource_id, str) else None
    if not _FINISHED.fullmatch(event_type.casefold()):
        return Nothing(Trigger.EVENT, Reason.EVENT_TYPE, resource_id if parsed else None)
    kind = next((each for each in Kind if parsed and each.backup_type == parsed.resource_type), None)
    if kind is None:
        raise Rejected(Problem(RESOURCE_ID, "must be the OCID of a volume, boot volume or volume group backup"))
    event_id = content.get("eventID")
    return Work(
        Trigger.EVENT,
        (copy_of(kind, str(resource_id)),),
        occurrence=event_id if isinstance(event_id, str) else None,
        field=RESOURCE_ID,
    )


def copy_of(kind: Kind, backup_id: str) -> CopyBackup:
    """The operation that copies this backup to wherever its copies belong."""
    content = {"operation": f"Copy{kind}Backup", f"{kind[0].lower()}{kind[1:]}BackupId": backup_id}
    operation = OPERATIONS[content["operation"]].model_validate(content)
    assert isinstance(operation, CopyBackup)  # noqa: S101 - for the type checker: the table says so
    return operation


def _parse_alarm(content: dict[str, Any]) -> Payload:
    """https://docs.oracle.com/iaas/Content/Monitoring/alarm-message-format.htm"""
    kind = content.get("type")
    if not isinstance(kind, str):
        raise Rejected(Problem("type", "must be a string such as OK_TO_FIRING"))
    if kind not in _ALARM_TICKS:
        return Nothing(Trigger.ALARM, Reason.ALARM_TYPE)
    key, moment = _first(content, "dedupeKey", "dedupekey"), _first(content, "timestamp", "timestampEpochMillis")
    occurrence = f"{key}@{moment}" if key is not None and moment is not None else None
    return Work(Trigger.ALARM, _operations_in(content.get(BODY)), occurrence=occurrence, field=BODY)


def _first(content: dict[str, Any], *keys: str) -> object:
    """What stands under the first of these keys that has anything."""
    return next((content[key] for key in keys if content.get(key) is not None), None)


def _operations_in(body: object) -> tuple[Operation, ...] | None:
    """The operations an alarm's body holds, or `None` when it is an operator's text or unset.

    Where a text has a key `operation`, it is meant as one, whatever is wrong with it: to run the schedule in its place,
    without a word, would do what nobody asked for.
    """
    if not isinstance(body, str):
        return None
    try:
        content = load_json(body, BODY)
    except Rejected:
        if _MEANT.search(body):
            raise
        return None
    named = content if isinstance(content, list) else [content]
    if not any(isinstance(each, dict) and "operation" in map(str.casefold, each) for each in named):
        return None
    return parse_operations(content, BODY)
