"""Online backup: a whole, consistent copy while the program works."""

import contextlib
import errno
import fcntl
import os
from pathlib import Path

import apsw

from bindery.runtime.faults import reach
from bindery.store.connection import pragma

_PAGES_PER_STEP = 2_000
_TMP = ".tmp"


def copy_database(source: apsw.Connection, target: Path) -> None:
    """Copy into `target` (mode 0600): temp file beside it, fsync, rename. Runs in a thread.

    What stood at `target` is replaced only by a whole copy. A writer may go on meanwhile.
    Raises `OSError`, also for what SQLite says of the disk; no half copy stays behind then, and
    one that a killed process left in the folder goes now.
    """
    _sweep(target.parent)
    temporary = target.with_name(f".{target.name}{_TMP}")
    # The lock, gone with its process, tells a copy in the making from a dead one's.
    held = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        _copy(source, temporary)
        reach("backup.tmp_written")
        _sync(temporary)
    except apsw.Error as error:
        temporary.unlink(missing_ok=True)
        number = errno.ENOSPC if isinstance(error, apsw.FullError) else errno.EIO
        raise OSError(number, str(error), str(target)) from error
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    else:
        temporary.replace(target)
    finally:
        os.close(held)
    _sync(target.parent)


def _copy(source: apsw.Connection, temporary: Path) -> None:
    copy = apsw.Connection(str(temporary), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        with copy.backup("main", source, "main") as progress:
            while not progress.done:
                progress.step(_PAGES_PER_STEP)
        # A single file can be carried away; WAL would need its companions.
        pragma(copy, "journal_mode", "delete")
    finally:
        copy.close()


def _sweep(folder: Path) -> None:
    """Remove half copies that nobody is making any more: they hold every secret, too."""
    for left in folder.glob(f".*.db{_TMP}"):
        with contextlib.suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
