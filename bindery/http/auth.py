"""From a request to a principal: collects what was presented, lets the door decide.

The imperative half of security-rulings.md 1-4: reads headers, cookies and rows in one snapshot,
asks `bindery.domain.door.decide`, and binds the result to the request as a `Call`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import cast

import structlog
from quart import Request, Response, Websocket, g

from bindery.domain.door import (
    SAFE,
    Access,
    Browser,
    Denial,
    Identity,
    KeyScope,
    Knock,
    Mode,
    Tree,
    Verified,
    decide,
    identify,
    key_sources,
)
from bindery.domain.peers import Peer, effective_host, host_allowed, resolve
from bindery.domain.principal import HOUSEHOLD, By, Principal, Role, Scope, Via
from bindery.http import cookies
from bindery.http.call import Call
from bindery.http.errors import denied
from bindery.http.limiters import Limiters
from bindery.http.passwords import Passwords
from bindery.http.policy import Rule
from bindery.http.services import Services
from bindery.store import api_keys, sessions, users
from bindery.store.db import Reader, StoreBusy, StoreUnavailable, Tx

log = structlog.get_logger()

SEEN_EVERY_US = 300 * 1_000_000
SLIDE_EVERY_US = 3600 * 1_000_000

Asked = Request | Websocket


@dataclass(frozen=True, slots=True)
class Presented:
    """The credentials of one request as sent: texts, nothing verified."""

    keys: tuple[str, ...]
    key_in_query: bool
    basic: tuple[str, str] | None
    cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows say about the presented credentials, from one snapshot."""

    mode: Mode
    verified: Verified
    secret: str
    session: sessions.Session | None
    cookie: str
    libraries: Scope
    named_key: int | None = None


class Door:
    """Authenticates requests of one app. Holds no state of its own but the limiters'."""

    def __init__(self, services: Services, limiters: Limiters, passwords: Passwords) -> None:
        self._services = services
        self._limiters = limiters
        self._passwords = passwords

    async def enter(
        self, asked: Asked, tree: Tree, rule: Rule | None, trace: str
    ) -> Response | Call:
        """The call of an admitted request, or the response that refuses it."""
        services = self._services
        peer = peer_of(asked, services)
        presented = present(asked, tree)
        if tree is Tree.opds and presented.basic is not None:
            found = await self._with_basic(presented, peer)
            if isinstance(found, Response):
                return found
        else:
            found = services.store.read(lambda r: look_up(r, services, presented))
        knock = self._knock(asked, tree, rule, peer, found)
        g.identified = identify(knock)
        verdict = decide(knock)
        if isinstance(verdict, Denial):
            _log_denial(verdict, asked, tree, presented)
            return denied(verdict)
        if verdict.via is Via.SESSION and found.session is not None:
            await self._touch(found.session)
        return self._call(verdict, found, peer, trace)

    def _knock(
        self, asked: Asked, tree: Tree, rule: Rule | None, peer: Peer, found: Found
    ) -> Knock:
        settings = self._services.settings
        host = effective_host(asked.headers.getlist("Host"), peer)
        token = settings.metrics_token
        bearer = asked.headers.get("Authorization", "")[7:].strip()
        return Knock(
            tree=tree,
            mode=found.mode,
            peer=peer,
            method=asked.method if isinstance(asked, Request) else "GET",
            access=rule.access if rule else None,
            host_ok=host_allowed(host, (*settings.allowed_hosts, *_hosts(settings.allowed_origins))),
            verified=found.verified,
            browser=browser_of(asked, self._services, peer, found),
            exempt=rule.exempt if rule else False,
            own_session=rule.own_session if rule else False,
            metrics_token=same(bearer, token) if token else None,
        )

    async def _with_basic(self, presented: Presented, peer: Peer) -> Found | Response:
        """OPDS: any name with a key as password, or an account's own password."""
        services = self._services
        name, password = cast("tuple[str, str]", presented.basic)
        key = services.store.read(lambda r: _key(r, services, password, Via.BASIC))
        if key is None and not password.startswith("bnd_") and services.settings.local_auth:
            checked = await self._passwords.check_basic(services, self._limiters, peer, name, password)
            if isinstance(checked, Response):
                return checked
            key = Identity(Via.BASIC, checked.id, checked.role, KeyScope.read) if checked else None
        return services.store.read(lambda r: look_up(r, services, presented, basic=key))

    async def _touch(self, session: sessions.Session) -> None:
        now = self._services.clock.now_us()
        if now - session.seen_at < SEEN_EVERY_US:
            return
        idle = cookies.idle_s(self._services.settings, session.kind)
        slide = now - session.slid_at(idle) >= SLIDE_EVERY_US

        def work(tx: Tx) -> None:
            sessions.touch_in(tx, session.id, idle if slide else None)

        try:
            await self._services.store.write(work)
        except (StoreBusy, StoreUnavailable):
            log.info("session not touched: the store is busy")
            return
        if slide:
            g.slide = session.kind

    def _call(self, who: Identity, found: Found, peer: Peer, trace: str) -> Call:
        services = self._services
        session = found.session if who.via is Via.SESSION else None
        principal = services.store.read(lambda r: principal_of(r, services, who, found))
        return Call(
            services=services,
            identity=who,
            principal=principal,
            by=By(principal.user_id, who.via),
            peer=peer,
            trace=trace,
            base=services.settings.url_base,
            secure=secure(services, peer),
            session=session,
            cookie=found.cookie,
        )


