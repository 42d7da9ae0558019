"""What an indexer's refusal means (acquisition.md 2.6 and 2.7)."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

import msgspec

DEFAULT_HOLD_S = 3600
LEAST_HOLD_S = 60
MOST_HOLD_S = 24 * 3600

_HINT = re.compile(r"retry in (\d{1,9})\s*(second|minute|hour|day)s?\b", re.IGNORECASE)
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LIMIT = re.compile(r"\blimit", re.IGNORECASE)
_LIMITED = re.compile(r"request|api|hit|grab", re.IGNORECASE)


class Trouble(StrEnum):
    """Classes of refusals; each has its own consequence for the indexer."""

    RATE_LIMIT = "rate_limited"
    TEMPORARY = "temporarily_unavailable"
    AUTH = "indexer_auth"
    DISABLED = "indexer_disabled"
    NO_FUNCTION = "function_not_available"
    OTHER = "indexer_error"
    STATUS = "http_status"


class Verdict(msgspec.Struct, frozen=True):
    """One refusal, classified; `hold_s` is how long to leave the indexer alone, if at all."""

    trouble: Trouble
    hold_s: int | None = None


def retry_hint(text: str) -> int | None:
    """Seconds of `retry in <n> <unit>`, clamped to a minute and a day; None without a hint."""
    found = _HINT.search(text)
    if found is None:
        return None
    return _clamped(int(found[1]) * _UNITS[found[2].lower()])


def retry_after(header: str, now_us: int) -> int | None:
    """Seconds of a `Retry-After` header: a number or an HTTP date; None when unreadable."""
    text = header.strip()
    if text.isdecimal() and len(text) < 10:
        return int(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0, round(when.timestamp() - now_us / 1_000_000))


def _clamped(seconds: int) -> int:
    return min(max(seconds, LEAST_HOLD_S), MOST_HOLD_S)


def classify(
    status: int, code: int | None, text: str, header: str = "", now_us: int = 0
) -> Verdict:
    """The class of a refusal: HTTP status, the code of an error document (None = no document),
    its description and the `Retry-After` header.
    """
    asked = retry_after(header, now_us) if header else None
    number = code or 0
    limited = bool(_LIMIT.search(text) and _LIMITED.search(text))
    if status == 429 or number == 429 or 500 <= number <= 599 or limited:
        hold = asked if asked is not None else retry_hint(text)
        return Verdict(Trouble.RATE_LIMIT, DEFAULT_HOLD_S if hold is None else _clamped(hold))
    if status in {401, 403} or 100 <= number <= 199:
        return Verdict(Trouble.AUTH)
    if status == 410 or number in {410, 910}:
        return Verdict(Trouble.DISABLED)
    if status == 503 and asked is not None:
        return Verdict(Trouble.TEMPORARY, min(asked, 3600))
    if number in {201, 202, 203}:
        return Verdict(Trouble.NO_FUNCTION)
    return Verdict(Trouble.STATUS if code is None else Trouble.OTHER)
