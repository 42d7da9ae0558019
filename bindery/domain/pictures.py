"""What a picture is, by its first bytes: type and size before anybody decodes it."""

import re
import struct

import msgspec


class PictureFacts(msgspec.Struct, frozen=True):
    """Media type, and width and height in pixels (0 = the header does not tell)."""

    mime: str
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Area."""
        return self.width * self.height


_AVIF = re.compile(rb"....ftyp(avif|avis)|....ftyp(?:mif1|msf1|miaf).{0,60}avif", re.DOTALL)
_NO_SIZE = {0xC4, 0xC8, 0xCC}


def read_picture(data: bytes) -> PictureFacts | None:
    """Facts of a JPEG, PNG, GIF, WebP or AVIF; None for everything else, SVG included."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
            return PictureFacts("image/png", *struct.unpack(">II", data[16:24]))
        if data[:6] in {b"GIF87a", b"GIF89a"}:
            return PictureFacts("image/gif", *struct.unpack("<HH", data[6:10]))
        if data[:3] == b"\xff\xd8\xff":
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if _AVIF.match(data[:80]):
            return _avif(data)
    except struct.error:
        return None
    return None


def _jpeg(data: bytes) -> PictureFacts | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return PictureFacts("image/jpeg", width, height)
        if marker in {0x01, *range(0xD0, 0xD9)}:
            at += 2
            continue
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _webp(data: bytes) -> PictureFacts | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L" and data[20:21] == b"\x2f":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", data[26:30]))
    else:
        return None
    return PictureFacts("image/webp", width, height)


def _avif(data: bytes) -> PictureFacts:
    at = data.find(b"ispe", 0, 4096)
    if at < 0:
        return PictureFacts("image/avif", 0, 0)
    width, height = struct.unpack(">II", data[at + 8 : at + 16])
    return PictureFacts("image/avif", width, height)
