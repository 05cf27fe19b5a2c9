"""The fake cloud with a life of its own: backups take their time, end FAULTY, are forgotten; and nothing is overlooked.

It answers as `tests.fakes` does, which the contract suite holds to the real adapter; only its look-ups are indexed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from handlers.core.model import Backup, Kind, Lifecycle
from tests.fakes import HOME, UNDER_WAY, FakeBackups, FakeCloud, FakeNotices
from tests.quarter.trouble import Trouble

MARK_TAG, SLOT_TAG, PROVENANCE_TAG = "backup-copy-delete-after", "backup-copy-slot", "backup-copy-source-time"
TERMINATES, FORGOTTEN, TOKENS_LAST = timedelta(minutes=5), timedelta(hours=24), timedelta(hours=24)
DEAD = {Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.FAULTY}

Watcher = Callable[[str, Backup], None]


@dataclass
class LivingCloud(FakeCloud):
    """Whoever watches is told of each `create`, `copy` and `delete` by the function, before anything is done."""

    random: Random = field(default_factory=Random)
    trouble: Trouble = field(default_factory=lambda: Trouble(Random()))
    faulty_rate: float = 0.0
    slow_rate: float = 0.0
    watchers: list[Watcher] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.places: defaultdict[tuple[str | None, str], dict[str, None]] = defaultdict(dict)
        """What there is of a source in a region, but for members of groups' backups, in any state."""
        self.lists: defaultdict[tuple[str, Kind, str], dict[str, Backup]] = defaultdict(dict)
        """What lists show, which is no etags."""
        self.copies_by: defaultdict[str, list[str]] = defaultdict(list)
        self.members_by: defaultdict[str, list[str]] = defaultdict(list)
        self.moments: dict[str, datetime] = {}
        """Of when the data is of each backup and copy there ever was."""
        self.marked: dict[str, datetime] = {}
        """Since when the mark has been on what is marked."""
        self.tally: dict[str, int] = defaultdict(int)
        self.ends: list[tuple[datetime, int, str, Lifecycle | None]] = []
        self.token_times: dict[tuple[str, str], datetime] = {}
        self.api_calls = 0
        self.notices = LossyNotices(self)

    def __call__(self, region: str) -> FakeBackups:
        return self._regions.setdefault(region, WatchedBackups(region, self))

    def begin(self, region: str, method: str, **arguments: Any) -> None:
        self.api_calls += 1
        self.clock.advance(self.call_takes)
        self.pass_time()
        self.trouble.before(self.clock.now(), region, method, arguments)

    def tell(self, what: str, backup: Backup) -> None:
        for watch in self.watchers:
            watch(what, backup)

    def change(self, backup: Backup, **facts: Any) -> Backup:
        before, changed = self.backups.get(backup.id), super().change(backup, **facts)
        if before is None:
            self._enter(changed)
        listing = self.lists[changed.region, changed.kind, changed.compartment_id]
        listing[changed.id] = replace(changed, etag=None)
        if MARK_TAG not in changed.freeform_tags:
            self.marked.pop(changed.id, None)
        elif before is None or before.freeform_tags.get(MARK_TAG) != changed.freeform_tags[MARK_TAG]:
            self.marked[changed.id] = self.clock.now()
        if (before is None or before.lifecycle is not changed.lifecycle) and not changed.group_backup_id:
            self._plan(changed)
        return changed

    def pass_time(self) -> None:
        """Let everything end whose time has come."""
        while self.ends and self.ends[0][0] <= self.clock.now():
            _, _, backup_id, state = heappop(self.ends)
            backup = self.backups.get(backup_id)
            if backup is None or (state is not None and backup.lifecycle in DEAD and state not in DEAD):
                continue
            for each in [backup, *self.members_of(backup)]:
                if state is None:
                    self._leave(each)
                else:
                    self.change(each, lifecycle=state)

    def remove(self, backup: Backup) -> None:
        """A person deletes a backup, with all it consists of."""
        for each in [backup, *self.members_of(backup)]:
            self.change(each, lifecycle=Lifecycle.TERMINATING)

    def there(self, source_id: str | None, region: str) -> list[Backup]:
        """What there is of a source in a region, but for what was deleted; the oldest data first."""
        living = (self.backups[each] for each in self.places[source_id, region])
        return sorted((each for each in living if not each.lifecycle.is_deleted), key=self._age)

    def members_of(self, backup: Backup) -> list[Backup]:
        return [self.backups[each] for each in self.members_by.get(backup.id, ())]

    def copies_of(self, backup_id: str) -> list[Backup]:
        """The copies of a backup anywhere, in any state."""
        return [self.backups[each] for each in self.copies_by.get(backup_id, ())]

    def once(self, operation: str, token: str, details: Mapping[str, Any], make: Callable[[], Backup]) -> Backup:
        now, key = self.clock.now(), (operation, token)
        if now - self.token_times.setdefault(key, now) >= TOKENS_LAST:
            self.tokens.pop(key, None)
            self.token_times[key] = now

        def told() -> Backup:
            made = make()
            self.tell("copy" if made.copied_from else "create", made)
            return made

        return super().once(operation, token, details, told)

    def _age(self, backup: Backup) -> tuple[datetime, str]:
        return self.moments[backup.id], backup.id

    def _enter(self, backup: Backup) -> None:
        self.moments[backup.id] = self.moments.get(backup.copied_from or "", backup.time_created)
        if backup.group_backup_id:
            self.members_by[backup.group_backup_id].append(backup.id)
            return
        self.tally["copies" if backup.copied_from else "backups"] += 1
        self.places[backup.source_id, backup.region][backup.id] = None
        if backup.copied_from:
            self.copies_by[backup.copied_from].append(backup.id)

    def _leave(self, backup: Backup) -> None:
        del self.backups[backup.id]
        del self.lists[backup.region, backup.kind, backup.compartment_id][backup.id]
        self.places[backup.source_id, backup.region].pop(backup.id, None)
        self.marked.pop(backup.id, None)
        self.members_by.pop(backup.id, None)
        if backup.copied_from and not backup.group_backup_id:
            self.copies_by[backup.copied_from].remove(backup.id)

    def _plan(self, backup: Backup) -> None:
        match backup.lifecycle:
            case state if state in UNDER_WAY:
                after = timedelta(minutes=self.random.uniform(2, 50))
                if self.random.random() < self.slow_rate:
                    after = timedelta(hours=self.random.uniform(1, 24))
                is_faulty = self.random.random() < self.faulty_rate
                self._after(after, backup, Lifecycle.FAULTY if is_faulty else Lifecycle.AVAILABLE)
            case Lifecycle.TERMINATING:
                self._after(TERMINATES, backup, Lifecycle.TERMINATED)
                self._after(FORGOTTEN, backup, None)

    def _after(self, after: timedelta, backup: Backup, state: Lifecycle | None) -> None:
        heappush(self.ends, (self.clock.now() + after, next(self._numbers), backup.id, state))


