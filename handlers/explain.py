"""ExplainPolicy: what holds for one source, and which rule or tag says so."""

from __future__ import annotations

from handlers.core.errors import ApiFault
from handlers.core.findings import Findings
from handlers.core.model import Kind
from handlers.core.ocid import Ocid
from handlers.core.operations import ExplainPolicy
from handlers.core.ports import Call
from handlers.core.report import Outcome, Result, failure
from handlers.core.source_policy import source_policy


def explain(operation: ExplainPolicy, call: Call) -> Findings:
    """One result, with the terms of the source as they are now."""
    parsed = Ocid.parse(operation.source_id)
    kind = next(each for each in Kind if parsed and each.source_type == parsed.resource_type)
    try:
        source = call.here.source(kind, operation.source_id)
    except ApiFault as fault:
        return Findings([failure(operation.operation, operation.source_id, fault)])
    policy = source_policy(source, call.settings).as_json(call.settings)
    return Findings([Result(operation.operation, Outcome.EXPLAINED, source_id=source.id, details={"policy": policy})])
