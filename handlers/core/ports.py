"""What the handlers need of the world, as protocols: the real ones are in `handlers.cloud`, fakes in the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from handlers.core.model import Backup, Deadline, Kind, Source
from handlers.core.points import Point
from handlers.core.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


class Backups(Protocol):
    """The three kinds of backup in one region. Every method raises `ApiFault`, and nothing else, when the API fails.

    Bodies are the API's own request bodies, in camelCase, without absent fields.
    """

    def list_sources(self, kind: Kind, compartment_id: str) -> Sequence[Source]:
        """All volume groups, volumes or boot volumes of a compartment in this region, over all pages."""
        ...

    def source(self, kind: Kind, source_id: str) -> Source:
        """The volume group, volume or boot volume; `Missing` when it is gone or not visible."""
        ...

    def get(self, kind: Kind, backup_id: str) -> Backup:
        """The backup, with its etag."""
        ...

    def list_backups(self, kind: Kind, compartment_id: str) -> Iterable[Backup]:
        """All backups of one kind in a compartment of this region, copies too, in any state, page by page.

        What a page cannot be read for is raised where it comes: until the end is reached, it is not the whole list.
        """
        ...

    def create(self, kind: Kind, body: Mapping[str, Any], retry_token: str) -> Backup:
        """Start a backup in this region; the same token again answers with the same backup."""
        ...

    def copy(self, original: Backup, body: Mapping[str, Any], retry_token: str) -> Backup:
        """Start a copy of `original`, a backup of this region; answers with the copy in its destination region."""
        ...

    def update(self, kind: Kind, backup_id: str, body: Mapping[str, Any], if_match: str | None = None) -> Backup:
        """Change tags or name; `Outrun` when `if_match` is given and is not the backup's etag any more."""
        ...

    def delete(self, kind: Kind, backup_id: str, if_match: str) -> str | None:
        """Begin to end a backup, with its members if it is a group's; the `opc-request-id`.

        `Outrun` when `if_match` is not its etag any more, `Refused` where it is protected, or is being copied.
        """
        ...


class Metrics(Protocol):
    """Monitoring's ingestion, in the function's own region."""

    def publish(self, points: Sequence[Point]) -> None:
        """Hand in all points, 50 a request, in the function's compartment. Raises `ApiFault` when any was not taken."""
        ...


@dataclass(frozen=True, slots=True)
class TopicTags:
    """The freeform tags of a topic, and the etag that it has with them."""

    tags: Mapping[str, str]
    etag: str


class Notices(Protocol):
    """The topic that people are told through. Every method raises `ApiFault`, and nothing else, when the API fails."""

    def tags(self) -> TopicTags:
        """The topic's tags: where it is kept what people have been told."""
        ...

    def publish(self, title: str, body: str) -> None:
        """Send a message to all who subscribe; not repeated where the answer is lost, since it may have been sent."""
        ...

    def replace_tags(self, tags: Mapping[str, str], if_match: str) -> None:
        """Set the topic's freeform tags; `Outrun` when somebody else has changed it since."""
        ...


class Subscriptions(Protocol):
    """Which regions the tenancy is subscribed to."""

    def __call__(self) -> frozenset[str]:
        """The names of the regions that are ready; raises `ApiFault`."""
        ...


class Clock(Protocol):
    """The time of day, and its passing."""

    def now(self) -> datetime:
        """Timezone-aware UTC."""
        ...

    def sleep(self, duration: timedelta) -> None:
        """Return when this much time has passed."""
        ...


class Workers(Protocol):
    """Several pieces of work at once."""

    def __call__(self, work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
        """`work` of each item, in the order of the items; `None` where it had not ended when the call's time was up."""
        ...


class Regions(Protocol):
    """The regions this function can reach."""

    def __call__(self, region: str) -> Backups:
        """The backups of `region`; asking twice gives the same client."""
        ...


class Itself(Protocol):
    """The function, as one that it can call."""

    def invoke(self, payload: Mapping[str, Any]) -> str | None:
        """Have another call of the function begun with this payload; the `opc-request-id`. Raises `ApiFault`.

        Not repeated where the answer is lost, since it may have begun.
        """
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation, as the handlers see it.

    `occurrence` is the same when the same tick is delivered again; `own_compartment` asks for the function's own.
    """

    settings: Settings
    backups: Regions
    clock: Clock
    workers: Workers
    deadline: Deadline
    occurrence: str
    own_compartment: Callable[[], str]
    metrics: Metrics
    notices: Notices | None
    """`None` where no topic is configured."""
    subscriptions: Subscriptions
    itself: Itself | None = None
    """`None` where the function may not call itself."""
    memory_mb: int = 256
    """How much memory the function has."""
    within: Callable[[Deadline], tuple[Regions, Workers]] | None = None
    """The regions and workers for a part of the call that has to end sooner; `None` where they know no end."""

    @property
    def compartments(self) -> Sequence[str]:
        """Where backups are looked for; raises `Rejected` where none is configured and the function's is unknown."""
        return self.settings.compartment_ids or (self.own_compartment(),)

    @property
    def here(self) -> Backups:
        """The region this function runs in: where sources are."""
        return self.backups(self.settings.region)

    @property
    def time_left(self) -> timedelta:
        """How long work may still take; zero when none may be started any more."""
        return self.deadline.remaining(self.clock.now())

    def sooner(self, by: timedelta) -> Call:
        """The call for a part of it, so that there is time for what comes after that."""
        deadline = self.deadline.sooner(by)
        backups, workers = self.within(deadline) if self.within else (self.backups, self.workers)
        return replace(self, deadline=deadline, backups=backups, workers=workers)

    @property
    def out_of_time(self) -> bool:
        """Whether no further work may be started."""
        return not self.time_left
