"""Topic `attention`: what needs a person, worst first (ui.md 7.4)."""

from collections.abc import Sequence

from bindery.domain.moments import iso, iso_or_none
from bindery.domain.principal import Scope
from bindery.domain.wire.attention import AttentionItem
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store import attention
from bindery.store.store import Store


def attention_wire(row: attention.Attention) -> AttentionItem:
    """One item for the wire."""
    return AttentionItem(
        id=row.id,
        code=row.code,
        severity=row.severity,
        params=dict(row.params),
        entity=row.subject,
        action=row.action,
        since=iso(row.since),
        muted_until=iso_or_none(row.muted_until),
    )


def list_attention(store: Store, scope: Scope) -> list[AttentionItem]:
    """What is not muted, worst first."""
    now = store.clock.now_us()
    rows = store.read(lambda reader: attention.list_attention(reader, scope, now))
    return [attention_wire(row) for row in rows]


def attention_topic(store: Store) -> Topic:
    """The topic for the hub; marks are row ids."""

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[AttentionItem]:
        wanted = [int(mark) for mark in ids]
        now = store.clock.now_us()
        rows = store.read(lambda reader: attention.attention_by_id(reader, scope, wanted))
        return [
            attention_wire(row) for row in rows if row.muted_until is None or row.muted_until <= now
        ]

    def snapshot(_name: str, scope: Scope) -> Snapshot:
        return Snapshot(list_attention(store, scope))

    return Topic(kind="state", render=render, snapshot=snapshot)
