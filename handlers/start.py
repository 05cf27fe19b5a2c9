"""Start one copy, by a token that makes it the only one."""

from __future__ import annotations

from dataclasses import replace

import structlog

from handlers.core.decision import Decision, Scope
from handlers.core.errors import ApiFault, Refused, TokenSpent
from handlers.core.model import Lifecycle
from handlers.core.ports import Call
from handlers.core.report import Outcome, Reason
from handlers.core.tokens import copy_token

ATTEMPTS = 10
UNSETTLED = "another copy was started or deleted a moment ago, and no time is left to see which: call again"

log = structlog.get_logger()


def start(decision: Decision, scope: Scope, call: Call) -> Decision:
    """What came of starting a copy that is PLANNED; raises nothing.

    Oracle binds a retry token for 24 hours to what it made. Where that ended FAULTY the next attempt has the next
    token. Where a token is refused its copy is gone, or not listed yet: the answer has the fault and the attempt.
    """
    if call.out_of_time:
        return replace(decision, outcome=Outcome.DEFERRED, reason=Reason.DEADLINE)
    try:
        return _start(decision, scope, call)
    except ApiFault as fault:
        return replace(decision, outcome=Outcome.FAILED, reason=fault.code, fault=fault.bare())
    except Exception:  # a fault of ours for one copy does not hide what came of the others
        log.exception("copy.crashed", source_id=decision.original.id, destination_region=decision.region)
        return replace(decision, outcome=Outcome.FAILED, reason=Reason.INTERNAL_ERROR)


def _start(decision: Decision, scope: Scope, call: Call) -> Decision:
    original, region = decision.original, str(decision.region)
    body = _body(decision, scope)
    for attempt in range(decision.attempt, decision.attempt + ATTEMPTS):
        try:
            made = call.here.copy(original, body, copy_token(original.id, region, attempt))
        except TokenSpent as spent:
            unsettled = replace(decision, outcome=Outcome.DEFERRED, reason=Reason.DEADLINE, message=UNSETTLED)
            return replace(unsettled, fault=spent.bare(), attempt=attempt)
        if made.lifecycle.is_dead:
            continue
        log.info(
            "copy.started",
            source_id=original.id,
            destination_region=region,
            backup_id=made.id,
            opc_request_id=made.opc_request_id,
        )
        outcome = Outcome.EXISTS if made.lifecycle is Lifecycle.AVAILABLE else Outcome.COPIED
        return replace(decision, outcome=outcome, copy=made)
    raise Refused(Reason.FAULTY, "every copy ended dead: look at the source backup")


def _body(decision: Decision, scope: Scope) -> dict[str, str]:
    """The request's body."""
    told = scope.target if scope.is_target(decision.original) else None
    body = {"destinationRegion": str(decision.region)}
    body |= {"displayName": told.display_name} if told and told.display_name else {}
    return body | ({"kmsKeyId": decision.kms_key_id} if decision.kms_key_id else {})
