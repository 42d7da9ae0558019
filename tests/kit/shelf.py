"""A shelf with real files: a marked root folder on disk, and books whose files lie in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bindery.domain.offers import BookFormat
from bindery.store import Tx, catalogue, files
from bindery.store.catalogue import Membership
from tests.kit.library import add_book

MARKER = "0b5c0f0e-marker"


def add_marked_root(tx: Tx, folder: Path) -> int:
    """A root folder with its marker, on disk and as a row."""
    folder.mkdir(exist_ok=True)
    (folder / ".bindery-root").write_text(f"{MARKER}\n")
    return tx.insert(
        "INSERT INTO root (path, marker, created_at) VALUES (:path, :marker, :now)",
        {"path": str(folder), "marker": MARKER, "now": tx.now_us},
    )


def shelve(
    tx: Tx,
    root_id: int,
    book_id: int,
    contents: Mapping[str, bytes],
    format_: BookFormat = "ebook",
) -> list[int]:
    """Write files into the root and let them fill the book's slot; answers their ids."""
    root: str = tx.value("SELECT path FROM root WHERE id = :id", {"id": root_id})
    slot: int = tx.value(
        "SELECT id FROM slot WHERE book_id = :book AND format = :format",
        {"book": book_id, "format": format_},
    )
    ids: list[int] = []
    for track, (rel_path, data) in enumerate(contents.items(), 1):
        path = Path(root, rel_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        new = files.NewFile(
            root_id=root_id, rel_path=rel_path, size=len(data), mtime_ns=0, inode=0, sha256=""
        )
        file_id = files.put_in(tx, new)
        files.fill_in(tx, slot, file_id, track=track)
        ids.append(file_id)
    return ids


def add_shelved(
    tx: Tx,
    root_id: int,
    title: str,
    *,
    author_id: int | None = None,
    library: int = 1,
    released: str | None = "1974",
    contents: Mapping[str, bytes] | None = None,
) -> int:
    """A book with one small ebook on disk."""
    book = add_book(tx, title, author_id=author_id, library=library, released=released)
    shelve(tx, root_id, book, contents or {f"{title}/{title}.epub": b"PK\x03\x04" + title.encode()})
    return book


def put_in_series(tx: Tx, title: str, places: Sequence[tuple[int, str, float | None]]) -> int:
    """A series of these books: (book, position, number)."""
    series = catalogue.put_series_in(tx, title)
    for book, position, number in places:
        work: int = tx.value("SELECT work_id FROM book WHERE id = :id", {"id": book})
        catalogue.set_memberships_in(tx, work, [Membership(series, position, number)])
    return series
