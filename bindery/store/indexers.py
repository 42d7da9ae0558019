"""Rows of indexers, and what their actors have learnt (acquisition.md 1.1, 2.7)."""

import msgspec

from bindery.domain.refusal import Params
from bindery.store.marks import configured_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class IndexerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One configured indexer, key included: never leaves the process as it is."""

    id: int
    name: str
    type: str
    url: str
    api_key: str
    categories: tuple[int, ...]
    include_parent: bool
    priority: int
    enabled: bool
    supports_search: bool
    seed_ratio: float | None
    seed_ratio_source: str
    freeleech_only: bool
    timeout_s: int
    created_at: int
    updated_at: int
    rev: int


class IndexerState(msgspec.Struct, frozen=True, kw_only=True):
    """What the actor of one indexer knows: hold, ladder level, capabilities, last outcome."""

    indexer_id: int
    hold_until: int | None
    hold_code: str | None
    hold_params: Params
    level: int
    caps: str | None
    caps_at: int | None
    ok_at: int | None
    failed_at: int | None
    code: str | None
    params: Params


class IndexerFields(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a person sets."""

    name: str
    type: str
    url: str
    api_key: str = ""
    categories: tuple[int, ...] = (7000, 7020, 3030)
    include_parent: bool = False
    priority: int = 0
    enabled: bool = True
    supports_search: bool = True
    seed_ratio: float | None = None
    seed_ratio_source: str = ""
    freeleech_only: bool = False
    timeout_s: int = 30


_COLUMNS = """id, name, type, url, api_key, categories, include_parent, priority, enabled,
  supports_search, seed_ratio, seed_ratio_source, freeleech_only, timeout_s, created_at,
  updated_at, rev"""
_STATE = """indexer_id, hold_until, hold_code, hold_params, level, caps, caps_at, ok_at, failed_at,
  code, params"""

_q_list = f"SELECT {_COLUMNS} FROM indexer ORDER BY priority, id"
_q_list_enabled = f"""
SELECT {_COLUMNS} FROM indexer WHERE enabled = 1 ORDER BY priority, id"""
_q_get = f"SELECT {_COLUMNS} FROM indexer WHERE id = :id"
_q_by_url = "SELECT id FROM indexer WHERE url = :url AND id <> :id"
_q_insert = """
INSERT INTO indexer (name, type, url, api_key, categories, include_parent, priority, enabled,
  supports_search, seed_ratio, seed_ratio_source, freeleech_only, timeout_s, created_at,
  updated_at, by_user)
VALUES (:name, :type, :url, :api_key, :categories, :include_parent, :priority, :enabled,
  :supports_search, :seed_ratio, :seed_ratio_source, :freeleech_only, :timeout_s, :now, :now,
  :by_user)"""
_q_update = """
UPDATE indexer SET name = :name, type = :type, url = :url, api_key = :api_key,
  categories = :categories, include_parent = :include_parent, priority = :priority,
  enabled = :enabled, supports_search = :supports_search, seed_ratio = :seed_ratio,
  seed_ratio_source = :seed_ratio_source, freeleech_only = :freeleech_only,
  timeout_s = :timeout_s, updated_at = :now, by_user = :by_user, rev = rev + 1
WHERE id = :id AND (:rev IS NULL OR rev = :rev)"""
_q_delete = "DELETE FROM indexer WHERE id = :id"
_q_states = f"SELECT {_STATE} FROM indexer_state"
_q_state = f"SELECT {_STATE} FROM indexer_state WHERE indexer_id = :id"
_q_touch = """
INSERT INTO indexer_state (indexer_id)
SELECT :id WHERE EXISTS (SELECT 1 FROM indexer WHERE id = :id) ON CONFLICT DO NOTHING"""
_q_set_ok = """
UPDATE indexer_state SET ok_at = :now, code = NULL, params = '{}', hold_until = NULL,
  hold_code = NULL, hold_params = '{}', level = max(level - 1, 0)
WHERE indexer_id = :id"""
_q_set_failed = """
UPDATE indexer_state SET failed_at = :now, code = :code, params = :params, level = :level,
  hold_until = :hold_until, hold_code = :hold_code, hold_params = :hold_params
WHERE indexer_id = :id"""
_q_set_caps = "UPDATE indexer_state SET caps = :caps, caps_at = :now WHERE indexer_id = :id"
_q_clear_hold = """
UPDATE indexer_state SET hold_until = NULL, hold_code = NULL, hold_params = '{}', level = 0,
  caps = NULL, caps_at = NULL
WHERE indexer_id = :id"""


