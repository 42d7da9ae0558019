"""The steps of the import journal, one function each (architecture.md 6a-6c).

A step does its act, makes it durable and returns the op with its new state and facts; the caller
commits that before the next step. Steps that read whole files are generators which yield the
bytes done after every slice, so that a caller in a thread can report, stop, or find a mount dead.
All raise `DiskError`; none touches a path whose inode is not ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Generator

from msgspec.structs import replace

from bindery.domain.file_op import FileOp, Method, OpKind, OpState
from bindery.files import bin as trash
from bindery.files import disk
from bindery.files.disk import DiskError, Standing
from bindery.files.roots import resolve_inside
from bindery.runtime.faults import reach

TMP = ".bindery-tmp-"
SPARE = 100 * 1024 * 1024

Slices = Generator[int, None, FileOp]


def tmp_beside(dst: str, key: str) -> str:
    """The temp name of a file that goes into a folder that exists or is shared."""
    return os.path.join(os.path.dirname(dst), TMP + key)


def tmp_in_folder(dst: str, folder: str, key: str) -> str:
    """The temp name of a file of a new folder that appears as a whole.

    `folder` is the final folder, above `dst`; all its files are given the same `key`.
    """
    inside = os.path.relpath(dst, folder)
    if inside.startswith(".."):
        raise DiskError("outside_root", dst)
    return os.path.join(os.path.dirname(folder), TMP + key, inside)


def folders_of(op: FileOp) -> tuple[str, str] | None:
    """(temp folder, final folder) of an op whose folder appears as a whole, else None."""
    parts = op.tmp.split("/")
    found = next((i for i, part in enumerate(parts[:-1]) if part.startswith(TMP)), None)
    if found is None:
        return None
    below = len(parts) - 1 - found
    return "/".join(parts[: found + 1]), "/".join(op.dst.split("/")[:-below])


def stage(op: FileOp) -> Slices:
    """Bring the bytes to `tmp`, durable and verified. Anything of ours at `tmp` is replaced."""
    if resolve_inside(op.root, op.dst) is None or not os.path.basename(op.tmp):
        raise DiskError("outside_root", op.dst)
    remove_tmp(op)
    source = disk.open_regular(op.src)
    try:
        before = disk.stand_of(source)
        disk.make_dirs(os.path.dirname(op.tmp))
        if resolve_inside(op.root, op.tmp) is None:
            raise DiskError("outside_root", op.tmp)
        linked = op.method is not Method.COPY and _link(op)
        if linked:
            reach("op.tmp_partial")
            sha256 = yield from disk.hash_file(source)
            reach("op.tmp_written")
            os.fsync(source)
            method = Method.HARDLINK
        else:
            sha256, method = yield from _copy(op, source, before)
        after = disk.stand_of(source)
        if (after.size, after.mtime_ns) != (before.size, before.mtime_ns):
            raise DiskError("source_changed", op.src)
        partial = disk.partial_md5(source)
    finally:
        os.close(source)
    disk.fsync_dir(os.path.dirname(op.tmp))
    reach("op.tmp_synced")
    staged = disk.standing(op.tmp)
    if staged is None or staged.size != before.size:
        raise DiskError("hash_differs", op.tmp)
    return replace(
        op,
        state=OpState.STAGED,
        method=method,
        size=staged.size,
        sha256=sha256,
        partial_md5=partial,
        inode=staged.inode,
        device=staged.device,
        mtime_ns=staged.mtime_ns,
    )


def _link(op: FileOp) -> bool:
    try:
        os.link(op.src, op.tmp, follow_symlinks=False)
    except OSError as error:
        if error.errno in disk.NO_LINK:
            return False
        raise
    return True


def _copy(op: FileOp, source: int, before: Standing) -> Generator[int, None, tuple[str, Method]]:
    space = os.statvfs(os.path.dirname(op.tmp))
    if space.f_bavail * space.f_frsize < before.size + SPARE:
        raise DiskError("disk_full", op.tmp)
    target = os.open(op.tmp, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        method = Method.REFLINK if disk.try_reflink(source, target) else Method.COPY
        if method is Method.REFLINK:
            reach("op.tmp_partial")
            sha256 = yield from disk.hash_file(source)
        else:
            sha256 = yield from _copy_bytes(source, target)
        os.utime(target, ns=(before.mtime_ns, before.mtime_ns))
        reach("op.tmp_written")
        os.fsync(target)
        if method is Method.COPY:
            # Read back from the disk rather than from the page cache, as far as it listens.
            os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
            if (yield from disk.hash_file(target)) != sha256:
                raise DiskError("hash_differs", op.tmp)
    finally:
        os.close(target)
    return sha256, method


def _copy_bytes(source: int, target: int) -> Generator[int, None, str]:
    digest = hashlib.sha256()
    at = since = 0
    while chunk := os.pread(source, disk.CHUNK, at):
        digest.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
        if at == 0:
            reach("op.tmp_partial")
        at += len(chunk)
        since += len(chunk)
        if since >= disk.SLICE:
            since = 0
            # In slices, so that the last fsync of a large file does not look like a dead mount.
            os.fdatasync(target)
            yield at
    return digest.hexdigest()


def displace(op: FileOp) -> FileOp:
    """Move what stands at dst into the bin. Only for an op that `replaces`."""
    standing = disk.standing(op.dst)
    if not op.replaces or (standing is not None and not standing.regular):
        raise DiskError("dst_taken", op.dst)
    if standing is not None:
        trash.move_to_bin(op.root, op.change, op.key, op.dst)
        reach("op.displaced_moved")
    return replace(op, state=OpState.DISPLACED)


def publish(op: FileOp) -> FileOp:
    """Give tmp its final name; a folder that appears as a whole is renamed once, with all in it."""
    folders = folders_of(op)
    if folders is not None and not os.path.lexists(folders[1]):
        disk.rename_checked(*folders)
        disk.fsync_dir(os.path.dirname(folders[1]))
    else:
        disk.make_dirs(os.path.dirname(op.dst))
        disk.rename_free(op.tmp, op.dst)
        remove_tmp(op)
    reach("op.renamed")
    return replace(op, state=OpState.PUBLISHED)


def sync(op: FileOp) -> FileOp:
    """Make the final name durable: the last step of `place` and `trash`."""
    disk.fsync_dir(os.path.dirname(op.dst))
    folders = folders_of(op)
    if folders is not None:
        disk.fsync_dir(os.path.dirname(folders[1]))
    reach("op.dir_synced")
    return replace(op, state=OpState.DONE)


def adopt(op: FileOp) -> Slices:
    """Accept what stands at dst because its bytes equal the source's; else `hash_differs`."""
    wanted = yield from disk.hash_path(op.src)
    target = disk.open_regular(op.dst)
    try:
        found = yield from disk.hash_file(target)
        stand, partial = disk.stand_of(target), disk.partial_md5(target)
    finally:
        os.close(target)
    if found != wanted:
        raise DiskError("hash_differs", op.dst)
    return replace(
        op,
        state=OpState.DONE,
        size=stand.size,
        sha256=found,
        partial_md5=partial,
        inode=stand.inode,
        device=stand.device,
        mtime_ns=stand.mtime_ns,
    )


