"""Accounts, their libraries, and the settings the door reads (identity-and-system.md 3.1)."""

from __future__ import annotations

import msgspec

from bindery.domain.principal import HOUSEHOLD, Role, Scope
from bindery.store.tx import Reader, Tx

NAME_LIMIT = 64


class User(msgspec.Struct, frozen=True):
    """An account. `password_hash` is a PHC string, empty when no password can match."""

    id: int
    username: str
    password_hash: str
    role: Role
    epoch: int


class DoorSettings(msgspec.Struct, frozen=True):
    """The two settings that every authenticated request depends on."""

    mode: str
    secret: str


class _Setting(msgspec.Struct):
    key: str
    value: str


_q_find_by_name = """
SELECT id, username, password_hash, role, epoch FROM user WHERE username_key = :key
"""
_q_find_by_id = "SELECT id, username, password_hash, role, epoch FROM user WHERE id = :id"
_q_name = "SELECT username FROM user WHERE id = :id"
_q_operator = "SELECT min(id) FROM user WHERE role = 'admin'"
_q_libraries = "SELECT id FROM library ORDER BY id"
_q_library_of = "SELECT id FROM library WHERE user_id = :user"
_q_door_settings = """
SELECT key, value FROM setting WHERE key IN ('auth.mode', 'auth.session_secret')
"""
_q_insert_user = """
INSERT INTO user (username, username_key, password_hash, role, created_at, updated_at)
VALUES (:name, :key, :hash, :role, :now, :now)
"""
_q_insert_library = """
INSERT INTO library (user_id, name, created_at) VALUES (:user, :name, :now)
"""
_q_update_hash = """
UPDATE user SET password_hash = :hash, epoch = epoch + 1, updated_at = :now, rev = rev + 1
WHERE id = :id
"""
_q_rehash = """
UPDATE user SET password_hash = :hash, updated_at = :now WHERE id = :id AND password_hash = :old
"""
_q_seed_setting = """
INSERT INTO setting (key, value, updated_at) VALUES (:key, :value, :now)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
WHERE setting.value = ''
"""


def name_key(name: str) -> str:
    """The form in which account names are unique: trimmed and case-folded."""
    return name.strip().casefold()


def find(reader: Reader, name: str) -> User | None:
    """The account of that name, whatever its case."""
    return reader.one(_q_find_by_name, {"key": name_key(name)}, User)


def names(reader: Reader) -> list[str]:
    """The names of all accounts, in their order of making."""
    return reader.values("SELECT username FROM user ORDER BY id")


def by_id(reader: Reader, user_id: int) -> User | None:
    """The account of that id."""
    return reader.one(_q_find_by_id, {"id": user_id}, User)


def name_of(reader: Reader, user_id: int) -> str:
    """The account's name, empty when it is gone."""
    return str(reader.value(_q_name, {"id": user_id}) or "")


def operator(reader: Reader) -> int | None:
    """The admin with the lowest id, None while there is none (security-rulings.md 1)."""
    found = reader.value(_q_operator, {})
    return found if isinstance(found, int) else None


def libraries(reader: Reader) -> Scope:
    """Every library, ascending: the scope of who may see all."""
    return tuple(reader.values(_q_libraries))


def library_of(reader: Reader, user_id: int) -> int:
    """Where new rows of this account go; the household's library when it has none."""
    found = reader.value(_q_library_of, {"user": user_id})
    return found if isinstance(found, int) else HOUSEHOLD


def door_settings(reader: Reader) -> DoorSettings:
    """Auth mode and session secret; `enabled` and an empty secret when not seeded."""
    rows = {row.key: row.value for row in reader.rows(_q_door_settings, {}, _Setting)}
    return DoorSettings(rows.get("auth.mode") or "enabled", rows.get("auth.session_secret", ""))


def add_in(tx: Tx, *, name: str, password_hash: str, role: Role) -> int:
    """Create an account and its library; the caller checked that the name is free."""
    user_id = tx.insert(
        _q_insert_user,
        {
            "name": name.strip(),
            "key": name_key(name),
            "hash": password_hash,
            "role": role.value,
            "now": tx.now_us,
        },
    )
    tx.insert(_q_insert_library, {"user": user_id, "name": name.strip(), "now": tx.now_us})
    return user_id


def set_password_in(tx: Tx, user_id: int, password_hash: str) -> None:
    """Replace the password; the epoch moves, which ends what was derived from it."""
    tx.run(_q_update_hash, {"id": user_id, "hash": password_hash, "now": tx.now_us})


def rehash_in(tx: Tx, user: User, password_hash: str) -> None:
    """Store the same password under newer parameters, unless it changed meanwhile."""
    tx.run(
        _q_rehash,
        {"id": user.id, "hash": password_hash, "old": user.password_hash, "now": tx.now_us},
    )


def seed_setting_in(tx: Tx, key: str, value: str) -> None:
    """Store a setting only when it is absent or empty."""
    tx.run(_q_seed_setting, {"key": key, "value": value, "now": tx.now_us})
