"""Volume group, volume and boot volume backups of one region, over Core Services' Block Volume API.

https://docs.oracle.com/iaas/api/#/en/iaas/latest/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from handlers.cloud.errors import translate
from handlers.core.errors import Passing
from handlers.core.model import Backup, Kind, Lifecycle, Source

CONNECT_SECONDS, READ_SECONDS, PAGE_SIZE = 10.0, 60.0, 1000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Names:
    """What the API calls things of one kind."""

    sources: str
    backups: str
    source_id: str
    copied_from: str
    filters_by_origin: bool


_NAMES = {
    Kind.VOLUME_GROUP: _Names(
        "/volumeGroups", "/volumeGroupBackups", "volumeGroupId", "sourceVolumeGroupBackupId", filters_by_origin=False
    ),
    Kind.VOLUME: _Names("/volumes", "/volumeBackups", "volumeId", "sourceVolumeBackupId", filters_by_origin=True),
    Kind.BOOT_VOLUME: _Names(
        "/bootVolumes", "/bootVolumeBackups", "bootVolumeId", "sourceBootVolumeBackupId", filters_by_origin=True
    ),
}


class RegionBackups:
    """The port `Backups` over the SDK. `patience` says how many seconds a call may take from now on."""

    def __init__(self, region: str, client: Any, patience: Callable[[], float]) -> None:  # noqa: ANN401 - the SDK has no types
        self.region = region
        self._client = client
        self._patience = patience

    def source(self, kind: Kind, source_id: str) -> Source:
        body, _ = self._call(f"Get{kind}", "GET", f"{_NAMES[kind].sources}/{{id}}", source_id)
        return Source(kind, source_id, body.get("freeformTags") or {})

    def get(self, kind: Kind, backup_id: str) -> Backup:
        return self._backup(kind, *self._call(f"Get{kind}Backup", "GET", f"{_NAMES[kind].backups}/{{id}}", backup_id))

    def copies_of(self, original: Backup) -> Sequence[Backup]:
        names = _NAMES[original.kind]
        query = {"compartmentId": original.compartment_id}
        query |= {names.copied_from: original.id} if names.filters_by_origin else {}
        return [copy for copy in self._list(original.kind, query) if copy.copied_from == original.id]

    def create(self, kind: Kind, body: Mapping[str, Any], retry_token: str) -> Backup:
        headers = {"opc-retry-token": retry_token}
        answer = self._call(f"Create{kind}Backup", "POST", _NAMES[kind].backups, body=body, headers=headers)
        return self._backup(kind, *answer)

    def copy(self, original: Backup, body: Mapping[str, Any], retry_token: str) -> Backup:
        path = f"{_NAMES[original.kind].backups}/{{id}}/actions/copy"
        headers = {"opc-retry-token": retry_token}
        answer = self._call(f"Copy{original.kind}Backup", "POST", path, original.id, body=body, headers=headers)
        return self._backup(original.kind, *answer, region=body["destinationRegion"])

    def update(self, kind: Kind, backup_id: str, body: Mapping[str, Any], if_match: str | None = None) -> Backup:
        headers = {"if-match": if_match} if if_match else {}
        path = f"{_NAMES[kind].backups}/{{id}}"
        answer = self._call(f"Update{kind}Backup", "PUT", path, backup_id, body=body, headers=headers)
        return self._backup(kind, *answer)

    def _list(self, kind: Kind, query: Mapping[str, str]) -> Iterator[Backup]:
        page: str | None = None
        while True:
            parameters = {**query, "limit": PAGE_SIZE, **({"page": page} if page else {})}
            items, headers = self._call(f"List{kind}Backups", "GET", _NAMES[kind].backups, query=parameters, shape=list)
            for item in items:
                yield self._backup(kind, item, headers)
            page = headers.get("opc-next-page")
            if not page:
                return

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        identifier: str | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        shape: type = dict,
    ) -> tuple[Any, Mapping[str, str]]:
        """The answer's JSON, which has this `shape`, and headers; raises `ApiFault` for all else, and logs either."""
        patience = self._patience()
        if patience <= 0:
            raise Passing("Timeout", "the call's own deadline has come")
        self._client.timeout = (min(CONNECT_SECONDS, patience), min(READ_SECONDS, patience))
        started = time.monotonic()
        status, code, opc_request_id = 0, None, None
        try:
            answer = self._client.call_api(
                resource_path=path,
                method=method,
                path_params={"id": identifier} if identifier else None,
                query_params=dict(query) if query else None,
                header_params={"accept": "application/json", "content-type": "application/json", **(headers or {})},
                body=dict(body) if body is not None else None,
                response_type="object",
                operation_name=operation,
            )
            status, opc_request_id = answer.status, answer.headers.get("opc-request-id")
            if not isinstance(answer.data, shape):
                raise TypeError(f"not a JSON {shape.__name__}")  # noqa: TRY301 - translated like a parser's own
        except Exception as error:  # the SDK, requests and urllib3 raise from a dozen families
            fault = translate(error)
            status, code, opc_request_id = fault.status or status, fault.code, fault.opc_request_id or opc_request_id
            raise fault from error
        finally:
            log.info(
                "api.call",
                service="blockstorage",
                operation=operation,
                region=self.region,
                status=status,
                code=code,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
                opc_request_id=opc_request_id,
            )
        return answer.data, answer.headers

    def _backup(self, kind: Kind, item: Any, headers: Mapping[str, str], region: str | None = None) -> Backup:  # noqa: ANN401 - JSON
        names = _NAMES[kind]
        try:
            return Backup(
                kind=kind,
                id=item["id"],
                region=region or self.region,
                compartment_id=item["compartmentId"],
                lifecycle=Lifecycle(item["lifecycleState"]),
                time_created=datetime.fromisoformat(item["timeCreated"]),
                source_id=item.get(names.source_id),
                copied_from=item.get(names.copied_from),
                group_backup_id=item.get("volumeGroupBackupId"),
                freeform_tags=item.get("freeformTags") or {},
                etag=headers.get("etag"),
                opc_request_id=headers.get("opc-request-id"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise translate(error) from error