def throw_away(op: FileOp) -> FileOp:
    """Move the library file of a `trash` op into the bin."""
    if resolve_inside(op.root, op.src) is None:
        raise DiskError("outside_root", op.src)
    moved = trash.move_to_bin(op.root, op.change, op.key, op.src)
    reach("op.displaced_moved")
    stand = disk.standing(moved)
    inode, size = (stand.inode, stand.size) if stand is not None else (op.inode, op.size)
    return replace(op, state=OpState.PUBLISHED, dst=moved, inode=inode, size=size)


def drop_source(op: FileOp) -> Slices:
    """Remove an imported source, if dst holds its bytes now: hashed now, not remembered."""
    source, target = disk.standing(op.src), disk.standing(op.dst)
    if target is None:
        raise DiskError("dst_missing", op.dst)
    if source is not None:
        if _is_same_entry(op.src, op.dst):
            raise DiskError("same_file", op.src)
        if (source.device, source.inode) != (target.device, target.inode):
            wanted = yield from disk.hash_path(op.src)
            found = yield from disk.hash_path(op.dst)
            if wanted != found or (op.sha256 and found != op.sha256):
                raise DiskError("hash_differs", op.src)
            if disk.standing(op.src) != source:
                raise DiskError("source_changed", op.src)
        os.unlink(op.src)
        reach("source.first_removed")
        disk.fsync_dir(os.path.dirname(op.src))
    return replace(op, state=OpState.DONE)


def _is_same_entry(first: str, second: str) -> bool:
    """Whether two paths are one name in one directory, seen through links or bind mounts."""
    here, there = os.stat(os.path.dirname(first)), os.stat(os.path.dirname(second))
    return os.path.samestat(here, there) and os.path.basename(first) == os.path.basename(second)


def prune_source_dirs(folder: str, stop: str) -> None:
    """After the last `drop_source`: remove empty directories from `folder` up to `stop`."""
    disk.prune_dirs(folder, stop)
    reach("source.removed")


def remove_tmp(op: FileOp) -> None:
    """Remove our own temp file and the temp folder when nothing is left in it."""
    folders = folders_of(op)
    if folders is None and not os.path.basename(op.tmp).startswith(TMP):
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(op.tmp)
    if folders is not None:
        disk.prune_dirs(os.path.dirname(op.tmp), os.path.dirname(folders[0]))


def undo(op: FileOp) -> FileOp:
    """Take an op back: tmp away, our file at dst away, what it displaced back in place.

    Idempotent. A file at dst that is not ours stays, and then what was displaced stays in the bin
    (`dst_taken`). A dropped source cannot come back.
    """
    with disk.codes(op.dst):
        if op.kind is OpKind.PLACE:
            _unpublish(op)
        if op.kind in (OpKind.PLACE, OpKind.TRASH) and op.change:
            trash.restore(op.root, op.change, op.key)
    return replace(op, state=OpState.UNDONE)


def _unpublish(op: FileOp) -> None:
    standing = disk.standing(op.dst)
    ours = standing is not None and op.inode != 0 and standing.inode == op.inode
    if ours and op.state is not OpState.PLANNED:
        os.unlink(op.dst)
        disk.fsync_dir(os.path.dirname(op.dst))
    if op.tmp:
        remove_tmp(op)
    disk.prune_dirs(os.path.dirname(op.dst), op.root)
