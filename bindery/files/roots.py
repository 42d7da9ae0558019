"""Root folders: their marker, their fitness, and what lies inside them (architecture.md 6b).

An absent marker means "root not mounted": an empty mount point looks like an empty library, and
importing into it would fill the wrong disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable

import msgspec

from bindery.files.disk import NO_LINK, DiskError, codes, fsync_dir
from bindery.runtime.rootpath import MARKER, read_marker
from bindery.runtime.rootpath import marker_problem as marker_problem  # noqa: PLC0414 - known here
from bindery.runtime.rootpath import resolve_inside as resolve_inside  # noqa: PLC0414 - known here

_NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs smb2 9p afs ceph glusterfs fuse.glusterfs fuse.sshfs fuse.rclone "
    "fuse.s3fs fuse.davfs davfs fuse.cephfs lustre beegfs orangefs ncpfs fuse.smbnetfs "
    "fuse.curlftpfs".split()
)


class RootFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A root as found. Sizes in bytes. `code` is empty when it can be imported into, else:
    root_missing, root_not_directory, root_unreadable, root_not_mounted (no marker),
    root_changed (another root's marker), root_read_only.
    """

    path: str
    code: str = ""
    marker: str = ""
    device_id: int = 0
    free: int = 0
    total: int = 0
    filesystem: str = ""
    network: bool = False
    readable: bool = False
    writable: bool = False


class LinkTest(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a hardlink from one folder to another works. `reason` when not:
    link_missing_folder, link_other_filesystem, link_exdev (one disk, two mounts), link_unsupported.
    """

    possible: bool
    reason: str = ""


def write_marker(root: str, uuid: str) -> str:
    """Mark a root that is being added and return the uuid that stands there now.

    A marker from an earlier installation is kept: the answer is then that one.
    Raises `DiskError`.
    """
    path = os.path.join(root, MARKER)
    with codes(path):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            present = read_marker(root)
            if present:
                return present
            # An empty marker is our own, cut off by a crash.
            descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.write(descriptor, f"{uuid}\n".encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fsync_dir(root)
    return uuid


def check_root(path: str, marker: str | None, *, write: bool = True) -> RootFacts:
    """Look at a root. `marker` is the uuid of its row; None for a root that is being added.

    With `write` a small file is written and removed, which alone proves that writing works; without
    it only what the system says of the mount and of our rights. Never raises on what it finds.
    """
    if not os.path.isabs(path) or not os.path.exists(path):
        return RootFacts(path=path, code="root_missing")
    if not os.path.isdir(path):
        return RootFacts(path=path, code="root_not_directory")
    try:
        space = os.statvfs(path)
        device = os.stat(path).st_dev
        readable = os.access(path, os.R_OK | os.X_OK)
    except OSError:
        return RootFacts(path=path, code="root_unreadable")
    found = read_marker(path)
    kind = filesystem_of(path)
    writable = _can_write(path) if write else _may_write(path, space.f_flag)
    code = ""
    if not readable:
        code = "root_unreadable"
    elif marker is not None and not found:
        code = "root_not_mounted"
    elif marker is not None and found != marker:
        code = "root_changed"
    elif not writable:
        code = "root_read_only"
    return RootFacts(
        path=path,
        code=code,
        marker=found,
        device_id=device,
        free=space.f_bavail * space.f_frsize,
        total=space.f_blocks * space.f_frsize,
        filesystem=kind,
        network=kind in _NETWORK,
        readable=readable,
        writable=writable,
    )


def _can_write(folder: str) -> bool:
    probe = os.path.join(folder, f".bindery-write-check-{secrets.token_hex(6)}")
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.unlink(probe)
    except OSError:
        return False
    return True


def _may_write(folder: str, mount: int) -> bool:
    return not mount & os.ST_RDONLY and os.access(folder, os.W_OK | os.X_OK)


def filesystem_of(path: str) -> str:
    """The type of the mounted file system, as in mountinfo (`ext4`, `nfs4`); '' if unknown."""
    try:
        device = os.stat(path).st_dev
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
    except OSError:
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    kind = ""
    for line in lines:
        before, dash, after = line.partition(" - ")
        fields = before.split()
        if dash and len(fields) > 2 and fields[2] == wanted:
            kind = after.split(" ", 1)[0]
    return kind


def is_network(path: str) -> bool:
    """Whether a path is on a mount whose sizes may lag behind."""
    return filesystem_of(path) in _NETWORK


def nested_with(path: str, others: Iterable[str]) -> str | None:
    """The first of `others` that is, holds or lies in `path`; compared by directory identity, so
    that case-insensitive file systems, links and bind mounts do not hide it.
    """
    for other in others:
        if _holds(path, other) or _holds(other, path):
            return other
    return None


def nested_by_name(path: str, other: str) -> bool:
    """As `nested_with` for one pair, without asking the disk."""
    first, second = (os.path.normpath(one).rstrip("/") + "/" for one in (path, other))
    return first.startswith(second) or second.startswith(first)


def _holds(outer: str, inner: str) -> bool:
    """Whether `inner` is or lies in `outer`; by name alone where `outer` does not exist now."""
    home, at = os.path.realpath(outer), os.path.realpath(inner)
    if at == home or at.startswith(home.rstrip("/") + "/"):
        return True
    try:
        wanted = os.stat(home)
    except OSError:
        return False
    while True:
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(at), wanted):
                return True
        parent = os.path.dirname(at)
        if parent == at:
            return False
        at = parent


def try_hardlink(source: str, target: str) -> LinkTest:
    """Try a real link between the nearest existing folders of two paths.

    Two bind mounts of one disk share a device number and still refuse, so only trying tells
    (downloads-and-import.md 6.2). Where the probe cannot be written the device decides.
    """
    here, there = _nearest_dir(source), _nearest_dir(target)
    if here is None or there is None:
        return LinkTest(possible=False, reason="link_missing_folder")
    if os.stat(here).st_dev != os.stat(there).st_dev:
        return LinkTest(possible=False, reason="link_other_filesystem")
    token = secrets.token_hex(6)
    first = os.path.join(here, f".bindery-link-check-{token}")
    second = os.path.join(there, f".bindery-link-check-{token}-2")
    try:
        os.close(os.open(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError:
        return LinkTest(possible=True)
    try:
        os.link(first, second)
        os.unlink(second)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return LinkTest(possible=False, reason="link_exdev")
        if error.errno in NO_LINK:
            return LinkTest(possible=False, reason="link_unsupported")
        raise DiskError("io_error", there, error.errno or 0) from error
    finally:
        os.unlink(first)
    return LinkTest(possible=True)


def _nearest_dir(path: str) -> str | None:
    at = os.path.realpath(path)
    while not os.path.isdir(at):
        parent = os.path.dirname(at)
        if parent == at:
            return None
        at = parent
    return at
