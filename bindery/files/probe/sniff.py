"""What kind of file the first bytes announce, and what its name pretends."""

from __future__ import annotations

from bindery.domain.media import MediaKind

HEAD = 4096

_BY_NAME = {
    "epub": MediaKind.EPUB,
    "kepub": MediaKind.EPUB,
    "pdf": MediaKind.PDF,
    "mobi": MediaKind.MOBI,
    "prc": MediaKind.MOBI,
    "azw": MediaKind.MOBI,
    "azw3": MediaKind.AZW3,
    "fb2": MediaKind.FB2,
    "lit": MediaKind.LIT,
    "djvu": MediaKind.DJVU,
    "cbz": MediaKind.CBZ,
    "cbr": MediaKind.CBR,
    "rtf": MediaKind.RTF,
    "txt": MediaKind.TXT,
    "m4b": MediaKind.M4B,
    "m4a": MediaKind.M4A,
    "mp3": MediaKind.MP3,
    "flac": MediaKind.FLAC,
    "ogg": MediaKind.OGG,
    "oga": MediaKind.OGG,
    "opus": MediaKind.OPUS,
    "aac": MediaKind.AAC,
    "wma": MediaKind.WMA,
    "wav": MediaKind.WAV,
    "zip": MediaKind.ZIP,
    "rar": MediaKind.RAR,
    "7z": MediaKind.SEVENZIP,
}
_VIDEO_NAMES = frozenset("mkv mp4 avi wmv mov mpg mpeg m2ts ts vob webm flv".split())
_DANGEROUS_NAMES = frozenset(
    "exe scr lnk bat cmd com pif msi msp vbs vbe jse wsf wsh jar ps1 hta cpl dll sys reg apk "
    "appimage dmg pkg sh desktop url inf scf chm gadget application xll".split()
)
_MAGIC: tuple[tuple[int, bytes, MediaKind], ...] = (
    (0, b"PK\x03\x04", MediaKind.ZIP),
    (0, b"PK\x05\x06", MediaKind.ZIP),
    (0, b"Rar!\x1a\x07", MediaKind.RAR),
    (0, b"7z\xbc\xaf\x27\x1c", MediaKind.SEVENZIP),
    (60, b"BOOKMOBI", MediaKind.MOBI),
    (0, b"ITOLITLS", MediaKind.LIT),
    (0, b"AT&TFORM", MediaKind.DJVU),
    (0, b"{\\rtf", MediaKind.RTF),
    (0, b"fLaC", MediaKind.FLAC),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", MediaKind.WMA),
    (0, b"\x1a\x45\xdf\xa3", MediaKind.VIDEO),
    (0, b"\x00\x00\x01\xba", MediaKind.VIDEO),
    (0, b"FLV\x01", MediaKind.VIDEO),
    (0, b"\x7fELF", MediaKind.EXECUTABLE),
    (0, b"MZ", MediaKind.EXECUTABLE),
    (0, b"#!", MediaKind.EXECUTABLE),
    (0, b"\xca\xfe\xba\xbe", MediaKind.EXECUTABLE),
    (0, b"\xcf\xfa\xed\xfe", MediaKind.EXECUTABLE),
    (0, b"\xce\xfa\xed\xfe", MediaKind.EXECUTABLE),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", MediaKind.EXECUTABLE),
)


def extension(name: str) -> str:
    """The lower-case last extension without its dot."""
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem else ""


def by_name(name: str) -> MediaKind:
    """The kind that the extension claims; UNKNOWN when it claims nothing we know."""
    ext = extension(name)
    if ext in _DANGEROUS_NAMES:
        return MediaKind.EXECUTABLE
    if ext in _VIDEO_NAMES:
        return MediaKind.VIDEO
    return _BY_NAME.get(ext, MediaKind.UNKNOWN)


def by_content(head: bytes, claimed: MediaKind) -> MediaKind:
    """The kind of the content. `claimed` only decides between twins (M4B and M4A, text files)."""
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    if b"%PDF-" in head[:1024]:
        return MediaKind.PDF
    if head.startswith(b"ftyp", 4):
        return _mp4(head, claimed)
    if head.startswith(b"RIFF"):
        return MediaKind.WAV if head[8:12] == b"WAVE" else MediaKind.VIDEO
    if head.startswith(b"OggS"):
        return MediaKind.OPUS if b"OpusHead" in head[:128] else MediaKind.OGG
    if head.startswith(b"ID3"):
        return _after_id3(head, claimed)
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and not _is_utf16(head):
        return MediaKind.AAC if head[1] & 0xF6 == 0xF0 else MediaKind.MP3
    if b"<FictionBook" in head:
        return MediaKind.FB2
    if claimed is MediaKind.TXT and b"\x00" not in head:
        return MediaKind.TXT
    return MediaKind.UNKNOWN


def _is_utf16(head: bytes) -> bool:
    # FF FE is also a byte order mark: text has a zero in every other byte soon after.
    return head[:2] == b"\xff\xfe" and head[3:4] == b"\x00"


def _mp4(head: bytes, claimed: MediaKind) -> MediaKind:
    brand = head[8:12]
    if brand == b"M4B " or (claimed is MediaKind.M4B and brand != b"qt  "):
        return MediaKind.M4B
    if brand in (b"M4A ", b"aax ", b"aaxc") or claimed is MediaKind.M4A:
        return MediaKind.M4A
    return MediaKind.VIDEO


def _after_id3(head: bytes, claimed: MediaKind) -> MediaKind:
    if len(head) >= 10:
        start = 10 + (
            (head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127
        )
        if head[start : start + 4] == b"fLaC":
            return MediaKind.FLAC
    return claimed if claimed in (MediaKind.AAC, MediaKind.FLAC) else MediaKind.MP3
