"""`GET /api/queue` for *arr tools: the superset record of catalogue.md 6.1-6.3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quart import Blueprint, Response

from bindery.domain.moments import SECOND, iso
from bindery.domain.wire.queue import ArrMessage, ArrQueue, ArrRecord
from bindery.http.call import Call
from bindery.http.etag import conditional_live
from bindery.http.route import Answer, route
from bindery.http.schemas.queue import ArrQuery
from bindery.live.board import Board, DownloadProgress
from bindery.store import downloads
from bindery.store.downloads import QueueEntry
from bindery.store.tx import Reader

blueprint = Blueprint("arr_queue", __name__)

DIALECTS = frozenset({"readarr", "sonarr"})
_FAILED = frozenset({"failed", "importBlocked"})
_DONE = frozenset(
    {
        "completed",
        "importPending",
        "importing",
        "failed",
        "importFailed",
        "importBlocked",
        "importExternal",
        "importHeld",
    }
)
_TRACKED = {
    "grabbed": ("queued", "downloading"),
    "downloading": ("downloading", "downloading"),
    "completed": ("completed", "importPending"),
    "importPending": ("completed", "importPending"),
    "importing": ("completed", "importing"),
    "importExternal": ("completed", "importPending"),
    "importHeld": ("completed", "importPending"),
    "importFailed": ("completed", "importFailed"),
    "importBlocked": ("completed", "importFailed"),
    "failed": ("failed", "downloadFailed"),
}
_SONARR = {"importFailed": "importBlocked", "downloadFailed": "failed"}
_WARNING = frozenset({"importFailed", "importExternal", "importHeld"})
_OVERLAYS = {"paused": "paused", "stalled": "warning", "missingFiles": "warning"}

_SORTS: dict[str, Callable[[ArrRecord], Any]] = {
    "id": lambda record: record.id,
    "title": lambda record: record.title.casefold(),
    "status": lambda record: record.status,
    "size": lambda record: record.size,
    "sizeleft": lambda record: record.sizeleft,
    "downloadclient": lambda record: record.download_client.casefold(),
    "protocol": lambda record: record.protocol,
    "timeleft": lambda record: record.timeleft or "~",
    "indexer": lambda record: record.indexer.casefold(),
}


@route(blueprint, "GET", "/api/queue", query=ArrQuery, returns=ArrQueue)
async def arr_queue(call: Call, query: ArrQuery) -> Answer | Response:
    """The queue in the shape of Sonarr, Radarr and Readarr."""
    services = call.services
    now = services.clock.now_us()
    dialect = (query.dialect or "").lower()

    def read(reader: Reader) -> ArrQueue:
        rows = downloads.queue(reader, call.scope, imported_since=1 << 62)
        records = [
            record_of(row, services.board, dialect, now) for row in rows if row.state != "imported"
        ]
        return _paged(records, query)

    return conditional_live(call, "queue", read)


def record_of(row: QueueEntry, board: Board, dialect: str, now_us: int) -> ArrRecord:
    """One record. `status` is the internal state unless a dialect is asked for."""
    progress = board.download(row.id)
    stale = row.client_id in board.stale_clients
    words, tracked = _TRACKED.get(row.state, ("unknown", "downloading"))
    if row.state == "downloading" and progress is not None:
        words = _OVERLAYS.get(progress.overlay, words)
    if stale and row.state in ("grabbed", "downloading"):
        words = "downloadClientUnavailable"
    if dialect == "sonarr":
        tracked = _SONARR.get(tracked, tracked)
    size = (progress.size if progress else None) or row.size or 0
    eta = progress.eta if progress else None
    why = row.code.replace("_", " ").replace("-", " ") if row.code else ""
    return ArrRecord(
        id=row.id,
        book_id=row.book_id or 0,
        author_id=row.author_id or 0,
        title=row.title,
        status=words if dialect in DIALECTS else row.state,
        tracked_download_status=_health(row, progress, stale=stale),
        tracked_download_state=tracked,
        status_messages=[ArrMessage(title=row.title, messages=[why])] if why else [],
        error_message=why if row.state in _FAILED else "",
        size=size,
        sizeleft=size_left(row, progress),
        download_client=row.client_name,
        download_id=_download_id(row),
        protocol=row.protocol,
        indexer=row.indexer_name,
        output_path=row.save_path,
        added=iso(row.added_at),
        quality=_quality(row.quality),
        custom_formats=[],
        custom_format_score=0,
        download_forced=False,
        download_client_has_post_import_category=False,
        timeleft=_timeleft(eta) if eta else None,
        estimated_completion_time=iso(now_us + eta * SECOND) if eta else None,
    )


def size_left(row: QueueEntry, progress: DownloadProgress | None) -> int:
    """Bytes left: what the client says, else by its percentage, else by the state."""
    if row.state in _DONE:
        return 0
    if progress is not None and progress.size:
        if progress.done is not None:
            return max(0, progress.size - progress.done)
        if progress.percent is not None:
            return round(progress.size * (100 - min(100.0, max(0.0, progress.percent))) / 100)
    size = row.size or 0
    if progress is not None and progress.percent is not None:
        return round(size * (100 - min(100.0, max(0.0, progress.percent))) / 100)
    return size


def _health(row: QueueEntry, progress: DownloadProgress | None, *, stale: bool) -> str:
    if row.state in _FAILED:
        return "error"
    if row.state in _WARNING or stale or row.code is not None:
        return "warning"
    if progress is not None and progress.overlay in ("stalled", "missingFiles"):
        return "warning"
    return "ok"


def _download_id(row: QueueEntry) -> str:
    if row.protocol == "torrent":
        return (row.info_hash_v1 or row.remote_id or "").lower()
    return row.remote_id or ""


def _quality(name: str) -> dict[str, object]:
    return {
        "quality": {"id": 0, "name": name or "Unknown"},
        "revision": {"version": 1, "real": 0, "isRepack": False},
    }


def _timeleft(seconds: int) -> str:
    """`hh:mm:ss`, with days in front when there are any."""
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}.{clock}" if days else clock


def _paged(records: list[ArrRecord], query: ArrQuery) -> ArrQueue:
    key = (query.sort_key or "").lower()
    downwards = (query.sort_direction or "").lower() in {"desc", "descending"}
    if key in _SORTS:
        records = sorted(records, key=_SORTS[key], reverse=downwards)
    total = len(records)
    page = max(1, _number(query.page) or 1)
    size = _number(query.page_size)
    shown = records
    if size is not None and size >= 1:
        shown = records[(page - 1) * size : page * size]
    return ArrQueue(
        page=page,
        page_size=size if size is not None and size >= 1 else max(total, 1),
        sort_key=query.sort_key or "added",
        sort_direction="descending" if downwards or key not in _SORTS else "ascending",
        total_records=total,
        records=shown,
    )


def _number(text: str | None) -> int | None:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else None
