"""Searches, their legs and their judged candidates (architecture.md 8.4).

A search and its legs are committed before any request; each answer's candidates in one
transaction; the live topic `search:{id}` is rendered from these rows, so that a late subscriber
and a restart see the same.
"""

from collections.abc import Sequence

import msgspec

from bindery.domain.principal import By, Scope
from bindery.domain.refusal import Params
from bindery.domain.search_judging import VERDICTS
from bindery.store.marks import book_changed_in, search_changed_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

KEPT_PER_LEG = 500
"""Candidates stored of one answer; the rest is counted in `excess`."""


class SearchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One search: what for, by whom, until when."""

    id: int
    slot_id: int | None
    book_id: int | None
    library_id: int
    text: str
    kind: str
    cause: str
    by_user: int | None
    trace: str
    plan: msgspec.Raw
    deadline_at: int
    grabbed_download_id: int | None
    outcome: str
    created_at: int
    done_at: int | None


class LegRow(msgspec.Struct, frozen=True, kw_only=True):
    """One indexer's part of a search."""

    id: int
    search_id: int
    indexer_id: int | None
    indexer_name: str
    status: str
    code: str | None
    params: Params
    found: int
    kept: int
    excess: int
    requests: msgspec.Raw
    """JSON array of `RequestRecord`."""
    ms: int | None
    started_at: int | None
    done_at: int | None


class CandidateRow(msgspec.Struct, frozen=True):
    """One judged release. `link` may carry a secret and never leaves the process."""

    id: int
    search_id: int
    indexer_id: int | None
    slot_id: int | None
    guid: str
    title: str
    protocol: str
    format: str
    size: int | None
    published_at: int | None
    seeders: int | None
    info_hash: str | None
    release: msgspec.Raw
    """JSON of `domain.offers.Release` without its link."""
    link: str
    verdict: str
    score: float
    judgement: msgspec.Raw
    """JSON: parsed fields, match evidence, score parts."""
    rejections: msgspec.Raw
    """JSON array of rejections: code, hard, the values compared."""
    rank: int
    created_at: int


class NewCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A judged release to store; JSON members are values, encoded here."""

    slot_id: int | None
    guid: str
    title: str
    protocol: str
    format: str
    size: int | None
    published_at: int | None
    seeders: int | None
    info_hash: str | None
    release: object
    link: str
    verdict: str
    score: float
    judgement: object
    rejections: object
    rank: int


_SEARCH = """id, slot_id, book_id, library_id, text, kind, cause, by_user, trace, plan, deadline_at,
  grabbed_download_id, outcome, created_at, done_at"""
_LEG = """id, search_id, indexer_id, indexer_name, status, code, params, found, kept, excess,
  requests, ms, started_at, done_at"""
_CANDIDATE = """id, search_id, indexer_id, slot_id, guid, title, protocol, format, size,
  published_at, seeders, info_hash, release, link, verdict, score, judgement, rejections, rank,
  created_at"""

_q_get = f"SELECT {_SEARCH} FROM search WHERE id = :id"
_q_last_of_book = f"SELECT {_SEARCH} FROM search WHERE book_id = :book ORDER BY id DESC LIMIT 1"
_q_last_by = f"""
SELECT {_SEARCH} FROM search WHERE kind <> 'automatic' AND by_user IS :user
ORDER BY id DESC LIMIT 1"""
_q_legs = f"SELECT {_LEG} FROM search_leg WHERE search_id = :id ORDER BY id"
_q_leg = f"SELECT {_LEG} FROM search_leg WHERE id = :id"
# The verdict, then the comparator chain condensed into the score, then the place in the answer:
# the columns of the index `candidate_best`, word for word.
_PLACE = "CASE verdict WHEN 'grab' THEN 0 WHEN 'acceptable' THEN 1 WHEN 'soft' THEN 2 ELSE 3 END"
_ORDER = f"{_PLACE}, score DESC, rank, id"
_q_candidates = f"""
SELECT {_CANDIDATE} FROM candidate INDEXED BY candidate_best WHERE search_id = :id
ORDER BY {_ORDER} LIMIT :limit"""
_q_tally = f"""
SELECT {_PLACE} AS place, count(*) FROM candidate INDEXED BY candidate_best
WHERE search_id = :id GROUP BY place"""
_q_candidates_of = f"""
SELECT {_CANDIDATE} FROM candidate
WHERE search_id = :id AND indexer_id IN (SELECT value FROM json_each(:indexers))
ORDER BY {_ORDER} LIMIT :limit"""
_q_best = f"""
SELECT {_CANDIDATE} FROM candidate INDEXED BY candidate_best
WHERE search_id = :id AND {_PLACE} = 0 ORDER BY {_ORDER} LIMIT :limit"""
_q_open_of_slot = f"""
SELECT {_SEARCH} FROM search
WHERE slot_id = :slot AND kind = 'automatic' AND done_at IS NULL ORDER BY id DESC LIMIT 1"""
_q_due = """
SELECT s.id FROM book b INDEXED BY book_status_title
CROSS JOIN slot s ON s.book_id = b.id CROSS JOIN slot_state st ON st.slot_id = s.id
WHERE b.library_id IN (SELECT id FROM library) AND b.excluded = 0 AND b.p_status = 'wanted'
  AND b.p_monitored = 1 AND b.deleted_at IS NULL AND s.wanted = 1 AND s.monitored = 1
  AND st.state IN ('missing', 'failed')
  AND (s.next_search_at IS NULL OR s.next_search_at <= :now)
  AND NOT EXISTS (SELECT 1 FROM command c WHERE c.kind = 'slot.search'
    AND c.key = CAST(s.id AS TEXT) AND c.state = 'queued')
