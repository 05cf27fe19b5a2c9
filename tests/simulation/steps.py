"""What may happen in a world, step by step: calls of the function, deeds of others, and things that go wrong."""

from __future__ import annotations

from functools import partial

from infra.emulator.block_volume.kinds import BACKUPS
from infra.emulator.block_volume.resource import ENDING
from infra.emulator.faults.fault import Answer
from tests.simulation.calls import Calls
from tests.simulation.deeds import Deeds
from tests.simulation.lives import MARK_TAG, Life
from tests.simulation.network import Exchange
from tests.simulation.policy import KEEP_TAG
from tests.simulation.setting import HOME
from tests.simulation.troubles import Troubles


class Steps(Calls, Deeds, Troubles):
    """All steps, and those that are several at once."""

    def collide(self) -> None:
        """A backup, and what several people do about it at the moment when it is finished."""
        backup = self._back_up(self.chance.choice(self.world.sources))
        if backup is None:
            return
        payload = {"operation": f"Copy{backup.kind.name}", backup.kind.id_field: backup.id, "displayName": "mine"}
        named = {**payload, "destinationRegion": self.chance.choice(self.world.setting.allowed)}
        for call in ({}, payload, named, {}):
            if self.chance.random() < 0.6:
                self._later(self.chance.uniform(18, 30), partial(self.world.call, call, "at once with others"))
        for note in range(self.chance.randint(0, 4)):
            tag = partial(self.world.others.tag, backup, {f"note-{note}": "new"})
            self._later(self.chance.uniform(20, 34), tag)

    def prune_among_others(self) -> None:
        """A prune, and what else may happen at the very moment when it has read and is about to delete."""
        self.prune(times=self.chance.choice((1, 1, 2)))
        steps = (self.sweep, self.create_due, self.copy_by_hand, self.delete_newest, self.delete_copy, self.tag)
        more = (self.unmark, self.protect, self.rethink, self.end_source, self.delete_backup, self.rename_by_hand)
        for step in (*steps, *more):
            if self.chance.random() < 0.35:
                self._later(self.chance.uniform(0, 9), step)

    def interfere(self) -> None:
        """Somebody acts at the worst moment: when a prune has looked once more at what it is about to delete."""
        ledger = self.world.ledger

        def watch(exchange: Exchange) -> None:
            life = ledger.lives.get(exchange.path.rpartition("/")[2]) if exchange.operation.startswith("Get") else None
            if life and "PruneCopies" in exchange.owner.operations and MARK_TAG in life.resource.fields["freeformTags"]:
                ledger.watchers.remove(watch)
                self._later(0, partial(self._spoil, life))

        ledger.watchers.append(watch)

    def _spoil(self, life: Life) -> None:
        """Change something on which it depends that a backup may go."""
        others, source = self.world.others, self.world.others.resources.find(life.source_id)
        match self.chance.choice(("newer", "newer", "newer", "mark", "flag", "keep", "source")):
            case "newer":
                for each in [*others.resources.backups_of(life.source_id, life.resource.region)]:
                    if each.number > life.resource.number and each.state not in ENDING:
                        others.delete(each)
            case "mark":
                tags = {key: value for key, value in life.resource.fields["freeformTags"].items() if key != MARK_TAG}
                others.retag(life.resource, tags)
            case "flag":
                others.protect(life.resource, isPreventDeletionEnabled=True)
            case "keep" if source:
                others.retag(source, {**source.fields["freeformTags"], KEEP_TAG: "all"})
            case "source" if source and self._has_no_terms(source):
                others.end_source(source)

    def prune_in_trouble(self) -> None:
        """A prune while something cannot be read, or only at times."""
        match self.chance.choice(("region", "list", "list", "permission")):
            case "region":
                self.region_goes_down()
            case "permission":
                self.permission_is_missing()
            case _:
                kind = self.chance.choice(BACKUPS)
                operation = f"List{self.chance.choice((kind, kind.of)).name}s"
                fault = self.chance.choice((Answer(500, "InternalServerError"), Answer(404, "NotAuthorizedOrNotFound")))
                region = self.chance.choice((HOME, *self.world.setting.allowed))
                self.world.cloud.faults.script(fault, operation=operation, region=region, times=12)
        self._later(self.chance.uniform(0, 5), self.prune)
