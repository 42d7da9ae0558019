"""Rows that a workload adds to a prepared database before the service opens it."""

import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw

from bindery.domain.text import fold
from bindery.files.roots import write_marker
from bindery.store.connection import execute


@contextmanager
def opened(folder: Path) -> Generator[apsw.Connection]:
    """The database of a prepared folder, in one transaction."""
    db = apsw.Connection(str(folder / "bindery.db"))
    try:
        with db:
            yield db
    finally:
        db.close()


def add_downloads(
    folder: Path, count: int, *, state: str = "importHeld", client_id: int | None = None
) -> list[int]:
    """Live downloads on slots of the household; their ids. The held state rests by itself."""
    now = time.time_ns() // 1_000
    with opened(folder) as db:
        execute(
            db,
            "INSERT INTO download (token, library_id, guid, title, protocol, format, state, size,"
            " client_id, remote_id, info_hash_v1, trace, added_at, grabbed_at, state_at)"
            " SELECT 'bench-' || s.id, 1, 'bench-' || s.id, 'A release', 'torrent', 'ebook',"
            " :state, 1000, :client, printf('%040x', s.id), printf('%040x', s.id), 'w-bench',"
            " :now, :now, :now FROM slot s JOIN book b ON b.id = s.book_id"
            " WHERE b.library_id = 1 AND s.format = 'ebook' AND NOT EXISTS"
            "  (SELECT 1 FROM download_slot ds WHERE ds.slot_id = s.id)"
            " ORDER BY s.id LIMIT :count",
            {"state": state, "client": client_id, "now": now, "count": count},
        )
        execute(
            db,
            "INSERT INTO download_slot (download_id, slot_id)"
            " SELECT id, CAST(substr(token, 7) AS INTEGER) FROM download d WHERE NOT EXISTS"
            "  (SELECT 1 FROM download_slot ds WHERE ds.download_id = d.id)",
        )
        return [int(row[0]) for row in execute(db, "SELECT id FROM download ORDER BY id")]


def add_clients(folder: Path, count: int, port: int) -> list[int]:
    """QBittorrents at this port of loopback; their ids."""
    with opened(folder) as db:
        for n in range(count):
            execute(
                db,
                "INSERT INTO client (name, type, host, port, username, password, created_at,"
                " updated_at) VALUES (:name, 'qbittorrent', '127.0.0.1', :port, 'a', 'b', 0, 0)",
                {"name": f"Client {n}", "port": port},
            )
        found = execute(db, "SELECT id FROM client WHERE type = 'qbittorrent' ORDER BY id")
        return [int(row[0]) for row in found]


def add_indexers(folder: Path, count: int, url: str) -> None:
    """Torznab indexers, all at this server under paths of their own."""
    with opened(folder) as db:
        for n in range(count):
            execute(
                db,
                "INSERT INTO indexer (name, type, url, api_key, created_at, updated_at)"
                " VALUES (:name, 'torznab', :url, 'bench', 0, 0)",
                {"name": f"Indexer {n}", "url": f"{url}/{n}/api"},
            )


def add_commands(folder: Path, count: int) -> None:
    """Searches that wait: every other one is due now."""
    now = time.time_ns() // 1_000
    with opened(folder) as db:
        execute(
            db,
            "INSERT INTO command (kind, key, payload, not_before, trace, created_at)"
            " SELECT 'slot.search', s.id, json_object('slotId', s.id, 'cause', 'sweep'),"
            " CASE s.id % 4 WHEN 0 THEN 0 ELSE :later END, 'w-bench', :now"
            " FROM slot s WHERE s.id % 2 = 0 ORDER BY s.id LIMIT :count",
            {"now": now, "later": now + 3_600_000_000, "count": count},
        )


def set_setting(folder: Path, key: str, value: str) -> None:
    """A setting, before the service seeds its own."""
    with opened(folder) as db:
        execute(
            db,
            "INSERT INTO setting (key, value, updated_at) VALUES (:key, :value, 0)",
            {"key": key, "value": value},
        )


def add_book(folder: Path, title: str, author: str, released: str) -> tuple[int, int]:
    """A wanted ebook of a followed author; ids of the book and its slot."""
    given, _, family = author.rpartition(" ")
    with opened(folder) as db:

        def insert(sql: str, **values: object) -> int:
            execute(db, sql, values)  # pyright: ignore[reportArgumentType] - SQLite values all
            return db.last_insert_rowid()

        person = insert(
            "INSERT INTO person (name, sort_name, name_key, sort_key, created_at, updated_at)"
            " VALUES (:name, :sort, :key, :sort, 0, 0)",
            name=author,
            sort=f"{family}, {given}",
            key=fold(author),
        )
        author_id = insert(
            "INSERT INTO author (library_id, person_id, root_id, created_at, updated_at)"
            " VALUES (1, :person, (SELECT max(id) FROM root), 0, 0)",
            person=person,
        )
        work = insert(
            "INSERT INTO work (title, sort_title, title_key, sort_key, released, created_at,"
            " updated_at) VALUES (:title, :title, :key, :key, :released, 0, 0)",
            title=title,
            key=fold(title),
            released=released,
        )
        insert(
            "INSERT INTO contribution (work_id, person_id, role) VALUES (:work, :person, 'author')",
            work=work,
            person=person,
        )
        book = insert(
            "INSERT INTO book (library_id, work_id, author_id, added_at, updated_at)"
            " VALUES (1, :work, :author, 0, 0)",
            work=work,
            author=author_id,
        )
        slot = insert("INSERT INTO slot (book_id, format) VALUES (:book, 'ebook')", book=book)
    return book, slot


def add_root(folder: Path, path: Path) -> None:
    """A root folder with its marker on disk; later books of `add_book` go there."""
    path.mkdir(parents=True, exist_ok=True)
    with opened(folder) as db:
        execute(
            db,
            "INSERT INTO root (path, marker, created_at) VALUES (:path, :marker, 0)",
            {"path": str(path), "marker": write_marker(str(path), str(uuid.uuid4()))},
        )


def add_download(folder: Path, slot: int, client_id: int, title: str, info_hash: str) -> int:
    """A download in progress for one slot; its id."""
    now = time.time_ns() // 1_000
    with opened(folder) as db:
        execute(
            db,
            "INSERT INTO download (token, library_id, guid, title, protocol, format, quality,"
            " state, client_id, remote_id, info_hash_v1, trace, added_at, grabbed_at, state_at)"
            " VALUES (:hash, 1, :hash, :title, 'torrent', 'ebook', 'epub', 'downloading',"
            " :client, :hash, :hash, 'w-bench', :now, :now, :now)",
            {"hash": info_hash, "title": title, "client": client_id, "now": now},
        )
        download = db.last_insert_rowid()
        execute(
            db,
            "INSERT INTO download_slot (download_id, slot_id) VALUES (:download, :slot)",
            {"download": download, "slot": slot},
        )
    return download
