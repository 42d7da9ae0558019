"""What one file on disk turned out to be: the answer of the probe (architecture.md 4, 8).

Values only. The worker process in `bindery.files.probe` fills them from hostile bytes, the
import plan judges them. Every text is what the file claims, cleaned of control characters and
cut to a bound; nothing here was checked against a catalogue.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

MediaFormat = Literal["ebook", "audiobook", "other"]
Health = Literal["ok", "broken", "encrypted", "dangerous", "unknown"]


class MediaKind(StrEnum):
    """What the bytes are, not what the name says."""

    EPUB = "epub"
    PDF = "pdf"
    MOBI = "mobi"
    AZW3 = "azw3"
    FB2 = "fb2"
    LIT = "lit"
    DJVU = "djvu"
    CBZ = "cbz"
    CBR = "cbr"
    RTF = "rtf"
    TXT = "txt"
    M4B = "m4b"
    M4A = "m4a"
    MP3 = "mp3"
    FLAC = "flac"
    OGG = "ogg"
    OPUS = "opus"
    AAC = "aac"
    WMA = "wma"
    WAV = "wav"
    ZIP = "zip"
    RAR = "rar"
    SEVENZIP = "7z"
    VIDEO = "video"
    EXECUTABLE = "executable"
    UNKNOWN = "unknown"


EBOOK_KINDS = frozenset(
    {
        MediaKind.EPUB,
        MediaKind.PDF,
        MediaKind.MOBI,
        MediaKind.AZW3,
        MediaKind.FB2,
        MediaKind.LIT,
        MediaKind.DJVU,
        MediaKind.CBZ,
        MediaKind.CBR,
        MediaKind.RTF,
        MediaKind.TXT,
    }
)
AUDIO_KINDS = frozenset(
    {
        MediaKind.M4B,
        MediaKind.M4A,
        MediaKind.MP3,
        MediaKind.FLAC,
        MediaKind.OGG,
        MediaKind.OPUS,
        MediaKind.AAC,
        MediaKind.WMA,
        MediaKind.WAV,
    }
)


def format_of(kind: MediaKind) -> MediaFormat:
    """Which slot a file of this kind could fill."""
    if kind in EBOOK_KINDS:
        return "ebook"
    return "audiobook" if kind in AUDIO_KINDS else "other"


class ProblemCode(StrEnum):
    """Stable codes of what is wrong with a file. Some only inform: see `health_of`."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    TYPE_MISMATCH = "type_mismatch"
    DANGEROUS = "dangerous"
    PROBE_TIMEOUT = "probe_timeout"
    PROBE_MEMORY = "probe_memory"
    PROBE_CRASHED = "probe_crashed"
    ZIP_BROKEN = "zip_broken"
    ZIP_BOMB = "zip_bomb"
    ZIP_TOO_MANY_ENTRIES = "zip_too_many_entries"
    ZIP_UNSAFE_NAME = "zip_unsafe_name"
    ZIP_ENCRYPTED = "zip_encrypted"
    ZIP_ENTRY_CORRUPT = "zip_entry_corrupt"
    ZIP_DUPLICATE_ENTRY = "zip_duplicate_entry"
    EPUB_NO_MIMETYPE = "epub_no_mimetype"
    EPUB_NO_CONTAINER = "epub_no_container"
    EPUB_NO_PACKAGE = "epub_no_package"
    EPUB_BAD_PACKAGE = "epub_bad_package"
    EPUB_NO_CONTENT = "epub_no_content"
    EPUB_MISSING_ITEM = "epub_missing_item"
    EPUB_ENCRYPTED = "epub_encrypted"
    PDF_NO_HEADER = "pdf_no_header"
    PDF_NO_TRAILER = "pdf_no_trailer"
    PDF_ENCRYPTED = "pdf_encrypted"
    PDF_RESTRICTED = "pdf_restricted"
    MOBI_BAD_HEADER = "mobi_bad_header"
    MOBI_TRUNCATED = "mobi_truncated"
    MOBI_ENCRYPTED = "mobi_encrypted"
    AUDIO_UNREADABLE = "audio_unreadable"
    AUDIO_NO_DURATION = "audio_no_duration"
    AUDIO_TRUNCATED = "audio_truncated"
    AUDIO_ENCRYPTED = "audio_encrypted"


