"""Settings that people change while Bindery runs: one row per key, JSON inside."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from bindery.domain.principal import By
from bindery.store.tx import Reader, Tx

V = TypeVar("V")


class Setting(msgspec.Struct, frozen=True):
    """One row. `value` is the text stored: plain, as the wire's `value` string."""

    key: str
    value: str
    by_user: int | None
    updated_at: int
    rev: int


def find_setting(reader: Reader, key: str) -> Setting | None:
    """One setting; None while it has its default."""
    return reader.one(_q_find, {"key": key}, Setting)


def list_settings(reader: Reader, prefix: str = "") -> list[Setting]:
    """Settings whose key begins with `prefix`, by key."""
    return reader.rows(_q_list, {"from": prefix, "to": prefix + "\U0010ffff"}, Setting)


def setting(reader: Reader, key: str, default: V) -> V:
    """The value as the type of its default (bool, int, float, str, list, ...).

    A value that does not fit reads as the default: a hand-edited row must not stop a worker.
    """
    text: str | None = reader.value(_q_value, {"key": key})
    if text is None:
        return default
    if isinstance(default, str):
        return text  # pyright: ignore[reportReturnType] - V is str here
    try:
        return msgspec.json.decode(text.encode(), type=type(default), strict=False)
    except msgspec.DecodeError:
        return default


def put_setting_in(tx: Tx, key: str, value: str, by: By) -> int:
    """Store a value; answers the new revision."""
    rev: int = tx.value(_q_put, {"key": key, "value": value, "by": by.user_id, "now": tx.now_us})
    tx.publish("config", 1, f"setting:{key}")
    return rev


def delete_settings_in(tx: Tx, keys: Sequence[str]) -> int:
    """Back to the defaults; answers how many had a row."""
    gone = 0
    for key in keys:
        if tx.run(_q_delete, {"key": key}):
            gone += 1
            tx.publish("config", 1, f"setting:{key}", "del")
    return gone


_COLUMNS = "key, value, by_user, updated_at, rev"
_q_find = f"SELECT {_COLUMNS} FROM setting WHERE key = :key"
_q_list = f"SELECT {_COLUMNS} FROM setting WHERE key >= :from AND key < :to ORDER BY key"
_q_value = "SELECT value FROM setting WHERE key = :key"
_q_put = """
INSERT INTO setting (key, value, by_user, updated_at) VALUES (:key, :value, :by, :now)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, by_user = excluded.by_user,
  updated_at = excluded.updated_at, rev = rev + 1
RETURNING rev"""
_q_delete = "DELETE FROM setting WHERE key = :key"
