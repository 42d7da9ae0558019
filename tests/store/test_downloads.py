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
