"""Which download client takes a release (downloads-and-import.md 1.6)."""

from collections.abc import Sequence

import msgspec

from bindery.domain.offers import BookFormat, Transport

TRANSPORTS: dict[str, Transport] = {
    "direct": Transport.HTTP,
    "qbittorrent": Transport.TORRENT,
    "transmission": Transport.TORRENT,
    "deluge": Transport.TORRENT,
    "rtorrent": Transport.TORRENT,
    "sabnzbd": Transport.USENET,
    "nzbget": Transport.USENET,
    "torrentblackhole": Transport.TORRENT,
    "usenetblackhole": Transport.USENET,
}
"""What each kind of client can carry."""


class ClientFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the choice looks at. Clients come in the order of their priority, enabled ones only."""

    id: int
    type: str
    category: str = ""
    category_audiobook: str = ""


def choose(
    clients: Sequence[ClientFacts], transport: Transport, book_format: BookFormat
) -> ClientFacts | None:
    """The client for a release; None when no client of its protocol is enabled.

    Among several, an audiobook goes to the first that names a category for audiobooks, then to
    one whose category says so; an ebook to the first whose category does not. Never another
    protocol.
    """
    able = [client for client in clients if TRANSPORTS.get(client.type) is transport]
    if len(able) < 2:
        return able[0] if able else None
    if book_format == "audiobook":
        preferred = [c for c in able if c.category_audiobook] or [c for c in able if _audio(c)]
    else:
        preferred = [c for c in able if not _audio(c)]
    return (preferred or able)[0]


def category_for(client: ClientFacts, book_format: BookFormat) -> str:
    """The category (or label) that a grab gets in this client."""
    if book_format == "audiobook" and client.category_audiobook:
        return client.category_audiobook
    return client.category


def _audio(client: ClientFacts) -> bool:
    return "audio" in client.category.casefold()
