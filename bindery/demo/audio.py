"""Silent audiobooks that players accept: MP3 with ID3v2.3, and M4B (AAC in MPEG-4) with chapters.

Sources: ISO 11172-3 (frame header), ID3v2.3.0, ISO 14496-3 (raw data block), ISO 14496-12/-14.
"""

import struct

from bindery.demo.pictures import cover
from bindery.demo.shelf import Work

RATE = 44_100
# MPEG-1 layer III, no CRC, 64 kbit/s, 44.1 kHz, mono. Side information of zeros means that no
# bit of main data is used: 1,152 samples of silence in 144 * 64000 / 44100 = 208 bytes.
MP3_FRAME = bytes((0xFF, 0xFB, 0x50, 0xC0)) + bytes(204)
MP3_SAMPLES = 1_152
# AAC-LC raw data block: one channel element without any band, then the end mark.
AAC_FRAME = bytes((0, 0, 0, 7))
AAC_SAMPLES = 1_024
AAC_CONFIG = bytes((0x12, 0x08))  # object type 2, 44.1 kHz, one channel


def _text_frame(name: str, text: str) -> bytes:
    data = b"\x01" + text.encode("utf-16")
    return name.encode() + struct.pack(">IH", len(data), 0) + data


def id3(frames: dict[str, str], picture: bytes) -> bytes:
    """An ID3v2.3 tag with text frames and a front cover."""
    body = b"".join(_text_frame(name, text) for name, text in frames.items() if text)
    shown = b"\x00image/jpeg\x00\x03\x00" + picture
    body += b"APIC" + struct.pack(">IH", len(shown), 0) + shown
    size = len(body)
    syncsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + syncsafe + body


def make_mp3s(work: Work, parts: int = 3) -> dict[str, bytes]:
    """One file per part, numbered; the playing time is shared equally."""
    picture = cover(work, "JPEG", 300)
    frames = max(1, round(work.minutes * 60 * RATE / MP3_SAMPLES / parts))
    made: dict[str, bytes] = {}
    for part in range(1, parts + 1):
        tags = {
            "TIT2": f"Chapter {part}",
            "TPE1": work.author.name,
            "TALB": work.title,
            "TCOM": work.narrator,
            "TRCK": f"{part}/{parts}",
            "TYER": str(work.year),
            "TCON": "Audiobook",
            "TLAN": work.language,
        }
        made[f"{part:02d} - {work.title}.mp3"] = id3(tags, picture) + MP3_FRAME * frames
    return made


def _box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _tag(kind: bytes, data: bytes, form: int = 1) -> bytes:
    return _box(kind, _box(b"data", struct.pack(">II", form, 0), data))


def _descriptor(tag: int, data: bytes) -> bytes:
    return bytes((tag, len(data))) + data


MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _sample_table(frames: int, offset: int) -> bytes:
    decoder = _descriptor(5, AAC_CONFIG)
    config = _descriptor(
        4, bytes((0x40, 0x15, 0, 0, 0)) + struct.pack(">II", 2_000, 1_400) + decoder
    )
    esds = _full(b"esds", _descriptor(3, bytes((0, 1, 0)) + config + _descriptor(6, b"\x02")))
    entry = _box(
        b"mp4a",
        bytes(6) + struct.pack(">H", 1) + bytes(8),
        struct.pack(">HHHHI", 1, 16, 0, 0, RATE << 16),
        esds,
    )
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">III", 1, frames, AAC_SAMPLES)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, frames, 1)),
        _full(b"stsz", struct.pack(">II", len(AAC_FRAME), frames)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )


def _track(frames: int, offset: int) -> bytes:
    length = frames * AAC_SAMPLES
    header = _full(
        b"tkhd",
        struct.pack(">IIIII", 0, 0, 1, 0, length),
        bytes(8) + struct.pack(">HHHH", 0, 0, 0x100, 0) + MATRIX + bytes(8),
        flags=7,
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, RATE, length, 0x55C4, 0)),
        _full(b"hdlr", bytes(4) + b"soun" + bytes(12) + b"Sound\x00"),
        _box(
            b"minf",
            _full(b"smhd", bytes(4)),
            _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))),
            _sample_table(frames, offset),
        ),
    )
    return _box(b"trak", header, media)


def _user_data(work: Work, seconds: float) -> bytes:
    tags = _box(
        b"ilst",
        _tag(b"\xa9nam", work.title.encode()),
        _tag(b"\xa9ART", work.author.name.encode()),
        _tag(b"\xa9alb", work.title.encode()),
        _tag(b"\xa9wrt", work.narrator.encode()),
        _tag(b"\xa9day", str(work.year).encode()),
        _tag(b"\xa9gen", b"Audiobook"),
        _tag(b"stik", b"\x02", 21),
        _tag(b"covr", cover(work, "JPEG", 300), 13),
    )
    meta = _full(b"meta", _full(b"hdlr", bytes(4) + b"mdirappl" + bytes(9)), tags)
    names = [f"Chapter {place}" for place in range(1, len(work.text()) + 1)]
    marks = b"".join(
        struct.pack(">QB", int(seconds * place / len(names) * 10_000_000), len(name))
        + name.encode()
        for place, name in enumerate(names)
    )
    chapters = _box(b"chpl", struct.pack(">IIB", 0x01000000, 0, len(names)), marks)
    return _box(b"udta", meta, chapters)


def make_m4b(work: Work) -> dict[str, bytes]:
    """One file with tags, cover and Nero chapters, its index before its data."""
    frames = max(1, round(work.minutes * 60 * RATE / AAC_SAMPLES))
    length = frames * AAC_SAMPLES
    kind = _box(b"ftyp", b"M4B \x00\x00\x02\x00M4B M4A mp42isom")
    movie_header = _full(
        b"mvhd",
        struct.pack(">IIII", 0, 0, RATE, length),
        struct.pack(">IH", 0x10000, 0x100) + bytes(10) + MATRIX + bytes(24),
        struct.pack(">I", 2),
    )

    def movie(offset: int) -> bytes:
        return _box(b"moov", movie_header, _track(frames, offset), _user_data(work, length / RATE))

    offset = len(kind) + len(movie(0)) + 8
    data = _box(b"mdat", AAC_FRAME * frames)
    return {f"{work.title}.m4b": kind + movie(offset) + data}
