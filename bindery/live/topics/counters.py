"""Topic `counters`: the badges of the navigation, one row (ui.md 7.4)."""

from collections.abc import Sequence

from bindery.domain.principal import Scope
from bindery.domain.wire.counters import Counters
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store import tallies
from bindery.store.store import Store
from bindery.store.tx import Reader


def render_counters(reader: Reader, scope: Scope) -> Counters:
    """The badges as they are now."""
    found = tallies.counters(reader, scope)
    return Counters(wanted=found.wanted, queue=found.queue, attention=found.attention)


def counters_topic(store: Store) -> Topic:
    """The single row, whatever was marked."""

    def row(scope: Scope) -> Counters:
        return store.read(lambda reader: render_counters(reader, scope))

    def render(_name: str, _ids: Sequence[Id], scope: Scope) -> list[Counters]:
        return [row(scope)]

    def snapshot(_name: str, scope: Scope) -> Snapshot:
        return Snapshot([row(scope)])

    return Topic(kind="state", render=render, snapshot=snapshot)
