"""What is left of a book's folder when its files are gone: side-cars without a book, empty folders.

A folder with anything else in it, or with a folder in it, is somebody's and stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from bindery.files.disk import codes, prune_dirs
from bindery.files.roots import resolve_inside

SIDE_CARS = frozenset("jpg jpeg png webp gif opf nfo json cue m3u m3u8 xml abs".split())
MOST = 100
"""Side-cars of one folder; more are a collection of something."""


def lonely_side_cars(root: str, folders: Sequence[str]) -> list[str]:
    """The side-cars of those folders that hold nothing else, as absolute paths. The root's own
    level is nobody's folder. Raises `DiskError`.
    """
    found: list[str] = []
    for folder in dict.fromkeys(folders):
        if folder.rstrip("/") == root.rstrip("/") or resolve_inside(root, folder) is None:
            continue
        with codes(folder):
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                continue
        lonely = all(
            entry.is_file(follow_symlinks=False)
            and entry.name.rpartition(".")[2].casefold() in SIDE_CARS
            for entry in entries
        )
        if entries and lonely and len(entries) <= MOST:
            found += sorted(entry.path for entry in entries)
    return found


def prune_empty(root: str, folders: Sequence[str]) -> None:
    """Remove those folders and their parents while they are empty; the root stays."""
    for folder in sorted(dict.fromkeys(folders), key=len, reverse=True):
        if resolve_inside(root, folder) is not None:
            prune_dirs(folder, root.rstrip("/"))
