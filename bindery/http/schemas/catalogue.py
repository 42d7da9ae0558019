"""Queries and bodies of the catalogue routes."""

from __future__ import annotations

from bindery.http.paging import PageQuery
from bindery.http.wire import Wire


class AuthorQuery(PageQuery):
    """Filters of `GET /author`; what is not understood is no filter."""

    search: str = ""
    sort: str = ""
    monitored: str = ""


class BookQuery(PageQuery):
    """Filters of `GET /book`; all combine."""

    search: str = ""
    status: tuple[str, ...] = ()
    media_type: str = ""
    monitored: str = ""
    author_id: str = ""
    series_id: str = ""
    release_from: str = ""
    release_before: str = ""
    include_excluded: str = ""
    sort: str = ""


class WantedQuery(PageQuery):
    """`envelope=1` answers page by page; without it everything, as old clients expect."""

    search: str = ""
    include_excluded: str = ""
    envelope: str = ""


class DeleteQuery(Wire):
    """Options of a delete."""

    delete_files: str = ""


class FileQuery(Wire):
    """Which file of a book."""

    format: str = ""
    path: str = ""


class TermQuery(Wire):
    """`term`, or `q` as the published page calls it."""

    term: str = ""
    q: str = ""


class NumberQuery(Wire):
    """A number to look up; `asin` wins."""

    isbn: str = ""
    asin: str = ""


class ImageQuery(Wire):
    """Which picture; `w` at most 320 asks for the thumbnail."""

    url: str = ""
    w: str = ""


class ExcludeBody(Wire):
    """Without a body the exclusion is toggled."""

    excluded: bool | None = None


class RootBody(Wire):
    """A folder to add."""

    path: str = ""


class SettingBody(Wire):
    """A setting's new value."""

    value: str


class Refreshing(Wire):
    """A job that was started or joined."""

    message: str
    job_id: str


class Text(Wire, omit_defaults=True):
    """A message."""

    message: str


def yes(text: str) -> bool:
    """`true`, `1`, `yes`, `on` in any case."""
    return text.strip().lower() in ("true", "1", "yes", "on")


def flag(text: str) -> bool | None:
    """true, false, or None for "no filter"."""
    clean = text.strip().lower()
    return True if clean in ("true", "1") else False if clean in ("false", "0") else None


def number(text: str) -> int | None:
    """A whole number, or None."""
    clean = text.strip()
    return int(clean) if clean.isascii() and clean.isdecimal() and len(clean) < 19 else None
