"""Audio: tags by tinytag, and whether the file holds the sound it promises."""

from __future__ import annotations

import os
import re
import struct
from typing import BinaryIO

from tinytag import TinyTag, TinyTagException

from bindery.domain import identifiers
from bindery.domain.credits import credited
from bindery.domain.media import MediaKind, ProbedFile, ProblemCode, Track
from bindery.files.probe import clean
from bindery.files.probe.mp4 import Mp4Facts, read_mp4

TAIL = 128 * 1024
_PEOPLE = re.compile(r"\s*[;/&]\s*|\s*\x00\s*")
_ISBN_KEYS = ("isbn", "isbn13", "isbn-13", "isbn10")


def probe_audio(file: BinaryIO, kind: MediaKind, size: int) -> ProbedFile:
    """Read tags, duration and damage. `size` in bytes. Never raises on malformed content."""
    problems: list[ProblemCode] = []
    mp4 = Mp4Facts()
    if kind in (MediaKind.M4A, MediaKind.M4B):
        mp4 = read_mp4(file, size)
        if mp4.protected:
            problems.append(ProblemCode.AUDIO_ENCRYPTED)
    file.seek(0)
    if kind is MediaKind.AAC:
        return ProbedFile(kind=kind, size=size)
    try:
        tag = TinyTag.get(file_obj=file, image=True)
    except (TinyTagException, OSError, ValueError):
        code = ProblemCode.AUDIO_TRUNCATED if mp4.truncated else ProblemCode.AUDIO_UNREADABLE
        return ProbedFile(kind=kind, size=size, problems=(*problems, code))
    duration = tag.duration or 0.0
    if not 0 < duration < 10_000_000:
        duration = 0.0
        problems.append(ProblemCode.AUDIO_NO_DURATION)
    if mp4.truncated or _is_truncated(file, kind, size):
        problems.append(ProblemCode.AUDIO_TRUNCATED)
    return _from_tags(tag, kind, size, duration, mp4, problems)


def _from_tags(
    tag: TinyTag,
    kind: MediaKind,
    size: int,
    duration: float,
    mp4: Mp4Facts,
    problems: list[ProblemCode],
) -> ProbedFile:
    other: dict[str, list[str]] = {key.lower(): list(value) for key, value in tag.other.items()}

    def first(*keys: str) -> str:
        return next(
            (text for key in keys for v in other.get(key, []) if (text := clean.text(v))), ""
        )

    authors, narrators = _people(tag, other)
    narrators = clean.unique([*_PEOPLE.split(mp4.narrator), *narrators])
    asin = identifiers.asin(first("asin", "audible_asin", "cdek").upper())
    isbns = [i for key in _ISBN_KEYS for v in other.get(key, []) if (i := identifiers.isbn13(v))]
    return ProbedFile(
        kind=kind,
        size=size,
        title=clean.text(tag.title),
        subtitle=first("subtitle"),
        album=clean.text(tag.album),
        authors=authors,
        narrators=narrators,
        series=first("series", "mvnm", "movement_name"),
        position=first("series-part", "series_part", "mvin", "movement")[:20],
        language=first("language")[:35],
        isbns=tuple(dict.fromkeys(isbns)),
        asin=asin,
        publisher=first("publisher"),
        published=clean.date(tag.year),
        duration_s=round(duration, 3),
        bitrate=min(round(tag.bitrate or 0), 1_000_000),
        track=Track(
            number=_small(tag.track),
            total=_small(tag.track_total),
            disc=_small(tag.disc),
            discs=_small(tag.disc_total),
        ),
        chapters=mp4.chapters,
        has_cover=tag.images.any is not None,
        problems=tuple(dict.fromkeys(problems)),
    )


def _people(tag: TinyTag, other: dict[str, list[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Authors and narrators, cleaned. tinytag keeps the first value of a field and puts the further
    ones into `other`.
    """
    roles = [
        [value for value in (getattr(tag, role), *other.get(role, [])) if value]
        for role in ("artist", "albumartist", "composer")
    ]
    named = [*other.get("narrator", []), *other.get("narratedby", [])]
    authors, narrators = credited(roles, named)
    return clean.unique(authors), clean.unique(narrators)


def _small(value: int | None) -> int:
    return value if value is not None and 0 < value < 10_000 else 0


def _is_truncated(file: BinaryIO, kind: MediaKind, size: int) -> bool:
    if kind is MediaKind.MP3:
        return _mp3_truncated(file, size)
    if kind is MediaKind.FLAC:
        return _flac_truncated(file, size)
    if kind in (MediaKind.OGG, MediaKind.OPUS):
        return _ogg_truncated(file, size)
    return False


def _mp3_truncated(file: BinaryIO, size: int) -> bool:
    """Whether the Xing or Info header counts more bytes than the file has left."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + (
            (head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127
        )
        if start >= size:
            return True
    file.seek(start)
    frame = file.read(4096)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 4 or len(frame) < at + 16:
        return False
    flags = struct.unpack_from(">L", frame, at + 4)[0]
    if not flags & 2:
        return False
    promised = struct.unpack_from(">L", frame, at + (12 if flags & 1 else 8))[0]
    return promised > 1024 and size - start < promised * 0.98


def _flac_truncated(file: BinaryIO, size: int) -> bool:
    """Whether even the smallest frames that STREAMINFO admits would not fit the samples."""
    file.seek(0)
    head = file.read(64)
    if head[:4] != b"fLaC" or len(head) < 42:
        return False
    max_block = struct.unpack_from(">H", head, 10)[0]
    min_frame = int.from_bytes(head[12:15], "big")
    samples = int.from_bytes(head[18:26], "big") & ((1 << 36) - 1)
    return bool(max_block and min_frame) and samples // max_block * min_frame > size


def _ogg_truncated(file: BinaryIO, size: int) -> bool:
    """Whether the last page ends beyond the file."""
    file.seek(max(0, size - TAIL), os.SEEK_SET)
    tail = file.read(TAIL)
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return True
    segments = tail[at + 26]
    table = tail[at + 27 : at + 27 + segments]
    return len(table) < segments or at + 27 + segments + sum(table) > len(tail)