_INFORMING = frozenset(
    {
        ProblemCode.TYPE_MISMATCH,
        ProblemCode.UNKNOWN_TYPE,
        ProblemCode.ZIP_DUPLICATE_ENTRY,
        ProblemCode.EPUB_NO_MIMETYPE,
        ProblemCode.EPUB_MISSING_ITEM,
        ProblemCode.PDF_RESTRICTED,
    }
)
_ENCRYPTED = frozenset(
    {
        ProblemCode.EPUB_ENCRYPTED,
        ProblemCode.PDF_ENCRYPTED,
        ProblemCode.MOBI_ENCRYPTED,
        ProblemCode.AUDIO_ENCRYPTED,
        ProblemCode.ZIP_ENCRYPTED,
    }
)


def health_of(kind: MediaKind, problems: tuple[ProblemCode, ...]) -> Health:
    """One word for the import plan; the worst problem wins.

    `pdf_restricted` (password handler, usually only printing forbidden) informs;
    `pdf_encrypted` (any other handler: DRM) counts as encrypted.
    """
    found = frozenset(problems)
    if ProblemCode.DANGEROUS in found:
        return "dangerous"
    if found & _ENCRYPTED:
        return "encrypted"
    if found - _INFORMING:
        return "broken"
    return "unknown" if kind is MediaKind.UNKNOWN else "ok"


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Where an audio file says it stands in its set; 0 = not said."""

    number: int = 0
    total: int = 0
    disc: int = 0
    discs: int = 0


class ProbedFile(msgspec.Struct, frozen=True, kw_only=True):
    """The result of probing one file.

    `path` is the path asked for. `size` bytes, `duration_s` seconds, `bitrate` kbit/s.
    `title` is the title tag and `album` the album tag of audio: which of them names the book
    is the plan's judgement (judgement.md 5). `isbns` are valid ISBN-13 (10 converted).
    `language` as written in the file. `published` is `YYYY[-MM[-DD]]` or empty.
    """

    path: str = ""
    kind: MediaKind = MediaKind.UNKNOWN
    size: int = 0
    title: str = ""
    subtitle: str = ""
    album: str = ""
    authors: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    series: str = ""
    position: str = ""
    language: str = ""
    isbns: tuple[str, ...] = ()
    asin: str = ""
    publisher: str = ""
    published: str = ""
    duration_s: float = 0.0
    bitrate: int = 0
    track: Track = Track()
    chapters: int = 0
    pages: int = 0
    has_cover: bool = False
    problems: tuple[ProblemCode, ...] = ()

    @property
    def format(self) -> MediaFormat:
        """Which slot this file could fill."""
        return format_of(self.kind)

    @property
    def health(self) -> Health:
        """`ok`, `broken`, `encrypted`, `dangerous` or `unknown`."""
        return health_of(self.kind, self.problems)


class ListedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a torrent or an archive. `path` uses `/`, is relative and has no `..`."""

    path: str
    size: int


class TorrentListing(msgspec.Struct, frozen=True, kw_only=True):
    """What a .torrent file says (BEP 3, 52, 47, 27). Hashes are lower-case hex or empty.

    `code` is empty, else one of `torrent_malformed`, `torrent_too_large`,
    `torrent_too_many_files`, `torrent_unsafe_name`, `torrent_no_files`.
    """

    name: str = ""
    info_hash_v1: str = ""
    info_hash_v2: str = ""
    private: bool = False
    trackers: int = 0
    total_size: int = 0
    files: tuple[ListedFile, ...] = ()
    code: str = ""


class ArchiveListing(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds; listed, never extracted."""

    kind: MediaKind = MediaKind.UNKNOWN
    total_size: int = 0
    files: tuple[ListedFile, ...] = ()
    problems: tuple[ProblemCode, ...] = ()
