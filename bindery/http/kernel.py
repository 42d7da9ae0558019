"""What the HTTP layer owns itself: budgets, passwords, metrics, the open sockets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Self

from bindery.http.limiters import Limiters
from bindery.http.metrics import Metrics
from bindery.http.passwords import Passwords, SignIn
from bindery.http.services import Services
from bindery.http.sockets import LiveSockets


@dataclass(frozen=True, slots=True)
class Kernel:
    """One per app, made by `create_app`."""

    limiters: Limiters
    sign_in: SignIn
    metrics: Metrics
    sockets: LiveSockets = field(default_factory=LiveSockets)

    @classmethod
    def of(cls, services: Services) -> Self:
        """From what the composition root gave."""
        settings = services.settings
        limiters = Limiters(settings.login_failures, settings.login_window_s)
        boot_key = services.boot_key or secrets.token_bytes(32)
        sign_in = SignIn(services.store, Passwords(services.threads), limiters, boot_key)
        metrics = Metrics(services.version, services.commit, services.built)
        return cls(limiters, sign_in, metrics)
