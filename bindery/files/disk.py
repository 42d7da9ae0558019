"""The system calls the journal is made of, each doing one thing and failing with a stable code."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import threading
from collections.abc import Generator

import msgspec

from bindery.runtime.faults import reach

CHUNK = 1024 * 1024
SLICE = 16 * CHUNK
_FICLONE = 0x40049409
# Errors of link() that mean "not on this file system" rather than "something is wrong".
NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES}
)
_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENAMETOOLONG: "name_too_long",
    errno.ENOENT: "path_missing",
    errno.ENOTDIR: "path_missing",
    errno.EEXIST: "dst_taken",
    errno.ESTALE: "root_gone",
    errno.ENODEV: "root_gone",
    errno.ENOTCONN: "root_gone",
    errno.ETIMEDOUT: "root_gone",
}
# A person must look: repeating the same step would fail the same way.
_PERSON = frozenset({"dst_taken", "outside_root", "name_too_long", "source_unfit", "hash_differs"})
_publishing = threading.Lock()


class DiskError(Exception):
    """A step that could not be done.

    `code` is stable: disk_full, read_only, permission, name_too_long, path_missing, io_error,
    root_gone, root_missing, root_not_mounted, root_changed, source_missing, source_changed,
    source_unfit, dst_taken, dst_missing, hash_differs, outside_root, bin_elsewhere, same_file.
    """

    def __init__(self, code: str, path: str = "", number: int = 0) -> None:
        super().__init__(f"{code}: {path}")
        self.code = code
        self.path = path
        self.number = number

    @property
    def needs_person(self) -> bool:
        """Whether the import is blocked rather than tried again (architecture.md 6a)."""
        return self.code in _PERSON


@contextlib.contextmanager
def codes(path: str = "") -> Generator[None]:
    """Turn an `OSError` inside the block into a `DiskError`."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        name = error.filename if isinstance(error.filename, str) else path
        raise DiskError(_CODES.get(number, "io_error"), name, number) from error


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at a path. `sha256` only where somebody hashed it."""

    inode: int
    device: int = 0
    size: int
    mtime_ns: int = 0
    links: int = 1
    regular: bool = True
    sha256: str = ""


def standing(path: str) -> Standing | None:
    """What stands at `path`, symbolic links unfollowed; None when nothing does."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _standing(found)


def _standing(found: os.stat_result) -> Standing:
    return Standing(
        inode=found.st_ino,
        device=found.st_dev,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        links=found.st_nlink,
        regular=stat.S_ISREG(found.st_mode),
    )


def open_regular(path: str) -> int:
    """A read descriptor of a regular file; links, devices and pipes are `source_unfit`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DiskError("source_unfit", path, errno.ELOOP) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DiskError("source_unfit", path)
    return descriptor


def stand_of(descriptor: int) -> Standing:
    """What an open descriptor is."""
    return _standing(os.fstat(descriptor))


def fsync_dir(path: str) -> None:
    """Make names in a directory durable. File systems that cannot are taken at their word."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def make_dirs(path: str) -> None:
    """Create the missing directories down to `path`; the new names are durable."""
    missing: list[str] = []
    at = path
    while not os.path.isdir(at):
        missing.append(at)
        parent = os.path.dirname(at)
        if parent == at:
            break
        at = parent
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
        fsync_dir(os.path.dirname(folder))


def prune_dirs(folder: str, stop: str) -> None:
    """Remove `folder` and its parents while they are empty; `stop` itself always stays."""
    while folder != stop and folder.startswith(stop.rstrip("/") + "/"):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)


def hash_file(descriptor: int) -> Generator[int, None, str]:
    """SHA-256 of an open file from its start; yields the bytes read after every slice."""
    digest = hashlib.sha256()
    at = since = 0
    while chunk := os.pread(descriptor, CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
        since += len(chunk)
        if since >= SLICE:
            since = 0
            yield at
    return digest.hexdigest()


def hash_path(path: str) -> Generator[int, None, str]:
    """SHA-256 of the regular file at `path`, as `hash_file`."""
    descriptor = open_regular(path)
    try:
        return (yield from hash_file(descriptor))
    finally:
        os.close(descriptor)


def partial_md5(descriptor: int) -> str:
    """KOReader's document id: MD5 of 1,024 bytes each at 0, 1 KiB, 4 KiB ... 1 GiB."""
    digest = hashlib.md5(usedforsecurity=False)
    for offset in (0, *(1024 << (2 * i) for i in range(11))):
        sample = os.pread(descriptor, 1024, offset)
        if not sample:
            break
        digest.update(sample)
    return digest.hexdigest()


def try_reflink(source: int, target: int) -> bool:
    """Share the blocks of `source` with the empty `target`; False where that is not possible."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def rename_free(source: str, target: str) -> None:
    """Give `source` the name `target`, which must be free. Raises `DiskError('dst_taken')`.

    link and unlink cannot replace; where links do not exist the check and the rename happen under
    one lock of this process (architecture.md 6b).
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError as error:
        raise DiskError("dst_taken", target, errno.EEXIST) from error
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        rename_checked(source, target)
    else:
        reach("op.linked")
        os.unlink(source)


def rename_checked(source: str, target: str) -> None:
    """Rename to a name that must be free, for folders and file systems without links."""
    with _publishing:
        if os.path.lexists(target):
            raise DiskError("dst_taken", target, errno.EEXIST)
        os.rename(source, target)
