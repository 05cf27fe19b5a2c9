"""The details object of a create or update request: which fields it may have, and of which form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.emulator.wire import ApiError


def _anything(_: Any) -> bool:  # noqa: ANN401 - a JSON value
    return True


@dataclass(frozen=True)
class Field:
    """One field of a details object; `says` completes the sentence "… must be" of the error."""

    kind: type | tuple[type, ...]
    required: bool = False
    accepts: Callable[[Any], bool] = _anything
    says: str = "valid"


def text(shortest: int, longest: int, *, required: bool = False) -> Field:
    """A string of `shortest` to `longest` characters."""
    return Field(str, required, lambda v: shortest <= len(v) <= longest, f"{shortest} to {longest} characters long")


def one_of(*values: str, required: bool = False) -> Field:
    """A string out of a few."""
    return Field(str, required, lambda v: v in values, "one of " + ", ".join(values))


def _are_freeform_tags(tags: dict[str, Any]) -> bool:
    return len(tags) <= 10 and all(0 < len(k) <= 100 and isinstance(v, str) and len(v) <= 256 for k, v in tags.items())


def _are_defined_tags(tags: dict[str, Any]) -> bool:
    return all(isinstance(namespace, dict) for namespace in tags.values())


TAGS = {
    "freeformTags": Field(dict, accepts=_are_freeform_tags, says="at most 10 strings within their limits"),
    "definedTags": Field(dict, accepts=_are_defined_tags, says="namespaces of tags"),
}


def invalid(name: str, says: str) -> ApiError:
    """OCI's answer to a value that a field cannot have; it names the field, never the value."""
    return ApiError(400, "InvalidParameter", f"Invalid {name}: must be {says}.")


def read_details(body: Mapping[str, Any], fields: Mapping[str, Field], *, partial: bool = False) -> dict[str, Any]:
    """The fields that `body` sets, all checked; `null` is the same as absent.

    `partial` is for updates: nothing is required. Raises OCI's 400 for an unknown, missing or malformed field.
    """
    if unknown := sorted(body.keys() - fields.keys()):
        raise ApiError(400, "InvalidParameter", f"Unrecognized field {unknown[0]}.")
    details = {name: value for name, value in body.items() if value is not None}
    for name, field in fields.items():
        if name in details:
            _check(name, details[name], field)
        elif field.required and not partial:
            raise ApiError(400, "MissingParameter", f"Missing required field {name}.")
    return details


def _check(name: str, value: Any, field: Field) -> None:  # noqa: ANN401 - a JSON value
    kinds = field.kind if isinstance(field.kind, tuple) else (field.kind,)
    # isinstance alone would let true and false pass for numbers.
    if type(value) not in kinds:
        raise invalid(name, "of type " + " or ".join(kind.__name__ for kind in kinds))
    if not field.accepts(value):
        raise invalid(name, field.says)
