"""What a state of qBittorrent means for us (downloads-and-import.md 2.3, order matters)."""

from bindery.domain.transfers import RemoteState

INFINITE_ETA_S = 8_640_000

_BUSY = {
    "downloading": RemoteState.DOWNLOADING,
    "forcedDL": RemoteState.DOWNLOADING,
    "stalledDL": RemoteState.STALLED,
    "queuedDL": RemoteState.QUEUED,
    "allocating": RemoteState.QUEUED,
    "checkingDL": RemoteState.CHECKING,
    "checkingResumeData": RemoteState.CHECKING,
    "queuedForChecking": RemoteState.CHECKING,
    "pausedDL": RemoteState.PAUSED,
    "stoppedDL": RemoteState.PAUSED,
    "metaDL": RemoteState.METADATA,
    "forcedMetaDL": RemoteState.METADATA,
    "moving": RemoteState.MOVING,
}


def read_state(state: str, progress: float, size: int, left: int) -> RemoteState:
    """Decide from the raw state, progress (0..1), wanted bytes and bytes left.

    A torrent just added reports progress 1.0 for a moment: states of downloading win over it.
    """
    if "error" in state.lower():
        return RemoteState.FAILED
    if state in _BUSY:
        return _BUSY[state]
    if state == "missingFiles":
        return RemoteState.MISSING_FILES
    if left > 0:
        return RemoteState.DOWNLOADING
    uploading = "upload" in state.lower() or state in {"stalledUP", "checkingUP"}
    if progress >= 1 or (size > 0 and left == 0) or uploading:
        return RemoteState.COMPLETE
    return RemoteState.QUEUED