ORDER BY s.last_search_at, s.id LIMIT :limit"""
_q_searched = """
UPDATE slot SET last_search_at = :now, search_count = search_count + 1, next_search_at = :next
WHERE id = :id"""
_q_candidate = f"SELECT {_CANDIDATE} FROM candidate WHERE id = :id"
_q_candidate_by_guid = f"""
SELECT {_CANDIDATE} FROM candidate
WHERE guid = :guid AND (:indexer IS NULL OR indexer_id = :indexer) ORDER BY id DESC LIMIT 1"""
_q_insert = """
INSERT INTO search (slot_id, book_id, library_id, text, kind, cause, by_user, trace, plan,
  deadline_at, created_at)
VALUES (:slot, :book, :library, :text, :kind, :cause, :by_user, :trace, :plan, :deadline, :now)"""
_q_insert_leg = """
INSERT INTO search_leg (search_id, indexer_id, indexer_name, status, code, params)
VALUES (:search, :indexer, :name, :status, :code, :params)"""
_q_start_leg = """
UPDATE search_leg SET status = 'running', started_at = :now WHERE id = :id AND status = 'waiting'"""
_q_finish_leg = """
UPDATE search_leg SET status = :status, code = :code, params = :params, found = :found,
  kept = :kept, excess = :excess, requests = :requests, ms = :ms, done_at = :now
WHERE id = :id AND done_at IS NULL"""
_q_insert_candidate = """
INSERT INTO candidate (search_id, indexer_id, slot_id, guid, title, protocol, format, size,
  published_at, seeders, info_hash, release, link, verdict, score, judgement, rejections, rank,
  created_at)
VALUES (:search, :indexer, :slot_id, :guid, :title, :protocol, :format, :size, :published_at,
  :seeders, :info_hash, :release, :link, :verdict, :score, :judgement, :rejections, :rank, :now)
ON CONFLICT (search_id, indexer_id, guid) DO NOTHING"""
_q_finish = """
UPDATE search SET done_at = :now, outcome = :outcome,
  grabbed_download_id = coalesce(:download, grabbed_download_id)
