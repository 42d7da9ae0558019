"""Download rows and their moves (architecture.md 6a).

Every change of state is a compare-and-set inside the transaction that also writes the event and
the next command. Losing it means that somebody else owns the row now: stop.
"""

import msgspec

from bindery.domain.downloads import may_go
from bindery.domain.principal import SYSTEM, By, Scope
from bindery.domain.refusal import Params
from bindery.store import attention
from bindery.store.marks import download_changed_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

LIVE_STATES = frozenset(
    {
        "grabbed",
        "downloading",
        "completed",
        "importPending",
        "importing",
        "importFailed",
        "importHeld",
        "importExternal",
    }
)
"""States in which a download holds its slots. `importBlocked` does so only for environment codes,
which is why callers of `move_in` say it."""


class IllegalMove(Exception):
    """A step that the state machine does not know: a fault of ours, never an answer."""


class DownloadRow(msgspec.Struct, frozen=True):
    """One download. Instants µs UTC. `link` may carry a secret and never leaves the process."""

    id: int
    token: str
    library_id: int
    candidate_id: int | None
    indexer_id: int | None
    indexer_name: str
    client_id: int | None
    client_name: str
    guid: str
    title: str
    protocol: str
    format: str
    quality: str
    size: int | None
    link: str
    seed_ratio: float | None
    state: str
    stage: str
    code: str | None
    params: Params
    info_hash_v1: str | None
    info_hash_v2: str | None
    remote_id: str | None
    save_path: str
    live: bool
    attempts: int
    next_attempt_at: int | None
    absent_count: int
    absent_since: int | None
    last_seen_at: int | None
    by_user: int | None
    trace: str
    added_at: int
    grabbed_at: int | None
    completed_at: int | None
    imported_at: int | None
    state_at: int
    removed_at: int | None
    rev: int

    @property
    def hashes(self) -> tuple[str, ...]:
        """The info-hashes known, v1 first."""
        return tuple(h for h in (self.info_hash_v1, self.info_hash_v2) if h)


class NewDownload(msgspec.Struct, frozen=True, kw_only=True):
    """What a grab writes before any request leaves the house."""

    token: str
    library_id: int
    candidate_id: int | None
    indexer_id: int | None
    indexer_name: str
    client_id: int
    client_name: str
    guid: str
    title: str
    protocol: str
    format: str
    quality: str
    size: int | None
    link: str
    seed_ratio: float | None
    by_user: int | None
    trace: str


class SlotOfDownload(msgspec.Struct, frozen=True):
    """What a download is for."""

    download_id: int
    slot_id: int
    book_id: int
    library_id: int
    format: str
    live: bool


class PayloadRow(msgspec.Struct, frozen=True):
    """The bytes handed (or to be handed) to the client."""

    kind: str
    bytes: bytes
    sha256: str
    name: str


class QueueEntry(msgspec.Struct, frozen=True):
    """A download with the names of what it is for: one row of the queue."""

    id: int
    guid: str
    title: str
    library_id: int
    indexer_id: int | None
    indexer_name: str
    client_id: int | None
    client_name: str
    protocol: str
    format: str
    quality: str
    size: int | None
    state: str
    stage: str
    code: str | None
    params: Params
    info_hash_v1: str | None
    remote_id: str | None
    save_path: str
    attempts: int
    next_attempt_at: int | None
    added_at: int
    grabbed_at: int | None
    completed_at: int | None
    imported_at: int | None
    state_at: int
    book_id: int | None
    book_title: str | None
    author_id: int | None
    author_name: str | None


_ENTRY = """
SELECT d.id, d.guid, d.title, d.library_id, d.indexer_id, d.indexer_name, d.client_id,
  d.client_name, d.protocol, d.format, d.quality, d.size, d.state, d.stage, d.code, d.params,
  d.info_hash_v1, d.remote_id, d.save_path, d.attempts, d.next_attempt_at, d.added_at,
  d.grabbed_at, d.completed_at, d.imported_at, d.state_at, b.id AS book_id, w.title AS book_title,
  a.id AS author_id, p.name AS author_name
FROM download d
LEFT JOIN slot s ON s.id = (
  SELECT slot_id FROM download_slot WHERE download_id = d.id ORDER BY slot_id LIMIT 1)
LEFT JOIN book b ON b.id = s.book_id
LEFT JOIN work w ON w.id = b.work_id
LEFT JOIN author a ON a.id = b.author_id
LEFT JOIN person p ON p.id = a.person_id"""
_q_queue = f"""{_ENTRY}
WHERE d.library_id IN (SELECT value FROM json_each(:scope)) AND d.removed_at IS NULL
  AND (d.state <> 'imported' OR d.state_at >= :imported_since)
ORDER BY d.added_at DESC, d.id DESC LIMIT :limit"""
_q_queue_by_id = f"""{_ENTRY}
WHERE d.id IN (SELECT value FROM json_each(:ids))
  AND d.library_id IN (SELECT value FROM json_each(:scope)) AND d.removed_at IS NULL"""

