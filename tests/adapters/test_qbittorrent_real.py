"""The same adapter against the real program: add, progress, complete, files, remove, kill -9."""

from pathlib import Path

import pytest
import trio

from bindery.adapters.configs import QBittorrentConfig
from bindery.adapters.downloaders.qbittorrent import QBittorrent
from bindery.adapters.failures import Rejected, Unauthorized, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.demo.knobs import Bucket, Gate
from bindery.demo.seeder import dial
from bindery.demo.torrent import Torrent, make_torrent
from bindery.domain.transfers import AddOptions, Ambiguous, Payload, RemoteItem, RemoteState
from tests.kit.qbittorrent import PASSWORD, Daemon, open_qbittorrent

pytestmark = pytest.mark.system

OPTIONS = AddOptions(token="token-1", title="A Book", category="books", seed_ratio=-1)


def payload_of(torrent: Torrent) -> Payload:
    return Payload(
        kind="torrent",
        data=torrent.meta,
        name=torrent.name,
        info_hash_v1=torrent.info_hash.hex(),
        size=len(torrent.content),
    )


def client(daemon: Daemon, outbound: Outbound, password: str = PASSWORD) -> QBittorrent:
    config = QBittorrentConfig(
        url=daemon.url, username="admin", password=password, category="books"
    )
    return QBittorrent(config, outbound)


async def seen(qbt: QBittorrent, id_: str) -> RemoteItem | None:
    return next((item for item in (await qbt.snapshot()).items if item.id == id_), None)


async def until(
    qbt: QBittorrent, id_: str, *states: RemoteState, begun: bool = False
) -> list[RemoteItem]:
    """Everything seen until the item is in one of these states, or has some data."""
    steps: list[RemoteItem] = []
    with trio.fail_after(30):
        while True:
            item = await seen(qbt, id_)
            if item is not None:
                steps.append(item)
                if item.state in states or (begun and item.done):
                    return steps
            await trio.sleep(0.05)


async def test_a_whole_download(tmp_path: Path, outbound: Outbound, nursery: trio.Nursery) -> None:
    files = {"Disc 1/01 – Anfang.mp3": b"a" * 400_000, "Disc 1/02.mp3": b"b" * 200_000}
    torrent = make_torrent("Ein Hörbuch", files)
    async with open_qbittorrent(tmp_path) as daemon, client(daemon, outbound) as qbt:
        with trio.fail_after(60):
            assert "category_missing" in (await qbt.probe()).warnings
            id_ = await qbt.add(payload_of(torrent), OPTIONS)
            assert id_ == torrent.info_hash.hex()
            first = await seen(qbt, id_)
            assert first is not None
            assert first.state is not RemoteState.COMPLETE
            nursery.start_soon(dial, torrent, daemon.bt, Bucket(1_000_000), Gate())
            steps = await until(qbt, id_, RemoteState.COMPLETE)
            done = steps[-1]
            assert all(step.state is not RemoteState.FAILED for step in steps)
            assert len({step.done for step in steps}) > 2, "progress was seen"
            assert (done.percent, done.done) == (100.0, 600_000)
            assert done.category == "books"
            assert Path(done.path) == tmp_path / "dl" / "books" / "Ein Hörbuch"
            listed = await qbt.files(id_)
            assert [(f.path, f.size, f.done) for f in listed] == [
                ("Ein Hörbuch/Disc 1/01 – Anfang.mp3", 400_000, True),
                ("Ein Hörbuch/Disc 1/02.mp3", 200_000, True),
            ]
            for file in listed:
                assert (Path(done.save_path) / file.path).stat().st_size == file.size
            probed = await qbt.probe()
            assert "category_missing" not in probed.warnings
            assert probed.paths[1].path == str(tmp_path / "dl" / "books")
            await qbt.set_category(id_, "other")
            found = await qbt.find("token-1", (id_,), "")
            assert isinstance(found, RemoteItem)
            assert found.category == "other"
            await qbt.remove(id_, with_data=True)
            while await seen(qbt, id_) is not None:  # noqa: ASYNC110 - it offers no event
                await trio.sleep(0.05)
            assert not list((tmp_path / "dl").rglob("*.mp3"))
            nursery.cancel_scope.cancel(reason="the seeder dials for ever")


