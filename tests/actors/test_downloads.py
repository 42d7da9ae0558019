"""One download client's actor: sending, following, the gate, removing."""

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from bindery.actors.downloads import DownloadsActor, gating
from bindery.actors.downloads.polling import enqueue_gate_in
from bindery.adapters.failures import (
    AddressRefused,
    Malformed,
    OutsideError,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bindery.domain.principal import Principal, Role, Via
from bindery.domain.transfers import AddOptions, Payload, RemoteFile, RemoteItem, RemoteState
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations.clients import ClientPatch, add_client
from bindery.operations.downloads import RemoveOptions, remove_download
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.runtime.threads import Threads
from bindery.store import clients, downloads
from bindery.store.clients import ClientRow
from bindery.store.downloads import DownloadRow
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store
from tests.kit.fake_client import FakeClient
from tests.kit.household import Shelf, add_book, grab

ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
HASH = "a" * 40


@pytest.fixture(autouse=True)
def _inline_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual time does not go with threads (platform.md D5)."""

    async def inline(_limiter: object, fn: Callable[..., Any], *args: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return fn(*args)

    monkeypatch.setattr(gating, "in_thread", inline)


@dataclass
class World:
    store: Store
    client: FakeClient
    board: Board
    client_id: int
    shelf: Shelf
    indexer_says: list[Exception]
    fetched: list[str]

    def row(self, download_id: int) -> DownloadRow:
        row = self.store.read(lambda reader: downloads.get(reader, download_id))
        assert row is not None
        return row

    def change(self, **values: Any) -> None:
        """The remote item of our torrent, changed."""
        old = self.client.items[HASH]
        fields = {name: getattr(old, name) for name in old.__struct_fields__}
        self.client.items[HASH] = RemoteItem(**{**fields, **values})

    def events(self) -> list[str]:
        return self.store.read(lambda reader: reader.values("SELECT type FROM event ORDER BY id"))

    def queued(self, kind: str) -> int:
        sql = "SELECT count(*) FROM command WHERE kind = :kind AND state = 'queued'"
        return self.store.read(lambda reader: reader.value(sql, {"kind": kind}))

    def status(self) -> str:
        sql = "SELECT p_status FROM book WHERE id = :id"
        return self.store.read(lambda reader: reader.value(sql, {"id": self.shelf.book_id}))


@asynccontextmanager
async def world(folder: Path) -> AsyncGenerator[World, None]:
    clock = TrioClock()
    async with open_test_store(folder, clock=clock) as store:
        row = await add_client(store, ADMIN, ClientPatch(name="q", type="qbittorrent", host="nas"))
        assert isinstance(row, ClientRow)
        client, board = FakeClient(clock), Board()
        fetched: list[str] = []
        says: list[Exception] = []

        async def fetch(_indexer_id: int | None, link: str) -> Payload:
            await trio.lowlevel.checkpoint()
            fetched.append(link)
            if says:
                raise says.pop(0)
            return Payload(kind="torrent", data=b"d4:info", name="x.torrent", info_hash_v1=HASH)

        def make() -> DownloadsActor:
            return DownloadsActor(
                store,
                row.id,
                open_client=lambda _row: client,
                fetch=fetch,
                board=board,
                hub=Hub(clock),
                threads=Threads(),
            )

        shelf = await add_book(store)
        async with open_supervisor(clock, rng=random.Random(1)) as supervisor:
            await supervisor.start(Child(f"client:{row.id}", make))
            yield World(store, client, board, row.id, shelf, says, fetched)
            await supervisor.stop_all()


async def finish(w: World, folder: Path, *, size: int = 10) -> Path:
    """The client says complete; its file lies in `folder`."""
    book = folder / "book.epub"
    w.client.listed[HASH] = [RemoteFile(path="book.epub", size=size, done=True)]
    w.change(state=RemoteState.COMPLETE, percent=100.0, path=str(book), save_path=str(folder))
    await trio.sleep(3)
    return book


async def test_grab_reaches_the_client_and_is_followed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        assert w.row(download).state == "downloading"
        assert w.row(download).remote_id == HASH
        assert [options.title for options in w.client.added] == [w.row(download).title]
        w.change(percent=41.5, speed=2_000, seeders=3)
        await trio.sleep(2.5)
        progress = w.board.download(download)
        assert progress is not None
        assert (progress.percent, progress.speed, progress.seeders) == (41.5, 2_000, 3)
        assert w.status() == "downloading"


async def test_complete_files_go_to_import(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        (tmp_path / "book.epub").write_bytes(b"x" * 10)
        book = await finish(w, tmp_path)
        row = w.row(download)
        assert (row.state, row.code) == ("importPending", None)
        assert row.save_path == str(book)
        assert w.queued("download.import") == 1
        assert w.board.download(download) is None


async def test_complete_before_the_files_are_visible_waits_without_spending(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        book = await finish(w, tmp_path)
        row = w.row(download)
        assert (row.state, row.stage, row.code) == ("completed", "gate", "files_missing")
        await trio.sleep(900)
        row = w.row(download)
        assert (row.state, row.attempts) == ("completed", 0)
        subjects = w.store.read(lambda reader: reader.values("SELECT subject FROM attention"))
        assert subjects == [f"download:{download}"]
        book.write_bytes(b"x" * 10)
        await trio.sleep(301)
        assert w.row(download).state == "importPending"
        assert w.store.read(lambda reader: reader.values("SELECT subject FROM attention")) == []


async def test_path_of_another_machine_is_told_as_such(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        await finish(w, Path("/nowhere/downloads"))
        row = w.row(download)
        assert (row.state, row.code) == ("completed", "path_not_mapped")
        assert row.params["path"] == "/nowhere/downloads"


async def test_client_that_is_down_costs_nothing_and_goes_on_when_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.client.down = Unavailable("refused")
        download = await grab(w.store, w.shelf)
        await trio.sleep(600)
        row = w.row(download)
        assert (row.state, row.stage, row.code) == ("grabbed", "send", "client_refused")
        state = w.store.read(clients.states)[w.client_id]
        assert (state.status, state.code) == ("failing", "refused")
        assert w.client.snapshots < 12
        assert len(w.fetched) == 1
        w.client.down = None
        await trio.sleep(301)
        assert w.row(download).state == "downloading"
        assert w.store.read(clients.states)[w.client_id].status == "ok"


async def test_indexer_that_limits_is_asked_again_in_its_time(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.indexer_says.append(Unavailable("rate_limited", retry_after_s=100))
        download = await grab(w.store, w.shelf)
        await trio.sleep(90)
        assert w.row(download).code == "indexer_rate_limited"
        assert len(w.fetched) == 1
        await trio.sleep(20)
        assert w.row(download).state == "downloading"


@pytest.mark.parametrize(
    ("says", "code"), [(Rejected("not_found"), "dead_link"), (Rejected("gone"), "dead_link")]
)
async def test_dead_link_is_blocked_and_the_next_candidate_sought(
    tmp_path: Path, autojump_clock: MockClock, says: Exception, code: str
) -> None:
    async with world(tmp_path) as w:
        w.indexer_says.append(says)
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        assert (w.row(download).state, w.row(download).code) == ("failed", code)
        blocked = w.store.read(lambda reader: reader.values("SELECT guid FROM blocklist"))
        assert blocked == ["guid-1"]
        assert w.queued("slot.search") == 1
        assert w.events() == ["grabbed", "downloadFailed"]


async def test_wrong_password_waits_for_a_person(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        w.client.down = Unauthorized()
        download = await grab(w.store, w.shelf)
        await trio.sleep(60)
        row = w.row(download)
        assert (row.state, row.code) == ("grabbed", "client_unauthorized")


async def test_client_that_has_it_already_is_not_asked_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.client.items[HASH] = RemoteItem(
            id=HASH, name="same", state=RemoteState.DOWNLOADING, info_hash_v1=HASH
        )
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        assert w.row(download).state == "downloading"
        assert w.client.added == []


async def test_an_item_that_shows_up_late_gets_its_ratio_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.client.hidden = True
        await grab(w.store, w.shelf, seed_ratio=1.5)
        await trio.sleep(10)
        assert w.client.limited == []
        w.client.hidden = False
        await trio.sleep(10)
        assert w.client.limited == [(HASH, 1.5)]


@pytest.mark.parametrize(("has", "told"), [(None, [(HASH, -1.0)]), (-1.0, [])])
async def test_an_item_that_was_there_before_gets_its_ratio(
    tmp_path: Path, autojump_clock: MockClock, has: float | None, told: list[tuple[str, float]]
) -> None:
    async with world(tmp_path) as w:
        w.client.items[HASH] = RemoteItem(
            id=HASH,
            name="same",
            state=RemoteState.DOWNLOADING,
            info_hash_v1=HASH,
            seed_ratio=has,
        )
        await grab(w.store, w.shelf, seed_ratio=-1)
        await trio.sleep(10)
        assert w.client.added == []
        assert w.client.limited == told
        w.change(seed_ratio=0.5)  # a person's choice, afterwards
        await trio.sleep(10)
        assert w.client.limited == told


async def test_a_ratio_is_told_until_the_client_is_there_and_never_in_the_way(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.client.limits_nothing = Unavailable("http_status", status=500)
        download = await grab(w.store, w.shelf, seed_ratio=2)
        await trio.sleep(10)
        asked = len(w.client.limited)
        assert asked > 1
        w.client.limits_nothing = Rejected("client_refused")
        await trio.sleep(10)
        assert len(w.client.limited) == asked + 1
        (tmp_path / "book.epub").write_bytes(b"x" * 10)
        await finish(w, tmp_path)
        assert w.row(download).state == "importPending"


async def test_two_that_could_be_ours_are_left_to_a_person(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.client.ambiguous = True
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        row = w.row(download)
        assert (row.state, row.code) == ("grabbed", "send_unknown")
        assert w.client.added == []


async def test_forgotten_torrent_fails_after_two_minutes_without_blocklist(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(3)
        w.client.items.clear()
        await trio.sleep(100)
        assert w.row(download).state == "downloading"
        await trio.sleep(30)
        row = w.row(download)
        assert (row.state, row.code) == ("failed", "removed_from_client")
        assert w.store.read(lambda reader: reader.values("SELECT guid FROM blocklist")) == []
        assert w.queued("slot.search") == 0


async def test_incomplete_list_proves_no_absence(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(3)
        w.client.items.clear()
        w.client.complete = False
        await trio.sleep(900)
        assert w.row(download).state == "downloading"


async def test_renamed_torrent_is_still_ours(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        w.change(name="something else entirely", percent=5.0)
        await trio.sleep(300)
        assert w.row(download).state == "downloading"
        progress = w.board.download(download)
        assert progress is not None
        assert progress.percent == 5.0


async def test_same_torrent_twice_is_one_download(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        first = await grab(w.store, w.shelf)
        await trio.sleep(1)
        other = await add_book(w.store, "Another Title")
        second = await grab(w.store, other, guid="guid-2")
        await trio.sleep(1)
        assert w.row(second).removed_at is not None
        slots = w.store.read(lambda reader: downloads.slots_of(reader, first))
        assert {slot.slot_id for slot in slots} == {w.shelf.slot_id, other.slot_id}
        assert len(w.client.added) == 1


async def test_removed_download_leaves_the_client(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(1)
        options = RemoveOptions(delete_files=True)
        assert await remove_download(w.store, ADMIN, download, options) is None
        await trio.sleep(1)
        assert w.client.removed == [(HASH, True)]
        assert w.status() == "wanted"


async def test_idle_client_is_asked_seldom(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        await trio.sleep(600)
        assert w.client.snapshots <= 21


async def test_removing_while_it_is_being_added_leaves_no_orphan(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FakeClient.add

    async def slow(self: FakeClient, payload: Payload, options: AddOptions) -> str:
        await trio.sleep(20)
        return await real(self, payload, options)

    monkeypatch.setattr(FakeClient, "add", slow)
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(5)
        options = RemoveOptions(delete_files=True)
        assert await remove_download(w.store, ADMIN, download, options) is None
        await trio.sleep(60)
        assert (w.client.removed, w.client.items) == ([(HASH, True)], {})


async def test_removing_what_a_kill_left_in_the_client_unbelieved(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        w.client.down = Unavailable("connection_failed")
        download = await grab(w.store, w.shelf)
        await trio.sleep(5)
        assert w.row(download).remote_id is None
        item = RemoteItem(id=HASH, name="x", state=RemoteState.DOWNLOADING, info_hash_v1=HASH)
        w.client.items[HASH] = item
        assert await remove_download(w.store, ADMIN, download, RemoveOptions()) is None
        w.client.down = None
        await trio.sleep(600)
        assert (w.client.removed, w.client.items) == ([(HASH, False)], {})


@pytest.mark.parametrize(
    ("kind", "state"), [("download.send", "failed"), ("download.gate", "importBlocked")]
)
async def test_what_kills_five_times_ends_at_its_row(
    tmp_path: Path, autojump_clock: MockClock, kind: str, state: str
) -> None:
    async with world(tmp_path) as w:
        w.client.down = Unavailable("connection_failed")
        download = await grab(w.store, w.shelf)
        await trio.sleep(7)

        def work(tx: Tx) -> None:
            if kind == "download.gate":
                downloads.move_in(tx, w.row(download), "completed", "gate")
                enqueue_gate_in(tx, w.row(download))
            tx.run("UPDATE command SET crashes = 5 WHERE kind = :kind", {"kind": kind})

        await w.store.write(work)
        await trio.sleep(600)
        assert (w.row(download).state, w.row(download).code) == (state, "crashes_spent")


@pytest.mark.parametrize(
    "trouble", [Malformed("html_page"), AddressRefused(reason="loopback"), Rejected("unknown_item")]
)
async def test_a_client_that_talks_nonsense_costs_no_release(
    tmp_path: Path, autojump_clock: MockClock, trouble: OutsideError
) -> None:
    async with world(tmp_path) as w:
        w.client.down = trouble
        download = await grab(w.store, w.shelf)
        await trio.sleep(600)
        assert w.row(download).state == "grabbed"
        assert w.store.read(lambda reader: reader.values("SELECT id FROM blocklist")) == []
        w.client.down = None
        await trio.sleep(1_000)
        assert w.row(download).state == "downloading"


@pytest.mark.parametrize("trouble", [Malformed("html_page"), Unauthorized("client_auth")])
async def test_a_removal_outlives_a_client_that_lets_nobody_in(
    tmp_path: Path, autojump_clock: MockClock, trouble: OutsideError
) -> None:
    async with world(tmp_path) as w:
        download = await grab(w.store, w.shelf)
        await trio.sleep(5)
        w.client.down = trouble
        assert await remove_download(w.store, ADMIN, download, RemoveOptions()) is None
        await trio.sleep(600)
        w.client.down = None
        await trio.sleep(1_000)
        assert w.client.items == {}


async def test_a_client_that_lists_but_cannot_add_is_not_hammered(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    async def add(self: FakeClient, payload: Payload, options: AddOptions) -> str:
        del self, payload, options
        tries.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        raise Unavailable("http_status", status=500)

    monkeypatch.setattr(FakeClient, "add", add)
    async with world(tmp_path) as w:
        await grab(w.store, w.shelf)
        await trio.sleep(600)
    assert 3 <= len(tries) <= 40