_COLUMNS = """id, token, library_id, candidate_id, indexer_id, indexer_name, client_id, client_name,
  guid, title, protocol, format, quality, size, link, seed_ratio, state, stage, code, params,
  info_hash_v1, info_hash_v2, remote_id, save_path, live, attempts, next_attempt_at, absent_count,
  absent_since, last_seen_at, by_user, trace, added_at, grabbed_at, completed_at, imported_at,
  state_at, removed_at, rev"""

_q_get = f"SELECT {_COLUMNS} FROM download WHERE id = :id"
_q_by_guid = f"SELECT {_COLUMNS} FROM download WHERE guid = :guid ORDER BY id DESC LIMIT 1"
_q_followed = f"""
SELECT {_COLUMNS} FROM download
WHERE client_id = :client AND removed_at IS NULL AND state IN ('grabbed', 'downloading',
  'completed')
ORDER BY id"""
_q_unfetched = """
SELECT id FROM download
WHERE indexer_id = :indexer AND removed_at IS NULL AND live = 1 AND state = 'grabbed'
  AND stage = 'fetch'"""
_q_ours = f"""
SELECT {_COLUMNS} FROM download
WHERE client_id = :client AND removed_at IS NULL AND state IN ('grabbed', 'downloading',
  'completed', 'importPending', 'importing', 'importFailed', 'importBlocked', 'importHeld')
ORDER BY id"""
_q_twin = f"""
SELECT {_COLUMNS} FROM download
WHERE client_id = :client AND live = 1 AND info_hash_v1 = :hash AND id <> :id"""
_q_live_of_slot = f"""
SELECT {_COLUMNS} FROM download WHERE id = (
  SELECT download_id FROM download_slot WHERE slot_id = :slot AND live = 1)"""
_q_slots = """
SELECT ds.download_id, ds.slot_id, s.book_id, b.library_id, s.format, ds.live
FROM download_slot ds JOIN slot s ON s.id = ds.slot_id JOIN book b ON b.id = s.book_id
WHERE ds.download_id = :id ORDER BY ds.slot_id"""
_q_insert = """
INSERT INTO download (token, library_id, candidate_id, indexer_id, indexer_name, client_id,
  client_name, guid, title, protocol, format, quality, size, link, seed_ratio, state, stage,
  by_user, trace, added_at, state_at)
VALUES (:token, :library_id, :candidate_id, :indexer_id, :indexer_name, :client_id, :client_name,
  :guid, :title, :protocol, :format, :quality, :size, :link, :seed_ratio, 'grabbed', 'fetch',
  :by_user, :trace, :now, :now)"""
_q_insert_slot = """
INSERT INTO download_slot (download_id, slot_id) VALUES (:download, :slot)"""
_q_move = """
UPDATE download SET state = :state, stage = :stage, code = :code, params = :params, live = :live,
  rev = rev + 1,
  state_at = CASE WHEN state = :state THEN state_at ELSE :now END,
  attempts = CASE WHEN :attempts IS NULL THEN attempts ELSE :attempts END,
  next_attempt_at = :next_attempt_at,
  grabbed_at = CASE WHEN :state IN ('downloading', 'completed') THEN coalesce(grabbed_at, :now)
    ELSE grabbed_at END,
  completed_at = CASE WHEN :state = 'completed' THEN coalesce(completed_at, :now)
    ELSE completed_at END,
  imported_at = CASE WHEN :state = 'imported' THEN :now ELSE imported_at END
WHERE id = :id AND state = :from_state AND (:from_stage IS NULL OR stage = :from_stage)
  AND (removed_at IS NULL OR :removed)"""
_q_set_remote = """
UPDATE download SET remote_id = :remote, info_hash_v1 = coalesce(:v1, info_hash_v1),
  info_hash_v2 = coalesce(:v2, info_hash_v2), rev = rev + 1 WHERE id = :id"""
