"""What a module imports, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

# Whatever mentions one of these may load modules whose names are not in the source.
LOADERS = frozenset(
    {
        *("import_module", "__import__", "SourceFileLoader", "spec_from_file_location", "exec_module"),
        *("load_module", "run_module", "run_path", "entry_points"),
    }
)
_SURVIVED = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True)
class Import:
    """One import as it is written: of a module, or of a name in it.

    `guarded` says that the code goes on where it fails; `conditions` are the tests of the `if`s around it.
    """

    importer: str
    imported: str
    line: int
    guarded: bool = False
    conditions: tuple[str, ...] = ()


@dataclass
class Reading:
    """All imports of one module, and the lines on which it may import by a name that is not in its source."""

    imports: list[Import] = field(default_factory=list)
    by_name: list[int] = field(default_factory=list)


def read(source: bytes, module: str, *, is_package: bool, is_module: Callable[[str], bool]) -> Reading:
    """What `module` imports, at its start or later; what only type checkers see is left out.

    `is_module` tells submodules from other names: `from a import b` and the attribute `a.b` may be either.
    """
    tree = ast.parse(source)
    reader = _Reader(module, module if is_package else module.rpartition(".")[0], is_module)
    reader.walk(tree.body, Import(module, "", 0))
    reader.read_attributes(tree)
    return reader.reading


class _Reader:
    def __init__(self, module: str, package: str, is_module: Callable[[str], bool]) -> None:
        self.reading = Reading()
        self._module, self._package, self._is_module = module, package, is_module
        self._bound: dict[str, set[str]] = {}

    def walk(self, nodes: Sequence[ast.AST], here: Import) -> None:
        """Read the nodes and all in them; `here` is what an import at this place has in common."""
        for node in nodes:
            match node:
                case ast.If():
                    test = ast.unparse(node.test)
                    if not _is_for_type_checkers(node.test):
                        self.walk([node.test], here)
                        self.walk(node.body, replace(here, conditions=(*here.conditions, test)))
                    self.walk(node.orelse, replace(here, conditions=(*here.conditions, f"not ({test})")))
                case ast.Try() if any(_survives(handler.type) for handler in node.handlers):
                    self.walk(node.body, replace(here, guarded=True))
                    self.walk([*node.handlers, *node.orelse, *node.finalbody], here)
                case ast.Import() | ast.ImportFrom():
                    self._add(node, here)
                case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _name(node.func) in {
                    "import_module",
                    "__import__",
                } and not name.startswith("."):
                    self._found(name, node, here)
                    self.walk([*node.args, *(each.value for each in node.keywords)], here)
                case ast.Name() | ast.Attribute() if _name(node) in LOADERS:
                    self.reading.by_name.append(node.lineno)
                case _:
                    self.walk(list(ast.iter_child_nodes(node)), here)

    def read_attributes(self, tree: ast.AST) -> None:
        """`import a` and then `a.b.c` needs the submodule, whoever imports it."""
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute):
                continue
            for start, names in self._chains(node):
                module = start
                for name in names:
                    module = f"{module}.{name}"
                    if not self._is_module(module):
                        break
                    self.reading.imports.append(Import(self._module, module, node.lineno))

    def _chains(self, node: ast.Attribute) -> Iterator[tuple[str, list[str]]]:
        names: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield from ((module, names) for module in sorted(self._bound.get(inner.id, ())))

    def _add(self, node: ast.Import | ast.ImportFrom, here: Import) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._found(alias.name, node, here)
                bound = alias.name if alias.asname else alias.name.partition(".")[0]
                self._bind(alias.asname or bound, bound)
            return
        module = self._absolute(node)
        for alias in node.names:
            submodule = f"{module}.{alias.name}"
            is_module = self._is_module(submodule)
            self._found(submodule if is_module else module, node, here)
            if is_module:
                self._bind(alias.asname or alias.name, submodule)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self._package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def _bind(self, name: str, module: str) -> None:
        self._bound.setdefault(name, set()).add(module)

    def _found(self, imported: str, node: ast.stmt | ast.expr, here: Import) -> None:
        self.reading.imports.append(replace(here, imported=imported, line=node.lineno))


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_for_type_checkers(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_is_for_type_checkers(each) for each in test.values)
    return _name(test) == "TYPE_CHECKING"


def _survives(caught: ast.expr | None) -> bool:
    """Whether this `except` goes on after an import that failed."""
    match caught:
        case None:
            return True
        case ast.Tuple(elts=each):
            return any(_survives(one) for one in each)
        case _:
            return _name(caught) in _SURVIVED
