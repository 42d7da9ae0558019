"""OPDS 1.2 and OpenSearch documents as data. Atom from strangers: see `xml_documents`."""

import re
from urllib.parse import quote, urljoin, urlsplit
from xml.etree.ElementTree import Element

import msgspec

from bindery.adapters.newznab_item import read_date
from bindery.adapters.xml_documents import (
    child_text,
    children,
    local_name,
    number_of,
    read_xml,
    text_of,
)
from bindery.domain.categories import AUDIOBOOK, EBOOK
from bindery.domain.download_name import EXTENSIONS, media_type
from bindery.domain.identifiers import isbn13
from bindery.domain.offers import Release, Transport
from bindery.domain.redaction import redact_url, strip_secrets

_ACQUISITION = "http://opds-spec.org/acquisition"
_FREE = {_ACQUISITION, f"{_ACQUISITION}/open-access"}
_EBOOKS = (
    "application/epub+zip",
    "application/kepub+zip",
    "application/vnd.amazon.mobi8-ebook",
    "application/x-mobi8-ebook",
    "application/vnd.amazon.ebook",
    "application/x-mobipocket-ebook",
    "application/fb2+zip",
    "application/x-fictionbook+xml",
    "application/pdf",
)
"""Best first."""
_AUDIO = ("audio/mp4", "audio/x-m4b", "audio/mpeg", "audio/flac", "audio/ogg")
_YEAR = re.compile(r"\b(1[0-9]\d\d|20\d\d)\b")
_PARAM = re.compile(r"\{([A-Za-z:]{1,40})\??\}")
MOST_ENTRIES = 2000


class Link(msgspec.Struct, frozen=True):
    """One link, resolved against the feed's address."""

    rel: str
    href: str
    type: str
    full_type: str
    length: int | None = None
    priced: bool = False


class Page(msgspec.Struct, frozen=True):
    """One feed: what can be fetched, and where one can go from here."""

    title: str
    releases: list[Release]
    skipped: int = 0
    total: int | None = None
    next: str = ""
    search: tuple[Link, ...] = ()
    navigation: tuple[str, ...] = ()


def read_page(body: bytes, url: str) -> Page:
    """Parse a feed that came from `url`; `Malformed` when it is none."""
    root = read_xml(body, repeated="entry")
    own = _links(root, url)
    releases: list[Release] = []
    navigation: list[str] = []
    skipped = 0
    for entry in list(children(root, "entry"))[:MOST_ENTRIES]:
        links = _links(entry, url)
        found = _releases(entry, links)
        releases += found
        deeper = [link.href for link in links if _is_feed(link) and link.rel != "alternate"]
        if not found:
            navigation += deeper[:1]
            skipped += not deeper
    total = next(children(root, "totalresults"), None)
    return Page(
        title=child_text(root, "title")[:200],
        releases=releases,
        skipped=skipped,
        total=number_of(text_of(total)),
        next=next((link.href for link in own if link.rel == "next"), ""),
        search=tuple(link for link in own if link.rel == "search"),
        navigation=tuple(dict.fromkeys(navigation)),
    )


def is_feed(body: bytes) -> bool:
    """Whether this document is an Atom feed at all."""
    return local_name(read_xml(body, repeated="entry")) == "feed"


def _links(element: Element, url: str) -> list[Link]:
    found: list[Link] = []
    for link in children(element, "link"):
        href = (link.get("href") or "").strip().replace(" ", "%20")
        # `{searchTerms}` must survive; urljoin leaves braces alone.
        try:
            full = urljoin(url, href)
            scheme = urlsplit(full).scheme
        except ValueError:
            continue
        if href and scheme in {"http", "https"}:
            kind = link.get("type") or ""
            found.append(
                Link(
                    rel=(link.get("rel") or "alternate").strip().lower(),
                    href=full,
                    type=media_type(kind),
                    full_type=kind.lower(),
                    length=number_of(link.get("length")),
                    priced=any(local_name(child) == "price" for child in link),
                )
            )
    return found


def _is_feed(link: Link) -> bool:
    return link.type == "application/atom+xml" and "type=entry" not in link.full_type


def _releases(entry: Element, links: list[Link]) -> list[Release]:
    free = [link for link in links if link.rel in _FREE and not link.priced]
    ebooks = sorted(
        (link for link in free if link.type in _EBOOKS), key=lambda link: _EBOOKS.index(link.type)
    )
    audio = [link for link in free if link.type in _AUDIO]
    # Several audio links are tracks, or qualities, of one book: no single one is the book.
    chosen = [*ebooks[:1], *(audio if len(audio) == 1 else [])]
    return [release for link in chosen if (release := _release(entry, link, links)) is not None]


def _release(entry: Element, link: Link, links: list[Link]) -> Release | None:
    title = " ".join(child_text(entry, "title").split())
    if not title:
        return None
    author = next((child_text(one, "name") for one in children(entry, "author")), "")
    issued = child_text(entry, "issued") or child_text(entry, "date")
    year = _YEAR.search(issued)
    isbns = (isbn13(text_of(one).rpartition(":")[2]) for one in children(entry, "identifier"))
    form = EXTENSIONS.get(link.type, "").strip(".").upper()
    page = next((one.href for one in links if one.rel == "alternate" and "html" in one.type), "")
    when = child_text(entry, "published") or child_text(entry, "updated")
    return Release(
        guid=f"{child_text(entry, 'id') or redact_url(link.href)}#{link.type}"[:1000],
        title=f"{author} - {title} [{form}]" if author else f"{title} [{form}]",
        transport=Transport.HTTP,
        link=link.href,
        size=link.length or None,
        published_at=read_date(when),
        info_url=strip_secrets(page),
        categories=(AUDIOBOOK if link.type in _AUDIO else EBOOK,),
        author=author[:300],
        book_title=title[:500],
        publisher=child_text(entry, "publisher")[:300],
        language=child_text(entry, "language")[:100],
        year=int(year[1]) if year else None,
        isbn=next((one for one in isbns if one), ""),
        mime=link.type,
    )


def read_description(body: bytes, url: str) -> str:
    """The best template of an OpenSearch description: acquisition feeds before plain Atom."""
    root = read_xml(body, repeated="Url")
    found: list[tuple[int, str]] = []
    for element in children(root, "url"):
        kind, template = (element.get("type") or "").lower(), element.get("template") or ""
        if "atom+xml" in kind and "{searchTerms}" in template:
            found.append((0 if "opds-catalog" in kind else 1, urljoin(url, template.strip())))
    return min(found)[1] if found else ""


def filled(template: str, words: str) -> str:
    """A template with the words; every other parameter gets its neutral value."""
    neutral = {"startPage": "1", "startIndex": "1", "count": "50"}

    def value(found: re.Match[str]) -> str:
        return quote(words, safe="") if found[1] == "searchTerms" else neutral.get(found[1], "")

    return _PARAM.sub(value, template)
