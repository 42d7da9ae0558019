"""The list of books against a plain sort of all rows, and what a page costs."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bindery.domain.text import fold
from bindery.store import Reader, Store, Tx, paging
from bindery.store.author_list import AuthorFilter, page_of_authors
from bindery.store.book_list import (
    MEDIA,
    MEDIA_FILTER,
    STATUSES,
    BookFilter,
    count_books,
    page_of_books,
)
from bindery.store.books import books_by_id, slots_of
from bindery.store.connection import execute, open_writer
from bindery.store.paging import BadCursor, Slice
from tests.kit.database import new_database, open_test_store
from tests.kit.library import add_author, add_book, add_download, add_file, add_library, add_root

SORTS = [
    f"{key}-{way}"
    for key, ways in (
        ("title", ("az", "za")), ("author", ("az", "za")), ("date", ("new", "old")),
        ("type", ("az", "za")), ("status", ("az", "za")), ("added", ("new", "old")),
    )
    for way in ways
]  # fmt: skip


class Plain(msgspec.Struct):
    id: int
    library_id: int
    author_id: int | None
    excluded: int
    deleted_at: int | None
    added_at: int
    title: str
    author: str
    released: str
    status: str
    media: str
    monitored: int
    text: str


def fill(tx: Tx) -> None:
    rng = random.Random(7)
    root = add_root(tx)
    libraries = [1, add_library(tx, "Second"), add_library(tx, "Third")]
    authors = {
        library: [add_author(tx, name, library=library) for name in ("Ann Ape", "Bob Bee")]
        for library in libraries
    }
    for n in range(150):
        library = rng.choice(libraries)
        title = f"{rng.choice(('The ', '', 'A '))}{rng.choice(('Sea', 'Lake', 'Öl', 'X'))} {n % 7}"
        book = add_book(
            tx,
            title,
            library=library,
            author_id=rng.choice([None, *authors[library]]),
            released=rng.choice((None, "1999", "2005-03", "2005", "2010-01-02")),
            wanted=rng.choice(((), ("ebook",), ("audiobook",), ("ebook", "audiobook"))),
            monitored=rng.random() < 0.6,
        )
        changes = {"id": book, "added": rng.randrange(30), "excluded": int(rng.random() < 0.1),
                   "skipped": int(rng.random() < 0.1)}  # fmt: skip
        tx.run("UPDATE book SET added_at = :added, excluded = :excluded, skipped = :skipped"
               " WHERE id = :id", changes)  # fmt: skip
        if rng.random() < 0.4:
            add_file(tx, book, "ebook", root_id=root)
        if rng.random() < 0.2:
            add_download(tx, book, "audiobook", rng.choice(("downloading", "importing")))
        if rng.random() < 0.05:
            tx.run("UPDATE book SET deleted_at = 1 WHERE id = :id", {"id": book})


_q_plain = """
SELECT b.id, b.library_id, b.author_id, b.excluded, b.deleted_at, b.added_at, f.title_key AS title,
  f.author_key AS author, f.released, f.status, f.media, f.monitored, b.p_search AS text