@dataclass(frozen=True)
class WatchedBackups(FakeBackups):
    """The port `Backups`: an answer may be lost after the work was done."""

    cloud: LivingCloud

    def list_backups(self, kind: Kind, compartment_id: str) -> Sequence[Backup]:
        self.cloud.begin(self.region, "list_backups", kind=kind, compartment_id=compartment_id)
        latest = self.cloud.clock.now() - self.cloud.listed_after
        listed = self.cloud.lists[self.region, kind, compartment_id].values()
        return [each for each in listed if each.time_created <= latest]

    def create(self, kind: Kind, body: Mapping[str, Any], retry_token: str) -> Backup:
        made = super().create(kind, body, retry_token)
        self.cloud.trouble.after(self.region, "create")
        return made

    def copy(self, original: Backup, body: Mapping[str, Any], retry_token: str) -> Backup:
        made = super().copy(original, body, retry_token)
        self.cloud.trouble.after(self.region, "copy")
        return made

    def update(self, kind: Kind, backup_id: str, body: Mapping[str, Any], if_match: str | None = None) -> Backup:
        changed = super().update(kind, backup_id, body, if_match)
        self.cloud.trouble.after(self.region, "update")
        return changed

    def delete(self, kind: Kind, backup_id: str, if_match: str) -> str | None:
        self.cloud.tell("delete", self._find(kind, backup_id))
        request_id = super().delete(kind, backup_id, if_match)
        self.cloud.tally["deletions"] += 1
        self.cloud.trouble.after(self.region, "delete")
        return request_id

    def _is_being_copied(self, backup: Backup) -> bool:
        return any(each.lifecycle in UNDER_WAY for each in self.cloud.copies_of(backup.id))


class LossyNotices(FakeNotices):
    """The port `Notices`: a message may be sent without an answer that says so."""

    def publish(self, title: str, body: str) -> None:
        super().publish(title, body)
        assert isinstance(self.cloud, LivingCloud)
        self.cloud.trouble.after(HOME, "notices.publish")
