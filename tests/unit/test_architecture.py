"""The shape of the code: who imports whom, who reads the environment and the time, and how long a file is."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([ROOT / "func.py", *ROOT.glob("handlers/**/*.py"), *ROOT.glob("infra/**/*.py")])


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}


@dataclass(frozen=True)
class Layer:
    """What the modules under a name may import, besides the standard library."""

    name: str
    ours: tuple[str, ...] = ()
    theirs: frozenset[str] = frozenset()


LOGS = {"structlog"}

# The first that a module's name begins with is the module's layer.
LAYERS = [
    Layer("func", ("handlers",), frozenset({"fdk", *LOGS})),
    Layer("handlers.core", ("handlers.core",), frozenset({"pydantic", "pydantic_core"})),
    # Beside the SDK also what it stands on itself: its keys, tokens and errors are theirs.
    Layer(
        "handlers.cloud",
        ("handlers.core", "handlers.cloud"),
        frozenset({"oci", "cryptography", "jwt", "urllib3", *LOGS}),
    ),
    Layer("handlers.services", ("handlers.core", "handlers.cloud", "handlers.threads")),
    Layer(
        "handlers.router",
        (
            "handlers.core",
            *(f"handlers.{name}" for name in ("create", "copy", "update", "sweep", "due", "prune", "report_copies")),
            "handlers.explain",
            "handlers.tell",
        ),
        frozenset(LOGS),
    ),
    # A single copy and a sweep are one path, made of steps that know nothing of each other: gather, decide, apply.
    Layer("handlers.copy", ("handlers.core", "handlers.gather", "handlers.converge"), frozenset(LOGS)),
    Layer(
        "handlers.sweep",
        ("handlers.core", "handlers.gather", "handlers.converge", "handlers.hand_on"),
        frozenset(LOGS),
    ),
    Layer(
        "handlers.report_copies",
        ("handlers.core", "handlers.gather", "handlers.converge", "handlers.pages"),
        frozenset(LOGS),
    ),
    Layer("handlers.due", ("handlers.core", "handlers.gather"), frozenset(LOGS)),
    Layer("handlers.prune", ("handlers.core", "handlers.gather"), frozenset(LOGS)),
    Layer(
        "handlers.converge",
        ("handlers.core", "handlers.lists", "handlers.start", "handlers.provenance"),
        frozenset(LOGS),
    ),
    Layer("handlers.gather", ("handlers.core", "handlers.lists"), frozenset(LOGS)),
    Layer("handlers.logs", (), frozenset(LOGS)),
    Layer("handlers.threads"),
    Layer("handlers.pages", ("handlers.core", "handlers.pages")),
    Layer("handlers", ("handlers.core",), frozenset(LOGS)),
    Layer(
        "infra.emulator",
        ("infra.emulator",),
        frozenset({"cryptography", "httpx", "jwt", "starlette", "trustme", "uvicorn"}),
    ),
    # Here the SDK stands in for an operator's own client: it prepares the story that the function is part of.
    Layer("infra.local", ("infra",), frozenset({"httpx", "oci", "rich", "starlette", "uvicorn", "yaml"})),
    # It runs where nothing is installed: in the first stage of the image.
    Layer("infra.image", ("infra.image",)),
    # The bill says what the image leaves out.
    Layer("infra.supply", ("infra.supply", "infra.image"), frozenset({"cyclonedx"})),
    Layer("infra"),
]


def is_under(name: str, parents: tuple[str, ...]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def layer_of(module: str) -> Layer:
    return next(layer for layer in LAYERS if is_under(module, (layer.name,)))


def imports_of(tree: ast.AST) -> Iterator[str]:
    """The full name of everything that is imported, also inside functions and type checks."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=None) | ast.ImportFrom(level=1 | 2 | 3):
                yield "a relative import"
            case ast.ImportFrom(module=str(module)):
                submodules = [f"{module}.{alias.name}" for alias in node.names]
                yield from (each if each in MODULES else module for each in submodules)


