"""One item of a Newznab, Torznab or torrent feed as a release (acquisition.md 2.5, 2.10)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import msgspec

from bindery.adapters.xml_documents import local_name, number_of, text_of
from bindery.domain.offers import Release, Transport
from bindery.domain.redaction import redact_url, strip_secrets
from bindery.domain.torrents import magnet_hashes

_SIZE = re.compile(
    r"size\W{0,12}(?:<[^>]{0,40}>\W{0,12}){0,4}([\d.,]{1,12})\s{0,4}([KMGT]?)i?B\b", re.IGNORECASE
)
_SEEDERS = re.compile(r"\bseed(?:er)?s?\b\W{0,4}(\d{1,7})", re.IGNORECASE)
_LEECHERS = re.compile(r"\b(?:leech(?:er)?s?|peers)\b\W{0,4}(\d{1,7})", re.IGNORECASE)
TORRENT_FILE = 1 << 20
"""Bytes: what a .torrent itself may have, and hardly a book with pictures or a recording."""
_PLAIN_URL = re.compile(r"https?://[\w.-]+(?::\d{1,5})?/[^\s\[\]]*\Z", re.ASCII)
_STEPS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_YEAR = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b")
_FLAGS = {"internal", "scene", "freeleech", "halfleech", "doubleupload", "nuked", "exclusive"}
_HASH = re.compile(r"[0-9a-f]{40}")


class FeedContext(msgspec.Struct, frozen=True):
    """What is needed to read links: where the feed came from and whose key it may repeat."""

    url: str
    api_key: str
    transport: Transport
    charset: str = ""


class _Item:
    """The children of an item by local name, walked once: a page has thousands of them."""

    __slots__ = ("_attrs", "_fields")

    def __init__(self, element: Element) -> None:
        fields: dict[str, list[Element]] = {}
        attrs: dict[str, list[str]] = {}
        for child in element:
            name = local_name(child)
            if name == "attr":
                key, value = child.get("name"), child.get("value")
                if key and value and (value := value.strip()):
                    key = key.strip().lower()
                    if key in attrs:
                        attrs[key].append(value)
                    else:
                        attrs[key] = [value]
            elif name in fields:
                fields[name].append(child)
            else:
                fields[name] = [child]
        self._fields, self._attrs = fields, attrs

    def all(self, name: str) -> list[Element]:
        return self._fields.get(name, [])

    def text(self, name: str) -> str:
        """Text of the first child with this local name."""
        found = self._fields.get(name)
        return text_of(found[0]) if found else ""

    def attrs(self, name: str) -> list[str]:
        return self._attrs.get(name, [])

    def attr(self, name: str) -> str:
        """The first attribute with this name."""
        found = self._attrs.get(name)
        return found[0] if found else ""


def read_item(element: Element, context: FeedContext) -> Release | None:
    """The release of an `<item>`; None without a title or a link that could be fetched."""
    item = _Item(element)
    title = item.text("title")
    enclosure = _enclosure(item, context)
    raw_link = _best_link(item, enclosure)
    if not title or not raw_link:
        return None
    link = _absolute(raw_link, context)
    if not link:
        return None
    link = _without_our_key(link, context)

    first = item.attr
    transport = _transport(enclosure, link, context)
    seeders, leechers = number_of(first("seeders")), number_of(first("leechers"))
    if seeders is None and transport is Transport.TORRENT:
        seeders, leechers = _told(_SEEDERS, item), _told(_LEECHERS, item)
    peers = number_of(first("peers"))
    if peers is None and seeders is not None and leechers is not None:
        peers = seeders + leechers
    guid = redact_url(item.text("guid") or link)
    volume = _factor(first("downloadvolumefactor"))
    return Release(
        guid=guid[:1000],
        title=" ".join(title.split())[:1000],
        transport=transport,
        link=link,
        size=_size(item, enclosure, first("size")),
        published_at=read_date(first("usenetdate")) or read_date(item.text("pubdate")),
        info_url=_info_url(item, link),
        categories=_categories(item),
        grabs=number_of(first("grabs")),
        files=number_of(first("files")),
        seeders=seeders,
        peers=peers,
        info_hash=_info_hash(first("infohash"), link, first("magneturl")),
        author=first("author")[:300],
        book_title=(first("booktitle") or first("title"))[:500],
        publisher=first("publisher")[:300],
        language=",".join(item.attrs("language"))[:100],
        year=_year(first("year")),
        isbn=first("isbn")[:40],
        download_volume_factor=volume,
        upload_volume_factor=_factor(first("uploadvolumefactor")),
        password=first("password") != "0" if first("password") else None,
        flags=_flags(item, volume),
    )


def _enclosure(item: _Item, context: FeedContext) -> Element | None:
    """The one of the indexer's own kind where an item offers torrent and NZB, else the first."""
    kind = "bittorrent" if context.transport is Transport.TORRENT else "nzb"
    found = item.all("enclosure")
    fitting = (one for one in found if kind in (one.get("type") or "").lower())
    return next(fitting, found[0] if found else None)


