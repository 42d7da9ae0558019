"""Asking for an import, matching one to a book, and what its end means (architecture.md 6a)."""

import msgspec

from bindery.domain.principal import SYSTEM, By
from bindery.store import downloads, imports
from bindery.store.commands import EVENT, PERSON
from bindery.store.downloads import DownloadRow
from bindery.store.imports import ImportSource
from bindery.store.tx import Tx

SMALL = 64 * 1024 * 1024
"""Bytes up to which a download does not wait behind large ones: one place is kept for it."""


class ImportOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Payload of `download.import`. `forced`: a person said which book it is."""

    download_id: int
    forced: bool = False


def ready_in(tx: Tx, row: DownloadRow, source: ImportSource) -> bool:
    """The gate lets a download through: completed/gate → importPending and the command.

    False: somebody else moved the row first.
    """
    if not downloads.move_in(tx, row, "importPending"):
        return False
    imports.set_source_in(tx, row.id, source)
    enqueue_in(tx, row)
    return True


def enqueue_in(
    tx: Tx,
    row: DownloadRow,
    *,
    by: By = SYSTEM,
    by_person: bool = False,
    forced: bool = False,
) -> int:
    """Ask the importer; small files take the place that is kept for persons."""
    small = row.size is not None and row.size <= SMALL
    return tx.enqueue(
        "download.import",
        ImportOrder(download_id=row.id, forced=forced),
        key=str(row.id),
        priority=PERSON if by_person or small else EVENT,
        trace=row.trace,
        by=by,
        library=row.library_id,
    )
