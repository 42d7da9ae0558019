"""The badges of the navigation (ui.md 7.4, topic `counters`)."""

from bindery.domain.wire import Wire


class Counters(Wire, frozen=True, kw_only=True):
    """A single row."""

    id: int = 1
    wanted: int
    queue: int
    pending: int = 0
    attention: int
    unread_events: int = 0