def _told(pattern: re.Pattern[str], item: _Item) -> int | None:
    """A count that a plain RSS feed only tells in words."""
    words = f"{item.text('title')} {item.text('description')[:4000]}"
    found = pattern.search(words)
    return number_of(found[1]) if found else None


def _best_link(item: _Item, enclosure: Element | None) -> str:
    """The enclosure; a magnet only when nothing can be fetched."""
    url = (enclosure.get("url") or "").strip() if enclosure is not None else ""
    link, magnet = item.text("link"), item.attr("magneturl")
    if url or ".torrent" in link.lower():
        return url or link
    return magnet or link


def _absolute(link: str, context: FeedContext) -> str:
    low = link[:8].lower()
    if low.startswith("magnet:"):
        return link
    link = link.replace(" ", "%20")
    try:
        if _PLAIN_URL.match(link):
            return link
        full = link if low.startswith(("http://", "https://")) else urljoin(context.url, link)
        return full if urlsplit(full).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _without_our_key(link: str, context: FeedContext) -> str:
    """Our own key is not kept in links: it is put back when fetching, so a changed key works."""
    if not context.api_key or context.api_key not in link or not same_host(link, context.url):
        return link
    pattern = rf"([?&])apikey={re.escape(context.api_key)}(?=&|$)&?"
    return re.sub(pattern, r"\1", link).rstrip("?&")


def same_host(a: str, b: str) -> bool:
    """Whether two URLs name the same host and port."""
    try:
        first, second = urlsplit(a), urlsplit(b)
        return (first.hostname, first.port) == (second.hostname, second.port)
    except ValueError:
        return False


def _transport(enclosure: Element | None, link: str, context: FeedContext) -> Transport:
    mime = (enclosure.get("type") or "").lower() if enclosure is not None else ""
    if "bittorrent" in mime or link.lower().startswith("magnet:"):
        return Transport.TORRENT
    return Transport.USENET if "nzb" in mime else context.transport


def _size(item: _Item, enclosure: Element | None, attr: str) -> int | None:
    said = number_of(attr)
    if said:
        return said
    length = number_of(enclosure.get("length")) if enclosure is not None else None
    torrent = enclosure is not None and "bittorrent" in (enclosure.get("type") or "")
    told = _described_size(item)
    if torrent and length and length < TORRENT_FILE and told:
        length = told  # the length of the .torrent, not of what it brings
    return length or number_of(item.text("size")) or told


def _described_size(item: _Item) -> int | None:
    found = _SIZE.search(item.text("description")[:4000])
    if found is None:
        return None
    try:
        return round(float(found[1].replace(",", "")) * 1024 ** _STEPS[found[2].upper()])
    except (ValueError, OverflowError):
        return None


def _info_url(item: _Item, link: str) -> str:
    guid = next(iter(item.all("guid")), None)
    permanent = guid is not None and (guid.get("isPermaLink") or "true").lower() != "false"
    bare = strip_secrets(link)
    for url in (item.text("comments"), text_of(guid) if permanent else "", item.text("link")):
        if url[:8].lower().startswith(("http://", "https://")):
            clean = strip_secrets(url)
            if clean != bare:
                return clean[:2000]
    return ""


def _categories(item: _Item) -> tuple[int, ...]:
    texts = [*item.attrs("category"), *(text_of(one) for one in item.all("category"))]
    numbers = (number_of(text, 10_000_000) for text in texts)
    return tuple(dict.fromkeys(one for one in numbers if one is not None))


def _info_hash(attr: str, link: str, magnet: str) -> str | None:
    if _HASH.fullmatch(attr.lower()):
        return attr.lower()
    for text in (link, magnet):
        if text.lower().startswith("magnet:"):
            return magnet_hashes(text).v1
    return None


def _factor(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 100 else None


def _year(text: str) -> int | None:
    found = _YEAR.search(text)
    return int(found[1]) if found else None


def _flags(item: _Item, volume: float | None) -> tuple[str, ...]:
    tags = {tag.lower() for tag in item.attrs("tag")} & _FLAGS
    tags |= {name for name in ("nuked", "scene") if item.attr(name) in {"1", "yes"}}
    if volume == 0:
        tags.add("freeleech")
    return tuple(sorted(tags))


@lru_cache(maxsize=4096)
def read_date(text: str) -> int | None:
    """µs since the epoch of an RFC 2822 or RFC 3339 date; without a zone it is UTC."""
    text = text.strip()
    if not text or len(text) > 60:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(text)
            if when.tzinfo is None:
                when = when.replace(tzinfo=UTC)
            stamp = when.timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return int(stamp) * 1_000_000 if 0 < stamp < 4e9 else None
    return None
