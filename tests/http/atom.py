"""A small checker of Atom (RFC 4287) and OPDS 1.2: what a reader may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - lxml has no stubs

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/terms/}"
SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
KINDS = {
    f"application/atom+xml;profile=opds-catalog;kind={kind}": kind
    for kind in ("navigation", "acquisition")
}
ENTRY = "application/atom+xml;type=entry;profile=opds-catalog"
PREFIXES = (b'xmlns:dc="', b'xmlns:opds="', b'xmlns:opensearch="')


@dataclass
class Node:
    """A feed or an entry, looked at by name."""

    xml: Any

    def text(self, name: str) -> str:
        return self.xml.findtext(ATOM + name) or ""

    def dc(self, name: str) -> list[str]:
        return [node.text for node in self.xml.findall(DC + name)]

    def links(self, rel: str) -> list[dict[str, str]]:
        return [dict(n.attrib) for n in self.xml.findall(f"{ATOM}link") if n.get("rel") == rel]

    def link(self, rel: str) -> dict[str, str]:
        (only,) = self.links(rel)
        return only

    @property
    def entries(self) -> list[Node]:
        return [Node(node) for node in self.xml.findall(f"{ATOM}entry")]

    @property
    def titles(self) -> list[str]:
        return [entry.text("title") for entry in self.entries]

    def number(self, name: str) -> int:
        return int(self.xml.findtext(SEARCH + name) or 0)


def read_feed(data: bytes, kind: str) -> Node:
    """Parse and check a feed of this kind."""
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert all(prefix in data for prefix in PREFIXES)
    assert b"ns0:" not in data
    feed = Node(etree.fromstring(data))
    assert feed.xml.tag == f"{ATOM}feed"
    _check_common(feed)
    assert feed.xml.findtext(f"{ATOM}author/{ATOM}name"), "a feed or all its entries name an author"
    assert KINDS[feed.link("self")["type"]] == kind
    assert KINDS[feed.link("start")["type"]] == "navigation"
    for rel in ("first", "last", "next", "previous"):
        assert all(link["type"] == feed.link("self")["type"] for link in feed.links(rel))
    ids = [entry.text("id") for entry in feed.entries]
    assert len(set(ids)) == len(ids)
    for entry in feed.entries:
        (check_acquisition if kind == "acquisition" else _check_navigation)(entry)
    return feed


def check_acquisition(entry: Node) -> None:
    """At least one way to the book; every link of it typed."""
    _check_common(entry)
    got = entry.links("http://opds-spec.org/acquisition")
    assert got, "an acquisition entry has an acquisition link"
    assert all("/" in link["type"] for link in got)
    assert ENTRY in {link["type"] for link in entry.links("alternate")}


def _check_navigation(entry: Node) -> None:
    _check_common(entry)
    catalogues = [n for n in entry.xml.findall(f"{ATOM}link") if n.get("type") in KINDS]
    assert catalogues, "a navigation entry leads to a feed"
    content = entry.xml.findall(f"{ATOM}content")
    assert len(content) == 1 and content[0].get("type") == "text"


def _check_common(node: Node) -> None:
    for name in ("id", "title", "updated"):
        assert len(node.xml.findall(ATOM + name)) == 1, name
        assert node.text(name), name
    assert node.text("id").startswith("urn:")
    assert datetime.fromisoformat(node.text("updated")).tzinfo is not None
    for link in node.xml.findall(f"{ATOM}link"):
        assert link.get("href") and link.get("rel")
        assert " " not in link.get("href")
