"""The tables of Block Volume's kinds say what OCI's own specification says, as the SDK has it."""

from __future__ import annotations

import re
from typing import Any

import oci.core.models
import pytest

from infra.emulator.block_volume.kinds import BACKUPS, KINDS, Kind
from infra.emulator.block_volume.limits import State
from infra.emulator.block_volume.requests import COPY, CREATE, NOT_MODELLED, UPDATE
from tests.emulator.tenant import Tenant

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def model(name: str) -> Any:
    return getattr(oci.core.models, name)


def details(verb: str, kind: Kind) -> set[str]:
    """The fields of the details object of an operation."""
    return set(model(f"{verb}{kind.name}Details")().attribute_map.values())


@each_kind
def test_a_create_and_an_update_take_the_fields_of_the_sdks_models(kind: Kind) -> None:
    """Each of them is modelled or refused as not modelled, never both, and no other is known."""
    assert set(CREATE[kind]) == details("Create", kind) - NOT_MODELLED
    assert set(UPDATE[kind]) == details("Update", kind) - NOT_MODELLED


def test_what_is_not_modelled_is_in_the_api() -> None:
    """The list of refusals names what at least one kind has, and nothing else."""
    fields = set[str]().union(*(details(verb, kind) for kind in KINDS for verb in ("Create", "Update")))
    assert fields >= NOT_MODELLED


@pytest.mark.parametrize("kind", BACKUPS, ids=lambda kind: kind.name)
def test_a_copy_takes_the_fields_of_the_sdks_models(kind: Kind) -> None:
    """They are the same for all three kinds."""
    assert set(COPY) == details("Copy", kind)


@each_kind
def test_a_kind_has_the_states_of_the_sdks_model(kind: Kind) -> None:
    """No more, and no fewer: those too that the emulator never lets one enter."""
    resource = model(kind.name)
    assert kind.states == {getattr(resource, name) for name in dir(resource) if name.startswith("LIFECYCLE_STATE_")}


@pytest.mark.parametrize("kind", [k for k in KINDS if "lifecycleState" in k.filters], ids=lambda kind: kind.name)
def test_a_list_is_filtered_by_the_states_that_the_sdk_lets_pass(tenant: Tenant, kind: Kind) -> None:
    """The SDK refuses all others before it asks; what it lets pass the emulator takes."""
    noun = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).lower()
    call = getattr(tenant.block_volume(), f"list_{noun}s")

    def passes(state: State) -> bool:
        try:
            return bool(call(compartment_id=tenant.compartment_id, lifecycle_state=state.value).status == 200)
        except ValueError:
            return False

    assert {state for state in State if passes(state)} == set(kind.listing.states)
