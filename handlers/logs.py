"""Structured logs: one JSON object a line on stderr, whichever library speaks, without secrets."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FIRST = ("timestamp", "level", "event", "call_id")
MAX_TEXT, MAX_EXCEPTION, MAX_DEPTH = 1000, 200, 10

_SECRETS = re.compile(
    r"-----BEGIN[^-]*KEY-----.*?(?:-----END[^-]*KEY-----|\Z)"  # a private key, whole or cut off
    r"|(?:ST\$)?eyJ[\w-]+(?:\.[\w-]+)+"  # a JSON web token, such as the session token of a resource principal
    r"|\bsignature[\\\"']*\s*[=:][\\\"'\s]*[\w+/=]+",  # what an Authorization header ends in, in any quotes
    re.DOTALL | re.IGNORECASE,
)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (stderr), the FDK's and the SDK's lines too.

    A `level` that is not one means INFO: the settings say what is wrong with it, in a line that must be seen.
    """
    level = level.strip().upper()
    level = level if level in LEVELS else "INFO"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe_exception,
        _hide_secrets,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=True)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = _LineHandler(stream or sys.stderr)
    foreign = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared[:2], structlog.stdlib.add_logger_name, *shared[2:]],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler.setFormatter(foreign)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level if level in {"DEBUG", "ERROR", "CRITICAL"} else "WARNING")  # libraries chat at INFO
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_end_of_thread
    sys.unraisablehook = _log_unraisable


class _LineHandler(logging.StreamHandler[TextIO]):
    """Where a library's line cannot be made, the standard handler would print its arguments, whatever they hold."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        with suppress(Exception):  # a stream that takes nothing must not fail whoever has logged
            structlog.get_logger().error("log.failed", logger=record.name, at=f"{record.pathname}:{record.lineno}")


def _describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Where it happened and of which type. An exception's text may quote a payload, so only its start is kept."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["exception"] = type(error).__name__
        event["exception_message"] = _clean(error)[:MAX_EXCEPTION]
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames][-20:]
    return event


def _hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Also puts first what a person looks for first."""
    ordered = {key: event[key] for key in FIRST if key in event} | dict(event)
    return {key: _clean(value) for key, value in ordered.items()}


def _clean(value: Any, within: tuple[int, ...] = ()) -> Any:  # noqa: ANN401 - whatever somebody logs
    """The same as JSON, with secrets replaced and long texts cut; an object is its own text, or else its type.

    `within` are the containers that it is in.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case bytes():
            return f"{len(value)} bytes"
        case dict() | list() | tuple() | set() | frozenset():
            return _clean_all(value, within)
        case _:
            whole = _text(value)
            # Cut before the search too: no text may keep it busy.
            text = whole[: 4 * MAX_TEXT]
            small = text.lower()
            if "-----b" in small or "eyj" in small or "gnature" in small:  # as is whatever the slow pattern finds
                text = _SECRETS.sub("[hidden]", text)
            return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(whole)} characters)"


def _clean_all(container: Any, within: tuple[int, ...]) -> Any:  # noqa: ANN401 - whatever somebody logs
    """All that it holds; one that holds itself, or nests too deeply, has an end."""
    if len(within) > MAX_DEPTH or id(container) in within:
        return "…"
    within = (*within, id(container))
    if isinstance(container, dict):
        return {_clean(_text(key)): _clean(each, within) for key, each in container.items()}
    return [_clean(each, within) for each in container]


def _text(value: object) -> str:
    """An object that has no text must not cost its line."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever it is
        return f"<{type(value).__name__}>"


def _log_uncaught(_: type[BaseException], error: BaseException, __: object) -> None:
    structlog.get_logger().critical("process.ended", exc_info=error)


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_type is SystemExit:
        return
    structlog.get_logger().critical("thread.ended", exc_info=ended.exc_value)


def _log_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    kind = type(unraisable.object).__name__
    structlog.get_logger().error("exception.unraisable", of=kind, exc_info=unraisable.exc_value)
