"""Moves of a download (architecture.md 6a)."""

from pathlib import Path

import pytest

from bindery.domain.offers import Transport
from bindery.store import downloads
from bindery.store.tx import Tx
from tests.kit.database import open_test_store
from tests.kit.household import add_book, grab


async def test_an_illegal_move_is_a_fault_and_changes_nothing(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        download = await grab(store, await add_book(store), transport=Transport.HTTP)

        def work(tx: Tx) -> None:
            row = downloads.get(tx, download)
            assert row is not None
            with pytest.raises(downloads.IllegalMove, match="grabbed -> imported"):
                downloads.move_in(tx, row, "imported")
            assert downloads.get(tx, download) == row
            assert downloads.move_in(tx, row, "grabbed", "send")

        await store.write(work)


async def test_the_grabs_that_wait_for_an_indexer_are_found_without_a_scan(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        for number in range(3):
            shelf = await add_book(store, f"Volume {number}")
            await grab(store, shelf, guid=f"guid-{number}", transport=Transport.HTTP)
        with store.profiled() as costs:
            assert store.read(lambda reader: downloads.unfetched(reader, 7)) == []
        assert [cost.sql for cost in costs if cost.full_scan_steps > 0] == []
