"""What SABnzbd's and NZBGet's words for a job mean (downloads-and-import.md 2.1, 2.2, 2.7)."""

from collections.abc import Mapping

from bindery.domain.transfers import RemoteState

_S = RemoteState

SABNZBD_QUEUE: Mapping[str, RemoteState] = {
    "Queued": _S.QUEUED,
    "Grabbing": _S.QUEUED,
    "Fetching": _S.QUEUED,
    "Propagating": _S.QUEUED,
    "Downloading": _S.DOWNLOADING,
    "Paused": _S.PAUSED,
    "Checking": _S.CHECKING,
    "QuickCheck": _S.CHECKING,
    "Verifying": _S.CHECKING,
    "Repairing": _S.CHECKING,
    "Extracting": _S.MOVING,
    "Moving": _S.MOVING,
    "Running": _S.MOVING,
}
"""Stages of a job, in the queue and, while it is worked on, in the history too."""

NZBGET_GROUP: Mapping[str, RemoteState] = {
    "QUEUED": _S.QUEUED,
    "FETCHING": _S.QUEUED,
    "DOWNLOADING": _S.DOWNLOADING,
    "PAUSED": _S.PAUSED,
    "PP_QUEUED": _S.CHECKING,
    "LOADING_PARS": _S.CHECKING,
    "VERIFYING_SOURCES": _S.CHECKING,
    "REPAIRING": _S.CHECKING,
    "VERIFYING_REPAIRED": _S.CHECKING,
    "RENAMING": _S.MOVING,
    "UNPACKING": _S.MOVING,
    "MOVING": _S.MOVING,
    "POST_UNPACK_RENAMING": _S.MOVING,
    "EXECUTING_SCRIPT": _S.MOVING,
    "PP_FINISHED": _S.MOVING,
}

_DISK_IS_FULL = "write error or disk is full"


def sabnzbd_queued(
    status: str, name: str, labels: tuple[str, ...], *, paused: bool
) -> tuple[RemoteState, str | None]:
    """State and reason of a slot of the queue. `paused`: the whole queue stands still.

    A job that turns out to need a password waits for a person as `ENCRYPTED / name`.
    """
    if name.startswith("ENCRYPTED /") or "ENCRYPTED" in labels:
        return _S.FAILED, "encrypted"
    state = SABNZBD_QUEUE.get(status, _S.QUEUED)
    waits = state in (_S.QUEUED, _S.DOWNLOADING)
    return (_S.PAUSED if paused and waits else state), None


def sabnzbd_done(status: str, message: str) -> tuple[RemoteState, str | None]:
    """State and reason of a slot of the history. A full disk is the machine's fault: the job can be
    tried again there, so the release keeps its place.
    """
    if status == "Completed":
        return _S.COMPLETE, None
    if status != "Failed":
        return SABNZBD_QUEUE.get(status, _S.CHECKING), None
    said = message.casefold()
    if _DISK_IS_FULL in said:
        return _S.STALLED, "disk_full"
    if "password" in said or "encrypted" in said:
        return _S.FAILED, "encrypted"
    return _S.FAILED, "client_failed"


def nzbget_done(  # the rows of 2.2, in order
    status: str, *, par: str, unpack: str, move: str, mark: str
) -> tuple[RemoteState, str | None]:
    """State and reason of an entry of the history.

    What matters is whether the files are whole: a failed script leaves them so, a full disk does
    not but is not the release's fault.
    """
    kind, _, detail = status.partition("/")
    if kind == "SUCCESS" or kind.startswith("SCRIPT"):
        return _S.COMPLETE, None
    if detail == "PASSWORD" or unpack == "PASSWORD":
        return _S.FAILED, "encrypted"
    if detail == "SPACE" or unpack == "SPACE" or move == "FAILURE":
        return _S.STALLED, "disk_full"
    if kind == "WARNING":
        broken = par in ("FAILURE", "MANUAL") or unpack == "FAILURE"
        return (_S.FAILED, "client_failed") if broken else (_S.COMPLETE, None)
    if kind == "DELETED":
        by_hand = detail in ("", "MANUAL") and mark != "BAD"
        return _S.FAILED, "removed_from_client" if by_hand else "client_failed"
    return _S.FAILED, "client_failed"
