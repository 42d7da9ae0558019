"""What the HTTP layer is given by the composition root, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import trio

from bindery.domain.peers import Trusted
from bindery.runtime.clock import Clock
from bindery.runtime.health import ActorHealth
from bindery.runtime.threads import Threads
from bindery.settings import Settings

if TYPE_CHECKING:
    from bindery.live.board import Board
    from bindery.live.hub import Hub
    from bindery.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The part of the settings that the HTTP layer reads; made by `service.py` from Settings.

    `url_base` is empty or starts with a slash and does not end with one. `cookie_secure` is
    `auto`, `always` or `never`. Times in seconds.
    """

    url_base: str = ""
    trusted_proxy: Trusted = field(default_factory=Trusted)
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    cookie_secure: str = "auto"
    frame_ancestors: str = ""
    local_auth: bool = True
    enforce_tenancy: bool = False
    metrics_token: str = ""
    login_failures: int = 5
    login_window_s: float = 900.0
    session_idle_s: int = 12 * 3600
    remember_idle_s: int = 30 * 86400

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The web part of the whole settings."""
        return cls(
            url_base=settings.url_base,
            trusted_proxy=Trusted(settings.trusted_proxy),
            allowed_hosts=settings.allowed_hosts,
            allowed_origins=settings.allowed_origins,
            cookie_secure=settings.cookie_secure,
            frame_ancestors=settings.frame_ancestors,
            local_auth=settings.local_auth_enabled,
            enforce_tenancy=settings.enforce_tenancy,
            metrics_token=settings.metrics_token,
            login_failures=settings.rate_limit_max_failures,
            login_window_s=settings.rate_limit_window_minutes * 60.0,
        )


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a handler may use, given once to `create_app`.

    `ports` is `bindery.operations.ports.Ports`: questions to the outside. `stopping` is set
    when the ordered stop begins. `setup_code` is empty once an admin exists at start; `set_up` is
    called when the first one was made. `boot_key` signs what lives no longer than the process.
    """

    settings: WebSettings
    store: Store
    clock: Clock
    threads: Threads
    hub: Hub
    board: Board
    ports: Any = None
    actors: Callable[[], Sequence[ActorHealth]] = tuple
    ready: Callable[[], bool] = lambda: True
    stopping: trio.Event = field(default_factory=trio.Event)
    version: str = "dev"
    commit: str = "unknown"
    built: str = "unknown"
    started_us: int = 0
    setup_code: str = ""
    set_up: Callable[[], Awaitable[None]] = _nothing
    boot_key: bytes = b""
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
