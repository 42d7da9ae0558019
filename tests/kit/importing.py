"""A library on a real disk, a finished download, and an importer that works it off.

The importer runs in this process; probing too, without the worker process.
"""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import trio

from bindery.actors.importer import ImporterActor
from bindery.demo.audio import MP3_FRAME, id3
from bindery.domain.media import ProbedFile
from bindery.domain.offers import BookFormat
from bindery.domain.principal import SYSTEM
from bindery.files.probe.inspect import probe_file
from bindery.files.roots import write_marker
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations import imports as steps
from bindery.runtime.clock import SystemClock
from bindery.runtime.mailbox import Inbox
from bindery.runtime.threads import Threads
from bindery.store import downloads, files, imports
from bindery.store.downloads import DownloadRow
from bindery.store.roots import add_root_in
from bindery.store.settings_rows import put_setting_in
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.files.probe import samples
from tests.kit.library import add_author, add_book

TITLE, AUTHOR = "Sula", "Toni Morrison"
MARKER = "b0a4e1f8-1d33-4c39-8a55-1f1d1f3f0c77"
EBOOK = {"Toni Morrison - Sula.epub": samples.epub()}
OLD_PDF = samples.pdf()


def tracks(count: int = 3) -> dict[str, bytes]:
    """An audiobook in parts, with a cover."""
    made = {
        f"{n:02d} - Sula.mp3": id3(
            {"TIT2": f"Chapter {n}", "TPE1": AUTHOR, "TALB": TITLE, "TRCK": f"{n}/{count}"}, b"jpg"
        )
        + MP3_FRAME * (200 + n)
        for n in range(1, count + 1)
    }
    return {**made, "cover.jpg": b"\xff\xd8\xff\xe0" + bytes(500)}


@dataclass(frozen=True)
class House:
    """Where things are. `folder` also holds the database."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "library"

    @property
    def source(self) -> Path:
        return self.folder / "downloads" / "Toni Morrison - Sula"

    def shelved(self) -> list[str]:
        """Everything in the root but the marker and the bin, relative."""
        found = (p.relative_to(self.root) for p in self.root.rglob("*") if p.is_file())
        return sorted(str(p) for p in found if not p.parts[0].startswith(".bindery-"))

    def strays(self) -> list[str]:
        """Our own temp files, wherever they are."""
        every = [*self.root.rglob(".bindery-*"), *self.source.parent.rglob(".bindery-*")]
        known = {".bindery-trash", ".bindery-root"}
        return sorted(str(p) for p in every if p.name not in known)

    def binned(self) -> list[bytes]:
        return [p.read_bytes() for p in (self.root / ".bindery-trash").rglob("*") if p.is_file()]

    def hashes(self) -> list[str]:
        return sorted(
            hashlib.sha256((self.root / name).read_bytes()).hexdigest() for name in self.shelved()
        )


def build(folder: Path, payload: Mapping[str, bytes]) -> House:
    """The folders and the files of the download."""
    house = House(folder)
    house.root.mkdir(parents=True)
    write_marker(str(house.root), MARKER)
    house.source.mkdir(parents=True)
    for name, data in payload.items():
        path = house.source / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return house


def furnish_in(
    tx: Tx,
    house: House,
    *,
    format_: BookFormat = "ebook",
    mode: str = "auto",
    protocol: str = "torrent",
    title: str = TITLE,
) -> int:
    """Author, book, root and a download at the importer's door; the download's id."""
    root_id = add_root_in(tx, str(house.root), MARKER, by=SYSTEM)
    author_id = add_author(tx, AUTHOR)
    tx.run("UPDATE author SET root_id = :root", {"root": root_id})
    book_id = add_book(tx, title, author_id=author_id, wanted=(format_,), released="1973")
    put_setting_in(tx, "import.mode", mode, SYSTEM)
    slot: int = tx.value(
        "SELECT id FROM slot WHERE book_id = :book AND format = :format",
        {"book": book_id, "format": format_},
    )
    download_id = downloads.add_in(
        tx,
        downloads.NewDownload(
            token="t-1",
            library_id=1,
            candidate_id=None,
            indexer_id=None,
            indexer_name="",
            client_id=1,
            client_name="Built-in downloader",
            guid="guid-1",
            title="Toni Morrison - Sula (1973)",
            protocol=protocol,
            format=format_,
            quality="",
            size=1000,
            link="",
            seed_ratio=None,
            by_user=None,
            trace="w-test",
        ),
        (slot,),
    )
    row = downloads.get(tx, download_id)
    assert row is not None
    downloads.move_in(tx, row, "completed", "gate")
    return download_id


def open_gate_in(tx: Tx, house: House, download_id: int, *, forced: bool = False) -> int:
    """The gate lets it through; the command's id."""
    row = downloads.get(tx, download_id)
    assert row is not None
    assert steps.ready_in(tx, row, imports.ImportSource(path=str(house.source)))
    return steps.enqueue_in(tx, row, forced=forced)


def shelve_in(tx: Tx, house: House, download_id: int, rel_path: str, data: bytes) -> None:
    """An older file that fills the slot of the download."""
    path = house.root / rel_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    stand = path.stat()
    file_id = files.put_in(
        tx,
        files.NewFile(
            root_id=1,
            rel_path=rel_path,
            size=len(data),
            mtime_ns=stand.st_mtime_ns,
            inode=stand.st_ino,
            sha256=hashlib.sha256(data).hexdigest(),
            quality=rel_path.rpartition(".")[2],
        ),
    )
    files.fill_in(tx, downloads.slots_of(tx, download_id)[0].slot_id, file_id)


class InlineProbe:
    """Probes in this process."""

    async def probe(self, path: str) -> ProbedFile:
        return probe_file(path)


@asynccontextmanager
async def inline_probe() -> AsyncGenerator[InlineProbe]:
    yield InlineProbe()


class _Inbox:
    """The part of an inbox that the importer uses."""

    def __init__(self) -> None:
        self.closed = trio.Event()

    async def wait_closing(self) -> None:
        await self.closed.wait()


@asynccontextmanager
async def at_work(store: Store) -> AsyncGenerator[None]:
    """An importer while the block runs."""
    hub = Hub(SystemClock(), server="test")
    actor = ImporterActor(store, Threads(), Board(), hub, open_probe=inline_probe)
    inbox = _Inbox()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor.run, cast("Inbox[object]", inbox), lambda: None)
        yield
        inbox.closed.set()


def download(store: Store, download_id: int = 1) -> DownloadRow:
    row = store.read(lambda reader: downloads.get(reader, download_id))
    assert row is not None
    return row
