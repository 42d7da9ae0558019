"""One process per data folder."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bindery.store.errors import FolderLocked

LOCK_NAME = "bindery.lock"


@contextmanager
def locked_folder(folder: Path) -> Generator[None]:
    """Hold the data folder for the duration of the block.

    The lock belongs to the open file: a process that is killed gives it back. Raises
    `FolderLocked`, naming the process that holds it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / LOCK_NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise FolderLocked(
                f"{folder} is in use by another Bindery (process {holder}): stop it first, "
                "or give this one its own data folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
