"""The activity history, read back (catalogue.md 1.5, 2.5). Written by `tx.record`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from bindery.domain.principal import Scope
from bindery.domain.refusal import Params
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class Event(msgspec.Struct, frozen=True):
    """One line, with the names of what it speaks about as they are now."""

    id: int
    at: int
    type: str
    by_user: int | None
    username: str | None
    via: str
    trace: str
    library_id: int
    book_id: int | None
    book_title: str | None
    cover_url: str | None
    author_id: int | None
    author_name: str | None
    slot_id: int | None
    download_id: int | None
    source_title: str
    guid: str
    indexer: str
    client: str
    protocol: str
    format: str
    quality: str
    size: int | None
    code: str | None
    params: Params


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; everything combines. `since`/`until` are µs, inclusive/exclusive."""

    book_id: int | None = None
    author_id: int | None = None
    download_id: int | None = None
    types: tuple[str, ...] = ()
    format: str | None = None
    trace: str | None = None
    since: int | None = None
    until: int | None = None


def list_events(
    reader: Reader,
    scope: Scope,
    chosen: EventFilter,
    *,
    limit: int = 100,
    offset: int = 0,
    before: int | None = None,
) -> list[Event]:
    """Newest first. `before` is a cursor (an event's id); `offset` serves old clients."""
    where, params = _where(scope, chosen)
    if before is not None:
        where += " AND e.id < :before"
        params["before"] = before
    params |= {"limit": limit, "offset": offset}
    sql = f"{_q_ids} WHERE {where} ORDER BY e.id DESC LIMIT :limit OFFSET :offset"
    ids = reader.values(sql, params)
    return events_by_id(reader, scope, ids)


def count_events(reader: Reader, scope: Scope, chosen: EventFilter) -> int:
    """How many there are; proportional to the answer, so for `scan` when nothing narrows it."""
    where, params = _where(scope, chosen)
    found: int = reader.value(f"SELECT count(*) FROM event e WHERE {where}", params)
    return found


def events_by_id(reader: Reader, scope: Scope, ids: Sequence[int]) -> list[Event]:
    """These events, newest first, as far as they are in scope."""
    params = {"ids": json_text(list(ids)), "scope": json_text(list(scope))}
    return reader.rows(_q_by_id, params, Event)


def find(reader: Reader, id: int) -> Event | None:
    """One event, whoever may see it: for what runs on nobody's behalf."""
    return reader.one(_q_one, {"id": id}, Event)


def hide_in(tx: Tx, scope: Scope, id: int) -> bool:
    """Take an event off the list; the row stays, others may refer to its facts."""
    library: int | None = tx.value(_q_hide, {"id": id, "scope": json_text(list(scope))})
    if library is not None:
        tx.publish("activity", library, id, "del")
    return library is not None


def prune_in(tx: Tx, before: int, limit: int = 1_000) -> int:
    """Delete at most `limit` events older than `before` (µs); answers how many."""
    return tx.run(_q_prune, {"before": before, "limit": limit})


def _where(scope: Scope, chosen: EventFilter) -> tuple[str, dict[str, Any]]:
    """The narrowest column leads: SQLite picks its index, the rest filters."""
    parts = ["e.library_id IN (SELECT value FROM json_each(:scope))", "e.hidden = 0"]
    params: dict[str, Any] = {"scope": json_text(list(scope))}
    equal = {
        "book_id": chosen.book_id,
        "author_id": chosen.author_id,
        "download_id": chosen.download_id,
        "format": chosen.format,
        "trace": chosen.trace,
    }
    for column, value in equal.items():
        if value is not None:
            parts.append(f"e.{column} = :{column}")
            params[column] = value
    if chosen.types:
        parts.append("e.type IN (SELECT value FROM json_each(:types))")
        params["types"] = json_text(list(chosen.types))
    if chosen.since is not None:
        parts.append("e.at >= :since")
        params["since"] = chosen.since
    if chosen.until is not None:
        parts.append("e.at < :until")
        params["until"] = chosen.until
    narrow = any(value is not None for value in equal.values())
    if not narrow:
        # Walk newest first until the page is full; sorting a type's whole history would not scale.
        parts[0] = "+e.library_id IN (SELECT value FROM json_each(:scope))"
    return " AND ".join(parts), params


_q_ids = "SELECT e.id FROM event e"

_SELECT = """
SELECT e.id, e.at, e.type, e.by_user, u.username, e.via, e.trace, e.library_id,
  e.book_id, w.title AS book_title, c.url AS cover_url,
  coalesce(e.author_id, b.author_id) AS author_id, p.name AS author_name, e.slot_id,
  e.download_id, e.source_title, e.guid, e.indexer, e.client, e.protocol,
  e.format, e.quality, e.size, e.code, e.params
FROM event e
LEFT JOIN user u ON u.id = e.by_user
LEFT JOIN book b ON b.id = e.book_id
LEFT JOIN work w ON w.id = b.work_id
LEFT JOIN cover c ON c.id = w.cover_id
LEFT JOIN author a ON a.id = coalesce(e.author_id, b.author_id)
LEFT JOIN person p ON p.id = a.person_id"""

_q_one = f"{_SELECT} WHERE e.id = :id"

_q_by_id = f"""{_SELECT}
WHERE e.id IN (SELECT value FROM json_each(:ids))
  AND e.library_id IN (SELECT value FROM json_each(:scope))
ORDER BY e.id DESC"""

_q_hide = """
UPDATE event SET hidden = 1
WHERE id = :id AND hidden = 0 AND library_id IN (SELECT value FROM json_each(:scope))
RETURNING library_id"""

_q_prune = "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at < :before LIMIT :limit)"
