"""Rows of notification targets (identity-and-system.md 8.7)."""

import msgspec

from bindery.store.marks import configured_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class NotifierRow(msgspec.Struct, frozen=True, kw_only=True):
    """One target, header values included: never leaves the process as it is."""

    id: int
    name: str
    type: str
    url: str
    method: str
    headers: dict[str, str]
    topic: str
    on_grab: bool
    on_import: bool
    on_upgrade: bool
    on_failure: bool
    on_health: bool
    enabled: bool
    created_at: int
    updated_at: int
    rev: int


class NotifierFields(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a person sets."""

    name: str
    url: str
    type: str = "webhook"
    method: str = "POST"
    headers: dict[str, str] = {}
    topic: str = ""
    on_grab: bool = True
    on_import: bool = True
    on_upgrade: bool = False
    on_failure: bool = True
    on_health: bool = False
    enabled: bool = True


_COLUMNS = """id, name, type, url, method, headers, topic, on_grab, on_import, on_upgrade,
  on_failure, on_health, enabled, created_at, updated_at, rev"""

_q_list = f"SELECT {_COLUMNS} FROM notifier ORDER BY id"
_q_get = f"SELECT {_COLUMNS} FROM notifier WHERE id = :id"
_q_insert = """
INSERT INTO notifier (name, type, url, method, headers, topic, on_grab, on_import, on_upgrade,
  on_failure, on_health, enabled, created_at, updated_at, by_user)
VALUES (:name, :type, :url, :method, :headers, :topic, :on_grab, :on_import, :on_upgrade,
  :on_failure, :on_health, :enabled, :now, :now, :by_user)"""
_q_update = """
UPDATE notifier SET name = :name, type = :type, url = :url, method = :method, headers = :headers,
  topic = :topic, on_grab = :on_grab, on_import = :on_import, on_upgrade = :on_upgrade,
  on_failure = :on_failure, on_health = :on_health, enabled = :enabled, updated_at = :now,
  by_user = :by_user, rev = rev + 1
WHERE id = :id AND (:rev IS NULL OR rev = :rev)"""
_q_delete = "DELETE FROM notifier WHERE id = :id"


def list_notifiers(reader: Reader) -> list[NotifierRow]:
    """All targets, oldest first."""
    return reader.rows(_q_list, {}, row=NotifierRow)


def get(reader: Reader, notifier_id: int) -> NotifierRow | None:
    """One target, or None."""
    return reader.one(_q_get, {"id": notifier_id}, row=NotifierRow)


def add_in(tx: Tx, fields: NotifierFields, by_user: int | None) -> int:
    """Insert a target; the id."""
    notifier_id = tx.insert(_q_insert, {**_values(fields), "now": tx.now_us, "by_user": by_user})
    configured_in(tx, "notification", "notifier")
    return notifier_id


def update_in(
    tx: Tx, notifier_id: int, fields: NotifierFields, by_user: int | None, rev: int | None = None
) -> bool:
    """Replace what a person sets; False when `rev` is given and is not the row's."""
    values = {
        **_values(fields),
        "id": notifier_id,
        "now": tx.now_us,
        "by_user": by_user,
        "rev": rev,
    }
    if not tx.run(_q_update, values):
        return False
    configured_in(tx, "notification", "notifier")
    return True


def delete_in(tx: Tx, notifier_id: int) -> bool:
    """Delete a target; what waits for it ends as done. False when there is none."""
    if not tx.run(_q_delete, {"id": notifier_id}):
        return False
    configured_in(tx, "notification", "notifier")
    return True


def _values(fields: NotifierFields) -> dict[str, str | bool]:
    return {**msgspec.structs.asdict(fields), "headers": json_text(fields.headers)}
