"""What all kinds of resource share: being made, living through a timeline, failing, ending, and telling Events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from infra.emulator.block_volume.kinds import Kind
from infra.emulator.block_volume.limits import Limits, State, Timeline
from infra.emulator.block_volume.resource import Resource, Resources
from infra.emulator.clock import Clock
from infra.emulator.diary import Diary
from infra.emulator.events import Events
from infra.emulator.identity import Identity
from infra.emulator.region_subscriptions import RegionSubscriptions
from infra.emulator.wire import timestamp

Step = Callable[[Resource], None]
Verdict = Callable[[], bool]


def _nothing(_: Resource) -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Storage:
    """The service's resources in all regions, and the laws of their lives."""

    clock: Clock
    diary: Diary
    identity: Identity
    events: Events
    limits: Limits
    subscriptions: RegionSubscriptions
    resources: Resources = field(default_factory=Resources)
    failures: Counter[str] = field(default_factory=Counter)
    """How many of the next operations of a name will end FAULTY."""

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of the cloud, subscribed to or not."""
        return self.subscriptions.regions

    def make(self, kind: Kind, region: str, **fields: Any) -> Resource:  # noqa: ANN401 - fields are JSON
        """A new resource with these fields."""
        return self.resources.add(kind, region, self.clock.now(), fields)

    def listed(self, kind: Kind, region: str) -> Iterable[Resource]:
        """What lists of a region show: all resources of a kind but those that have only just been made."""
        latest = self.clock.now() - timedelta(seconds=self.limits.seconds_until_listed)
        return (resource for resource in self.resources.of(kind, region) if resource.made <= latest)

    def live(self, resource: Resource, life: Timeline, *, finish: Step = _nothing, fails: Verdict = _never) -> None:
        """Begin a life: enter its first state now and the others when they are due; a later life ends this one.

        With the last state comes the verdict: FAULTY takes its place when `fails` says so. Then `finish` runs.
        """
        resource.lives += 1
        started = self.clock.now()
        until = started + timedelta(seconds=life[-1][0])
        for after, state in life[:-1]:
            step = partial(self._enter, resource, resource.lives, state, until)
            self._run_at(started + timedelta(seconds=after), step)
        self._run_at(until, partial(self._end, resource, resource.lives, life[-1][1], fails, finish))

    def terminate(self, resource: Resource, finish: Step = _nothing) -> None:
        """End a resource: it is TERMINATED after a while, stays visible for another, and then vanishes."""

        def vanish_later(ended: Resource) -> None:
            finish(ended)
            visible = timedelta(seconds=self.limits.timings.visible_after_end)
            self.clock.after(visible, partial(self.resources.remove, ended))

        self.live(resource, self.limits.timings.deletion, finish=vanish_later)

    def takes_failure(self, operation: str) -> bool:
        """Whether this operation is one of those that were told to fail; it then counts as done."""
        if self.failures[operation] == 0:
            return False
        self.failures[operation] -= 1
        return True

    def emit(self, resource: Resource, event: str, region: str | None = None, **details: Any) -> None:  # noqa: ANN401
        """Tell Events that `event` (as `createvolumebackup.end`) happened to the resource, there or in its region."""
        compartment_id = resource.fields["compartmentId"]
        self.events.emit(
            region or resource.region,
            f"com.oraclecloud.blockvolumes.{event}",
            resource_id=resource.id,
            resource_name=resource.name,
            compartment_id=compartment_id,
            compartment_name=self.identity.compartments.get(compartment_id, ""),
            availability_domain=resource.fields.get("availabilityDomain"),
            additional_details=details,
            freeform_tags=resource.fields["freeformTags"],
            defined_tags=resource.fields["definedTags"],
        )

    def note_update(self, resource: Resource, details: Mapping[str, Any]) -> None:
        """Write down which fields of a resource a client has set."""
        self.diary.note(
            "block_volume.updated",
            region=resource.region,
            resource=resource.id,
            resource_kind=resource.kind.ocid_type,
            name=resource.name,
            fields=sorted(details),
        )

    def _run_at(self, when: datetime, step: Callable[[], None]) -> None:
        if when <= self.clock.now():
            step()
        else:
            self.clock.at(when, step)

    def _end(self, resource: Resource, life: int, state: State, fails: Verdict, finish: Step) -> None:
        if life == resource.lives:
            self._enter(resource, life, State.FAULTY if fails() else state, self.clock.now())
            finish(resource)

    def _enter(self, resource: Resource, life: int, state: State, until: datetime) -> None:
        if life != resource.lives:
            return
        self.resources.move(resource, state)
        self.diary.note(
            "block_volume.transition",
            region=resource.region,
            resource=resource.id,
            resource_kind=resource.kind.ocid_type,
            name=resource.name,
            state=str(state),
            source=resource.copy_of,
            group=resource.fields.get("volumeGroupBackupId"),
            expected_at=timestamp(until),
        )
