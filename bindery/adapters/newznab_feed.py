"""Newznab and Torznab documents as data (acquisition.md 2.3, 2.5, 2.6, 2.10)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import msgspec

from bindery.adapters.newznab_json import channel_of
from bindery.adapters.xml_documents import (
    child_text,
    children,
    local_name,
    number_of,
    read_xml,
    text_of,
)
from bindery.domain.offers import IndexerCaps, Release, Transport
from bindery.domain.redaction import redact_url, strip_secrets
from bindery.domain.torrents import magnet_hashes

_SIZE = re.compile(
    r"size\W{0,12}(?:<[^>]{0,40}>\W{0,12}){0,4}([\d.,]{1,12})\s{0,4}([KMGT]?)i?B\b", re.IGNORECASE
)
_SEEDERS = re.compile(r"\bseed(?:er)?s?\b\W{0,4}(\d{1,7})", re.IGNORECASE)
_LEECHERS = re.compile(r"\b(?:leech(?:er)?s?|peers)\b\W{0,4}(\d{1,7})", re.IGNORECASE)
TORRENT_FILE = 1 << 20
"""Bytes: what a .torrent itself may have, and hardly a book with pictures or a recording."""
_STEPS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_YEAR = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b")
_FLAGS = {"internal", "scene", "freeleech", "halfleech", "doubleupload", "nuked", "exclusive"}
_HASH = re.compile(r"[0-9a-f]{40}")


class Feed(msgspec.Struct, frozen=True):
    """What one answer held. `error` is (code, description) of an error document."""

    releases: list[Release]
    total: int | None = None
    skipped: int = 0
    error: tuple[int, str] | None = None


class FeedContext(msgspec.Struct, frozen=True):
    """What is needed to read links: where the feed came from and whose key it may repeat."""

    url: str
    api_key: str
    transport: Transport
    charset: str = ""


def read_feed(body: bytes, context: FeedContext) -> Feed:
    """Parse one answer of any status. Unreadable documents are `Malformed`."""
    if body.lstrip()[:1] == b"{":
        return _read_json(body, context)
    root = read_xml(body, charset=context.charset)
    error = _error_of(root)
    if error is not None:
        return Feed([], error=error)
    channels = list(children(root, "channel")) or [root]
    return _read_channel(channels[0], context)


def _read_channel(channel: Element, context: FeedContext) -> Feed:
    releases: list[Release] = []
    skipped, total = 0, None
    for element in channel:
        name = local_name(element)
        if name == "response":
            total = number_of(element.get("total"))
        elif name == "item":
            release = _read_item(element, context)
            if release is None:
                skipped += 1
            else:
                releases.append(release)
    return Feed(releases, total, skipped)


def _error_of(root: Element) -> tuple[int, str] | None:
    if local_name(root) != "error":
        return None
    code, text = (root.get("code") or "").strip(), (root.get("description") or "").strip()
    if not code and not text:
        return None
    return number_of(code, 99999) or 0, text[:300]


def _read_json(body: bytes, context: FeedContext) -> Feed:
    """Some indexers and proxies answer in JSON, errors above all, whatever was asked."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return Feed([], error=(0, "unreadable JSON"))
    channel = channel_of(answer)
    if channel is not None:
        return _read_channel(channel, context)
    error = answer.get("error", answer)
    if isinstance(error, str):
        return Feed([], error=(0, error[:300]))
    flat = _mapping(error)
    flat = _mapping(flat.get("@attributes", flat))
    code = number_of(str(flat.get("code", "")), 99999) or 0
    text = flat.get("description") or flat.get("message") or "JSON instead of XML"
    return Feed([], error=(code, str(text)[:300]))


