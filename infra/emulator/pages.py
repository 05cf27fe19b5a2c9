"""Lists: filtered, sorted, and in pages whose borders hold while resources come and go."""

from __future__ import annotations

import base64
import binascii
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from starlette.requests import Request

from infra.emulator.details import invalid
from infra.emulator.wire import ApiError, not_modelled, read_json

Query = Mapping[str, str]


class Listed(Protocol):
    """What can be listed: its fields as the API shows them, and a number that is greater for what was made later."""

    fields: dict[str, Any]
    number: int


R = TypeVar("R", bound=Listed)


@dataclass(frozen=True)
class Listing:
    """How a kind is listed: `filters` and `sorts` go from what the query says to the field it means.

    `""` means the order of creation, which is also that of a list that is not asked for another. A kind without
    `sorts` cannot be sorted. `states` are those that a filter by `lifecycleState` may name, in either case.
    """

    filters: Mapping[str, str]
    sorts: Mapping[str, str]
    default_limit: int
    largest_limit: int
    states: Collection[str] = ()
    newest_first: bool = False
    compartment_required: bool = True


def page_of(resources: Iterable[R], request: Request, listing: Listing) -> tuple[list[R], str | None]:
    """The page that a request asks for, and its `opc-next-page`; `None` with the last.

    `resources` come in the order in which they were made, as their numbers do: thousands need not be sorted anew.
    Raises OCI's 400 for what the query may not say, 501 for what is not modelled.
    """
    query = _read_query(request, listing)
    limit, wanted = _limit(query, listing), _wanted(query, listing)
    sort = listing.sorts.get(query.get("sortBy", ""), "")
    unless_told = "DESC" if listing.newest_first and not sort else "ASC"
    descending = query.get("sortOrder", unless_told) == "DESC"

    def place(resource: Listed) -> tuple[str, int]:
        return str(resource.fields.get(sort, "")), resource.number

    found = [resource for resource in resources if wanted.items() <= resource.fields.items()]
    if sort:
        found.sort(key=place)
    order = [str(request.url.replace(query="")), sort, descending, wanted]
    if "page" in query:
        last = _read_token(query["page"], order)
        before, after = bisect_left(found, last, key=place), bisect_right(found, last, key=place)
        found = found[:before] if descending else found[after:]
    page = found[: -limit - 1 : -1] if descending else found[:limit]
    return page, _write_token(order, place(page[-1])) if len(found) > limit else None


def _read_query(request: Request, listing: Listing) -> Query:
    query = request.query_params
    known = {"compartmentId", "limit", "page", *listing.filters} | ({"sortBy", "sortOrder"} if listing.sorts else set())
    if unknown := sorted(query.keys() - known):
        raise not_modelled(f"the query parameter {unknown[0]} of {request.url.path}")
    if repeated := sorted(name for name in query if len(query.getlist(name)) > 1):
        raise invalid(repeated[0], "given only once")
    if listing.compartment_required and "compartmentId" not in query:
        raise ApiError(400, "MissingParameter", "Missing required query parameter compartmentId.")
    if "sortBy" in query and query["sortBy"] not in listing.sorts:
        raise invalid("sortBy", "one of " + ", ".join(listing.sorts))
    if query.get("sortOrder", "ASC") not in {"ASC", "DESC"}:
        raise invalid("sortOrder", "ASC or DESC")
    if "lifecycleState" in query and query["lifecycleState"].upper() not in listing.states:
        raise invalid("lifecycleState", "one of " + ", ".join(listing.states))
    return query


def _limit(query: Query, listing: Listing) -> int:
    given = query.get("limit", str(listing.default_limit))
    if not re.fullmatch("[0-9]{1,9}", given) or not 1 <= int(given) <= listing.largest_limit:
        raise invalid("limit", f"between 1 and {listing.largest_limit}")
    return int(given)


def _wanted(query: Query, listing: Listing) -> dict[str, str]:
    """The fields that a resource must have to be in the list."""
    filters = {"compartmentId": "compartmentId", **listing.filters}
    wanted = {field: query[name] for name, field in filters.items() if name in query}
    if "lifecycleState" in wanted:
        wanted["lifecycleState"] = wanted["lifecycleState"].upper()
    return wanted


def _write_token(order: list[Any], place: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, place]).encode()).decode()


def _read_token(token: str, order: list[Any]) -> tuple[str, int]:
    try:
        written, (value, number) = read_json(base64.urlsafe_b64decode(token))
        last = (str(value), int(number))
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid("page", "the opc-next-page of an earlier answer") from error
    if written != order:
        raise invalid("page", "the opc-next-page of the same list in the same order")
    return last
