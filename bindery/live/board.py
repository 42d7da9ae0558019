"""The board: last known progress of downloads and jobs (architecture.md 6).

Progress is not a row: the poller writes it here and marks the id; the row changes when the state
does. Lost at a restart, and known again after the next poll.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

MAX_ENTRIES = 20_000

Kind: TypeAlias = Literal["download", "job"]


class DownloadProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What the client last said. `percent` 0-100; sizes in bytes, `speed` in bytes/s, `eta` in s.

    `overlay` is the client's own state (paused, stalled, checking ...), which our states do not
    follow; `at_us` is when it was seen.
    """

    percent: float | None = None
    done: int | None = None
    size: int | None = None
    speed: int | None = None
    eta: int | None = None
    seeders: int | None = None
    overlay: str = ""
    at_us: int = 0


class JobProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job has come; `total` None = not known, `rate` in items/s."""

    phase: str = ""
    done: int = 0
    total: int | None = None
    rate: float | None = None
    warnings: int = 0
    at_us: int = 0


Progress: TypeAlias = DownloadProgress | JobProgress


class Board:
    """Plain dictionaries, bounded; used synchronously on the loop."""

    def __init__(self) -> None:
        self._downloads: dict[int, DownloadProgress] = {}
        self._jobs: dict[int, JobProgress] = {}
        self._stale: dict[int, str] = {}

    def put_download(self, id: int, progress: DownloadProgress) -> bool:
        """Note a download's progress. True if anything but the time changed: mark the id then."""
        before = self._downloads.pop(id, None)
        self._downloads[id] = progress
        _bound(self._downloads)
        return before is None or msgspec.structs.replace(before, at_us=progress.at_us) != progress

    def put_job(self, id: int, progress: JobProgress) -> bool:
        """Note a job's progress. True if anything but the time changed."""
        before = self._jobs.pop(id, None)
        self._jobs[id] = progress
        _bound(self._jobs)
        return before is None or msgspec.structs.replace(before, at_us=progress.at_us) != progress

    def download(self, id: int) -> DownloadProgress | None:
        """The last known progress of a download."""
        return self._downloads.get(id)

    def job(self, id: int) -> JobProgress | None:
        """The last known progress of a job."""
        return self._jobs.get(id)

    def drop(self, kind: Kind, id: int) -> None:
        """Forget: it is done or gone. Unknown ids are no error."""
        entries: dict[int, DownloadProgress] | dict[int, JobProgress]
        entries = self._downloads if kind == "download" else self._jobs
        entries.pop(id, None)

    def client_stale(self, client_id: int, code: str | None) -> bool:
        """Note that a client does not answer (a code) or does again (None). True if news."""
        before = self._stale.get(client_id)
        if code is None:
            self._stale.pop(client_id, None)
        else:
            self._stale[client_id] = code
        return before != code

    @property
    def stale_clients(self) -> Mapping[int, str]:
        """Clients whose progress is not to be trusted, with the reason."""
        return self._stale


def _bound(entries: dict[int, DownloadProgress] | dict[int, JobProgress]) -> None:
    if len(entries) > MAX_ENTRIES:
        entries.pop(next(iter(entries)))