def list_indexers(reader: Reader) -> list[IndexerRow]:
    """All indexers by priority."""
    return reader.rows(_q_list, {}, row=IndexerRow)


def list_enabled(reader: Reader) -> list[IndexerRow]:
    """Indexers that take part in searches, by priority."""
    return reader.rows(_q_list_enabled, {}, row=IndexerRow)


def get(reader: Reader, indexer_id: int) -> IndexerRow | None:
    """One indexer, or None."""
    return reader.one(_q_get, {"id": indexer_id}, row=IndexerRow)


def url_taken(reader: Reader, url: str, besides: int = 0) -> bool:
    """Whether another indexer has this URL."""
    return reader.value(_q_by_url, {"url": url, "id": besides}) is not None


def states(reader: Reader) -> dict[int, IndexerState]:
    """What is known of each indexer, by id; one nobody has asked yet is absent."""
    return {row.indexer_id: row for row in reader.rows(_q_states, {}, row=IndexerState)}


def state(reader: Reader, indexer_id: int) -> IndexerState | None:
    """What is known of one indexer."""
    return reader.one(_q_state, {"id": indexer_id}, row=IndexerState)


def add_in(tx: Tx, fields: IndexerFields, by_user: int | None) -> int:
    """Insert an indexer; the id."""
    indexer_id = tx.insert(_q_insert, {**_values(fields), "now": tx.now_us, "by_user": by_user})
    configured_in(tx, "indexer", f"indexer:{indexer_id}")
    return indexer_id


def update_in(
    tx: Tx, indexer_id: int, fields: IndexerFields, by_user: int | None, rev: int | None = None
) -> bool:
    """Replace what a person sets and lift any hold; False when `rev` is given and not the row's."""
    values = {
        **_values(fields),
        "id": indexer_id,
        "now": tx.now_us,
        "by_user": by_user,
        "rev": rev,
    }
    if not tx.run(_q_update, values):
        return False
    tx.run(_q_clear_hold, {"id": indexer_id})
    configured_in(tx, "indexer", f"indexer:{indexer_id}")
    return True


def delete_in(tx: Tx, indexer_id: int) -> bool:
    """Delete an indexer; what it brought keeps its rows. False when there is none."""
    if not tx.run(_q_delete, {"id": indexer_id}):
        return False
    configured_in(tx, "indexer", f"indexer:{indexer_id}", gone=True)
    return True


def set_ok_in(tx: Tx, indexer_id: int) -> None:
    """The indexer answered: one step down the ladder, no hold."""
    tx.run(_q_touch, {"id": indexer_id})
    tx.run(_q_set_ok, {"id": indexer_id, "now": tx.now_us})
    tx.publish("health", 1, f"indexer:{indexer_id}")


def set_failed_in(
    tx: Tx,
    indexer_id: int,
    code: str,
    params: Params,
    *,
    level: int,
    hold_until: int | None = None,
) -> None:
    """The indexer failed; with `hold_until` (µs) it is left alone until then."""
    tx.run(_q_touch, {"id": indexer_id})
    text = json_text(params)
    values = {
        "id": indexer_id,
        "now": tx.now_us,
        "code": code,
        "params": text,
        "level": level,
        "hold_until": hold_until,
        "hold_code": code if hold_until is not None else None,
        "hold_params": text if hold_until is not None else "{}",
    }
    tx.run(_q_set_failed, values)
    tx.publish("health", 1, f"indexer:{indexer_id}")


def set_caps_in(tx: Tx, indexer_id: int, caps: bytes) -> None:
    """Remember a capabilities document (JSON of `IndexerCaps`)."""
    tx.run(_q_touch, {"id": indexer_id})
    tx.run(_q_set_caps, {"id": indexer_id, "caps": caps.decode(), "now": tx.now_us})


def _values(fields: IndexerFields) -> dict[str, str | int | float | bool | None]:
    return {
        "name": fields.name,
        "type": fields.type,
        "url": fields.url,
        "api_key": fields.api_key,
        "categories": json_text(fields.categories),
        "include_parent": fields.include_parent,
        "priority": fields.priority,
        "enabled": fields.enabled,
        "supports_search": fields.supports_search,
        "seed_ratio": fields.seed_ratio,
        "seed_ratio_source": fields.seed_ratio_source,
        "freeleech_only": fields.freeleech_only,
        "timeout_s": fields.timeout_s,
    }