def strays(module: str) -> list[str]:
    """The imports of a module that its layer does not have."""
    layer = layer_of(module)

    def is_allowed(name: str) -> bool:
        top = name.partition(".")[0]
        if top in {"func", "handlers", "infra", "tests"}:
            return is_under(name, layer.ours)
        return top in sys.stdlib_module_names or top in layer.theirs

    return sorted({name for name in imports_of(MODULES[module]) if not is_allowed(name)})


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    """Every other arrow would tie together what has to be changed apart."""
    assert strays(module) == []


def test_a_stray_import_is_found() -> None:
    """In whichever form it is written, and however deep it hides."""
    written = {
        "import oci.core": "oci.core",
        "from oci import core": "oci",
        "def f():\n    from handlers.cloud import backups": "handlers.cloud.backups",
        "if TYPE_CHECKING:\n    import fdk": "fdk",
        "from . import settings": "a relative import",
        "from handlers import cloud": "handlers.cloud",
    }
    for text, name in written.items():
        MODULES["handlers.core.stray"] = ast.parse(text)
        try:
            assert strays("handlers.core.stray") == [name]
        finally:
            del MODULES["handlers.core.stray"]


def test_the_core_is_pure() -> None:
    """No clock, no network, no logging, no environment, no files: it is a function of its arguments."""
    impure = {"asyncio", "http", "logging", "os", "pathlib", "random", "secrets", "socket", "ssl", "subprocess"}
    impure |= {"sys", "tempfile", "threading", "time", "urllib", "uuid"}
    core = {module: set(imports_of(tree)) for module, tree in MODULES.items() if is_under(module, ("handlers.core",))}

    assert {module: found & impure for module, found in core.items() if found & impure} == {}


def uses(tree: ast.AST, *names: str) -> int:
    """How often an attribute or a name stands in the code."""
    return sum(
        (isinstance(node, ast.Attribute) and node.attr in names) or (isinstance(node, ast.Name) and node.id in names)
        for node in ast.walk(tree)
    )


def of_the_function() -> dict[str, ast.Module]:
    return {name: tree for name, tree in MODULES.items() if name == "func" or is_under(name, ("handlers",))}


def test_only_the_entry_reads_the_environment() -> None:
    """Everything else is given its settings; what comes before all else only tells pydantic something."""
    readers = {name for name, tree in of_the_function().items() if uses(tree, "environ", "getenv", "environb")}

    assert readers == {"func", "handlers"}
    assert ast.unparse(MODULES["handlers"]).count("environ") == 1
    assert "os.environ.setdefault('PYDANTIC_DISABLE_PLUGINS', 'true')" in ast.unparse(MODULES["handlers"])


def test_the_time_of_day_is_asked_for_in_one_place() -> None:
    """Everything else is given a clock."""
    askers = {name: count for name, tree in of_the_function().items() if (count := clock_readings(tree))}

    assert askers == {"handlers.services": 1}


def test_threads_are_started_in_one_place() -> None:
    """Everything else is given workers, so that what happens at once can be put in an order."""
    starters = {
        name for name, tree in of_the_function().items() if {"concurrent.futures", "asyncio"} & set(imports_of(tree))
    }
    makers = {name for name, tree in of_the_function().items() if uses(tree, "Thread", "Timer", "Process")}

    assert starters | makers == {"handlers.threads"}


def clock_readings(tree: ast.AST) -> int:
    """How often `datetime.now` and its relatives, or `time.time`, are called upon."""
    return sum(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and f"{node.value.id}.{node.attr}"
        in {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize("file", [file for file in FILES if "infra" not in file.parts], ids=name_of)
def test_a_module_fits_into_a_head(file: Path) -> None:
    """One noun, on a few screens."""
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 260


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is(module: str) -> None:
    """In the first line of its docstring."""
    assert (ast.get_docstring(MODULES[module]) or "").partition("\n")[0].strip()
