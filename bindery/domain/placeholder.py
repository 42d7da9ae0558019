"""The picture that stands in for a cover on its way (architecture.md 9, ui.md A.8). Pure."""

import struct
import zlib

WIDTH, HEIGHT = 2, 3
"""Pixels: a cover's shape, and so small that our own app knows it and draws its own instead."""
_HUES = bytes.fromhex(
    "59302d 56331f 4f3815 3f4017 24462c 0c473e 05454e 184258 2a3d5d 3d375a 4d324e 562f3f"
)
"""The twelve dark hues of the app's covers, three bytes each."""


def placeholder(key: str) -> bytes:
    """A PNG of one dark hue, the same for the same key."""
    at = fnv1a(key) % (len(_HUES) // 3) * 3
    row = b"\0" + _HUES[at : at + 3] * WIDTH
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * HEIGHT)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def fnv1a(text: str) -> int:
    """FNV-1a of its UTF-8, 32 bits."""
    found = 0x811C9DC5
    for byte in text.encode():
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
