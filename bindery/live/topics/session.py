"""Topic `session`: the own account and the server's version (ui.md 7.4)."""

from collections.abc import Sequence

import msgspec

from bindery.domain.principal import Scope
from bindery.domain.wire import Wire
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store.store import Store


class SessionRow(Wire, frozen=True, kw_only=True):
    """`version` changes when a new server answers: the page offers to reload."""

    id: int
    name: str
    role: str
    version: str


class _User(msgspec.Struct, frozen=True):
    id: int
    username: str
    role: str


_q_user = "SELECT id, username, role FROM user WHERE id = :id"


def session_topic(store: Store, version: str) -> Topic:
    """One stream per user; marks are user ids."""

    def rows(scope: Scope) -> list[SessionRow]:
        user_id = scope[0] if scope else 0
        row = store.read(lambda reader: reader.one(_q_user, {"id": user_id}, _User))
        if row is None:
            return [SessionRow(id=0, name="", role="admin", version=version)]
        return [SessionRow(id=row.id, name=row.username, role=row.role, version=version)]

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[SessionRow]:
        return [row for row in rows(scope) if row.id in ids]

    def snapshot(_name: str, scope: Scope) -> Snapshot:
        return Snapshot(rows(scope))

    return Topic(kind="state", render=render, snapshot=snapshot, audience="user")
