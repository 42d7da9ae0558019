"""What a unit of work sees: `Reader` reads, `Tx` also writes.

Both are valid only inside the work function that received them. A `Tx` has no effect outside the
database until its batch is committed; its function may run twice (architecture.md 5).
"""

from collections.abc import Callable, Hashable
from typing import Any, Literal, TypeAlias, TypeVar

import apsw
import msgspec

from bindery.domain.principal import HOUSEHOLD, SYSTEM, By
from bindery.domain.refusal import Params as ReasonParams
from bindery.runtime.publisher import Change
from bindery.store.connection import cursor_of
from bindery.store.errors import OverBudget
from bindery.store.rows import Params, Plan, SqlValue, json_text

R = TypeVar("R", bound=msgspec.Struct)

STEPS_PER_TICK = 1_000
READ_TICKS = 60
"""An inline read may take 60,000 steps of SQLite's machine, some 2.5 ms. A page of 100 books with
their slots takes 37,000; architecture.md 5 said 20,000 (docs/decisions/0006)."""
READ_ROWS = 2_000

_NO_PARAMS: Params = {}
_PLANS_KEPT = 1_024


Plans: TypeAlias = dict[tuple[str, type[msgspec.Struct]], Plan[Any]]


class Budget:
    """What one inline read may cost. `strict` raises, otherwise `over` is told once per read."""

    __slots__ = ("_over", "_strict", "ticks", "told")

    def __init__(self, over: Callable[[str], None], *, strict: bool) -> None:
        self._over = over
        self._strict = strict
        self.ticks = 0
        self.told = False

    def reset(self) -> None:
        """A new read begins."""
        self.ticks = 0
        self.told = False

    def tick(self) -> bool:
        """SQLite's progress handler; True would interrupt."""
        self.ticks += 1
        if self.ticks > READ_TICKS:
            self.spent(f"more than {READ_TICKS * STEPS_PER_TICK} steps")
        return False

    def spent(self, why: str) -> None:
        """The read went over."""
        if self._strict:
            raise OverBudget(f"an inline read took {why}: use scan, or an index")
        if not self.told:
            self.told = True
            self._over(why)


class Totals:
    """Totals remembered under the change counter they were made at (architecture.md 5a).

    Shared by the loop and the scan threads: single dictionary operations only.
    """

    __slots__ = ("_kept",)

    KEPT = 256

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[int, int]] = {}

    def find(self, what: Hashable, counter: int) -> int | None:
        """The total, if nothing has changed since it was counted."""
        kept = self._kept.get(what)
        return kept[1] if kept is not None and kept[0] == counter else None

    def keep(self, what: Hashable, counter: int, total: int) -> None:
        """Remember a total."""
        if len(self._kept) >= self.KEPT:
            self._kept.clear()
        self._kept[what] = (counter, total)


