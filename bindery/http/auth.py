"""From a request to a principal: collects what was presented, lets the door decide.

The imperative half of security-rulings.md 1-4: reads headers, cookies and rows in one snapshot,
asks `bindery.domain.door.decide`, and binds the result to the request as a `Call`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import structlog
from quart import Request, Response, g

from bindery.domain.door import (
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
)
from bindery.domain.peers import Peer, effective_host, host_allowed
from bindery.domain.principal import HOUSEHOLD, Principal, Role, Scope, Via
from bindery.domain.refusal import Code, Refusal
from bindery.http import cookies
from bindery.http.call import Call
from bindery.http.credentials import (
    Asked,
    Presented,
    csrf_token,
    digest,
    peer_of,
    present,
    same,
    secure,
)
from bindery.http.errors import CHALLENGE, denied, refused
from bindery.http.kernel import Kernel
from bindery.http.limiters import retry_after
from bindery.http.policy import Rule
from bindery.http.services import Services
from bindery.operations.identity import UNTRUSTED_PROXY
from bindery.store import api_keys, attention, sessions, users
from bindery.store.errors import StoreBusy, StoreUnavailable, StoreUnreadable
from bindery.store.tx import Reader

log = structlog.get_logger()

KEY_PREFIX = "bnd_"
SEEN_EVERY_US = 300 * 1_000_000
SLIDE_EVERY_US = 3600 * 1_000_000
PROXY_EVERY_US = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows say about the presented credentials, from one snapshot."""

    mode: Mode
    verified: Verified
    secret: str
    session: sessions.Session | None
    cookie: str
    libraries: Scope


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict together with what it was made from; `who` is set when the door is open."""

    knock: Knock
    found: Found
    verdict: Identity | Denial
    who: Principal | None


class Door:
    """Authenticates the requests of one app."""

    def __init__(self, services: Services, kernel: Kernel) -> None:
        self._services = services
        self._kernel = kernel
        self._proxy_again_us = 0

    async def enter(
        self, asked: Asked, tree: Tree, rule: Rule | None, trace: str
    ) -> Response | Call:
        """The call of an admitted request, or the response that refuses it.

        Errors: `StoreUnavailable` and other faults pass through (500 or 503, never a 401).
        """
        services = self._services
        peer = peer_of(asked, services)
        presented = present(asked, tree)
        basic = await self._basic(presented, peer) if tree is Tree.opds else None
        if isinstance(basic, Refusal):
            return _challenged(refused(basic))

        def work(reader: Reader) -> Decision | Refusal:
            spent = self._charge_weak_key(reader, presented, peer)
            return spent or self._decide(reader, asked, tree, rule, peer, presented, basic)

        try:
            decision = services.store.read(work)
        except StoreUnreadable:
            # A fault is no answer about the caller: public routes go on with nobody.
            if rule is None or rule.access is not Access.public:
                raise
            decision = _unread(asked, tree, rule, peer, services)
        if isinstance(decision, Refusal):
            return refused(decision)
        if decision.found.verified.key is not None:
            self._kernel.limiters.weak_key.refund(peer.limiter_key)
        if peer.stripped:
            await self._note_proxy(peer)
        if decision.who is None:
            _log_denial(decision, presented)
            return denied(cast("Denial", decision.verdict))
        session = decision.found.session if decision.who.via is Via.SESSION else None
        call = Call(
            services=services,
            kernel=self._kernel,
            identity=cast("Identity", decision.verdict),
            principal=decision.who,
            peer=peer,
            trace=trace,
            browser=decision.knock.browser,
            mode=decision.found.mode,
            secure=cookies.secure_flag(services.settings, https=secure(peer)),
            session=session,
            cookie=decision.found.cookie,
            secret=decision.found.secret,
        )
        if session is not None:
            await self._touch(call, session)
        return call

    def _charge_weak_key(self, reader: Reader, presented: Presented, peer: Peer) -> Refusal | None:
        """A short install key could be guessed, so guesses have a budget (security-rulings.md 5).

        Charged before the look-up, or the right guess would pass however many came before it.
        """
        if not presented.keys or not api_keys.is_weak(api_keys.install_key(reader)):
            return None
        wait = self._kernel.limiters.weak_key.charge(peer.limiter_key)
        if wait is None:
            return None
        return Refusal(code=Code.RATE_LIMITED, retry_after_s=retry_after(wait))

    def _decide(
        self,
        reader: Reader,
        asked: Asked,
        tree: Tree,
        rule: Rule | None,
        peer: Peer,
        presented: Presented,
        basic: users.User | None,
    ) -> Decision:
        """Look up, decide and scope in one snapshot."""
        services = self._services
        found = look_up(reader, services, presented, basic)
        knock = knock_of(asked, tree, rule, peer, services, found)
        verdict = decide(knock)
        who = None
        if isinstance(verdict, Identity):
            who = principal_of(reader, services, verdict, found)
        return Decision(knock, found, verdict, who)

    async def _basic(self, presented: Presented, peer: Peer) -> users.User | Refusal | None:
        """An account's own password over Basic; keys as password are found by digest instead."""
        if presented.basic is None or not self._services.settings.local_auth:
            return None
        name, password = presented.basic
        if password.startswith(KEY_PREFIX) or self._is_key(password):
            return None
        return await self._kernel.sign_in.check_basic(name, password, peer)

    def _is_key(self, text: str) -> bool:
        now = self._services.clock.now_us()
        return self._services.store.read(lambda r: api_keys.find(r, digest(text), now)) is not None

    async def _note_proxy(self, peer: Peer) -> None:
        """Somebody forwards who is not configured: a person should know, once an hour."""
        services = self._services
        now = services.clock.now_us()
        if now < self._proxy_again_us:
            return
        self._proxy_again_us = now + PROXY_EVERY_US
        try:
            await services.store.write(
                lambda tx: attention.raise_in(
                    tx,
                    UNTRUSTED_PROXY,
                    UNTRUSTED_PROXY,
                    params={"address": peer.tcp},
                    action="set_trusted_proxy",
                )
            )
        except (StoreBusy, StoreUnavailable):
            log.info("untrusted proxy not noted: the store takes no writes now")

    async def _touch(self, call: Call, session: sessions.Session) -> None:
        """Note the visit at most every 5 minutes, move the expiry at most hourly."""
        services = self._services
        now = services.clock.now_us()
        if now - session.seen_at < SEEN_EVERY_US:
            return
        idle = cookies.idle_s(services.settings, session.kind)
        slide = now - session.slid_at(idle) >= SLIDE_EVERY_US
        try:
            await services.store.write(
                lambda tx: sessions.touch_in(tx, session.id, idle if slide else None)
            )
        except (StoreBusy, StoreUnavailable):
            log.info("session not touched: the store takes no writes now")
            return
        if slide:
            g.slid = {
                "base": call.base,
                "secure": call.secure,
                "value": call.cookie,
                "token": csrf_token(call.secret, call.cookie),
                "max_age": idle,
            }


