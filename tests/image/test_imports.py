"""What is read of a module's source: each import, wherever it stands and however it is written."""

import pytest

from infra.image.imports import Import, Reading, read

MODULES = {"a", "a.b", "a.b.c", "own", "own.inner", "own.inner.other"}


def reading(source: str, module: str = "own.inner.me", *, is_package: bool = False) -> Reading:
    return read(source.encode(), module, is_package=is_package, is_module=MODULES.__contains__)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b.c", {"a.b.c"}),
        ("import a.b as x", {"a.b"}),
        ("from a import b", {"a.b"}),
        ("from a import name", {"a"}),
        ("from a.b import *", {"a.b"}),
        ("from . import other", {"own.inner.other"}),
        ("from .other import name", {"own.inner.other"}),
        ("from .. import inner", {"own.inner"}),
        ("def f():\n    def g():\n        import a", {"a"}),
        ("class C:\n    async def m(self):\n        from a import b", {"a.b"}),
        ("try:\n    pass\nexcept ImportError:\n    import a", {"a"}),
        ("if x:\n    pass\nelse:\n    import a", {"a"}),
        ("match x:\n    case 1:\n        import a", {"a"}),
        ("import importlib\nimportlib.import_module('a.b')", {"importlib", "a.b"}),
        ("__import__('a.b')", {"a.b"}),
        ("import a\na.b.c.f()", {"a", "a.b", "a.b.c"}),
        ("import a as x\ndef f(): return x.b", {"a", "a.b"}),
        ("if TYPE_CHECKING:\n    import a", set()),
        ("if typing.TYPE_CHECKING and x:\n    import a", set()),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import a", {"a"}),
        ("if TYPE_CHECKING or x:\n    import a", {"a"}),
    ],
)
def test_an_import_is_found(source: str, expected: set[str]) -> None:
    """At the start of a module or later; not what only type checkers see."""
    assert {each.imported for each in reading(source).imports} == expected


def test_a_package_imports_from_itself() -> None:
    """A dot is the package there, and the package around the module elsewhere."""
    found = reading("from . import other", "own.inner", is_package=True)

    assert [each.imported for each in found.imports] == ["own.inner.other"]


@pytest.mark.parametrize("caught", ["ImportError", "(KeyError, ModuleNotFoundError)", "Exception", "x.ImportError", ""])
def test_an_import_is_guarded_where_the_code_goes_on_without_it(caught: str) -> None:
    """In the part that is tried, and there alone."""
    source = f"try:\n    import a\nexcept {caught}:\n    import b\nelse:\n    import c"

    assert [(each.imported, each.guarded) for each in reading(source).imports] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]


@pytest.mark.parametrize("source", ["try:\n    import a\nexcept KeyError: ...", "try:\n    import a\nfinally: ..."])
def test_what_catches_something_else_guards_nothing(source: str) -> None:
    """An import that fails goes through it."""
    assert [each.guarded for each in reading(source).imports] == [False]


def test_an_import_has_its_conditions() -> None:
    """All of the `if`s around it, and where it stands in `else` their contrary."""
    source = "if x == 1:\n    def f():\n        if y:\n            pass\n        else:\n            import a"

    assert reading(source).imports == [Import("own.inner.me", "a", 6, conditions=("x == 1", "not (y)"))]


@pytest.mark.parametrize(
    "source",
    [
        "import_module(name)",
        "importlib.import_module(f'{a}.b')",
        "importlib.import_module('.b', package='a')",
        "load = importlib.import_module",
        "m = __import__(name)",
        "for each in entry_points(group='x'): each.load()",
    ],
)
def test_what_may_load_by_name_is_told(source: str) -> None:
    """Whether it is called there or handed on."""
    assert reading(source).by_name == [1]
