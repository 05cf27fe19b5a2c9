"""The actions of an Events rule: the functions and topics that are told of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.emulator.details import Field, invalid, one_of, read_details, text
from infra.emulator.ocids import new_ocid, parse_ocid
from infra.emulator.wire import ApiError, not_modelled

_LIST = {"actions": Field(list, required=True, accepts=lambda v: 1 <= len(v) <= 10, says="1 to 10 actions")}
_COMMON = {
    "actionType": one_of("ONS", "OSS", "FAAS", required=True),
    "isEnabled": Field(bool, required=True),
    "description": text(0, 255),
}
_TARGETS = {"FAAS": ("functionId", "fnfunc"), "ONS": ("topicId", "onstopic")}


def read_actions(body: Mapping[str, Any], region: str, *, topics: bool) -> dict[str, list[dict[str, Any]]]:
    """The actions of a rule in `region` as they stand in answers, with ids and states; OCI's 400 for malformed ones.

    Streams are refused, and so are topics unless `topics`.
    """
    return {"actions": [_read_action(action, region, topics=topics) for action in read_details(body, _LIST)["actions"]]}


def _read_action(body: Any, region: str, *, topics: bool) -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    if not isinstance(body, dict):
        raise ApiError(400, "InvalidParameter", "Invalid actions: must be a list of objects.")
    kind = body.get("actionType")
    if kind == "OSS" or (kind == "ONS" and not topics):
        raise not_modelled(f"actions of type {kind}")
    target, resource = _TARGETS.get(str(kind), ("functionId", ""))
    action = read_details(body, {**_COMMON, target: text(1, 255, required=True)})
    ocid = parse_ocid(action[target])
    if ocid is None or ocid.kind != resource or not ocid.is_in(region):
        raise invalid(target, f"an OCID of {resource} in this region")
    state = "ACTIVE" if action["isEnabled"] else "INACTIVE"
    return {**action, "id": new_ocid("eventaction", region), "lifecycleState": state, "lifecycleMessage": ""}
