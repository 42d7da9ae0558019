"""Topic `queue`: every download on its way, with live progress (ui.md 7.4).

Rows come from the store, progress from the board; no download client is asked here.
"""

from collections.abc import Sequence
from typing import Any

from bindery.domain.moments import SECOND, iso, iso_or_none
from bindery.domain.principal import Scope
from bindery.domain.wire import Reason
from bindery.domain.wire.queue import QueueRow, StaleClient
from bindery.live.board import Board
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store import clients, downloads
from bindery.store.downloads import QueueEntry
from bindery.store.store import Store
from bindery.store.tx import Reader

IMPORTED_STAY_US = 3_600 * SECOND
_FINISHED = frozenset({"completed", "importPending", "importing", "imported"})


def entries(store: Store, scope: Scope) -> list[QueueEntry]:
    """The rows of the queue; what was imported stays for an hour."""
    since = store.clock.now_us() - IMPORTED_STAY_US
    return store.read(lambda reader: downloads.queue(reader, scope, imported_since=since))


def queue_row(row: QueueEntry, board: Board) -> QueueRow:
    """One row for the browser."""
    progress = board.download(row.id)
    finished = row.state in _FINISHED
    percent = 100.0 if finished else progress.percent if progress else None
    return QueueRow(
        id=row.id,
        book_id=row.book_id,
        title=row.book_title or row.title,
        author_id=row.author_id,
        author_name=row.author_name or "",
        release=row.title,
        state=row.state,
        stage=row.stage,
        overlay=progress.overlay if progress else "",
        protocol=row.protocol,
        format=row.format,
        quality=row.quality,
        indexer=row.indexer_name,
        client_id=row.client_id,
        client=row.client_name,
        size=(progress.size if progress else None) or row.size,
        done=progress.done if progress else None,
        percent=percent,
        speed=None if finished or progress is None else progress.speed,
        eta=None if finished or progress is None else progress.eta,
        seeders=progress.seeders if progress else None,
        error=reason_of(row),
        next_step_at=iso_or_none(row.next_attempt_at),
        added_at=iso(row.added_at),
        state_since=iso(row.state_at),
        stale=row.client_id in board.stale_clients,
    )


def reason_of(row: QueueEntry) -> Reason | None:
    """Why a row waits or failed; None while all is well."""
    return None if row.code is None else Reason(code=row.code, params=dict(row.params))


def stale_clients(reader: Reader, board: Board) -> list[StaleClient]:
    """Clients that did not answer the last poll."""
    stale = board.stale_clients
    if not stale:
        return []
    return [
        StaleClient(client_id=row.id, name=row.name, message=stale[row.id])
        for row in clients.list_clients(reader)
        if row.id in stale
    ]


def queue_topic(store: Store, board: Board) -> Topic:
    """The topic for the hub; marks are download ids."""

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[QueueRow]:
        wanted = [int(mark) for mark in ids if mark != ""]
        rows = store.read(lambda reader: downloads.queue_by_id(reader, scope, wanted))
        return [queue_row(row, board) for row in rows]

    def meta(_name: str, _scope: Scope) -> dict[str, Any]:
        return {"staleClients": store.read(lambda reader: stale_clients(reader, board))}

    def snapshot(name: str, scope: Scope) -> Snapshot:
        rows = [queue_row(row, board) for row in entries(store, scope)]
        return Snapshot(rows, meta(name, scope))

    return Topic(kind="state", render=render, snapshot=snapshot, meta=meta)
