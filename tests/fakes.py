"""A fake at each port: a cloud of several regions in memory, and a clock that is moved by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from handlers.core.errors import ApiFault, Missing, Outrun, Passing, Refused, TokenSpent
from handlers.core.model import Backup, Deadline, Kind, Lifecycle, Source
from handlers.core.points import Point
from handlers.core.ports import Call, TopicTags
from handlers.core.settings import REGION_KEY, Settings
from handlers.core.tokens import MAX_FREEFORM_TAGS

HOME, AWAY, FAR = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
COMPARTMENT = "ocid1.compartment.oc1..payroll"
REGION_KEYS = {HOME: "iad", AWAY: "phx"}
UNDER_WAY = {Lifecycle.REQUEST_RECEIVED, Lifecycle.CREATING, Lifecycle.COMMITTED}

T = TypeVar("T")
R = TypeVar("R")
Effect = ApiFault | Callable[[], object]


def ocid(resource_type: str, region: str = HOME, unique: str = "a") -> str:
    """An OCID as Oracle writes it for this region."""
    return f"ocid1.{resource_type}.oc1.{REGION_KEYS.get(region, region)}.{unique}"


def passing(code: str = "InternalServerError", status: int = 500) -> Passing:
    """A fault that may pass."""
    return Passing(code, "try again", status=status, opc_request_id="request-of-the-fault")


def refused(code: str = "NotAuthorizedOrNotFound", status: int = 404) -> Refused:
    """A fault that stands."""
    kind = Missing if status == 404 else Refused
    return kind(code, "no", status=status, opc_request_id="request-of-the-fault")


class FakeClock:
    """The port `Clock`."""

    def __init__(self, moment: datetime = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def advance(self, step: timedelta) -> None:
        self._moment += step

    def sleep(self, duration: timedelta) -> None:
        self.advance(duration)


@dataclass(frozen=True)
class ApiCall:
    """One call of a port's method, as it came in."""

    region: str
    method: str
    arguments: Mapping[str, Any]


@dataclass
class _Script:
    method: str
    region: str | None
    calls_before: int
    effect: Effect

    def matches(self, call: ApiCall) -> bool:
        return call.method == self.method and self.region in {None, call.region}


@dataclass(frozen=True)
class _Remembered:
    details: Mapping[str, Any]
    backup_id: str


