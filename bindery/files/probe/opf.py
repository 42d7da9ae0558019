"""The package document of an EPUB (OPF 2, EPUB 3) and calibre's `metadata.opf`.

Entities are never resolved, nothing is fetched, the size is bounded by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from bindery.domain import identifiers
from bindery.files.probe import clean, xmltree
from bindery.files.probe.xmltree import Element

DC = "{http://purl.org/dc/elements/1.1/}"
OPF = "{http://www.idpf.org/2007/opf}"
MAX_META = 2000
MAX_ITEMS = 20_000
_ISBN_IN_TEXT = re.compile(r"(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]")
_ASIN_SCHEMES = frozenset({"ASIN", "MOBI-ASIN", "AMAZON"})


class Item(msgspec.Struct, frozen=True):
    """One manifest entry; `href` is as written, relative to the package document."""

    id: str
    href: str
    media_type: str
    properties: str


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """What a package document says, cleaned (see `ProbedFile` for the fields)."""

    title: str = ""
    subtitle: str = ""
    authors: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    series: str = ""
    position: str = ""
    language: str = ""
    isbns: tuple[str, ...] = ()
    asin: str = ""
    publisher: str = ""
    published: str = ""
    items: tuple[Item, ...] = ()
    spine: tuple[str, ...] = ()
    cover_href: str = ""


def parse_package(data: bytes) -> Package | None:
    """Read a package document; None when it is none."""
    root = xmltree.parse(data)
    if root is None or xmltree.local_name(root) != "package":
        return None
    metadata = next((e for e in root if xmltree.local_name(e) == "metadata"), None)
    reader = _Metadata([] if metadata is None else list(metadata.iter())[1:MAX_META])
    items = tuple(_items(root))
    title, subtitle = reader.titles()
    series, position = reader.series()
    isbns, asin = reader.identifiers()
    return Package(
        title=title,
        subtitle=subtitle,
        authors=reader.people("aut"),
        narrators=reader.people("nrt"),
        series=series,
        position=position,
        language=clean.text(reader.first("language"))[:35],
        isbns=isbns,
        asin=asin,
        publisher=clean.text(reader.first("publisher")),
        published=reader.published(),
        items=items,
        spine=tuple(e.get("idref") for e in _below(root, "spine", "itemref") if e.get("idref")),
        cover_href=_cover(root, items, reader.meta("cover")),
    )


class _Metadata:
    """The elements inside `<metadata>`, with EPUB 3 refinements by the id they refine."""

    def __init__(self, elements: list[Element]) -> None:
        self._dc: dict[str, list[Element]] = {}
        self._named: dict[str, str] = {}
        self._refined: dict[tuple[str, str], str] = {}
        self._collections: list[Element] = []
        for element in elements:
            tag = element.tag
            if not isinstance(tag, str):
                continue
            if tag.startswith(DC):
                self._dc.setdefault(tag[len(DC) :].lower(), []).append(element)
            elif xmltree.local_name(element) == "meta":
                self._take_meta(element)

    def _take_meta(self, element: Element) -> None:
        name = element.get("name")
        if name:
            self._named.setdefault(name, element.get("content", ""))
            return
        prop = element.get("property", "")
        refines = element.get("refines", "")
        if refines.startswith("#"):
            self._refined.setdefault((refines[1:], prop), xmltree.own_text(element))
        elif prop == "belongs-to-collection":
            self._collections.append(element)
        else:
            self._named.setdefault(prop, xmltree.own_text(element))

    def meta(self, name: str) -> str:
        return self._named.get(name, "")

    def first(self, name: str) -> str:
        return next((t for e in self._dc.get(name, []) if (t := xmltree.own_text(e).strip())), "")

    def _refinement(self, element: Element, prop: str) -> str:
        return self._refined.get((element.get("id", ""), prop), "").strip()

    def titles(self) -> tuple[str, str]:
        main, subtitle = "", ""
        for element in self._dc.get("title", []):
            kind = self._refinement(element, "title-type")
            if kind == "subtitle":
                subtitle = subtitle or clean.text(xmltree.own_text(element))
            elif kind == "main":
                main = clean.text(xmltree.own_text(element))
        return main or clean.text(self.first("title")), subtitle

    def people(self, role: str) -> tuple[str, ...]:
        """Names with that MARC role. A creator without any role counts as an author."""
        found: list[str] = []
        for kind in ("creator", "contributor"):
            for element in self._dc.get(kind, []):
                said = (element.get(f"{OPF}role") or self._refinement(element, "role")).lower()
                said = said or ("aut" if kind == "creator" else "")
                if said == role:
                    found.append(xmltree.own_text(element))
        if not found and role == "aut":
            # Only editors or nonsense roles: still the best evidence there is.
            found = [xmltree.own_text(e) for e in self._dc.get("creator", [])[:1]]
        return clean.unique(found)

    def series(self) -> tuple[str, str]:
        name = clean.text(self.meta("calibre:series"))
        if name:
            return name, _position(self.meta("calibre:series_index"))
        for element in self._collections:
            if self._refinement(element, "collection-type") in ("series", ""):
                position = self._refinement(element, "group-position")
                return clean.text(xmltree.own_text(element)), _position(position)
        return "", ""

    def identifiers(self) -> tuple[tuple[str, ...], str]:
        isbns: dict[str, None] = {}
        asin = ""
        for element in [*self._dc.get("identifier", []), *self._dc.get("source", [])]:
            value = xmltree.own_text(element).strip()[:200]
            scheme = (element.get(f"{OPF}scheme") or "").upper()
            prefix, colon, rest = value.rpartition(":")
            if colon:
                scheme, value = scheme or prefix.upper().removeprefix("URN:"), rest
            if scheme in _ASIN_SCHEMES:
                asin = asin or identifiers.asin(value.upper())
            elif scheme not in ("UUID", "CALIBRE"):
                match = _ISBN_IN_TEXT.fullmatch(value.strip())
                if match and (isbn := identifiers.isbn13(match[0])):
                    isbns[isbn] = None
        return tuple(isbns)[:20], asin

    def published(self) -> str:
        dates = self._dc.get("date", [])
        for element in dates:
            if (element.get(f"{OPF}event") or "").lower() in (
                "publication",
                "original-publication",
            ):
                return clean.date(xmltree.own_text(element))
        for element in dates:
            if (element.get(f"{OPF}event") or "").lower() != "modification":
                return clean.date(xmltree.own_text(element))
        return ""


def _items(root: Element) -> Iterator[Item]:
    for element in _below(root, "manifest", "item"):
        href = element.get("href")
        if href:
            yield Item(
                element.get("id", ""),
                href,
                element.get("media-type", ""),
                element.get("properties", ""),
            )


def _cover(root: Element, items: tuple[Item, ...], named: str) -> str:
    for item in items:
        if "cover-image" in item.properties.split():
            return item.href
    for item in items:
        if named and item.id == named and item.media_type.startswith("image/"):
            return item.href
    for reference in _below(root, "guide", "reference"):
        href = reference.get("href", "")
        if reference.get("type") == "cover" and href.lower().endswith((".jpg", ".jpeg", ".png")):
            return href
    return ""


def _below(root: Element, parent: str, child: str) -> Iterator[Element]:
    count = 0
    for outer in root:
        if xmltree.local_name(outer) != parent:
            continue
        for element in outer:
            if xmltree.local_name(element) == child:
                count += 1
                if count > MAX_ITEMS:
                    return
                yield element


def _position(value: str) -> str:
    match = re.match(r"\s*(\d{1,5}(?:\.\d{1,3})?)\s*\Z", value)
    if match is None:
        return clean.text(value)[:20]
    number = match[1]
    return number.rstrip("0").rstrip(".") if "." in number else number
