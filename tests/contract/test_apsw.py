"""Facts about apsw beyond `tests/store/test_platform.py` (platform.md 4.2, recipes.md D).

D1, D2, D4, D6 and D11 are about `apsw.aio`, which no module may import: the test below holds it.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest
import trio

from bindery.store.connection import execute, open_reader, open_writer
from tests.kit.database import open_test_store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    db = open_writer(tmp_path / "a.db")
    execute(db, "CREATE TABLE t (a INTEGER, b TEXT) STRICT")
    yield db
    db.close()


def test_d1_d2_d4_d6_d11_the_asynchronous_connection_is_not_used() -> None:
    users = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "bindery").rglob("*.py")
        if re.search(r"apsw[.]aio|as_async", path.read_text(encoding="utf-8"))
    ]
    assert users == []


async def test_d3_a_cancelled_caller_may_have_written_all_the_same(tmp_path: Path) -> None:
    """Therefore a handler does one durable thing, and repeats are told apart by their key."""
    async with open_test_store(tmp_path) as store:
        with trio.fail_after(10), trio.CancelScope() as scope:

            def work(tx) -> int:
                scope.cancel()
                return tx.insert(
                    "INSERT INTO person (name, sort_name, name_key, sort_key,"
                    " created_at, updated_at) VALUES ('n', 'n', 'n', 'n', 0, 0)",
                    {},
                )

            await store.write(work)
        assert scope.cancel_called
        await store.write(lambda tx: None)
        assert store.read(lambda r: r.value("SELECT count(*) FROM person", {})) == 1


def test_d9_readers_first_and_writer_last_leaves_no_wal(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    writer = open_writer(path)
    execute(writer, "CREATE TABLE t (a)")
    reader = open_reader(path)
    execute(reader, "SELECT * FROM t")
    reader.close()
    writer.close()
    assert not path.with_name("b.db-wal").exists()
    assert not path.with_name("b.db-shm").exists()


def test_d12_one_connection_runs_one_call_at_a_time(db: apsw.Connection) -> None:
    """A long call holds it: therefore inline reads, scans and writes have their own."""
    running, go_on = threading.Event(), threading.Event()

    def hold() -> bool:
        running.set()
        go_on.wait(5)
        return False

    db.set_progress_handler(hold, 10)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)"
    thread = threading.Thread(target=lambda: execute(db, f"{endless} SELECT max(i) FROM n"))
    thread.start()
    assert running.wait(5)
    waited = threading.Event()

    def other() -> None:
        with suppress(apsw.ThreadingViolationError):
            execute(db, "SELECT 1")
        waited.set()

    second = threading.Thread(target=other)
    second.start()
    at_once = waited.wait(0.1)
    go_on.set()
    thread.join(5)
    second.join(5)
    db.set_progress_handler(None)
    assert waited.is_set()
    assert not at_once


def test_a_progress_handler_that_says_true_interrupts_and_the_connection_lives(
    db: apsw.Connection,
) -> None:
    db.set_progress_handler(lambda: True, 10)
    with pytest.raises(apsw.InterruptError):
        execute(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT * FROM n")
    db.set_progress_handler(None)
    assert execute(db, "SELECT 1") == [(1,)]


def test_with_connection_begins_deferred(db: apsw.Connection, tmp_path: Path) -> None:
    """recipes.md D, writer: therefore BEGIN IMMEDIATE is our own statement."""
    other = open_writer(tmp_path / "a.db")
    with db:
        execute(other, "INSERT INTO t VALUES (1, 'x')")
    execute(db, "BEGIN IMMEDIATE")
    other.set_busy_timeout(0)
    with pytest.raises(apsw.BusyError):
        execute(other, "INSERT INTO t VALUES (2, 'y')")
    execute(db, "ROLLBACK")
    other.close()


def test_strict_text_takes_numbers_as_text_and_no_blobs(db: apsw.Connection) -> None:
    execute(db, "INSERT INTO t VALUES (1, 5)")
    assert execute(db, "SELECT b FROM t") == [("5",)]
    with pytest.raises(apsw.ConstraintError):
        execute(db, "INSERT INTO t VALUES (1, x'00')")


def test_the_profile_tells_full_scan_steps(db: apsw.Connection) -> None:
    """recipes.md D: list queries are tested for walking no whole table."""
    told: list[int] = []
    execute(db, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    db.trace_v2(
        apsw.SQLITE_TRACE_PROFILE,
        lambda e: told.append(e["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"]),
    )
    execute(db, "SELECT a FROM t WHERE b = 'c'")
    db.trace_v2(0, None)
    assert told[0] > 0


def test_what_the_store_needs_is_compiled_in() -> None:
    assert {"ENABLE_FTS5", "ENABLE_STAT4"} <= set(apsw.compile_options)


def test_matching_fewer_than_three_letters_by_trigram_finds_nothing(db: apsw.Connection) -> None:
    """recipes.md D, search: therefore short terms go by prefix."""
    execute(db, "CREATE VIRTUAL TABLE f USING fts5 (b, tokenize='trigram', detail='none')")
    execute(db, "INSERT INTO f VALUES ('ab cd')")
    assert execute(db, "SELECT b FROM f WHERE f MATCH 'ab'") == []
    with pytest.raises(apsw.SQLError, match="phrase"):
        execute(db, "SELECT b FROM f WHERE f MATCH '\"ab cd\"'")
