"""Repeats from outside: `Idempotency-Key` (architecture.md 6, ui.md 5.2).

The answer is stored inside the operation's own transaction, so a repeat either finds it or finds
nothing done.
"""

import hashlib

import msgspec

from bindery.store.tx import Reader, Tx

KEPT_US = 24 * 3600 * 1_000_000


class Kept(msgspec.Struct, frozen=True):
    """The answer to the first request of this key."""

    hash: bytes
    status: int
    body: bytes


def request_hash(method: str, path: str, body: bytes) -> bytes:
    """What must be equal for two requests to be the same one."""
    digest = hashlib.sha256(f"{method} {path}\n".encode())
    digest.update(body)
    return digest.digest()


def find_answer(reader: Reader, key: str, principal: str) -> Kept | None:
    """The stored answer of (key, principal), if there is one; compare `hash` before using it."""
    return reader.one(_q_find, {"key": key, "principal": principal}, Kept)


def keep_answer_in(
    tx: Tx, key: str, principal: str, *, hash: bytes, status: int, body: bytes
) -> None:
    """Store the answer; the first one stays."""
    params = {
        "key": key,
        "principal": principal,
        "hash": hash,
        "status": status,
        "body": body,
        "now": tx.now_us,
    }
    tx.run(_q_keep, params)


def prune_in(tx: Tx) -> int:
    """Forget answers older than a day; answers how many."""
    return tx.run(_q_prune, {"before": tx.now_us - KEPT_US})


_q_find = "SELECT hash, status, body FROM idempotency WHERE key = :key AND principal = :principal"
_q_keep = """
INSERT INTO idempotency (key, principal, hash, status, body, at)
VALUES (:key, :principal, :hash, :status, :body, :now) ON CONFLICT DO NOTHING"""
_q_prune = "DELETE FROM idempotency WHERE at < :before"
