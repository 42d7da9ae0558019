"""Migrations: forward only, each whole or not at all, with a snapshot before."""

import os
import stat
from pathlib import Path

import apsw
import pytest

from bindery.store import FolderLocked, NewerDatabase
from bindery.store.connection import execute, open_writer
from bindery.store.errors import StoreError
from bindery.store.lock import locked_folder
from bindery.store.migrate import (
    Migration,
    dump_schema,
    known_migrations,
    migrate,
    snapshot_path,
    version_of,
)

SCHEMA = Path(__file__).parents[2] / "bindery" / "store" / "schema.sql"
ONE = Migration(1, "0001_one", "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1);")
TWO = Migration(2, "0002_two", "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = 'x';")


def test_schema_sql_is_what_the_migrations_make(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "a.db")
    migrate(db, tmp_path / "a.db")
    made = dump_schema(db)
    db.close()
    if os.environ.get("BINDERY_WRITE_SCHEMA"):
        SCHEMA.write_text(made)
    assert SCHEMA.read_text() == made, "run with BINDERY_WRITE_SCHEMA=1 and look at the difference"


def test_a_fresh_database_needs_no_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    db = open_writer(path)
    assert migrate(db, path, [ONE, TWO]) == (0, 2)
    assert migrate(db, path, [ONE, TWO]) == (2, 2)
    db.close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]


def test_an_upgrade_keeps_a_whole_copy_of_before(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    db = open_writer(path)
    migrate(db, path, [ONE])
    assert migrate(db, path, [ONE, TWO]) == (1, 2)
    assert execute(db, "SELECT a, b FROM t") == [(1, "x")]
    db.close()
    snapshot = snapshot_path(path, 1)
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    before = apsw.Connection(str(snapshot), flags=apsw.SQLITE_OPEN_READONLY)
    assert version_of(before) == 1
    assert execute(before, "SELECT * FROM t") == [(1,)]
    before.close()


@pytest.mark.parametrize(
    "sql",
    ["ALTER TABLE t ADD COLUMN b TEXT; SELECT nonsense;",
     "CREATE TABLE u (t INTEGER REFERENCES missing (a)) STRICT; INSERT INTO u VALUES (7);"],
)  # fmt: skip
def test_a_broken_step_leaves_the_state_before_it(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "a.db"
    db = open_writer(path)
    migrate(db, path, [ONE])
    with pytest.raises((apsw.Error, StoreError)):
        migrate(db, path, [ONE, Migration(2, "0002_broken", sql)])
    assert version_of(db) == 1
    assert "b" not in dump_schema(db).split("(", 1)[1]
    assert execute(db, "PRAGMA foreign_keys") == [(1,)]
    db.close()


def test_a_newer_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    db = open_writer(path)
    migrate(db, path, [ONE, TWO])
    with pytest.raises(NewerDatabase, match=r"version 2.*versions up to 1") as caught:
        migrate(db, path, [ONE])
    assert (caught.value.found, caught.value.known) == (2, 1)
    assert version_of(db) == 2
    db.close()


def test_migrations_are_numbered_without_a_gap(tmp_path: Path) -> None:
    assert known_migrations()[0].version == 1
    (tmp_path / "0002_late.sql").write_text("")
    with pytest.raises(StoreError, match="gap"):
        known_migrations(tmp_path)
    (tmp_path / "late.sql").write_text("")
    with pytest.raises(StoreError, match="NNNN"):
        known_migrations(tmp_path)


def test_a_second_process_on_the_folder_is_refused(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "data"):
        pid = os.fork()
        if pid == 0:
            try:
                with locked_folder(tmp_path / "data"):
                    os._exit(1)
            except FolderLocked as refused:
                os._exit(0 if str(os.getppid()) in str(refused) else 2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with locked_folder(tmp_path / "data"):
        pass
