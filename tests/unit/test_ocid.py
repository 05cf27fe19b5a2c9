"""Oracle Cloud Identifiers and region names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.ocid import Ocid, is_region, region_name, region_of


@pytest.mark.parametrize(
    ("text", "resource_type", "region"),
    [
        ("ocid1.volume.oc1.iad.abyhqljr", "volume", "us-ashburn-1"),
        ("ocid1.volume.oc1.phx.abyhqljr", "volume", "us-phoenix-1"),
        ("ocid1.volume.oc1.ap-tokyo-1.abyhqljr", "volume", "ap-tokyo-1"),
        ("ocid1.volume.oc1.xyz.abyhqljr", "volume", None),
        ("ocid1.tenancy.oc1..aaaaaaaa", "tenancy", None),
        ("ocid1.key.oc1.iad.bbpaaaaa.abuwcljr", "key", "us-ashburn-1"),
        ("ocid1.volume.oc2.us-langley-1.abc", "volume", "us-langley-1"),
    ],
)
def test_an_ocid_tells_type_and_region(text: str, resource_type: str, region: str | None) -> None:
    """The oldest regions by a key of three letters, all later ones by their name, some resources not at all."""
    assert Ocid.parse(text) == Ocid(resource_type, region)
    assert region_of(text) == region


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ocid1",
        "ocid1.volume.oc1.iad",
        "ocid1.volume.oc1.iad.",
        "ocid2.volume.oc1.iad.a",
        " ocid1.volume.oc1.iad.a",
        "ocid1.volume.oc1.iad.a\n",
        "ocid1.volume.oc1.iad.a/../b",
        "ocid1.volume.oc1.iad.ä",
        "ocid1.volume.oc1.iad." + "a" * 255,
    ],
)
def test_what_has_not_the_form_of_an_ocid_is_none(text: str) -> None:
    """What is put into an address must not be able to change it."""
    assert Ocid.parse(text) is None
    assert region_of(text) is None


@pytest.mark.parametrize(
    "name", ["us-ashburn-1", "eu-frankfurt-1", "me-abudhabi-1", "us-gov-ashburn-1", "sa-saopaulo-1", "xx-new-region-12"]
)
def test_a_region_is_known_by_its_form(name: str) -> None:
    """The list of regions grows; a form does not."""
    assert is_region(name)
    assert region_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "iad",
        "US-ASHBURN-1",
        "us-ashburn",
        "us-ashburn-1 ",
        "us-ashburn-1\n",
        "us-ashburn-1.evil.example",
        "us-ashburn-1/",
        "../us-ashburn-1",
        "-us-ashburn-1",
    ],
)
def test_what_has_not_the_form_of_a_region_is_none(name: str) -> None:
    """What becomes part of a host name must not be able to change the host."""
    assert not is_region(name)


def test_a_region_name_is_short() -> None:
    """It has to fit into a label of a host name, which has 63 characters, and into the key of a tag."""
    assert not is_region(f"us-{'a' * 64}-1")


@given(st.text())
def test_any_text_is_an_ocid_or_is_not(text: str) -> None:
    """Parsing never fails."""
    parsed = Ocid.parse(text)

    assert parsed is None or text.startswith("ocid1.")
