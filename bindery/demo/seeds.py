"""The web seed (BEP 19): the content of every torrent, by range, below /seed/<guid>/."""

from bindery.demo.stock import Stock
from bindery.demo.web import Answer, Request


class SeedSite:
    """A folder's torrent asks for `/seed/<guid>/<name>/<path>`, a single file for its own."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    def respond(self, request: Request) -> Answer:
        """Serve one file or a part of it."""
        parts = request.path.strip("/").split("/")
        if len(parts) in {3, 4} and parts[0] == "seed":
            offer = self._stock.offer(parts[1])
            if offer is not None and parts[2] == offer.name:
                data = offer.files.get(parts[-1])
                if data is not None:
                    return Answer(data, "application/octet-stream", ranges=True)
        return Answer(b"no such file", status=404)
