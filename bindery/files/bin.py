"""The recycle bin: `<root>/.bindery-trash/<change>/<op key>/<path inside the root>`.

The layout says by itself where everything came from: restoring needs no database. One op holds
one file; a folder goes into the bin as one op per file.
"""

from __future__ import annotations

import os
import shutil

import msgspec

from bindery.files.disk import DiskError, codes, fsync_dir, make_dirs, prune_dirs, rename_free

TRASH = ".bindery-trash"


class Binned(msgspec.Struct, frozen=True, kw_only=True):
    """One file in the bin: where it lies and where it came from."""

    change: str
    key: str
    path: str
    origin: str


class Purged(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge removed; `more` when it stopped at its limit."""

    changes: tuple[str, ...] = ()
    more: bool = False


def place_in_bin(root: str, change: str, key: str, path: str) -> str:
    """Where `path` (inside `root`) lies in the bin. Raises `DiskError('outside_root')`."""
    relative = os.path.relpath(path, root)
    if relative.startswith("..") or os.path.isabs(relative) or relative == ".":
        raise DiskError("outside_root", path)
    return os.path.join(_slot(root, change, key), relative)


def _slot(root: str, change: str, key: str) -> str:
    for part in (change, key):
        if not part or "/" in part or part.startswith("."):
            raise DiskError("outside_root", part)
    return os.path.join(root, TRASH, change, key)


def move_to_bin(root: str, change: str, key: str, path: str) -> str:
    """Move a file into the bin and make both directories durable; returns its place.

    Raises `DiskError`: `dst_taken` when the slot of this op is used, `bin_elsewhere` when the
    path is on another file system than the bin.
    """
    target = place_in_bin(root, change, key, path)
    with codes(path):
        if held(root, change, key) is not None:
            raise DiskError("dst_taken", target)
        make_dirs(os.path.dirname(target))
        if os.lstat(path).st_dev != os.stat(os.path.dirname(target)).st_dev:
            prune_dirs(os.path.dirname(target), root)
            raise DiskError("bin_elsewhere", path)
        # Nothing can stand at the target: the slot belongs to this op alone.
        os.rename(path, target)
        fsync_dir(os.path.dirname(target))
        fsync_dir(os.path.dirname(path))
    return target


def held(root: str, change: str, key: str) -> Binned | None:
    """What the bin holds for one op; None when nothing."""
    slot = at = _slot(root, change, key)
    while os.path.isdir(at) and not os.path.islink(at):
        names = os.listdir(at)
        if len(names) != 1:
            return None
        at = os.path.join(at, names[0])
    if not os.path.lexists(at):
        return None
    return Binned(
        change=change, key=key, path=at, origin=os.path.join(root, os.path.relpath(at, slot))
    )


def restore(root: str, change: str, key: str) -> str | None:
    """Put back what the bin holds for one op; its path, or None when there is nothing.

    Never replaces: raises `DiskError('dst_taken')` when the old place is used again.
    """
    found = held(root, change, key)
    if found is None:
        return None
    with codes(found.origin):
        make_dirs(os.path.dirname(found.origin))
        rename_free(found.path, found.origin)
        fsync_dir(os.path.dirname(found.origin))
        prune_dirs(os.path.dirname(found.path), root)
    return found.origin


def list_bin(root: str, limit: int = 1000) -> list[Binned]:
    """What the bin of a root holds, at most `limit` ops."""
    top = os.path.join(root, TRASH)
    found: list[Binned] = []
    if not os.path.isdir(top):
        return found
    for change in sorted(os.listdir(top)):
        folder = os.path.join(top, change)
        for key in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if len(found) >= limit:
                return found
            thing = held(root, change, key)
            if thing is not None:
                found.append(thing)
    return found


def purge_bin(root: str, before_us: int, limit: int = 100) -> Purged:
    """Delete the changes whose folder was last touched before `before_us` (µs since the epoch).

    At most `limit` changes a call, so that the caller can look up between. Raises `DiskError`.
    """
    top = os.path.join(root, TRASH)
    gone: list[str] = []
    with codes(top):
        if not os.path.isdir(top) or os.path.islink(top):
            return Purged()
        for change in sorted(os.listdir(top)):
            folder = os.path.join(top, change)
            if os.path.islink(folder) or os.lstat(folder).st_mtime_ns >= before_us * 1000:
                continue
            if len(gone) >= limit:
                return Purged(changes=tuple(gone), more=True)
            shutil.rmtree(folder)
            gone.append(change)
        prune_dirs(top, root)
    return Purged(changes=tuple(gone))
