"""API keys: the one install key, retrievable, and named keys as digests (security-rulings.md 5)."""

from __future__ import annotations

import hashlib

import msgspec

from bindery.store.tx import Reader, Tx

SHORTEST = 20
"""Characters; a shorter install key could be guessed (security-rulings.md 5)."""


class ApiKey(msgspec.Struct, frozen=True):
    """A verified key. `user_id` None = the install key; then `role` is empty."""

    id: int
    user_id: int | None
    scope: str
    role: str


_q_find_key = """
SELECT k.id, k.user_id, k.scope, coalesce(u.role, '') AS role
FROM api_key k LEFT JOIN user u ON u.id = k.user_id
WHERE k.digest = :digest AND (k.expires_at IS NULL OR k.expires_at > :now)
"""
_q_read_install = "SELECT secret FROM api_key WHERE user_id IS NULL"
_q_delete_install = "DELETE FROM api_key WHERE user_id IS NULL"
_q_insert_install = """
INSERT INTO api_key (user_id, name, digest, prefix, secret, scope, created_at)
VALUES (NULL, 'install', :digest, :prefix, :secret, 'write', :now)
"""


def find(reader: Reader, digest: bytes, now_us: int) -> ApiKey | None:
    """The unexpired key with this SHA-256 digest, with its account's current role."""
    return reader.one(_q_find_key, {"digest": digest, "now": now_us}, ApiKey)


def install_key(reader: Reader) -> str:
    """The install key's text, for admins to read; empty before it is seeded."""
    return str(reader.value(_q_read_install, {}) or "")


def is_weak(install_key: str) -> bool:
    """Short enough to be guessed? None at all is not weak."""
    return 0 < len(install_key) < SHORTEST


def replace_install_in(tx: Tx, secret: str) -> None:
    """Make this the install key; the old one is dead with the same commit."""
    tx.run(_q_delete_install, {})
    tx.insert(
        _q_insert_install,
        {
            "digest": hashlib.sha256(secret.encode()).digest(),
            "prefix": secret[:8],
            "secret": secret,
            "now": tx.now_us,
        },
    )
