"""Reading a ZIP that may be a bomb: the directory, one member, all checksums; never extracting."""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO

from bindery.domain.media import ListedFile, ProblemCode

MIB = 1024 * 1024
MAX_ENTRIES = 20_000
MAX_DIRECTORY = 8 * MIB
MAX_TOTAL = 4096 * MIB
MAX_CHECKED = 512 * MIB
RATIO = 100
RATIO_FREE = 64 * MIB
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ZipRefused(Exception):
    """The archive is unfit to be read; `code` says why."""

    def __init__(self, code: ProblemCode) -> None:
        super().__init__(code)
        self.code = code


class _Bounded:
    """A file that never hands out more than the directory bound in one read.

    `zipfile` reads the whole directory with one call of a size taken from the file: this is
    where a million entries are stopped before they cost memory.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0 and offset < 0:
            raise zipfile.BadZipFile("negative offset")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(MAX_DIRECTORY + 1 if size < 0 else min(size, MAX_DIRECTORY + 1))
        if len(data) > MAX_DIRECTORY:
            raise ZipRefused(ProblemCode.ZIP_TOO_MANY_ENTRIES)
        return data


class ZipReader:
    """An opened archive within its bounds. Raises `ZipRefused` from every method."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        try:
            self._zip = zipfile.ZipFile(_Bounded(file))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            raise ZipRefused(ProblemCode.ZIP_BROKEN) from error
        self._infos = self._zip.infolist()
        if len(self._infos) > MAX_ENTRIES:
            raise ZipRefused(ProblemCode.ZIP_TOO_MANY_ENTRIES)
        self.total = sum(info.file_size for info in self._infos)
        if self.total > MAX_TOTAL or (self.total > RATIO_FREE and self.total > RATIO * size):
            raise ZipRefused(ProblemCode.ZIP_BOMB)
        self._by_name = {info.filename: info for info in self._infos}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._by_name)

    @property
    def first_name(self) -> str:
        return self._infos[0].filename if self._infos else ""

    def problems(self) -> list[ProblemCode]:
        """What the directory alone gives away."""
        found: list[ProblemCode] = []
        if len(self._by_name) != len(self._infos):
            found.append(ProblemCode.ZIP_DUPLICATE_ENTRY)
        if any(is_unsafe(info.filename) for info in self._infos):
            found.append(ProblemCode.ZIP_UNSAFE_NAME)
        if any(info.flag_bits & 1 for info in self._infos):
            found.append(ProblemCode.ZIP_ENCRYPTED)
        return found

    def files(self) -> tuple[ListedFile, ...]:
        """The safe members that are files."""
        return tuple(
            ListedFile(path=info.filename.replace("\\", "/"), size=info.file_size)
            for info in self._infos
            if not info.is_dir() and not is_unsafe(info.filename)
        )

    def member(self, name: str, limit: int) -> bytes | None:
        """A member's bytes; None when there is none of that name."""
        info = self._by_name.get(name)
        if info is None:
            return None
        try:
            with self._open(info) as stream:
                data = stream.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
            raise ZipRefused(ProblemCode.ZIP_ENTRY_CORRUPT) from error
        if len(data) > limit:
            raise ZipRefused(ProblemCode.TOO_LARGE)
        return data

    def all_checksums_hold(self) -> bool:
        """Whether every member reads to its end with its CRC, as far as 512 MiB go."""
        left = MAX_CHECKED
        for info in self._infos:
            if info.is_dir() or info.flag_bits & 1:
                continue
            try:
                with self._open(info) as stream:
                    while left > 0 and (chunk := stream.read(min(left, MIB))):
                        left -= len(chunk)
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ZipRefused):
                return False
            if left <= 0:
                return True
        return True

    def _open(self, info: zipfile.ZipInfo) -> zipfile.ZipExtFile:
        if info.flag_bits & 1:
            raise ZipRefused(ProblemCode.ZIP_ENCRYPTED)
        if info.compress_type not in _METHODS:
            raise ZipRefused(ProblemCode.ZIP_ENTRY_CORRUPT)
        opened = self._zip.open(info)
        if not isinstance(opened, zipfile.ZipExtFile):  # pragma: no cover - mode r only
            raise ZipRefused(ProblemCode.ZIP_BROKEN)
        return opened


def is_unsafe(name: str) -> bool:
    """Whether a member's or torrent's path could leave the folder it is unpacked into."""
    flat = name.replace("\\", "/")
    return (
        not flat
        or flat.startswith("/")
        or "\x00" in flat
        or (len(flat) > 1 and flat[1] == ":")
        or ".." in flat.split("/")
    )