@dataclass
class FakeCloud:
    """The port `Regions`: keeps what the ports promise, and breaks it where a test scripts that.

    `call_takes` is how far each call moves the clock; `listed_after` is how long a new copy is not in lists yet.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    call_takes: timedelta = timedelta()
    listed_after: timedelta = timedelta()
    calls: list[ApiCall] = field(default_factory=list)
    backups: dict[str, Backup] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.refusals: dict[str, ApiFault] = {}
        """What is answered to every copy of an original, by its id, or to a region, by its name."""
        self.tokens: dict[tuple[str, str], _Remembered] = {}
        self.memory_mb = 256
        """What the function has."""
        self.subscribed = {HOME, AWAY, FAR}
        """The regions that the tenancy is subscribed to."""
        self.metrics = FakeMetrics(self)
        self.notices = FakeNotices(self)
        self.subscriptions = FakeSubscriptions(self)
        self.itself = FakeItself(self)
        self._regions: dict[str, FakeBackups] = {}
        self._scripts: list[_Script] = []
        self._numbers = itertools.count(1)

    def __call__(self, region: str) -> FakeBackups:
        return self._regions.setdefault(region, FakeBackups(region, self))

    def add_source(self, kind: Kind = Kind.VOLUME_GROUP, tags: Mapping[str, str] | None = None, **facts: Any) -> Source:
        """A volume, boot volume or volume group in the home region; `facts` are further fields of `Source`."""
        number = f"n{next(self._numbers)}"
        source = Source(
            **{
                "kind": kind,
                "id": ocid(kind.source_type, HOME, number),
                "freeform_tags": dict(tags or {}),
                "name": f"{kind.source_type}-{number}",
                "compartment_id": COMPARTMENT,
                "time_created": self.clock.now(),
                **facts,
            }
        )
        self.sources[source.id] = source
        return source

    def add_backup(self, kind: Kind = Kind.VOLUME_GROUP, region: str = HOME, **facts: Any) -> Backup:
        """A backup, AVAILABLE unless `facts` say otherwise; `facts` are fields of `Backup`."""
        backup = Backup(
            **{
                "kind": kind,
                "id": ocid(kind.backup_type, region, f"n{next(self._numbers)}"),
                "region": region,
                "compartment_id": COMPARTMENT,
                "lifecycle": Lifecycle.AVAILABLE,
                "time_created": self.clock.now(),
                "source_id": None,
                **facts,
            }
        )
        return self.change(backup)

    def add_copy(self, original: Backup, region: str = AWAY, **facts: Any) -> Backup:
        """A copy of `original`, AVAILABLE unless `facts` say otherwise."""
        facts = {"copied_from": original.id, "source_id": original.source_id, **facts}
        return self.add_backup(original.kind, region, **facts)

    def change(self, backup: Backup, **facts: Any) -> Backup:
        """Change a backup behind everybody's back; its etag changes with it."""
        changed = replace(backup, **facts, etag=f"etag-{next(self._numbers)}")
        self.backups[changed.id] = changed
        return changed

    def script(self, method: str, *effects: Effect, region: str | None = None, calls_before: int = 0) -> None:
        """At the next calls of `method`, after `calls_before` of them: raise a fault, or do something and go on."""
        for number, effect in enumerate(effects):
            self._scripts.append(_Script(method, region, calls_before + number, effect))

    def forget_scripts(self) -> None:
        """Take back what was scripted and has not happened yet."""
        self._scripts.clear()

    def made(self, method: str) -> list[ApiCall]:
        """The calls of this method so far."""
        return [call for call in self.calls if call.method == method]

    @property
    def changes(self) -> list[ApiCall]:
        """The calls that changed something, or tried to."""
        return [call for call in self.calls if call.method in {"create", "copy", "update", "delete"}]

    def copies_in(self, region: str) -> list[Backup]:
        """What copies there are in a region, in any state."""
        return [each for each in self.backups.values() if each.region == region and each.copied_from]

    def members_of(self, backup: Backup) -> list[Backup]:
        """What a group's backup consists of."""
        return [each for each in self.backups.values() if each.group_backup_id == backup.id]

    def request_id(self) -> str:
        return f"request-{next(self._numbers)}"

    def begin(self, region: str, method: str, **arguments: Any) -> None:
        """Note a call, and let happen what is scripted for it."""
        call = ApiCall(region, method, arguments)
        self.calls.append(call)
        self.clock.advance(self.call_takes)
        due = [script for script in self._scripts if script.matches(call) and script.calls_before == 0]
        for script in self._scripts:
            if script.matches(call):
                script.calls_before -= 1
        for script in due:
            self._scripts.remove(script)
            if isinstance(script.effect, ApiFault):
                raise script.effect
            script.effect()

    def once(self, operation: str, token: str, details: Mapping[str, Any], make: Callable[[], Backup]) -> Backup:
        """What `make` makes, or what the same token with the same details made before."""
        known = self.tokens.get((operation, token))
        if known is None:
            made = make()
            self.tokens[operation, token] = _Remembered(details, made.id)
            return made
        backup = self.backups.get(known.backup_id)
        gone = backup is None or backup.lifecycle in {Lifecycle.TERMINATING, Lifecycle.TERMINATED}
        if known.details != details or backup is None or gone:
            raise TokenSpent("InvalidatedRetryToken", "the token was used before", status=409)
        return backup


