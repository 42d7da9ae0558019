"""EPUB: container, package, protection, damage (OCF 3.2; downloads-and-import.md 7.1 point 13)."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from bindery.domain.media import MediaKind, ProbedFile, ProblemCode
from bindery.files.probe import opf, xmltree
from bindery.files.probe.zips import ZipReader, ZipRefused

MAX_XML = 4 * 1024 * 1024
CONTAINER = "META-INF/container.xml"
# Obfuscated fonts are listed in encryption.xml of books that anybody can read.
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def looks_like_epub(reader: ZipReader) -> bool:
    """Whether the archive means to be an EPUB."""
    return CONTAINER in reader.names or _mimetype(reader) == b"application/epub+zip"


def probe_epub(reader: ZipReader, size: int) -> ProbedFile:
    """Read an EPUB whose directory was read already. `size` in bytes."""
    problems = reader.problems()
    try:
        if _mimetype(reader) != b"application/epub+zip":
            problems.append(ProblemCode.EPUB_NO_MIMETYPE)
        if _is_encrypted(reader):
            problems.append(ProblemCode.EPUB_ENCRYPTED)
        name = _package_name(reader)
        if name is None:
            problems.append(ProblemCode.EPUB_NO_CONTAINER)
            return _broken(size, problems)
        data = reader.member(name, MAX_XML)
        if data is None:
            problems.append(ProblemCode.EPUB_NO_PACKAGE)
            return _broken(size, problems)
        package = opf.parse_package(data)
        if package is None:
            problems.append(ProblemCode.EPUB_BAD_PACKAGE)
            return _broken(size, problems)
    except ZipRefused as refused:
        problems.append(refused.code)
        return _broken(size, problems)
    base = posixpath.dirname(name)
    problems.extend(_content_problems(reader, package, base))
    if not reader.all_checksums_hold():
        problems.append(ProblemCode.ZIP_ENTRY_CORRUPT)
    return ProbedFile(
        kind=MediaKind.EPUB,
        size=size,
        title=package.title,
        subtitle=package.subtitle,
        authors=package.authors,
        narrators=package.narrators,
        series=package.series,
        position=package.position,
        language=package.language,
        isbns=package.isbns,
        asin=package.asin,
        publisher=package.publisher,
        published=package.published,
        has_cover=bool(package.cover_href) and _member(base, package.cover_href) in reader.names,
        problems=tuple(dict.fromkeys(problems)),
    )


def _broken(size: int, problems: list[ProblemCode]) -> ProbedFile:
    return ProbedFile(kind=MediaKind.EPUB, size=size, problems=tuple(dict.fromkeys(problems)))


def _mimetype(reader: ZipReader) -> bytes:
    try:
        return (reader.member("mimetype", 256) or b"").strip()
    except ZipRefused:
        return b""


def _package_name(reader: ZipReader) -> str | None:
    data = reader.member(CONTAINER, MAX_XML)
    root = xmltree.parse(data) if data else None
    if root is None:
        return None
    for element in root.iter():
        if xmltree.local_name(element) == "rootfile":
            path = element.get("full-path")
            if path:
                return path
    return None


def _is_encrypted(reader: ZipReader) -> bool:
    if "META-INF/rights.xml" in reader.names or "META-INF/license.lcpl" in reader.names:
        return True
    data = reader.member("META-INF/encryption.xml", MAX_XML)
    if data is None:
        return False
    root = xmltree.parse(data)
    if root is None:
        return True
    for element in root.iter():
        if xmltree.local_name(element) == "EncryptedData":
            method = next(
                (
                    e.get("Algorithm", "")
                    for e in element
                    if xmltree.local_name(e) == "EncryptionMethod"
                ),
                "",
            )
            if method not in _FONT_ALGORITHMS:
                return True
    return False


def _content_problems(reader: ZipReader, package: opf.Package, base: str) -> list[ProblemCode]:
    hrefs = {item.id: item.href for item in package.items}
    names = [_member(base, hrefs[ref]) for ref in package.spine if ref in hrefs]
    present = sum(name in reader.names for name in names)
    if not present:
        return [ProblemCode.EPUB_NO_CONTENT]
    return [] if present == len(package.spine) else [ProblemCode.EPUB_MISSING_ITEM]


def _member(base: str, href: str) -> str:
    path = unquote(href.partition("#")[0])
    return posixpath.normpath(posixpath.join(base, path)) if base else posixpath.normpath(path)
