"""Topic `health`: every actor and integration, one line each (ui.md 8.7). Admins only."""

from collections.abc import Callable, Sequence

from bindery.domain.moments import iso_or_none
from bindery.domain.principal import Scope
from bindery.domain.refusal import Params
from bindery.domain.wire import Reason
from bindery.domain.wire.health import HealthRow
from bindery.live.topic import Id, Snapshot, Topic
from bindery.runtime.health import ActorHealth
from bindery.store import api_keys, clients, indexers
from bindery.store.clients import ClientRow, ClientState
from bindery.store.indexers import IndexerRow, IndexerState
from bindery.store.store import Store
from bindery.store.tx import Reader

INSTALL_KEY = "key:install"

Actors = Callable[[], Sequence[ActorHealth]]


def health_rows(reader: Reader, actors: Sequence[ActorHealth], now_us: int) -> list[HealthRow]:
    """Actors in the order of their start; configured integrations without an actor after them."""
    integrations = _integrations(reader, now_us)
    rows: list[HealthRow] = []
    for actor in actors:
        known = integrations.pop(actor.name, None)
        rows.append(_actor_row(actor, known))
    return [*rows, *integrations.values(), *_settings(reader)]


def health_topic(store: Store, actors: Actors) -> Topic:
    """The topic for the hub; marks are actor names."""

    def everything() -> list[HealthRow]:
        now = store.clock.now_us()
        return store.read(lambda reader: health_rows(reader, actors(), now))

    def render(_name: str, ids: Sequence[Id], _scope: Scope) -> list[HealthRow]:
        wanted = {str(mark) for mark in ids}
        return [row for row in everything() if row.id in wanted]

    def snapshot(_name: str, _scope: Scope) -> Snapshot:
        return Snapshot(everything())

    return Topic(kind="state", render=render, snapshot=snapshot, admin_only=True, audience="all")


def _integrations(reader: Reader, now_us: int) -> dict[str, HealthRow]:
    known_indexers, known_clients = indexers.states(reader), clients.states(reader)
    rows = [_indexer(row, known_indexers.get(row.id), now_us) for row in _all_indexers(reader)]
    rows += [_client(row, known_clients.get(row.id)) for row in clients.list_clients(reader)]
    return {row.id: row for row in rows}


def _settings(reader: Reader) -> list[HealthRow]:
    """What was configured and is not safe; admins only, as the whole page."""
    if not api_keys.is_weak(api_keys.install_key(reader)):
        return []
    weak = Reason(code="weak_api_key", params={"shortest": api_keys.SHORTEST})
    return [HealthRow(id=INSTALL_KEY, kind="setting", name="API key", state="failing", reason=weak)]


def _all_indexers(reader: Reader) -> list[IndexerRow]:
    return indexers.list_indexers(reader)


def _indexer(row: IndexerRow, state: IndexerState | None, now_us: int) -> HealthRow:
    held = state.hold_until if state and (state.hold_until or 0) > now_us else None
    status = "disabled" if not row.enabled else "unknown"
    if row.enabled and state is not None:
        failing = state.code is not None
        status = "held" if held else "failing" if failing else "ok" if state.ok_at else "unknown"
    return HealthRow(
        id=f"indexer:{row.id}",
        kind="indexer",
        name=row.name,
        state=status,
        ok_at=iso_or_none(state.ok_at if state else None),
        failed_at=iso_or_none(state.failed_at if state else None),
        held_until=iso_or_none(held),
        reason=_reason(state.code if state else None, state.params if state else {}),
    )


def _client(row: ClientRow, state: ClientState | None) -> HealthRow:
    return HealthRow(
        id=f"client:{row.id}",
        kind="downloadclient",
        name=row.name,
        state="disabled" if not row.enabled else state.status if state else "unknown",
        ok_at=iso_or_none(state.ok_at if state else None),
        failed_at=iso_or_none(state.failed_at if state else None),
        version=state.version if state else "",
        reason=_reason(state.code if state else None, state.params if state else {}),
    )


def _reason(code: str | None, params: Params) -> Reason | None:
    return None if code is None else Reason(code=code, params=dict(params))


def _actor_row(actor: ActorHealth, known: HealthRow | None) -> HealthRow:
    """The actor's line; of an integration it also says how the other side is."""
    well = actor.state == "running"
    return HealthRow(
        id=actor.name,
        kind=known.kind if known else "actor",
        name=known.name if known else actor.name,
        state=known.state if known and well else actor.state,
        critical=actor.critical,
        restarts=actor.restarts,
        waiting=actor.waiting,
        peak=actor.peak,
        refused=actor.refused,
        oldest_s=actor.oldest_s,
        in_hand_s=actor.in_hand_s,
        last_error=actor.last_error,
        ok_at=known.ok_at if known else None,
        failed_at=known.failed_at if known else None,
        held_until=known.held_until if known else None,
        version=known.version if known else "",
        reason=known.reason if known else None,
    )