_q_set_hashes = """
UPDATE download SET info_hash_v1 = :v1, info_hash_v2 = :v2, rev = rev + 1 WHERE id = :id"""
_q_seen = """
UPDATE download SET last_seen_at = :now, absent_count = 0, absent_since = NULL,
  save_path = CASE WHEN :save_path = '' THEN save_path ELSE :save_path END WHERE id = :id"""
_q_absent = """
UPDATE download SET absent_count = absent_count + 1, absent_since = coalesce(absent_since, :now)
WHERE id = :id"""
_q_remove = """
UPDATE download SET removed_at = :now, live = 0, rev = rev + 1
WHERE id = :id AND removed_at IS NULL"""
_q_put_payload = """
INSERT INTO download_payload (download_id, kind, bytes, sha256, name)
VALUES (:id, :kind, :bytes, :sha256, :name)
ON CONFLICT (download_id) DO UPDATE SET kind = excluded.kind, bytes = excluded.bytes,
  sha256 = excluded.sha256, name = excluded.name"""
_q_payload = """
SELECT kind, bytes, sha256, name FROM download_payload WHERE download_id = :id"""
_q_tried = """
SELECT max(n) FROM (
  SELECT count(*) AS n FROM download_slot ds JOIN download d ON d.id = ds.download_id
  WHERE ds.slot_id IN (SELECT value FROM json_each(:slots)) AND d.added_at >= :since
  GROUP BY ds.slot_id)"""
_q_unmonitor = """
UPDATE slot SET monitored = 0, rev = rev + 1
WHERE id IN (SELECT slot_id FROM download_slot WHERE download_id = :id) AND monitored = 1"""
_q_join = """
UPDATE OR IGNORE download_slot SET download_id = :twin WHERE download_id = :id"""


def get(reader: Reader, download_id: int, scope: Scope | None = None) -> DownloadRow | None:
    """One download; with a scope, only if its library is in it."""
    row = reader.one(_q_get, {"id": download_id}, row=DownloadRow)
    if row is None or (scope is not None and row.library_id not in scope):
        return None
    return row


def by_guid(reader: Reader, guid: str) -> DownloadRow | None:
    """The newest download of a release."""
    return reader.one(_q_by_guid, {"guid": guid}, row=DownloadRow)


def live_of_slot(reader: Reader, slot_id: int) -> DownloadRow | None:
    """The download that holds the slot now."""
    return reader.one(_q_live_of_slot, {"slot": slot_id}, row=DownloadRow)


def followed(reader: Reader, client_id: int) -> list[DownloadRow]:
    """Rows whose fate the client decides: grabbed, downloading, completed."""
    return reader.rows(_q_followed, {"client": client_id}, row=DownloadRow)


def ours(reader: Reader, client_id: int) -> list[DownloadRow]:
    """Every open row of the client, imports under way included."""
    return reader.rows(_q_ours, {"client": client_id}, row=DownloadRow)


def unfetched(reader: Reader, indexer_id: int) -> list[int]:
    """Ids of grabs whose bytes an indexer has not given yet."""
    return reader.values(_q_unfetched, {"indexer": indexer_id})


def twin(reader: Reader, client_id: int, info_hash_v1: str, besides: int) -> DownloadRow | None:
    """Another live download of the same torrent in the same client."""
    params = {"client": client_id, "hash": info_hash_v1, "id": besides}
    return reader.one(_q_twin, params, row=DownloadRow)


def slots_of(reader: Reader, download_id: int) -> list[SlotOfDownload]:
    """The slots that a download is for."""
    return reader.rows(_q_slots, {"id": download_id}, row=SlotOfDownload)


def queue(
    reader: Reader, scope: Scope, *, imported_since: int, limit: int = 1_000
) -> list[QueueEntry]:
    """Everything on its way, newest first, and what was imported since an instant (µs)."""
    params = {"scope": json_text(list(scope)), "imported_since": imported_since, "limit": limit}
    return reader.rows(_q_queue, params, row=QueueEntry)


def queue_by_id(reader: Reader, scope: Scope, ids: list[int]) -> list[QueueEntry]:
    """These downloads, as far as they are in the queue and in scope."""
    params = {"scope": json_text(list(scope)), "ids": json_text(ids)}
    return reader.rows(_q_queue_by_id, params, row=QueueEntry)


