"""Call the function itself for what one call cannot do: each part is an ordinary sweep, whoever else sends the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from handlers.core.errors import ApiFault
from handlers.core.fan_out import Share
from handlers.core.operations import Sweep
from handlers.core.ports import Itself
from handlers.core.report import Outcome, Reason, Result, failure

log = structlog.get_logger()


def hand_on(shares: Sequence[Share], operation: Sweep, itself: Itself) -> list[Result]:
    """One result for each compartment: deferred to another call, or failed. It does not wait for what becomes of it."""
    return [result for share in shares for result in _hand_on(share, operation, itself)]


def _hand_on(share: Share, operation: Sweep, itself: Itself) -> list[Result]:
    depth = operation.part.depth + 1 if operation.part else 1
    payload: dict[str, Any] = {
        "operation": operation.operation,
        "compartmentId": list(share.compartments),
        "part": {"depth": depth, "places": share.places},
    }
    if operation.destination_region:
        payload["destinationRegion"] = list(operation.destination_region)
    try:
        request_id = itself.invoke(payload)
    except ApiFault as fault:
        log.warning(
            "sweep.not_handed_on", count=len(share.compartments), reason=fault.code, opc_request_id=fault.opc_request_id
        )
        return [failure(operation.operation, each, fault) for each in share.compartments]
    log.info(
        "sweep.handed_on",
        count=len(share.compartments),
        depth=depth,
        places=share.places,
        opc_request_id=request_id,
    )
    deferred = Outcome.DEFERRED, Reason.HANDED_ON
    return [
        Result(operation.operation, *deferred, source_id=each, opc_request_id=request_id) for each in share.compartments
    ]
