"""One wish as a person has it, carried through a real process, and what must be true at the end.

A `Wish` is one household on disk: data folder, root, one wanted book of the demo world, one way
of getting it. Its rows are written before the service starts; searching and grabbing go through
the REST API. `carry` repeats what a person would repeat after a crash, and nothing else.
"""

import hashlib
import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
import trio

from bindery.demo.shelf import Kind, Work
from bindery.demo.world import World
from bindery.domain.offers import BookFormat, Transport
from bindery.domain.principal import SYSTEM
from bindery.files.roots import write_marker
from bindery.operations.grab import GrabOrder, grab_in
from bindery.operations.search import ASKED, want_search_in
from bindery.runtime.clock import SystemClock
from bindery.store import clients, files, indexers, notifiers
from bindery.store.clients import ClientFields
from bindery.store.indexers import IndexerFields
from bindery.store.notifiers import NotifierFields
from bindery.store.roots import add_root_in
from bindery.store.settings_rows import put_setting_in
from bindery.store.tx import Tx
from tests.kit.database import open_test_store
from tests.kit.library import add_author, add_book
from tests.kit.process import Died, NotYet, Service
from tests.kit.qbittorrent import PASSWORD, Daemon

MARKER = "b0a4e1f8-1d33-4c39-8a55-1f1d1f3f0c77"
WITHIN_S = 60.0
SETTLED = """
SELECT count(*) FROM command WHERE state IN ('queued', 'running')
  AND (kind LIKE 'download.%' OR kind LIKE '%search%' OR kind LIKE 'outbox.%')"""
OLDER = b"%PDF-1.4\n% an older scan of the same book\n%%EOF\n"

Via = Literal["direct", "qbittorrent"]


