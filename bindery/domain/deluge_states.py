"""What a state of Deluge means for us (downloads-and-import.md 2.5, test-programs.md 5)."""

from collections.abc import Mapping

from bindery.domain.transfers import RemoteState

_STATES: Mapping[str, RemoteState] = {
    "error": RemoteState.FAILED,
    "checking": RemoteState.CHECKING,
    "moving": RemoteState.MOVING,
    "allocating": RemoteState.QUEUED,
}


def read_state(state: str, *, finished: bool, size: int, speed: int, stalled: bool) -> RemoteState:
    """Decide from the state, `is_finished`, the size (0 = no metadata yet), the speed, and whether
    nothing has arrived for a while.

    An error shows full progress, and a finished torrent may be queued or paused: progress alone
    says nothing.
    """
    low = state.casefold()
    if low in _STATES:
        return _STATES[low]
    if finished:
        return RemoteState.COMPLETE
    if low == "paused":
        return RemoteState.PAUSED
    if low == "queued":
        return RemoteState.QUEUED
    if size <= 0:
        return RemoteState.METADATA
    return RemoteState.STALLED if stalled and speed <= 0 else RemoteState.DOWNLOADING
