"""Indexers and download clients as people configure them."""

from pathlib import Path

import pytest

from bindery.domain.principal import Principal, Role, Via
from bindery.domain.refusal import Code, Refusal
from bindery.operations.clients import (
    ClientPatch,
    add_client,
    base_url,
    delete_client,
    update_client,
)
from bindery.operations.downloads import RemoveOptions, remove_download
from bindery.operations.indexers import (
    IndexerPatch,
    add_indexer,
    delete_indexer,
    resolve,
    update_indexer,
)
from bindery.operations.masking import MASK
from bindery.store import commands, downloads
from bindery.store.clients import ClientRow
from bindery.store.commands import Command
from bindery.store.indexers import IndexerFields, IndexerRow
from bindery.store.lanes import GiveBack, settle_in
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.kit.database import open_test_store
from tests.kit.household import add_book, grab

ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
QBIT = ClientPatch(name="qbit", type="qbittorrent", host="http://nas/", password="hush-hush")
FEED = IndexerPatch(name="feed", type="torznab", url="http://nas:9696/1/", api_key="key-of-feed")


async def added(store: Store, patch: IndexerPatch) -> IndexerRow:
    row = await add_indexer(store, ADMIN, patch)
    assert isinstance(row, IndexerRow)
    return row


async def joined(store: Store, patch: ClientPatch) -> ClientRow:
    row = await add_client(store, ADMIN, patch)
    assert isinstance(row, ClientRow)
    return row


def refusal(answer: object) -> tuple[Code, str | None]:
    assert isinstance(answer, Refusal)
    return answer.code, answer.field


@pytest.mark.parametrize(
    ("patch", "code", "field"),
    [
        (IndexerPatch(url="http://a"), Code.REQUIRED, "name"),
        (IndexerPatch(name="a"), Code.REQUIRED, "url"),
        (IndexerPatch(name="a", url="http://a", type="rss"), Code.INVALID, "type"),
        (IndexerPatch(name="a", url="ftp://a"), Code.URL_NOT_ALLOWED, "url"),
        (IndexerPatch(name="a", url="http://169.254.169.254/"), Code.URL_NOT_ALLOWED, "url"),
        (IndexerPatch(name="a", url="http://u:p@a/"), Code.URL_NOT_ALLOWED, "url"),
        (IndexerPatch(name="a", url="http://a", seed_ratio=-2), Code.INVALID, "seedRatio"),
        (IndexerPatch(name="a", url="http://a", categories=(0,)), Code.INVALID, "categories"),
        (IndexerPatch(name="a", url="http://a", timeout_s=0), Code.INVALID, "timeoutS"),
    ],
)
def test_wrong_indexer_is_refused_with_its_field(
    patch: IndexerPatch, code: Code, field: str
) -> None:
    assert refusal(resolve(patch, None)) == (code, field)


def test_indexer_gets_defaults() -> None:
    fields = resolve(IndexerPatch(name="a", url="http://a"), None)
    assert isinstance(fields, IndexerFields)
    assert (fields.type, fields.enabled, fields.categories) == ("newznab", True, (7000, 7020, 3030))