@dataclass(frozen=True)
class FakeBackups:
    """The port `Backups` for one region of a `FakeCloud`."""

    region: str
    cloud: FakeCloud

    def source(self, kind: Kind, source_id: str) -> Source:
        self.cloud.begin(self.region, "source", kind=kind, source_id=source_id)
        source = self.cloud.sources.get(source_id)
        if source is None or source.kind is not kind or self.region != HOME:
            raise refused()
        return source

    def get(self, kind: Kind, backup_id: str) -> Backup:
        self.cloud.begin(self.region, "get", kind=kind, backup_id=backup_id)
        return self._answer(self._find(kind, backup_id))

    def list_backups(self, kind: Kind, compartment_id: str) -> Sequence[Backup]:
        self.cloud.begin(self.region, "list_backups", kind=kind, compartment_id=compartment_id)
        return [
            replace(each, etag=None)
            for each in self.cloud.backups.values()
            if (each.region, each.kind, each.compartment_id) == (self.region, kind, compartment_id)
            if each.time_created + self.cloud.listed_after <= self.cloud.clock.now()
        ]

    def list_sources(self, kind: Kind, compartment_id: str) -> Sequence[Source]:
        self.cloud.begin(self.region, "list_sources", kind=kind, compartment_id=compartment_id)
        if self.region != HOME:
            return []
        found = self.cloud.sources.values()
        return [each for each in found if (each.kind, each.compartment_id) == (kind, compartment_id)]

    def create(self, kind: Kind, body: Mapping[str, Any], retry_token: str) -> Backup:
        self.cloud.begin(self.region, "create", kind=kind, body=body, retry_token=retry_token)
        source_id = body[f"{kind[0].lower()}{kind[1:]}Id"]
        source = self.cloud.sources.get(source_id)
        if source is None or source.kind is not kind:
            raise refused()

        def make() -> Backup:
            facts = {
                "compartment_id": body.get("compartmentId") or source.compartment_id,
                "lifecycle": Lifecycle.REQUEST_RECEIVED,
                "freeform_tags": dict(body.get("freeformTags", {})),
            }
            made = self.cloud.add_backup(kind, self.region, source_id=source_id, **facts)
            for member in [each for each in self.cloud.sources.values() if each.group_id == source_id]:
                facts |= {"source_id": member.id, "group_backup_id": made.id}
                self.cloud.add_backup(member.kind, self.region, **facts)
            return made

        return self._answer(self.cloud.once(f"create in {self.region}", retry_token, {"kind": kind, **body}, make))

    def copy(self, original: Backup, body: Mapping[str, Any], retry_token: str) -> Backup:
        self.cloud.begin(self.region, "copy", original=original, body=body, retry_token=retry_token)
        found = self._find(original.kind, original.id)
        destination = body["destinationRegion"]
        fault = self.cloud.refusals.get(original.id) or self.cloud.refusals.get(destination)
        if fault:
            raise fault
        if destination == self.region:
            raise refused("InvalidParameter", 400)

        def make() -> Backup:
            if found.lifecycle is not Lifecycle.AVAILABLE:
                raise refused("IncorrectState", 409)
            facts = {"compartment_id": found.compartment_id, "freeform_tags": dict(found.freeform_tags)}
            made = self.cloud.add_copy(found, destination, lifecycle=Lifecycle.CREATING, **facts)
            for member in self.cloud.members_of(found):
                self.cloud.add_copy(member, destination, lifecycle=Lifecycle.CREATING, group_backup_id=made.id, **facts)
            return made

        details = {"id": original.id, **body}
        return self._answer(self.cloud.once(f"copy from {self.region}", retry_token, details, make))

    def update(self, kind: Kind, backup_id: str, body: Mapping[str, Any], if_match: str | None = None) -> Backup:
        arguments = {"kind": kind, "backup_id": backup_id, "body": body, "if_match": if_match}
        self.cloud.begin(self.region, "update", **arguments)
        backup = self._find(kind, backup_id)
        if backup.lifecycle is Lifecycle.TERMINATED:
            raise refused()
        if if_match not in {None, "*", backup.etag}:
            raise Outrun("NoEtagMatch", "the etag is another by now", status=412)
        tags = body.get("freeformTags", backup.freeform_tags)
        if len(tags) > MAX_FREEFORM_TAGS:
            raise refused("InvalidParameter", 400)
        return self._answer(self.cloud.change(backup, freeform_tags=dict(tags)))

    def delete(self, kind: Kind, backup_id: str, if_match: str) -> str | None:
        self.cloud.begin(self.region, "delete", kind=kind, backup_id=backup_id, if_match=if_match)
        backup = self._find(kind, backup_id)
        if if_match != backup.etag:
            raise Outrun("NoEtagMatch", "the etag is another by now", status=412)
        if backup.lifecycle is Lifecycle.TERMINATED:
            raise refused()
        ending = [backup, *self.cloud.members_of(backup)]
        if backup.lifecycle in {*UNDER_WAY, Lifecycle.TERMINATING} or any(map(self._is_being_copied, ending)):
            raise refused("IncorrectState", 409)
        if backup.group_backup_id or any(map(self._is_held, ending)):
            raise refused("Conflict", 409)
        for each in ending:
            self.cloud.change(each, lifecycle=Lifecycle.TERMINATING)
        return self.cloud.request_id()

    def _is_being_copied(self, backup: Backup) -> bool:
        copies = (each for each in self.cloud.backups.values() if each.copied_from == backup.id)
        return any(each.lifecycle in UNDER_WAY for each in copies)

    def _is_held(self, backup: Backup) -> bool:
        until = backup.retained_until
        return backup.is_protected or (until is not None and until > self.cloud.clock.now())

    def _find(self, kind: Kind, backup_id: str) -> Backup:
        backup = self.cloud.backups.get(backup_id)
        if backup is None or backup.kind is not kind or backup.region != self.region:
            raise refused()
        return backup

    def _answer(self, backup: Backup) -> Backup:
        return replace(backup, opc_request_id=self.cloud.request_id())