def peer_of(asked: Asked, services: Services) -> Peer:
    """The resolved other end of this connection."""
    client = asked.scope.get("client") if asked.scope else None
    tcp = client[0] if client else ""
    headers = ((name, value) for name, value in asked.headers.items())
    return resolve(tcp, headers, services.settings.trusted_proxy)


def present(asked: Asked, tree: Tree) -> Presented:
    """Read the credentials, nothing verified; sources and order by the door's rules."""
    headers = asked.headers
    authorization = headers.getlist("Authorization")
    method = asked.method if isinstance(asked, Request) else "GET"
    query = asked.args.getlist("apikey")
    keys = key_sources(tree, method, headers.getlist("X-Api-Key"), authorization, query)
    return Presented(keys, bool(query), _basic(authorization), cookies.session_values(asked))


def _basic(authorization: list[str]) -> tuple[str, str] | None:
    if len(authorization) != 1 or authorization[0][:6].lower() != "basic ":
        return None
    try:
        text = base64.b64decode(authorization[0][6:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon and len(password) <= 4096 else None


def look_up(
    reader: Reader, services: Services, presented: Presented, basic: Identity | None = None
) -> Found:
    """Verify what was presented against the rows; one snapshot, point reads only."""
    config = users.door_settings(reader)
    key, key_id = None, None
    for text in presented.keys:
        key = _key(reader, services, text, None)
        if key is not None:
            break
    session, cookie = _session(reader, services, presented.cookies)
    verified = Verified(
        key=key,
        basic=basic,
        session=Identity(Via.SESSION, session.user_id, Role(session.role)) if session else None,
        operator=users.operator(reader),
    )
    try:
        mode = Mode(config.mode)
    except ValueError:
        mode = Mode.enabled
    return Found(mode, verified, config.secret, session, cookie, users.libraries(reader), key_id)


def _key(reader: Reader, services: Services, text: str, via: Via | None) -> Identity | None:
    """A verified key as an identity; digests are compared by the index, so in constant time."""
    row = api_keys.find(reader, digest(text), services.clock.now_us())
    if row is None:
        return None
    if row.user_id is None:
        return Identity(via or Via.INSTALL_KEY, users.operator(reader), Role.ADMIN)
    return Identity(via or Via.NAMED_KEY, row.user_id, Role(row.role), KeyScope(row.scope))


def _session(
    reader: Reader, services: Services, values: tuple[str, ...]
) -> tuple[sessions.Session | None, str]:
    """The one cookie value that verifies; two that verify are none (security-rulings.md 4)."""
    now = services.clock.now_us()
    good = [
        (row, value)
        for value in dict.fromkeys(values)
        if cookies.well_formed(value)
        and (row := sessions.find(reader, digest(value), now)) is not None
    ]
    return good[0] if len(good) == 1 else (None, "")


def principal_of(reader: Reader, services: Services, who: Identity, found: Found) -> Principal:
    """Scope and library of an identity (architecture.md 5a, scope row)."""
    own = users.library_of(reader, who.user_id) if who.user_id is not None else HOUSEHOLD
    if who.role is Role.NONE:
        scope: Scope = ()
    elif who.role is Role.ADMIN or not services.settings.enforce_tenancy:
        scope = found.libraries
    else:
        scope = tuple(sorted({HOUSEHOLD, own}))
    return Principal(
        user_id=who.user_id,
        role=who.role,
        via=who.via,
        scope=scope,
        library=own,
        key_scope=who.scope.value,
        ambient=who.ambient,
        session_id=found.session.id if found.session and who.via is Via.SESSION else None,
        username=users.name_of(reader, who.user_id) if who.user_id is not None else "",
    )


def browser_of(asked: Asked, services: Services, peer: Peer, found: Found) -> Browser:
    """What the browser guards look at."""
    headers = asked.headers
    token = headers.get("X-CSRF-Token", "")
    good = bool(found.session and token) and same(token, csrf_token(found.secret, found.cookie))
    return Browser(
        requested_with=headers.get("X-Requested-With", ""),
        origin=headers.get("Origin"),
        fetch_site=headers.get("Sec-Fetch-Site"),
        token_good=good,
        host=effective_host(headers.getlist("Host"), peer),
        scheme=peer.proto if peer.trusted else "",
        allowed_origins=services.settings.allowed_origins,
    )


def secure(services: Services, peer: Peer) -> bool:
    """May a cookie carry `Secure`, and is HSTS due? Trusted proto only; no own TLS yet."""
    del services
    return peer.trusted and peer.proto == "https"


def digest(text: str) -> bytes:
    """SHA-256 of a key or session value: the form in which rows keep it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def csrf_token(secret: str, cookie: str) -> str:
    """base64url HMAC-SHA256(session secret, `csrf:` + session cookie value), no padding."""
    mac = hmac.new(secret.encode(), b"csrf:" + cookie.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def _hosts(origins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(origin.partition("://")[2] for origin in origins)


def _log_denial(denial: Denial, asked: Asked, tree: Tree, presented: Presented) -> None:
    """Presence of credentials, never their values, never the query string."""
    log.debug(
        "refused at the door",
        code=denial.code.value,
        tree=tree.value,
        path=asked.path,
        safe=getattr(asked, "method", "GET") in SAFE,
        key=bool(presented.keys),
        key_in_query=presented.key_in_query,
        cookie=bool(presented.cookies),
    )


__all__ = ["Access", "Door", "Found", "csrf_token", "digest", "look_up", "peer_of"]
