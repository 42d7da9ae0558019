"""Passwords: argon2id behind the `kdf` limiter, with a bounded queue (security-rulings.md 5)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from bindery.domain.peers import Peer
from bindery.domain.refusal import Code, Refusal
from bindery.http.limiters import Limiters, retry_after
from bindery.runtime.threads import Threads, in_thread
from bindery.store import sessions, users
from bindery.store.store import Store

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MIN_BYTES, MAX_BYTES = 8, 1024
WAITING = 16
_DUMMY = "$argon2id$v=19$m=65536,t=2,p=1$YmluZGVyeWJpbmRlcnliaQ$" + "A" * 43
_PHC = re.compile(r"\$argon2(?:id|i|d)\$v=\d+\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[^$]+\$[^$]+")


class Busy(Exception):
    """Too many passwords are waiting to be hashed."""

    retry_after_s = 2


class Passwords:
    """Hashes and checks passwords of one process; at most sixteen wait for a place."""

    def __init__(self, threads: Threads, hasher: PasswordHasher | None = None) -> None:
        self._limiter = threads.kdf
        self._hasher = hasher or PasswordHasher(
            time_cost=2, memory_cost=65536, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
        )

    async def hash(self, password: str) -> str:
        """A PHC string for a new password of legal length; raises `Busy`."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, stored: str, password: str) -> bool:
        """Does the password fit? An empty, foreign or excessive hash costs the same and is no."""
        usable = _bounded(stored)
        good = await self._run(self._verify, stored if usable else _DUMMY, password)
        return usable and good

    def outdated(self, stored: str) -> bool:
        """Was this hash made with other parameters than new ones get?"""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return False

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        if self._limiter.statistics().tasks_waiting >= WAITING:
            raise Busy
        return await in_thread(self._limiter, work, *args)


def _bounded(stored: str) -> bool:
    match = _PHC.fullmatch(stored)
    if match is None:
        return False
    memory, passes, lanes = (int(text) for text in match.groups())
    return memory <= 262144 and 0 < passes <= 10 and 0 < lanes <= 16


def length_refusal(password: str, field: str) -> Refusal | None:
    """8 to 1024 bytes, told before anything is hashed."""
    size = len(password.encode("utf-8", "surrogatepass"))
    if size < MIN_BYTES:
        return Refusal(code=Code.PASSWORD_TOO_SHORT, field=field)
    if size > MAX_BYTES:
        return Refusal(code=Code.PASSWORD_TOO_LONG, field=field)
    return None


class SignIn:
    """Checks account passwords for login, OPDS and password change, within the budgets."""

    def __init__(
        self, store: Store, passwords: Passwords, limiters: Limiters, boot_key: bytes
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._limiters = limiters
        self._cache = BasicCache(boot_key)

    async def check(self, name: str, password: str, peer: Peer) -> users.User | Refusal | None:
        """The account, None for wrong credentials, or a refusal when the budget is spent."""
        user = self._store.read(lambda r: users.find(r, name))
        refusal = self._charge(name, user, peer)
        if refusal is not None:
            return refusal
        known = user is not None and len(password.encode("utf-8", "replace")) <= MAX_BYTES
        stored = user.password_hash if user and known else ""
        if not await self._passwords.verify(stored, password[:MAX_BYTES]):
            return None
        self._limiters.address.refund(peer.limiter_key, clear=True)
        self._limiters.account.refund(users.name_key(name))
        return user

    async def hash(self, password: str) -> str:
        """A PHC string for a new password; raises `Busy`."""
        return await self._passwords.hash(password)

    def outdated(self, stored: str) -> bool:
        """Should this hash be made anew at the next sign-in?"""
        return self._passwords.outdated(stored)

    def charge_address(self, peer: Peer) -> Refusal | None:
        """Charge one guess of something other than a password (the setup code)."""
        wait = self._limiters.address.charge(peer.limiter_key)
        if wait is None:
            return None
        return Refusal(code=Code.RATE_LIMITED, retry_after_s=retry_after(wait))

    def forgive(self, peer: Peer) -> None:
        """A right guess clears the address."""
        self._limiters.address.refund(peer.limiter_key, clear=True)

    def forget_basic(self) -> None:
        """Drop every remembered Basic success."""
        self._cache.clear()

    async def check_basic(
        self, name: str, password: str, peer: Peer
    ) -> users.User | Refusal | None:
        """As `check`, with a success remembered for five minutes: readers ask often."""
        user = self._cache.find(name, password, trio.current_time())
        if user is not None:
            now = self._store.read(lambda r: users.by_id(r, user.id))
            if now is not None and (now.epoch, now.role) == (user.epoch, user.role):
                return now
        found = await self.check(name, password, peer)
        if isinstance(found, users.User):
            self._cache.keep(name, password, found, trio.current_time())
        return found

    def _charge(self, name: str, user: users.User | None, peer: Peer) -> Refusal | None:
        wait = self._limiters.address.charge(peer.limiter_key)
        if wait is None and not self._from_known_network(user, peer):
            wait = self._limiters.account.charge(users.name_key(name)[:64])
            if wait is not None:
                self._limiters.address.refund(peer.limiter_key)
        if wait is None:
            return None
        return Refusal(code=Code.RATE_LIMITED, retry_after_s=retry_after(wait))

    def _from_known_network(self, user: users.User | None, peer: Peer) -> bool:
        """Has this account signed in from here? Then strangers cannot spend its budget."""
        if user is None:
            return False
        return sessions.network_of(peer.address) in self._store.read(
            lambda r: sessions.networks_of(r, user.id)
        )


class BasicCache:
    """(name, password) -> account, keyed by an HMAC so that no password is kept."""

    LIFE_S = 300.0
    SIZE = 256

    def __init__(self, boot_key: bytes) -> None:
        self._key = boot_key
        self._rows: OrderedDict[bytes, tuple[float, users.User]] = OrderedDict()

    def find(self, name: str, password: str, now: float) -> users.User | None:
        """The account as it was when the password was checked, if that is recent."""
        row = self._rows.get(self._mac(name, password))
        return row[1] if row is not None and row[0] > now else None

    def keep(self, name: str, password: str, user: users.User, now: float) -> None:
        """Remember a success; the oldest entry goes when the table is full."""
        mac = self._mac(name, password)
        self._rows[mac] = (now + self.LIFE_S, user)
        self._rows.move_to_end(mac)
        while len(self._rows) > self.SIZE:
            self._rows.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()

    def _mac(self, name: str, password: str) -> bytes:
        text = f"{len(name)}:{name}{password}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).digest()
