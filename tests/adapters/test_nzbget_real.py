"""NZBGet as it is, fed by a news server on loopback."""

from pathlib import Path

import pytest
import trio

from bindery.adapters.failures import Unauthorized, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.protocols import DownloadClient
from bindery.domain.transfers import AddOptions, Payload, RemoteItem, RemoteState
from tests.kit.nntp import NewsServer, start_news_server
from tests.kit.nzbget import open_nzbget

pytestmark = pytest.mark.system

TITLE = "Ein Hörbuch – Teil 1"
OPTIONS = AddOptions(token="token-1", title=TITLE, category="books")
BOOK = bytes(range(256)) * 4_000


@pytest.fixture
async def news(nursery: trio.Nursery) -> NewsServer:
    return await start_news_server(nursery)


def payload(nzb: bytes) -> Payload:
    return Payload(kind="nzb", data=nzb, name="book")


async def until(client: DownloadClient, id_: str, *states: RemoteState) -> list[RemoteItem]:
    steps: list[RemoteItem] = []
    with trio.fail_after(30):
        while True:
            snapshot = await client.snapshot([id_])
            assert snapshot.complete
            item = next((one for one in snapshot.items if one.id == id_), None)
            if item is not None:
                steps.append(item)
                if item.state in states:
                    return steps
            await trio.sleep(0.05)


async def test_a_whole_download(tmp_path: Path, outbound: Outbound, news: NewsServer) -> None:
    nzb = news.post({"Book.epub": BOOK, "Cover.jpg": b"jpeg" * 100})
    news.bucket.rate = 1_000_000
    async with open_nzbget(tmp_path, news.port) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            info = await client.probe()
            assert info.version.startswith("2")
            assert info.warnings == ()
            assert [(fact.purpose, fact.path) for fact in info.paths] == [
                ("category", str(daemon.folder)),
                ("default", str(daemon.folder.parent)),
            ]
            assert await client.find("token-1", (), TITLE) is None
            id_ = await client.add(payload(nzb), OPTIONS)
            steps = await until(client, id_, RemoteState.COMPLETE)
            done = steps[-1]
            assert len({step.done for step in steps}) > 2, "progress was seen"
            assert all(step.state is not RemoteState.FAILED for step in steps)
            assert (done.token, done.category, done.percent) == ("token-1", "books", 100.0)
            folder = trio.Path(done.path)
            assert (await (folder / "Book.epub").read_bytes()) == BOOK
            found = await client.find("token-1", (), "")
            assert isinstance(found, RemoteItem)
            assert found.id == id_
            await client.remove(id_, with_data=False)
            assert await client.find("token-1", (), "") is None
            assert await (folder / "Book.epub").exists()
            await client.remove(id_, with_data=True)


async def test_pause_resume_category_and_removal(
    tmp_path: Path, outbound: Outbound, news: NewsServer
) -> None:
    nzb = news.post({"Book.epub": BOOK})
    news.gate.shut()
    async with open_nzbget(tmp_path, news.port) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            id_ = await client.add(payload(nzb), OPTIONS)
            await until(client, id_, RemoteState.DOWNLOADING)
            await client.pause(id_)
            news.gate.open()
            await until(client, id_, RemoteState.PAUSED)
            await client.set_category(id_, "other")
            await client.resume(id_)
            done = (await until(client, id_, RemoteState.COMPLETE))[-1]
            assert done.category == "other"
            gone = await client.add(payload(news.post({"Two.epub": b"z" * 1000})), OPTIONS)
            await client.remove(gone, with_data=True)
            while len((await client.snapshot([gone])).items) > 1:  # noqa: ASYNC110 - no event
                await trio.sleep(0.02)  # it removes in the background


async def test_missing_articles_and_garbage_are_failures(
    tmp_path: Path, outbound: Outbound, news: NewsServer
) -> None:
    nzb = news.post({"Book.epub": BOOK})
    news.missing.update(list(news.articles)[::2])
    async with open_nzbget(tmp_path, news.port) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            id_ = await client.add(payload(nzb), OPTIONS)
            failed = (await until(client, id_, RemoteState.FAILED))[-1]
            assert failed.message.startswith("FAILURE/")
            assert failed.path == ""
            garbage = await client.add(payload(b"this is no NZB"), OPTIONS)
            failed = (await until(client, garbage, RemoteState.FAILED))[-1]
            assert failed.code == "client_failed"


async def test_kill_in_the_middle(tmp_path: Path, outbound: Outbound, news: NewsServer) -> None:
    nzb = news.post({"Book.epub": BOOK})
    news.bucket.rate = 600_000
    async with open_nzbget(tmp_path, news.port) as daemon, daemon.client(outbound) as client:
        with trio.fail_after(60):
            id_ = await client.add(payload(nzb), OPTIONS)
            with trio.fail_after(20):
                while not any(i.done for i in (await client.snapshot()).items):  # noqa: ASYNC110
                    await trio.sleep(0.02)
            daemon.end()
            with pytest.raises(Unavailable):
                await client.snapshot()
            await daemon.start()
            found = await client.find("token-1", (), "")
            assert isinstance(found, RemoteItem)
            assert found.id == id_
            news.bucket.rate = None
            done = (await until(client, id_, RemoteState.COMPLETE))[-1]
            assert await (trio.Path(done.path) / "Book.epub").read_bytes() == BOOK


async def test_a_wrong_password_and_a_wrong_category(
    tmp_path: Path, outbound: Outbound, news: NewsServer
) -> None:
    async with open_nzbget(tmp_path, news.port) as daemon:
        with trio.fail_after(30):
            async with daemon.client(outbound, "wrong") as client:
                with pytest.raises(Unauthorized):
                    await client.snapshot()
            async with daemon.client(outbound, category="Books") as client:
                assert (await client.probe()).warnings == ("category_case",)
            async with daemon.client(outbound, category="comics") as client:
                assert (await client.probe()).warnings == ("category_unknown",)
