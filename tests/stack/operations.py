"""Every operation of Oracle's API that the function can ask for, read off the code that asks."""

import ast
from collections.abc import Iterator
from pathlib import Path

from handlers.core.model import Kind

CLOUD = Path(__file__).parents[2] / "handlers" / "cloud"


def operations() -> set[str]:
    """The names that `handlers/cloud` gives to its requests; a kind of backup in a name stands for all three."""
    found: set[str] = set()
    for file in sorted(CLOUD.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _asks(node.func):
                found.update(_names(node.args[0]))
    return found


def _asks(function: ast.expr) -> bool:
    """`Request(…)`, and `self._list(…)`, which hands the name that it is given on to one."""
    match function:
        case ast.Name(id="Request") | ast.Attribute(attr="_list"):
            return True
        case _:
            return False


def _names(argument: ast.expr) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=parts):
            for kind in Kind:
                yield "".join(_text(part, kind) for part in parts)
        case ast.Name(id="operation"):
            return  # in `_list`: whoever calls that is looked at
        case _:
            raise AssertionError(f"no name of an operation can be read off {ast.unparse(argument)}")


def _text(part: ast.expr, kind: Kind) -> str:
    match part:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=ast.Name(id="kind") | ast.Attribute(attr="kind")):
            return str(kind)
        case _:
            raise AssertionError(f"not a kind of backup, in the name of an operation: {ast.unparse(part)}")
