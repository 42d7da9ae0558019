"""A generated library: N books over three libraries, N/10 authors. Built once, then cached.

python -m bench.books_db 10000
"""

import hashlib
import os
import random
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import apsw

from bindery.domain.text import fold, search_line, sort_key, title_sort_key
from bindery.store import migrate as migrate_module
from bindery.store.connection import execute, open_writer
from bindery.store.migrate import migrate

LIBRARIES = (1, 2, 3)
_WORDS = (
    "shadow river glass winter crown ember harbour silence garden mirror storm orchard lantern "
    "thorn summit desert violet anchor raven hollow marble autumn compass echo ivory meadow "
    "quarry saffron tempest willow citadel driftwood falcon granite horizon juniper kestrel"
).split()
_GIVEN = "Ada Boris Clara Dmitri Elena Farid Greta Hugo Ines Jonas Kira Lars Mina Noor Otto".split()
Author: TypeAlias = tuple[int, int, str, str]
"""Id, library, name, sort key."""


def database(books: int, folder: Path | None = None) -> Path:
    """Path of a closed database with this many books; makes it when there is none."""
    cache = folder or Path(os.environ.get("BINDERY_BENCH", "~/.cache/bindery-bench")).expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"books-{books}-{_shape()}.db"
    if path.exists():
        return path
    for stale in cache.glob(f"books-{books}-*.db"):
        stale.unlink()
    building = path.with_suffix(".building")
    building.unlink(missing_ok=True)
    started = time.perf_counter()
    _build(building, books)
    building.rename(path)
    size = path.stat().st_size / 1e6
    print(f"built {path.name}: {time.perf_counter() - started:.1f} s, {size:.0f} MB")
    return path


def _shape() -> str:
    """Names what a generated database depends on: the migrations and this module."""
    folder = Path(migrate_module.__file__).with_name("migrations")
    told = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(folder.glob("*.sql")):
        told.update(file.read_bytes())
    return told.hexdigest()[:12]


