"""What OCI's control planes have in common: resources with ids and etags, retry tokens, and lists in pages."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.emulator.clock import Clock
from infra.emulator.details import invalid
from infra.emulator.ocids import new_ocid
from infra.emulator.retry_tokens import RetryTokens, invalidated
from infra.emulator.wire import ApiError, not_found, not_modelled, request_id


@dataclass
class Resource:
    """One resource: `fields` is its full representation as it stands on the wire, less its etag."""

    id: str
    region: str
    number: int
    created: datetime
    fields: dict[str, Any]
    etag: str = field(default_factory=lambda: uuid.uuid4().hex)

    def change(self, fields: Mapping[str, Any]) -> None:
        """Set some fields; the etag changes."""
        self.fields.update(fields)
        self.etag = uuid.uuid4().hex


@dataclass(frozen=True)
class Listing:
    """How a kind is listed: `filters` and `sorts` go from what the query says to the field it means.

    Unless asked otherwise a list is in the order of creation, for which a field of `""` stands too.
    """

    filters: Mapping[str, str]
    sorts: Mapping[str, str]
    default_limit: int
    largest_limit: int


class Collection:
    """The resources of one kind, in all regions. `kind` is the word in their OCIDs, `noun` the one in messages."""

    def __init__(self, kind: str, noun: str, clock: Clock, regions: Sequence[str]) -> None:
        self._kind, self._noun, self._clock, self._regions = kind, noun, clock, regions
        self._resources: dict[str, Resource] = {}
        self._tokens = RetryTokens(clock)
        self._numbers = itertools.count()

    def region_of(self, request: Request) -> str:
        """The region whose endpoint was called; 501 for one that this cloud does not have."""
        region = str(request.path_params["region"])
        if region not in self._regions:
            raise not_modelled(f"the region {region}")
        return region

    def create(
        self, request: Request, details: Mapping[str, Any], represent: Callable[[str, datetime], dict[str, Any]]
    ) -> tuple[Resource, bool]:
        """A new resource, or the one that the same `opc-retry-token` has already made; and whether it is new.

        `represent` makes the fields out of the new id and the time.
        """
        region, now = self.region_of(request), self._clock.now()
        token = request.headers.get("opc-retry-token")
        if token is not None and (earlier := self._tokens.recall(region, self._kind, token, details)):
            if earlier not in self._resources:
                raise invalidated()
            return self._resources[earlier], False
        resource_id = new_ocid(self._kind, region)
        resource = Resource(resource_id, region, next(self._numbers), now, represent(resource_id, now))
        self._resources[resource_id] = resource
        if token is not None:
            self._tokens.remember(region, self._kind, token, details, resource_id)
        return resource, True

    def get(self, request: Request) -> Resource:
        """The resource that the path names, of this region; a given `if-match` must be its etag."""
        resource = self.find(self.region_of(request), str(request.path_params["id"]))
        if request.headers.get("if-match", resource.etag) != resource.etag:
            raise ApiError(412, "NoEtagMatch", "The given etag does not match the resource's current one.")
        return resource

    def find(self, region: str, resource_id: str) -> Resource:
        """The resource with this id in this region, or OCI's 404."""
        resource = self._resources.get(resource_id)
        if resource is None or resource.region != region:
            raise not_found(self._noun, resource_id)
        return resource

    def remove(self, resource: Resource) -> None:
        """Take a resource away, at once and for good."""
        del self._resources[resource.id]

    def all_in(self, region: str) -> list[Resource]:
        """Every resource of a region, oldest first."""
        return [resource for resource in self._resources.values() if resource.region == region]

    def page(self, request: Request, listing: Listing) -> tuple[list[Resource], str | None]:
        """One page of a list, and where the next begins; sound while resources come and go."""
        query = _query(request, listing)
        if "compartmentId" not in query:
            raise ApiError(400, "MissingParameter", "Missing required query parameter compartmentId.")
        wanted = {"compartmentId": query["compartmentId"]}
        wanted |= {of: query[name] for name, of in listing.filters.items() if name in query}
        if "lifecycleState" in wanted:  # the one filter that takes either case
            wanted["lifecycleState"] = wanted["lifecycleState"].upper()
        found = [r for r in self.all_in(self.region_of(request)) if _matches(r, wanted)]
        sort = listing.sorts[query["sortBy"]] if "sortBy" in query else ""

        def place(resource: Resource) -> list[Any]:
            return [str(resource.fields.get(sort, "")), resource.number]

        descending = query.get("sortOrder", "ASC") == "DESC"
        found.sort(key=place, reverse=descending)
        if "page" in query:
            last = _read_page(query["page"])
            found = [r for r in found if (place(r) < last if descending else place(r) > last)]
        limit = _limit(query, listing)
        return found[:limit], _write_page(place(found[limit - 1])) if len(found) > limit else None


def answer(
    request: Request, content: object, status: int = 200, *, etag: str | None = None, next_page: str | None = None
) -> Response:
    """A JSON answer with OCI's headers; `None` as content makes an empty one."""
    headers = {"opc-request-id": request_id(request)}
    headers |= {"etag": etag} if etag else {}
    headers |= {"opc-next-page": next_page} if next_page else {}
    return Response(status_code=status, headers=headers) if content is None else JSONResponse(content, status, headers)


def refuse_the_rest(version: str) -> Route:
    """The last route of a service: every operation that stands before it is modelled, all others are refused."""

    async def refuse(request: Request) -> Response:
        raise not_modelled(f"{request.method} {request.url.path}")

    return Route(f"/{version}/{{rest:path}}", refuse, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])


def _query(request: Request, listing: Listing) -> dict[str, str]:
    query = dict(request.query_params)
    known = {"compartmentId", "limit", "page", "sortBy", "sortOrder", *listing.filters}
    if unknown := sorted(query.keys() - known):
        raise not_modelled(f"the query parameter {unknown[0]}")
    if "sortBy" in query and query["sortBy"] not in listing.sorts:
        raise invalid("sortBy", "one of " + ", ".join(listing.sorts))
    if query.get("sortOrder", "ASC") not in {"ASC", "DESC"}:
        raise invalid("sortOrder", "ASC or DESC")
    return query


def _matches(resource: Resource, wanted: Mapping[str, str]) -> bool:
    return all(resource.fields.get(name) == value for name, value in wanted.items())


def _limit(query: Mapping[str, str], listing: Listing) -> int:
    given = query.get("limit", str(listing.default_limit))
    if not given.isdecimal() or not 1 <= int(given) <= listing.largest_limit:
        raise invalid("limit", f"between 1 and {listing.largest_limit}")
    return int(given)


def _write_page(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_page(page: str) -> list[Any]:
    try:
        value, number = json.loads(base64.urlsafe_b64decode(page))
        return [str(value), int(number)]
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid("page", "the opc-next-page of an earlier answer") from error
