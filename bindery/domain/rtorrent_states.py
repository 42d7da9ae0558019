"""What the flags of rTorrent mean for us (downloads-and-import.md 2.6, test-programs.md 6)."""

import re

import msgspec

from bindery.domain.transfers import RemoteState

LAST_CHECK = 2
"""`d.hashing` while a finished download is checked once more; its byte count falls to 0 then."""

_STORAGE = re.compile(
    r"storage|hash check|hashing failed|file chunk|could not (?:open|create|resize|allocate)"
    r"|no space left|permission denied|read-only|input/output|is a directory|not a directory",
    re.IGNORECASE,
)


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """One torrent's `d.*` values, as the program says them."""

    started: bool
    """`d.state`: somebody wants it to run."""
    open: bool
    active: bool
    complete: bool
    hashing: int = 0
    """0 no, 1 at the start, 2 at the end, 3 on demand."""
    checking: bool = False
    """`d.is_hash_checking`."""
    metadata: bool = False
    """`d.is_meta`: a magnet that has not learnt yet what it is."""
    speed: int = 0
    peers: int = 0
    message: str = ""


def storage_failed(message: str) -> bool:
    """Whether a message tells of the disk. What trackers say is in there too, and passes."""
    return not message.startswith("Tracker:") and _STORAGE.search(message) is not None


def read_state(flags: Flags) -> RemoteState:
    """Decide; the first row that fits counts.

    A message alone never fails a download: most of them are a tracker's passing trouble.
    """
    if flags.hashing or flags.checking:
        return RemoteState.CHECKING
    if flags.complete:
        return RemoteState.COMPLETE
    if storage_failed(flags.message):
        return RemoteState.FAILED
    if not flags.started or not flags.open:
        return RemoteState.PAUSED
    if flags.metadata:
        return RemoteState.METADATA
    if not flags.active:
        return RemoteState.QUEUED
    silent = flags.speed <= 0 and flags.peers <= 0
    return RemoteState.STALLED if silent else RemoteState.DOWNLOADING
