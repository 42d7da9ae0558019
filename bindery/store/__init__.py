"""SQLite: the one writer, the readers, migrations, and one module of statements per aggregate."""

from bindery.store.errors import (
    FolderLocked,
    NewerDatabase,
    OverBudget,
    ScanTooLong,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)
from bindery.store.store import Store, open_store
from bindery.store.tx import NewEvent, Reader, Settlement, Tx, Watch

__all__ = [
    "FolderLocked",
    "NewEvent",
    "NewerDatabase",
    "OverBudget",
    "Reader",
    "ScanTooLong",
    "Settlement",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "Tx",
    "Watch",
    "open_store",
]
