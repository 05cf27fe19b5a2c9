"""Pruning: what goes, what stays, what is told of it, and when nothing is made at all."""

import os
import platform
import subprocess
import sys
import tarfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from infra.image import prune
from infra.image.allowed import LeftOut
from infra.image.reach import Allowed
from tests.image.made_up import Tree, package, write

ROOT = Path(__file__).parents[2]


def test_what_nobody_imports_goes(tree: Tree) -> None:
    """Modules, whole packages, their data, and what only compilers and type checkers read; the rest stays."""
    texts = {"sdk/core.pyi": "", "sdk/py.typed": "", "sdk/speed.pyx": "", "sdk/data.json": "{}", "sdk/zones/Zulu": "-"}
    unused = {"sdk/tests/__init__.py": "", "sdk/tests/data.json": "{}", "bin/tool": "-"}
    tree.install("sdk", {**package("sdk", core="", huge=""), **texts, **unused})
    tree.install("pytest", package("pytest"))
    tree.function("import sdk.core")

    tree.prune()

    assert tree.files() == {"sdk/__init__.py", "sdk/core.py", "sdk/data.json", "sdk/zones/Zulu"}
    assert not (tree.packages / "sdk" / "tests").exists()


def test_what_goes_is_told(tree: Tree) -> None:
    """For each distribution, how much of it."""
    tree.install("sdk", package("sdk", core="", huge=""))
    tree.install("pytest", package("pytest"))
    tree.function("import sdk.core")

    assert tree.prune() == ["removed pytest 1.0: all of it", "removed sdk 1.0: 1 of 3 modules"]


def test_what_stays_keeps_its_licence_and_metadata(tree: Tree) -> None:
    """And what goes does not: what is there tells what is there."""
    tree.install("sdk", package("sdk", huge=""))
    tree.install("pytest", package("pytest"))
    tree.function("import sdk")

    tree.prune()

    found = {each.metadata["Name"]: each for each in distributions(path=[str(tree.packages)])}
    assert found.keys() == {"fdk", "sdk"}
    assert found["sdk"].version == "1.0"
    assert found["sdk"].read_text("licenses/LICENSE") == "As you like."
    files = {str(file) for file in found["sdk"].files or ()}
    assert files == {
        "sdk/__init__.py",
        *(f"sdk-1.0.dist-info/{name}" for name in ("METADATA", "RECORD", "licenses/LICENSE")),
    }


def test_nothing_is_taken_away_while_something_is_unclear(tree: Tree) -> None:
    """All of it is told at once."""
    tree.install("sdk", package("sdk", core="import absent\nimport gone", huge=""))
    tree.function("import sdk.core")
    before = tree.files()

    with pytest.raises(prune.CannotPrune) as raised:
        tree.prune()

    assert str(raised.value).splitlines() == [
        "sdk.core, line 1: imports absent, which is not there",
        "sdk.core, line 2: imports gone, which is not there",
    ]
    assert tree.files() == before


def test_a_module_that_was_removed_is_missed(tree: Tree) -> None:
    """Reading the source may miss an import: so all that was kept is imported, too, and nothing else can be found."""
    tree.install("sdk", package("sdk", core="exec('import sdk.huge')", huge=""))
    tree.function("import sdk.core")

    with pytest.raises(prune.CannotPrune, match=r"sdk\.core cannot be imported: .*sdk\.huge"):
        tree.prune()


def test_a_module_may_fail_for_what_is_allowed_to_be_missing(tree: Tree) -> None:
    """For that alone, and in that module alone."""
    tree.install("sdk", package("sdk", extra="import absent", other="import sdk.extra"))
    tree.function("import sdk\ntry:\n    import sdk.other\nexcept ImportError: ...")

    tree.prune(Allowed([LeftOut("sdk.extra", "absent", "-")]))

    assert "sdk/other.py" in tree.files()


def test_a_module_that_breaks_is_told(tree: Tree) -> None:
    """Whatever it raises, and also where it takes the process with it."""
    tree.install("sdk", package("sdk", broken="1 / 0"))
    tree.function("import sdk.broken")
    with pytest.raises(prune.CannotPrune, match="ZeroDivisionError"):
        tree.prune()

    tree.install("sdk", package("sdk", broken="import os\nos._exit(3)"))
    with pytest.raises(prune.CannotPrune, match="status 3"):
        tree.prune()


def test_byte_code_does_not_depend_on_times(tree: Tree) -> None:
    """It is used though its source is newer, as it may be in an image's layer, and is not written again."""
    tree.function("print('hello')")
    prune.compile_all(tree.folder)
    source = tree.folder / "function" / "func.py"
    write(source, "print('edited')")

    ran = subprocess.run(
        [sys.executable, "-c", "import func"], cwd=source.parent, capture_output=True, text=True, check=False
    )

    assert ran.stdout == "hello\n"


def test_byte_code_is_the_same_wherever_it_is_made(tree: Tree, tmp_path: Path) -> None:
    """It names the places that files have in the image."""
    other = Tree(tmp_path / "other" / "place")
    for each in (tree, other):
        prune.compile_all(each.folder)

    one, two = (next(each.folder.glob("function/__pycache__/*.pyc")).read_bytes() for each in (tree, other))

    assert one == two
    assert b"/function/func.py" in one


def test_code_that_cannot_be_compiled_ends_it(tree: Tree) -> None:
    """Some packages carry files that are not Python after all."""
    tree.function("print 'of Python 2'")

    with pytest.raises(prune.CannotPrune):
        prune.compile_all(tree.folder)