async def test_indexer_keeps_what_is_not_sent(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await added(store, FEED)
        changed = await update_indexer(store, ADMIN, row.id, IndexerPatch(priority=5, api_key=MASK))
    assert isinstance(changed, IndexerRow)
    assert (changed.priority, changed.api_key, changed.url) == (5, "key-of-feed", row.url)
    assert changed.rev == row.rev + 1


async def test_key_is_not_sent_to_another_host(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await added(store, FEED)
        moved = IndexerPatch(url="http://elsewhere:9696/1/")
        assert refusal(await update_indexer(store, ADMIN, row.id, moved)) == (
            Code.SECRET_REQUIRED,
            "apiKey",
        )


async def test_indexer_url_is_there_once(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        await added(store, FEED)
        assert refusal(await add_indexer(store, ADMIN, FEED)) == (Code.DUPLICATE, "url")


async def test_indexer_change_of_an_old_revision_is_stale(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await added(store, FEED)
        await update_indexer(store, ADMIN, row.id, IndexerPatch(priority=1))
        stale = await update_indexer(store, ADMIN, row.id, IndexerPatch(priority=2, rev=row.rev))
        assert refusal(stale) == (Code.STALE, None)


async def test_what_waited_for_an_indexer_goes_on_when_it_is_changed(tmp_path: Path) -> None:
    """A pause of an hour would otherwise outlive its reason."""
    async with open_test_store(tmp_path) as store:
        await joined(store, QBIT)
        row = await added(store, FEED)
        shelf = await add_book(store)
        download_id = await grab(store, shelf)
        later = store.clock.now_us() + 3_600_000_000

        def wait(tx: Tx) -> None:
            tx.run("UPDATE download SET indexer_id = :id", {"id": row.id})
            tx.run("UPDATE command SET not_before = :later", {"later": later})

        await store.write(wait)
        assert isinstance(await update_indexer(store, ADMIN, row.id, FEED), IndexerRow)
        due = "SELECT not_before <= :now FROM command WHERE kind = 'download.send'"
        assert store.read(lambda r: r.values(due, {"now": store.clock.now_us()})) == [1]
        sent = store.read(lambda reader: downloads.get(reader, download_id))
        assert sent is not None
        assert sent.state == "grabbed"


async def test_indexer_is_deleted_once(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await added(store, FEED)
        assert await delete_indexer(store, ADMIN, row.id) is None
        assert refusal(await delete_indexer(store, ADMIN, row.id)) == (Code.NOT_FOUND, None)


@pytest.mark.parametrize(
    ("patch", "code", "field"),
    [
        (ClientPatch(type="qbittorrent", host="a"), Code.REQUIRED, "name"),
        (ClientPatch(name="a", type="qbittorrent"), Code.REQUIRED, "host"),
        (ClientPatch(name="a", type="emule", host="a"), Code.INVALID, "type"),
        (ClientPatch(name="a", type="deluge", host="a", port=70000), Code.INVALID, "port"),
        (ClientPatch(name="a", type="deluge", host="a b"), Code.URL_NOT_ALLOWED, "host"),
        (ClientPatch(name="a", type="rtorrent", url_base="scgi"), Code.REQUIRED, "host"),
        (
            ClientPatch(name="a", type="rtorrent", url_base="scgi://h"),
            Code.URL_NOT_ALLOWED,
            "urlBase",
        ),
        (
            ClientPatch(name="a", type="rtorrent", url_base="scgi://169.254.169.254:5"),
            Code.URL_NOT_ALLOWED,
            "urlBase",
        ),
        (ClientPatch(name="a", type="rtorrent", host="0.0.0.0"), Code.URL_NOT_ALLOWED, "host"),
        (
            ClientPatch(name="a", type="usenetblackhole", download_dir="/d"),
            Code.REQUIRED,
            "urlBase",
        ),
        (
            ClientPatch(name="a", type="usenetblackhole", url_base="/w"),
            Code.REQUIRED,
            "downloadDir",
        ),
        (
            ClientPatch(name="a", type="torrentblackhole", url_base="w", download_dir="/d"),
            Code.INVALID,
            "urlBase",
        ),
        (ClientPatch(name="a", type="direct", download_dir="dl"), Code.INVALID, "downloadDir"),
    ],
)
async def test_wrong_client_is_refused_with_its_field(
    tmp_path: Path, patch: ClientPatch, code: Code, field: str
) -> None:
    async with open_test_store(tmp_path) as store:
        assert refusal(await add_client(store, ADMIN, patch)) == (code, field)


@pytest.mark.parametrize(
    ("sent", "effective"),
    [
        ("", ""),
        (" / ", ""),
        ("//", ""),
        ("qbit/", "/qbit"),
        ("  /qbit  ", "/qbit"),
        ("nested/path/", "/nested/path"),
        ("https://proxy.example.com/qbit", "/qbit"),
        ("http://h:8080/abc/", "/abc"),
        ("https://host.only", ""),
    ],
)
async def test_sub_path_of_a_client_is_normalised(
    tmp_path: Path, sent: str, effective: str
) -> None:
    async with open_test_store(tmp_path) as store:
        row = await joined(store, ClientPatch(name="a", type="deluge", host="nas", url_base=sent))
    assert row.url_base == effective
    assert base_url(row) == f"http://nas:8112{effective}"


async def test_a_client_of_two_folders_needs_no_host(tmp_path: Path) -> None:
    patch = ClientPatch(name="a", type="torrentblackhole", url_base=" /w ", download_dir="/d")
    async with open_test_store(tmp_path) as store:
        row = await joined(store, patch)
    assert (row.url_base, row.download_dir, row.port) == ("/w", "/d", 0)


@pytest.mark.parametrize(
    ("host", "sent", "effective"),
    [
        ("nas", "", "http://nas:8080/RPC2"),
        ("nas", "scgi", "scgi://nas:8080"),
        ("", "scgi://nas:5000", "scgi://nas:5000"),
        ("", "scgi:///run/rtorrent.sock", "scgi:///run/rtorrent.sock"),
    ],
)
async def test_sub_path_of_an_rtorrent_selects_the_way(
    tmp_path: Path, host: str, sent: str, effective: str
) -> None:
    patch = ClientPatch(name="a", type="rtorrent", host=host, url_base=sent)
    async with open_test_store(tmp_path) as store:
        assert base_url(await joined(store, patch)) == effective


async def test_client_keeps_its_password_only_for_its_host(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await joined(store, QBIT)
        kept = await update_client(store, ADMIN, row.id, ClientPatch(category="ebooks"))
        moved = await update_client(store, ADMIN, row.id, ClientPatch(host="other"))
    assert isinstance(kept, ClientRow)
    assert (kept.host, kept.password, kept.category) == ("nas", "hush-hush", "ebooks")
    assert refusal(moved) == (Code.SECRET_REQUIRED, "password")


async def test_deleting_a_client_settles_what_it_was_to_do(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await joined(store, QBIT)
        command = await store.write(
            lambda tx: tx.enqueue("download.send", {}, key="1", lane=f"client:{row.id}")
        )
        assert await delete_client(store, ADMIN, row.id) is None
        settled = await store.settled(command, 1)
    assert settled is not None
    assert settled.state == "cancelled"


async def test_deleting_a_client_settles_what_it_has_in_hand(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await joined(store, QBIT)
        lane = f"client:{row.id}"

        def work(tx: Tx) -> Command | None:
            tx.enqueue("download.send", {}, key="1", lane=lane)
            return commands.claim_in(tx, ["download.send"], lanes=[lane])

        command = await store.write(work)
        assert command is not None
        assert await delete_client(store, ADMIN, row.id) is None
        await store.write(lambda tx: settle_in(tx, command, GiveBack()))
        settled = await store.settled(command.id, 1)
        assert store.read(lambda r: commands.count_open(r, ["download.send"])) == 0
    assert settled is not None
    assert settled.state == "cancelled"


async def test_downloads_of_a_client_that_went_wait_for_a_person(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        row = await joined(store, QBIT)
        download = await grab(store, await add_book(store))

        def told() -> tuple[str | None, list[str]]:
            found = store.read(lambda reader: downloads.get(reader, download))
            assert found is not None
            assert found.state == "grabbed"
            items = store.read(lambda reader: reader.values("SELECT code FROM attention"))
            return found.code, items

        await update_client(store, ADMIN, row.id, ClientPatch(enabled=False))
        assert told() == ("client_gone", ["client_gone"])
        await update_client(store, ADMIN, row.id, ClientPatch(enabled=True))
        assert told() == (None, [])
        assert await delete_client(store, ADMIN, row.id) is None
        assert told() == ("client_gone", ["client_gone"])
        assert await remove_download(store, ADMIN, download, RemoveOptions()) is None
        assert store.read(lambda reader: reader.values("SELECT code FROM attention")) == []
