"""The client that is two folders: dropping once, waiting for results, a kill in between."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bindery.adapters.configs import BlackholeConfig
from bindery.adapters.downloaders.blackhole import Blackhole
from bindery.adapters.drop_folder import Folders
from bindery.adapters.failures import OutsideError, Rejected, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.registry import open_client
from bindery.demo.torrent import make_torrent
from bindery.domain.transfers import AddOptions, Payload, RemoteItem, RemoteState
from bindery.runtime.clock import FixedClock
from bindery.runtime.threads import Threads

OPTIONS = AddOptions(token="tok-1", title="A/B: Book", category="books")
NZB = Payload(kind="nzb", data=b"<nzb/>", name="n")
TORRENT = make_torrent("Das Buch", {"a.mp3": b"a", "Disc 2/b.mp3": b"b"})
V1 = TORRENT.info_hash.hex()
SEEDED = Payload(kind="torrent", data=TORRENT.meta, name="t", info_hash_v1=V1)
JOB = "A_B_ Book.bindery-tok-1"


class House:
    """Both folders, and a clock that the test moves."""

    def __init__(self, tmp_path: Path) -> None:
        self.drop, self.done = tmp_path / "drop", tmp_path / "done"
        self.drop.mkdir()
        self.done.mkdir()
        self.clock = FixedClock(time.time_ns() // 1000)
        self.outbound = Outbound(threads=Threads(), clock=self.clock)

    def client(self, transport: str) -> Blackhole:
        config = BlackholeConfig(
            transport="torrent" if transport == "torrent" else "usenet",
            drop_dir=str(self.drop),
            watch_dir=str(self.done),
        )
        opened = open_client(config, self.outbound)
        assert isinstance(opened, Blackhole)
        return opened

    def settle(self) -> None:
        self.clock.advance(60)

    def dropped(self) -> list[str]:
        return sorted(path.name for path in self.drop.iterdir())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def only(client: Blackhole) -> RemoteItem:
    snapshot = await client.snapshot()
    assert snapshot.complete
    (item,) = snapshot.items
    return item


async def test_an_nzb_from_the_drop_to_the_result(house: House) -> None:
    async with house.client("usenet") as client:
        assert (await client.probe()).version == "built-in"
        assert (await client.snapshot()).items == []
        assert await client.add(NZB, OPTIONS) == "tok-1"
        dropped = house.drop / f"{JOB}.nzb"
        assert dropped.read_bytes() == b"<nzb/>"
        assert dropped.stat().st_mode & 0o044, "another user's program can read it"
        assert (await only(client)).state is RemoteState.QUEUED
        dropped.unlink()  # the program took it
        assert (await only(client)).state is RemoteState.DOWNLOADING
        assert await client.add(NZB, OPTIONS) == "tok-1"
        assert house.dropped() == [], "it is not dropped twice"
        unpacking = house.done / f"_UNPACK_{JOB}"
        unpacking.mkdir()
        (unpacking / "book.epub").write_bytes(b"x" * 10)
        house.settle()
        assert (await only(client)).state is RemoteState.DOWNLOADING
        unpacking.rename(house.done / JOB)
        house.settle()
        done = await only(client)
        assert (done.state, done.size, done.percent) == (RemoteState.COMPLETE, 10, 100.0)
        assert (done.path, done.save_path) == (f"{house.done}/{JOB}", str(house.done))
        assert (done.category, done.token) == ("books", "tok-1")
        assert [(f.path, f.size) for f in await client.files("tok-1")] == [(f"{JOB}/book.epub", 10)]
        (house.done / "foreign").mkdir()
        await client.remove("tok-1", with_data=True)
        assert (await client.snapshot()).items == []
        assert [path.name for path in house.done.glob("[!.]*")] == ["foreign"]


async def test_a_torrent_is_found_by_its_own_name_and_stays(house: House) -> None:
    async with house.client("torrent") as client:
        await client.add(SEEDED, OPTIONS)
        assert house.dropped() == [f"{JOB}.torrent"]
        place = house.done / "Das Buch"
        (place / "Disc 2").mkdir(parents=True)
        (place / "a.mp3").write_text("a")
        (place / "Disc 2" / "b.mp3.part").write_text("b")
        house.settle()
        assert (await only(client)).state is RemoteState.DOWNLOADING, "a part is missing"
        (place / "Disc 2" / "b.mp3.part").rename(place / "Disc 2" / "b.mp3")
        assert (await only(client)).state is RemoteState.COMPLETE
        found = await client.find("", (V1,), "")
        assert isinstance(found, RemoteItem)
        assert found.info_hash_v1 == V1
        await client.remove("tok-1", with_data=False)
        assert (place / "a.mp3").exists()
        assert house.dropped() == [], "what was not taken is taken back"
        assert await client.find("tok-1", (V1,), "Das Buch") is None
        await client.remove("tok-1", with_data=True)


async def test_what_arrives_while_still_changing_is_not_whole(house: House) -> None:
    async with house.client("usenet") as client:
        await client.add(NZB, OPTIONS)
        (house.done / f"{JOB}.m4b").write_bytes(b"x" * 7)
        item = await only(client)
        assert (item.state, item.done, item.size) == (RemoteState.DOWNLOADING, 7, None)
        house.settle()
        assert (await only(client)).state is RemoteState.COMPLETE


async def test_a_failed_job_and_links(house: House) -> None:
    async with house.client("usenet") as client:
        await client.add(NZB, OPTIONS)
        (house.done / f"_FAILED_{JOB}").mkdir()
        failed = await only(client)
        assert (failed.state, failed.code) == (RemoteState.FAILED, "client_failed")
        (house.done / f"_FAILED_{JOB}").rmdir()
        (house.done / JOB).symlink_to("/etc")
        house.settle()
        assert (await only(client)).state is RemoteState.DOWNLOADING
        assert await client.files("tok-1") == []


async def test_a_kill_between_the_record_and_the_drop(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Path] = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError
        return real(self, target)

    async with house.client("usenet") as client:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", killed)
            with pytest.raises(Unavailable):
                await client.add(NZB, OPTIONS)
        assert await client.find("tok-1", (), "") is None, "it was never visible"
        await client.add(NZB, OPTIONS)
        assert house.dropped() == [f"{JOB}.nzb"]
        assert isinstance(await client.find("tok-1", (), ""), RemoteItem)


@pytest.mark.parametrize(
    ("missing", "code"),
    [("drop", "drop_folder_not_writable"), ("done", "watch_folder_missing")],
)
async def test_missing_folders_are_named(house: House, missing: str, code: str) -> None:
    (house.drop if missing == "drop" else house.done).rmdir()
    async with house.client("usenet") as client:
        for ask in (client.probe(), client.add(NZB, OPTIONS)):
            with pytest.raises(OutsideError) as raised:
                await ask
            assert raised.value.code == code
    assert not (house.drop if missing == "drop" else house.done).exists(), "nothing was made"


async def test_what_is_refused(house: House) -> None:
    magnet = Payload(kind="magnet", data=b"magnet:?xt=urn:btih:1&dn=The+Name", name="m")
    async with house.client("usenet") as client:
        with pytest.raises(Rejected):
            await client.add(SEEDED, OPTIONS)
        with pytest.raises(Rejected):
            await client.add(NZB, AddOptions(token="../x", title="t"))
        with pytest.raises(Rejected):
            await client.files("tok-9")
        with pytest.raises(Rejected):
            await client.pause("tok-9")
        await client.remove("../x", with_data=True)
    async with house.client("torrent") as client:
        await client.add(magnet, OPTIONS)
        (house.done / "The Name").mkdir()
        (house.done / "The Name" / "b.epub").write_text("x")
        house.settle()
        assert (await only(client)).state is RemoteState.COMPLETE
    assert house.dropped() == [f"{JOB}.magnet"]


async def test_broken_records_hide_nothing(house: House) -> None:
    async with house.client("usenet") as client:
        await client.add(NZB, OPTIONS)
        records = house.done / ".bindery-drops"
        (records / "broken-1.json").write_text("{")
        (records / "liar-1.json").write_text(
            '{"token":"other","file":"x","expected":[],"title":""}'
        )
        assert (await only(client)).id == "tok-1"
    assert not Folders(house.drop, house.done).good_token("a/b")
