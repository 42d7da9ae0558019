"""What needs a person: one item per (code, subject), raised and cleared by whoever finds out."""

from typing import Literal

import msgspec

from bindery.domain.principal import HOUSEHOLD, Scope
from bindery.domain.refusal import Params
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

Severity = Literal["notice", "warning", "error"]


class Attention(msgspec.Struct, frozen=True):
    """One item. `subject` names the object (`download:12`), `action` what a person can do."""

    id: int
    code: str
    subject: str
    severity: Severity
    library_id: int
    params: Params
    action: str
    since: int
    muted_until: int | None


def raise_in(
    tx: Tx,
    code: str,
    subject: str,
    *,
    severity: Severity = "warning",
    params: Params | None = None,
    action: str = "",
    library: int = HOUSEHOLD,
) -> int:
    """Raise an item, or refresh its values; answers its id. `since` stays what it was."""
    found: int = tx.value(
        _q_raise,
        {
            "code": code,
            "subject": subject,
            "severity": severity,
            "library": library,
            "params": json_text(params or {}),
            "action": action,
            "now": tx.now_us,
        },
    )
    tx.publish("attention", library, found)
    tx.publish("counters", library, 1)
    return found


def clear_in(tx: Tx, subject: str, code: str | None = None) -> int:
    """The reason is gone: clear the items of a subject (only `code`, if given)."""
    gone = tx.rows(_q_clear, {"subject": subject, "code": code}, _Cleared)
    for item in gone:
        tx.publish("attention", item.library_id, item.id, "del")
        tx.publish("counters", item.library_id, 1)
    return len(gone)


def mute_in(tx: Tx, id: int, scope: Scope, until: int | None) -> bool:
    """Hide an item until `until` (µs); None shows it again."""
    library: int | None = tx.value(
        _q_mute, {"id": id, "until": until, "scope": json_text(list(scope))}
    )
    if library is not None:
        tx.publish("attention", library, id)
        tx.publish("counters", library, 1)
    return library is not None


def list_attention(
    reader: Reader, scope: Scope, now_us: int, *, limit: int = 500
) -> list[Attention]:
    """Items that are not muted, worst first, then oldest first."""
    params = {"scope": json_text(list(scope)), "now": now_us, "limit": limit}
    return reader.rows(_q_list, params, Attention)


def attention_by_id(reader: Reader, scope: Scope, ids: list[int]) -> list[Attention]:
    """These items, as far as they are in scope."""
    return reader.rows(
        _q_by_id, {"scope": json_text(list(scope)), "ids": json_text(list(ids))}, Attention
    )


class _Cleared(msgspec.Struct):
    id: int
    library_id: int


_COLUMNS = "id, code, subject, severity, library_id, params, action, since, muted_until"

_q_raise = """
INSERT INTO attention (code, subject, severity, library_id, params, action, since)
VALUES (:code, :subject, :severity, :library, :params, :action, :now)
ON CONFLICT (code, subject) DO UPDATE SET
  severity = excluded.severity, params = excluded.params, action = excluded.action
RETURNING id"""

_q_clear = """
DELETE FROM attention WHERE subject = :subject AND (:code IS NULL OR code = :code)
RETURNING id, library_id"""

_q_mute = """
UPDATE attention SET muted_until = :until
WHERE id = :id AND library_id IN (SELECT value FROM json_each(:scope))
RETURNING library_id"""

_q_list = f"""
SELECT {_COLUMNS} FROM attention
WHERE library_id IN (SELECT value FROM json_each(:scope))
  AND (muted_until IS NULL OR muted_until <= :now)
ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, since, id
LIMIT :limit"""

_q_by_id = f"""
SELECT {_COLUMNS} FROM attention
WHERE id IN (SELECT value FROM json_each(:ids))
  AND library_id IN (SELECT value FROM json_each(:scope))"""
