"""The native queue (downloads-and-import.md 3.4, 3.6; catalogue.md 2.6).

Rows and the board answer; no download client is asked here, whoever looks.
"""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.moments import iso, iso_or_none
from bindery.domain.redaction import strip_secrets
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.history import BookRef
from bindery.domain.wire.queue import Queue, QueueItem
from bindery.http.call import Call
from bindery.http.etag import conditional_live
from bindery.http.route import Answer, route
from bindery.http.schemas.queue import Accepted, BulkOutcome, BulkRemove, BulkRemoved, RemoveQuery
from bindery.live.board import Board, DownloadProgress
from bindery.live.topics.queue import IMPORTED_STAY_US, reason_of, stale_clients
from bindery.operations import downloads as operations
from bindery.operations.downloads import RemoveOptions
from bindery.operations.once import Replay
from bindery.store import downloads
from bindery.store.downloads import QueueEntry
from bindery.store.tx import Reader

blueprint = Blueprint("queue", __name__)

BULK_LIMIT = 1_000
STILL_FINISHING = "the download may still be finishing"
"""Words that a released tool looks for to know that a row is worth waiting for (catalogue 2.6)."""

_SENTENCES = {
    "path_missing": "files not found at the expected path",
    "path_not_mapped": "the path that the client reports is not visible from here",
    "files_missing": "some files are not there yet",
    "partial_files": "some files are still being written",
    "size_differs": "some files are not complete yet",
    "settling": "the files are still changing",
    "removed_from_client": "removed from the download client",
    "dead_link": "the indexer no longer has this release",
    "bad_payload": "the download client refused this release",
}
_FINISHING = frozenset(
    {"path_missing", "files_missing", "partial_files", "size_differs", "settling"}
)


@route(blueprint, "GET", "/api/v1/queue", returns=Queue)
async def list_queue(call: Call) -> Answer | Response:
    """Everything on its way, newest first."""
    services = call.services
    since = services.clock.now_us() - IMPORTED_STAY_US

    def read(reader: Reader) -> Queue:
        rows = downloads.queue(reader, call.scope, imported_since=since)
        stale = tuple(stale_clients(reader, services.board))
        items = [_item(row, services.board) for row in rows]
        return Queue(items=items, partial=bool(stale), stale_clients=stale)

    return conditional_live(call, "queue", read)


@route(blueprint, "DELETE", "/api/v1/queue/<id:download_id>", query=RemoveQuery, status=204)
async def remove(call: Call, download_id: int, query: RemoveQuery) -> Refusal | None:
    """Take a download out of the queue and out of its client."""
    options = RemoveOptions(
        delete_files=_yes(query.delete_files),
        from_client=_yes(query.remove_from_client, default=True),
        blocklist=_yes(query.blocklist),
        search_again=_yes(query.blocklist) and not _yes(query.skip_redownload, default=True),
    )
    return await operations.remove_download(
        call.services.store, call.principal, download_id, options
    )


@route(blueprint, "POST", "/api/v1/queue/bulk-delete", body=BulkRemove, returns=BulkRemoved)
async def bulk_remove(call: Call, body: BulkRemove) -> BulkRemoved | Refusal:
    """Take several downloads out of the queue; each id has its own outcome."""
    if not body.ids:
        return refuse(Code.REQUIRED, "ids")
    if len(body.ids) > BULK_LIMIT:
        return refuse(Code.INVALID, "ids", maximum=BULK_LIMIT)
    options = RemoveOptions(
        delete_files=body.delete_files,
        unmonitor=body.unmonitor_books,
        blocklist=body.blocklist,
    )
    outcomes = await operations.remove_downloads(
        call.services.store, call.principal, tuple(dict.fromkeys(body.ids)), options
    )
    return BulkRemoved(
        results={
            str(download_id): BulkOutcome(ok=True)
            if refusal is None
            else BulkOutcome(ok=False, error=_why(refusal))
            for download_id, refusal in outcomes.items()
        }
    )


