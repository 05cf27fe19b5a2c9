"""What others do in the cloud while the function is at work, and while it is not."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from infra.emulator.block_volume.resource import ENDING, Resource
from tests.simulation.lives import MARK_TAG
from tests.simulation.policy import DESTINATIONS_TAG, EVERY_TAG, KEEP_TAG, TIER, draw_tags
from tests.simulation.setting import HOME
from tests.simulation.step import HABITS, Step


class Deeds(Step):
    """Steps by operators, and by other tools."""

    def back_up(self) -> None:
        """A backup that the function has no part in."""
        self._back_up(self.chance.choice(self.world.sources))

    def back_up_all(self) -> None:
        """The nightly backups of somebody's schedule: of each source, all at about one time."""
        for source in self.world.sources:
            self._later(self.chance.uniform(0, 5), partial(self._back_up, source))

    def back_up_often(self) -> None:
        """Backups of one source, one soon after the other: by the time of the next sweep their copies queue up."""
        source = self.chance.choice(self.world.sources)
        for number in range(self.chance.randint(2, 3)):
            self._later(number * self.chance.uniform(30, 900), partial(self._back_up, source))

    def bring_home(self) -> None:
        """A backup of another region that is copied to the function's: it is not to be copied on."""
        backup = self.world.others.foreign_backup(self.chance.choice(self.world.swept))
        if backup:
            self._later(60, partial(self.world.others.bring_home, backup))

    def delete_copy(self) -> None:
        """An operator deletes a copy, or one that failed."""
        copy = self._any(self.chance.choice(self.world.setting.allowed), copies=True)
        if copy:
            self.world.others.delete(copy)

    def delete_backup(self) -> None:
        backup = self._any(HOME, copies=False)
        if backup:
            self.world.others.delete(backup)

    def end_source(self) -> None:
        """Somebody deletes a source, whose tags nobody can read from then on."""
        source = self.chance.choice(self.world.sources)
        if self._has_no_terms(source):
            self.world.others.end_source(source)

    def tag(self) -> None:
        """Somebody tags a backup, a copy or a source, perhaps while the function does."""
        resource = self._any(self.chance.choice((HOME, *self.world.setting.allowed)), copies=None)
        if resource:
            self.world.others.tag(resource, {f"note-{self.chance.randint(1, 3)}": str(self.world.ledger.elapsed)})

    def redirect(self) -> None:
        """A source is given other destinations."""
        source = self.chance.choice(self.world.sources)
        if source.state in ENDING:
            return
        tags = {key: value for key, value in source.fields["freeformTags"].items() if key != DESTINATIONS_TAG}
        self.world.redirected.add(source.id)
        self.world.others.retag(source, tags | self.world.draw_destinations())

    def rethink(self) -> None:
        """A source is given another schedule or retention, or none of its own any more."""
        source = self.chance.choice(self.world.sources)
        if source.state in ENDING:
            return
        own = {EVERY_TAG, KEEP_TAG, *TIER}
        tags = {key: value for key, value in source.fields["freeformTags"].items() if key not in own}
        if set(TIER) & source.fields["freeformTags"].keys() or self.world.setting.policy.rule:
            self.world.redirected.add(source.id)  # the rule for its tier may name other regions
        self.world.others.retag(source, tags | draw_tags(self.chance))

    def back_up_by_policy(self) -> None:
        """A backup policy of Oracle's makes a backup, which ends by itself."""
        hours = self.chance.choice((1, 5, 30))
        self.world.others.back_up_by_policy(self.chance.choice(self.world.sources), timedelta(hours=hours))

    def delete_newest(self) -> None:
        """An operator deletes the newest that there is of a source in a region, at times just when others go."""
        region = self.chance.choice((HOME, *self.world.setting.allowed))
        source = self.chance.choice(self.world.sources)
        there = [each for each in self.world.others.resources.backups_of(source.id, region) if each.state not in ENDING]
        if there:
            self.world.others.delete(there[-1])

    def unmark(self) -> None:
        """Somebody wants to keep what is marked, and takes the mark away."""
        marked = self._any_marked()
        if marked:
            tags = {key: value for key, value in marked.fields["freeformTags"].items() if key != MARK_TAG}
            self.world.others.retag(marked, tags)

    def protect(self) -> None:
        """Somebody protects a backup, most often one that is marked; at times only for a while."""
        backup = self._any_marked() if self.chance.random() < 0.7 else None
        backup = backup or self._any(self.chance.choice((HOME, *self.world.setting.allowed)), copies=None)
        if backup is None:
            return
        if self.chance.random() < 0.3:
            period = {"retentionTimeUnit": "DAYS", "retentionTimeAmount": self.chance.choice((1, 2, 900))}
            self.world.others.protect(backup, retentionPeriod=period)
            return
        self.world.others.protect(backup, isPreventDeletionEnabled=True)
        if self.chance.random() < 0.6:
            end = partial(self.world.others.protect, backup, isPreventDeletionEnabled=False)
            self._later(self.chance.choice((2, 20_000)), end)

    def _any_marked(self) -> Resource | None:
        found = [
            life.resource
            for life in self.world.ledger.lives.values()
            if MARK_TAG in life.resource.fields["freeformTags"] and life.resource.state not in ENDING
        ]
        return self.chance.choice(found) if found else None

    def _back_up(self, source: Resource) -> Resource | None:
        """At times a group's is put into a compartment that is swept, where the group is not."""
        compartment_id = self.chance.choice((None, *self.world.swept))
        if self.world.setting.fans_out:  # which is for sources whose backups are all in one compartment
            compartment_id = None
        return self.world.others.back_up(source, self.chance.choice(HABITS), compartment_id)
