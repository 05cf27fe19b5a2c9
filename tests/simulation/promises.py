"""All that the function promises whatever happens, each with where it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.simulation import caution, conduct, copying, dueness, pruning, turns
from tests.simulation.world import World

ALWAYS: dict[str, Callable[[World], Iterator[str]]] = {
    "never copied twice": copying.copied_twice,
    "only originals are copied": copying.copied_wrongly,
    "copies are where they belong": copying.copied_elsewhere,
    "copies are of what is kept": copying.copied_for_nothing,
    "keys are kept to": copying.under_another_key,
    "copies come in order": turns.out_of_order,
    "copies wait for their turn": turns.out_of_turn,
    "places are kept to": turns.too_many_at_once,
    "one backup for each slot": dueness.made_twice,
    "backups are made when due": dueness.made_for_nothing,
    "only its own goes": pruning.taken_from_others,
    "marked long before": pruning.deleted_without_notice,
    "the newest stays": pruning.newest_deleted,
    "the next is there": pruning.sibling_not_there,
    "the source is there": pruning.orphaned,
    "nothing goes unread": caution.deleted_unread,
    "never too many go": caution.too_many_gone,
    "what is kept stays": pruning.wanted_still,
    "copied before it goes": pruning.not_copied_before,
    "the rest is left alone": conduct.touched_wrongly,
    "answers add up": conduct.badly_counted,
    "a sweep speaks of all": conduct.passed_over,
    "a prune speaks of all": caution.passed_over,
    "an order is one backup": conduct.ordered_twice,
    "a dry run changes nothing": conduct.changed_in_a_dry_run,
    "a report changes nothing": conduct.changed_by_a_report,
    "one message a call": conduct.told_twice,
    "telling fails nothing": conduct.failed_by_telling,
    "nothing fails in calm": conduct.failed_in_calm,
}
"""What can be seen in the ledger of a story that is over.

Others are noted while it runs: that a call ends in time and does not crash, that the tags of others stay, that nobody
tries to delete what is protected; and when it ends, that there is one good copy of what is kept and a backup of what is
due, that what is not kept is gone and is not copied again, that tags and reports tell what is so, and that a converged
world stays as it is.
"""


def check(world: World) -> None:
    """Note every promise that was not kept."""
    for promise, look in ALWAYS.items():
        for what in look(world):
            world.ledger.violation(promise, what)
