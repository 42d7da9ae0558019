"""An OPDS 1.2 acquisition catalogue with OpenSearch, paging, covers and ranged downloads."""

import base64
import binascii
from urllib.parse import quote
from xml.etree.ElementTree import Element, register_namespace

from bindery.demo.pictures import cover
from bindery.demo.shelf import Kind, Work
from bindery.demo.stock import Stock, has_words
from bindery.demo.web import Answer, Request
from bindery.demo.xml import document, element, within

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/terms/"
SEARCH = "http://a9.com/-/spec/opensearch/1.1/"
OPDS = "http://opds-spec.org"
NAVIGATION = "application/atom+xml;profile=opds-catalog;kind=navigation"
ACQUISITION = "application/atom+xml;profile=opds-catalog;kind=acquisition"
DESCRIPTION = "application/opensearchdescription+xml"
MIME: dict[Kind, str] = {"epub": "application/epub+zip", "m4b": "audio/mp4"}
LANGUAGE = {"eng": "en", "ger": "de", "fre": "fr"}
PAGE = 5
UPDATED = "2026-01-01T00:00:00Z"

register_namespace("", ATOM)
register_namespace("dcterms", DC)


def _atom(tag: str, text: str = "", **attributes: str) -> Element:
    return element(f"{{{ATOM}}}{tag}", text, **attributes)


def _link(rel: str, href: str, kind: str, **more: str) -> Element:
    return _atom("link", rel=rel, href=href, type_=kind, **more)


class OpdsSite:
    """Links are relative to the server. With `login`, everything asks for Basic."""

    def __init__(self, stock: Stock) -> None:
        self.login: tuple[str, str] | None = None
        self._stock = stock

    def respond(self, request: Request) -> Answer:
        """Route one request."""
        if not self._may(request):
            realm = {"WWW-Authenticate": 'Basic realm="Loopback"'}
            return Answer(b"sign in", status=401, headers=realm)
        parts = request.path.strip("/").split("/")
        match parts:
            case ["opds"]:
                return Answer(self._root(), NAVIGATION)
            case ["opds", "search.xml"]:
                return Answer(self._description(), DESCRIPTION)
            case ["opds", "all" | "search"]:
                return self._works(request)
            case ["opds", "cover", number]:
                return self._cover(number)
            case ["opds", "file", number, name]:
                return self._file(number, name)
            case _:
                return Answer(b"not here", status=404)

    def _may(self, request: Request) -> bool:
        if self.login is None:
            return True
        kind, _, sent = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(sent, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return kind.lower() == "basic" and given == ":".join(self.login)

    def _feed(self, title: str, path: str, kind: str) -> Element:
        return within(
            _atom("feed"),
            _atom("id", f"urn:loopback:{quote(path, safe='')}"),
            _atom("title", title),
            _atom("updated", UPDATED),
            within(_atom("author"), _atom("name", "Loopback library")),
            _link("self", path, kind),
            _link("start", "/opds", NAVIGATION),
            _link("search", "/opds/search.xml", DESCRIPTION),
        )

    def _root(self) -> bytes:
        entry = within(
            _atom("entry"),
            _atom("id", "urn:loopback:all"),
            _atom("title", "All books"),
            _atom("updated", UPDATED),
            _atom("content", "Everything, by author", type_="text"),
            _link("subsection", "/opds/all", ACQUISITION),
        )
        return document(within(self._feed("Loopback library", "/opds", NAVIGATION), entry))

    def _description(self) -> bytes:
        url = element(
            f"{{{SEARCH}}}Url", type_=ACQUISITION, template="/opds/search?q={searchTerms}"
        )
        name = element(f"{{{SEARCH}}}ShortName", "Loopback")
        return document(within(element(f"{{{SEARCH}}}OpenSearchDescription"), name, url))

    def _works(self, request: Request) -> Answer:
        words = request.query.get("q", "")
        works = [
            work
            for work in self._stock.works
            if has_words(f"{work.title} {work.author.name} {work.isbn}", words)
        ]
        page = max(1, int(request.query.get("page") or 1))
        path = f"{request.path}?q={quote(words)}"
        feed = self._feed("Books", f"{path}&page={page}", ACQUISITION)
        feed.append(element(f"{{{SEARCH}}}totalResults", str(len(works))))
        feed.append(element(f"{{{SEARCH}}}itemsPerPage", str(PAGE)))
        if page * PAGE < len(works):
            feed.append(_link("next", f"{path}&page={page + 1}", ACQUISITION))
        feed.extend(self._entry(work) for work in works[(page - 1) * PAGE : page * PAGE])
        return Answer(document(feed), ACQUISITION)

    def _entry(self, work: Work) -> Element:
        entry = within(
            _atom("entry"),
            _atom("id", f"urn:loopback:work:{work.number}"),
            _atom("title", work.title),
            _atom("updated", UPDATED),
            within(_atom("author"), _atom("name", work.author.name)),
            element(f"{{{DC}}}language", LANGUAGE.get(work.language, "en")),
            element(f"{{{DC}}}issued", str(work.year)),
            element(f"{{{DC}}}publisher", "Loopback Press"),
            element(f"{{{DC}}}identifier", f"urn:isbn:{work.isbn}"),
            _atom("summary", work.description, type_="text"),
            *(_atom("category", term=subject, label=subject) for subject in work.subjects),
            _link(f"{OPDS}/image", f"/opds/cover/{work.number}", "image/png"),
            _link(f"{OPDS}/image/thumbnail", f"/opds/cover/{work.number}", "image/png"),
        )
        for kind, mime in MIME.items():
            for name, data in self._stock.files.get((work.number, kind), {}).items():
                href = f"/opds/file/{work.number}/{quote(name)}"
                rel = f"{OPDS}/acquisition/open-access"
                entry.append(_link(rel, href, mime, length=str(len(data)), title=kind.upper()))
        return entry

    def _cover(self, number: str) -> Answer:
        work = next((work for work in self._stock.works if str(work.number) == number), None)
        return Answer(cover(work), "image/png") if work else Answer(status=404)

    def _file(self, number: str, name: str) -> Answer:
        for kind, mime in MIME.items():
            if number.isdecimal():
                data = self._stock.files.get((int(number), kind), {}).get(name)
                if data is not None:
                    return Answer(data, mime, ranges=True)
        return Answer(b"no such file", status=404)
