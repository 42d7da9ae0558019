"""Asking for an import: who waits for whom, and what a lost race leaves alone."""

from pathlib import Path

import pytest

from bindery.operations import imports as operations
from bindery.operations.imports import ready_in
from bindery.store import downloads, imports
from bindery.store.commands import EVENT, PERSON
from bindery.store.imports import ImportSource
from bindery.store.tx import Tx
from tests.kit import importing
from tests.kit.database import open_test_store

SOURCE = ImportSource(path="/downloads/x", files=("a.mp3", "b.mp3"))


@pytest.mark.parametrize(
    ("size", "priority"),
    [(1_000, PERSON), (operations.SMALL, PERSON), (operations.SMALL + 1, EVENT), (None, EVENT)],
)
async def test_small_downloads_take_the_place_kept_for_persons(
    tmp_path: Path, size: int | None, priority: int
) -> None:
    house = importing.build(tmp_path / "h", {})

    def work(tx: Tx) -> None:
        download_id = importing.furnish_in(tx, house)
        tx.run("UPDATE download SET size = :size", {"size": size})
        row = downloads.get(tx, download_id)
        assert row is not None
        assert ready_in(tx, row, SOURCE)

    async with open_test_store(tmp_path) as store:
        await store.write(work)
        found = store.read(lambda r: r.value("SELECT priority FROM command"))
        assert found == priority
        assert store.read(lambda reader: imports.find_source(reader, 1)) == SOURCE


async def test_the_gate_opens_once(tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", {})

    def work(tx: Tx) -> tuple[bool, bool]:
        row = downloads.get(tx, importing.furnish_in(tx, house))
        assert row is not None
        return ready_in(tx, row, SOURCE), ready_in(tx, row, ImportSource(path="/elsewhere"))

    async with open_test_store(tmp_path) as store:
        assert await store.write(work) == (True, False)
        assert store.read(lambda reader: imports.find_source(reader, 1)) == SOURCE
