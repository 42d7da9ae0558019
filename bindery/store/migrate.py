"""Migrations: numbered SQL files, forward only, each in its own transaction.

The version of a database is SQLite's `user_version`. Before the first step on a database that
holds something, a snapshot is written beside it.
"""

import re
from pathlib import Path

import apsw
import msgspec

from bindery.runtime.faults import reach
from bindery.store.backup import copy_database
from bindery.store.connection import execute, pragma
from bindery.store.errors import NewerDatabase, StoreError

_FOLDER = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class Migration(msgspec.Struct, frozen=True):
    """One file of `migrations/`."""

    version: int
    name: str
    sql: str


def known_migrations(folder: Path = _FOLDER) -> list[Migration]:
    """Every migration of this program, ascending. Numbers are 1, 2, 3 ... without a gap."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise StoreError(f"{path.name} is not named NNNN_words.sql")
        found.append(Migration(int(match[1]), path.stem, path.read_text(encoding="utf-8")))
    if [step.version for step in found] != list(range(1, len(found) + 1)):
        raise StoreError("migrations are not numbered without a gap")
    return found


def snapshot_path(path: Path, version: int) -> Path:
    """Where the state before an upgrade from `version` is kept."""
    return path.with_name(f"{path.stem}.before-{version + 1:04}.db")


def migrate(
    db: apsw.Connection, path: Path, steps: list[Migration] | None = None
) -> tuple[int, int]:
    """Bring the database to the newest version; returns (version before, version after).

    Raises `NewerDatabase` when it was written by a newer program, and touches nothing then.
    """
    steps = known_migrations() if steps is None else steps
    newest = steps[-1].version if steps else 0
    before = version_of(db)
    if before > newest:
        raise NewerDatabase(path, before, newest)
    if 0 < before < newest:
        copy_database(db, snapshot_path(path, before))
        reach("migrate.snapshot")
    for step in steps:
        if step.version > before:
            _apply(db, step)
    return before, newest


def version_of(db: apsw.Connection) -> int:
    """The schema version of an open database; 0 = empty."""
    return int(pragma(db, "user_version") or 0)


def _apply(db: apsw.Connection, step: Migration) -> None:
    # Rebuilding a table drops it: keys are checked once, at the end, before COMMIT.
    pragma(db, "foreign_keys", 0)
    try:
        execute(db, "BEGIN IMMEDIATE")
        try:
            execute(db, step.sql)
            broken = execute(db, "PRAGMA foreign_key_check")
            if broken:
                raise StoreError(f"{step.name} leaves broken references: {broken[:3]}")
            pragma(db, "user_version", step.version)
            reach("migrate.step")
        except BaseException:
            if db.in_transaction:
                execute(db, "ROLLBACK")
            raise
        execute(db, "COMMIT")
    finally:
        pragma(db, "foreign_keys", 1)


def dump_schema(db: apsw.Connection) -> str:
    """The schema as one readable text, in the order it was made; what `schema.sql` holds."""
    statements = execute(
        db,
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        " AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')"
        " ORDER BY rowid",
    )
    return "\n\n".join(f"{sql};" for (sql,) in statements) + "\n"
