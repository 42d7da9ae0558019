"""Jobs: commands that a person watches (ui.md 7.5)."""

from bindery.domain.wire import Reason, Wire


class JobBy(Wire, frozen=True, kw_only=True):
    """Who started it: an account, a schedule, or neither."""

    user_id: int | None
    schedule: bool


class Job(Wire, frozen=True, kw_only=True):
    """`id` is `j-<command id>`; instants RFC 3339; `total` null = not known."""

    id: str
    kind: str
    title_code: str
    params: dict[str, object]
    state: str
    phase: str
    done: int
    total: int | None
    rate: float | None
    started_at: str | None
    finished_at: str | None
    by: JobBy
    cancellable: bool
    warnings: int
    error: Reason | None
    result: object
    link: str | None
