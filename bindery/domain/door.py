"""The door: one pure decision for every request (security-rulings.md 1, 2, 4).

`decide` takes what was presented and verified and answers with an `Identity` or a `Denial`.
Reading headers, cookies and rows is the shell's work (`bindery.http.auth`); which of them may
count, in which order, and with which guards, is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bindery.domain.peers import Peer, PeerClass, split_host, split_origin, without_default
from bindery.domain.principal import Role, Via
from bindery.domain.refusal import Code

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
REQUESTED_WITH = "bindery-ui"


class Mode(StrEnum):
    """The setting `auth.mode`."""

    enabled = "enabled"
    local_only = "local-only"
    disabled = "disabled"
    proxy = "proxy"


class Tree(StrEnum):
    """The part of the URL space; each reads other credentials (security-rulings.md 2.2)."""

    app = "app"
    api = "api"
    opds = "opds"
    facade = "facade"
    live = "live"
    calendar = "calendar"
    metrics = "metrics"


class Access(StrEnum):
    """The right a route asks for: the class column of the route table."""

    public = "P"
    user = "U"
    admin = "A"
    opds = "O"
    metrics = "M"


class KeyScope(StrEnum):
    """What a named key may do; every other credential has `write`, Basic has `read`."""

    opds = "opds"
    read = "read"
    write = "write"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `user_id` None: nobody, or an admin right before any admin exists."""

    via: Via
    user_id: int | None = None
    role: Role = Role.NONE
    scope: KeyScope = KeyScope.write

    @property
    def ambient(self) -> bool:
        """Sent by a browser without anybody's intent; the browser guards exist for these."""
        return self.via in {Via.TRUSTED, Via.SESSION, Via.PROXY}


