"""A small server world and a client that follows the protocol, for the tests of the hub."""

import json
from collections.abc import Sequence
from typing import Any

from bindery.domain.principal import Role, Scope
from bindery.live.connection import Connection, Viewer
from bindery.live.hub import Hub
from bindery.live.topic import FeedItem, Id, Snapshot, Topic
from bindery.runtime.clock import FixedClock


class World:
    """Rows per library, a hub over them, and time that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rows: dict[int, dict[Any, dict[str, Any]]] = {1: {}, 2: {}}
        self.meta: dict[str, Any] = {}
        self.calls: list[tuple[str, tuple[Id, ...], Scope]] = []
        self.hub = Hub(FixedClock(), monotonic=lambda: self.now, server="test")
        state = Topic(kind="state", render=self.render, snapshot=self.snapshot, meta=self.read_meta)
        self.hub.register("queue", state)
        self.hub.register(
            "book", Topic(kind="state", render=self.render, snapshot=self.one, entity=True)
        )
        self.hub.register(
            "health",
            Topic(kind="state", snapshot=self.snapshot, admin_only=True, audience="all"),
        )
        self.hub.register(
            "session", Topic(kind="state", snapshot=self.session, render=None, audience="user")
        )
        self.hub.register("activity", Topic(kind="feed", render=self.items))
        self.hub.register(
            "search",
            Topic(kind="feed", render=self.items, snapshot=self.past_items, entity=True),
        )
        self.hub.register("catalog", Topic(kind="notify"))

    def visible(self, scope: Scope) -> dict[Any, dict[str, Any]]:
        return {key: row for library in scope for key, row in self.rows[library].items()}

    def render(self, name: str, ids: Sequence[Id], scope: Scope) -> list[dict[str, Any]]:
        self.calls.append((name, tuple(ids), scope))
        rows = self.visible(scope)
        return [dict(rows[key]) for key in ids if key in rows]

    def snapshot(self, name: str, scope: Scope) -> Snapshot:
        self.calls.append((name, (), scope))
        return Snapshot([dict(row) for row in self.visible(scope).values()], dict(self.meta))

    def one(self, name: str, scope: Scope) -> Snapshot | None:
        row = self.visible(scope).get(int(name.partition(":")[2]))
        return None if row is None else Snapshot([dict(row)])

    def session(self, _name: str, scope: Scope) -> Snapshot:
        return Snapshot([{"id": "me", "user": scope[0]}])

    def read_meta(self, _name: str, _scope: Scope) -> dict[str, Any]:
        return dict(self.meta)

    def items(self, name: str, ids: Sequence[Id], scope: Scope) -> list[FeedItem]:
        self.calls.append((name, tuple(ids), scope))
        return [
            FeedItem(mark=key, id=f"ev-{key}-{n}", name="thing", at="2026-01-01T00:00:00Z", data={})
            for key in ids
            for n in range(2 if str(key).startswith("leg") else 1)
        ]

    def past_items(self, _name: str, _scope: Scope) -> Snapshot:
        return Snapshot(self.items("past", ["leg:0"], ()))

    def put(self, library: int, id: Id, *, topic: str = "queue", **values: Any) -> None:
        self.rows[library][id] = {"id": id, **values}
        self.hub.mark(topic, library, id)

    def delete(self, library: int, id: Id) -> None:
        self.rows[library].pop(id, None)
        self.hub.mark("queue", library, id, "del")

    def advance(self, seconds: float) -> None:
        """Time passes, with the flushes that the live actor would do."""
        end = self.now + seconds
        while True:
            due = self.hub.flush(self.now)
            if due is None or due > end:
                self.now = end
                return
            self.now = max(due, self.now + 1e-9)

    def connect(self, *scope: int, user: int | None = 1, role: Role = Role.ADMIN) -> Connection:
        return self.hub.connect(Viewer(user_id=user, name="ann", role=role, scope=scope or (1, 2)))


def drain(conn: Connection, most: int = 10_000) -> list[dict[str, Any]]:
    """Everything the outbox holds now."""
    got: list[dict[str, Any]] = []
    while len(got) < most and (frame := conn.pop()) is not None:
        got.append(json.loads(frame))
    return got


def send(conn: Connection, **frame: Any) -> None:
    conn.handle(json.dumps(frame))


def subscribe(conn: Connection, *topics: str) -> list[dict[str, Any]]:
    drain(conn)
    send(conn, t="sub", id=1, topics=dict.fromkeys(topics))
    return drain(conn)


class WrongPrev(Exception):
    pass


class Client:
    """Reduces the frames of one state topic, as ui.md 7.3 tells a browser to."""

    def __init__(self, topic: str = "queue") -> None:
        self.topic = topic
        self.epoch = ""
        self.seq: int | None = None
        self.rows: dict[Any, dict[str, Any]] = {}
        self.meta: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []

    def cursor(self) -> dict[str, Any] | None:
        return None if self.seq is None else {"epoch": self.epoch, "seq": self.seq}

    def take(self, frame: dict[str, Any]) -> None:
        if frame["t"] == "hello":
            self.epoch = frame["epoch"]
        if frame.get("topic") != self.topic:
            return
        match frame["t"]:
            case "snap":
                self._parts.append(frame)
                if frame.get("part", 1) == frame.get("parts", 1):
                    self.rows = {r["id"]: r for part in self._parts for r in part["data"]["rows"]}
                    self.meta = frame["data"]["meta"]
                    self.seq, self._parts = frame["seq"], []
            case "delta":
                self._delta(frame)
            case _:
                pass

    def _delta(self, frame: dict[str, Any]) -> None:
        if frame["prev"] != self.seq:
            raise WrongPrev
        for row in frame.get("put", ()):
            self.rows[row["id"]] = row
        for patch in frame.get("patch", ()):
            row = {**self.rows[patch["id"]], **patch}
            self.rows[patch["id"]] = {key: value for key, value in row.items() if value is not None}
        for key in frame.get("del", ()):
            self.rows.pop(key, None)
        self.meta = frame.get("meta", self.meta)
        self.seq = frame["seq"]