@dataclass
class Wish:
    """`kind` epub is the ebook, mp3 the audiobook in tracks. `mode` is `import.mode`."""

    folder: Path
    world: World
    work: Work
    via: Via = "direct"
    kind: Kind = "epub"
    mode: str = "auto"
    daemon: Daemon | None = None
    older: str = ""
    """Where under the root a worse file of the book stands that is to be displaced."""
    begin: Literal["person", "automatic", "grabbed"] = "person"
    """Who takes a release: a person through the API, a search by itself; or it is taken before
    the service starts, in the transaction that the API would commit."""
    remove_completed: bool = False
    """Of the qBittorrent client; the built-in one always cleans up."""
    remap: str = ""
    """Path mapping of the qBittorrent client, `there:here`."""
    webhook: str = ""
    """Where imports are told, on loopback."""
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        hosts = {
            "BINDERY_OPENLIBRARY_URL": self.world.openlibrary_url,
            "BINDERY_OPENLIBRARY_COVERS_URL": self.world.openlibrary_url,
            "BINDERY_DOWNLOAD_ALLOW_LOOPBACK": "true",
        }
        self.service = Service(self.folder / "data", {**hosts, **self.environ})
        self.service.altered = "hooks" if self.webhook else ""

    @property
    def root(self) -> Path:
        return self.folder / "library"

    @property
    def payload(self) -> dict[str, bytes]:
        """What must stand on the shelf at the end, by its name at the source."""
        return self.world.files(self.work, self.kind)

    @property
    def format(self) -> BookFormat:
        return "ebook" if self.kind == "epub" else "audiobook"

    # -- before -------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Folders and rows, as a person would have made them."""
        self.root.mkdir()
        write_marker(str(self.root), MARKER)
        if self.older:
            path = self.root / self.older
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(OLDER)
        self.service.data.mkdir()
        trio.run(self._furnish)

    async def _furnish(self) -> None:
        async with open_test_store(self.service.data, clock=SystemClock(), strict=False) as store:
            await store.write(self._furnish_in)

    def _furnish_in(self, tx: Tx) -> None:
        root_id = add_root_in(tx, str(self.root), MARKER, by=SYSTEM)
        author_id = add_author(tx, self.work.author.name)
        tx.run("UPDATE author SET root_id = :root", {"root": root_id})
        title, year = self.work.title, str(self.work.year)
        add_book(tx, title, author_id=author_id, wanted=(self.format,), released=year)
        put_setting_in(tx, "import.mode", self.mode, SYSTEM)
        if self.webhook:
            fields = NotifierFields(name="phone", url=self.webhook, on_grab=False)
            notifiers.add_in(tx, fields, None)
        self._outside_in(tx)
        slot: int = tx.value("SELECT id FROM slot WHERE format = :format", {"format": self.format})
        if self.older:
            file_id = files.put_in(
                tx,
                files.NewFile(
                    root_id=root_id,
                    rel_path=self.older,
                    size=len(OLDER),
                    mtime_ns=0,
                    inode=(self.root / self.older).stat().st_ino,
                    sha256=hashlib.sha256(OLDER).hexdigest(),
                    quality="pdf",
                ),
            )
            files.fill_in(tx, slot, file_id)
            tx.run("UPDATE slot SET profile_id = 2")
        if self.begin == "automatic":
            want_search_in(tx, slot, cause=ASKED, by=SYSTEM, library=1, trace="w-asked")
        if self.begin == "grabbed":
            made = grab_in(tx, self._order(tx, slot))
            assert isinstance(made, int), made

    def _order(self, tx: Tx, slot: int) -> GrabOrder:
        if self.via == "direct":
            (name,) = self.payload
            guid = link = f"{self.world.opds.url}/opds/file/{self.work.number}/{quote(name)}"
        else:
            offers = self.world.offers(self.work)
            name = next(offer.guid for offer in offers if offer.kind == self.kind)
            guid = f"{self.world.torznab.url}/details/{name}.html"
            link = f"{self.world.torznab.url}/dl/{name}.torrent?apikey={self.world.api_key}"
        return GrabOrder(
            library_id=1,
            slot_ids=(slot,),
            guid=guid,
            title=f"{self.work.author.name} - {self.work.title} ({self.work.year})",
            transport=Transport.HTTP if self.via == "direct" else Transport.TORRENT,
            book_format=self.format,
            link=link,
            size=sum(map(len, self.payload.values())),
            quality=self.kind,
            indexer_id=1,
            book_id=1,
            by=SYSTEM,
            trace="w-grabbed",
        )

    def _outside_in(self, tx: Tx) -> None:
        """The indexer and the client of this way."""
        world = self.world
        if self.via == "direct":
            indexers.add_in(tx, IndexerFields(name="Shelf", type="opds", url=world.opds_url), None)
            return
        assert self.daemon is not None
        indexers.add_in(
            tx,
            IndexerFields(
                name="Loop", type="torznab", url=world.torznab_url, api_key=world.api_key
            ),
            None,
        )
        clients.add_in(
            tx,
            ClientFields(
                name="qB",
                type="qbittorrent",
                host="127.0.0.1",
                port=self.daemon.web,
                username="admin",
                password=PASSWORD,
                remove_completed=self.remove_completed,
                path_remap=self.remap,
            ),
            None,
        )

    # -- the wish -----------------------------------------------------------------------------

    def carry(self, within_s: float = WITHIN_S) -> None:
        """Search and grab unless that was done, then wait until the book is on the shelf.

        Raises `Died` when the process ends before.
        """
        if self.begin == "person" and not self.downloads():
            self.grab()
        self.service.until(self.at_rest, within_s, "the book to be on the shelf")

    def grab(self) -> int:
        """Search as a person does and take the best release; the download's id, 0 when the
        service says that it is on its way already. Raises `NotYet` when there is none to take.
        """
        service = self.service
        (book,) = service.rows("SELECT id FROM book")[0]
        found = service.ok("POST", f"/api/v1/book/{book}/search")["results"]
        good = [one for one in found if one["verdict"] in {"grab", "acceptable"}]
        if not good:
            raise NotYet(f"nothing to take: {[(o['title'], o['rejection']) for o in found]}")
        answer = service.ask("POST", "/api/v1/queue/grab", {"candidateId": good[0]["id"]})
        assert answer.status_code in {202, 409}, answer.text
        return 0 if answer.status_code == 409 else int(answer.json()["id"])

    def downloads(self) -> list[tuple[Any, ...]]:
        """(state, stage, live, code) of the downloads that nobody removed."""
        if not (self.service.data / "bindery.db").exists():
            return []
        return self.service.rows(
            "SELECT state, stage, live, code FROM download WHERE removed_at IS NULL"
        )

    def at_rest(self) -> bool:
        """Imported, cleaned up, and no command of the wish is left."""
        found = self.downloads()
        if not found or any((state, stage) != ("imported", "") for state, stage, *_ in found):
            return False
        return self.service.rows(SETTLED) == [(0,)]

    # -- afterwards ---------------------------------------------------------------------------

    def shelved(self) -> list[str]:
        """Everything in the root but the marker and the bin, relative."""
        found = (p.relative_to(self.root) for p in self.root.rglob("*") if p.is_file())
        return sorted(str(p) for p in found if not p.parts[0].startswith(".bindery-"))

    def binned(self) -> list[bytes]:
        trash = self.root / ".bindery-trash"
        return [p.read_bytes() for p in trash.rglob("*") if p.is_file()]

    def strays(self) -> list[str]:
        """Our own temp files, wherever they are."""
        places = [self.root, self.service.data / "downloads"]
        if self.daemon is not None:
            places.append(self.daemon.home / "dl")
        known = {".bindery-trash", ".bindery-root"}
        found = (path for place in places for path in place.rglob(".bindery-*"))
        return sorted(str(path) for path in found if path.name not in known)

    def judge(self, *, rough: bool = False) -> None:
        """The invariants of architecture.md 6c. `rough`: the world gave reason to try again."""
        wanted = sorted(hashlib.sha256(data).hexdigest() for data in self.payload.values())
        here = [hashlib.sha256((self.root / name).read_bytes()) for name in self.shelved()]
        assert sorted(found.hexdigest() for found in here) == wanted, self.shelved()
        assert self.strays() == []
        assert self.binned() == ([OLDER] if self.older else [])
        rows = self.service.rows
        states = rows("SELECT state, stage, live, code FROM download WHERE removed_at IS NULL")
        assert states == [("imported", "", 0, None)]
        told = [kind for (kind,) in rows("SELECT type FROM event")]
        assert told.count("bookImported") == 1, told
        assert told.count("grabbed") == 1, told
        if not rough:
            assert {"downloadFailed", "importFailed"} & set(told) == set(), told
        known = rows("SELECT rel_path FROM file ORDER BY rel_path")
        assert [path for (path,) in known] == self.shelved()
        assert rows("PRAGMA integrity_check") == [("ok",)]
        assert rows("PRAGMA foreign_key_check") == []
        open_ops = "SELECT * FROM file_op WHERE state NOT IN ('done', 'undone')"
        assert rows(open_ops) == []
        left = rows("SELECT kind, state, code FROM command WHERE state IN ('failed', 'running')")
        assert left == []
        self._judge_client()
        assert self.service.errors() == []

    def _judge_client(self) -> None:
        """No orphan: nothing is left in the built-in client, exactly one torrent seeds."""
        if self.via == "direct":
            place = self.service.data / "downloads"
            assert sorted(place.rglob("*") if place.exists() else []) == []
            return
        assert self.daemon is not None
        found = torrents(self.daemon)
        if self.remove_completed:
            assert found == []
            return
        assert len(found) == 1, found
        assert found[0]["progress"] == 1, found
        sizes = sorted(map(len, self.payload.values()))
        held = [p for p in (self.daemon.home / "dl").rglob("*") if p.is_file()]
        assert sorted(p.stat().st_size for p in held) == sizes, held


def torrents(daemon: Daemon) -> list[dict[str, Any]]:
    """Everything in a qBittorrent."""
    return json.loads(daemon.ask("torrents/info"))


def empty(daemon: Daemon) -> None:
    """Take everything out of a qBittorrent, with its files."""
    daemon.ask("torrents/delete", {"hashes": "all", "deleteFiles": "true"})


def survive(wish: Wish, fault: str, *, within_s: float = WITHIN_S) -> None:
    """Be killed at a fault point, start again, and end as one correct result."""
    wish.prepare()
    service = wish.service
    try:
        service.start(fault)
        with pytest.raises(Died) as death:
            wish.carry(within_s)
        assert death.value.args == (-signal.SIGKILL,), service.tail()
        service.start()
        wish.carry(within_s)
        assert service.stop() == 0, service.tail()
        wish.judge()
    finally:
        service.kill()
