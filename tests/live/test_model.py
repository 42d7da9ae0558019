"""Whatever happens on the way, the client ends with the server's state."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.principal import Scope
from bindery.live import frames, stream
from bindery.live.connection import OUTBOX_BYTES, OUTBOX_FRAMES
from tests.live.world import Client, World, drain, send

ids = st.integers(1, 9)
libraries = st.integers(1, 2)
steps = st.one_of(
    st.tuples(st.just("put"), libraries, ids, st.integers(0, 2), st.booleans()),
    st.tuples(st.just("early"), libraries, ids, st.integers(0, 2)),
    st.tuples(st.just("delete"), libraries, ids),
    st.tuples(st.just("meta"), st.integers(0, 2)),
    st.tuples(st.just("advance"), st.sampled_from([0.0, 0.1, 0.25, 2.5, 60.0, 400.0])),
    st.tuples(st.just("read"), st.integers(0, 2), st.sampled_from([1, 3, 100])),
    st.tuples(st.just("leave"), st.integers(0, 2)),
    st.tuples(st.just("reconnect"), st.integers(0, 2)),
    st.tuples(st.just("resubscribe"), st.integers(0, 2)),
    st.tuples(st.just("visible"), st.integers(0, 2), st.booleans()),
)


class Watcher:
    """A client, its scope and its present socket, if any."""

    def __init__(self, world: World, scope: Scope) -> None:
        self.world, self.scope, self.client = world, scope, Client()
        self.conn: Any = None
        self.connect()

    def connect(self) -> None:
        self.leave()
        self.conn = self.world.connect(*self.scope)
        send(self.conn, t="sub", id=1, topics={"queue": self.client.cursor()})

    def leave(self) -> None:
        if self.conn is not None:
            self.world.hub.disconnect(self.conn)
            self.conn = None
            self.client._parts.clear()

    def read(self, most: int) -> None:
        if self.conn is not None:
            for frame in drain(self.conn, most):
                self.client.take(frame)


@pytest.fixture(autouse=True, scope="module")
def _small_bounds() -> Any:
    patch = pytest.MonkeyPatch()
    patch.setattr(stream, "JOURNAL_IDS", 4)
    patch.setattr(frames, "MAX_FRAME", 700)
    yield
    patch.undo()


@given(story=st.lists(steps, max_size=60))
def test_any_story_ends_with_the_client_knowing_what_the_server_knows(story: list[Any]) -> None:
    world = World()
    watchers = [Watcher(world, scope) for scope in ((1,), (1, 2), (1, 2))]
    unmarked: list[tuple[int, int]] = []
    for step in story:
        match step:
            case ("put", library, key, value, note):
                more = {"note": "x" * 60} if note else {}
                world.put(library, key, value=value, lib=library, **more)
                world.rows[3 - library].pop(key, None)
                world.hub.mark("queue", 3 - library, key)
            case ("early", library, key, value):
                # Committed, but the loop has not heard of it yet: content newer than its seq.
                if key in world.rows[library]:
                    world.rows[library][key] = {"id": key, "value": value, "lib": library}
                    unmarked.append((library, key))
            case ("delete", library, key):
                world.delete(library, key)
            case ("meta", value):
                world.meta = {"stale": value}
                world.hub.mark("queue", 0, "")
            case ("advance", seconds):
                world.advance(seconds)
                for library, key in unmarked:
                    world.hub.mark("queue", library, key)
                unmarked.clear()
            case ("read", who, most):
                watchers[who].read(most)
            case ("leave", who):
                watchers[who].leave()
            case ("reconnect", who):
                watchers[who].connect()
            case ("resubscribe", who) if watchers[who].conn is not None:
                send(watchers[who].conn, t="sub", id=2, topics={"queue": None})
            case ("visible", who, visible) if watchers[who].conn is not None:
                send(watchers[who].conn, t="vis", visible=visible)
            case _:
                pass
        for watcher in watchers:
            if watcher.conn is not None:
                assert watcher.conn.waiting_frames <= OUTBOX_FRAMES + 20
                assert watcher.conn.waiting_bytes <= OUTBOX_BYTES
    for library, key in unmarked:
        world.hub.mark("queue", library, key)
    for watcher in watchers:
        if watcher.conn is None:
            watcher.connect()
    for _ in range(4):
        world.advance(3)
        for watcher in watchers:
            watcher.read(10_000)
    for watcher in watchers:
        assert watcher.client.rows == world.visible(watcher.scope)
        assert watcher.client.meta == world.meta
