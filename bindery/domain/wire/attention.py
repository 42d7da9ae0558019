"""What needs a person (ui.md 2.1, 7.4)."""

from bindery.domain.wire import Wire


class AttentionItem(Wire, frozen=True, kw_only=True):
    """`entity` names the object (`download:12`), `action` what a person can do about it."""

    id: int
    code: str
    severity: str
    params: dict[str, object]
    entity: str
    action: str
    since: str
    muted_until: str | None
