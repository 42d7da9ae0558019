"""What indexers are asked and what they offer: plain data between adapters, actors and judgement.

Sources: acquisition.md 1.3, 2.3 and 2.5; OPDS 1.2.
"""

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec


class Transport(StrEnum):
    """How a release travels; decides which download clients can take it."""

    USENET = "usenet"
    TORRENT = "torrent"
    HTTP = "http"


BookFormat: TypeAlias = Literal["ebook", "audiobook"]
"""The two formats a slot can have."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One release as an indexer offers it. Unknown = None or empty, never a guess."""

    guid: str
    title: str
    transport: Transport
    link: str
    """Where the payload is fetched: .torrent, .nzb, magnet or file URL. May carry a secret."""
    size: int | None = None
    """Bytes."""
    published_at: int | None = None
    """µs since the epoch, UTC."""
    info_url: str = ""
    """Human page; secrets removed."""
    categories: tuple[int, ...] = ()
    grabs: int | None = None
    files: int | None = None
    seeders: int | None = None
    peers: int | None = None
    info_hash: str | None = None
    """Lower-case hex v1 info-hash, when the indexer tells it."""
    author: str = ""
    book_title: str = ""
    publisher: str = ""
    language: str = ""
    year: int | None = None
    isbn: str = ""
    mime: str = ""
    """Media type of the file behind `link` (OPDS acquisition links)."""
    download_volume_factor: float | None = None
    upload_volume_factor: float | None = None
    password: bool | None = None
    flags: tuple[str, ...] = ()
    """Indexer flags: internal, scene, freeleech ..."""


class IndexerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a query plan, in the words of the indexer's capabilities."""

    mode: Literal["book", "search", "opds"]
    tier: int = 0
    text: str = ""
    """The `q` text of a free search, or OPDS search terms."""
    title: str = ""
    author: str = ""
    isbn: str = ""
    categories: tuple[int, ...] = ()
    limit: int = 100
    offset: int = 0


class IndexerCaps(msgspec.Struct, frozen=True, kw_only=True):
    """Capabilities document, reduced to what a query plan needs (acquisition.md 2.3)."""

    search: bool = True
    book_search: bool = False
    book_params: tuple[str, ...] = ()
    search_params: tuple[str, ...] = ("q",)
    page_size: int = 100
    categories: dict[int, str] = {}
    """Every category id the indexer knows (sub-categories flattened) -> name."""
    top_categories: int = 0
    server: str = ""


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One request as the search-plan inspector shows it; secrets already replaced."""

    url: str
    status: int | None = None
    ms: int = 0
    count: int | None = None
    code: str | None = None


class IndexerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brought."""

    releases: list[Release]
    total: int | None = None
    skipped: int = 0
    """Items dropped because they could not be read."""
    request: RequestRecord
