"""What OCI's control planes have in common: resources with ids and etags, who may do what to them, and answers."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.emulator.clock import Clock
from infra.emulator.identity import Identity
from infra.emulator.ocids import new_ocid
from infra.emulator.pages import Listing, page_of
from infra.emulator.retry_tokens import RetryTokens
from infra.emulator.wire import ApiError, not_found, not_modelled, request_id


@dataclass
class Resource:
    """One resource: `fields` is its full representation as it stands on the wire, less its etag."""

    id: str
    region: str
    number: int
    fields: dict[str, Any]
    etag: str = field(default_factory=lambda: uuid.uuid4().hex)

    def change(self, fields: Mapping[str, Any]) -> None:
        """Set some fields; the etag changes."""
        self.fields.update(fields)
        self.etag = uuid.uuid4().hex


class Collection:
    """The resources of one kind, in all regions. `kind` is the word in their OCIDs, `noun` the one in messages.

    Whoever may not do an `operation` (`CreateRule`) where the resource is gets OCI's 404.
    """

    def __init__(self, kind: str, noun: str, clock: Clock, identity: Identity, regions: Sequence[str]) -> None:
        self._kind, self._noun, self._clock, self._identity, self._regions = kind, noun, clock, identity, regions
        self._resources: dict[str, Resource] = {}
        self._tokens = RetryTokens(clock, self._resources.get)
        self._numbers = itertools.count()

    def region_of(self, request: Request) -> str:
        """The region whose endpoint was called; 501 for one that this cloud does not have."""
        return region_of(request, self._regions)

    def create(
        self,
        request: Request,
        operation: str,
        details: Mapping[str, Any],
        represent: Callable[[str, datetime], dict[str, Any]],
    ) -> Resource:
        """A new resource, or the one that the same `opc-retry-token` has already made.

        `represent` makes the fields out of the new id and the time.
        """
        region = self.region_of(request)
        self._identity.authorize(request.state.principal, operation, details["compartmentId"])

        def make() -> Resource:
            resource_id = new_ocid(self._kind, region)
            fields = represent(resource_id, self._clock.now())
            self._resources[resource_id] = Resource(resource_id, region, next(self._numbers), fields)
            return self._resources[resource_id]

        return self._tokens.once(request, operation, details, make)

    def get(self, request: Request, operation: str) -> Resource:
        """The resource that the path names, of this region; a given `if-match` must be its etag."""
        resource = self.find(self.region_of(request), str(request.path_params["id"]))
        if not self._identity.may(request.state.principal, operation, resource.fields["compartmentId"]):
            raise not_found(self._noun, resource.id)
        require_match(request, resource.etag)
        return resource

    def find(self, region: str, resource_id: str) -> Resource:
        """The resource with this id in this region, whoever asks, or OCI's 404."""
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

    def page(self, request: Request, operation: str, listing: Listing) -> tuple[list[Resource], str | None]:
        """One page of a list, and where the next begins."""
        compartment_id = request.query_params.get("compartmentId", self._identity.tenancy_id)
        self._identity.authorize(request.state.principal, operation, compartment_id)
        return page_of(self.all_in(self.region_of(request)), request, listing)


def region_of(request: Request, regions: Sequence[str]) -> str:
    """The region whose endpoint was called; 501 for one that is not among `regions`.

    Every operation asks this first, so that here also is refused what none but lists takes: a query.
    """
    is_list = request.method == "GET" and "id" not in request.path_params
    if request.query_params and not is_list:
        name = min(request.query_params.keys())
        raise not_modelled(f"the query parameter {name} of {request.method} {request.url.path}")
    region = str(request.path_params["region"])
    if region not in regions:
        raise not_modelled(f"the region {region}")
    return region


def require_match(request: Request, etag: str) -> None:
    """Answer 412 when `if-match` is given and is not this etag."""
    if request.headers.get("if-match", etag) not in {etag, "*"}:
        raise ApiError(412, "NoEtagMatch", "The given etag does not match the resource's current one.")


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

    return Route(f"/{version}/{{rest:path}}", refuse, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
