"""Server-side sessions: one row per sign-in, the cookie's digest only (security-rulings.md 4)."""

from __future__ import annotations

import secrets

import msgspec

from bindery.domain.peers import network_key
from bindery.domain.principal import Role
from bindery.store.tx import Reader, Tx

PER_USER = 50
ABSOLUTE_US = {"normal": 7 * 86400 * 1_000_000, "remember": 90 * 86400 * 1_000_000}


class Session(msgspec.Struct, frozen=True):
    """A live session with its account's current role. Instants in µs since the epoch."""

    id: int
    public_id: str
    user_id: int
    kind: str
    seen_at: int
    idle_expires_at: int
    expires_at: int
    username: str
    role: Role

    def slid_at(self, idle_s: int) -> int:
        """When the idle expiry was last set, given the idle time of this kind."""
        return self.idle_expires_at - idle_s * 1_000_000


_q_find_session = """
SELECT s.id, s.public_id, s.user_id, s.kind, s.seen_at, s.idle_expires_at, s.expires_at,
       u.username, u.role
FROM session s JOIN user u ON u.id = s.user_id
WHERE s.digest = :digest AND s.expires_at > :now AND s.idle_expires_at > :now
"""
_q_insert_session = """
INSERT INTO session (public_id, digest, user_id, kind, created_at, seen_at, idle_expires_at,
                     expires_at, address, agent)
VALUES (:public_id, :digest, :user, :kind, :now, :now, min(:idle, :absolute), :absolute,
        :address, :agent)
"""
_q_delete_surplus = """
DELETE FROM session WHERE user_id = :user AND id NOT IN (
  SELECT id FROM session WHERE user_id = :user ORDER BY seen_at DESC, id DESC LIMIT :keep)
"""
_q_touch_session = "UPDATE session SET seen_at = :now WHERE id = :id"
_q_slide_session = """
UPDATE session SET seen_at = :now, idle_expires_at = min(:idle, expires_at) WHERE id = :id
"""
_q_delete_by_digest = "DELETE FROM session WHERE digest = :digest"
_q_delete_of_user = "DELETE FROM session WHERE user_id = :user"
_q_addresses = """
SELECT DISTINCT address FROM session WHERE user_id = :user AND address <> '' LIMIT 20
"""
_q_delete_expired = "DELETE FROM session WHERE expires_at <= :now OR idle_expires_at <= :now"


def find(reader: Reader, digest: bytes, now_us: int) -> Session | None:
    """The unexpired session with this digest; SHA-256 makes the index lookup safe to time."""
    return reader.one(_q_find_session, {"digest": digest, "now": now_us}, Session)


class _Address(msgspec.Struct):
    address: str


def networks_of(reader: Reader, user_id: int) -> frozenset[str]:
    """The networks (/24, /64) from which this account's sessions were opened."""
    rows = reader.rows(_q_addresses, {"user": user_id}, _Address)
    return frozenset(network_of(row.address) for row in rows)


def network_of(address: str) -> str:
    """The network that counts as one place: IPv4 /24, IPv6 /64."""
    return network_key(address, 24, 64)


def add_in(
    tx: Tx, *, digest: bytes, user_id: int, kind: str, idle_s: int, address: str, agent: str
) -> None:
    """Open a session; beyond fifty of one account the one unseen for longest goes."""
    tx.insert(
        _q_insert_session,
        {
            "public_id": secrets.token_hex(8),
            "digest": digest,
            "user": user_id,
            "kind": kind,
            "now": tx.now_us,
            "idle": tx.now_us + idle_s * 1_000_000,
            "absolute": tx.now_us + ABSOLUTE_US[kind],
            "address": address,
            "agent": agent[:200],
        },
    )
    tx.run(_q_delete_surplus, {"user": user_id, "keep": PER_USER})


def touch_in(tx: Tx, session_id: int, idle_s: int | None) -> None:
    """Note that the session was seen; with `idle_s` its idle expiry slides too."""
    if idle_s is None:
        tx.run(_q_touch_session, {"id": session_id, "now": tx.now_us})
        return
    idle = tx.now_us + idle_s * 1_000_000
    tx.run(_q_slide_session, {"id": session_id, "now": tx.now_us, "idle": idle})


def end_in(tx: Tx, digest: bytes) -> int:
    """End one session by the digest of its cookie; how many there were (0 or 1)."""
    return tx.run(_q_delete_by_digest, {"digest": digest})


def end_all_in(tx: Tx, user_id: int) -> int:
    """End every session of an account."""
    return tx.run(_q_delete_of_user, {"user": user_id})


def prune_in(tx: Tx) -> int:
    """Forget expired sessions; called by the housekeeper."""
    return tx.run(_q_delete_expired, {"now": tx.now_us})
