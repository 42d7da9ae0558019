"""The rules of the engine (architecture.md 5)."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import msgspec
import pytest
import trio
import trio.testing

from bindery.runtime.doorbell import Bells
from bindery.runtime.publisher import Change
from bindery.store import (
    OverBudget,
    Reader,
    ScanTooLong,
    Store,
    StoreBusy,
    StoreUnavailable,
    Tx,
    counters,
)
from bindery.store.connection import pragma
from bindery.store.errors import StoreUnreadable
from bindery.store.store import PLACES
from tests.kit.database import Heard, open_test_store

_q_add = "INSERT INTO library (name, created_at) VALUES (:name, 0)"
_q_names = "SELECT name FROM library WHERE id > 1 ORDER BY id"
_q_endless = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"""


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def names(reader: Reader) -> list[str]:
    return reader.values(_q_names)


def add(name: str) -> "type[None] | object":
    return lambda tx: tx.insert(_q_add, {"name": name})


class Row(msgspec.Struct):
    name: str
    on: bool
    tags: list[str]
    size: int | None = None


async def test_rows_become_records_by_column_name(store: Store) -> None:
    sql = "SELECT :tags AS tags, 1 AS \"on\", 'x' AS name"
    assert store.read(lambda r: r.rows(sql, {"tags": '["a"]'}, Row)) == [Row("x", True, ["a"])]
    assert store.read(lambda r: r.one("SELECT 1 AS on_ WHERE 0", {}, Row)) is None
    with pytest.raises(TypeError, match="no column for"):
        store.read(lambda r: r.one("SELECT 1 AS name", {}, Row))
    with pytest.raises(TypeError, match="no field for"):
        store.read(lambda r: r.one(f"{sql}, 1 AS other", {"tags": "[]"}, Row))


async def test_a_unit_that_raises_loses_only_itself(store: Store) -> None:
    def broken(tx: Tx) -> None:
        tx.insert(_q_add, {"name": "lost"})
        raise LookupError("mine")

    results: list[str] = []

    async def one(name: str) -> None:
        try:
            await store.write(
                broken if name == "lost" else lambda tx: tx.insert(_q_add, {"name": name})
            )
        except LookupError:
            results.append(name)

    async with trio.open_nursery() as nursery:
        for name in ("a", "lost", "b"):
            nursery.start_soon(one, name)
    assert results == ["lost"]
    assert sorted(store.read(names)) == ["a", "b"]


async def test_units_that_wait_share_one_commit(store: Store) -> None:
    async with trio.open_nursery() as nursery:
        for n in range(100):
            nursery.start_soon(store.write, lambda tx, n=n: tx.insert(_q_add, {"name": str(n)}))
    assert len(store.read(names)) == 100
    assert store.writer.units == 100
    assert store.writer.batches <= 12


async def test_a_unit_that_ends_the_transaction_spoils_nobody_else(store: Store) -> None:
    def rude(tx: Tx) -> None:
        tx.run("ROLLBACK")
        raise LookupError

    seen: list[str] = []

    async def one(work: object) -> None:
        try:
            await store.write(work)  # pyright: ignore[reportArgumentType]
        except (LookupError, apsw.Error) as error:
            seen.append(type(error).__name__)

    async with trio.open_nursery() as nursery:
        for work in (add("a"), rude, add("b")):
            nursery.start_soon(one, work)
    assert sorted(store.read(names)) == ["a", "b"]
    assert len(seen) == 1
    await store.write(add("c"))  # pyright: ignore[reportArgumentType]
    assert len(store.read(names)) == 3


async def test_what_was_answered_can_be_read_at_once(store: Store) -> None:
    for n in range(20):
        await store.write(lambda tx, n=n: tx.insert(_q_add, {"name": str(n)}))
        assert len(store.read(names)) == n + 1


async def test_changes_are_published_after_the_commit_once(
    store: Store, heard: Heard, bells: Bells
) -> None:
    def work(tx: Tx) -> None:
        tx.publish("book:7", 1, 7)
        tx.publish("book:7", 1, 7)
        tx.publish("queue", 2, 9, "del")
        tx.ring("search")

    before = store.read(lambda r: counters.read(r, ["book"], (1,)))
    await store.write(work)
    assert heard.changes == [Change("book:7", 1, 7, "put"), Change("queue", 2, 9, "del")]
    assert store.read(lambda r: counters.read(r, ["book"], (1,))) != before
    assert store.read(lambda r: counters.read(r, ["book"], (2,))) == before
    assert await bells.bell("search").wait(0)


async def test_a_counter_never_repeats_after_a_restore(store: Store) -> None:
    await store.write(lambda tx: tx.bump("book", 1))
    (n,) = store.read(lambda r: counters.read(r, ["book"], (1,)))
    assert n >= store.clock.now_us()


async def test_an_inline_read_over_budget_fails_the_test(store: Store) -> None:
    with pytest.raises(OverBudget, match="steps"):
        store.read(lambda r: r.value(_q_endless + " LIMIT 1"))
    with pytest.raises(OverBudget, match="rows"):
        store.read(
            lambda r: r.values(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2001)"
                " SELECT i FROM n"
            )
        )
    assert store.read(lambda r: r.value("SELECT 1")) == 1


