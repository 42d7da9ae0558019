"""One suite of behaviours against every real torrent client (downloads-and-import.md 2)."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from signal import Signals
from typing import Protocol

import pytest
import trio

from bindery.adapters.failures import Rejected, Unauthorized, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.protocols import DownloadClient
from bindery.demo.knobs import Bucket, Gate
from bindery.demo.seeder import dial
from bindery.demo.torrent import Torrent, make_torrent
from bindery.domain.transfers import AddOptions, Ambiguous, Payload, RemoteItem, RemoteState
from tests.kit.deluge import open_deluge
from tests.kit.rtorrent import open_rtorrent, open_rutorrent
from tests.kit.transmission import open_transmission

pytestmark = pytest.mark.system

OPTIONS = AddOptions(token="token-1", title="A Book", category="books", seed_ratio=-1)
ANNOUNCE = "http://127.0.0.1:9/announce"
DISC_A, DISC_B = "Disc 1/01 – Anfang.mp3", "Disc 1/02.mp3"


class Daemon(Protocol):
    """What the suite needs of a program."""

    bt: int

    @property
    def downloads(self) -> Path: ...
    @property
    def folder(self) -> Path:
        """Where items of the category `books` are."""
        ...

    async def start(self) -> None: ...
    def end(self, how: Signals = ...) -> None: ...
    def client(self, outbound: Outbound, password: str = ...) -> DownloadClient: ...


Open = Callable[[Path], AbstractAsyncContextManager[Daemon]]
CLIENTS: dict[str, Open] = {
    "deluge": open_deluge,
    "rtorrent": open_rtorrent,
    "rutorrent": open_rutorrent,
    "transmission": open_transmission,
}
WITHOUT_PASSWORD = {"rtorrent"}
"""SCGI knows no password."""


@pytest.fixture(params=sorted(CLIENTS))
def opened(request: pytest.FixtureRequest) -> Open:
    return CLIENTS[request.param]


def payload_of(torrent: Torrent) -> Payload:
    return Payload(
        kind="torrent",
        data=torrent.meta,
        name=torrent.name,
        info_hash_v1=torrent.info_hash.hex(),
        size=len(torrent.content),
    )


async def seen(client: DownloadClient, id_: str) -> RemoteItem | None:
    snapshot = await client.snapshot()
    assert snapshot.complete
    return next((item for item in snapshot.items if item.id == id_), None)


async def until(
    client: DownloadClient, id_: str, *states: RemoteState, begun: bool = False
) -> list[RemoteItem]:
    """Everything seen until the item is in one of these states, or has some data."""
    steps: list[RemoteItem] = []
    with trio.fail_after(30):
        while True:
            item = await seen(client, id_)
            if item is not None:
                steps.append(item)
                if item.state in states or (begun and item.done):
                    return steps
            await trio.sleep(0.05)


async def gone(client: DownloadClient, id_: str) -> None:
    with trio.fail_after(10):
        while await seen(client, id_) is not None:  # noqa: ASYNC110 - it offers no event
            await trio.sleep(0.05)


async def no_file(found: Callable[[], Awaitable[bool]]) -> None:
    with trio.fail_after(10):
        while await found():  # noqa: ASYNC110 - programs delete in the background
            await trio.sleep(0.05)


async def test_a_whole_download(
    opened: Open, tmp_path: Path, outbound: Outbound, nursery: trio.Nursery
) -> None:
    files = {DISC_A: b"a" * 400_000, DISC_B: b"b" * 200_000}
    torrent = make_torrent("Ein Hörbuch", files, announce=ANNOUNCE)
    async with opened(tmp_path) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            assert (await client.probe()).version
            id_ = await client.add(payload_of(torrent), OPTIONS)
            assert id_ == torrent.info_hash.hex()
            first = await seen(client, id_)
            assert first is not None
            assert first.state is not RemoteState.COMPLETE
            nursery.start_soon(dial, torrent, daemon.bt, Bucket(300_000), Gate())
            steps = await until(client, id_, RemoteState.COMPLETE)
            done = steps[-1]
            assert all(step.state is not RemoteState.FAILED for step in steps)
            assert len({step.done for step in steps}) > 2, "progress was seen"
            assert (done.percent, done.done, done.size) == (100.0, 600_000, 600_000)
            listed = await client.files(id_)
            assert sorted((f.path, f.size, f.done) for f in listed) == [
                (f"Ein Hörbuch/{DISC_A}", 400_000, True),
                (f"Ein Hörbuch/{DISC_B}", 200_000, True),
            ]
            for file in listed:
                assert (Path(done.save_path) / file.path).stat().st_size == file.size
            assert Path(done.path) == Path(done.save_path) / "Ein Hörbuch"
            foreign = Path(done.path) / "notes.txt"
            foreign.write_text("a person put this here")
            found = await client.find("token-1", (id_,), "")
            assert isinstance(found, RemoteItem)
            assert found.category == "books"
            await client.remove(id_, with_data=True)
            await gone(client, id_)

            async def left() -> bool:
                return bool(list(daemon.downloads.rglob("*.mp3")))

            await no_file(left)
            assert foreign.exists()
            nursery.cancel_scope.cancel(reason="the seeder dials for ever")


async def test_a_single_file_stays_when_only_the_entry_goes(
    opened: Open, tmp_path: Path, outbound: Outbound
) -> None:
    name = "Ein sehr langer Name – " + "ä" * 90 + ".epub"
    torrent = make_torrent(name, {name: b"q" * 100_000}, announce=ANNOUNCE)
    async with opened(tmp_path) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            place = trio.Path(daemon.folder / name)
            await place.parent.mkdir(exist_ok=True)
            await place.write_bytes(torrent.content)  # it is checked, and nothing is fetched
            id_ = await client.add(payload_of(torrent), OPTIONS)
            done = (await until(client, id_, RemoteState.COMPLETE))[-1]
            assert trio.Path(done.path) == place
            await client.remove(id_, with_data=False)
            await gone(client, id_)
            assert await place.read_bytes() == torrent.content
            await client.remove(id_, with_data=True)  # unknown now: no error


async def test_duplicates_garbage_and_pausing(
    opened: Open, tmp_path: Path, outbound: Outbound
) -> None:
    torrent = make_torrent("one.epub", {"one.epub": b"z" * 100_000}, announce=ANNOUNCE)
    id_ = torrent.info_hash.hex()
    async with opened(tmp_path) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            await client.add(payload_of(torrent), OPTIONS)
            assert await client.add(payload_of(torrent), OPTIONS) == id_
            assert len((await client.snapshot()).items) == 1
            garbage = Payload(kind="torrent", data=b"d4:infoi1ee", name="x", info_hash_v1="ab" * 20)
            with pytest.raises(Rejected):
                await client.add(garbage, OPTIONS)
            await client.pause(id_)
            await until(client, id_, RemoteState.PAUSED)
            await client.resume(id_)
            await until(client, id_, RemoteState.STALLED, RemoteState.DOWNLOADING)
            assert await client.find("t", ("ee" * 20,), "") is None
            assert not isinstance(await client.find("t", (), "ONE.epub"), Ambiguous)
            with pytest.raises(Rejected):
                await client.files("ee" * 20)


async def test_a_magnet_waits_for_its_metadata(
    opened: Open, tmp_path: Path, outbound: Outbound
) -> None:
    magnet = f"magnet:?xt=urn:btih:{'cd' * 20}&dn=m&tr={ANNOUNCE}"
    payload = Payload(kind="magnet", data=magnet.encode(), name="m", info_hash_v1="cd" * 20)
    async with opened(tmp_path) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            assert await client.add(payload, OPTIONS) == "cd" * 20
            steps = await until(client, "cd" * 20, RemoteState.METADATA)
            assert steps[-1].size is None
            assert all(step.state is not RemoteState.COMPLETE for step in steps)


async def test_kill_in_the_middle(
    opened: Open, tmp_path: Path, outbound: Outbound, nursery: trio.Nursery
) -> None:
    content = bytes(range(256)) * 8_000
    torrent = make_torrent("big.m4b", {"big.m4b": content}, announce=ANNOUNCE)
    bucket = Bucket(1_500_000)
    async with opened(tmp_path) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(90):
            id_ = await client.add(payload_of(torrent), OPTIONS)
            nursery.start_soon(dial, torrent, daemon.bt, bucket, Gate())
            await until(client, id_, begun=True)
            daemon.end()
            with pytest.raises(Unavailable):
                await client.snapshot()
            await daemon.start()
            while await seen(client, id_) is None:  # noqa: ASYNC110 - it reads its torrents now
                await trio.sleep(0.05)
            found = await client.find("token-1", (id_,), "A Book")  # the old session is gone
            assert isinstance(found, RemoteItem)
            bucket.rate = None
            if found.state is RemoteState.PAUSED:  # Deluge saves the state of a new one late
                await client.resume(id_)
            done = (await until(client, id_, RemoteState.COMPLETE))[-1]
            assert await trio.Path(done.path).read_bytes() == torrent.content
            nursery.cancel_scope.cancel(reason="the seeder dials for ever")


@pytest.mark.parametrize("opened", sorted(CLIENTS.keys() - WITHOUT_PASSWORD), indirect=True)
async def test_a_wrong_password_is_told_and_passes(
    opened: Open, tmp_path: Path, outbound: Outbound
) -> None:
    async with opened(tmp_path) as daemon:
        with trio.fail_after(30):
            async with daemon.client(outbound, "wrong") as client:
                for _ in range(3):
                    with pytest.raises(Unauthorized):
                        await client.snapshot()
            async with daemon.client(outbound) as client:
                assert (await client.snapshot()).items == []
