"""Deleted files go to the recycle bin: whole, once, and never somebody else's."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from bindery.domain.refusal import Code, Refusal
from bindery.files.bin import list_bin, restore
from bindery.operations import authors as author_operations
from bindery.operations import books as operations
from bindery.operations.trash import KIND
from bindery.runtime.clock import SystemClock
from bindery.store import attention, books
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.fixtures_dir import ROOT
from tests.kit import trash_house as house
from tests.kit.database import open_test_store
from tests.kit.trash_house import ADMIN, FOLDER, SHELF


@asynccontextmanager
async def library(folder: Path) -> AsyncGenerator[tuple[Store, Path, int], None]:
    """A store, the root of a furnished shelf, and the book on it."""
    root = folder / "library"
    house.build(root)
    with trio.fail_after(30):
        async with open_test_store(folder, clock=SystemClock(), inline=False) as store:
            book_id = await store.write(lambda tx: house.furnish_in(tx, root))
            yield store, root, book_id


def raised(store: Store) -> dict[str, object]:
    now = store.clock.now_us()
    items = store.read(lambda reader: attention.list_attention(reader, (1,), now))
    return {item.code: item.params.get("reason") for item in items}


def told(store: Store) -> list[str]:
    return store.read(lambda reader: reader.values("SELECT type FROM event ORDER BY id"))


async def test_a_book_goes_with_its_files_side_cars_and_folder(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        assert await operations.delete_book(store, ADMIN, book_id, files=True) is None
        assert len(house.shelved(root)) > 4, "the answer waits for no disk"
        async with house.at_work(store):
            await house.settled(store)
        assert house.shelved(root) == []
        assert house.binned(root) == {Path(name).name: data for name, data in SHELF.items()}
        assert told(store)[-2:] == ["bookFileDeleted", "bookDeleted"]
        assert raised(store) == {}
        for thing in list_bin(str(root)):
            assert restore(str(root), thing.change, thing.key) == thing.origin
        assert house.binned(root) == {}
        assert (root / FOLDER / "Sula.epub").read_bytes() == b"an epub"


async def test_files_alone_go_and_the_book_is_wanted_again(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        row = await operations.delete_files(store, ADMIN, book_id, "ebook")
        assert not isinstance(row, Refusal)
        assert row.status == "wanted"
        again = await operations.delete_files(store, ADMIN, book_id)
        assert isinstance(again, Refusal)
        assert again.code is Code.NO_FILE_TO_DELETE
        async with house.at_work(store):
            await house.settled(store)
        assert house.shelved(root) == []


async def test_without_being_asked_the_files_stay(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        await operations.delete_book(store, ADMIN, book_id)
        async with house.at_work(store):
            await house.settled(store)
        assert (root / FOLDER / "Sula.epub").exists()
        assert house.binned(root) == {}


async def test_an_author_goes_with_all_files(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        author_id = store.read(lambda r: r.value("SELECT author_id FROM book"))
        refused = await author_operations.delete_author(store, ADMIN, author_id, files=True)
        assert refused is None
        async with house.at_work(store):
            await house.settled(store)
        assert house.shelved(root) == []
        assert store.read(lambda reader: books.files_of(reader, [book_id])) == []


async def test_a_file_that_another_book_needs_stays(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        name = f"{FOLDER}/Sula.epub"

        def share(tx: Tx) -> int:
            other = house.add_book(tx, "The Novels", author_id=1)
            house.track_in(tx, root, 1, other, name)
            return other

        other = await store.write(share)
        await operations.delete_book(store, ADMIN, book_id, files=True)
        async with house.at_work(store):
            await house.settled(store)
        assert [n for n in house.shelved(root) if n.endswith((".epub", ".jpg"))] == [
            f"{FOLDER}/Sula.epub",
            f"{FOLDER}/cover.jpg",
        ]
        assert list(house.binned(root)) == ["Sula.mobi"]
        held = store.read(lambda reader: books.files_of(reader, [other]))
        assert [file.rel_path for file in held] == [name]


async def test_a_file_that_was_replaced_meanwhile_is_left_and_told(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        await operations.delete_book(store, ADMIN, book_id, files=True)
        path = root / FOLDER / "Sula.epub"
        path.unlink()
        path.write_bytes(b"somebody's own work")
        async with house.at_work(store):
            await house.settled(store)
        assert path.read_bytes() == b"somebody's own work"
        assert list(house.binned(root)) == ["Sula.mobi"]
        assert raised(store) == {"files_kept": "source_changed"}


async def test_files_that_are_gone_already_are_no_trouble(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        await operations.delete_book(store, ADMIN, book_id, files=True)
        (root / FOLDER / "Sula.epub").unlink()
        async with house.at_work(store):
            await house.settled(store)
        assert (house.shelved(root), raised(store)) == ([], {})


async def test_a_folder_with_something_of_somebodys_stays(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        (root / FOLDER / "notes.txt").write_text("mine")
        await operations.delete_book(store, ADMIN, book_id, files=True)
        async with house.at_work(store):
            await house.settled(store)
        assert [name for name in house.shelved(root) if "." in name] == [
            f"{FOLDER}/cover.jpg",
            f"{FOLDER}/metadata.opf",
            f"{FOLDER}/notes.txt",
        ]


async def test_a_root_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async with library(tmp_path) as (store, root, book_id):
        await operations.delete_book(store, ADMIN, book_id, files=True)
        marker = root / ".bindery-root"
        away = marker.rename(root.parent / "marker")
        async with house.at_work(store):
            with trio.fail_after(10):
                while not raised(store):  # noqa: ASYNC110 - rows ring no bell here
                    await trio.sleep(0.01)
            assert list(raised(store)) == ["trash_held"]
            assert (root / FOLDER / "Sula.epub").exists()
            away.rename(marker)
            await store.write(lambda tx: tx.enqueue(KIND, {"changeId": 1}, key="1", not_before=0))
            await house.settled(store)
        assert (house.shelved(root), raised(store)) == ([], {})


POINTS = ["op.displaced_moved", "op.displaced_moved@3", "op.dir_synced", "op.dir_synced@4"]


@pytest.mark.parametrize("point", [*POINTS, "command.before_done"])
def test_a_killed_deletion_ends_as_one_whole_deletion(tmp_path: Path, point: str) -> None:
    command = [sys.executable, "-m", "tests.kit.trash_house", str(tmp_path)]
    killed = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "BINDERY_FAULT": point}, timeout=60, check=False
    )
    assert killed.returncode == -9
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    root = tmp_path / "library"
    assert house.shelved(root) == []
    assert house.binned(root) == {Path(name).name: data for name, data in SHELF.items()}
