"""Which blocked releases count for a book."""

from pathlib import Path

from bindery.domain.principal import SYSTEM
from bindery.store import blocklist
from bindery.store.blocklist import NewEntry
from bindery.store.tx import Tx
from tests.kit.database import open_test_store
from tests.kit.household import add_book_in


async def test_an_entry_without_a_book_counts_in_its_own_library_only(tmp_path: Path) -> None:
    def work(tx: Tx) -> int:
        other = tx.insert("INSERT INTO library (name, created_at) VALUES ('other', 0)", {})
        book = add_book_in(tx).book_id
        for library, guid, of in ((1, "here", None), (other, "there", None), (1, "its", book)):
            entry = NewEntry(library_id=library, guid=guid, title=guid, code="x", book_id=of)
            blocklist.add_in(tx, entry, SYSTEM)
        return book

    async with open_test_store(tmp_path) as store:
        book = await store.write(work)
        found = store.read(lambda reader: blocklist.for_book(reader, 1, book, 0))
        assert {row.guid for row in found} == {"here", "its"}
