"""A small household by hand: one author, some books with slots, a root, in one write each."""

from dataclasses import dataclass
from typing import Any

from bindery.domain.downloads import may_go
from bindery.domain.offers import Transport
from bindery.domain.principal import SYSTEM
from bindery.domain.refusal import Refusal
from bindery.operations.grab import GrabOrder, grab_in
from bindery.store import downloads
from bindery.store.store import Store
from bindery.store.tx import Tx


@dataclass(frozen=True)
class Shelf:
    """Ids of what was added."""

    author_id: int
    book_id: int
    slot_id: int


def add_book_in(tx: Tx, title: str = "The Lantern Ledger", author: str = "Ada Quill") -> Shelf:
    """One author, one work, one book, one wanted ebook slot."""
    now = {"now": tx.now_us}
    person = tx.insert(
        "INSERT INTO person (name, sort_name, name_key, sort_key, created_at, updated_at)"
        " VALUES (:name, :name, :key, :key, :now, :now)",
        {"name": author, "key": author.lower(), **now},
    )
    author_id = tx.insert(
        "INSERT INTO author (library_id, person_id, created_at, updated_at)"
        " VALUES (1, :person, :now, :now)",
        {"person": person, **now},
    )
    work = tx.insert(
        "INSERT INTO work (title, sort_title, title_key, sort_key, created_at, updated_at)"
        " VALUES (:title, :title, :key, :key, :now, :now)",
        {"title": title, "key": title.lower(), **now},
    )
    book = tx.insert(
        "INSERT INTO book (library_id, work_id, author_id, added_at, updated_at)"
        " VALUES (1, :work, :author, :now, :now)",
        {"work": work, "author": author_id, **now},
    )
    slot = tx.insert("INSERT INTO slot (book_id, format) VALUES (:book, 'ebook')", {"book": book})
    return Shelf(author_id, book, slot)


async def add_book(store: Store, title: str = "The Lantern Ledger") -> Shelf:
    """As `add_book_in`, in its own write."""
    return await store.write(lambda tx: add_book_in(tx, title))


async def grab(
    store: Store,
    shelf: Shelf,
    *,
    guid: str = "guid-1",
    transport: Transport = Transport.TORRENT,
    link: str = "http://feed.test/1.torrent",
    seed_ratio: float | None = None,
) -> int:
    """Grab a release for a book; the download's id. `seed_ratio` as its indexer would ask for."""

    def work(tx: Tx) -> int | Refusal:
        made = grab_in(
            tx,
            GrabOrder(
                library_id=1,
                slot_ids=(shelf.slot_id,),
                guid=guid,
                title="Ada Quill - The Lantern Ledger (2001) EPUB",
                transport=transport,
                book_format="ebook",
                link=link,
                size=1_000,
                quality="epub",
                indexer_id=None,
                by=SYSTEM,
                trace="w-test",
                book_id=shelf.book_id,
            ),
        )
        tx.run(
            "UPDATE download SET seed_ratio = :ratio WHERE guid = :guid",
            {"ratio": seed_ratio, "guid": guid},
        )
        return made

    download_id = await store.write(work)
    assert isinstance(download_id, int), download_id
    return download_id


_WAY = ("grabbed", "downloading", "completed", "importPending", "importing")


def bring_in(tx: Tx, download_id: int, state: str, **more: Any) -> None:
    """Take a download to a state, step by legal step; `more` is for the last one."""
    row = downloads.get(tx, download_id)
    while row is not None and not may_go(row.state, state):
        assert downloads.move_in(tx, row, _WAY[_WAY.index(row.state) + 1])
        row = downloads.get(tx, download_id)
    assert row is not None
    assert downloads.move_in(tx, row, state, **more)