class Reader:
    """Typed reads. SQL has named parameters; rows become records by column name."""

    __slots__ = ("_budget", "_db", "_plans", "log", "now_sql", "totals")

    def __init__(
        self,
        db: apsw.Connection,
        budget: Budget | None = None,
        totals: Totals | None = None,
    ) -> None:
        self._db = db
        self._budget = budget
        self.totals = totals
        """Counts that were dear to make, shared by the readers of a store."""
        self._plans: Plans = {}
        self.log: list[str] | None = None
        """Statements run, when somebody counts them."""
        self.now_sql = ""
        """The statement at work, for whoever reports a slow one."""

    def rows(self, sql: str, params: Params, row: type[R]) -> list[R]:
        """All rows, as records of type `row`."""
        cursor = self._execute(sql, params)
        plan = self._plans.get((sql, row))
        if plan is None:
            try:
                columns = [column[0] for column in cursor.get_description()]
            except apsw.ExecutionCompleteError:
                return []
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            plan = self._plans[sql, row] = Plan(row, columns)
        found: list[tuple[SqlValue, ...]] = cursor.fetchall()
        if self._budget is not None and len(found) > READ_ROWS:
            self._budget.spent(f"{len(found)} rows")
        return plan.records(found)

    def one(self, sql: str, params: Params, row: type[R]) -> R | None:
        """The first row, or None."""
        found = self.rows(sql, params, row)
        return found[0] if found else None

    def value(self, sql: str, params: Params = _NO_PARAMS) -> Any:
        """The first column of the first row, or None. The caller knows its type."""
        found = self._execute(sql, params).fetchall()
        return found[0][0] if found else None

    def tuples(self, sql: str, params: Params = _NO_PARAMS) -> list[tuple[Any, ...]]:
        """The rows as they come, for statements whose columns are computed."""
        found: list[tuple[Any, ...]] = self._execute(sql, params).fetchall()
        if self._budget is not None and len(found) > READ_ROWS:
            self._budget.spent(f"{len(found)} rows")
        return found

    def values(self, sql: str, params: Params = _NO_PARAMS) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self.tuples(sql, params)]

    def _execute(self, sql: str, params: Params) -> Any:
        self.now_sql = sql
        if self.log is not None:
            self.log.append(sql)
        return cursor_of(self._db, sql, params)


class Watch(msgspec.Struct, frozen=True):
    """Makes a command a job: a person watches it. `title` is a code, worded by the browser."""

    title: str
    params: ReasonParams = {}


class Settlement(msgspec.Struct, frozen=True):
    """How a command ended."""

    id: int
    state: Literal["succeeded", "failed", "cancelled"]
    code: str | None = None
    params: ReasonParams = {}
    result: msgspec.Raw | None = None


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the activity history. `type` is the wire's `eventType` (catalogue.md 1.5)."""

    type: str
    by: By = SYSTEM
    trace: str = ""
    library: int = HOUSEHOLD
    book_id: int | None = None
    author_id: int | None = None
    slot_id: int | None = None
    download_id: int | None = None
    source_title: str = ""
    guid: str = ""
    indexer: str = ""
    client: str = ""
    protocol: str = ""
    format: str = ""
    quality: str = ""
    size: int | None = None
    code: str | None = None
    params: ReasonParams = {}
    hidden: bool = False


class Effects:
    """What a committed unit causes outside the database."""

    __slots__ = ("bells", "bumps", "changes", "settled")

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.bumps: set[tuple[str, int]] = set()
        self.bells: set[str] = set()
        self.settled: list[Settlement] = []


