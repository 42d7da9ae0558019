"""Listing what a download left on disk: bounded, never through a symbolic link."""

from __future__ import annotations

import os
import stat

import msgspec

MAX_ENTRIES = 20_000
MAX_DEPTH = 32
# What clients append to a file that is not complete.
PARTIAL_SUFFIXES = (
    ".part",
    ".partial",
    ".!qb",
    ".!ut",
    ".!bt",
    ".crdownload",
    ".aria2",
    ".opdownload",
    ".download",
    ".tmp",
)
_UNPACKING = ("_unpack_", "_failed_")
# `.unwanted` is where qBittorrent keeps files that were deselected.
_JUNK = frozenset(
    {".unwanted", ".ds_store", "thumbs.db", "desktop.ini", "@eadir", ".@__thumb", "__macosx"}
)


class FoundFile(msgspec.Struct, frozen=True, kw_only=True):
    """A regular file. `path` is absolute, `relative` is to the folder that was walked."""

    path: str
    relative: str
    size: int
    mtime_ns: int
    inode: int


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """An entry left out. `reason`: link, special, partial, unpacking, junk, ours, bad_name,
    unreadable, too_deep. `relative` is escaped where the name is not UTF-8.
    """

    relative: str
    reason: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands below a path; `cut` when the bound on entries was reached."""

    exists: bool = True
    files: tuple[FoundFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    cut: bool = False

    @property
    def partial(self) -> tuple[str, ...]:
        """Entries which say that the download is still being written or unpacked."""
        return tuple(s.relative for s in self.skipped if s.reason in ("partial", "unpacking"))


def is_partial(name: str) -> bool:
    """Whether a file name is one that a client gives to an incomplete file."""
    return name.lower().endswith(PARTIAL_SUFFIXES)


def walk(top: str, limit: int = MAX_ENTRIES) -> Listing:
    """Everything below `top` (or the one file `top` is), sorted by path. Never raises.

    Symbolic links are left out, also `top` itself: a release could link to our database.
    """
    files: list[FoundFile] = []
    skipped: list[Skipped] = []
    try:
        found = os.lstat(top)
    except (OSError, ValueError):
        return Listing(exists=False)
    if not stat.S_ISDIR(found.st_mode):
        name = os.path.basename(top)
        _take(top, name, name, found, files, skipped)
        return Listing(files=tuple(files), skipped=tuple(skipped))
    seen = 0
    waiting = [("", 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = os.scandir(os.path.join(top, folder) if folder else top)
        except OSError:
            skipped.append(_skip(folder, "unreadable"))
            continue
        with entries:
            for entry in entries:
                seen += 1
                if seen > limit:
                    return _listing(files, skipped, cut=True)
                relative = f"{folder}/{entry.name}" if folder else entry.name
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    skipped.append(_skip(relative, "unreadable"))
                    continue
                if not stat.S_ISDIR(found.st_mode):
                    _take(entry.path, relative, entry.name, found, files, skipped)
                elif reason := _why_not_enter(entry.name, depth):
                    skipped.append(_skip(relative, reason))
                else:
                    waiting.append((relative, depth + 1))
    return _listing(files, skipped, cut=False)


def _listing(files: list[FoundFile], skipped: list[Skipped], *, cut: bool) -> Listing:
    return Listing(
        files=tuple(sorted(files, key=lambda f: f.relative)),
        skipped=tuple(sorted(skipped, key=lambda s: s.relative)),
        cut=cut,
    )


def _why_not_enter(name: str, depth: int) -> str:
    if depth + 1 > MAX_DEPTH:
        return "too_deep"
    if name.lower().startswith(_UNPACKING):
        return "unpacking"
    return _why_not(name)


def _why_not(name: str) -> str:
    if not _is_utf8(name):
        return "bad_name"
    if name.startswith(".bindery-"):
        return "ours"
    if name.lower() in _JUNK or name.startswith("._"):
        return "junk"
    return ""


def _take(
    path: str,
    relative: str,
    name: str,
    found: os.stat_result,
    files: list[FoundFile],
    skipped: list[Skipped],
) -> None:
    reason = _why_not(name)
    if stat.S_ISLNK(found.st_mode):
        reason = "link"
    elif not stat.S_ISREG(found.st_mode):
        reason = "special"
    elif not reason and is_partial(name):
        reason = "partial"
    if reason:
        skipped.append(_skip(relative, reason))
        return
    files.append(
        FoundFile(
            path=path,
            relative=relative,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            inode=found.st_ino,
        )
    )


def _skip(relative: str, reason: str) -> Skipped:
    shown = os.fsencode(relative).decode("utf-8", "backslashreplace")
    return Skipped(relative=shown, reason=reason)


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
