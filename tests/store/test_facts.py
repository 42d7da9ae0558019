"""What is cached in p_ columns, tallies and author counts equals what is decided from the facts."""

from collections.abc import Iterator
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bindery.domain.principal import HOUSEHOLD
from bindery.store import Tx
from bindery.store.connection import execute, open_writer
from tests.kit.database import new_database
from tests.kit.library import add_author, add_book, add_download, add_file, add_library, add_root

OPERATIONS = (
    "add", "want", "monitor", "skip", "exclude", "file", "lose", "find", "drop_file", "download",
    "advance", "end", "unlink", "delete", "purge", "rename_work", "rename_person", "move_author",
    "move_library", "drop_slot", "drop_author",
)  # fmt: skip
STATES = (
    "grabbed", "downloading", "completed", "importPending", "importing", "imported", "failed",
    "importFailed", "importBlocked",
)  # fmt: skip

_q_apart = """
SELECT b.id, b.p_status, f.status, b.p_media, f.media, b.p_monitored, f.monitored
FROM book b JOIN book_facts f ON f.book_id = b.id
WHERE (b.p_status, b.p_media, b.p_monitored, b.p_title_key, b.p_author_key, b.p_released)
  IS NOT (f.status, f.media, f.monitored, f.title_key, f.author_key, f.released)
  OR b.p_imported_at IS NOT f.imported_at"""
_q_tally = "SELECT * FROM book_tally WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5"
_q_counted = """
SELECT library_id, excluded, p_monitored, p_media, p_status, count(*) FROM book
WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""
_q_authors = "SELECT id, p_books, p_available, p_wanted, p_name_key FROM author ORDER BY id"
_q_authors_counted = """
SELECT a.id, count(b.id), coalesce(sum(b.p_status = 'imported'), 0),
  coalesce(sum(b.p_status = 'wanted' AND b.p_monitored = 1), 0), p.sort_key
FROM author a JOIN person p ON p.id = a.person_id
LEFT JOIN book b ON b.author_id = a.id AND b.excluded = 0 AND b.deleted_at IS NULL
GROUP BY a.id ORDER BY a.id"""


class World:
    """Random changes, each as some actor or operation would make it."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db
        self.tx = Tx(db, 1_000)
        self.root = add_root(self.tx)
        self.libraries = [HOUSEHOLD, add_library(self.tx, "Second")]
        self.authors = [
            add_author(self.tx, "Ann Ape"),
            add_author(self.tx, "Bob Bee"),
            add_author(self.tx, "Ann Ape", library=self.libraries[1]),
        ]
        self.made = 0
        for _ in range(3):
            self.add(0, 0)

    def pick(self, table: str, number: int, where: str = "1") -> int | None:
        ids = [row[0] for row in execute(self.db, f"SELECT id FROM {table} WHERE {where}")]
        return ids[number % len(ids)] if ids else None

    def add(self, a: int, b: int) -> None:
        self.made += 1
        author = self.authors[a % len(self.authors)]
        library: int = self.tx.value("SELECT library_id FROM author WHERE id = :a", {"a": author})
        wanted: Any = [(), ("ebook",), ("audiobook",), ("ebook", "audiobook")][b % 4]
        add_book(self.tx, f"Book {self.made}", author_id=author, library=library, wanted=wanted)

    def change(self, operation: str, a: int, b: int) -> None:
        book = self.pick("book", a)
        if operation == "add" or book is None:
            self.add(a, b)
            return
        format_: Any = ("ebook", "audiobook")[b % 2]
        if operation in ("file", "download"):
            if self.pick("slot", 0, f"book_id = {book} AND format = '{format_}'") is None:
                return
            if operation == "file":
                add_file(self.tx, book, format_, root_id=self.root)
            elif not execute(
                self.db,
                "SELECT 1 FROM download_slot ds JOIN slot s ON s.id = ds.slot_id"
                f" WHERE s.book_id = {book} AND s.format = '{format_}' AND ds.live = 1",
            ):
                add_download(self.tx, book, format_, STATES[b % 5])
            return
        slot, file, download = (self.pick(table, a) for table in ("slot", "file", "download"))
        person, work = self.pick("person", a), self.pick("work", a)
        author = self.pick("author", b)
        statement = {
            "want": f"UPDATE slot SET wanted = 1 - wanted WHERE id = {slot}",
            "monitor": f"UPDATE slot SET monitored = 1 - monitored WHERE id = {slot}",
            "skip": f"UPDATE book SET skipped = 1 - skipped WHERE id = {book}",
            "exclude": f"UPDATE book SET excluded = 1 - excluded WHERE id = {book}",
            "lose": f"UPDATE file SET missing_since = 5 WHERE id = {file}",
            "find": f"UPDATE file SET missing_since = NULL WHERE id = {file}",
            "drop_file": f"DELETE FROM file WHERE id = {file}",
            "advance": f"UPDATE download SET state = '{STATES[b % len(STATES)]}' WHERE id = {download}",
            "end": f"UPDATE download SET live = 0, state = 'imported' WHERE id = {download}",
            "unlink": f"DELETE FROM download WHERE id = {download}",
            "delete": f"UPDATE book SET deleted_at = CASE WHEN deleted_at IS NULL THEN 9 END"
            f" WHERE id = {book}",
            "purge": f"DELETE FROM book WHERE id = {book}",
            "rename_work": f"UPDATE work SET sort_key = 'w{b}', released = '{1900 + b}' WHERE id = {work}",
            "rename_person": f"UPDATE person SET sort_key = 'p{b}' WHERE id = {person}",
            "move_author": f"UPDATE book SET author_id = {author or 'NULL'} WHERE id = {book}",
            "move_library": f"UPDATE book SET library_id = {self.libraries[b % 2]} WHERE id = {book}",
            "drop_slot": f"DELETE FROM slot WHERE id = {slot}",
            "drop_author": f"DELETE FROM author WHERE id = {author}",
        }[operation]
        if "= None" not in statement:
            execute(self.db, statement)
        if operation == "drop_author" and author in self.authors:
            self.authors.remove(author)
            self.authors = self.authors or [add_author(self.tx, f"New {self.made}")]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    db = open_writer(new_database(tmp_path_factory.mktemp("facts")))
    yield db
    db.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 40), st.integers(0, 40)),
        min_size=5,
        max_size=40,
    )
)
def test_caches_equal_a_recount_after_any_changes(
    db: apsw.Connection, changes: list[tuple[str, int, int]]
) -> None:
    execute(db, "BEGIN")
    try:
        world = World(db)
        for operation, a, b in changes:
            world.change(operation, a, b)
            assert execute(db, _q_apart) == [], operation
            assert execute(db, _q_tally) == execute(db, _q_counted), operation
            assert execute(db, _q_authors) == execute(db, _q_authors_counted), operation
        execute(db, "INSERT INTO book_search (book_search) VALUES ('integrity-check')")
        execute(db, "INSERT INTO author_search (author_search) VALUES ('integrity-check')")
    finally:
        execute(db, "ROLLBACK")
