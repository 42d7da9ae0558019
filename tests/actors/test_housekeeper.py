"""Backups, retention, the recycle bin, integrity and disk space, one command each."""

import os
import random
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio

from bindery.actors import housekeeper
from bindery.actors.housekeeper import HousekeeperActor
from bindery.domain.principal import SYSTEM
from bindery.files.bin import TRASH
from bindery.files.roots import write_marker
from bindery.runtime.clock import FixedClock
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.runtime.threads import RootUnreachable, Threads, in_thread
from bindery.store import attention, backup, backups, roots
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx
from tests.kit.database import open_test_store
from tests.kit.household import add_book

MARKER = "b0a4e1f8-1d33-4c39-8a55-1f1d1f3f0c77"
YEARS_S = 3 * 366 * 86_400


@asynccontextmanager
async def at_work(
    folder: Path, threads: Threads | None = None
) -> AsyncGenerator[tuple[Store, FixedClock], None]:
    """The actor on a store with threads, and its clock."""
    clock = FixedClock()
    with trio.fail_after(20):
        async with (
            open_test_store(folder, clock=clock, inline=False) as store,
            open_supervisor(clock, rng=random.Random(1)) as supervisor,
        ):
            made = Child("housekeeper", lambda: HousekeeperActor(store, threads or Threads()))
            await supervisor.start(made)
            yield store, clock
            await supervisor.stop_all()


async def run(store: Store, kind: str, payload: object = None) -> Any:
    """Run one command to its end; the settlement."""
    command = await store.write(lambda tx: tx.enqueue(kind, payload or {}))
    return await store.settled(command, 10)


def raised(store: Store) -> dict[str, str]:
    now = store.clock.now_us()
    items = store.read(lambda reader: attention.list_attention(reader, (1,), now))
    return {item.code: item.subject for item in items}


async def test_backup_is_whole_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (store, _):
        await add_book(store, "The Lantern Ledger")
        ended = await run(store, "backup.create", {"label": "before upgrade"})
        (made,) = await backups.list_backups(store)
        path = backups.backup_folder(store) / made.name
    assert ended.state == "succeeded"
    assert made.name.endswith("_before-upgrade.db")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    copy = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert list(copy.execute("SELECT title FROM work")) == [("The Lantern Ledger",)]
    copy.close()


async def test_scheduled_backups_are_thinned_out_and_others_are_kept(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (store, clock):
        await run(store, "backup.create", {"label": "mine"})
        for _ in range(housekeeper.KEEP_BACKUPS + 2):
            clock.advance(86_400)
            await run(store, "backup.create")
        names = [backup.name for backup in await backups.list_backups(store)]
    assert len(names) == housekeeper.KEEP_BACKUPS + 1
    assert names[-1].endswith("_mine.db")


async def test_backup_that_fails_needs_a_person(tmp_path: Path, logged: Any) -> None:
    logged.claim("backup.failed")
    async with at_work(tmp_path) as (store, _):
        backups.backup_folder(store).write_text("in the way")
        ended = await run(store, "backup.create")
        before = raised(store)
        backups.backup_folder(store).unlink()
        again = await run(store, "backup.create")
        after = raised(store)
    assert (ended.state, ended.code) == ("failed", "backup_failed")
    assert before == {"backup_failed": "backup"}
    assert (again.state, after) == ("succeeded", {})


async def test_backup_onto_a_full_disk_leaves_nothing(
    tmp_path: Path, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise apsw.FullError

    logged.claim("backup.failed")
    async with at_work(tmp_path) as (store, _):
        with monkeypatch.context() as patch:
            patch.setattr(backup, "pragma", full)
            ended = await run(store, "backup.create")
        assert (ended.state, ended.code) == ("failed", "backup_failed")
        assert raised(store) == {"backup_failed": "backup"}
        assert list(backups.backup_folder(store).iterdir()) == []
        assert (await run(store, "backup.create")).state == "succeeded"
        assert raised(store) == {}


async def test_retention_forgets_what_is_old_and_nothing_else(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (store, clock):
        await store.write(lambda tx: tx.record(NewEvent(type="grabbed", source_title="old")))
        await run(store, "bin.purge")
        clock.advance(YEARS_S)
        await store.write(lambda tx: tx.record(NewEvent(type="grabbed", source_title="new")))
        ended = await run(store, "retention.prune")
        kept = store.read(lambda r: r.values("SELECT source_title FROM event ORDER BY id"))
        commands = store.read(lambda r: r.values("SELECT kind FROM command"))
    assert ended.state == "succeeded"
    assert kept == ["new"]
    assert commands == ["retention.prune"]


async def rooted(store: Store, folder: Path) -> int:
    """A real root folder; its id."""
    folder.mkdir()  # noqa: ASYNC240 - a test may wait for a folder
    write_marker(str(folder), MARKER)
    return await store.write(lambda tx: roots.add_root_in(tx, str(folder), MARKER, by=SYSTEM))


async def test_recycle_bin_keeps_what_is_fresh(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    async with at_work(tmp_path) as (store, clock):
        await rooted(store, shelf)
        for change, days in (("c1", 40), ("c2", 1)):
            folder = shelf / TRASH / change
            folder.mkdir(parents=True)
            (folder / "book.epub").write_bytes(b"x")
            at = clock.now_us() / 1e6 - days * 86_400
            os.utime(folder, (at, at))
        ended = await run(store, "bin.purge")
    assert ended.state == "succeeded"
    assert [path.name for path in (shelf / TRASH).iterdir()] == ["c2"]


async def test_damage_is_found_and_told(tmp_path: Path) -> None:
    def damage(tx: Tx) -> None:
        tx.run("UPDATE book SET p_status = 'imported'")

    async with at_work(tmp_path) as (store, _):
        await add_book(store)
        await run(store, "integrity.check")
        before = raised(store)
        await store.write(damage)
        await run(store, "integrity.check")
        after = raised(store)
    assert (before, after) == ({}, {"database_damaged": "database"})


async def test_root_that_is_not_mounted_is_told_until_it_is_back(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    async with at_work(tmp_path) as (store, _):
        root = await rooted(store, shelf)
        (shelf / ".bindery-root").rename(tmp_path / "away")
        await run(store, "disk.check")
        gone = raised(store)
        (tmp_path / "away").rename(shelf / ".bindery-root")
        await run(store, "disk.check")
        back = raised(store)
        free = store.read(lambda r: r.value("SELECT free_bytes FROM root"))
    assert gone.get("root_unavailable") == f"root:{root}"
    assert "root_unavailable" not in back
    assert free > 0


async def test_a_mount_that_does_not_answer_is_known_to_all_who_look(tmp_path: Path) -> None:
    shelf, over, threads = tmp_path / "shelf", threading.Event(), Threads()
    async with at_work(tmp_path, threads) as (store, _):
        await rooted(store, shelf)
        with pytest.raises(RootUnreachable):
            await in_thread(threads.root(str(shelf)), over.wait, 20, patience_s=0.05)
        await run(store, "disk.check")
        now = store.clock.now_us()
        items = store.read(lambda reader: attention.list_attention(reader, (1,), now))
        over.set()
    told = {item.code: item.params for item in items}
    assert told["root_unavailable"] == {"path": str(shelf), "reason": "root_unreachable"}
