"""A Newznab or Torznab indexer (acquisition.md 2): capabilities, searches, downloads, errors."""

import email.utils
import hashlib
import time
from typing import Literal
from xml.etree.ElementTree import Element

from bindery.demo.knobs import Knobs
from bindery.demo.stock import LANGUAGES, Offer, Stock, has_words
from bindery.demo.web import Answer, Request
from bindery.demo.xml import document, element, within

API_KEY = "loopback-key"
RSS = "application/rss+xml; charset=utf-8"
XML = "application/xml; charset=utf-8"
TORRENT = "application/x-bittorrent"
NZB = "application/x-nzb"
NAMESPACE = {
    "torznab": "http://torznab.com/schemas/2015/feed",
    "newznab": "http://www.newznab.com/DTD/2010/feeds/attributes/",
}
PAGE, MOST = 50, 100
DAY_S = 86_400


def error(code: int, description: str) -> Answer:
    """The protocol's error document; its status is 200 on most indexers."""
    return Answer(document(element("error", code=str(code), description=description)), XML)


class IndexerSite:
    """Answers one dialect from the stock; `url` and `seed_url` are set once the ports are known."""

    def __init__(self, dialect: Literal["torznab", "newznab"], stock: Stock, knobs: Knobs) -> None:
        self.dialect = dialect
        self.url = ""
        self.seed_url = ""
        self._stock = stock
        self._knobs = knobs
        self._transport = "torrent" if dialect == "torznab" else "usenet"
        self._made: dict[str, tuple[bytes, str]] = {}

    def respond(self, request: Request) -> Answer:
        """Route one request."""
        if request.path.endswith("/api"):
            return self._api(request.query)
        folder, _, name = request.path.rpartition("/")
        guid = name.rpartition(".")[0]
        offer = self._stock.offer(guid)
        if folder.endswith("/details"):
            return Answer(b"<!DOCTYPE html><title>Details</title>", "text/html; charset=utf-8")
        if not folder.endswith("/dl") or offer is None:
            return Answer(b"no such release", status=404)
        if request.query.get("apikey") != API_KEY:
            return Answer(b"wrong key", status=403)
        data, _ = self._payload(offer)
        kind, ending = (TORRENT, "torrent") if self._transport == "torrent" else (NZB, "nzb")
        named = {"Content-Disposition": f'attachment; filename="{guid}.{ending}"'}
        return Answer(data, kind, headers=named)

    def _payload(self, offer: Offer) -> tuple[bytes, str]:
        """The .torrent or .nzb, and the info-hash in hex (empty for usenet)."""
        made = self._made.get(offer.guid)
        if made is None:
            if offer.transport == "torrent":
                torrent = offer.torrent(self.seed_url)
                made = torrent.meta, torrent.info_hash.hex()
            else:
                made = nzb(offer), ""
            self._made[offer.guid] = made
        return made

    def _api(self, query: dict[str, str]) -> Answer:
        if self._knobs.error is not None:
            return error(*self._knobs.error)
        mode = query.get("t")
        if mode is None:
            return error(200, "Missing parameter (t)")
        if mode == "caps":
            return Answer(document(capabilities()), XML)
        if query.get("apikey") != API_KEY:
            return error(100, "Incorrect user credentials")
        if mode not in {"search", "book"}:
            return error(202, "No such function")
        found = [offer for offer in self._stock.offers if self._fits(offer, mode, query)]
        start = int(query.get("offset") or 0)
        count = min(int(query.get("limit") or PAGE), MOST)
        return Answer(self._feed(found[start : start + count], start, len(found)), RSS)

    def _fits(self, offer: Offer, mode: str, query: dict[str, str]) -> bool:
        if offer.transport != self._transport:
            return False
        wanted = {int(part) for part in query.get("cat", "").split(",") if part.isdecimal()}
        parent = offer.category // 1000 * 1000
        if wanted and not wanted & {offer.category, parent}:
            return False
        words = [query.get("q", "")]
        if mode == "book":
            words += [query.get("title", ""), query.get("author", "")]
        return all(has_words(offer.title.replace(".", " "), text) for text in words)

    def _feed(self, offers: list[Offer], start: int, total: int) -> bytes:
        space = NAMESPACE[self.dialect]
        channel = within(
            element("channel"),
            element("title", f"Loopback {self.dialect}"),
            element(f"{{{space}}}response", offset=str(start), total=str(total)),
            *(self._item(offer) for offer in offers),
        )
        return document(within(element("rss", version="2.0"), channel))

    def _item(self, offer: Offer) -> Element:
        data, info_hash = self._payload(offer)
        ending, kind = ("torrent", TORRENT) if info_hash else ("nzb", NZB)
        link = f"{self.url}/dl/{offer.guid}.{ending}?apikey={API_KEY}"
        attributes = {
            "category": str(offer.category),
            "size": str(offer.size),
            "files": str(len(offer.files)),
            "grabs": str(offer.seeders * 3),
            "author": offer.author,
            "booktitle": offer.work.title,
            "year": str(offer.work.year),
            "language": LANGUAGES.get(offer.work.language, ""),
        }
        if info_hash:
            attributes |= {
                "infohash": info_hash,
                "seeders": str(offer.seeders),
                "peers": str(offer.seeders + 1),
                "downloadvolumefactor": "0" if offer.free else "1",
                "uploadvolumefactor": "1",
            }
        item = within(
            element("item"),
            element("title", offer.title),
            element("guid", f"{self.url}/details/{offer.guid}.html", isPermaLink="true"),
            element("comments", f"{self.url}/details/{offer.guid}.html"),
            element("link", link),
            element("pubDate", email.utils.formatdate(time.time() - offer.age_days * DAY_S)),
            element("size", str(offer.size)),
            element("enclosure", url=link, length=str(len(data)), type_=kind),
        )
        space = NAMESPACE[self.dialect]
        return within(
            item,
            *(
                element(f"{{{space}}}attr", name=name, value=value)
                for name, value in attributes.items()
                if value
            ),
        )


def capabilities() -> Element:
    """The document of `t=caps`."""
    books = within(
        element("category", id="7000", name="Books"), element("subcat", id="7020", name="EBook")
    )
    audio = within(
        element("category", id="3000", name="Audio"),
        element("subcat", id="3030", name="Audiobook"),
    )
    return within(
        element("caps"),
        element("server", version="1.0", title="Loopback"),
        element("limits", max=str(MOST), default=str(PAGE)),
        within(
            element("searching"),
            element("search", available="yes", supportedParams="q"),
            element("book-search", available="yes", supportedParams="q,title,author"),
        ),
        within(element("categories"), audio, books),
    )


def nzb(offer: Offer) -> bytes:
    """An NZB whose articles exist nowhere: usenet is offered, not served."""
    space = "http://www.newzbin.com/DTD/2003/nzb"
    files = [
        within(
            element(
                f"{{{space}}}file",
                poster="loop@back.invalid",
                date="1767225600",
                subject=f'[{place}/{len(offer.files)}] "{name}" yEnc (1/1)',
            ),
            within(
                element(f"{{{space}}}groups"), element(f"{{{space}}}group", "alt.binaries.loopback")
            ),
            within(
                element(f"{{{space}}}segments"),
                element(
                    f"{{{space}}}segment",
                    f"{hashlib.sha256(data).hexdigest()[:24]}@back.invalid",
                    bytes=str(len(data)),
                    number="1",
                ),
            ),
        )
        for place, (name, data) in enumerate(offer.files.items(), 1)
    ]
    return document(within(element(f"{{{space}}}nzb"), *files))
