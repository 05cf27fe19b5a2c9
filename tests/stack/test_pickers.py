"""What the form's pickers give: one of each, beside the lists for more."""

from typing import Any

import pytest

from handlers.core.settings import REGION_KEY, Settings
from tests.stack.evaluation import AWAY, FAR, HOME, PRODUCTION, Stack, evaluate, takes


def read(stack: Stack) -> Settings:
    """What the function reads."""
    return Settings.read({REGION_KEY: HOME, **stack.one("oci_functions_function")["config"]})


def test_what_the_forms_pickers_give_comes_beside_the_lists() -> None:
    """One compartment, one region and its key: each counts as if it stood in its list, and once."""
    picked = {
        "source_compartment_id": "ocid1.compartment.oc1..picked",
        "destination_region": FAR,
        "destination_kms_key_id": "ocid1.key.oc1.fra.vault.picked",
    }
    lists = {"destination_regions": [AWAY, FAR], "kms_key_ids": {AWAY: ""}}
    alone, beside = evaluate(**picked, compartment_ids=None, destination_regions=None), evaluate(**picked, **lists)

    assert alone.holds()
    assert beside.holds()
    settings = read(alone)
    assert (settings.compartment_ids, settings.destination_regions) == (("ocid1.compartment.oc1..picked",), (FAR,))
    assert settings.kms_key_ids == {FAR: "ocid1.key.oc1.fra.vault.picked"}
    settings = read(beside)
    assert settings.compartment_ids == ("ocid1.compartment.oc1..picked", PRODUCTION)
    assert settings.destination_regions == (FAR, AWAY)
    assert settings.kms_key_ids == {AWAY: None, FAR: "ocid1.key.oc1.fra.vault.picked"}


@pytest.mark.parametrize(
    "variables",
    [
        {"compartment_ids": []},
        {"destination_regions": []},
        {"destination_region": HOME},
        {"destination_kms_key_id": "ocid1.key.oc1.phx.vault.one"},
        {"destination_region": AWAY, "destination_kms_key_id": "ocid1.key.oc1.iad.vault.one"},
        {"destination_region": FAR, "destination_kms_key_id": "ocid1.key.oc1.fra.vault.one"},
        {
            "destination_region": AWAY,
            "destination_kms_key_id": "ocid1.key.oc1.phx.vault.one",
            "kms_key_ids": {AWAY: "ocid1.key.oc1.phx.vault.two"},
        },
    ],
    ids=str,
)
def test_what_is_picked_has_to_fit(variables: dict[str, Any]) -> None:
    """A key needs its region, of which it is, and every other destination one then; none may have two."""
    assert evaluate(destination_region=AWAY, destination_kms_key_id="ocid1.key.oc1.phx.vault.one").holds()
    assert not evaluate(**variables).holds()


PICKED = {
    "source_compartment_id": [PRODUCTION, "ocid1.tenancy.oc1..t", "ocid1.volume.oc1.iad.a", "production"],
    "destination_region": [AWAY, "phx", "US-PHOENIX-1"],
    "destination_kms_key_id": ["ocid1.key.oc1.phx.vault.one", "ocid1.vault.oc1.phx.vault", "one"],
    "network_compartment_id": [PRODUCTION, "ocid1.vcn.oc1.iad.a", "network"],
    "vcn_id": ["ocid1.vcn.oc1.iad.a", "ocid1.subnet.oc1.iad.a", "network"],
    "subnet_id": ["ocid1.subnet.oc1.iad.a", "ocid1.vcn.oc1.iad.a", "network"],
    "key_compartment_id": [PRODUCTION, "ocid1.vault.oc1.iad.a", "keys"],
    "vault_id": ["ocid1.vault.oc1.iad.a", "ocid1.key.oc1.iad.vault.a", "keys"],
}


@pytest.mark.parametrize("name", sorted(PICKED))
def test_what_is_picked_is_what_it_is_called(name: str) -> None:
    """The first of each is, or nothing at all; where no form is used, another kind of OCID is soon taken for it."""
    good, *bad = PICKED[name]
    also_good = [each for each in bad if "tenancy" in each]

    assert all(takes(name, text) for text in (good, "", *also_good))
    assert [text for text in bad if takes(name, text)] == also_good
