"""Atom and OPDS as XML (catalogue.md 7.2): what a feed is made of, written by lxml.

The prefixes are literal and declared once at the root: some readers match on the text `opds:` or
`dc:` instead of the namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from lxml import etree as _untyped  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType] - lxml has no stubs

_etree = cast("Any", _untyped)

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/terms/"
OPDS = "http://opds-spec.org/2010/catalog"
SEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_NAMES = {None: ATOM, "dc": DC, "opds": OPDS, "opensearch": SEARCH}
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'

FEED_TYPE = "application/atom+xml;profile=opds-catalog;charset=utf-8"
ENTRY_TYPE = "application/atom+xml;type=entry;profile=opds-catalog"
NAV = "application/atom+xml;profile=opds-catalog;kind=navigation"
ACQ = "application/atom+xml;profile=opds-catalog;kind=acquisition"
DESCRIPTION_TYPE = "application/opensearchdescription+xml"

# What XML 1.0 cannot say at all; names and descriptions come from strangers.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Link:
    """One `link`. `length` in bytes."""

    rel: str
    href: str
    type: str
    title: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An author or contributor."""

    name: str
    uri: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One `entry`. `updated` and `published` are RFC 3339, `issued` a calendar date."""

    id: str
    title: str
    updated: str
    links: Sequence[Link]
    authors: Sequence[Person] = ()
    contributors: Sequence[Person] = ()
    published: str = ""
    summary: str = ""
    content: str = ""
    categories: Sequence[str] = ()
    language: str = ""
    issued: str = ""
    publisher: str = ""
    identifiers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One `feed`; the three numbers of OpenSearch are left out when they are 0."""

    id: str
    title: str
    updated: str
    links: Sequence[Link]
    entries: Sequence[Entry]
    total: int = 0
    per_page: int = 0
    start: int = 0


def write_feed(feed: Feed) -> bytes:
    """The document of a feed."""
    root = _etree.Element(f"{{{ATOM}}}feed", nsmap=_NAMES)
    _text(root, ATOM, "id", feed.id)
    _text(root, ATOM, "title", feed.title)
    _text(root, ATOM, "updated", feed.updated)
    _person(root, "author", Person("Bindery"))
    for link in feed.links:
        _link(root, link)
    for entry in feed.entries:
        _fill(_etree.SubElement(root, f"{{{ATOM}}}entry"), entry)
    for name, number in (
        ("totalResults", feed.total),
        ("itemsPerPage", feed.per_page),
        ("startIndex", feed.start),
    ):
        if number:
            _text(root, SEARCH, name, str(number))
    return _bytes(root)


def write_entry(entry: Entry) -> bytes:
    """The document of one entry alone."""
    root = _etree.Element(f"{{{ATOM}}}entry", nsmap=_NAMES)
    _fill(root, entry)
    return _bytes(root)


def write_description(template: str) -> bytes:
    """The OpenSearch description document."""
    root = _etree.Element(f"{{{SEARCH}}}OpenSearchDescription", nsmap={None: SEARCH})
    _text(root, SEARCH, "ShortName", "Bindery")
    _text(root, SEARCH, "Description", "Search the shelf of this Bindery")
    _text(root, SEARCH, "InputEncoding", "UTF-8")
    _text(root, SEARCH, "OutputEncoding", "UTF-8")
    url = _etree.SubElement(root, f"{{{SEARCH}}}Url")
    url.set("type", ACQ)
    url.set("template", clean(template))
    return _bytes(root)


def clean(text: str) -> str:
    """Without the characters that no XML document can hold."""
    return _ILLEGAL.sub("", text)


def _fill(node: Any, entry: Entry) -> None:
    _text(node, ATOM, "id", entry.id)
    _text(node, ATOM, "title", entry.title)
    _text(node, ATOM, "updated", entry.updated)
    for person in entry.authors:
        _person(node, "author", person)
    for person in entry.contributors:
        _person(node, "contributor", person)
    if entry.published:
        _text(node, ATOM, "published", entry.published)
    for name, text in (("summary", entry.summary), ("content", entry.content)):
        if text:
            _text(node, ATOM, name, text).set("type", "text")
    for term in map(clean, entry.categories):
        category = _etree.SubElement(node, f"{{{ATOM}}}category")
        category.set("scheme", "urn:bindery:genre")
        category.set("term", term)
        category.set("label", term)
    for name, text in (
        ("language", entry.language),
        ("issued", entry.issued),
        ("publisher", entry.publisher),
        *(("identifier", identifier) for identifier in entry.identifiers),
    ):
        if text:
            _text(node, DC, name, text)
    for link in entry.links:
        _link(node, link)


def _text(node: Any, space: str, name: str, text: str) -> Any:
    child = _etree.SubElement(node, f"{{{space}}}{name}")
    child.text = clean(text)
    return child


def _person(node: Any, name: str, person: Person) -> None:
    child = _etree.SubElement(node, f"{{{ATOM}}}{name}")
    _text(child, ATOM, "name", person.name)
    if person.uri:
        _text(child, ATOM, "uri", person.uri)


def _link(node: Any, link: Link) -> None:
    child = _etree.SubElement(node, f"{{{ATOM}}}link")
    child.set("rel", link.rel)
    child.set("href", clean(link.href))
    child.set("type", link.type)
    if link.title:
        child.set("title", clean(link.title))
    if link.length is not None:
        child.set("length", str(link.length))


def _bytes(root: Any) -> bytes:
    return _HEAD + cast("bytes", _etree.tostring(root, encoding="UTF-8", pretty_print=True))
