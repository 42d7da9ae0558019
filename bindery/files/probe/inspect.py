"""One file in, one answer out: chooses the parser by content and compares with the name."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

import msgspec

from bindery.domain.media import (
    AUDIO_KINDS,
    ArchiveListing,
    MediaKind,
    ProbedFile,
    ProblemCode,
    TorrentListing,
)
from bindery.files.probe import sniff
from bindery.files.probe.audio import probe_audio
from bindery.files.probe.epub import looks_like_epub, probe_epub
from bindery.files.probe.mobi import probe_mobi
from bindery.files.probe.pdf import probe_pdf
from bindery.files.probe.sidecar import probe_sidecar
from bindery.files.probe.torrent import MAX_SIZE, list_torrent
from bindery.files.probe.zips import ZipReader, ZipRefused

MAX_FILE = 64 * 1024**3
_TWINS = (
    frozenset({MediaKind.MOBI, MediaKind.AZW3}),
    frozenset({MediaKind.M4A, MediaKind.M4B}),
    frozenset({MediaKind.OGG, MediaKind.OPUS}),
    frozenset({MediaKind.CBZ, MediaKind.ZIP}),
    frozenset({MediaKind.CBR, MediaKind.RAR}),
)
_IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


def probe_file(path: bytes | str) -> ProbedFile:
    """Probe a regular file; symbolic links are not followed. Never raises on its content."""
    opened = _open(path)
    if isinstance(opened, ProblemCode):
        return ProbedFile(problems=(opened,))
    with opened as file:
        size = os.fstat(file.fileno()).st_size
        claimed = sniff.by_name(os.path.basename(os.fsdecode(path)))
        if size == 0:
            return ProbedFile(kind=claimed, problems=(ProblemCode.EMPTY,))
        if size > MAX_FILE:
            return ProbedFile(kind=claimed, size=size, problems=(ProblemCode.TOO_LARGE,))
        kind = sniff.by_content(file.read(sniff.HEAD), claimed)
        if kind in (MediaKind.UNKNOWN, MediaKind.TXT):
            said = probe_sidecar(file, os.path.basename(os.fsdecode(path)), size)
            if said is not None:
                return said
        return _judge_name(_parse(file, kind, claimed, size), claimed)


def list_archive(path: bytes | str) -> ArchiveListing:
    """List a ZIP. Other archives are named but not read."""
    opened = _open(path)
    if isinstance(opened, ProblemCode):
        return ArchiveListing(problems=(opened,))
    with opened as file:
        kind = sniff.by_content(file.read(sniff.HEAD), MediaKind.UNKNOWN)
        if kind is not MediaKind.ZIP:
            return ArchiveListing(kind=kind, problems=(ProblemCode.UNKNOWN_TYPE,))
        try:
            reader = ZipReader(file, os.fstat(file.fileno()).st_size)
        except ZipRefused as refused:
            return ArchiveListing(kind=kind, problems=(refused.code,))
        return ArchiveListing(
            kind=kind,
            total_size=reader.total,
            files=reader.files(),
            problems=tuple(reader.problems()),
        )


def list_torrent_file(path: bytes | str) -> TorrentListing:
    """List a torrent file on disk (a blackhole folder)."""
    opened = _open(path)
    if isinstance(opened, ProblemCode):
        return TorrentListing(code="torrent_malformed")
    with opened as file:
        return list_torrent(file.read(MAX_SIZE + 1))


def _open(path: bytes | str) -> BinaryIO | ProblemCode:
    try:
        # Non-blocking: opening a FIFO that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ProblemCode.MISSING
    except (OSError, ValueError):
        return ProblemCode.UNREADABLE
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return ProblemCode.UNREADABLE
    return os.fdopen(descriptor, "rb")


def _parse(file: BinaryIO, kind: MediaKind, claimed: MediaKind, size: int) -> ProbedFile:
    try:
        if kind is MediaKind.ZIP:
            return _zip(file, claimed, size)
        if kind is MediaKind.PDF:
            return probe_pdf(file, size)
        if kind is MediaKind.MOBI:
            return probe_mobi(file, size)
        if kind in AUDIO_KINDS:
            return probe_audio(file, kind, size)
    except OSError:
        return ProbedFile(kind=kind, size=size, problems=(ProblemCode.UNREADABLE,))
    if kind is MediaKind.RAR and claimed is MediaKind.CBR:
        kind = MediaKind.CBR
    if kind is MediaKind.UNKNOWN and claimed is not MediaKind.UNKNOWN:
        # The name promises a format whose mark is missing.
        return _unmarked(claimed, size)
    return ProbedFile(kind=kind, size=size)


def _unmarked(claimed: MediaKind, size: int) -> ProbedFile:
    if claimed is MediaKind.EPUB:
        return ProbedFile(kind=claimed, size=size, problems=(ProblemCode.ZIP_BROKEN,))
    if claimed is MediaKind.PDF:
        return ProbedFile(kind=claimed, size=size, problems=(ProblemCode.PDF_NO_HEADER,))
    if claimed in (MediaKind.MOBI, MediaKind.AZW3):
        return ProbedFile(kind=claimed, size=size, problems=(ProblemCode.MOBI_BAD_HEADER,))
    if claimed in AUDIO_KINDS:
        return ProbedFile(kind=claimed, size=size, problems=(ProblemCode.AUDIO_UNREADABLE,))
    return ProbedFile(kind=MediaKind.UNKNOWN, size=size, problems=(ProblemCode.UNKNOWN_TYPE,))


def _zip(file: BinaryIO, claimed: MediaKind, size: int) -> ProbedFile:
    try:
        reader = ZipReader(file, size)
    except ZipRefused as refused:
        kind = claimed if claimed in (MediaKind.EPUB, MediaKind.CBZ) else MediaKind.ZIP
        return ProbedFile(kind=kind, size=size, problems=(refused.code,))
    if looks_like_epub(reader) or claimed is MediaKind.EPUB:
        return probe_epub(reader, size)
    problems = reader.problems()
    images = sum(name.lower().endswith(_IMAGES) for name in reader.names)
    if claimed is MediaKind.CBZ and images:
        if not reader.all_checksums_hold():
            problems.append(ProblemCode.ZIP_ENTRY_CORRUPT)
        return ProbedFile(kind=MediaKind.CBZ, size=size, pages=images, problems=tuple(problems))
    return ProbedFile(kind=MediaKind.ZIP, size=size, problems=tuple(problems))


def _judge_name(probed: ProbedFile, claimed: MediaKind) -> ProbedFile:
    """Add `dangerous` and `type_mismatch`: content against extension."""
    problems = list(probed.problems)
    if MediaKind.EXECUTABLE in (probed.kind, claimed):
        problems.insert(0, ProblemCode.DANGEROUS)
    elif claimed not in (MediaKind.UNKNOWN, probed.kind) and not any(
        {claimed, probed.kind} <= twins for twins in _TWINS
    ):
        problems.append(ProblemCode.TYPE_MISMATCH)
    return msgspec.structs.replace(probed, problems=tuple(dict.fromkeys(problems)))
