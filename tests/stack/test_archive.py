"""What `make stack` packs: an archive that Resource Manager takes, the same bytes for the same files."""

import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.stack_archive import STACK, build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stack that somebody has also worked with."""
    folder = tmp_path / "terraform"
    stack = ("variables.tf", "function.tf", "schema.yaml")
    theirs = ("terraform.tfvars", "terraform.tfstate", "tests/promises.tftest.hcl", "tests/mock.tf", ".terraform/a.tf")
    for name in stack + theirs:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def test_the_archive_holds_the_stack_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """No tests, no state, no variables of whoever packs it; and no folder, for Resource Manager looks at the root."""
    build(tmp_path / "build" / "stack.zip", folder)

    with ZipFile(tmp_path / "build" / "stack.zip") as archive:
        assert archive.namelist() == ["function.tf", "variables.tf", "schema.yaml"]
        assert archive.read("function.tf") == b"function.tf"
        assert archive.testzip() is None


def test_the_same_files_make_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Whenever they were written, and whoever may read them: so anybody can tell that a release is what it says."""
    build(tmp_path / "one.zip", folder)
    for member in folder.glob("*.tf"):
        member.chmod(0o600)
        os.utime(member, (1_900_000_000, 1_900_000_000))
    build(tmp_path / "two.zip", folder)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_changed_file_makes_other_bytes(folder: Path, tmp_path: Path) -> None:
    """Nothing is packed from memory."""
    build(tmp_path / "one.zip", folder)
    (folder / "function.tf").write_text("another", encoding="utf-8")
    build(tmp_path / "two.zip", folder)

    assert (tmp_path / "one.zip").read_bytes() != (tmp_path / "two.zip").read_bytes()


def test_the_projects_own_stack_is_packed_whole(tmp_path: Path) -> None:
    """Every file of the configuration, as it lies there."""
    build(tmp_path / "stack.zip")

    with ZipFile(tmp_path / "stack.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {file.name: file.read_bytes() for file in (*STACK.glob("*.tf"), STACK / "schema.yaml")}
    assert "variables.tf" in packed
