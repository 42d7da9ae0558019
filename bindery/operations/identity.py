"""Accounts and sign-in: setup, login, logout, password, install key. One transaction each.

Passwords arrive hashed or checked: the key derivation is slow and belongs to the caller, who
holds its limiter. Source: security-rulings.md 4 and 5, identity-and-system.md 2.3.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from bindery.domain.principal import By, Role, Via
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store import api_keys, attention, sessions, users
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Reader, Tx

MIN_SECRET = 32
UNTRUSTED_PROXY = Code.UNTRUSTED_PROXY.value
"""Code and subject of the attention item: somebody forwards who is not configured."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a session is opened from. `replaces` is the digest of a session shown with it."""

    kind: str
    idle_s: int
    address: str = ""
    agent: str = ""
    replaces: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: its cookie value is known here and nowhere later."""

    user_id: int
    username: str
    role: Role
    cookie: str


def clean_name(name: str) -> str | Refusal:
    """A trimmed account name of 1 to 64 characters without control characters."""
    trimmed = name.strip()
    if not trimmed:
        return refuse(Code.REQUIRED, "username")
    if len(trimmed) > users.NAME_LIMIT or not trimmed.isprintable():
        return refuse(Code.INVALID, "username", maximum=users.NAME_LIMIT)
    return trimmed


async def seed(store: Store, *, api_key: str = "") -> None:
    """At start: auth mode, session secret and install key, each only when absent.

    Errors: ValueError when the stored session secret is shorter than 32 bytes.
    """

    def work(tx: Tx) -> str:
        users.seed_setting_in(tx, "auth.mode", "enabled")
        users.seed_setting_in(tx, "auth.session_secret", secrets.token_urlsafe(32))
        if not api_keys.install_key(tx):
            api_keys.replace_install_in(tx, api_key or secrets.token_hex(32))
        # Whoever configured the proxy restarted: the next forwarded request tells anew.
        attention.clear_in(tx, UNTRUSTED_PROXY)
        return users.door_settings(tx).secret

    if len((await store.write(work)).encode()) < MIN_SECRET:
        raise ValueError("the stored session secret is shorter than 32 bytes")


def setup_possible(reader: Reader, *, local_auth: bool) -> Refusal | None:
    """May the first admin be created now? While no admin exists and local auth is on."""
    if users.operator(reader) is not None or not local_auth:
        return refuse(Code.SETUP_DONE)
    if users.door_settings(reader).mode == "proxy":
        return refuse(Code.SETUP_DONE)
    return None


async def setup(
    store: Store, *, name: str, password_hash: str, arrival: Arrival
) -> SignedIn | Refusal:
    """Create the first admin and sign them in; count and insert are one write.

    Refusals: `setup_done`, `duplicate` (a plain user of that name exists).
    """

    def work(tx: Tx) -> SignedIn | Refusal:
        refusal = setup_possible(tx, local_auth=True)
        if refusal is not None:
            return refusal
        if users.find(tx, name) is not None:
            return refuse(Code.DUPLICATE, "username")
        user_id = users.add_in(tx, name=name, password_hash=password_hash, role=Role.ADMIN)
        tx.publish("session", 1, user_id)
        return _open_in(tx, user_id, name, Role.ADMIN, arrival)

    return await store.write(work)


async def login(
    store: Store, *, user: users.User, arrival: Arrival, rehashed: str | None = None
) -> SignedIn | Refusal:
    """Open a session for an account whose password was just checked.

    Refusals: `invalid_credentials` when the account changed or went meanwhile.
    """

    def work(tx: Tx) -> SignedIn | Refusal:
        now = users.by_id(tx, user.id)
        if now is None or now.epoch != user.epoch:
            return refuse(Code.INVALID_CREDENTIALS)
        if rehashed is not None:
            users.rehash_in(tx, now, rehashed)
        return _open_in(tx, now.id, now.username, now.role, arrival)

    return await store.write(work)


async def logout(store: Store, digests: tuple[bytes, ...]) -> None:
    """End the presented sessions; unknown ones are no error."""

    def work(tx: Tx) -> None:
        for digest in digests:
            sessions.end_in(tx, digest)

    await store.write(work)


async def change_password(
    store: Store, *, user: users.User, password_hash: str, arrival: Arrival | None
) -> SignedIn | Refusal | None:
    """Replace the password and end every session of the account.

    With `arrival` (the caller used a session) a new one of the same kind is opened.
    Refusals: `password_incorrect` when the password changed meanwhile.
    """

    def work(tx: Tx) -> SignedIn | Refusal | None:
        now = users.by_id(tx, user.id)
        if now is None or now.epoch != user.epoch:
            return refuse(Code.PASSWORD_INCORRECT, "currentPassword")
        users.set_password_in(tx, user.id, password_hash)
        sessions.end_all_in(tx, user.id)
        if arrival is None:
            return None
        return _open_in(tx, now.id, now.username, now.role, arrival)

    return await store.write(work)


async def reset_password(store: Store, name: str, password_hash: str) -> bool:
    """Give an account a new password and end its sessions; False when there is no such account.

    For the command line, where whoever may read the data folder is trusted.
    """

    def work(tx: Tx) -> bool:
        found = users.find(tx, name)
        if found is None:
            return False
        users.set_password_in(tx, found.id, password_hash)
        sessions.end_all_in(tx, found.id)
        return True

    return await store.write(work)


async def regenerate_install_key(store: Store) -> str:
    """A new install key, 64 hex digits; the old one is dead in the same transaction."""
    secret = secrets.token_hex(32)

    def work(tx: Tx) -> None:
        api_keys.replace_install_in(tx, secret)
        tx.publish("health", 1, "key:install", "del")

    await store.write(work)
    return secret


def _open_in(tx: Tx, user_id: int, name: str, role: Role, arrival: Arrival) -> SignedIn:
    for digest in arrival.replaces:
        sessions.end_in(tx, digest)
    cookie = secrets.token_urlsafe(32)
    sessions.add_in(
        tx,
        digest=hashlib.sha256(cookie.encode()).digest(),
        user_id=user_id,
        kind=arrival.kind,
        idle_s=arrival.idle_s,
        address=arrival.address,
        agent=arrival.agent,
    )
    library = users.library_of(tx, user_id)
    # Hidden: a line of the account's own log, not of the library's history.
    tx.record(NewEvent(type="login", by=By(user_id, Via.SESSION), library=library, hidden=True))
    return SignedIn(user_id, name, role, cookie)
