"""PDF: header, trailer, protection, Info dictionary and XMP, from a bounded part of the file.

No object graph is built. What is hidden in compressed object streams stays unknown.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from bindery.domain import identifiers
from bindery.domain.media import MediaKind, ProbedFile, ProblemCode
from bindery.files.probe import clean, xmltree

WINDOW = 1024 * 1024
MAX_STRING = 4000
MAX_XMP = 256 * 1024
_INFO = re.compile(rb"/Info\s+(\d{1,9})\s+(\d{1,5})\s+R")
_ENCRYPT = re.compile(rb"/Encrypt\s+(?:(\d{1,9})\s+(\d{1,5})\s+R|<<)")
_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]{0,400}?/Count\s+(\d{1,6})")
_COUNT_FIRST = re.compile(rb"/Count\s+(\d{1,6})[^>]{0,400}?/Type\s*/Pages\b")
_ISBN = re.compile(r"97[89][- \u2010-\u2013]?(?:\d[- \u2010-\u2013]?){9}\d")
_DC = "{http://purl.org/dc/elements/1.1/}"
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}


def probe_pdf(file: BinaryIO, size: int) -> ProbedFile:
    """Read the first and the last MiB. `size` in bytes."""
    file.seek(0)
    head = file.read(WINDOW)
    file.seek(max(0, size - WINDOW))
    tail = file.read(WINDOW)
    problems: list[ProblemCode] = []
    if b"%PDF-" not in head[:1024]:
        problems.append(ProblemCode.PDF_NO_HEADER)
    end = tail[-2048:]
    if b"%%EOF" not in end and b"startxref" not in end:
        problems.append(ProblemCode.PDF_NO_TRAILER)
    data = head if size <= WINDOW else head + b"\n" + tail
    protection = _protection(data)
    if protection is not None:
        problems.append(protection)
    info = {} if protection else _info(data)
    title, authors, language, found = _xmp(data)
    pages = [int(n) for n in [*_COUNT.findall(data), *_COUNT_FIRST.findall(data)]]
    author = info.get("Author", "")
    return ProbedFile(
        kind=MediaKind.PDF,
        size=size,
        title=title or info.get("Title", ""),
        authors=authors or clean.unique(re.split(r"\s*[;&]\s*", author)),
        language=language,
        isbns=tuple(dict.fromkeys([*found, *_isbns(" ".join(info.values()))]))[:20],
        pages=max(pages, default=0),
        problems=tuple(problems),
    )


def _protection(data: bytes) -> ProblemCode | None:
    """`pdf_restricted` for the standard password handler, `pdf_encrypted` for any other.

    Most files with the standard handler open with an empty password; whether this one does
    would need its ciphers.
    """
    match = _ENCRYPT.search(data)
    if match is None:
        return None
    if match[1]:
        at = data.find(b"%s %s obj" % (match[1], match[2]))
        body = data[at : at + MAX_STRING] if at >= 0 else b""
    else:
        body = data[match.start() : match.start() + MAX_STRING]
    handler = re.search(rb"/Filter\s*/([A-Za-z0-9_.]{1,40})", body)
    other = handler is not None and handler[1] != b"Standard"
    return ProblemCode.PDF_ENCRYPTED if other else ProblemCode.PDF_RESTRICTED


def _info(data: bytes) -> dict[str, str]:
    matches = _INFO.findall(data)
    if not matches:
        return {}
    number, generation = matches[-1]
    at = data.rfind(b"\n%s %s obj" % (number, generation))
    if at < 0:
        at = data.rfind(b"\r%s %s obj" % (number, generation))
    if at < 0:
        return {}
    body = data[at : at + 4 * MAX_STRING].partition(b"endobj")[0]
    found: dict[str, str] = {}
    for key in ("Title", "Author", "Subject", "Keywords"):
        match = re.search(rb"/%s\s*([(<])" % key.encode(), body)
        if match:
            raw = _string(body, match.start(1))
            found[key] = clean.text(_decode(raw))
    return found


def _string(body: bytes, at: int) -> bytes:
    if body[at : at + 1] == b"<":
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", body[at + 1 : at + MAX_STRING].partition(b">")[0])
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    out = bytearray()
    depth, i = 0, at
    end = min(len(body), at + MAX_STRING)
    while i < end:
        c = body[i : i + 1]
        if c == b"\\":
            octal = re.match(rb"[0-7]{1,3}", body[i + 1 : i + 4])
            if octal:
                out.append(int(octal[0], 8) & 255)
                i += 1 + len(octal[0])
                continue
            following = body[i + 1 : i + 2]
            out += _ESCAPES.get(following, following)
            i += 2
            continue
        depth += (c == b"(") - (c == b")")
        if depth == 0:
            break
        if i > at:
            out += c
        i += 1
    return bytes(out)


def _decode(raw: bytes) -> str:
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    if raw.startswith(b"\xff\xfe"):
        return raw[2:].decode("utf-16-le", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    return raw.decode("latin-1")


def _xmp(data: bytes) -> tuple[str, tuple[str, ...], str, list[str]]:
    """Title, authors, language and ISBNs of the last XMP packet."""
    start = data.rfind(b"<x:xmpmeta")
    end = data.find(b"</x:xmpmeta>", start)
    if start < 0 or not start < end < start + MAX_XMP:
        return "", (), "", []
    root = xmltree.parse(data[start : end + len(b"</x:xmpmeta>")])
    if root is None:
        return "", (), "", []

    def values(name: str) -> list[str]:
        return [
            xmltree.own_text(part)
            for element in root.iter(f"{_DC}{name}")
            for part in (list(element.iter("{*}li")) or [element])
        ]

    titles = clean.unique(values("title"))
    languages = clean.unique(values("language"))
    isbns = _isbns(" ".join(map(xmltree.own_text, root.iter()))[:MAX_XMP])
    return (
        titles[0] if titles else "",
        clean.unique(values("creator")),
        languages[0][:35] if languages else "",
        isbns,
    )


def _isbns(text: str) -> list[str]:
    return [isbn for match in _ISBN.findall(text) if (isbn := identifiers.isbn13(match))]
