"""Newznab and Torznab documents as data (acquisition.md 2.3, 2.5, 2.6, 2.10)."""

from typing import cast
from xml.etree.ElementTree import Element

import msgspec

from bindery.adapters.newznab_item import FeedContext, read_item
from bindery.adapters.newznab_json import channel_of
from bindery.adapters.xml_documents import (
    children,
    local_name,
    number_of,
    read_xml,
)
from bindery.domain.offers import IndexerCaps, Release


class Feed(msgspec.Struct, frozen=True):
    """What one answer held. `error` is (code, description) of an error document."""

    releases: list[Release]
    total: int | None = None
    skipped: int = 0
    error: tuple[int, str] | None = None


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
            release = read_item(element, context)
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
