"""What a handler gets: who asks, on whose behalf, and the services to do it with."""

from __future__ import annotations

from dataclasses import dataclass

from bindery.domain.door import Browser, Identity, Mode
from bindery.domain.peers import Peer
from bindery.domain.principal import By, Principal, Scope
from bindery.http.kernel import Kernel
from bindery.http.services import Services
from bindery.store.sessions import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authenticated request.

    `principal.scope` goes into every query; `by` into every event and change. `trace` is the
    correlation id to give to commands. `session`, `cookie` and `secret` are for the sign-in
    routes alone: the verified session row, its cookie value, the secret of the CSRF tokens.
    """

    services: Services
    kernel: Kernel
    identity: Identity
    principal: Principal
    peer: Peer
    trace: str
    browser: Browser
    mode: Mode
    secure: bool
    session: Session | None = None
    cookie: str = ""
    secret: str = ""

    @property
    def by(self) -> By:
        """Who is written down as the one who did it."""
        return self.principal.by

    @property
    def scope(self) -> Scope:
        """The libraries the caller may see: a required argument of every query."""
        return self.principal.scope

    @property
    def base(self) -> str:
        """The URL base: empty, or `/name` without a trailing slash."""
        return self.services.settings.url_base
