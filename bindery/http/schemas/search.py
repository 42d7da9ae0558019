"""Queries and bodies of the search routes."""

from __future__ import annotations

from typing import Literal

from bindery.http.wire import Wire


class TextQuery(Wire):
    """The words of a free search."""

    q: str = ""


class BookSearchQuery(Wire):
    """`stream=1` answers at once; `format` searches for one format only."""

    stream: str = ""
    format: Literal["ebook", "audiobook", ""] = ""


class Ids(Wire):
    """Several entries."""

    ids: list[int]


class BlocklistQuery(Wire):
    """`before` is the id of the last entry seen."""

    limit: int | None = None
    before: int | None = None
