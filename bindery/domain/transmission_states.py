"""What a status of Transmission means for us (downloads-and-import.md 2.4)."""

from bindery.domain.transfers import RemoteState

LOCAL_ERROR = 3
"""`error` of a torrent: 0 none, 1 and 2 a tracker's, 3 this machine's (disk, folder, data)."""

STOPPED, _CHECK_WAIT, _CHECKING, _QUEUED, _DOWNLOADING, _SEED_WAIT, _SEEDING = range(7)


def read_state(
    status: int,
    done: float,
    *,
    left: int,
    metadata: float,
    error: int,
    finished_once: bool,
    stalled: bool,
) -> RemoteState:
    """Decide from the status number, progress of the wanted files and of the metadata (0..1), bytes
    left, the error, and whether the torrent was ever finished.

    A magnet without metadata has nothing left and is not done. A tracker's error passes by itself,
    and a paused torrent keeps the last one: only an error of this machine is a failure.
    """
    whole = metadata >= 1 and done >= 1 and left == 0
    if error == LOCAL_ERROR:
        return RemoteState.MISSING_FILES if whole and finished_once else RemoteState.FAILED
    if status == STOPPED and not whole:
        return RemoteState.PAUSED
    if status in (_CHECK_WAIT, _CHECKING):
        return RemoteState.CHECKING
    if whole:
        return RemoteState.COMPLETE
    if status == _QUEUED:
        return RemoteState.QUEUED
    if metadata < 1:
        return RemoteState.METADATA
    if status in (_SEED_WAIT, _SEEDING):  # a torrent of which nothing is wanted
        return RemoteState.QUEUED
    return RemoteState.STALLED if stalled else RemoteState.DOWNLOADING
