"""What our store rests on in apsw and SQLite (platform.md 4.2), so that an upgrade tells us."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from bindery.store.connection import execute, open_reader, open_writer, pragma, set_pragma
from bindery.store.errors import PragmaRefused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def db(path: Path) -> Iterator[apsw.Connection]:
    db = open_writer(path)
    execute(db, "CREATE TABLE t (a INTEGER, b TEXT) STRICT")
    execute(db, "INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    yield db
    db.close()


def test_every_pragma_is_what_we_asked_for(db: apsw.Connection, path: Path) -> None:
    assert pragma(db, "journal_mode") == "wal"
    assert pragma(db, "synchronous") == 2
    assert pragma(db, "foreign_keys") == 1
    assert pragma(db, "wal_autocheckpoint") == 0
    reader = open_reader(path)
    assert pragma(reader, "query_only") == 1
    with pytest.raises(apsw.ReadOnlyError):
        execute(reader, "INSERT INTO t VALUES (3, 'z')")
    reader.close()


def test_a_pragma_that_is_not_taken_is_an_error() -> None:
    memory = apsw.Connection(":memory:")  # cannot have a WAL
    with pytest.raises(PragmaRefused, match="journal_mode is 'memory'"):
        set_pragma(memory, "journal_mode", "wal", "wal")
    memory.close()


def test_d7_a_text_of_several_statements_stops_at_its_first_row(db: apsw.Connection) -> None:
    cursor = db.execute("SELECT 1; CREATE TABLE late (a)")
    assert execute(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'late'") == [(0,)]
    cursor.fetchall()
    assert execute(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'late'") == [(1,)]


def test_d8_an_unfinished_cursor_pins_its_snapshot(db: apsw.Connection, path: Path) -> None:
    reader = open_reader(path)
    cursor = reader.execute("SELECT a FROM t")
    next(cursor)
    execute(db, "INSERT INTO t VALUES (3, 'z')")
    assert execute(reader, "SELECT count(*) FROM t") == [(2,)]
    cursor.close()
    assert execute(reader, "SELECT count(*) FROM t") == [(3,)]
    reader.close()


def test_d9_the_last_to_close_removes_the_wal_only_if_it_may_write(path: Path) -> None:
    writer = open_writer(path)
    execute(writer, "CREATE TABLE t (a) ")
    reader = open_reader(path)
    execute(reader, "SELECT * FROM t")
    writer.close()
    reader.close()
    assert path.with_name("a.db-wal").exists()


def test_d10_double_quotes_are_not_strings(db: apsw.Connection) -> None:
    with pytest.raises(apsw.SQLError, match="no such column"):
        execute(db, 'SELECT "nonsense"')


def test_an_error_in_the_progress_handler_reaches_the_caller(db: apsw.Connection) -> None:
    def refuse() -> bool:
        raise LookupError("mine")

    db.set_progress_handler(refuse, 10)
    with pytest.raises(LookupError, match="mine"):
        execute(
            db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n"
        )
    db.set_progress_handler(None)
    assert execute(db, "SELECT count(*) FROM t") == [(2,)]


def test_strict_tables_refuse_what_does_not_fit(db: apsw.Connection) -> None:
    with pytest.raises(apsw.ConstraintError):
        execute(db, "INSERT INTO t VALUES ('x', 'y')")


def test_a_rolled_back_savepoint_leaves_the_others(db: apsw.Connection) -> None:
    execute(db, "BEGIN IMMEDIATE")
    execute(db, "SAVEPOINT unit")
    execute(db, "INSERT INTO t VALUES (8, '')")
    execute(db, "RELEASE unit")
    execute(db, "SAVEPOINT unit")
    execute(db, "INSERT INTO t VALUES (9, '')")
    execute(db, "ROLLBACK TO unit")
    execute(db, "RELEASE unit")
    execute(db, "COMMIT")
    assert execute(db, "SELECT a FROM t WHERE a > 7") == [(8,)]


def test_beside_max_the_other_columns_are_of_its_row(db: apsw.Connection) -> None:
    assert execute(db, "SELECT max(a), b FROM t") == [(2, "y")]


def test_like_uses_the_trigram_index_without_detail(db: apsw.Connection) -> None:
    execute(db, "CREATE VIRTUAL TABLE f USING fts5 (b, tokenize = 'trigram', detail = 'none')")
    execute(db, "INSERT INTO f VALUES ('the dispossessed')")
    assert execute(db, "SELECT b FROM f WHERE b LIKE '%possess%'") == [("the dispossessed",)]
    (plan,) = execute(db, "EXPLAIN QUERY PLAN SELECT b FROM f WHERE b LIKE '%possess%'")
    assert "INDEX 0:L0" in plan[3]
