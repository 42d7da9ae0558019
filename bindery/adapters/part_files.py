"""A file that grows by resumable pieces, and the small record beside it. All of it blocks: call it
in a thread. Renames are the only way a name becomes visible, and only after fsync.
"""

import os
from pathlib import Path

PART = ".part"


class PartFile:
    """The open `.part` file of one download."""

    def __init__(self, path: Path, offset: int) -> None:
        """Open for writing at `offset`; what lies behind it is cut off."""
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        os.ftruncate(self._fd, offset)
        os.lseek(self._fd, offset, os.SEEK_SET)

    def write(self, data: bytes, sync: bool) -> None:
        """Write everything; with `sync` it is on the disk when this returns."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        if sync:
            os.fdatasync(self._fd)

    def close(self) -> None:
        """Close without promising anything."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def publish(self, name: str) -> None:
        """Sync, give it its final name in the same folder, sync the folder."""
        os.fsync(self._fd)
        self.close()
        self.path.rename(self.path.with_name(name))
        sync_folder(self.path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_record(path: Path, data: bytes) -> None:
    """Replace a small file in one step; only the owner may read it (it may hold a signed URL)."""
    tmp = path.with_name(f"{path.name}.tmp")
    fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:  # a disk that fills up takes a part without an error
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    tmp.replace(path)
    sync_folder(path.parent)


def read_records(folder: Path, name: str, most: int = 1 << 20) -> dict[str, bytes]:
    """Record files called `name` in the sub-folders of `folder`, by sub-folder."""
    found: dict[str, bytes] = {}
    if not folder.is_dir():
        return found
    for entry in sorted(folder.iterdir()):
        record = entry / name
        if entry.is_dir() and not entry.is_symlink() and record.is_file():
            with record.open("rb") as file:
                found[entry.name] = file.read(most)
    return found
