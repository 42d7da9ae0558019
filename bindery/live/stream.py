"""One (topic, scope): its seq, its journal, and rows rendered once for all who watch.

The journal is also the dirty set of every subscriber: what was marked after a subscriber's
cursor is what it has not seen. So conflation, resuming and catching up are one mechanism, and a
connection holds no more than a number per topic.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from bindery.domain.principal import Scope
from bindery.live import frames
from bindery.live.topic import EVERYBODY, META, FeedItem, Id, Topic

if TYPE_CHECKING:
    from bindery.live.connection import Subscription

JOURNAL_IDS = 1_000
JOURNAL_S = 300.0
MAX_KEYS = 200
_FEED_BATCH = 50
_ENVELOPE = 512  # bytes of a frame beside its rows

Frames = tuple[bytes, ...]


class _Mark(NamedTuple):
    seq: int
    at: float


class _Cell(NamedTuple):
    """A rendered row and the version before it; `seq` = of the mark that it was rendered for."""

    seq: int
    row: dict[str, Any] | None
    raw: Raw
    before_seq: int
    before: dict[str, Any] | None


_NOTHING = Raw(b"null")


class Stream:
    """See the module. Times are monotonic seconds, given by the hub."""

    def __init__(self, name: str, topic: Topic, scope: Scope, seq: int) -> None:
        self.name = name
        self.topic = topic
        self.scope = scope
        self.seq = seq
        self.floor = seq
        """Marks up to here are forgotten: a cursor below it needs a snapshot."""
        self.subs: dict[Subscription, None] = {}
        self.renders = 0
        self._journal: dict[Id, _Mark] = {}
        self._cells: dict[Id, _Cell] = {}
        self._items: dict[Id, tuple[int, Frames]] = {}
        self._deltas: dict[tuple[Any, ...], Frames] = {}
        self._snap: Frames | None = None

    def concerns(self, library: int) -> bool:
        """Whether a change in this library (or of this user) is seen here."""
        return library == EVERYBODY or not self.scope or library in self.scope

    def mark(self, mark: Id, seq: int, now: float) -> None:
        """Something changed. Constant time."""
        self._journal.pop(mark, None)
        self._journal[mark] = _Mark(seq, now)
        self.seq = seq
        self._snap = None
        self._deltas.clear()
        if len(self._journal) > JOURNAL_IDS:
            self._forget(next(iter(self._journal)))

    def trim(self, now: float) -> None:
        """Forget marks older than five minutes."""
        while self._journal:
            oldest = next(iter(self._journal))
            if self._journal[oldest].at > now - JOURNAL_S:
                return
            self._forget(oldest)

    def covers(self, seq: int) -> bool:
        """Whether a client at `seq` can be brought up to date from the journal."""
        return self.floor <= seq <= self.seq

    def settle(self) -> None:
        """Everybody has seen everything: what was made to be shared is not needed any more."""
        self._items.clear()
        self._deltas.clear()

    def rest(self) -> None:
        """Nobody watches: keep what resuming needs, the journal."""
        self.settle()
        self._cells.clear()
        self._snap = None

    def _forget(self, mark: Id) -> None:
        self.floor = self._journal.pop(mark).seq
        self._cells.pop(mark, None)
        self._items.pop(mark, None)

    def _since(self, cursor: int) -> list[tuple[int, Id]]:
        dirty: list[tuple[int, Id]] = []
        for mark in reversed(self._journal):
            seq = self._journal[mark].seq
            if seq <= cursor:
                break
            dirty.append((seq, mark))
        dirty.reverse()
        return dirty

    # State

    def snapshot(self) -> Frames | None:
        """The whole state in frames, cached until the next mark. None: there is no such thing."""
        if self._snap is None:
            taken = self.topic.snapshot(self.name, self.scope) if self.topic.snapshot else None
            if taken is None:
                return None
            self.renders += 1
            self._snap = self._split(taken.rows, taken.meta)
        return self._snap

    def _split(self, rows: Sequence[Any], meta: dict[str, Any]) -> Frames:
        pages: list[list[Raw]] = [[]]
        room = page = frames.MAX_FRAME - _ENVELOPE - len(frames.encode(meta))
        for row in rows:
            raw = Raw(frames.encode(row))
            size = len(bytes(raw)) + 1
            if size > room and pages[-1]:
                pages.append([])
                room = page
            pages[-1].append(raw)
            room -= size
        data = [frames.SnapData(page, meta) for page in pages]
        if len(data) == 1:
            return (frames.encode(frames.Snap(self.name, self.seq, data[0])),)
        return tuple(
            frames.encode(frames.Snap(self.name, self.seq, part, number, len(data)))
            for number, part in enumerate(data, 1)
        )

    def deltas(self, cursor: int, sent: int, fresh: int) -> Frames:
        """What changed after `cursor`, for a client whose own seq is `sent`.

        A row is patched only if the client got its former version by a delta, that is after
        `fresh`: a snapshot may have been newer than its seq.
        """
        dirty = self._since(cursor)
        self._refresh([mark for _, mark in dirty])
        patched = tuple(self._known(mark, cursor, fresh) for _, mark in dirty)
        key = (cursor, sent, patched)
        made = self._deltas.get(key)
        if made is None:
            made = self._deltas[key] = self._compose(dirty, patched, sent)
        return made

    def _known(self, mark: Id, cursor: int, fresh: int) -> bool:
        cell = self._cells.get(mark)
        return cell is not None and cell.before is not None and fresh < cell.before_seq <= cursor

    def _refresh(self, marks: list[Id]) -> None:
        """Render the rows marked since they were last rendered, all with one call."""
        stale = [
            mark
            for mark in marks
            if mark != META
            and ((cell := self._cells.get(mark)) is None or cell.seq < self._journal[mark].seq)
        ]
        if not stale or self.topic.render is None:
            return
        self.renders += 1
        rows: dict[Id, tuple[dict[str, Any], Raw]] = {}
        for row in self.topic.render(self.name, stale, self.scope):
            plain: dict[str, Any] = msgspec.to_builtins(row)
            rows[plain["id"]] = (plain, Raw(frames.encode(plain)))
        for mark in stale:
            plain_row, raw = rows.get(self.topic.wire_id(mark), (None, _NOTHING))
            before = self._cells.get(mark)
            before_seq, before_row = (-1, None) if before is None else (before.seq, before.row)
            seq = self._journal[mark].seq
            self._cells[mark] = _Cell(seq, plain_row, raw, before_seq, before_row)

    def _compose(self, dirty: list[tuple[int, Id]], patched: tuple[bool, ...], sent: int) -> Frames:
        made: list[bytes] = []
        page = _Page()
        for (seq, mark), patch in zip(dirty, patched, strict=True):
            if page.size > frames.MAX_FRAME - _ENVELOPE - self._size(mark) and page.size:
                made.append(page.encode(self.name, sent, page.last, UNSET))
                sent, page = page.last, _Page()
            self._add(page, mark, patch=patch)
            page.last = seq
        meta: Any = UNSET
        if self.topic.meta is not None and any(mark == META for _, mark in dirty):
            meta = self.topic.meta(self.name, self.scope)
        if made or page.size or meta is not UNSET:
            made.append(page.encode(self.name, sent, self.seq, meta))
        return tuple(made)

    def _size(self, mark: Id) -> int:
        return 0 if mark == META else len(bytes(self._cells[mark].raw))

    def _add(self, page: "_Page", mark: Id, *, patch: bool) -> None:
        if mark == META:
            return
        cell = self._cells[mark]
        if cell.row is None:
            page.gone.append(self.topic.wire_id(mark))
            page.size += 24
        elif patch and cell.before is not None:
            changed = _difference(cell.before, cell.row)
            if changed:
                page.patch.append({"id": cell.row["id"], **changed})
                page.size += len(bytes(cell.raw))
        else:
            page.put.append(cell.raw)
            page.size += len(bytes(cell.raw)) + 1

    # Feeds and notes

    def backlog(self) -> Frames | None:
        """The events so far, for a feed that can tell them; () if it cannot. None: no such."""
        if self.topic.snapshot is None:
            return ()
        taken = self.topic.snapshot(self.name, self.scope)
        if taken is None:
            return None
        self.renders += 1
        return tuple(self._event(item, self.seq) for item in taken.rows)

    def next_item(self, cursor: int) -> tuple[int, Frames] | None:
        """The events of the first mark after `cursor`, and its seq.

        Only the last event carries the mark's seq, so that who loses the link between them gets
        all of them again.
        """
        dirty = self._since(cursor)
        if not dirty:
            return None
        seq, mark = dirty[0]
        made = self._items.get(mark)
        if made is None or made[0] < seq:
            self._render_items(dirty[:_FEED_BATCH])
            made = self._items[mark]
        return seq, made[1]

    def _render_items(self, dirty: list[tuple[int, Id]]) -> None:
        items: dict[Id, list[FeedItem]] = {mark: [] for _, mark in dirty}
        if self.topic.render is not None:
            self.renders += 1
            for item in self.topic.render(self.name, list(items), self.scope):
                items[item.mark].append(item)
        for seq, mark in dirty:
            events = items[mark]
            last = len(events) - 1
            made = tuple(
                self._event(item, seq if place == last else seq - 1)
                for place, item in enumerate(events)
            )
            self._items[mark] = (seq, made)

    def _event(self, item: FeedItem, seq: int) -> bytes:
        event = frames.Event(self.name, seq, item.id, item.name, item.at, item.data)
        return frames.encode(event)

    def keys(self, cursor: int) -> list[str]:
        """The keys marked after `cursor`; too many are `*`."""
        keys = [str(mark) for _, mark in self._since(cursor)]
        return keys if len(keys) <= MAX_KEYS else ["*"]


class _Page:
    """A delta in the making."""

    def __init__(self) -> None:
        self.put: list[Raw] = []
        self.patch: list[dict[str, Any]] = []
        self.gone: list[Id] = []
        self.size = 0
        self.last = 0

    def encode(self, topic: str, prev: int, seq: int, meta: Any) -> bytes:
        return frames.encode(
            frames.Delta(
                topic, prev, seq, self.put or UNSET, self.patch or UNSET, self.gone or UNSET, meta
            )
        )


def _difference(before: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    changed = {key: value for key, value in row.items() if before.get(key, _NOTHING) != value}
    changed.update(dict.fromkeys(before.keys() - row.keys()))
    return changed
