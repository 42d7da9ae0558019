"""MOBI and AZW3: the PalmDB header, the MOBI header and its EXTH records, all bounded."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

from bindery.domain import identifiers
from bindery.domain.media import MediaKind, ProbedFile, ProblemCode
from bindery.files.probe import clean

MAX_HEADER = 256 * 1024
MAX_RECORDS = 500
_KF8 = 8
_TAGS = re.compile(r"<[^>]{0,200}>")


def probe_mobi(file: BinaryIO, size: int) -> ProbedFile:
    """Read the headers of a PalmDB file whose type is BOOKMOBI. `size` in bytes."""
    file.seek(0)
    palm = file.read(78)
    count = struct.unpack_from(">H", palm, 76)[0] if len(palm) == 78 else 0
    table = file.read(8 * count)
    if not count or len(table) != 8 * count:
        return _broken(size, ProblemCode.MOBI_BAD_HEADER)
    offsets = [offset for offset, _ in struct.iter_unpack(">LL", table)]
    problems: list[ProblemCode] = []
    if offsets[-1] >= size:
        problems.append(ProblemCode.MOBI_TRUNCATED)
    end = offsets[1] if count > 1 else size
    file.seek(offsets[0])
    record = file.read(max(0, min(end - offsets[0], MAX_HEADER)))
    if len(record) < 132 or record[16:20] != b"MOBI":
        return _broken(size, ProblemCode.MOBI_BAD_HEADER)
    if struct.unpack_from(">H", record, 12)[0]:
        problems.append(ProblemCode.MOBI_ENCRYPTED)
    length, _, code_page = struct.unpack_from(">LLL", record, 20)
    version = struct.unpack_from(">L", record, 36)[0]
    codec = "utf-8" if code_page == 65001 else "cp1252"
    name_at, name_length = struct.unpack_from(">LL", record, 84)
    name = record[name_at : name_at + min(name_length, clean.MAX_TEXT)].decode(codec, "replace")
    has_exth = struct.unpack_from(">L", record, 128)[0] & 0x40
    exth = _exth(record[16 + length :], codec) if has_exth else {}
    isbns = [isbn for value in exth.get(104, []) if (isbn := identifiers.isbn13(value))]
    asins = [a for tag in (113, 504) for v in exth.get(tag, []) if (a := identifiers.asin(v))]
    return ProbedFile(
        kind=MediaKind.AZW3 if version >= _KF8 else MediaKind.MOBI,
        size=size,
        title=_first(exth, 503) or clean.text(name),
        authors=clean.unique(exth.get(100, [])),
        publisher=_first(exth, 101),
        published=clean.date(_first(exth, 106)),
        language=_first(exth, 524)[:35],
        isbns=tuple(dict.fromkeys(isbns)),
        asin=asins[0] if asins else "",
        has_cover=201 in exth,
        problems=tuple(problems),
    )


def _broken(size: int, code: ProblemCode) -> ProbedFile:
    return ProbedFile(kind=MediaKind.MOBI, size=size, problems=(code,))


def _first(exth: dict[int, list[str]], tag: int) -> str:
    values = exth.get(tag)
    return clean.text(_TAGS.sub(" ", values[0])) if values else ""


def _exth(data: bytes, codec: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    if data[:4] != b"EXTH" or len(data) < 12:
        return found
    count = min(struct.unpack_from(">L", data, 8)[0], MAX_RECORDS)
    at = 12
    for _ in range(count):
        if at + 8 > len(data):
            break
        tag, length = struct.unpack_from(">LL", data, at)
        if length < 8 or at + length > len(data):
            break
        value = data[at + 8 : at + min(length, 4000)].decode(codec, "replace")
        found.setdefault(tag, []).append(value)
        at += length
    return found
