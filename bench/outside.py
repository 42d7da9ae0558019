"""What stands outside of Bindery in a bench: a qBittorrent that answers, and silent indexers."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import msgspec
import trio

from bindery.demo.knobs import Gate, Knobs
from bindery.demo.web import Answer, Face, Request

_WORDS = {
    "/api/v2/app/version": "v4.6.7",
    "/api/v2/app/webapiVersion": "2.9.3",
    "/api/v2/auth/login": "Ok.",
}
_CAPS = (
    b'<?xml version="1.0"?><caps><searching><search available="yes" supportedParams="q"/>'
    b'<book-search available="yes" supportedParams="q,author,title"/></searching>'
    b'<categories><category id="7000" name="Books"/></categories></caps>'
)


class Outside:
    """Servers on loopback, in the process of the bench."""

    def __init__(self) -> None:
        self.torrents: list[dict[str, object]] = []
        self.files: dict[str, list[dict[str, object]]] = {}
        """Hash -> what `torrents/files` says."""
        self._told: dict[str, float] = {}
        self.client = Face("qbittorrent", self._qbittorrent, Knobs(Gate()))
        self.indexer = Face("indexer", self._caps, Knobs(Gate()))

    @property
    def client_port(self) -> int:
        """Where the download client listens."""
        return int(self.client.url.rpartition(":")[2])

    @property
    def lists(self) -> int:
        """How often the list of torrents was asked for, up to the last thousand requests."""
        return sum(request.path == "/api/v2/torrents/info" for request in self.client.requests)

    def complete(self, torrent: dict[str, object]) -> Callable[[], float]:
        """Replace a torrent; gives when this was first told (`perf_counter`), KeyError before."""
        name = str(torrent["hash"])
        self.torrents = [torrent if one["hash"] == name else one for one in self.torrents]
        self._told.pop(name, None)
        return lambda: self._told[name]

    def _qbittorrent(self, request: Request) -> Answer:
        if request.path == "/api/v2/torrents/files":
            listed = self.files.get(request.query.get("hash", ""), [])
            return Answer(msgspec.json.encode(listed), "application/json")
        if request.path == "/api/v2/torrents/info":
            for torrent in self.torrents:
                if torrent["progress"] == 1:
                    self._told.setdefault(str(torrent["hash"]), time.perf_counter())
            return Answer(msgspec.json.encode(self.torrents), "application/json")
        word = _WORDS.get(request.path)
        return Answer((word or "{}").encode(), "text/plain" if word else "application/json")

    def _caps(self, request: Request) -> Answer:
        if request.query.get("t") == "caps":
            return Answer(_CAPS, "application/xml")
        return Answer(b'<rss version="2.0"><channel></channel></rss>', "application/xml")


@asynccontextmanager
async def open_outside() -> AsyncGenerator[Outside]:
    """Both servers, until the block ends."""
    async with trio.open_nursery() as nursery:
        outside = Outside()
        await nursery.start(outside.client.serve)
        await nursery.start(outside.indexer.serve)
        yield outside
        nursery.cancel_scope.cancel(reason="the bench is over")