FROM book b JOIN book_facts f ON f.book_id = b.id"""


def wanted_rows(rows: list[Plain], scope: tuple[int, ...], chosen: BookFilter) -> list[Plain]:
    """The filter, said a second time and slowly."""
    found: list[Plain] = []
    for row in rows:
        hidden = row.deleted_at is not None or (row.excluded and not chosen.include_excluded)
        if hidden or row.library_id not in scope:
            continue
        if chosen.status and row.status not in chosen.status:
            continue
        if chosen.status and row.status == "wanted" and not row.monitored:
            continue
        if chosen.monitored is not None and bool(row.monitored) != chosen.monitored:
            continue
        if chosen.media and row.media not in MEDIA_FILTER[chosen.media]:
            continue
        if chosen.author_id is not None and row.author_id != chosen.author_id:
            continue
        if chosen.dated:
            late = chosen.release_before and row.released >= chosen.release_before
            if not row.released or row.released < chosen.release_from or late:
                continue
        if not all(word in row.text for word in fold(chosen.search).split()):
            continue
        found.append(row)
    return found


def in_order(rows: list[Plain], sort: str) -> list[int]:
    """The sort, said a second time: ids in order."""
    name, way = sort.rsplit("-", 1)
    down = way in ("za", "new")
    single: dict[str, Any] = {
        "title": lambda r: (r.title,),
        "author": lambda r: (r.author, r.title),
        "date": lambda r: (r.released,),
        "added": lambda r: (r.added_at,),
    }
    if name in single:
        rows = sorted(rows, key=lambda r: (*single[name](r), r.id), reverse=down)
        blank = {"date": "released", "author": "author"}.get(name)
        if blank is not None:
            rows = sorted(rows, key=lambda r: getattr(r, blank) == "")
        return [row.id for row in rows]
    rows = sorted(rows, key=lambda r: (r.title, r.id))
    order = list(MEDIA if name == "type" else STATUSES)
    column = "media" if name == "type" else "status"
    return [r.id for r in sorted(rows, key=lambda r: order.index(getattr(r, column)), reverse=False)
            ] if not down else [
        r.id for r in sorted(rows, key=lambda r: -order.index(getattr(r, column)))
    ]  # fmt: skip


filters = st.builds(
    BookFilter,
    search=st.sampled_from(["", "", "", "", "lake", "sea 3", "öl", "ape lake", "nothing"]),
    status=st.sampled_from([(), (), ("wanted",), ("imported",), ("skipped", "wanted")]),
    media=st.sampled_from(["", "", "ebook", "audiobook", "both"]),
    monitored=st.sampled_from([None, None, True, False]),
    author_id=st.sampled_from([None, None, None, 1, 4]),
    release_from=st.sampled_from(["", "", "", "2000"]),
    release_before=st.sampled_from(["", "", "", "2005-03"]),
    include_excluded=st.booleans(),
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The library of `fill`, without a store around it."""
    path = new_database(tmp_path_factory.mktemp("lists"))
    db = open_writer(path)
    db.execute("BEGIN")
    fill(Tx(db, 1_000_000))
    db.execute("COMMIT")
    yield Reader(db)
    db.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500)
@given(
    chosen=filters,
    sort=st.sampled_from(SORTS),
    scope=st.sampled_from([(1,), (1, 2), (1, 2, 3), (2,), ()]),
    limit=st.integers(1, 40),
    offset=st.integers(0, 160),
    jump=st.booleans(),
)
def test_every_page_equals_a_plain_sort(
    filled: Reader,
    chosen: BookFilter,
    sort: Any,
    scope: tuple[int, ...],
    limit: int,
    offset: int,
    jump: bool,
) -> None:
    plain = filled.rows(_q_plain, {}, Plain)
    if chosen.search == "öl":  # below three letters: a prefix of the title, not a substring
        bare = msgspec.structs.replace(chosen, search="")
        rows = [row for row in wanted_rows(plain, scope, bare) if row.title.startswith("ol")]
    else:
        rows = wanted_rows(plain, scope, chosen)
    expected = in_order(rows, sort)

    with pytest.MonkeyPatch.context() as patch:
        if jump:  # as deep offsets do
            patch.setattr(paging, "INLINE_OFFSET", 3)
            patch.setattr(paging, "_STEP_BACK", 1)
        page = page_of_books(filled, scope, chosen, sort, Slice(limit=limit, offset=offset))
    assert page.ids == expected[offset : offset + limit]
    assert page.total == len(expected)
    assert count_books(filled, scope, chosen) == len(expected)

    seen: list[int] = []
    part = Slice(limit=limit)
    while True:
        page = page_of_books(filled, scope, chosen, sort, part)
        seen += page.ids
        if page.next is None:
            break
        part = Slice(limit=limit, after=page.next)
    assert seen == expected


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("status", [(), ("wanted",), ("imported", "skipped")])
async def test_a_page_is_few_statements_and_no_full_scan(
    store: Store, sort: Any, status: tuple[str, ...]
) -> None:
    await store.write(fill)
    chosen = BookFilter(status=status)
    with store.counted() as statements, store.profiled() as costs:
        ids = store.read(lambda r: page_of_books(r, (1, 2, 3), chosen, sort))
        store.read(lambda r: (books_by_id(r, (1, 2, 3), ids.ids), slots_of(r, ids.ids)))
    assert len(statements) <= 5  # the change counter of the ETag is the sixth
    assert [cost.sql for cost in costs if cost.full_scan_steps > 0] == []