class Tx(Reader):
    """One unit of work inside the writer's transaction."""

    __slots__ = ("effects", "now_us")

    def __init__(self, db: apsw.Connection, now_us: int, plans: Plans | None = None) -> None:
        super().__init__(db)
        if plans is not None:
            self._plans = plans
        self.now_us = now_us
        """The wall clock of the batch, so that one unit sees one instant."""
        self.effects = Effects()

    def run(self, sql: str, params: Params = _NO_PARAMS) -> int:
        """Execute; answers the number of rows changed by it (triggers not counted)."""
        self._execute(sql, params).fetchall()
        return self._db.changes()

    def insert(self, sql: str, params: Params = _NO_PARAMS) -> int:
        """Execute an INSERT; answers the new id. Not for upserts: use RETURNING and `value`."""
        self._execute(sql, params).fetchall()
        return self._db.last_insert_rowid()

    def publish(
        self, topic: str, library: int, id: str | int, op: Literal["put", "del"] = "put"
    ) -> None:
        """Tell the hub after COMMIT that an object changed; also bumps the topic's counter."""
        change = Change(topic, library, id, op)
        if change not in self.effects.changes[-8:]:
            self.effects.changes.append(change)
        self.bump(topic, library)

    def bump(self, topic: str, library: int) -> None:
        """Change the counter that ETags are made of (architecture.md 9)."""
        self.effects.bumps.add((topic.partition(":")[0], library))

    def ring(self, kind: str) -> None:
        """Ring a bell after COMMIT."""
        self.effects.bells.add(kind)

    def settle(self, settlement: Settlement) -> None:
        """Wake who waits for a command, after COMMIT."""
        self.effects.settled.append(settlement)

    def enqueue(
        self,
        kind: str,
        payload: object,
        *,
        key: str = "",
        lane: str = "",
        priority: int = 20,
        not_before: int | None = None,
        trace: str = "",
        by: By = SYSTEM,
        library: int = HOUSEHOLD,
        watch: Watch | None = None,
        parent: int | None = None,
    ) -> int:
        """Ask an actor for work; answers the command's id (architecture.md 6).

        One queued row per (kind, key): asking again keeps the row, with the more urgent priority
        (10 person, 20 event, 30 sweep), the earlier `not_before` (µs) and the newest payload.
        An empty key therefore means at most one queued command of that kind.
        """
        command: int = self.value(
            _q_enqueue,
            {
                "kind": kind,
                "key": key,
                "lane": lane,
                "payload": json_text(payload),
                "priority": priority,
                "not_before": not_before or 0,
                "trace": trace,
                "by_user": by.user_id,
                "via": by.via,
                "library": library,
                "watch": int(watch is not None),
                "title": watch.title if watch else "",
                "title_params": json_text(watch.params) if watch else "{}",
                "parent": parent,
                "now": self.now_us,
            },
        )
        if watch is not None:
            self.publish("jobs", library, f"j-{command}")
        self.ring(kind)
        return command

    def record(self, event: NewEvent) -> int:
        """Add to the activity history; answers the event's id."""
        event_id = self.insert(
            _q_insert_event,
            {
                "at": self.now_us,
                "type": event.type,
                "by_user": event.by.user_id,
                "via": event.by.via,
                "trace": event.trace,
                "library": event.library,
                "book": event.book_id,
                "author": event.author_id,
                "slot": event.slot_id,
                "download": event.download_id,
                "source_title": event.source_title,
                "guid": event.guid,
                "indexer": event.indexer,
                "client": event.client,
                "protocol": event.protocol,
                "format": event.format,
                "quality": event.quality,
                "size": event.size,
                "code": event.code,
                "params": json_text(event.params),
                "hidden": int(event.hidden),
            },
        )
        self.publish("activity", event.library, event_id)
        return event_id


_q_enqueue = """
INSERT INTO command (kind, key, lane, payload, priority, not_before, trace, by_user, via,
  library_id, watch, title_code, title_params, parent, created_at)
VALUES (:kind, :key, :lane, :payload, :priority, :not_before, :trace, :by_user, :via,
  :library, :watch, :title, :title_params, :parent, :now)
ON CONFLICT (kind, key) WHERE state = 'queued' DO UPDATE SET
  payload = excluded.payload,
  lane = excluded.lane,
  priority = min(priority, excluded.priority),
  not_before = min(not_before, excluded.not_before),
  trace = CASE WHEN excluded.trace = '' THEN trace ELSE excluded.trace END,
  by_user = coalesce(excluded.by_user, by_user),
  via = CASE WHEN excluded.priority <= priority THEN excluded.via ELSE via END,
  watch = max(watch, excluded.watch),
  title_code = CASE WHEN excluded.watch THEN excluded.title_code ELSE title_code END,
  title_params = CASE WHEN excluded.watch THEN excluded.title_params ELSE title_params END
RETURNING id"""

_q_insert_event = """
INSERT INTO event (at, type, by_user, via, trace, library_id, book_id, author_id, slot_id,
  download_id, source_title, guid, indexer, client, protocol, format, quality, size, code,
  params, hidden)
VALUES (:at, :type, :by_user, :via, :trace, :library, :book, :author, :slot, :download,
  :source_title, :guid, :indexer, :client, :protocol, :format, :quality, :size, :code, :params,
  :hidden)"""
