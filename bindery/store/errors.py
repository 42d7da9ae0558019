"""What can go wrong with the database itself; never what a user can cause."""

from pathlib import Path


class StoreError(Exception):
    """Base of everything below."""


class StoreBusy(StoreError):
    """No place for a write became free in time: HTTP answers 503 with Retry-After."""


class StoreUnavailable(StoreError):
    """The disk refuses (full, I/O error, out of memory): nothing of the write was kept."""


class StoreUnreadable(StoreError):
    """The disk or the file failed a read; says nothing about what was asked for."""


class OverBudget(StoreError):
    """An inline read did more work than the loop may wait for (architecture.md 5)."""


class ScanTooLong(StoreError):
    """A read transaction in a thread outlived its limit; it would keep the WAL from shrinking."""


class PragmaRefused(StoreError):
    """SQLite did not take a setting that our promises rest on."""


class NewerDatabase(StoreError):
    """The database was written by a newer program."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path.name} has schema version {found}, this program knows versions up to {known}: "
            "start the newer Bindery again, or restore the backup made before the upgrade"
        )
        self.found = found
        self.known = known


class FolderLocked(StoreError):
    """Another process uses the data folder."""
