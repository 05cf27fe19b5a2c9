"""The FDK entry: bytes in, JSON out. The only file that imports `fdk` or reads the environment.

https://github.com/fnproject/fdk-python
"""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import time
from datetime import datetime, timedelta
from functools import cache
from itertools import count

import structlog
from fdk.context import InvokeContext
from fdk.response import Response

from handlers import logs, router
from handlers.core.errors import Rejected
from handlers.core.model import Deadline
from handlers.core.payloads import identify, interpret
from handlers.core.report import MAX_PROBLEMS, Outcome, Reason, Report, Result, Status, Trigger
from handlers.services import Services

DEFAULT_TIMEOUT = timedelta(seconds=30)
LEVELS = {Status.PARTIAL: logging.WARNING, Status.FAILED: logging.ERROR, Status.REJECTED: logging.ERROR}

log = structlog.get_logger()


@cache
def start_logs() -> None:
    """Take the root logger back from the FDK, once, before anything is said."""
    logs.configure(os.environ.get("LOG_LEVEL", ""))


@cache
def services() -> Services:
    """The container's services: its environment does not change while it lives. A failure is not kept."""
    return Services(dict(os.environ))


calls = count()


def settle() -> None:
    """Once, before the second call: what is loaded by now stays, and need not be looked at for garbage any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def handler(ctx: InvokeContext, data: io.BytesIO | None = None) -> Response:
    """One invocation. Answers 200, or 502 where a redelivery can help; raises nothing."""
    started = time.monotonic()
    if next(calls) == 1:
        settle()
    start_logs()
    call_id = ctx.CallID() or ""
    with structlog.contextvars.bound_contextvars(call_id=call_id):
        report = _serve(data.getvalue() if data else b"", ctx.Deadline())
        answer = report.as_json(call_id)
        if report.may_pass:
            log.error("invocation.failed", answer=answer)
        log.log(
            LEVELS.get(report.status, logging.INFO),
            "invocation.finished",
            status=str(report.status),
            trigger=str(report.trigger),
            counts=report.counts,
            duration_ms=round((time.monotonic() - started) * 1000, 1),
        )
    if report.may_pass:
        return Response(ctx, json.dumps(answer), {"Content-Type": "application/json"}, 502)
    if report.document:
        return Response(ctx, report.document.text, {"Content-Type": report.document.media_type}, 200)
    return Response(ctx, json.dumps(answer), {"Content-Type": "application/json"}, 200)


def _serve(body: bytes, deadline: str) -> Report:
    """The report of one call, whatever happens in it."""
    trigger = Trigger.OPERATION
    try:
        trigger, content = identify(body)
        payload = interpret(trigger, content)
        container = services()
        return router.dispatch(payload, container.call(_deadline(deadline, container.clock.now()), payload.occurrence))
    except Rejected as rejected:
        problems = {problem.field: problem.message for problem in rejected.problems[:MAX_PROBLEMS]}
        log.warning("invocation.rejected", problems=problems, count=len(rejected.problems))
        return Report(trigger, problems=rejected.problems)
    except Exception:
        log.exception("invocation.crashed")
        return Report(trigger, [Result(None, Outcome.FAILED, reason=Reason.INTERNAL_ERROR, may_pass=True)])


def _deadline(text: str, now: datetime) -> Deadline:
    """`Fn-Deadline` is RFC 3339; one that cannot be read counts as Fn's own default time-out."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    return Deadline(at if at and at.tzinfo else now + DEFAULT_TIMEOUT)
