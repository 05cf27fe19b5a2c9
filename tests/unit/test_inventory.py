"""What was read of the cloud, and what can be asked of it."""

from dataclasses import replace

import pytest

from handlers.core.errors import ApiFault
from handlers.core.inventory import Listing
from handlers.core.model import Kind, Lifecycle
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, ocid, passing, refused
from tests.unit.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_copy_that_is_read_again_takes_the_place_of_what_was_known(scene: Scene) -> None:
    """Each copy counts once, as it was last seen."""
    original = scene.original()
    copy = scene.copy(original, Lifecycle.CREATING)

    scene.inventory.add_copy(replace(copy, lifecycle=Lifecycle.AVAILABLE))

    assert [each.lifecycle for each in scene.inventory.copies_of(original, AWAY)] == [Lifecycle.AVAILABLE]


def test_copies_are_known_by_region_and_original(scene: Scene) -> None:
    """A copy elsewhere, or of another backup, is none of this one here."""
    original, another = scene.original(), scene.original()
    here, _, _ = scene.copy(original), scene.copy(original, region=FAR), scene.copy(another)

    assert scene.inventory.copies_of(original, AWAY) == [here]
    assert scene.inventory.copies_of(original, "ap-tokyo-1") == []


def test_what_is_nobodys_copy_is_passed_over(scene: Scene) -> None:
    """A backup of the destination's own, or a copy from a third region."""
    original = scene.original()
    own = replace(scene.copy(original), id=ocid("volumebackup", AWAY, "own"), copied_from=None)
    foreign = replace(own, id=ocid("volumebackup", AWAY, "f"), copied_from=ocid("volumebackup", FAR), region=AWAY)

    scene.inventory.add_copy(own)
    scene.inventory.add_copy(foreign)

    assert len(scene.inventory.copies_of(original, AWAY)) == 1
    assert sum(len(copies) for copies in scene.inventory.copies[AWAY].values()) == 1


def test_what_is_under_way_is_counted_over_all_regions(scene: Scene) -> None:
    """Also a state that nobody knows yet; what has arrived or died is not under way."""
    originals = [scene.original() for _ in Lifecycle]
    for original, lifecycle in zip(originals, Lifecycle, strict=True):
        scene.copy(original, lifecycle, region=FAR if lifecycle is Lifecycle.CREATING else AWAY)

    under_way = {copy.lifecycle for copy in scene.inventory.in_flight()}

    assert under_way == {
        Lifecycle.REQUEST_RECEIVED,
        Lifecycle.CREATING,
        Lifecycle.COMMITTED,
        Lifecycle.UNKNOWN,
    }


@pytest.mark.parametrize("region", [HOME, AWAY])
def test_a_list_that_could_not_be_read_is_known_where_it_matters(scene: Scene, region: str) -> None:
    """For backups of its kind and compartment, in the destination or at home; for no other."""
    fault, original, another = passing(), scene.original(), scene.original(kind=Kind.BOOT_VOLUME)
    scene.inventory.unread[Listing(region, Kind.VOLUME, COMPARTMENT)] = fault

    assert scene.inventory.fault_of(original, AWAY) is fault
    assert scene.inventory.fault_of(another, AWAY) is None
    assert (scene.inventory.fault_of(original, FAR) is fault) is (region == HOME)


@pytest.mark.parametrize(("fault", "counts"), [(passing(), True), (refused(), False)])
def test_a_list_of_another_compartment_counts_where_it_may_be_read_later(
    scene: Scene, fault: ApiFault, *, counts: bool
) -> None:
    """Copies may have been moved there; but one that is refused would stop all copying for as long as it is named."""
    original = scene.original()
    scene.inventory.unread[Listing(AWAY, Kind.VOLUME, "ocid1.compartment.oc1..elsewhere")] = fault

    assert scene.inventory.fault_of(original, AWAY) is (fault if counts else None)
