"""JSON as it arrives, and what is wrong with it: the field and the remedy, never the value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from handlers.core.errors import Problem, Rejected


def load_json(text: str | bytes, field: str) -> Any:  # noqa: ANN401 - JSON is any shape until it is looked at
    """JSON as RFC 8259 has it, no key twice; raises `Rejected` with `field` otherwise."""
    try:
        text = text if isinstance(text, str) else text.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_refuse_constant)
    except _NotJsonError as error:
        raise Rejected(Problem(field, str(error))) from None
    except UnicodeDecodeError as error:
        raise Rejected(Problem(field, f"is not UTF-8: look at byte {error.start + 1}")) from None
    except RecursionError:
        raise Rejected(Problem(field, "nests too deeply")) from None
    except json.JSONDecodeError as error:
        place = f"look at line {error.lineno}, column {error.colno}"
        raise Rejected(Problem(field, f"is not valid JSON: {place}")) from None
    except ValueError:
        raise Rejected(Problem(field, "is not valid JSON")) from None


def describe(error: ValidationError, field: str = "", known: Sequence[str] = ()) -> Sequence[Problem]:
    """Pydantic's findings, without the values that caused them; `known` are the names that a field may have."""
    return [
        Problem(join(field, *finding["loc"]), _message(finding["type"], finding["msg"], known))
        for finding in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _message(kind: str, message: str, known: Sequence[str]) -> str:
    match kind:
        case "extra_forbidden":
            return f"is not a field of this operation, which has {', '.join(known)}" if known else "is not a field here"
        case "missing":
            return "is missing"
        case "model_type":
            return "must be an object"
        case "too_short":
            return "is empty: name at least one, or leave it out"
        case _:
            return message[:1].lower() + message[1:]


def join(field: str, *path: int | str) -> str:
    """`[1].freeformTags.team`: a path a person can follow. A payload's own keys are cut short and made printable."""
    for part in path:
        if isinstance(part, int):
            field += f"[{part}]"
        else:
            shown = part[:64] if part.isprintable() else ascii(part[:64])[1:-1]
            field = f"{field}.{shown}" if field else shown
    return field or "payload"


class _NotJsonError(ValueError):
    """Python takes it for JSON: a key that stands twice, which two readers could understand differently, or NaN."""


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise _NotJsonError("holds an object that names a key twice")
    return content


def _refuse_constant(name: str) -> None:
    raise _NotJsonError(f"holds {name}, which is not valid JSON")