def _build(path: Path, books: int) -> None:
    rng = random.Random(books)
    db = open_writer(path)
    migrate(db, path)
    execute(db, "PRAGMA synchronous = off")
    execute(db, "PRAGMA cache_size = -400000")
    rebuilt = _without_triggers_and_indexes(db)
    execute(db, "BEGIN")
    _many(
        db,
        "INSERT INTO library (id, name, created_at) VALUES (?, ?, 0)",
        [(n, f"Library {n}") for n in LIBRARIES[1:]],
    )
    execute(db, "INSERT INTO root (id, path, marker, created_at) VALUES (1, '/books', 'bench', 0)")
    authors = _authors(db, rng, max(10, books // 10))
    for start in range(0, books, 10_000):
        _books(db, rng, authors, start, min(10_000, books - start))
    for statement in rebuilt:
        execute(db, statement)
    for statement in _CACHES:
        execute(db, statement)
    execute(db, "COMMIT")
    db.wal_checkpoint(mode=3)
    db.close()


def _many(db: apsw.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    db.executemany(sql, rows)  # pyright: ignore[reportUnknownMemberType] - apsw's rows are untold


def _without_triggers_and_indexes(db: apsw.Connection) -> list[str]:
    """Drop what is dear per row; answers the statements that make it again."""
    rows = execute(
        db,
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND (type = 'trigger'"
        " OR (type = 'index' AND tbl_name IN ('book', 'author'))) ORDER BY type, rowid",
    )
    for kind, name, _sql in rows:
        execute(db, f"DROP {kind} {name}")
    return [sql for _kind, _name, sql in rows]


_CACHES = (
    """INSERT INTO book_tally SELECT library_id, excluded, p_monitored, p_media, p_status, count(*)
       FROM book GROUP BY 1, 2, 3, 4, 5""",
    """UPDATE author SET (p_books, p_available, p_wanted) = (SELECT count(*),
         coalesce(sum(p_status = 'imported'), 0),
         coalesce(sum(p_status = 'wanted' AND p_monitored), 0)
       FROM book WHERE author_id = author.id AND excluded = 0 AND deleted_at IS NULL)""",
    "INSERT INTO book_search (book_search) VALUES ('rebuild')",
    "INSERT INTO author_search (author_search) VALUES ('rebuild')",
)


def _authors(db: apsw.Connection, rng: random.Random, count: int) -> list[Author]:
    persons: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    found: list[Author] = []
    for n in range(1, count + 1):
        family = f"{rng.choice(_WORDS).title()}{rng.choice(_WORDS)}"
        given = rng.choice(_GIVEN)
        name, sort_name = f"{given} {family}", f"{family}, {given}"
        key = sort_key(sort_name)
        persons.append((n, name, sort_name, fold(name), key, f"OL{n}A"))
        library = 1 if rng.random() < 0.8 else rng.choice(LIBRARIES[1:])
        rows.append((n, library, n, int(rng.random() < 0.7), n * 1000, fold(name), key))
        found.append((n, library, name, key))
    _many(
        db,
        "INSERT INTO person (id, name, sort_name, name_key, sort_key, primary_ref, created_at,"
        " updated_at) VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
        persons,
    )
    _many(
        db,
        "INSERT INTO author (id, library_id, person_id, monitored, created_at, updated_at,"
        " p_search, p_name_key) VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
        rows,
    )
    return found


def _books(
    db: apsw.Connection, rng: random.Random, authors: Sequence[Author], start: int, count: int
) -> None:
    works: list[tuple[Any, ...]] = []
    parts: list[tuple[Any, ...]] = []
    books: list[tuple[Any, ...]] = []
    slots: list[tuple[Any, ...]] = []
    files: list[tuple[Any, ...]] = []
    fills: list[tuple[Any, ...]] = []
    for n in range(start + 1, start + count + 1):
        title = " ".join(rng.choice(_WORDS) for _ in range(rng.randint(2, 4))).title()
        title = f"{rng.choice(('The ', 'A ', '', ''))}{title} {n % 997}"
        if n % 10 == 0:
            title += " Common"
        if n % 9973 == 0:
            title += " Zyzzyva"
        author_id, library, name, author_key = rng.choice(authors)
        released = f"{rng.randint(1900, 2030)}-{rng.randint(1, 12):02}" if n % 20 else None
        title_key = title_sort_key(title, "en")
        works.append((n, title, title, fold(title), title_key, released, f"OL{n}W"))
        parts.append((n, author_id))
        monitored = int(rng.random() < 0.6)
        wants = rng.choice(((1, 0), (1, 0), (1, 0), (0, 1), (1, 1)))
        skipped, held = int(n % 100 == 1), 0
        for k, format_ in enumerate(("ebook", "audiobook")):
            slot = 2 * n + k
            slots.append((slot, n, format_, wants[k], monitored))
            if wants[k] and rng.random() < 0.7:
                files.append((slot, 1, f"{n}/{format_}", 1_000_000, slot))
                fills.append((slot, slot))
                held += 1
        status = "skipped" if skipped else "imported" if held == sum(wants) else "wanted"
        media = {(1, 0): "ebook", (0, 1): "audiobook", (1, 1): "both"}[wants]
        books.append((n, library, n, author_id, int(n % 50 == 0), skipped,
                      1_700_000_000_000_000 + rng.randrange(10**14), search_line(title, name),
                      title_key, author_key, released or "", status, media, monitored,
                      0 if held else None))  # fmt: skip
    many = partial(_many, db)
    many("INSERT INTO work (id, title, sort_title, title_key, sort_key, released, primary_ref,"
         " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)", works)  # fmt: skip
    many("INSERT INTO contribution (work_id, person_id, role) VALUES (?, ?, 'author')", parts)
    many("INSERT INTO book (id, library_id, work_id, author_id, excluded, skipped, added_at,"
         " p_search, p_title_key, p_author_key, p_released, p_status, p_media, p_monitored,"
         " p_imported_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
         books)  # fmt: skip
    many("INSERT INTO slot (id, book_id, format, wanted, monitored) VALUES (?, ?, ?, ?, ?)", slots)
    many("INSERT INTO file (id, root_id, rel_path, size, mtime_ns, inode, sha256, created_at)"
         " VALUES (?, ?, ?, ?, 0, ?, '', 0)", files)  # fmt: skip
    many("INSERT INTO slot_file (slot_id, file_id) VALUES (?, ?)", fills)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(database(int(argument)))
