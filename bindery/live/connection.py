"""One socket's side of the hub: its subscriptions and its bounded outbox."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from bindery.domain.principal import Role, Scope
from bindery.live import frames
from bindery.live.stream import Frames, Stream
from bindery.live.topic import NOBODY
from bindery.runtime.doorbell import Doorbell

if TYPE_CHECKING:
    from bindery.live.hub import Hub

OUTBOX_FRAMES = 64
OUTBOX_BYTES = 1024 * 1024
MAX_TOPICS = 64
FEED_CREDIT = 250
"""Events under way without the client's `ok`, which it sends every 50."""
INTERVAL_S = 0.25
HIDDEN_FACTOR = 10

PROTOCOL_ERROR, AUTH_ENDED, TOO_SLOW, GOING_AWAY = 4400, 4401, 4408, 1012


class LiveClosed(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who watches, as authentication decided."""

    user_id: int | None
    name: str
    role: Role
    scope: Scope

    def view(self, stream_audience: str) -> Scope:
        """The scope under which this viewer sees a topic of that audience."""
        if stream_audience == "all":
            return ()
        if stream_audience == "library":
            return self.scope
        user = self.user_id or NOBODY
        return (user, *self.scope) if stream_audience == "caller" else (user,)


class Subscription:
    """One connection's place in one stream."""

    __slots__ = ("conn", "cursor", "fresh", "last_sent", "queued", "sent", "stream", "under_way")

    def __init__(self, conn: "Connection", stream: Stream, cursor: int | None) -> None:
        self.conn = conn
        self.stream = stream
        self.last_sent = float("-inf")
        self.queued = False
        self.under_way: deque[int] = deque()
        self.rewind(cursor)

    def rewind(self, cursor: int | None) -> None:
        """Go on from here; None: everything is to be told."""
        self.cursor = cursor
        self.sent = self.fresh = -1 if cursor is None else cursor

    @property
    def behind(self) -> bool:
        """Whether there is something to tell."""
        return self.cursor is None or self.cursor < self.stream.seq

    def due(self) -> float:
        """When the next flush may go out."""
        interval = 0.0 if self.stream.topic.kind == "feed" else INTERVAL_S
        if not self.conn.visible:
            interval = INTERVAL_S * HIDDEN_FACTOR
        return self.last_sent + interval


@dataclass(slots=True)
class _Bundle:
    frames: Frames
    sub: Subscription | None
    at: int = 0


class Connection:
    """Made by `Hub.connect`. The endpoint feeds `handle` and sends what `next_frame` gives."""

    def __init__(self, hub: "Hub", viewer: Viewer) -> None:
        self.hub = hub
        self.viewer = viewer
        self.visible = True
        self.subs: dict[str, Subscription] = {}
        self.starved = False
        self.waiting_frames = 0
        self.waiting_bytes = 0
        self._outbox: deque[_Bundle] = deque()
        self._bell = Doorbell()
        self._code: int | None = None

    # For the endpoint

    def handle(self, data: str | bytes) -> None:
        """Take one frame of the client. What is wrong with it is answered or ends the link."""
        if self._code is not None:
            return
        if len(data) > frames.MAX_CLIENT_FRAME:
            self.close(PROTOCOL_ERROR)
            return
        try:
            frame: frames.ClientFrame = frames.decode(data)
        except msgspec.ValidationError:
            self.error("bad_request", "no such frame, or a field of it is wrong")
            return
        except msgspec.DecodeError:
            self.close(PROTOCOL_ERROR)
            return
        match frame:
            case frames.Sub():
                for topic, cursor in frame.topics.items():
                    self.hub.subscribe(self, topic, cursor, frame.id)
            case frames.Unsub():
                for topic in frame.topics:
                    self.hub.unsubscribe(self, topic)
            case frames.Vis():
                self.visible = frame.visible
                self.hub.dirty.ring()
            case frames.Ok():
                self._credit(frame.topic, frame.seq)
            case frames.Opts():
                pass

    def pop(self) -> bytes | None:
        """The next frame to send, or None."""
        while self._outbox:
            bundle = self._outbox[0]
            if bundle.at < len(bundle.frames):
                frame = bundle.frames[bundle.at]
                bundle.at += 1
                self.waiting_frames -= 1
                self.waiting_bytes -= len(frame)
                if bundle.at == len(bundle.frames):
                    self._finish()
                self.hub.metrics.frames += 1
                self.hub.metrics.bytes += len(frame)
                return frame
            self._finish()
        return None

    async def next_frame(self) -> bytes:
        """Wait for the next frame; a heartbeat after 25 s without one. Raises `LiveClosed`."""
        while True:
            if self._code is not None:
                raise LiveClosed(self._code)
            frame = self.pop()
            if frame is not None:
                return frame
            if not await self._bell.wait(frames.HEARTBEAT_S):
                return self.hub.heartbeat()

    def close(self, code: int) -> None:
        """Have the endpoint close the socket: nothing more is sent."""
        if self._code is None:
            self._code = code
            self._outbox.clear()
            self.waiting_frames = self.waiting_bytes = 0
            self.hub.disconnect(self)
            self._bell.ring()

    def too_slow(self) -> None:
        """A write was blocked for more than 10 s."""
        self.hub.metrics.slow_closes += 1
        self.close(TOO_SLOW)

    @property
    def close_code(self) -> int | None:
        """The code to close with, once it is decided."""
        return self._code

    # For the hub

    def error(
        self, code: str, message: str, id: int | None = None, topic: str | None = None
    ) -> None:
        """Queue an `err` frame; a client that provokes them without reading is dropped."""
        if self.waiting_frames >= 2 * OUTBOX_FRAMES and not self.has_room():
            self.too_slow()
            return
        self.push((frames.encode(frames.Err(code, message, id, topic)),), None)

    def has_room(self) -> bool:
        """Whether more may be queued; one bundle may go beyond the bounds."""
        return self.waiting_frames < OUTBOX_FRAMES and self.waiting_bytes < OUTBOX_BYTES

    def push(self, made: Frames, sub: Subscription | None) -> None:
        """Queue frames. With `sub`, nothing more of it is queued until they are taken."""
        if not made or self._code is not None:
            return
        self._outbox.append(_Bundle(made, sub))
        self.waiting_frames += len(made)
        self.waiting_bytes += sum(map(len, made))
        if sub is not None:
            sub.queued = True
        self._bell.ring()

    def _finish(self) -> None:
        bundle = self._outbox.popleft()
        if bundle.sub is not None:
            bundle.sub.queued = False
        if self.starved:
            self.starved = False
            self.hub.dirty.ring()

    def _credit(self, topic: str, seq: int) -> None:
        sub = self.subs.get(topic)
        if sub is None:
            return
        while sub.under_way and sub.under_way[0] <= seq:
            sub.under_way.popleft()
        self.hub.dirty.ring()