@dataclass(frozen=True)
class FakeMetrics:
    """The port `Metrics`; its calls are scripted as `metrics.publish`."""

    cloud: FakeCloud
    points: list[Point] = field(default_factory=list)

    def publish(self, points: Sequence[Point]) -> None:
        if points:
            self.cloud.begin(HOME, "metrics.publish", points=tuple(points))
            self.points.extend(points)


@dataclass(frozen=True)
class Message:
    """What was published to a topic."""

    title: str
    body: str


@dataclass
class FakeNotices:
    """The port `Notices`; its calls are scripted as `notices.tags`, `notices.publish` and `notices.replace_tags`."""

    cloud: FakeCloud
    messages: list[Message] = field(default_factory=list)
    topic_tags: TopicTags = field(default_factory=lambda: TopicTags({}, "etag-of-the-topic"))
    is_gone: bool = False

    def tags(self) -> TopicTags:
        self._begin("notices.tags")
        return self.topic_tags

    def publish(self, title: str, body: str) -> None:
        self._begin("notices.publish", title=title, body=body)
        self.messages.append(Message(title, body))

    def replace_tags(self, tags: Mapping[str, str], if_match: str) -> None:
        self._begin("notices.replace_tags", tags=dict(tags), if_match=if_match)
        if if_match != self.topic_tags.etag:
            raise Outrun("NoEtagMatch", "the etag is another by now", status=412)
        if len(tags) > MAX_FREEFORM_TAGS:
            raise refused("InvalidParameter", 400)
        self.change_tags(tags)

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Change the topic's tags behind everybody's back; its etag changes with it."""
        self.topic_tags = TopicTags(dict(tags), f"etag-of-the-topic-{self.cloud.request_id()}")

    def _begin(self, method: str, **arguments: Any) -> None:
        self.cloud.begin(HOME, method, **arguments)
        if self.is_gone:
            raise refused()


@dataclass(frozen=True)
class FakeItself:
    """The port `Itself`; its calls are scripted as `itself.invoke`. What was handed on is in `payloads`."""

    cloud: FakeCloud
    payloads: list[Mapping[str, Any]] = field(default_factory=list)

    def invoke(self, payload: Mapping[str, Any]) -> str | None:
        self.cloud.begin(HOME, "itself.invoke", payload=payload)
        self.payloads.append(payload)
        return self.cloud.request_id()


@dataclass(frozen=True)
class FakeSubscriptions:
    """The port `Subscriptions`; its calls are scripted as `subscriptions`."""

    cloud: FakeCloud

    def __call__(self) -> frozenset[str]:
        self.cloud.begin(HOME, "subscriptions")
        return frozenset(self.cloud.subscribed)


def configuration(**keys: str) -> Settings:
    """Settings of a function in the home region that copies one compartment to one other, unless `keys` say so."""
    return Settings.read({REGION_KEY: HOME, "DESTINATION_REGIONS": AWAY, "COMPARTMENT_IDS": COMPARTMENT, **keys})


def make_call(
    cloud: FakeCloud,
    *,
    occurrence: str = "2026-11-21T02:00Z",
    lasts: timedelta = timedelta(minutes=5),
    **keys: str,
) -> Call:
    """An invocation over the fakes, that ends when its caller has waited for as long as it `lasts`."""
    settings = configuration(**keys)
    return Call(
        settings=settings,
        backups=cloud,
        clock=cloud.clock,
        workers=one_after_the_other,
        deadline=Deadline(cloud.clock.now() + lasts),
        occurrence=occurrence,
        own_compartment=lambda: COMPARTMENT,
        metrics=cloud.metrics,
        notices=cloud.notices if settings.notification_topic_id else None,
        subscriptions=cloud.subscriptions,
        itself=cloud.itself if settings.fan_out == "ON" else None,
        memory_mb=cloud.memory_mb,
    )


def one_after_the_other(work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
    """The port `Workers`, with a single one."""
    return [work(item) for item in items]
