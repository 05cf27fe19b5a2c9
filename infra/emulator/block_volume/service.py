"""The Block Volume API on the wire: https://docs.oracle.com/iaas/api/#/en/iaas/20160918/"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.block_volume.backups import Backups
from infra.emulator.block_volume.copies import Copies
from infra.emulator.block_volume.history import History
from infra.emulator.block_volume.kinds import BACKUPS, KINDS, BackupKind, Kind
from infra.emulator.block_volume.limits import Limits, State
from infra.emulator.block_volume.policy import Expiry, scheduled
from infra.emulator.block_volume.requests import COPY, read_create, read_update
from infra.emulator.block_volume.resource import ENDING, Resource
from infra.emulator.block_volume.storage import Storage
from infra.emulator.block_volume.volumes import Volumes
from infra.emulator.clock import Clock
from infra.emulator.control_plane import answer, region_of, require_match
from infra.emulator.details import read_details
from infra.emulator.diary import Diary
from infra.emulator.events import Events
from infra.emulator.identity import Identity
from infra.emulator.pages import page_of
from infra.emulator.region_subscriptions import RegionSubscriptions
from infra.emulator.retry_tokens import RetryTokens
from infra.emulator.wire import ApiError, json_object, not_found

VERSION = "20160918"


class BlockVolume:
    """The service in all regions."""

    def __init__(
        self,
        clock: Clock,
        diary: Diary,
        identity: Identity,
        events: Events,
        subscriptions: RegionSubscriptions,
        limits: Limits,
    ) -> None:
        self._clock, self._identity = clock, identity
        self.storage = Storage(clock, diary, identity, events, limits, subscriptions)
        self._tokens = RetryTokens(clock, self._find_living)
        self._volumes = Volumes(self.storage)
        self._backups = Backups(self.storage, self._volumes)
        self._copies = Copies(self.storage, self._backups)
        self._expiry = Expiry(clock, self._backups)

    def routes(self) -> list[BaseRoute]:
        """The operations of every kind, with full paths."""
        routes: list[BaseRoute] = []
        for kind in KINDS:
            collection = f"/{VERSION}/{kind.path}"
            routes += [
                Route(collection, partial(self._list, kind), methods=["GET"]),
                Route(collection, partial(self._create, kind), methods=["POST"]),
                Route(f"{collection}/{{id}}", partial(self._get, kind), methods=["GET"]),
                Route(f"{collection}/{{id}}", partial(self._update, kind), methods=["PUT"]),
                Route(f"{collection}/{{id}}", partial(self._delete, kind), methods=["DELETE"]),
            ]
        routes += [
            Route(f"/{VERSION}/{kind.path}/{{id}}/actions/copy", partial(self._copy, kind), methods=["POST"])
            for kind in BACKUPS
        ]
        return routes

    def seed_boot_volume(self, region: str, display_name: str, **details: Any) -> str:  # noqa: ANN401 - JSON fields
        """Make a boot volume as if an instance had been launched; its OCID. `details` are fields of a create."""
        given = {"displayName": display_name, "compartmentId": self._identity.compartment_id, **details}
        return self._volumes.seed_boot_volume(region, given).id

    def seed_scheduled_backup(
        self,
        kind: BackupKind,
        region: str,
        source_id: str,
        *,
        kept_for: timedelta = timedelta(days=7),
        **details: Any,  # noqa: ANN401 - JSON fields
    ) -> str:
        """Make a backup as if Oracle's backup policy had: SCHEDULED, and deleted after `kept_for`; its OCID.

        It lives as any backup does, from REQUEST_RECEIVED on. `details` are fields of a create.
        """
        asked = read_create(kind, {kind.of_field: source_id, **details})
        backup = self._backups.create(kind, region, scheduled(asked, self._clock.now() + kept_for))
        self._expiry.await_end_of(backup)
        return backup.id

    def history(self, start: datetime) -> History:
        """A past to put resources into: what is made through it was made at `start` or later, and is AVAILABLE."""
        return History(self.storage, start, self._expiry)

    def fail_next(self, operation: str, times: int = 1) -> None:
        """Let what the next operations of this name (`CopyVolumeBackup`) make end FAULTY, members of groups included.

        The operation itself is answered as ever; a group with a FAULTY member becomes FAULTY with it.
        """
        self.storage.failures[operation] += times

    async def _create(self, kind: Kind, request: Request) -> Response:
        region, operation = self._region(request), f"Create{kind.name}"
        details = read_create(kind, await json_object(request))
        parent = None
        if isinstance(kind, BackupKind):
            parent = self.storage.resources.get(kind.of, region, details[kind.of_field]).fields["compartmentId"]
        for compartment_id in {parent, details.get("compartmentId")} - {None}:
            self._identity.authorize(request.state.principal, operation, str(compartment_id))

        def perform() -> Resource:
            if isinstance(kind, BackupKind):
                return self._backups.create(kind, region, details)
            return self._volumes.create(kind, region, details)

        return _answer(request, self._tokens.once(request, operation, details, perform))

    async def _copy(self, kind: BackupKind, request: Request) -> Response:
        operation = f"Copy{kind.name}"
        source = self._find(kind, operation, request)
        details = read_details(await json_object(request), COPY)
        asked = {**details, kind.id_field: source.id}
        copy = partial(self._copies.copy, kind, source, details)
        return _answer(request, self._tokens.once(request, operation, asked, copy))

    async def _list(self, kind: Kind, request: Request) -> Response:
        compartment_id = request.query_params.get("compartmentId", self._identity.tenancy_id)
        self._identity.authorize(request.state.principal, f"List{kind.name}s", compartment_id)
        resources = self.storage.listed(kind, self._region(request))
        page, following = page_of(resources, request, kind.listing)
        return answer(request, [resource.answer() for resource in page], next_page=following)

    async def _get(self, kind: Kind, request: Request) -> Response:
        return _answer(request, self._find(kind, f"Get{kind.name}", request))

    async def _update(self, kind: Kind, request: Request) -> Response:
        resource = self._find(kind, f"Update{kind.name}", request)
        details = read_update(kind, await json_object(request))
        require_match(request, resource.etag)
        _require_alive(resource)
        (self._backups if isinstance(kind, BackupKind) else self._volumes).update(resource, details)
        self.storage.note_update(resource, details)
        return _answer(request, resource)

    async def _delete(self, kind: Kind, request: Request) -> Response:
        resource = self._find(kind, f"Delete{kind.name}", request)
        require_match(request, resource.etag)
        _require_alive(resource)
        (self._backups if isinstance(kind, BackupKind) else self._volumes).delete(resource)
        return answer(request, None, 204)

    def _region(self, request: Request) -> str:
        return region_of(request, self.storage.regions)

    def _find(self, kind: Kind, operation: str, request: Request) -> Resource:
        """The resource that the path names; whoever may not do this to it gets the same 404 as if it did not exist."""
        resource = self.storage.resources.get(kind, self._region(request), request.path_params["id"])
        if not self._identity.may(request.state.principal, operation, resource.fields["compartmentId"]):
            raise not_found(kind.name, resource.id)
        return resource

    def _find_living(self, resource_id: str) -> Resource | None:
        resource = self.storage.resources.find(resource_id)
        return None if resource is None or resource.state in ENDING else resource


def _answer(request: Request, resource: Resource) -> Response:
    return answer(request, resource.answer(), etag=resource.etag)


def _require_alive(resource: Resource) -> None:
    if resource.state is State.TERMINATED:
        raise not_found(resource.kind.name, resource.id)
    if resource.state is State.TERMINATING:
        raise ApiError(409, "IncorrectState", f"The {resource.kind.noun} is TERMINATING.")
