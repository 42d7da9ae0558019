"""Which download client takes a release."""

import pytest

from bindery.domain.client_choice import ClientFacts, category_for, choose
from bindery.domain.offers import BookFormat, Transport


def _client(number: int, kind: str, category: str = "books", audio: str = "") -> ClientFacts:
    return ClientFacts(id=number, type=kind, category=category, category_audiobook=audio)


QBIT = _client(1, "qbittorrent")
DELUGE_AUDIO = _client(2, "deluge", category="audiobooks")
TRANSMISSION_BOTH = _client(3, "transmission", audio="spoken")
DIRECT = _client(4, "direct")


@pytest.mark.parametrize(
    ("clients", "transport", "book_format", "chosen"),
    [
        ([], Transport.TORRENT, "ebook", None),
        ([DIRECT], Transport.TORRENT, "ebook", None),
        ([QBIT], Transport.USENET, "ebook", None),
        ([DELUGE_AUDIO], Transport.TORRENT, "ebook", 2),
        ([QBIT, DELUGE_AUDIO], Transport.TORRENT, "ebook", 1),
        ([DELUGE_AUDIO, QBIT], Transport.TORRENT, "ebook", 1),
        ([QBIT, DELUGE_AUDIO], Transport.TORRENT, "audiobook", 2),
        ([QBIT, DELUGE_AUDIO, TRANSMISSION_BOTH], Transport.TORRENT, "audiobook", 3),
        ([QBIT, DIRECT], Transport.HTTP, "audiobook", 4),
    ],
)
def test_release_goes_to_the_client_of_its_protocol_and_format(
    clients: list[ClientFacts], transport: Transport, book_format: BookFormat, chosen: int | None
) -> None:
    found = choose(clients, transport, book_format)
    assert (found.id if found else None) == chosen


def test_category_for_audiobooks_is_used_only_when_there_is_one() -> None:
    assert category_for(TRANSMISSION_BOTH, "audiobook") == "spoken"
    assert category_for(TRANSMISSION_BOTH, "ebook") == "books"
    assert category_for(QBIT, "audiobook") == "books"
