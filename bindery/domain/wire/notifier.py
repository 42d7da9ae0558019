"""Notification targets (identity-and-system.md 8.7)."""

from bindery.domain.wire import Wire


class Notification(Wire, frozen=True, kw_only=True):
    """One target. `headers` is JSON in a string, as old clients read it; its values are masked."""

    id: int
    name: str
    type: str
    url: str
    method: str
    headers: str
    topic: str
    on_grab: bool
    on_import: bool
    on_upgrade: bool
    on_failure: bool
    on_health: bool
    enabled: bool
    created_at: str
    updated_at: str
    rev: int
