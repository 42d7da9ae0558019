"""What a handler gets: who asks, on whose behalf, and the services to do it with."""

from __future__ import annotations

from dataclasses import dataclass

from bindery.domain.door import Identity
from bindery.domain.peers import Peer
from bindery.domain.principal import By, Principal
from bindery.http.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authenticated request.

    `principal.scope` goes into every query; `by` into every event and change. `trace` is the
    correlation id to give to commands (it starts `w-`). `base` is the URL base, empty or
    `/name`. `session` is the digest of the session that was presented and verified.
    """

    services: Services
    identity: Identity
    principal: Principal
    by: By
    peer: Peer
    trace: str
    base: str
    secure: bool
    session: bytes | None = None
