"""Dates as catalogues print them ("April 21, 2008") as calendar dates: YYYY[-MM[-DD]]."""

import re
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
    for name in (names,)
}
_YEAR = r"(?P<y>1[0-9]\d\d|20\d\d)"
_MONTH = r"(?P<m>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"^{_YEAR}-(?P<n>\d\d)-(?P<d>\d\d)",
        rf"^{_MONTH} {_DAY},? {_YEAR}$",
        rf"^{_DAY} {_MONTH},? {_YEAR}$",
        rf"^{_MONTH},? {_YEAR}$",
        rf"^{_YEAR}-(?P<n>\d\d)$",
        rf"(?<!\d){_YEAR}(?!\d)",
    )
)


def read_loose_date(text: str) -> str:
    """The most precise date that can be read; empty when there is no year."""
    plain = " ".join(text.split())[:60]
    for form in _FORMS:
        found = form.search(plain)
        if found is None:
            continue
        parts = found.groupdict()
        year = int(parts["y"])
        named = parts.get("m")
        month = _MONTHS[named.lower()] if named else int(parts.get("n") or 0)
        day = int(parts.get("d") or 0)
        if not 1 <= month <= 12:
            return f"{year}"
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            return f"{year}-{month:02}"
    return ""