WHERE id = :id AND done_at IS NULL"""
_q_prune = """
DELETE FROM search WHERE id IN (
  SELECT id FROM search WHERE done_at IS NOT NULL AND created_at < :before ORDER BY id
  LIMIT :limit)"""


def get(reader: Reader, search_id: int, scope: Scope | None = None) -> SearchRow | None:
    """One search; with a scope, only if its library is in it."""
    row = reader.one(_q_get, {"id": search_id}, row=SearchRow)
    if row is None or (scope is not None and row.library_id not in scope):
        return None
    return row


def last_of_book(reader: Reader, book_id: int) -> SearchRow | None:
    """The newest search for a book, automatic ones included."""
    return reader.one(_q_last_of_book, {"book": book_id}, row=SearchRow)


def last_by(reader: Reader, user_id: int | None) -> SearchRow | None:
    """The newest search that this person (or nobody in particular) asked for."""
    return reader.one(_q_last_by, {"user": user_id}, row=SearchRow)


def legs(reader: Reader, search_id: int) -> list[LegRow]:
    """The legs of a search."""
    return reader.rows(_q_legs, {"id": search_id}, row=LegRow)


def leg(reader: Reader, leg_id: int) -> LegRow | None:
    """One leg."""
    return reader.one(_q_leg, {"id": leg_id}, row=LegRow)


def candidates(reader: Reader, search_id: int, limit: int = 1_000) -> list[CandidateRow]:
    """The judged releases of a search, best first."""
    return reader.rows(_q_candidates, {"id": search_id, "limit": limit}, row=CandidateRow)


def candidates_of(
    reader: Reader, search_id: int, indexer_ids: Sequence[int], limit: int = 1_000
) -> list[CandidateRow]:
    """The judged releases that these indexers brought, best first."""
    params = {"id": search_id, "indexers": json_text(list(indexer_ids)), "limit": limit}
    return reader.rows(_q_candidates_of, params, row=CandidateRow)


def tally(reader: Reader, search_id: int) -> dict[str, int]:
    """How many releases got which verdict."""
    counted = dict(reader.tuples(_q_tally, {"id": search_id}))
    return {verdict: counted.get(place, 0) for place, verdict in enumerate(VERDICTS)}


def best(reader: Reader, search_id: int, limit: int) -> list[CandidateRow]:
    """The releases that may be grabbed automatically, best first."""
    return reader.rows(_q_best, {"id": search_id, "limit": limit}, row=CandidateRow)


def open_of_slot(reader: Reader, slot_id: int) -> SearchRow | None:
    """An automatic search that a dead incarnation left open."""
    return reader.one(_q_open_of_slot, {"slot": slot_id}, row=SearchRow)


def due_slots(reader: Reader, now_us: int, limit: int) -> list[int]:
    """Missing slots whose next search is due and not queued, the longest not searched first."""
    return reader.values(_q_due, {"now": now_us, "limit": limit})


def candidate(reader: Reader, candidate_id: int) -> CandidateRow | None:
    """One judged release."""
    return reader.one(_q_candidate, {"id": candidate_id}, row=CandidateRow)


def candidate_by_guid(reader: Reader, guid: str, indexer_id: int | None) -> CandidateRow | None:
    """The newest judged release with this guid: what an old client names when it grabs."""
    params = {"guid": guid, "indexer": indexer_id}
    return reader.one(_q_candidate_by_guid, params, row=CandidateRow)


def add_in(
    tx: Tx,
    *,
    library: int,
    kind: str,
    cause: str,
    by: By,
    trace: str,
    deadline_at: int,
    slot_id: int | None = None,
    book_id: int | None = None,
    text: str = "",
    plan: object | None = None,
) -> int:
    """Open a search; the id. `kind`: interactive, automatic or text."""
    return tx.insert(
        _q_insert,
        {
            "slot": slot_id,
            "book": book_id,
            "library": library,
            "text": text,
            "kind": kind,
            "cause": cause,
            "by_user": by.user_id,
            "trace": trace,
            "plan": json_text(plan or {}),
            "deadline": deadline_at,
            "now": tx.now_us,
        },
    )


def add_leg_in(
    tx: Tx,
    search_id: int,
    indexer_id: int,
    indexer_name: str,
    *,
    status: str = "waiting",
    code: str | None = None,
    params: Params | None = None,
) -> int:
    """Add one indexer to a search (or note why it is `skipped`); the leg's id."""
    return tx.insert(
        _q_insert_leg,
        {
            "search": search_id,
            "indexer": indexer_id,
            "name": indexer_name,
            "status": status,
            "code": code,
            "params": json_text(params or {}),
        },
    )


def start_leg_in(tx: Tx, library: int, leg: LegRow) -> None:
    """The indexer is being asked."""
    tx.run(_q_start_leg, {"id": leg.id, "now": tx.now_us})
    search_changed_in(tx, library, leg.search_id, f"start:{leg.id}")


def finish_leg_in(
    tx: Tx,
    library: int,
    leg: LegRow,
    found: Sequence[NewCandidate],
    *,
    ms: int,
    requests: object = (),
    code: str | None = None,
    params: Params | None = None,
    skipped: bool = False,
) -> bool:
    """Store an answer as a whole, best first (or the failure `code`; `skipped` = not asked).

    False: the leg was finished already.
    """
    kept = found[:KEPT_PER_LEG]
    values = {
        "id": leg.id,
        "status": "skipped" if skipped else "done" if code is None else "failed",
        "code": code,
        "params": json_text(params or {}),
        "found": len(found),
        "kept": len(kept),
        "excess": len(found) - len(kept),
        "requests": json_text(requests),
        "ms": ms,
        "now": tx.now_us,
    }
    if not tx.run(_q_finish_leg, values):
        return False
    for new in kept:
        _add_candidate(tx, leg, new)
    search_changed_in(tx, library, leg.search_id, f"leg:{leg.id}")
    return True


def finish_in(tx: Tx, row: SearchRow, outcome: str, download_id: int | None = None) -> bool:
    """Close a search. False: it was closed already."""
    values = {"id": row.id, "outcome": outcome, "download": download_id, "now": tx.now_us}
    if not tx.run(_q_finish, values):
        return False
    search_changed_in(tx, row.library_id, row.id, "done")
    return True


def slot_searched_in(
    tx: Tx, library: int, book_id: int, slot_id: int, next_search_at: int | None
) -> None:
    """An automatic search of a slot has ended; the next one is due at `next_search_at` (µs)."""
    tx.run(_q_searched, {"id": slot_id, "now": tx.now_us, "next": next_search_at})
    book_changed_in(tx, library, book_id)


def prune_in(tx: Tx, before_us: int, limit: int = 200) -> int:
    """Forget finished searches older than `before_us`, at most `limit`; how many went."""
    return tx.run(_q_prune, {"before": before_us, "limit": limit})


def _add_candidate(tx: Tx, leg: LegRow, new: NewCandidate) -> None:
    values = {
        **msgspec.structs.asdict(new),
        "release": json_text(new.release),
        "judgement": json_text(new.judgement),
        "rejections": json_text(new.rejections),
        "search": leg.search_id,
        "indexer": leg.indexer_id,
        "now": tx.now_us,
    }
    tx.run(_q_insert_candidate, values)
