"""Deleting what a program downloaded, for programs that do not delete it themselves.

Only files that the program named, and folders that are empty then: what a person put beside them
stays. No link is followed. All of it blocks: call it in a thread.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath

SHALLOWEST = 2
"""A path has at least so many components: nothing directly under `/` is ours to delete."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def delete_files(folder: str, paths: Sequence[str]) -> bool:
    """Delete these files, given relative to `folder` with `/`, and the folders that they leave
    empty; never `folder` itself. False when anything was left: the folder is not visible here or
    is reached through a link, a path leads out of it, the disk refuses. What is gone is no error.
    """
    parts = [PurePosixPath(path).parts for path in paths]
    if not _plain(folder) or not all(_inside(folder, one) for one in parts):
        return False
    try:
        if os.path.realpath(folder, strict=True) != os.path.normpath(folder):
            return False
        root = os.open(folder, _FOLDER)
    except OSError:
        return False
    try:
        kept = [one for one in parts if not _unlinked(root, one)]
        folders = {one[:depth] for one in parts for depth in range(1, len(one))}
        for one in sorted(folders, key=len, reverse=True):
            _remove_empty(root, one)
    finally:
        os.close(root)
    return not kept


def _plain(folder: str) -> bool:
    return folder.startswith("/") and "\0" not in folder and ".." not in folder.split("/")


def _inside(folder: str, parts: tuple[str, ...]) -> bool:
    if not parts or parts[0] == "/" or ".." in parts or any("\0" in part for part in parts):
        return False
    return len(PurePosixPath(folder).parts) - 1 + len(parts) >= SHALLOWEST


def _parent(root: int, parts: tuple[str, ...]) -> int:
    """A descriptor of the folder that holds the last part; no link on the way."""
    here = os.dup(root)
    for part in parts[:-1]:
        try:
            deeper = os.open(part, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = deeper
    return here


def _unlinked(root: int, parts: tuple[str, ...]) -> bool:
    try:
        parent = _parent(root, parts)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        found = os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return False
        os.unlink(parts[-1], dir_fd=parent)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    finally:
        os.close(parent)
    return True


def _remove_empty(root: int, parts: tuple[str, ...]) -> None:
    with suppress(OSError):
        parent = _parent(root, parts)
        try:
            os.rmdir(parts[-1], dir_fd=parent)
        finally:
            os.close(parent)
