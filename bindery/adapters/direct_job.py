"""One download of the built-in client: what its folder remembers and what its answers mean."""

import errno
import re
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
import trio

from bindery.adapters.failures import Malformed, Unavailable
from bindery.adapters.outbound import Incoming
from bindery.adapters.part_files import PART, sync_folder, write_record
from bindery.adapters.payloads import disposition_name, url_name
from bindery.domain.download_name import download_name, media_type
from bindery.domain.transfers import RemoteState

RECORD = ".bindery-direct.json"
REMOVED = ".bindery-removed-"
_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)$")


class Record(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the folder remembers of a download."""

    token: str
    url: str
    title: str
    category: str = ""
    state: Literal["queued", "paused", "complete", "failed"] = "queued"
    code: str = ""
    name: str = ""
    """Final file name, known with the first answer."""
    size: int | None = None
    synced: int = 0
    """Bytes that are certainly on the disk: from here a new process goes on."""
    validator: str = ""
    """ETag or Last-Modified that belongs to these bytes."""
    added_at: int = 0


class Job:
    """One download in memory."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record = record
        self.folder = folder
        self.scope: trio.CancelScope | None = None
        self.done = record.size or 0 if record.state == "complete" else record.synced
        self.not_before = float("-inf")
        self.failures = 0
        self.trouble = ""
        self.speed = 0
        self.saving = trio.Lock()
        self.ended = trio.Event()
        self._mark = (0.0, 0)

    @property
    def done_state(self) -> bool:
        """Whether the file is whole and published."""
        return self.record.state == "complete"

    @property
    def waiting(self) -> bool:
        """Whether `run` may start it."""
        return self.record.state == "queued" and self.scope is None

    def count(self, more: int) -> None:
        """Note progress; the speed is that of the last second or so."""
        self.done += more
        now = trio.current_time()
        since, at = self._mark
        if not since or self.done < at:
            self._mark = (now, self.done)
        elif now - since >= 1:
            self.speed = round((self.done - at) / (now - since))
            self._mark = (now, self.done)


@contextmanager
def disk_failures() -> Generator[None, None, None]:
    """Trouble with the disk, as who calls a download client expects it."""
    try:
        yield
    except OSError as error:
        code = "disk_full" if error.errno == errno.ENOSPC else "disk_error"
        raise Unavailable(code) from None


def try_folder(folder: Path) -> None:
    """Make it and write into it, or `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder / ".bindery-try", b"")
    (folder / ".bindery-try").unlink()


def make_folder(folder: Path) -> None:
    """Make the folder of one download, durably."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def left_over(folder: Path, record: Record) -> tuple[int, bool]:
    """Where to go on, and whether the file is there already under its final name."""
    if not record.name:
        return 0, False
    whole = folder / record.name
    if whole.is_file() and whole.stat().st_size == record.size:
        return 0, True
    part = folder / (record.name + PART)
    there = part.stat().st_size if part.is_file() else 0
    return (min(record.synced, there) if record.validator else 0), False


def present(files: Mapping[str, Path]) -> dict[str, bool]:
    """Which of these files are there."""
    return {token: path.is_file() for token, path in files.items()}


def clear(folder: Path, keep: str) -> None:
    """Remove the folder, or only our record when a file is to be kept.

    The folder is renamed first: a process that dies here leaves something `sweep` knows, never a
    payload without the record that says whose it is.
    """
    if not folder.is_dir() or folder.is_symlink():
        return
    if keep:
        (folder / RECORD).unlink(missing_ok=True)
        return
    doomed = folder.with_name(REMOVED + folder.name)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def sweep(downloads: Path) -> None:
    """Finish removals that an earlier process began; what cannot go stays for the next start."""
    for doomed in sorted(downloads.glob(f"{REMOVED}*")):
        if doomed.is_dir() and not doomed.is_symlink():
            shutil.rmtree(doomed, ignore_errors=True)


def state_of(job: Job, *, there: bool) -> RemoteState:
    """In the words of all clients."""
    match job.record.state:
        case "complete":
            return RemoteState.COMPLETE if there else RemoteState.MISSING_FILES
        case "paused":
            return RemoteState.PAUSED
        case "failed":
            return RemoteState.FAILED
        case _:
            if job.scope is not None:
                return RemoteState.DOWNLOADING
            return RemoteState.STALLED if job.trouble else RemoteState.QUEUED


def start_of(incoming: Incoming, offset: int) -> int:
    """Where the body begins: the whole file (200), or exactly the part that was asked for."""
    if incoming.status == 200:
        return 0
    found = _RANGE.match(incoming.headers.get("content-range", ""))
    if found is None or not offset or int(found[1]) != offset:
        raise Malformed("bad_range")
    return offset


def total_of(incoming: Incoming, start: int) -> int | None:
    """Size of the whole file as announced; None = unknown."""
    if incoming.headers.get("content-encoding", "identity").lower() != "identity":
        return None
    found = _RANGE.match(incoming.headers.get("content-range", ""))
    if incoming.status == 206 and found is not None and found[2] != "*":
        return int(found[2])
    length = incoming.headers.get("content-length", "")
    return start + int(length) if length.isdecimal() and len(length) < 16 else None


def validator(headers: Mapping[str, str]) -> str:
    """What `If-Range` may carry: a strong ETag, else the date; empty = resume is not safe."""
    if headers.get("accept-ranges", "").lower() == "none":
        return ""
    etag = headers.get("etag", "")
    return etag if etag.startswith('"') else headers.get("last-modified", "")


def name_of(incoming: Incoming, title: str) -> str:
    """The final file name."""
    told = disposition_name(incoming.headers.get("content-disposition", ""))
    mime = media_type(incoming.headers.get("content-type", ""))
    return download_name(told or url_name(incoming.url), title, mime)
