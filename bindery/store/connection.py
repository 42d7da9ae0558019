"""Opening SQLite the one way our promises rest on (platform.md 4.2).

Pragmas are set one by one and read back: a text with several stops at the first that returns a
row (D7). Cursors never leave this package: an unfinished one pins its snapshot (D8).
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import apsw.bestpractice
import msgspec

from bindery.store.errors import PragmaRefused
from bindery.store.rows import Params

BUSY_TIMEOUT_MS = 5_000
WAL_LIMIT_BYTES = 64 * 1024 * 1024
STATEMENT_CACHE = 256

# KiB of page cache, negative as SQLite wants it. Sums to what an idle 120 MB process can carry.
WRITER_CACHE = -8_000
READER_CACHE = -16_000
SCAN_CACHE = -4_000

_SECRET_FILE = 0o600


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes; makes the file, readable by its owner only."""
    _create_private(path)
    db = _open(path, apsw.SQLITE_OPEN_READWRITE)
    set_pragma(db, "journal_mode", "wal", "wal")
    set_pragma(db, "synchronous", "full", 2)
    set_pragma(db, "foreign_keys", 1, 1)
    set_pragma(db, "cache_size", WRITER_CACHE, WRITER_CACHE)
    set_pragma(db, "journal_size_limit", WAL_LIMIT_BYTES, WAL_LIMIT_BYTES)
    # The writer checkpoints when nobody waits, never inside a COMMIT.
    set_pragma(db, "wal_autocheckpoint", 0, 0)
    return db


def open_reader(path: Path, *, cache: int = READER_CACHE) -> apsw.Connection:
    """A connection that cannot write."""
    db = _open(path, apsw.SQLITE_OPEN_READONLY)
    set_pragma(db, "query_only", 1, 1)
    set_pragma(db, "cache_size", cache, cache)
    return db


def execute(db: apsw.Connection, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
    """Run a statement to its end. With `pragma`, the one place where apsw's types are untold."""
    cursor: Any = db.execute(sql, params)  # pyright: ignore[reportUnknownMemberType]
    return cursor.fetchall()


def cursor_of(db: apsw.Connection, sql: str, params: Params) -> Any:
    """A cursor that its caller reads to the end at once (platform.md D8)."""
    return db.execute(sql, params)  # pyright: ignore[reportUnknownMemberType]


def pragma(db: apsw.Connection, name: str, value: str | int | None = None) -> Any:
    """Read a setting, or set it when there is a value."""
    arguments = () if value is None else (value,)
    return db.pragma(name, *arguments)  # pyright: ignore[reportUnknownMemberType]


def _open(path: Path, flags: int) -> apsw.Connection:
    db = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENT_CACHE)
    apsw.bestpractice.connection_dqs(db)
    db.set_busy_timeout(BUSY_TIMEOUT_MS)
    set_pragma(db, "busy_timeout", None, BUSY_TIMEOUT_MS)
    set_pragma(db, "recursive_triggers", 0, 0)
    set_pragma(db, "temp_store", "memory", 2)
    return db


def set_pragma(
    db: apsw.Connection, name: str, value: str | int | None, expected: str | int
) -> None:
    """Set, read back, refuse to go on otherwise."""
    if value is not None:
        pragma(db, name, value)
    found = pragma(db, name)
    if found != expected:
        raise PragmaRefused(f"{name} is {found!r}, not {expected!r}")


def _create_private(path: Path) -> None:
    """SQLite gives -wal and -shm the mode of the database file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _SECRET_FILE)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, _SECRET_FILE)
    finally:
        os.close(descriptor)


class StatementCost(msgspec.Struct):
    """What one statement did, as SQLite counted it."""

    sql: str
    nanoseconds: int
    vm_steps: int
    full_scan_steps: int
    sorts: int


@contextmanager
def profiled(db: apsw.Connection) -> Generator[list[StatementCost]]:
    """Count what the statements of the block cost. Slows every statement: tests and benches."""
    costs: list[StatementCost] = []

    def note(event: dict[str, Any]) -> None:
        status: dict[str, int] = event["stmt_status"]
        costs.append(
            StatementCost(
                sql=event["sql"],
                nanoseconds=event["nanoseconds"],
                vm_steps=status["SQLITE_STMTSTATUS_VM_STEP"],
                full_scan_steps=status["SQLITE_STMTSTATUS_FULLSCAN_STEP"],
                sorts=status["SQLITE_STMTSTATUS_SORT"],
            )
        )

    db.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)  # pyright: ignore[reportUnknownMemberType]
    try:
        yield costs
    finally:
        db.trace_v2(0, None)  # pyright: ignore[reportUnknownMemberType]
