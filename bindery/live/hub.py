"""The hub: what changed, who watches it, and what they are told when (ui.md 7, architecture.md 6).

A plain object on the loop: nothing in it awaits, and it owns no task. The writer tells it ids
after each commit; the `live` actor calls `flush` when `dirty` rings and again at the time that
`flush` gives back; the websocket endpoint owns the sockets.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from bindery.domain.moments import iso
from bindery.domain.principal import Role, Scope
from bindery.live import frames
from bindery.live.connection import (
    AUTH_ENDED,
    FEED_CREDIT,
    GOING_AWAY,
    MAX_TOPICS,
    Connection,
    Subscription,
    Viewer,
)
from bindery.live.stream import Stream
from bindery.live.topic import Id, Topic
from bindery.runtime.clock import Clock
from bindery.runtime.doorbell import Doorbell
from bindery.runtime.publisher import Change

MAX_CONNECTIONS = 128
MAX_PER_USER = 8
IDLE_S = 300.0
MAX_IDLE = 1_000
_MAX_TOPIC_NAME = 64


class TooManySockets(Exception):
    """8 per user, 128 in all."""


@dataclass(slots=True)
class LiveMetrics:
    """Counters since the start (ui.md 7.6)."""

    frames: int = 0
    bytes: int = 0
    conflated: int = 0
    dropped: int = 0
    slow_closes: int = 0
    resumes: int = 0
    resume_hits: int = 0


class Hub:
    """All topics, streams and connections. Implements `Publisher`."""

    def __init__(
        self,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = trio.current_time,
        server: str = "dev",
    ) -> None:
        self.epoch = secrets.token_hex(6)
        self.dirty = Doorbell()
        self.metrics = LiveMetrics()
        self.connections: dict[Connection, None] = {}
        self._clock = clock
        self._monotonic = monotonic
        self._server = server
        self._topics: dict[str, Topic] = {}
        self._count = 0
        self._streams: dict[str, dict[Scope, Stream]] = {}
        self._behind: dict[Stream, bool] = {}
        """Streams with somebody to tell. True: all who watch wait for their time already, so that
        a further mark makes nobody due earlier."""
        self._idle: dict[Stream, float] = {}
        self._rendering: Stream | None = None

    def register(self, name: str, topic: Topic) -> None:
        """Make a topic known; for an entity topic `name` is what stands before the colon."""
        self._topics[name] = topic

    # Publishing

    def published(self, changes: Sequence[Change]) -> None:
        """A batch was committed."""
        for change in changes:
            self.mark(change.topic, change.library, change.id)

    def mark(self, topic: str, library: int, id: Id, op: str = "put") -> None:  # noqa: ARG002 - the row decides at the flush whether it is gone
        """An object changed, as seen from a library (0: from everywhere). No values.

        Every mark counts, watched or not: a stream that appears later starts behind it.
        """
        self._count += 1
        streams = self._streams.get(topic)
        if not streams:
            return
        now = self._monotonic()
        for stream in streams.values():
            if stream.concerns(library):
                stream.mark(id, self._count, now)
                if stream.subs and not self._behind.get(stream, False):
                    self._behind[stream] = False
                    self.dirty.ring()

    def seq(self, topic: str, scope: Scope) -> int:
        """How far a topic has come in a scope; to be taken *before* reading the rows.

        Never less than before, and more after each mark of the topic, watched or not.
        """
        known = self._topics.get(topic.partition(":")[0])
        if known is not None and known.audience == "all":
            scope = ()
        stream = self._streams.get(topic, {}).get(scope)
        return self._count if stream is None else stream.seq

    def watched(self, topic: str) -> bool:
        """Whether somebody is subscribed to a topic."""
        return any(stream.subs for stream in self._streams.get(topic, {}).values())

    def header(self, topic: str, scope: Scope) -> str:
        """The value of `X-Live-Seq`, and of ETags of what is not in rows: `queue=k3v9:812`."""
        return f"{topic}={self.epoch}:{self.seq(topic, scope)}"

    # Connections

    def connect(self, viewer: Viewer) -> Connection:
        """A new socket, with `hello` in its outbox. Raises `TooManySockets`.

        Without accounts the whole household is nobody in particular: only the total counts.
        """
        user = viewer.user_id
        same = 0 if user is None else sum(c.viewer.user_id == user for c in self.connections)
        if len(self.connections) >= MAX_CONNECTIONS or same >= MAX_PER_USER:
            raise TooManySockets
        conn = Connection(self, viewer)
        self.connections[conn] = None
        hello = frames.Hello(
            frames.VERSION,
            self._server,
            self.epoch,
            frames.User(viewer.user_id, viewer.name, str(viewer.role)),
            self._now(),
            frames.HEARTBEAT_S,
            [name for name, topic in self._topics.items() if _may_see(viewer, topic)],
        )
        conn.push((frames.encode(hello),), None)
        return conn

    def disconnect(self, conn: Connection) -> None:
        """The socket is gone. Repeatable."""
        self.connections.pop(conn, None)
        for topic in list(conn.subs):
            self.unsubscribe(conn, topic)

    def close_all(self, code: int = GOING_AWAY) -> None:
        """The ordered stop begins, or a restore replaced the world."""
        for conn in list(self.connections):
            conn.close(code)

    def end_user(self, user_id: int | None, code: int = AUTH_ENDED) -> None:
        """Close the sockets of a user: logout, password change, deletion."""
        for conn in [c for c in self.connections if c.viewer.user_id == user_id]:
            conn.close(code)

    def authorise(self, conn: Connection, viewer: Viewer) -> None:
        """The rights of a connection changed: topics are dropped or told anew."""
        before, conn.viewer = conn.viewer, viewer
        for name, sub in list(conn.subs.items()):
            topic = sub.stream.topic
            if not _may_see(viewer, topic):
                self.unsubscribe(conn, name)
                conn.error("forbidden", "not yours any more", topic=name)
            elif viewer.view(topic.audience) != before.view(topic.audience):
                self.unsubscribe(conn, name)
                conn.push((frames.encode(frames.Gap(name, "rescope")),), None)
                self.subscribe(conn, name, None, None)

    def heartbeat(self) -> bytes:
        """The frame that breaks 25 s of silence."""
        return frames.encode(frames.Heartbeat(self._now()))

    # Subscriptions

    def subscribe(
        self, conn: Connection, name: str, cursor: frames.Cursor | None, id: int | None
    ) -> None:
        """Begin or rewind a subscription; the first frames are queued at once."""
        topic = self._find(name)
        if topic is None:
            conn.error("unknown_topic", "there is no such topic", id, name[:_MAX_TOPIC_NAME])
            return
        if not _may_see(conn.viewer, topic):
            conn.error("forbidden", "only for administrators", id, name)
            return
        sub = conn.subs.get(name)
        if sub is None:
            if len(conn.subs) >= MAX_TOPICS:
                conn.error("too_many", f"at most {MAX_TOPICS} topics", id, name)
                return
            stream = self._stream(name, topic, conn.viewer.view(topic.audience))
            sub = conn.subs[name] = Subscription(conn, stream, None)
            stream.subs[sub] = None
            self._idle.pop(stream, None)
        self._rewind(sub, cursor)
        self._behind[sub.stream] = False
        self.dirty.ring()
        if sub.queued or not conn.has_room():
            conn.starved = True
        else:
            self._serve(sub, id)

    def unsubscribe(self, conn: Connection, name: str) -> None:
        """End a subscription; unknown ones are no error."""
        sub = conn.subs.pop(name, None)
        if sub is None:
            return
        stream = sub.stream
        stream.subs.pop(sub, None)
        if not stream.subs:
            self._behind.pop(stream, None)
            stream.rest()
            self._idle[stream] = self._monotonic()

    def flush(self, now: float) -> float | None:
        """Queue what is due. Returns when to come again even without a ring, if ever.

        If rendering a topic failed, which ended the caller's incarnation, its subscribers are
        told and dropped at the next flush, so that one broken topic does not silence the rest.
        """
        if self._rendering is not None:
            self._expel(self._rendering)
        due_next: list[float] = []
        for stream in list(self._behind):
            stream.trim(now)
            for sub in list(stream.subs):
                if not sub.behind:
                    continue
                due = sub.due()
                if due > now:
                    due_next.append(due)
                elif sub.queued or not sub.conn.has_room():
                    self.metrics.conflated += 1
                    sub.conn.starved = True
                else:
                    self._serve(sub)
            behind = sum(sub.behind for sub in stream.subs)
            if behind:
                self._behind[stream] = behind == len(stream.subs)
            else:
                stream.settle()
                self._behind.pop(stream, None)
        self._reap(now)
        if self._idle:
            due_next.append(next(iter(self._idle.values())) + IDLE_S)
        return min(due_next, default=None)

    def _now(self) -> str:
        return iso(self._clock.now_us())

    def _find(self, name: str) -> Topic | None:
        family, colon, entity = name.partition(":")
        topic = self._topics.get(family)
        if topic is None or topic.entity != bool(colon) or len(name) > _MAX_TOPIC_NAME:
            return None
        if topic.entity and not (entity.isascii() and entity.isdecimal() and entity[0] != "0"):
            return None
        return topic

    def _stream(self, name: str, topic: Topic, scope: Scope) -> Stream:
        streams = self._streams.setdefault(name, {})
        stream = streams.get(scope)
        if stream is None:
            stream = streams[scope] = Stream(name, topic, scope, self._count)
        return stream

    def _rewind(self, sub: Subscription, cursor: frames.Cursor | None) -> None:
        stream = sub.stream
        stream.trim(self._monotonic())
        sub.under_way.clear()
        if cursor is None:
            sub.rewind(None)
            return
        self.metrics.resumes += 1
        if cursor.epoch == self.epoch and stream.covers(cursor.seq):
            self.metrics.resume_hits += 1
            sub.rewind(cursor.seq)
            return
        sub.rewind(None)
        if stream.topic.kind != "state":
            reason = "trimmed" if cursor.epoch == self.epoch else "epoch"
            self._gap(sub, reason)

    def _gap(self, sub: Subscription, reason: str) -> None:
        self.metrics.dropped += 1
        sub.conn.push((frames.encode(frames.Gap(sub.stream.name, reason)),), None)

    # Serving one subscription

    def _serve(self, sub: Subscription, id: int | None = None) -> None:
        self._rendering = sub.stream
        if sub.cursor is not None and sub.cursor < sub.stream.floor:
            self._gap(sub, "trimmed" if sub.stream.topic.kind == "state" else "slow")
            sub.rewind(None if sub.stream.topic.kind == "state" else sub.stream.floor)
        match sub.stream.topic.kind:
            case "state":
                found = self._serve_state(sub)
            case "feed":
                found = self._serve_feed(sub)
            case "notify":
                found = self._serve_notes(sub)
        self._rendering = None
        if not found:
            self.unsubscribe(sub.conn, sub.stream.name)
            sub.conn.error("unknown_topic", "there is no such thing", id, sub.stream.name)

    def _serve_state(self, sub: Subscription) -> bool:
        stream = sub.stream
        if sub.cursor is None:
            made = stream.snapshot()
            if made is None:
                return False
            sub.rewind(stream.seq)
        else:
            made = stream.deltas(sub.cursor, sub.sent, sub.fresh)
            sub.cursor = stream.seq
            if made:
                sub.sent = stream.seq
        self._queue(sub, made)
        return True

    def _serve_feed(self, sub: Subscription) -> bool:
        stream, conn = sub.stream, sub.conn
        if sub.cursor is None:
            made = stream.backlog()
            if made is None:
                return False
            sub.rewind(stream.seq)
            sub.under_way.extend([stream.seq] * len(made))
            self._queue(sub, made)
            return True
        while sub.cursor < stream.seq and conn.has_room() and len(sub.under_way) < FEED_CREDIT:
            item = stream.next_item(sub.cursor)
            if item is None:
                sub.cursor = stream.seq
                break
            sub.cursor, made = item
            sub.under_way.extend([sub.cursor] * len(made))
            self._queue(sub, made)
        if not conn.has_room():
            conn.starved = True
        return True

    def _serve_notes(self, sub: Subscription) -> bool:
        stream = sub.stream
        keys = [] if sub.cursor is None else stream.keys(sub.cursor)
        sub.rewind(stream.seq)
        note = frames.Inval(stream.name, stream.seq, keys)
        self._queue(sub, (frames.encode(note),))
        return True

    def _queue(self, sub: Subscription, made: tuple[bytes, ...]) -> None:
        if made:
            sub.last_sent = self._monotonic()
            sub.conn.push(made, sub)

    def _expel(self, stream: Stream) -> None:
        self._rendering = None
        for sub in list(stream.subs):
            self.unsubscribe(sub.conn, stream.name)
            sub.conn.error("unknown_topic", "this topic is out of order", topic=stream.name)

    def _reap(self, now: float) -> None:
        while self._idle:
            stream, since = next(iter(self._idle.items()))
            if since + IDLE_S > now and len(self._idle) <= MAX_IDLE:
                return
            del self._idle[stream]
            streams = self._streams[stream.name]
            del streams[stream.scope]
            if not streams:
                del self._streams[stream.name]


def _may_see(viewer: Viewer, topic: Topic) -> bool:
    return viewer.role is Role.ADMIN or (viewer.role is not Role.NONE and not topic.admin_only)