@route(
    blueprint,
    "POST",
    "/api/v1/queue/<id:download_id>/retry-import",
    returns=Accepted,
    status=202,
)
async def retry_import(call: Call, download_id: int) -> Accepted | Refusal | Replay:
    """Import a failed or blocked download again, now."""
    made = await operations.retry_import(call.services.store, call.principal, download_id)
    return made if isinstance(made, Refusal | Replay) else Accepted(ok=True)


def _item(row: QueueEntry, board: Board) -> QueueItem:
    progress = board.download(row.id)
    book = None
    if row.book_id is not None:
        book = BookRef(
            id=row.book_id,
            title=row.book_title or "",
            author_id=row.author_id,
            author_name=row.author_name or "",
        )
    return QueueItem(
        id=row.id,
        guid=strip_secrets(row.guid),
        book_id=row.book_id,
        edition_id=None,
        indexer_id=row.indexer_id,
        download_client_id=row.client_id,
        title=row.title,
        nzb_url="",
        size=row.size or (progress.size if progress else None) or 0,
        sabnzbd_nzo_id=row.remote_id if row.protocol == "usenet" else None,
        torrent_id=_torrent_id(row),
        status=row.state,
        protocol=row.protocol,
        quality=row.quality,
        indexer_flags="",
        error_message=error_text(row),
        added_at=iso(row.added_at),
        grabbed_at=iso_or_none(row.grabbed_at),
        completed_at=iso_or_none(row.completed_at),
        imported_at=iso_or_none(row.imported_at),
        import_retry_count=row.attempts,
        remote_id=row.remote_id,
        stage=row.stage,
        format=row.format,
        percentage=_percentage(progress),
        time_left=duration(progress.eta) if progress else "",
        speed=rate(progress.speed) if progress else "",
        percent=progress.percent if progress else None,
        eta_seconds=progress.eta if progress else None,
        bytes_per_second=progress.speed if progress else None,
        error=reason_of(row),
        next_step_at=iso_or_none(row.next_attempt_at),
        book=book,
    )


def _percentage(progress: DownloadProgress | None) -> str:
    if progress is None or progress.percent is None:
        return ""
    return f"{progress.percent:.1f}"


def _torrent_id(row: QueueEntry) -> str | None:
    if row.protocol != "torrent":
        return None
    return (row.info_hash_v1 or row.remote_id or "").lower() or None


def error_text(row: QueueEntry) -> str:
    """One English sentence for tools; the browser words `error` itself."""
    if row.code is None:
        return ""
    text = _SENTENCES.get(row.code, row.code.replace("_", " ").replace("-", " "))
    path = row.params.get("path")
    if isinstance(path, str) and path:
        text = f"{text}: {path}"
    return f"{text}; {STILL_FINISHING}" if row.code in _FINISHING else text


def duration(seconds: int | None) -> str:
    """3660 -> `1h 01m`, 90 -> `1m 30s`, 45 -> `45s`, nothing or none -> empty."""
    if not seconds or seconds <= 0:
        return ""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {left:02d}s" if minutes else f"{left}s"


def rate(speed: int | None) -> str:
    """2 MiB/s -> `2.0 MB/s`, 1 KiB/s -> `1.0 KB/s`, 512 -> `512 B/s`, none -> empty."""
    if not speed:
        return ""
    if speed >= 1 << 20:
        return f"{speed / (1 << 20):.1f} MB/s"
    return f"{speed / 1024:.1f} KB/s" if speed >= 1024 else f"{speed} B/s"


def _why(refusal: Refusal) -> str:
    return "download not found" if refusal.code is Code.NOT_FOUND else refusal.code.value


def _yes(text: str | None, *, default: bool = False) -> bool:
    return default if text is None else text.strip().lower() in {"true", "1", "yes", "on", ""}