def _mapping(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _attributes(item: Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attr in children(item, "attr"):
        name, value = attr.get("name"), attr.get("value")
        if name and value and value.strip():
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _read_item(item: Element, context: FeedContext) -> Release | None:
    attrs = _attributes(item)
    title = child_text(item, "title")
    enclosure = _enclosure(item, context)
    raw_link = _best_link(item, enclosure, attrs)
    if not title or not raw_link:
        return None
    link = _absolute(raw_link, context)
    if not link:
        return None
    link = _without_our_key(link, context)

    def first(name: str) -> str:
        return attrs.get(name, [""])[0]

    transport = _transport(enclosure, link, context)
    seeders, leechers = number_of(first("seeders")), number_of(first("leechers"))
    if seeders is None and transport is Transport.TORRENT:
        seeders, leechers = _told(_SEEDERS, item), _told(_LEECHERS, item)
    peers = number_of(first("peers"))
    if peers is None and seeders is not None and leechers is not None:
        peers = seeders + leechers
    guid = redact_url(child_text(item, "guid") or link)
    volume = _factor(first("downloadvolumefactor"))
    return Release(
        guid=guid[:1000],
        title=" ".join(title.split())[:1000],
        transport=transport,
        link=link,
        size=_size(item, enclosure, first("size")),
        published_at=read_date(first("usenetdate")) or read_date(child_text(item, "pubdate")),
        info_url=_info_url(item, link),
        categories=_categories(item, attrs),
        grabs=number_of(first("grabs")),
        files=number_of(first("files")),
        seeders=seeders,
        peers=peers,
        info_hash=_info_hash(first("infohash"), link, first("magneturl")),
        author=first("author")[:300],
        book_title=(first("booktitle") or first("title"))[:500],
        publisher=first("publisher")[:300],
        language=",".join(attrs.get("language", []))[:100],
        year=_year(first("year")),
        isbn=first("isbn")[:40],
        download_volume_factor=volume,
        upload_volume_factor=_factor(first("uploadvolumefactor")),
        password=first("password") != "0" if first("password") else None,
        flags=_flags(attrs, volume),
    )


def _enclosure(item: Element, context: FeedContext) -> Element | None:
    """The one of the indexer's own kind where an item offers torrent and NZB, else the first."""
    kind = "bittorrent" if context.transport is Transport.TORRENT else "nzb"
    found = list(children(item, "enclosure"))
    fitting = (one for one in found if kind in (one.get("type") or "").lower())
    return next(fitting, found[0] if found else None)


def _told(pattern: re.Pattern[str], item: Element) -> int | None:
    """A count that a plain RSS feed only tells in words."""
    words = f"{child_text(item, 'title')} {child_text(item, 'description')[:4000]}"
    found = pattern.search(words)
    return number_of(found[1]) if found else None


def _best_link(item: Element, enclosure: Element | None, attrs: dict[str, list[str]]) -> str:
    """The enclosure; a magnet only when nothing can be fetched."""
    url = (enclosure.get("url") or "").strip() if enclosure is not None else ""
    link, magnet = child_text(item, "link"), attrs.get("magneturl", [""])[0]
    if url or ".torrent" in link.lower():
        return url or link
    return magnet or link


def _absolute(link: str, context: FeedContext) -> str:
    if link.lower().startswith("magnet:"):
        return link
    try:
        full = urljoin(context.url, link.replace(" ", "%20"))
        return full if urlsplit(full).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _without_our_key(link: str, context: FeedContext) -> str:
    """Our own key is not kept in links: it is put back when fetching, so a changed key works."""
    if not context.api_key or not same_host(link, context.url):
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


def _size(item: Element, enclosure: Element | None, attr: str) -> int | None:
    length = number_of(enclosure.get("length")) if enclosure is not None else None
    torrent = enclosure is not None and "bittorrent" in (enclosure.get("type") or "")
    told = _described_size(item)
    if torrent and length and length < TORRENT_FILE and told:
        length = told  # the length of the .torrent, not of what it brings
    return number_of(attr) or length or number_of(child_text(item, "size")) or told


def _described_size(item: Element) -> int | None:
    found = _SIZE.search(child_text(item, "description")[:4000])
    if found is None:
        return None
    try:
        return round(float(found[1].replace(",", "")) * 1024 ** _STEPS[found[2].upper()])
    except (ValueError, OverflowError):
        return None


def _info_url(item: Element, link: str) -> str:
    guid = next(children(item, "guid"), None)
    permanent = guid is not None and (guid.get("isPermaLink") or "true").lower() != "false"
    for url in (
        child_text(item, "comments"),
        text_of(guid) if permanent else "",
        child_text(item, "link"),
    ):
        clean = strip_secrets(url)
        if url.lower().startswith(("http://", "https://")) and clean != strip_secrets(link):
            return clean[:2000]
    return ""


def _categories(item: Element, attrs: dict[str, list[str]]) -> tuple[int, ...]:
    texts = [*attrs.get("category", []), *(text_of(one) for one in children(item, "category"))]
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


def _flags(attrs: dict[str, list[str]], volume: float | None) -> tuple[str, ...]:
    tags = {tag.lower() for tag in attrs.get("tag", [])} & _FLAGS
    tags |= {name for name in ("nuked", "scene") if attrs.get(name, ["0"])[0] in {"1", "yes"}}
    if volume == 0:
        tags.add("freeleech")
    return tuple(sorted(tags))


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


def read_caps(body: bytes, charset: str = "") -> IndexerCaps | tuple[int, str]:
    """The capabilities document, or the code and text of an error document."""
    root = read_xml(body, charset=charset, repeated="category")
    error = _error_of(root)
    if error is not None:
        return error
    searching = next(children(root, "searching"), None)
    search, search_params = _function(searching, "search", "q")
    book, book_params = _function(searching, "book-search", "q")
    limits = next(children(root, "limits"), None)
    most = number_of(limits.get("max")) if limits is not None else None
    default = number_of(limits.get("default")) if limits is not None else None
    server = next(children(root, "server"), None)
    categories: dict[int, str] = {}
    tops = 0
    for group in children(root, "categories"):
        for category in children(group, "category"):
            tops += 1
            _note(category, categories)
            for sub in children(category, "subcat"):
                _note(sub, categories)
    return IndexerCaps(
        search=search if searching is not None else True,
        book_search=book,
        book_params=book_params,
        search_params=search_params or ("q",),
        page_size=min(100, max(default or 0, most or 0)) or 100,
        categories=categories,
        top_categories=tops,
        server=(server.get("title") or "")[:200] if server is not None else "",
    )


def _function(searching: Element | None, name: str, default: str) -> tuple[bool, tuple[str, ...]]:
    element = next(children(searching, name), None) if searching is not None else None
    if element is None or (element.get("available") or "").lower() not in {"yes", "true", "1"}:
        return False, ()
    params = (element.get("supportedParams") or default).split(",")
    return True, tuple(param.strip().lower() for param in params if param.strip())


def _note(category: Element, into: dict[int, str]) -> None:
    number = number_of(category.get("id"), 10_000_000)
    if number is not None and len(into) < 5000:
        into[number] = (category.get("name") or "")[:200]
