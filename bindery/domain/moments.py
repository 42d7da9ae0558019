"""Instants and calendar dates between the store and the wire (architecture.md 5, Time).

Inside: instants are integer microseconds since the epoch, UTC; calendar dates are text
`YYYY[-MM[-DD]]`. On the wire both are RFC 3339 text in UTC.
"""

from datetime import UTC, datetime, timedelta
from datetime import date as date_type
from typing import Literal

SECOND = 1_000_000
"""Microseconds in a second."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WITHOUT_ZONE = datetime(1970, 1, 1)  # noqa: DTZ001 - every instant is UTC
_LENGTHS: dict[int, Literal["year", "month", "day"]] = {4: "year", 7: "month", 10: "day"}


def iso(us: int) -> str:
    """`1709287200000000` -> `2024-03-01T10:00:00Z`; the fraction appears only when there is one."""
    # A page of books asks hundreds of times: strftime takes five times as long, a zone half more.
    text = (_EPOCH_WITHOUT_ZONE + timedelta(0, 0, us)).isoformat()
    return f"{text.rstrip('0')}Z" if "." in text else f"{text}Z"


def iso_or_none(us: int | None) -> str | None:
    """As `iso`; None stays None (a nullable wire key)."""
    return None if us is None else iso(us)


def date_iso(date: str | None) -> str | None:
    """A calendar date for the wire: missing parts are 01, at midnight UTC.

    `1989-05` -> `1989-05-01T00:00:00Z`; empty or unreadable -> None.
    """
    if date_precision(date) is None or date is None:
        return None
    return f"{_complete(date)}T00:00:00Z"


def date_precision(date: str | None) -> Literal["year", "month", "day"] | None:
    """How much of the date is known (`releasePrecision`); None when it is no date."""
    if not date:
        return None
    precision = _LENGTHS.get(len(date))
    if precision is None:
        return None
    try:
        date_type.fromisoformat(_complete(date))
    except ValueError:
        return None
    return precision


def _complete(date: str) -> str:
    return date + "-01-01"[len(date) - 4 :] if len(date) < 10 else date


def parse_instant(text: str) -> int | None:
    """RFC 3339 text -> µs UTC; None when it is not an instant with a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)