def tried_since(reader: Reader, slot_ids: list[int], since_us: int) -> int:
    """The most grabs that any of these slots has had since an instant."""
    params = {"slots": json_text(slot_ids), "since": since_us}
    found = reader.value(_q_tried, params)
    return found if isinstance(found, int) else 0


def payload(reader: Reader, download_id: int) -> PayloadRow | None:
    """The bytes for the client, once fetched."""
    return reader.one(_q_payload, {"id": download_id}, row=PayloadRow)


def add_in(tx: Tx, new: NewDownload, slot_ids: tuple[int, ...]) -> int:
    """Write a grab: the row in `grabbed`/`fetch` and the slots it holds.

    Raises the store's constraint error when a slot is held already: ask `live_of_slot` in the
    same transaction first.
    """
    download_id = tx.insert(_q_insert, {**msgspec.structs.asdict(new), "now": tx.now_us})
    for slot_id in slot_ids:
        tx.run(_q_insert_slot, {"download": download_id, "slot": slot_id})
    download_changed_in(tx, new.library_id, download_id)
    return download_id


def move_in(
    tx: Tx,
    row: DownloadRow,
    state: str,
    stage: str = "",
    *,
    code: str | None = None,
    params: Params | None = None,
    attempts: int | None = None,
    next_attempt_at: int | None = None,
    live: bool | None = None,
    even_removed: bool = False,
) -> bool:
    """Compare-and-set from the state and stage of `row`; False: lost, stop.

    `live` None = by the state's rule; say it for `importBlocked`. `attempts` None = unchanged.
    Raises `IllegalMove`.
    """
    if not may_go(row.state, state):
        raise IllegalMove(f"download {row.id}: {row.state} -> {state}")
    values = {
        "id": row.id,
        "from_state": row.state,
        "from_stage": row.stage,
        "state": state,
        "stage": stage,
        "code": code,
        "params": json_text(params or {}),
        "live": int(state in LIVE_STATES if live is None else live),
        "attempts": attempts,
        "next_attempt_at": next_attempt_at,
        "now": tx.now_us,
        "removed": int(even_removed),
    }
    if not tx.run(_q_move, values):
        return False
    download_changed_in(tx, row.library_id, row.id)
    return True


def set_remote_in(
    tx: Tx, row: DownloadRow, remote_id: str, v1: str | None = None, v2: str | None = None
) -> None:
    """Remember the client's own id (and hashes it told)."""
    tx.run(_q_set_remote, {"id": row.id, "remote": remote_id, "v1": v1, "v2": v2})


def set_payload_in(
    tx: Tx, download_id: int, payload: PayloadRow, v1: str | None, v2: str | None
) -> None:
    """Store the fetched bytes and their hashes."""
    tx.run(_q_put_payload, {"id": download_id, **msgspec.structs.asdict(payload)})
    tx.run(_q_set_hashes, {"id": download_id, "v1": v1, "v2": v2})


def seen_in(tx: Tx, download_id: int, save_path: str = "") -> None:
    """The client still shows it: absence starts anew."""
    tx.run(_q_seen, {"id": download_id, "now": tx.now_us, "save_path": save_path})


def absent_in(tx: Tx, download_id: int) -> None:
    """A complete snapshot did not show it."""
    tx.run(_q_absent, {"id": download_id, "now": tx.now_us})


def join_in(tx: Tx, row: DownloadRow, twin_id: int) -> None:
    """Give this row's slots to its live twin and remove it (`joined`)."""
    tx.run(_q_join, {"id": row.id, "twin": twin_id})
    remove_in(tx, row)
    download_changed_in(tx, row.library_id, twin_id)


def remove_in(tx: Tx, row: DownloadRow) -> bool:
    """Take the row out of the queue; it stays for the history. False: it was gone already."""
    download_changed_in(tx, row.library_id, row.id, gone=True)
    attention.clear_in(tx, f"download:{row.id}")
    return tx.run(_q_remove, {"id": row.id, "now": tx.now_us}) > 0


def unmonitor_slots_in(tx: Tx, row: DownloadRow) -> None:
    """Nobody wants what this download was for any more."""
    tx.run(_q_unmonitor, {"id": row.id})
    download_changed_in(tx, row.library_id, row.id)


def who(row: DownloadRow) -> By:
    """Who is written down for what follows from this download."""
    return By(row.by_user) if row.by_user is not None else SYSTEM
