"""MP4 boxes that tag readers leave out: damage, protection, chapters, the narrator (ISO 14496-12).

Walks by seeking; never holds a sample table. Boxes, depth and bytes read are bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from bindery.files.probe import clean

MAX_BOXES = 20_000
MAX_VALUE = 4096
_PROTECTED = (b"aavd", b"drms", b"enca")
_CHAPTER_HANDLERS = (b"text", b"sbtl", b"subt")


class Box(NamedTuple):
    """A box: type, where its body starts, where it says it ends, whether that is in the file."""

    kind: bytes
    start: int
    end: int
    whole: bool


class Mp4Facts(msgspec.Struct, kw_only=True):
    """`truncated`: a top-level box ends beyond the file, or the index is missing."""

    truncated: bool = False
    protected: bool = False
    chapters: int = 0
    narrator: str = ""


class _Walker:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self._left = MAX_BOXES

    def boxes(self, start: int, end: int) -> Iterator[Box]:
        at = start
        while at + 8 <= end and self._left > 0:
            self._left -= 1
            self.file.seek(at)
            header = self.file.read(16)
            if len(header) < 8:
                return
            length, kind = struct.unpack_from(">L4s", header)
            body = at + 8
            if length == 1 and len(header) == 16:
                length, body = struct.unpack_from(">Q", header, 8)[0], at + 16
            elif length == 0:
                length = end - at
            if length < body - at:
                return
            stop = at + length
            yield Box(kind, body, min(stop, end), stop <= end)
            at = stop

    def child(self, box: Box, *path: bytes) -> Box | None:
        for kind in path:
            skip = 4 if box.kind == b"meta" else 0
            found = next((b for b in self.boxes(box.start + skip, box.end) if b.kind == kind), None)
            if found is None:
                return None
            box = found
        return box

    def read(self, box: Box, length: int, offset: int = 0) -> bytes:
        self.file.seek(box.start + offset)
        return self.file.read(max(0, min(length, box.end - box.start - offset)))


def read_mp4(file: BinaryIO, size: int) -> Mp4Facts:
    """Walk the file. Never raises on malformed content; `size` in bytes."""
    facts = Mp4Facts()
    walker = _Walker(file, size)
    top = list(walker.boxes(0, size))
    moov = next((box for box in top if box.kind == b"moov"), None)
    facts.truncated = moov is None or not all(box.whole for box in top)
    if moov is None:
        return facts
    referenced: set[int] = set()
    counts: dict[int, int] = {}
    for trak in walker.boxes(moov.start, moov.end):
        if trak.kind == b"trak":
            _track(walker, trak, facts, referenced, counts)
    listed = max((counts.get(track, 0) for track in referenced), default=0)
    facts.chapters = _nero_chapters(walker, moov) or listed
    facts.narrator = _narrator(walker, moov)
    return facts


def _track(
    walker: _Walker, trak: Box, facts: Mp4Facts, referenced: set[int], counts: dict[int, int]
) -> None:
    stbl = walker.child(trak, b"mdia", b"minf", b"stbl")
    if stbl is None:
        return
    stsd = walker.child(stbl, b"stsd")
    if stsd is not None and walker.read(stsd, 16)[12:16] in _PROTECTED:
        facts.protected = True
    chap = walker.child(trak, b"tref", b"chap")
    if chap is not None:
        raw = walker.read(chap, 64)
        referenced.update(n for (n,) in struct.iter_unpack(">L", raw[: len(raw) // 4 * 4]))
    handler = walker.child(trak, b"mdia", b"hdlr")
    if handler is not None and walker.read(handler, 12)[8:12] in _CHAPTER_HANDLERS:
        tkhd = walker.child(trak, b"tkhd")
        stsz = walker.child(stbl, b"stsz")
        if tkhd is None or stsz is None:
            return
        header, sizes = walker.read(tkhd, 24), walker.read(stsz, 12)
        if len(header) == 24 and len(sizes) == 12:
            track = struct.unpack_from(">L", header, 20 if header[0] == 1 else 12)[0]
            counts[track] = min(struct.unpack_from(">L", sizes, 8)[0], 65535)


def _nero_chapters(walker: _Walker, moov: Box) -> int:
    chpl = walker.child(moov, b"udta", b"chpl")
    if chpl is None:
        return 0
    raw = walker.read(chpl, 9)
    at = 8 if raw[:1] == b"\x01" else 4
    return raw[at] if len(raw) > at else 0


def _narrator(walker: _Walker, moov: Box) -> str:
    data = walker.child(moov, b"udta", b"meta", b"ilst", b"\xa9nrt", b"data")
    return (
        ""
        if data is None
        else clean.text(walker.read(data, MAX_VALUE, 8).decode("utf-8", "replace"))
    )
