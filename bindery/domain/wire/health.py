"""Health: every actor and every integration, one line each (ui.md 8.7)."""

from bindery.domain.wire import Reason, Wire


class HealthRow(Wire, frozen=True, kw_only=True):
    """`id` is the actor's name (`indexer:3`); `kind` actor or the integration behind it.

    Ages in seconds, instants RFC 3339. `held_until` is the end of a cool-down.
    """

    id: str
    kind: str
    name: str
    state: str
    critical: bool = False
    restarts: int = 0
    waiting: int = 0
    peak: int = 0
    refused: int = 0
    oldest_s: float | None = None
    in_hand_s: float | None = None
    last_error: str | None = None
    ok_at: str | None = None
    failed_at: str | None = None
    held_until: str | None = None
    version: str = ""
    reason: Reason | None = None


class Loop(Wire, frozen=True, kw_only=True):
    """How long the event loop was kept from turning, in milliseconds."""

    stalls: int
    longest_ms: float
    longest_task: str


class SystemHealth(Wire, frozen=True, kw_only=True):
    """The whole page. `ready`: every critical actor runs; `degraded` names what is not well."""

    ready: bool
    degraded: list[str]
    rows: list[HealthRow]
    loop: Loop
