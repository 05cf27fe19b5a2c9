"""Which modules a program needs, by its own imports and theirs, and theirs."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.image.allowed import ANY, ByName, LeftOut, is_in
from infra.image.imports import Import, read
from infra.image.packages import Module


@dataclass(frozen=True)
class Allowed:
    """What may be missing, and what is loaded by name."""

    left_out: Sequence[LeftOut] = ()
    by_name: Sequence[ByName] = ()


@dataclass
class Reach:
    """The modules that are needed; `problems` says what could not be decided, and is empty when all was."""

    kept: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def reach(modules: Mapping[str, Module], roots: Iterable[str], allowed: Allowed) -> Reach:
    """Follow the imports from the modules `roots` on, also those inside functions.

    An import that leads nowhere is a problem, unless the code goes on without it or it is allowed; so is an allowance
    that nothing needs.
    """
    return _Search(modules, allowed).run(roots)


class _Search:
    def __init__(self, modules: Mapping[str, Module], allowed: Allowed) -> None:
        self._modules = modules
        self._left_out = dict.fromkeys(allowed.left_out, 0)
        self._by_name = {each.importer: each for each in allowed.by_name}
        self._named: set[str] = set()
        # Folders without `__init__.py` can be imported too.
        self._packages = {name.rpartition(".")[0] for name in modules}
        self._found = Reach()
        self._due: deque[str] = deque()

    def run(self, roots: Iterable[str]) -> Reach:
        for root in roots:
            self._need(root)
        while self._due:
            module = self._modules[self._due.popleft()]
            if module.is_extension:
                self._follow_extension(module)
            else:
                self._follow(module)
        unneeded = [each for each, count in self._left_out.items() if not count]
        unneeded_names = [each for name, each in self._by_name.items() if name not in self._named]
        self._found.problems += [f"not needed any more: {each}" for each in (*unneeded, *unneeded_names)]
        return self._found

    def _need(self, name: str) -> None:
        """This module with the packages around it."""
        while name and name not in self._found.kept:
            if name in self._modules:  # else a folder without `__init__.py`
                self._found.kept.add(name)
                self._due.append(name)
            name = name.rpartition(".")[0]

    def _follow(self, module: Module) -> None:
        source, is_module = module.file.read_bytes(), self._modules.__contains__
        try:
            reading = read(source, module.name, is_package=module.is_package, is_module=is_module)
        except SyntaxError as error:
            self._found.problems.append(f"{module.name}, line {error.lineno}: cannot be read: it is not of this Python")
            return
        for each in reading.imports:
            self._take(each)
        if reading.by_name and module.name not in self._by_name:
            lines = ", ".join(map(str, reading.by_name))
            self._found.problems.append(f"{module.name}, line {lines}: what is loaded by name is not known")
        elif reading.by_name:
            self._load(module)

    def _follow_extension(self, module: Module) -> None:
        """What machine code imports cannot be read: it gets its whole package, and what is known of it besides."""
        package = module.name.partition(".")[0]
        for name in self._in(package):
            self._take(Import(module.name, name, 0))
        if module.name in self._by_name:
            self._load(module)

    def _load(self, module: Module) -> None:
        self._named.add(module.name)
        for pattern in self._by_name[module.name].loads:
            names = list(self._in(pattern.removesuffix(".*"))) if pattern.endswith(".*") else [pattern]
            for name in names:
                self._take(Import(module.name, name, 0))

    def _in(self, package: str) -> Iterator[str]:
        """The modules of a package; not those that are programs, which nobody imports."""
        return (name for name in self._modules if is_in(name, package) and not name.endswith("__main__"))

    def _take(self, found: Import) -> None:
        if found.imported.partition(".")[0] in sys.stdlib_module_names:
            return
        allowance = next((each for each in self._left_out if allows(each, found)), None)
        if allowance:
            self._left_out[allowance] += 1
        elif found.imported in self._modules or found.imported in self._packages:
            self._need(found.imported)
        elif not found.guarded:
            place = f"{found.importer}, line {found.line}: imports" if found.line else f"{found.importer}: loads"
            self._found.problems.append(f"{place} {found.imported}, which is not there")


def allows(allowance: LeftOut, found: Import) -> bool:
    return (
        allowance.importer in (ANY, found.importer)
        or (allowance.importer != ANY and is_in(found.importer, allowance.importer))
    ) and (
        is_in(found.imported, allowance.imported)
        and (not allowance.when or any(allowance.when in condition for condition in found.conditions))
    )
