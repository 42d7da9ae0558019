"""What stands where an import would put its files: bounded listings, no hashing."""

from __future__ import annotations

import os
import re

import msgspec

from bindery.files.disk import codes
from bindery.files.walk import walk

MAX_ENTRIES = 5_000
_NUMBERED = re.compile(r"(.*) \(\d{1,3}\)\Z", re.DOTALL)


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A regular file in a root. `rel_path` is relative to the root, `size` in bytes."""

    rel_path: str
    size: int

    @property
    def extension(self) -> str:
        """Lower case, without the dot."""
        return os.path.splitext(self.rel_path)[1][1:].lower()


def look_beside(root: str, rel_path: str) -> list[Shelved]:
    """The files in the folder of `rel_path`, not below it. Raises `DiskError`."""
    folder = os.path.dirname(rel_path)
    out: list[Shelved] = []
    here = os.path.join(root, folder)
    with codes(here):
        if not os.path.isdir(here):
            return out
        with os.scandir(here) as entries:
            for entry in entries:
                if len(out) >= MAX_ENTRIES:
                    break
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith(".bindery-"):
                    size = entry.stat(follow_symlinks=False).st_size
                    out.append(Shelved(rel_path=os.path.join(folder, entry.name), size=size))
    return sorted(out, key=lambda found: found.rel_path)


def look_into(root: str, folder: str) -> list[Shelved]:
    """The files below `folder` and its numbered siblings (`Title (2)`). Raises `DiskError`."""
    parent, name = os.path.split(folder)
    here = os.path.join(root, parent)
    out: list[Shelved] = []
    with codes(here):
        if not os.path.isdir(here):
            return out
        for found in sorted(os.listdir(here)):
            if _base(found).casefold() != name.casefold() and found.casefold() != name.casefold():
                continue
            inside = os.path.join(parent, found)
            if not os.path.isdir(os.path.join(root, inside)):
                continue
            files = walk(os.path.join(root, inside), limit=MAX_ENTRIES).files
            out += [Shelved(rel_path=f"{inside}/{f.relative}", size=f.size) for f in files]
    return out


def _base(name: str) -> str:
    numbered = _NUMBERED.match(name)
    return numbered[1] if numbered else name
