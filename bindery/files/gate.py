"""The facts of the completeness gate: is a finished download really all there? (architecture.md 6a)

Only facts; the rule "equal twice, 5 s apart" is kept by the actor, which compares two of these.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence

import msgspec

from bindery.files.roots import is_network, resolve_inside
from bindery.files.walk import PARTIAL_SUFFIXES, FoundFile, Listing, walk


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the client lists it: relative to the save path, size in bytes."""

    path: str
    size: int


class GateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on disk against what the client lists.

    `code`: '' when nothing is amiss, else path_missing, unsafe_name, partial_files,
    files_missing, size_differs, no_files, too_many_files. `network` or `unlisted`: sizes must be
    seen equal twice (compare `fingerprint`) before they are believed.
    """

    code: str = ""
    network: bool = False
    unlisted: bool = False
    fingerprint: str = ""
    files: tuple[FoundFile, ...] = ()
    partial: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    wrong_size: tuple[str, ...] = ()
    skipped: int = 0

    @property
    def look_twice(self) -> bool:
        """Whether one look is not enough."""
        return self.network or self.unlisted


def look_at_download(path: str, listed: Sequence[Expected] = ()) -> GateFacts:
    """Look at a download. `path`: its folder or file as we see it, already mapped.

    With `listed`, `path` is the save path that the names are relative to, and only the listed
    files count: a save path is often shared. Never raises on what it finds.
    """
    if not os.path.lexists(path):
        return GateFacts(code="path_missing", unlisted=not listed)
    network = is_network(path)
    if listed:
        return _against_list(path, listed, network=network)
    listing = walk(path)
    return GateFacts(
        code=_code_unlisted(listing),
        network=network,
        unlisted=True,
        fingerprint=_fingerprint(listing.files),
        files=listing.files,
        partial=listing.partial,
        skipped=len(listing.skipped),
    )


def _code_unlisted(listing: Listing) -> str:
    if listing.cut:
        return "too_many_files"
    if listing.partial:
        return "partial_files"
    return "" if listing.files else "no_files"


def _against_list(path: str, listed: Sequence[Expected], *, network: bool) -> GateFacts:
    found: list[FoundFile] = []
    partial: list[str] = []
    missing: list[str] = []
    wrong: list[str] = []
    for expected in listed:
        parts = expected.path.split("/")
        if not expected.path or expected.path.startswith("/") or ".." in parts:
            return GateFacts(code="unsafe_name", network=network, missing=(expected.path,))
        here = os.path.join(path, expected.path)
        file = _regular(path, here, expected.path)
        if file is None:
            unfinished = any(os.path.lexists(here + suffix) for suffix in _WRITTEN_SUFFIXES)
            (partial if unfinished else missing).append(expected.path)
            continue
        found.append(file)
        if file.size != expected.size:
            wrong.append(expected.path)
    code = "partial_files" if partial else "files_missing" if missing else ""
    return GateFacts(
        code=code or ("size_differs" if wrong else ""),
        network=network,
        fingerprint=_fingerprint(found),
        files=tuple(found),
        partial=tuple(partial),
        missing=tuple(missing),
        wrong_size=tuple(wrong),
    )


def _regular(top: str, path: str, relative: str) -> FoundFile | None:
    """The regular file at `path`, unless a symbolic link on the way leads out of `top`."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or resolve_inside(top, path) is None:
        return None
    return FoundFile(
        path=path,
        relative=relative,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        inode=found.st_ino,
    )


# Clients write these as they are; walk compares in lower case.
_WRITTEN_SUFFIXES = (*PARTIAL_SUFFIXES, ".!qB", ".!uT")


def _fingerprint(files: Sequence[FoundFile]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative}\0{file.size}\0{file.mtime_ns}\n".encode())
    return digest.hexdigest()
