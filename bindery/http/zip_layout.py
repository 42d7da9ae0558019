"""A zip whose length is known before a byte of it is read: stored, never compressed. Pure.

Names and sizes decide every offset; only the check sums are learnt while the bytes pass, so they
stand in a data descriptor behind each member (APPNOTE 4.3.9) and in the central directory. Members
or archives beyond 4 GiB use the zip64 fields.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_BIG = 0xFFFFFFFF
_MANY = 0xFFFF
_FLAGS = 0x0808
"""UTF-8 names (bit 11); check sum and sizes behind the data (bit 3)."""
_DATE = (1980 - 1980) << 9 | 1 << 5 | 1
"""1 January 1980: the archive does not change with the clock of a copy."""
_UNIX = 3 << 8 | 45
_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive: its name there and its size in bytes."""

    name: str
    size: int


def local_header(member: Member) -> bytes:
    """What stands before the data."""
    name = member.name.encode()
    extra = struct.pack("<HHQQ", 1, 16, 0, 0) if _is_big(member) else b""
    sizes = (_BIG, _BIG) if extra else (0, 0)
    version = 45 if extra else 20
    head = struct.pack(
        "<4sHHHHHIIIHH",
        *(b"PK\x03\x04", version, _FLAGS, 0, 0, _DATE, 0, *sizes, len(name), len(extra)),
    )
    return head + name + extra


def descriptor(member: Member, crc: int) -> bytes:
    """What stands behind the data."""
    form = "<4sIQQ" if _is_big(member) else "<4sIII"
    return struct.pack(form, b"PK\x07\x08", crc, member.size, member.size)


def directory(members: Sequence[Member], crcs: Sequence[int]) -> bytes:
    """The end of the archive: the central directory and what points to it."""
    parts: list[bytes] = []
    offset = 0
    for member, crc in zip(members, crcs, strict=True):
        parts.append(_entry(member, crc, offset))
        offset += _span(member)
    entries = b"".join(parts)
    count, size = len(members), len(entries)
    end = b""
    if offset >= _BIG or size >= _BIG or count >= _MANY:
        end = struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset
        )
        end += struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + size, 1)
    end += struct.pack(
        "<4sHHHHIIH",
        *(b"PK\x05\x06", 0, 0, min(count, _MANY), min(count, _MANY)),
        *(min(size, _BIG), min(offset, _BIG), 0),
    )
    return entries + end


def archive_size(members: Sequence[Member]) -> int:
    """Bytes of the whole archive."""
    return sum(map(_span, members)) + len(directory(members, [0] * len(members)))


def _is_big(member: Member) -> bool:
    return member.size >= _BIG


def _span(member: Member) -> int:
    return len(local_header(member)) + member.size + len(descriptor(member, 0))


def _entry(member: Member, crc: int, offset: int) -> bytes:
    name = member.name.encode()
    wide = [member.size, member.size] if _is_big(member) else []
    if offset >= _BIG:
        wide.append(offset)
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size = min(member.size, _BIG)
    head = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        *(b"PK\x01\x02", _UNIX, 45 if extra else 20, _FLAGS, 0, 0, _DATE, crc, size, size),
        *(len(name), len(extra), 0, 0, 0, _MODE, min(offset, _BIG)),
    )
    return head + name + extra
