"""Text from a file, made harmless: bounded, without control characters, in NFC."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_TEXT = 1000
MAX_VALUES = 50

_DATE = re.compile(r"\s*(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?(?!\d)")


def text(value: str | None) -> str:
    """One line of at most 1,000 characters; blanks are folded, control and format marks go."""
    if not value:
        return ""
    kept = "".join(
        " " if c.isspace() else c
        for c in value[: 4 * MAX_TEXT]
        if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn")
    )
    return unicodedata.normalize("NFC", " ".join(kept.split()))[:MAX_TEXT].strip()


def unique(values: Iterable[str | None]) -> tuple[str, ...]:
    """The cleaned, non-empty values in order, each once, at most fifty."""
    found = dict.fromkeys(cleaned for value in values if (cleaned := text(value)))
    return tuple(found)[:MAX_VALUES]


def date(value: str | None) -> str:
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`; '' when the text is no date after the year 1000.

    calibre writes 0101-01-01 for "unknown", so earlier years are none.
    """
    match = _DATE.match(value or "")
    if match is None or int(match[1]) < 1000:
        return ""
    year, month, day = match[1], match[2], match[3]
    if not month or not 1 <= int(month) <= 12:
        return year
    if not day or not 1 <= int(day) <= 31:
        return f"{year}-{month}"
    return f"{year}-{month}-{day}"
