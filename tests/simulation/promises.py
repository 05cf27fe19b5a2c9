"""All that the function promises whatever happens, each with where it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.simulation import conduct, copying
from tests.simulation.world import World

ALWAYS: dict[str, Callable[[World], Iterator[str]]] = {
    "never copied twice": copying.copied_twice,
    "only originals are copied": copying.copied_wrongly,
    "copies are where they belong": copying.copied_elsewhere,
    "keys are kept to": copying.under_another_key,
    "copies come in order": copying.out_of_order,
    "copies wait for their turn": copying.out_of_turn,
    "places are kept to": copying.too_many_at_once,
    "the rest is left alone": conduct.touched_wrongly,
    "answers add up": conduct.badly_counted,
    "a sweep speaks of all": conduct.passed_over,
    "an order is one backup": conduct.ordered_twice,
    "a dry run changes nothing": conduct.changed_in_a_dry_run,
    "nothing fails in calm": conduct.failed_in_calm,
}
"""What can be seen in the ledger of a story that is over.

Others are noted while it runs: that a call ends in time and does not crash, that the tags of others stay, and (when it
ends) that there is one good copy, that tags tell where copies are, and that a converged world stays as it is.
"""


def check(world: World) -> None:
    """Note every promise that was not kept."""
    for promise, look in ALWAYS.items():
        for what in look(world):
            world.ledger.violation(promise, what)