async def test_duplicates_garbage_and_pausing(tmp_path: Path, outbound: Outbound) -> None:
    torrent = make_torrent("one.epub", {"one.epub": b"z" * 100_000})
    id_ = torrent.info_hash.hex()
    async with open_qbittorrent(tmp_path) as daemon, client(daemon, outbound) as qbt:
        with trio.fail_after(60):
            await qbt.add(payload_of(torrent), OPTIONS)
            assert await qbt.add(payload_of(torrent), OPTIONS) == id_
            assert len((await qbt.snapshot()).items) == 1
            garbage = Payload(kind="torrent", data=b"d4:infoi1ee", name="x", info_hash_v1="ab" * 20)
            with pytest.raises(Rejected):
                await qbt.add(garbage, OPTIONS)
            magnet = f"magnet:?xt=urn:btih:{'cd' * 20}&dn=m"
            await qbt.add(
                Payload(kind="magnet", data=magnet.encode(), name="m", info_hash_v1="cd" * 20),
                OPTIONS,
            )
            steps = await until(qbt, "cd" * 20, RemoteState.METADATA)
            assert steps[-1].size is None
            await qbt.pause(id_)
            await until(qbt, id_, RemoteState.PAUSED)
            await qbt.resume(id_)
            await until(qbt, id_, RemoteState.STALLED, RemoteState.DOWNLOADING)
            with pytest.raises(Rejected):
                await qbt.files("ee" * 20)
            assert await qbt.find("t", ("ee" * 20,), "") is None
            assert not isinstance(await qbt.find("t", (), "ONE.epub"), Ambiguous)


async def test_a_ratio_set_afterwards_is_shown(tmp_path: Path, outbound: Outbound) -> None:
    torrent = make_torrent("late.epub", {"late.epub": b"z" * 1_000})
    without = AddOptions(token="token-1", title="A Book")
    async with open_qbittorrent(tmp_path) as daemon, client(daemon, outbound) as qbt:
        with trio.fail_after(30):
            id_ = await qbt.add(payload_of(torrent), without)
            shown: list[float | None] = []
            for ratio in (None, 1.5, 1.5, -1):
                if ratio is not None:
                    await qbt.limit_seeding(id_, ratio)
                item = await seen(qbt, id_)
                assert item is not None
                shown.append(item.seed_ratio)
            assert shown == [None, 1.5, 1.5, -1]


async def test_kill_in_the_middle(
    tmp_path: Path, outbound: Outbound, nursery: trio.Nursery
) -> None:
    torrent = make_torrent("big.m4b", {"big.m4b": bytes(range(256)) * 8_000})
    gate, bucket = Gate(), Bucket(1_500_000)
    async with open_qbittorrent(tmp_path) as daemon, client(daemon, outbound) as qbt:
        with trio.fail_after(90):
            id_ = await qbt.add(payload_of(torrent), OPTIONS)
            nursery.start_soon(dial, torrent, daemon.bt, bucket, gate)
            await until(qbt, id_, begun=True)
            daemon.end()
            with pytest.raises(Unavailable):
                await qbt.snapshot()
            await daemon.start()
            found = await qbt.find("token-1", (id_,), "A Book")  # the old session is gone
            assert isinstance(found, RemoteItem)
            bucket.rate = None
            done = (await until(qbt, id_, RemoteState.COMPLETE))[-1]
            assert await trio.Path(done.path).read_bytes() == torrent.content
            nursery.cancel_scope.cancel(reason="the seeder dials for ever")


async def test_a_wrong_password_does_not_get_us_banned(tmp_path: Path, outbound: Outbound) -> None:
    async with open_qbittorrent(tmp_path) as daemon:
        with trio.fail_after(30):
            async with client(daemon, outbound, "wrong") as qbt:
                for _ in range(8):
                    with pytest.raises(Unauthorized):
                        await qbt.snapshot()
            async with client(daemon, outbound) as qbt:
                assert (await qbt.snapshot()).items == []
