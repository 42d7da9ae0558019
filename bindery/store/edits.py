"""What persons decide about shared metadata: which fields stand fast, which number is right."""

from collections.abc import Sequence

from bindery.store.catalogue import Kind, lock_fields_in
from bindery.store.rows import json_text
from bindery.store.tx import Tx


def set_locks_in(tx: Tx, kind: Kind, id: int, fields: Sequence[str], by_user: int | None) -> None:
    """Exactly these fields are locked."""
    tx.run(_q_unlock, {"kind": kind, "id": id, "fields": json_text(list(fields))})
    lock_fields_in(tx, kind, id, fields, by_user)


def replace_identifier_in(
    tx: Tx, kind: Kind, id: int, scheme: str, value: str, source: str
) -> None:
    """The one number of this scheme that `source` tells; '' = none."""
    params = {"kind": kind, "id": id, "scheme": scheme, "source": source}
    tx.run(_q_forget, params)
    if value:
        tx.run(_q_put, {**params, "value": value})


_q_unlock = """
DELETE FROM field_lock WHERE kind = :kind AND entity_id = :id
  AND field NOT IN (SELECT value FROM json_each(:fields))"""
_q_forget = """
DELETE FROM identifier
WHERE kind = :kind AND entity_id = :id AND scheme = :scheme AND source = :source"""
_q_put = """
INSERT INTO identifier (kind, entity_id, scheme, value, source)
VALUES (:kind, :id, :scheme, :value, :source) ON CONFLICT DO NOTHING"""
