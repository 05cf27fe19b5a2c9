"""Lists: filtered, sorted, and in pages whose borders hold while resources come and go."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.emulator.block_volume.kinds import Kind
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.resource import Resource
from infra.emulator.details import invalid
from infra.emulator.wire import ApiError, not_modelled

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000
Query = Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """One page of a list, and where the next begins; `None` when there is none."""

    resources: list[Resource]
    next_page: str | None


def list_page(kind: Kind, resources: Iterable[Resource], query: Query) -> Page:
    """The page that `query` asks for; OCI's 400 for what it may not ask, 501 for what is not modelled."""
    _check(kind, query)
    limit, by_name, descending = _limit(query), query.get("sortBy") == "DISPLAYNAME", _descending(query)
    wanted = {name: query[name] for name in (*kind.filters, "compartmentId") if name in query}
    found = [resource for resource in resources if _matches(resource, wanted)]

    def place(resource: Resource) -> tuple[str, int]:
        return (resource.name if by_name else "", resource.number)

    found.sort(key=place, reverse=descending)
    order = [kind.path, by_name, descending, wanted]
    if "page" in query:
        last = _read(query["page"], order)
        found = [r for r in found if (place(r) < last if descending else place(r) > last)]
    more = len(found) > limit
    return Page(found[:limit], _write(order, place(found[limit - 1])) if more else None)


def _check(kind: Kind, query: Query) -> None:
    known = {"compartmentId", "limit", "page", *kind.filters} | ({"sortBy", "sortOrder"} if kind.sortable else set())
    if unknown := sorted(query.keys() - known):
        raise not_modelled(f"the query parameter {unknown[0]} of a list of {kind.noun}s")
    if kind.compartment_required and "compartmentId" not in query:
        raise ApiError(400, "MissingParameter", "Missing required query parameter compartmentId.")
    if query.get("sortBy", "TIMECREATED") not in {"TIMECREATED", "DISPLAYNAME"}:
        raise invalid("sortBy", "TIMECREATED or DISPLAYNAME")
    if query.get("sortOrder", "ASC") not in {"ASC", "DESC"}:
        raise invalid("sortOrder", "ASC or DESC")
    if query.get("lifecycleState", State.AVAILABLE).upper() not in set(State):
        raise invalid("lifecycleState", "a lifecycle state")


def _limit(query: Query) -> int:
    given = query.get("limit", str(DEFAULT_LIMIT))
    if not given.isdecimal() or not 1 <= int(given) <= LARGEST_LIMIT:
        raise invalid("limit", f"between 1 and {LARGEST_LIMIT}")
    return int(given)


def _descending(query: Query) -> bool:
    """Newest first and names from A, unless told."""
    default = "ASC" if query.get("sortBy") == "DISPLAYNAME" else "DESC"
    return query.get("sortOrder", default) == "DESC"


def _matches(resource: Resource, wanted: Query) -> bool:
    return all(
        resource.fields[name] == (value.upper() if name == "lifecycleState" else value)
        for name, value in wanted.items()
    )


def _write(order: list[Any], place: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, place]).encode()).decode()


def _read(page: str, order: list[Any]) -> tuple[str, int]:
    try:
        written, (name, number) = json.loads(base64.urlsafe_b64decode(page))
        last = (str(name), int(number))
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid("page", "the opc-next-page of an earlier answer") from error
    if written != order:
        raise invalid("page", "the opc-next-page of the same list in the same order")
    return last