def _unread(asked: Asked, tree: Tree, rule: Rule, peer: Peer, services: Services) -> Decision:
    """The decision without a single row (security-rulings.md 1, Fault)."""
    found = Found(Mode.enabled, Verified(faulty=True), "", None, "", ())
    knock = knock_of(asked, tree, rule, peer, services, found)
    verdict = decide(knock)
    nobody = Principal(user_id=None, role=Role.NONE, via=Via.ANONYMOUS, scope=(), library=HOUSEHOLD)
    return Decision(knock, found, verdict, nobody if isinstance(verdict, Identity) else None)


def knock_of(
    asked: Asked, tree: Tree, rule: Rule | None, peer: Peer, services: Services, found: Found
) -> Knock:
    """Everything the pure decision depends on."""
    settings = services.settings
    hosts = (*settings.allowed_hosts, *_hosts(settings.allowed_origins))
    browser = browser_of(asked, services, peer, found)
    token = settings.metrics_token
    bearer = asked.headers.get("Authorization", "")[7:].strip()
    return Knock(
        tree=tree,
        mode=found.mode,
        peer=peer,
        method=asked.method if isinstance(asked, Request) else "GET",
        access=rule.access if rule else None,
        host_ok=host_allowed(browser.host, hosts),
        verified=found.verified,
        browser=browser,
        exempt=rule.exempt if rule else False,
        own_session=rule.own_session if rule else False,
        metrics_token=same(bearer, token) if token else None,
    )


def _challenged(response: Response) -> Response:
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def look_up(
    reader: Reader, services: Services, presented: Presented, account: users.User | None
) -> Found:
    """Verify what was presented against the rows; one snapshot, point reads only.

    `account` is the one whose password was already checked, for Basic.
    """
    config = users.door_settings(reader)
    key = next((k for t in presented.keys if (k := _key(reader, services, t)) is not None), None)
    basic = None
    if presented.basic is not None:
        shown = _key(reader, services, presented.basic[1])
        if shown is not None:
            basic = Identity(Via.BASIC, shown.user_id, shown.role, _reading(shown.scope))
        elif account is not None:
            basic = Identity(Via.BASIC, account.id, account.role, KeyScope.read)
    session, cookie = _session(reader, services, presented.cookies)
    verified = Verified(
        key=key,
        basic=basic,
        session=Identity(Via.SESSION, session.user_id, session.role) if session else None,
        operator=users.operator(reader),
    )
    try:
        mode = Mode(config.mode)
    except ValueError:
        mode = Mode.enabled
    return Found(mode, verified, config.secret, session, cookie, users.libraries(reader))


def _reading(scope: KeyScope) -> KeyScope:
    return KeyScope.opds if scope is KeyScope.opds else KeyScope.read


def _key(reader: Reader, services: Services, text: str) -> Identity | None:
    """A verified key as an identity. Only digests are compared, by the index."""
    row = api_keys.find(reader, digest(text), services.clock.now_us())
    if row is None:
        return None
    if row.user_id is None:
        return Identity(Via.INSTALL_KEY, users.operator(reader), Role.ADMIN)
    return Identity(Via.NAMED_KEY, row.user_id, Role(row.role), KeyScope(row.scope))


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


def _hosts(origins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(origin.partition("://")[2] for origin in origins)


def _log_denial(decision: Decision, presented: Presented) -> None:
    """Presence of credentials, never their values, never the query string."""
    knock = decision.knock
    log.debug(
        "refused at the door",
        verdict=cast("Denial", decision.verdict).code.value,
        tree=knock.tree.value,
        method=knock.method,
        peer=knock.peer.address,
        with_key=bool(presented.keys),
        with_query_key=presented.key_in_query,
        with_cookie=bool(presented.cookies),
    )
