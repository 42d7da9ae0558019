"""A shelf on a real disk, and a trash actor that empties it.

    python -m tests.kit.trash_house <folder>     delete the book there, or go on deleting it

As a program it makes the shelf when there is none; a fault point of the environment may kill it,
and the next run goes on.
"""

import hashlib
import random
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from bindery.actors.trash import TrashActor
from bindery.domain.principal import HOUSEHOLD, SYSTEM, Principal, Role, Via
from bindery.files.roots import write_marker
from bindery.operations import books as operations
from bindery.runtime.clock import SystemClock
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.runtime.threads import Threads
from bindery.store import books, files
from bindery.store.roots import add_root_in
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.kit.database import open_test_store
from tests.kit.library import add_author, add_book

MARKER = "b0a4e1f8-1d33-4c39-8a55-1f1d1f3f0c77"
FOLDER = "Toni Morrison/Sula (1973)"
SHELF = {
    f"{FOLDER}/Sula.epub": b"an epub",
    f"{FOLDER}/Sula.mobi": b"a mobi file",
    f"{FOLDER}/cover.jpg": b"a picture",
    f"{FOLDER}/metadata.opf": b"<package/>",
}
TRACKED = (f"{FOLDER}/Sula.epub", f"{FOLDER}/Sula.mobi")
ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, library=HOUSEHOLD, scope=(1,))


def build(root: Path, shelf: Mapping[str, bytes] = SHELF) -> None:
    """The files of the shelf, and the marker of the root."""
    root.mkdir(parents=True)
    write_marker(str(root), MARKER)
    for name, data in shelf.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def furnish_in(tx: Tx, root: Path, tracked: tuple[str, ...] = TRACKED) -> int:
    """The root and the book that owns the files; the book's id."""
    known: int | None = tx.value("SELECT id FROM root WHERE path = :path", {"path": str(root)})
    root_id = known or add_root_in(tx, str(root), MARKER, by=SYSTEM)
    book_id = add_book(tx, "Sula", author_id=add_author(tx, "Toni Morrison"), released="1973")
    for name in tracked:
        track_in(tx, root, root_id, book_id, name)
    return book_id


def track_in(tx: Tx, root: Path, root_id: int, book_id: int, name: str) -> None:
    """A file on the disk fills the book's first slot."""
    path = root / name
    stand, data = path.stat(), path.read_bytes()
    new = files.NewFile(
        root_id=root_id,
        rel_path=name,
        size=len(data),
        mtime_ns=stand.st_mtime_ns,
        inode=stand.st_ino,
        sha256=hashlib.sha256(data).hexdigest(),
        quality=name.rpartition(".")[2],
    )
    files.fill_in(tx, books.slots_of(tx, [book_id])[0].id, files.put_in(tx, new))


def shelved(root: Path) -> list[str]:
    """Everything in the root but the marker and the bin, folders too."""
    found = (path.relative_to(root) for path in root.rglob("*"))
    return sorted(str(path) for path in found if not path.parts[0].startswith(".bindery-"))


def binned(root: Path) -> dict[str, bytes]:
    """Name and bytes of everything in the bin."""
    every = (path for path in (root / ".bindery-trash").rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in every}


@asynccontextmanager
async def at_work(store: Store) -> AsyncGenerator[None, None]:
    """A trash actor while the block runs."""
    async with open_supervisor(SystemClock(), rng=random.Random(1)) as supervisor:
        await supervisor.start(Child("trash", lambda: TrashActor(store, Threads())))
        yield
        await supervisor.stop_all()


async def settled(store: Store) -> None:
    """Until no deletion is queued or running."""
    with trio.fail_after(20):
        while store.read(lambda reader: reader.value(_q_open)):  # noqa: ASYNC110 - rows ring no bell here
            await trio.sleep(0.01)


_q_open = "SELECT count(*) FROM command WHERE kind = 'files.trash' AND state <> 'succeeded'"


async def _drill(folder: Path) -> None:
    root = folder / "library"
    (folder / "data").mkdir(exist_ok=True)
    async with open_test_store(folder / "data", clock=SystemClock(), inline=False) as store:
        if not root.exists():
            build(root)
            book_id = await store.write(lambda tx: furnish_in(tx, root))
            assert await operations.delete_book(store, ADMIN, book_id, files=True) is None
        async with at_work(store):
            await settled(store)


if __name__ == "__main__":
    trio.run(_drill, Path(sys.argv[1]))