def test_everybody_may_read_it_and_start_it(tree: Tree) -> None:
    """Whatever the one who built it keeps from others."""
    for each in [each for each in tree.folder.rglob("*") if each.is_file()]:
        each.chmod(0o600)

    prune.open_to_all(tree.folder)

    modes = {str(each.relative_to(tree.folder)): each.stat().st_mode & 0o777 for each in tree.folder.rglob("*")}
    assert (modes["function"], modes["function/func.py"], modes["python/bin/fdk"]) == (0o755, 0o644, 0o755)


FOREIGN = {
    "beside it": ["python/bin/fdk", "function/func.py", "thesis.txt"],
    "under its names": ["python/thesis.py", "function/thesis.py"],
    "among its packages": ["python/bin/fdk", "python/thesis.py", "function/func.py"],
    "one half of it": ["python/bin/fdk"],
    "the other half": ["function/func.py"],
    "a function of somebody's": ["python/bin/fdk", "function/func.py", "function/thesis.py"],
    "something else": ["thesis.txt"],
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_with_something_else_in_it_is_left_alone(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tree is made anew each time, and the folder is whatever somebody typed."""
    for file in files:
        write(tmp_path / file, "years of work")

    assert prune.main([str(tmp_path)]) == 1

    assert {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*") if each.is_file()} == set(files)
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"DIR={tmp_path} holds something else: ")


def test_a_folder_that_is_somewhere_else_in_truth_is_left_alone(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link in the place of one half shows that somebody has put it there."""
    (tmp_path / "linked").mkdir()
    for half in (prune.PACKAGES, prune.FUNCTION):
        (tmp_path / "linked" / half).symlink_to(tree.folder / half)

    assert prune.main([str(tmp_path / "linked")]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert (tree.folder / "function" / "func.py").exists()


def test_a_name_that_is_no_folder_is_told_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do; and nothing is touched: an empty name would be the project's own folder."""
    file = tmp_path / "file"
    file.write_text("years of work")
    for name, told in (
        ("", "DIR is empty: "),
        (" ", "DIR is empty: "),
        (str(file), f"DIR={file} is a file: "),
        (str(file / "below"), f"DIR={file / 'below'} cannot be made: "),
        ("/proc/image", "DIR=/proc/image cannot be made: "),
    ):
        assert prune.main([name]) == 1
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith(told)
    assert file.read_text() == "years of work"


def test_its_own_tree_and_an_empty_folder_are_replaced(tree: Tree, tmp_path: Path) -> None:
    """Without asking: they are made for that."""
    prune.compile_all(tree.folder)
    (tmp_path / "empty").mkdir()

    for folder in (tree.folder, tmp_path / "empty", tmp_path / "of spaces" / "and more"):
        assert list(prune.make_room(str(folder)).iterdir()) == []
        assert folder.is_dir()


@pytest.mark.parametrize("name", ["of spaces and more", ""])
def test_make_hands_a_folder_on_as_it_is_typed(name: str) -> None:
    """With its spaces; an empty one does not become another."""
    command = ["make", "-n", "image-tree", "test-image", f"DIR={name}"]
    # Of the make that runs the tests, if any.
    environment = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKEOVERRIDES"}}

    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    assert f'infra.image.prune "{name}"' in shown
    assert f'FUNCTION_TREE="{name}"' in shown


def test_a_tree_that_fails_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody may take half of one for a whole."""
    write(tmp_path / "requirements.txt", "--no-index\nno-such-package==1.0\n")
    monkeypatch.chdir(tmp_path)

    assert prune.main(["image"]) == 1

    assert not (tmp_path / "image").exists()
    assert "NOT BUILT" in capfd.readouterr().err


def test_a_tree_that_is_interrupted_is_not_left_there(tmp_path: Path) -> None:
    """The next run would not know it as its own."""

    def interrupted(project: Path, tree: Path) -> None:
        write(tree / "python" / "half.py", f"of {project}")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune.main([str(tmp_path / "image")], interrupted)

    assert not (tmp_path / "image").exists()


def test_the_python_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Packages differ from one to the next, and byte code is for one alone."""
    write(tmp_path / "requirements.txt", "--no-index\nno-such-package==1.0\n")
    monkeypatch.chdir(tmp_path)

    prune.main(["image"])

    assert platform.python_version() in capfd.readouterr().out


# A source distribution that brings its own way to be built: nothing is fetched for it.
BACKEND = """
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "made_up-1.0-py3-none-any.whl"
    info = "made_up-1.0.dist-info"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        wheel.writestr("made_up.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: made-up\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def test_nothing_is_built_while_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a package that is there as source alone nothing is run: a hash does not tell what that would do."""
    source, index = tmp_path / "made_up-1.0", tmp_path / "index"
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    write(source / "pyproject.toml", system)
    write(source / "backend.py", BACKEND)
    write(source / "PKG-INFO", "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    index.mkdir()
    with tarfile.open(index / "made_up-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, arcname=source.name)
    write(tmp_path / "requirements.txt", "made-up==1.0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))

    with pytest.raises(subprocess.CalledProcessError):
        prune.install(tmp_path / "requirements.txt", tmp_path / "packages")

    namespace: dict[str, Any] = {}
    exec(BACKEND, namespace)
    namespace["build_wheel"](str(index))
    prune.install(tmp_path / "requirements.txt", tmp_path / "packages")
    assert (tmp_path / "packages" / "made_up.py").exists()