ANONYMOUS = Identity(Via.ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Denial:
    """A closed door: HTTP status, stable code, wire text. `challenge`: ask for Basic."""

    status: int
    code: Code
    text: str
    challenge: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """Credentials that proved somebody; None means absent or wrong, which are the same.

    `operator` is the admin with the lowest id, or nobody. `faulty`: the session table could not
    be read, which is neither a session nor its absence.
    """

    key: Identity | None = None
    basic: Identity | None = None
    proxy: Identity | None = None
    session: Identity | None = None
    operator: int | None = None
    faulty: bool = False


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser says about a request: the guards of step 9."""

    requested_with: str = ""
    origin: str | None = None
    fetch_site: str | None = None
    token_good: bool = False
    host: str = ""
    scheme: str = ""
    allowed_origins: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Knock:
    """Everything the decision depends on. `access` None: no such route, or method."""

    tree: Tree
    mode: Mode
    peer: Peer
    method: str
    access: Access | None
    host_ok: bool = True
    verified: Verified = field(default_factory=Verified)
    browser: Browser = field(default_factory=Browser)
    exempt: bool = False
    own_session: bool = False
    metrics_token: bool | None = None
    """None: no token is configured; else whether the request carried it."""

    @property
    def safe(self) -> bool:
        return self.method in SAFE


def key_sources(
    tree: Tree,
    method: str,
    header: Sequence[str],
    authorization: Sequence[str],
    query: Sequence[str],
) -> tuple[str, ...]:
    """The texts that may be a key, in the order to try them (security-rulings.md 1, 2.2).

    A non-empty `X-Api-Key` is final. Repeated with different values is no key.
    """
    headers = {text for text in header if text}
    if tree is Tree.app:
        return ()
    if tree is Tree.calendar:
        return (*_one(query), *_one(headers))
    if headers:
        return _one(headers)
    bearer = _one(
        {text[7:].strip() for text in authorization if text[:7].lower() == "bearer "},
    )
    asked = tree in {Tree.opds, Tree.facade, Tree.metrics}
    asked = asked or (tree is Tree.api and method in SAFE)
    return (*bearer, *(_one(query) if asked else ()))


def _one(values: Sequence[str] | set[str]) -> tuple[str, ...]:
    distinct = {value for value in values if value}
    return tuple(distinct) if len(distinct) == 1 else ()


def identify(knock: Knock) -> Identity | Denial | None:
    """Steps 2-6: who this is. None: anonymous, but a grant failed on the host name alone."""
    seen = knock.verified
    if seen.key is not None:
        return seen.key
    if knock.tree is Tree.facade:
        return ANONYMOUS
    if knock.tree is Tree.opds and seen.basic is not None:
        return seen.basic
    if knock.mode is Mode.proxy and knock.peer.trusted and seen.proxy is not None:
        return seen.proxy
    if seen.faulty:
        return Denial(500, Code.INTERNAL, "internal server error")
    if seen.session is not None:
        return seen.session
    granted = knock.mode is Mode.disabled or (
        knock.mode is Mode.local_only and knock.peer.kind is PeerClass.local
    )
    if not granted:
        return ANONYMOUS
    return Identity(Via.TRUSTED, seen.operator, Role.ADMIN) if knock.host_ok else None


def decide(knock: Knock) -> Identity | Denial:
    """The whole procedure: steps 2-10 of security-rulings.md 2."""
    found = identify(knock)
    public = knock.access is Access.public
    if isinstance(found, Denial):
        if not public:
            return found
        found = ANONYMOUS
    marked = found is None
    who = found or ANONYMOUS
    if knock.tree is Tree.metrics:
        return _metrics(knock, who)
    if who.via is Via.ANONYMOUS and not public:
        return _stranger(knock, marked=marked)
    return _guards(knock, who) or _rights(knock, who) or who


def _stranger(knock: Knock, *, marked: bool) -> Denial:
    challenge = knock.tree is Tree.opds
    if marked and not challenge:
        return Denial(
            403, Code.HOST_NOT_ALLOWED, "host not allowed: add its name to BINDERY_ALLOWED_HOSTS"
        )
    code = Code.UNTRUSTED_PROXY if knock.peer.stripped else Code.UNAUTHORIZED
    return Denial(401, code, "unauthorized", challenge)


def _guards(knock: Knock, who: Identity) -> Denial | None:
    """Step 9: origin gate, `X-Requested-With`, token; public exempt routes keep the gate."""
    if knock.safe or knock.tree is not Tree.api:
        return None
    if not (who.ambient or (who.via is Via.ANONYMOUS and knock.access is Access.public)):
        return None
    if not origin_gate(knock.browser):
        return Denial(403, Code.CROSS_ORIGIN, "forbidden")
    if knock.exempt:
        return None
    if knock.browser.requested_with != REQUESTED_WITH:
        return Denial(403, Code.FORBIDDEN, "forbidden")
    if who.via is Via.SESSION and not knock.browser.token_good:
        return Denial(403, Code.CSRF, "invalid or missing CSRF token")
    return None


def _rights(knock: Knock, who: Identity) -> Denial | None:
    """Step 10: the key's scope, then the role."""
    if knock.access is Access.public:
        return None
    if not _in_scope(knock, who.scope):
        return Denial(403, Code.SCOPE, "the key's scope does not allow this")
    if knock.access is Access.admin and who.role is not Role.ADMIN:
        return Denial(403, Code.ADMIN_REQUIRED, "admin role required")
    if knock.own_session and who.via is Via.NAMED_KEY:
        return Denial(403, Code.SESSION_REQUIRED, "a signed-in session is required")
    return None


def _in_scope(knock: Knock, scope: KeyScope) -> bool:
    if knock.tree is Tree.opds or scope is KeyScope.write:
        return True
    return scope is KeyScope.read and knock.safe


def _metrics(knock: Knock, who: Identity) -> Identity | Denial:
    """Class M (security-rulings.md 2.4)."""
    if who.role is Role.ADMIN and who.scope is not KeyScope.opds:
        return who
    if knock.metrics_token is None:
        if knock.peer.kind is PeerClass.local:
            return who
        if who.via is not Via.ANONYMOUS:
            return Denial(403, Code.ADMIN_REQUIRED, "admin role required")
    elif knock.metrics_token:
        return who
    return _stranger(knock, marked=False)


def origin_gate(browser: Browser) -> bool:
    """Gate O: may this origin act with somebody's ambient credential?"""
    if browser.origin is not None and browser.origin in browser.allowed_origins:
        return True
    if browser.fetch_site is not None:
        return browser.fetch_site in {"same-origin", "none"}
    return browser.origin is None or same_origin(browser)


def live_origin(browser: Browser, via: Via) -> bool:
    """The websocket's rule: as gate O, and the scheme compared when it is known (2.2)."""
    if browser.origin is None:
        return via not in {Via.SESSION, Via.PROXY}
    if browser.origin in browser.allowed_origins:
        return True
    return same_origin(browser, compare_scheme=bool(browser.scheme))


def same_origin(browser: Browser, *, compare_scheme: bool = False) -> bool:
    """Does the `Origin` name the effective host and port, default ports removed?"""
    origin = split_origin(browser.origin or "")
    own = split_host(browser.host)
    if origin is None or own is None:
        return False
    scheme, host, port = origin
    if compare_scheme and scheme != browser.scheme:
        return False
    return (host, port) == (own[0], without_default(scheme, own[1]))