async def test_in_production_it_is_logged_once(tmp_path: Path, logged: object) -> None:
    rows = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)"
        " SELECT count(*) FROM n"
    )
    async with open_test_store(tmp_path, strict=False) as store:
        for _ in range(3):
            assert store.read(lambda r: r.value(rows)) == 20_000
    assert logged.names().count("store.over_budget") == 1  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_full_disk_refuses_and_heals(
    store: Store, mock_clock: trio.testing.MockClock
) -> None:
    mock_clock.rate = 0
    pages = pragma(store._write_db, "page_count")
    pragma(store._write_db, "max_page_count", pages)
    with pytest.raises(StoreUnavailable, match="Full"):
        await store.write(lambda tx: tx.insert(_q_add, {"name": "x" * 100_000}))
    assert store.writer.degraded is not None
    assert store.read(names) == []
    pragma(store._write_db, "max_page_count", 1 << 30)
    mock_clock.jump(5)
    await trio.testing.wait_all_tasks_blocked()
    assert store.writer.degraded is None
    await store.write(lambda tx: tx.insert(_q_add, {"name": "y"}))
    assert store.read(names) == ["y"]


async def test_waiting_for_a_place_has_an_end(
    store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    for _ in range(PLACES):
        store._places.acquire_nowait()
    before = trio.current_time()
    with pytest.raises(StoreBusy):
        await store.write(lambda tx: None)
    assert trio.current_time() - before == 2
    with trio.move_on_after(60) as patience:
        await store.write(lambda tx: None, actor=True)
    assert patience.cancelled_caught


async def test_idle_time_is_used_for_a_checkpoint(
    store: Store, autojump_clock: trio.testing.MockClock
) -> None:
    await store.write(lambda tx: tx.insert(_q_add, {"name": "a"}))
    assert store.writer.checkpoints == 0
    await trio.sleep(2)
    assert store.writer.checkpoints == 1
    await trio.sleep(60)
    assert store.writer.checkpoints == 1


async def test_a_scan_sees_what_was_written_and_ends_in_time(tmp_path: Path) -> None:
    async with open_test_store(tmp_path, inline=False) as store:
        await store.write(lambda tx: tx.insert(_q_add, {"name": "a"}))
        assert await store.scan(names) == ["a"]
        with pytest.raises(ScanTooLong):
            await store.scan(lambda r: r.value(_q_endless), limit_s=0.05)
        assert await store.scan(names) == ["a"]


async def test_a_cancelled_scan_is_interrupted(tmp_path: Path) -> None:
    async with open_test_store(tmp_path, inline=False) as store:
        with trio.fail_after(5):
            with trio.move_on_after(0.05) as scope:
                await store.scan(lambda r: r.value(_q_endless), limit_s=60)
            assert scope.cancelled_caught
            while len(store._scanners) < 1:  # noqa: ASYNC110 - a thread gives it back, unannounced
                await trio.sleep(0.005)
        assert await store.scan(names) == []


async def test_a_stream_reads_in_short_transactions(store: Store) -> None:
    async with trio.open_nursery() as nursery:
        for n in range(25):
            nursery.start_soon(store.write, lambda tx, n=n: tx.insert(_q_add, {"name": str(n)}))

    def chunk(reader: Reader, place: int | None) -> tuple[list[int], int | None]:
        ids = reader.values(
            "SELECT id FROM library WHERE id > :place ORDER BY id LIMIT 10", {"place": place or 0}
        )
        return ids, ids[-1] if len(ids) == 10 else None

    sizes = [len(ids) async for ids in store.stream(chunk)]
    assert sizes == [10, 10, 6]


async def test_a_backup_is_whole_private_and_taken_while_writing(
    store: Store, tmp_path: Path
) -> None:
    await store.write(lambda tx: tx.insert(_q_add, {"name": "a"}))
    target = tmp_path / "backups" / "b.db"
    target.parent.mkdir()
    await store.backup(target)
    assert modes(target.parent) == {"b.db": 0o600}
    target.rename(target.parent / "bindery.db")
    async with open_test_store(target.parent) as restored:
        assert restored.read(names) == ["a"]


async def test_files_are_private_and_nothing_is_left_behind(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        await store.write(lambda tx: tx.insert(_q_add, {"name": "a"}))
        await store.scan(names)
        assert modes(tmp_path) == {
            "bindery.db": 0o600,
            "bindery.db-wal": 0o600,
            "bindery.db-shm": 0o600,
        }
    assert list(modes(tmp_path)) == ["bindery.db"]


async def test_after_the_end_a_write_is_unavailable(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        pass
    with pytest.raises(StoreUnavailable):
        await store.write(lambda tx: None)


_WRITER = """
import sys, trio
from pathlib import Path
from bindery.store import open_store

async def main():
    async with open_store(Path(sys.argv[1])) as store:
        async def writer(k):
            n = 0
            while True:
                name = f"{k}-{n}"
                await store.write(lambda tx: tx.insert(
                    "INSERT INTO library (name, created_at) VALUES (:name, 0)", {"name": name}))
                print(name, flush=True)
                n += 1
        async with trio.open_nursery() as nursery:
            for k in range(20):
                nursery.start_soon(writer, k)

trio.run(main)
"""


def answered_before_kill(path: Path) -> list[str]:
    """Start twenty writers in a process, kill it, answer what it had been told was stored."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2_000)]
    os.kill(process.pid, signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    return [line.strip() for line in lines if line.endswith("\n")]


@pytest.mark.system
async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    answered = answered_before_kill(tmp_path / "bindery.db")
    assert len(answered) >= 2_000
    assert all(answered)
    async with open_test_store(tmp_path) as store:
        assert set(answered) <= set(await store.scan(names))


async def test_a_read_that_fails_spoils_no_later_one(store: Store) -> None:
    def fail(reader: Reader) -> None:
        reader.value("SELECT 1", {})
        raise apsw.IOError

    with pytest.raises(StoreUnreadable):
        store.read(fail)
    with store.counted() as statements:
        assert store.read(lambda reader: reader.value("SELECT 2", {})) == 2
    assert statements == ["SELECT 2"]