@pytest.mark.parametrize("sort", SORTS)
async def test_no_sort_orders_more_than_the_page(store: Store, sort: Any) -> None:
    await store.write(fill)
    with store.profiled() as costs:
        store.read(lambda r: page_of_books(r, (1, 2, 3), BookFilter(), sort, Slice(limit=5)))
    assert [cost.sql for cost in costs if cost.sorts > 0] == []


async def test_a_cursor_of_another_sort_is_refused(store: Store) -> None:
    await store.write(fill)
    with pytest.raises(BadCursor):
        store.read(
            lambda r: page_of_books(r, (1,), BookFilter(), "author-az", Slice(after=(0, "x", 3)))
        )


async def test_a_frequent_text_says_more_than_a_thousand(store: Store) -> None:
    def many(tx: Tx) -> None:
        for n in range(1_010):
            add_book(tx, f"Common {n}")

    await store.write(many)
    chosen = BookFilter(search="common")
    page = await store.scan(lambda r: page_of_books(r, (1,), chosen))
    assert (page.total, page.capped) == (1_000, True)
    assert await store.scan(lambda r: count_books(r, (1,), chosen)) == 1_010


async def test_authors_are_found_by_name_and_sorted_every_way(store: Store) -> None:
    await store.write(fill)
    names: dict[str, list[str]] = {}
    for sort in ("az", "za", "recent", "books-asc", "books-desc", "rating-asc", "rating-desc",
                 "monitored-asc", "monitored-desc"):  # fmt: skip
        page = store.read(lambda r, s=sort: page_of_authors(r, (1, 2, 3), AuthorFilter(), s))  # pyright: ignore[reportArgumentType]
        assert page.total == 6
        names[sort] = [str(key[1]) for key in page.keys]
        first = store.read(
            lambda r, s=sort: page_of_authors(r, (1, 2, 3), AuthorFilter(), s, Slice(limit=4))  # pyright: ignore[reportArgumentType]
        )
        rest = store.read(
            lambda r, s=sort, after=first.next: page_of_authors(  # pyright: ignore[reportArgumentType]
                r,
                (1, 2, 3),
                AuthorFilter(),
                s,
                Slice(after=after),  # pyright: ignore[reportArgumentType]
            )
        )
        assert first.ids + rest.ids == page.ids
    assert names["az"] == sorted(names["az"])
    assert names["za"] == sorted(names["az"], reverse=True)
    assert [int(n) for n in names["books-desc"]] == sorted(map(int, names["books-asc"]))[::-1]
    found = await store.scan(lambda r: page_of_authors(r, (1,), AuthorFilter(search="bee")))
    assert found.total == 1


async def test_the_tally_counts_what_is_there(store: Store) -> None:
    await store.write(fill)
    counted = """SELECT library_id, excluded, p_monitored, p_media, p_status, count(*) FROM book
        WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""
    tally = "SELECT * FROM book_tally WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5"
    assert execute(store._read_db, counted) == execute(store._read_db, tally)


async def test_total_of_a_search_is_counted_once_per_change(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        chosen = BookFilter(search="lantern")

        def total() -> int:
            return store.read(lambda reader: count_books(reader, (1,), chosen))

        def added(tx: Tx, title: str) -> None:
            add_book(tx, title, author_id=add_author(tx))

        await store.write(lambda tx: added(tx, "The Lantern Ledger"))
        assert total() == 1
        with store.counted() as statements:
            assert total() == 1
        assert not [sql for sql in statements if "p_search" in sql]
        await store.write(lambda tx: added(tx, "A Second Lantern"))
        assert total() == 2
