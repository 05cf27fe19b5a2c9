"""Who may not do something in Block Volume gets the same answer as if nothing were there, and nothing happens."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from infra.emulator.block_volume.kinds import BACKUPS, KINDS, Kind
from tests.emulator.operations import COMPARTMENT, OPERATIONS, World, world

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture(scope="module")
def one_world() -> Iterator[World]:
    with world() as built:
        yield built


def is_kept_from(built: World, operation: str, method: str, path: str, body: bytes | None = None) -> bool:
    """Whether a request is 404 as long as its operation is denied, and that alone, and not any more afterwards."""
    built.cloud.deny(operation)
    try:
        refused = built.send(method, path, body)
    finally:
        built.cloud.allow(operation)
    is_refused = (refused.status_code, refused.json().get("code")) == (404, "NotAuthorizedOrNotFound")
    return is_refused and built.send(method, path, body).status_code != 404


def body_of(built: World, method: str, path: str) -> bytes:
    operation = next(o for o in OPERATIONS if (o.method, o.path) == (method, f"20160918/{path}"))
    return json.dumps(operation.body_in(built)).encode()


@each_kind
def test_who_may_not_read_finds_nothing(one_world: World, kind: Kind) -> None:
    """Lists and single resources are permitted each on its own."""
    path = f"20160918/{kind.path}"
    assert is_kept_from(one_world, f"List{kind.name}s", "GET", f"{path}?compartmentId={COMPARTMENT}")
    assert is_kept_from(one_world, f"Get{kind.name}", "GET", f"{path}/{{{kind.path}}}")


@each_kind
def test_who_may_not_create_makes_nothing(one_world: World, kind: Kind) -> None:
    """Neither in a compartment that is named nor where the source is."""
    body = body_of(one_world, "POST", kind.path)
    assert is_kept_from(one_world, f"Create{kind.name}", "POST", f"20160918/{kind.path}", body)


@each_kind
def test_who_may_not_update_changes_nothing(one_world: World, kind: Kind) -> None:
    """An update that is allowed is answered with what is there."""
    path = f"{kind.path}/{{{kind.path}}}"
    body = body_of(one_world, "PUT", path)
    assert is_kept_from(one_world, f"Update{kind.name}", "PUT", f"20160918/{path}", body)


@pytest.mark.parametrize("kind", BACKUPS, ids=lambda kind: kind.name)
def test_who_may_not_copy_copies_nothing(one_world: World, kind: Kind) -> None:
    """A copy is permitted where its source is."""
    path = f"{kind.path}/{{{kind.path}}}/actions/copy"
    body = body_of(one_world, "POST", path)
    assert is_kept_from(one_world, f"Copy{kind.name}", "POST", f"20160918/{path}", body)


@each_kind
def test_who_may_not_delete_ends_nothing(kind: Kind) -> None:
    """A deletion that is allowed is answered, though not granted to what others still need."""
    with world() as built:
        assert is_kept_from(built, f"Delete{kind.name}", "DELETE", f"20160918/{kind.path}/{{{kind.path}}}")
