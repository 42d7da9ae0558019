"""The state machine of a download: legal steps, absence, retries, what its end means.

Source: architecture.md 6a; the words of downloads-and-import.md 3.2.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal

import msgspec

from bindery.domain.transfers import RemoteState


class DownloadState(StrEnum):
    """States as they stand in the row and on the wire."""

    GRABBED = "grabbed"
    DOWNLOADING = "downloading"
    COMPLETED = "completed"
    IMPORT_PENDING = "importPending"
    IMPORTING = "importing"
    IMPORTED = "imported"
    FAILED = "failed"
    IMPORT_FAILED = "importFailed"
    IMPORT_BLOCKED = "importBlocked"
    IMPORT_EXTERNAL = "importExternal"
    IMPORT_HELD = "importHeld"


_S = DownloadState
ALLOWED: Mapping[DownloadState, frozenset[DownloadState]] = {
    _S.GRABBED: frozenset((_S.DOWNLOADING, _S.COMPLETED, _S.FAILED)),
    _S.DOWNLOADING: frozenset((_S.COMPLETED, _S.FAILED)),
    _S.COMPLETED: frozenset((_S.IMPORT_PENDING, _S.IMPORT_BLOCKED)),
    _S.IMPORT_PENDING: frozenset((_S.IMPORTING, _S.IMPORT_BLOCKED)),
    _S.IMPORTING: frozenset((_S.IMPORTED, _S.IMPORT_FAILED, _S.IMPORT_BLOCKED, _S.COMPLETED)),
    _S.IMPORT_FAILED: frozenset((_S.IMPORTING, _S.IMPORT_PENDING, _S.IMPORT_BLOCKED)),
    _S.IMPORT_BLOCKED: frozenset((_S.IMPORT_PENDING,)),
    # Only an adopted database has these two.
    _S.IMPORT_EXTERNAL: frozenset(),
    _S.IMPORT_HELD: frozenset(),
    _S.IMPORTED: frozenset(),
    _S.FAILED: frozenset(),
}
"""Where a download may go from each state, beside staying (another stage or code). Back from
importing to completed: its files went away or still change, so the gate looks again."""

CONTENT_CODES = frozenset(
    "not-the-book unmatched wrong-media-type format-not-wanted not-better corrupt encrypted "
    "dangerous archive no-book-files not-book-content not_the_book dead_link bad_payload bad_name "
    "torrent_malformed torrent_too_large torrent_too_many_files torrent_unsafe_name "
    "torrent_no_files".split()
)
"""The release itself is at fault: blocklist by class, slot free, next candidate."""
ENVIRONMENT_CODES = frozenset(
    "no-root root_unavailable root-unavailable disk-full disk_full permission io_error "
    "path_not_mapped path_missing part-names-equal path-too-long no-free-name segment-too-long "
    "root_missing root_not_directory root_unreadable path_unknown payload_missing "
    "attempts_spent crashes_spent send_unknown".split()
)
"""The world around it is at fault: the release keeps its slot until a person acted."""

RETRY_DELAYS_S: tuple[int, ...] = (60, 300, 900, 3600, 21600)
MAX_ATTEMPTS = 5
MAX_CRASHES = 5
MAX_CANDIDATES_PER_DAY = 3
ABSENT_SNAPSHOTS = 3
ABSENT_US = 120_000_000


def may_go(state: str, to: str) -> bool:
    """Is the step legal? Staying is: the stage or the code changes then."""
    return state == to or DownloadState(to) in ALLOWED[DownloadState(state)]


def is_content(code: str | None) -> bool:
    """Is a code about the release (unknown codes are about the world)?"""
    return code in CONTENT_CODES


def is_live(state: str, code: str | None = None) -> bool:
    """Does the download keep its slot (architecture.md 6a, `live`)?"""
    if state == _S.IMPORT_BLOCKED:
        return not is_content(code)
    return state not in (_S.IMPORTED, _S.FAILED)


def retry_delay_s(attempts: int) -> int | None:
    """Seconds until the next import after ``attempts`` failed ones; None = now a person."""
    return RETRY_DELAYS_S[attempts - 1] if 1 <= attempts <= len(RETRY_DELAYS_S) else None


Overlay = Literal[
    "", "queued", "paused", "stalled", "checking", "metadata", "moving", "missingFiles"
]
_OVERLAYS: Mapping[RemoteState, Overlay] = {
    RemoteState.QUEUED: "queued",
    RemoteState.PAUSED: "paused",
    RemoteState.STALLED: "stalled",
    RemoteState.CHECKING: "checking",
    RemoteState.METADATA: "metadata",
    RemoteState.MOVING: "moving",
    RemoteState.MISSING_FILES: "missingFiles",
}


def overlay(state: str, remote: RemoteState | None) -> Overlay:
    """What the client says over the row's own state; only while the client has it in hand."""
    if remote is None or state not in (_S.GRABBED, _S.DOWNLOADING, _S.COMPLETED):
        return ""
    return _OVERLAYS.get(remote, "")


def on_remote(state: str, remote: RemoteState) -> DownloadState | None:
    """The state a row goes to when its client shows this; None = stays."""
    if state not in (_S.GRABBED, _S.DOWNLOADING):
        return None
    if remote is RemoteState.COMPLETE:
        return _S.COMPLETED
    if remote is RemoteState.FAILED:
        return _S.FAILED
    return _S.DOWNLOADING if state == _S.GRABBED else None


class Absence(msgspec.Struct, frozen=True):
    """How long an item has been missing from complete snapshots."""

    count: int = 0
    since_us: int = 0


def absences(
    known: Mapping[str, Absence],
    ours: Sequence[str],
    seen: frozenset[str],
    *,
    at_us: int,
    complete: bool,
) -> dict[str, Absence]:
    """New absence record of every own item after one snapshot (keys: our downloads).

    An incomplete snapshot proves nothing. When more than half of ours vanish at once the client
    is the suspect, not the items: nothing is counted.
    """
    if not complete:
        return {key: known[key] for key in ours if key in known and key not in seen}
    missing = [key for key in ours if key not in seen]
    fresh = [key for key in missing if key not in known]
    if len(ours) > 1 and len(fresh) * 2 > len(ours):
        return {key: known[key] for key in missing if key in known}
    out: dict[str, Absence] = {}
    for key in missing:
        before = known.get(key, Absence(0, at_us))
        out[key] = Absence(before.count + 1, before.since_us)
    return out


def is_gone(absence: Absence, at_us: int) -> bool:
    """Absent from three complete snapshots over at least two minutes."""
    return absence.count >= ABSENT_SNAPSHOTS and at_us - absence.since_us >= ABSENT_US


class EndDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What follows a content failure: block the release? look for the next candidate?"""

    blocklist: bool
    next_candidate: bool


def after_failure(
    code: str, *, tried_today: int, blocklist: bool = True, again: bool = True
) -> EndDecision:
    """A removed item is the person's decision: no blocklist. At most 3 candidates a day."""
    removed = code in ("removed_from_client", "cancelled")
    return EndDecision(
        blocklist=blocklist and not removed and code not in ENVIRONMENT_CODES,
        next_candidate=again and not removed and tried_today < MAX_CANDIDATES_PER_DAY,
    )
