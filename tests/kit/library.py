"""Small libraries for tests, made through the store's own functions."""

from collections.abc import Sequence

from bindery.domain.offers import BookFormat
from bindery.domain.principal import SYSTEM
from bindery.store import Tx
from bindery.store.authors import AuthorSettings, add_author_in
from bindery.store.books import add_book_in
from bindery.store.catalogue import (
    Contribution,
    PersonFields,
    WorkFields,
    put_person_in,
    put_work_in,
    set_contributions_in,
)


def add_library(tx: Tx, name: str) -> int:
    """A second household."""
    return tx.insert(
        "INSERT INTO library (name, created_at) VALUES (:name, :now)",
        {"name": name, "now": tx.now_us},
    )


def add_author(
    tx: Tx, name: str = "Ursula K. Le Guin", *, library: int = 1, monitored: bool = True
) -> int:
    """An author and the person behind it."""
    given, _, family = name.rpartition(" ")
    fields = PersonFields(
        name=name, sort_name=f"{family}, {given}", primary_ref=f"OL-{name}-A", provider="test"
    )
    known = tx.value("SELECT id FROM person WHERE primary_ref = :ref", {"ref": fields.primary_ref})
    person = put_person_in(tx, known, fields)
    return add_author_in(tx, library, person, AuthorSettings(monitored=monitored), SYSTEM)[0]


def add_book(
    tx: Tx,
    title: str = "The Dispossessed",
    *,
    author_id: int | None = None,
    library: int = 1,
    released: str | None = "1974",
    wanted: Sequence[BookFormat] = ("ebook",),
    monitored: bool = True,
) -> int:
    """A book and the work behind it."""
    fields = WorkFields(title=title, primary_ref=None, provider="test", released=released)
    work = put_work_in(tx, None, fields)
    if author_id is not None:
        person: int = tx.value("SELECT person_id FROM author WHERE id = :id", {"id": author_id})
        set_contributions_in(tx, work, [Contribution(person)])
    return add_book_in(tx, library, work, author_id, wanted=wanted, monitored=monitored, by=SYSTEM)[
        0
    ]


def add_root(tx: Tx, path: str = "/books") -> int:
    """A root folder row; nothing is on disk."""
    return tx.insert(
        "INSERT INTO root (path, marker, created_at) VALUES (:path, 'm', :now)",
        {"path": path, "now": tx.now_us},
    )


def add_file(tx: Tx, book_id: int, format_: BookFormat = "ebook", *, root_id: int) -> int:
    """A file that fills the book's slot of this format."""
    slot: int = tx.value(
        "SELECT id FROM slot WHERE book_id = :book AND format = :format",
        {"book": book_id, "format": format_},
    )
    last: int = tx.value("SELECT coalesce(max(id), 0) FROM file")
    file = tx.insert(
        "INSERT INTO file (root_id, rel_path, size, mtime_ns, inode, sha256, created_at)"
        " VALUES (:root, :path, 1000, 0, 0, '', :now)",
        {"root": root_id, "path": f"{book_id}-{format_}-{last}", "now": tx.now_us},
    )
    tx.run("INSERT INTO slot_file (slot_id, file_id) VALUES (:slot, :file)",
           {"slot": slot, "file": file})  # fmt: skip
    return file


def add_download(
    tx: Tx, book_id: int, format_: BookFormat = "ebook", state: str = "grabbed"
) -> int:
    """A live download for the book's slot of this format."""
    slot: int = tx.value(
        "SELECT id FROM slot WHERE book_id = :book AND format = :format",
        {"book": book_id, "format": format_},
    )
    last: int = tx.value("SELECT coalesce(max(id), 0) FROM download")
    download = tx.insert(
        "INSERT INTO download (token, library_id, guid, title, protocol, state, trace, added_at,"
        " state_at) SELECT :token, b.library_id, :token, w.title, 'torrent', :state, 'w-test',"
        " :now, :now FROM book b JOIN work w ON w.id = b.work_id WHERE b.id = :book",
        {"token": f"token-{last}", "state": state, "now": tx.now_us, "book": book_id},
    )
    tx.run("INSERT INTO download_slot (download_id, slot_id) VALUES (:download, :slot)",
           {"download": download, "slot": slot})  # fmt: skip
    return download
