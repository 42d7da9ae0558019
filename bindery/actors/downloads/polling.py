"""One poll of one client, whoever watches (architecture.md 7): what it shows becomes moves of our
rows; progress goes to the board only. A result counts only under the configuration it was asked
with.
"""

from bindery.actors.downloads.desk import Desk
from bindery.adapters.failures import OutsideError, Unavailable
from bindery.adapters.protocols import LimitsSeeding
from bindery.domain.downloads import Absence, absences, is_gone, on_remote, overlay
from bindery.domain.refusal import Params
from bindery.domain.transfers import RemoteItem, Snapshot
from bindery.live.board import DownloadProgress
from bindery.operations.downloads import fail_in
from bindery.runtime.faults import reach
from bindery.store import downloads
from bindery.store.downloads import DownloadRow
from bindery.store.tx import Tx

ACTIVE_S = 2.0
IDLE_S = 30.0
DOWN_FIRST_S = 5.0
DOWN_CAP_S = 300.0
_ACTIVE = frozenset({"grabbed", "downloading"})


async def poll(desk: Desk) -> float:
    """Look once; seconds until the next look."""
    ours = desk.store.read(lambda reader: downloads.followed(reader, desk.row.id))
    try:
        snapshot = await desk.client.snapshot([row.remote_id for row in ours if row.remote_id])
    except OutsideError as error:
        desk.away = True
        await desk.unreachable(error)
        return min(DOWN_CAP_S, DOWN_FIRST_S * 2 ** min(desk.failures - 1, 8))
    await desk.answered()
    rows = desk.store.read(lambda reader: downloads.followed(reader, desk.row.id))
    found = match(rows, snapshot.items)
    desk.items = found
    for row in rows:
        item = found.get(row.id)
        if item is not None:
            await _follow(desk, row, item)
    await _miss(desk, rows, found, snapshot)
    return ACTIVE_S if any(row.state in _ACTIVE for row in rows) else IDLE_S


def match(rows: list[DownloadRow], items: list[RemoteItem]) -> dict[int, RemoteItem]:
    """Our rows and the client's items: by the client's id, by info-hash, by our token."""
    known: dict[str, RemoteItem] = {}
    for item in items:
        for name in (item.id, item.info_hash_v1, item.info_hash_v2, item.token):
            if name:
                known.setdefault(name, item)
    found: dict[int, RemoteItem] = {}
    for row in rows:
        names = (row.remote_id, row.info_hash_v1, row.info_hash_v2, row.token)
        item = next((known[name] for name in names if name and name in known), None)
        if item is not None:
            found[row.id] = item
    return found


async def _follow(desk: Desk, row: DownloadRow, item: RemoteItem) -> None:
    """Note the progress, and move the row when its state does."""
    _show(desk, row, item)
    to = on_remote(row.state, item.state)
    if row.state == "grabbed" and row.stage != "send":
        return
    if row.last_seen_at is None and row.seed_ratio is not None:
        await _limit_seeding(desk, row, item, row.seed_ratio)
    if to is None:
        if row.absent_count:
            await desk.store.write(lambda tx: downloads.seen_in(tx, row.id), actor=True)
        return
    if to == "completed":
        reach("poll.complete_seen")
    await desk.store.write(lambda tx: _move(desk, tx, row, item, to), actor=True)
    if to in ("completed", "failed"):
        desk.board.drop("download", row.id)


async def _limit_seeding(desk: Desk, row: DownloadRow, item: RemoteItem, ratio: float) -> None:
    """At the first sight of an item its limit is set, unless it has it: one that showed up late, or
    that was there before us, was added without. Only then: later a person may have changed it.
    """
    try:
        if item.seed_ratio != ratio and isinstance(desk.client, LimitsSeeding):
            await desk.client.limit_seeding(item.id, ratio)
    except Unavailable:
        return  # the next look tries again
    except OutsideError:
        pass  # a client that will not have it is not asked again: the download matters more
    await desk.store.write(lambda tx: downloads.seen_in(tx, row.id), actor=True)


def _move(desk: Desk, tx: Tx, row: DownloadRow, item: RemoteItem, to: str) -> None:
    if not desk.still_valid(tx):
        return
    downloads.set_remote_in(tx, row, item.id, item.info_hash_v1, item.info_hash_v2)
    downloads.seen_in(tx, row.id, save_path=desk.local(item.path))
    if to == "failed":
        params: Params = {"client": desk.row.name, "message": item.message[:300]}
        fail_in(tx, row, item.code or "client_failed", params)
        return
    if to == "completed":
        if downloads.move_in(tx, row, "completed", "gate"):
            enqueue_gate_in(tx, row)
        return
    downloads.move_in(tx, row, to)


def enqueue_gate_in(tx: Tx, row: DownloadRow) -> None:
    """Ask for a look at the finished files."""
    tx.enqueue(
        "download.gate",
        {"downloadId": row.id},
        key=str(row.id),
        lane=f"client:{row.client_id}",
        trace=row.trace,
        by=downloads.who(row),
        library=row.library_id,
    )


async def _miss(
    desk: Desk, rows: list[DownloadRow], found: dict[int, RemoteItem], snapshot: Snapshot
) -> None:
    """Count absences; three complete snapshots over two minutes without it, and it is gone."""
    ours = [row for row in rows if row.state == "downloading"]
    known = {
        str(row.id): Absence(row.absent_count, row.absent_since or 0)
        for row in ours
        if row.absent_count
    }
    counted = absences(
        known,
        [str(row.id) for row in ours],
        frozenset(str(download_id) for download_id in found),
        at_us=snapshot.at,
        complete=snapshot.complete,
    )
    for row in ours:
        absence = counted.get(str(row.id))
        if absence is None or absence.count == row.absent_count:
            continue
        await desk.store.write(
            lambda tx, row=row, absence=absence: _count(desk, tx, row, absence, snapshot.at),
            actor=True,
        )


def _count(desk: Desk, tx: Tx, row: DownloadRow, absence: Absence, at_us: int) -> None:
    if not desk.still_valid(tx):
        return
    if is_gone(absence, at_us):
        fail_in(tx, row, "removed_from_client", {"client": desk.row.name})
    else:
        downloads.absent_in(tx, row.id)


def _show(desk: Desk, row: DownloadRow, item: RemoteItem) -> None:
    progress = DownloadProgress(
        percent=item.percent,
        done=item.done,
        size=item.size,
        speed=item.speed,
        eta=item.eta_s,
        seeders=item.seeders,
        overlay=overlay(row.state, item.state),
        at_us=desk.store.clock.now_us(),
    )
    if desk.board.put_download(row.id, progress):
        desk.hub.mark("queue", row.library_id, row.id)
