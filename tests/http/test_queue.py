"""The queue over HTTP: the native list, removals, and the *arr record."""

from pathlib import Path
from typing import Any

import pytest

from bindery.domain.principal import Principal, Role, Via
from bindery.http.routes.queue import duration, rate
from bindery.live.board import DownloadProgress
from bindery.operations.clients import ClientPatch, add_client
from bindery.store import downloads
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.http.world import World, open_app
from tests.kit.household import add_book, bring_in, grab

ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
HASH = "ABCDEF" + "0" * 34


async def queued(world: World, title: str = "The Lantern Ledger", guid: str = "guid-1") -> int:
    """One download in a torrent client that has taken it."""
    store = world.store
    if not store.read(lambda reader: reader.value("SELECT id FROM client WHERE name = 'q'")):
        await add_client(store, ADMIN, ClientPatch(name="q", type="qbittorrent", host="nas"))
    download_id = await grab(store, await add_book(store, title), guid=guid)

    def work(tx: Tx) -> None:
        row = downloads.get(tx, download_id)
        assert row is not None
        downloads.set_remote_in(tx, row, HASH.lower(), HASH.lower())
        downloads.move_in(tx, row, "downloading")

    await store.write(work)
    return download_id


async def moved(store: Store, download_id: int, state: str, **more: Any) -> None:
    await store.write(lambda tx: bring_in(tx, download_id, state, **more))


async def test_queue_row_has_what_old_clients_and_ours_read(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        world.services.board.put_download(
            download_id,
            DownloadProgress(percent=43.04, size=2_097_152, done=900_000, speed=2 << 20, eta=90),
        )
        answer = await world.key("GET", "/api/v1/queue?pageSize=100")
        row = (await answer.get_json())["items"][0]
    assert answer.status_code == 200
    assert (row["id"], row["status"], row["torrentId"]) == (
        download_id,
        "downloading",
        HASH.lower(),
    )
    assert (row["percentage"], row["timeLeft"], row["speed"]) == ("43.0", "1m 30s", "2.0 MB/s")
    assert (row["percent"], row["etaSeconds"], row["bytesPerSecond"]) == (43.04, 90, 2 << 20)
    assert row["book"]["title"] == "The Lantern Ledger"
    assert row["nzbUrl"] == ""


async def test_queue_progress_changes_the_tag(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await queued(world)
        first = await world.key("GET", "/api/v1/queue")
        same = await world.key(
            "GET", "/api/v1/queue", headers={"If-None-Match": first.headers["ETag"]}
        )
    assert same.status_code == 304


async def test_queue_asks_no_client_and_few_statements(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await queued(world)
        with world.store.counted() as statements:
            await world.key("GET", "/api/v1/queue")
    lists = [sql for sql in statements if "FROM download" in sql]
    assert len(lists) == 1


async def test_waiting_for_files_says_that_it_may_still_be_finishing(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        await moved(
            world.store,
            download_id,
            "completed",
            stage="gate",
            code="path_missing",
            params={"path": "/downloads/x"},
        )
        row = (await (await world.key("GET", "/api/v1/queue")).get_json())["items"][0]
    assert "the download may still be finishing" in row["errorMessage"]
    assert "/downloads/x" in row["errorMessage"]
    assert row["error"] == {"code": "path_missing", "params": {"path": "/downloads/x"}, "text": ""}


async def test_queue_remove_takes_it_off_and_tells_the_client(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        gone = await world.key("DELETE", f"/api/v1/queue/{download_id}?deleteFiles=true")
        again = await world.key("DELETE", f"/api/v1/queue/{download_id}")
        left = (await (await world.key("GET", "/api/v1/queue")).get_json())["items"]
        payload = world.store.read(
            lambda reader: reader.value(
                "SELECT payload FROM command WHERE kind = 'download.remove'"
            )
        )
    assert (gone.status_code, again.status_code, left) == (204, 404, [])
    assert '"deleteFiles":true' in payload


async def test_queue_bulk_delete_answers_each_id(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        answer = await world.key(
            "POST", "/api/v1/queue/bulk-delete", json={"ids": [download_id, 999]}
        )
        results = (await answer.get_json())["results"]
        empty = await world.key("POST", "/api/v1/queue/bulk-delete", json={"ids": []})
    assert results == {
        str(download_id): {"ok": True},
        "999": {"ok": False, "error": "download not found"},
    }
    assert empty.status_code == 400


async def test_retry_import_only_of_failed_ones(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        early = await world.key("POST", f"/api/v1/queue/{download_id}/retry-import")
        for state in ("completed", "importPending", "importFailed"):
            await moved(world.store, download_id, state)
        retried = await world.key("POST", f"/api/v1/queue/{download_id}/retry-import")
        body = await retried.get_json()
    assert early.status_code == 409
    assert (retried.status_code, body) == (202, {"ok": True})


async def test_arr_queue_empty_has_all_keys(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        body = await (await world.key("GET", "/api/queue")).get_json()
    assert (body["totalRecords"], body["records"], body["page"]) == (0, [], 1)
    assert set(body) == {
        "page",
        "pageSize",
        "sortKey",
        "sortDirection",
        "totalRecords",
        "records",
    }


async def test_arr_queue_record_of_a_healthy_torrent(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        world.services.board.put_download(
            download_id, DownloadProgress(percent=50.0, size=1_048_576, done=524_288, eta=3_725)
        )
        body = await (await world.key("GET", "/api/queue?pageSize=10")).get_json()
    record = body["records"][0]
    assert (record["size"], record["sizeleft"]) == (1_048_576, 524_288)
    assert (record["downloadId"], record["downloadClient"]) == (HASH.lower(), "q")
    assert (record["status"], record["trackedDownloadStatus"]) == ("downloading", "ok")
    assert record["timeleft"] == "01:02:05"
    assert record["statusMessages"] == []


@pytest.mark.parametrize(
    ("state", "dialect", "status", "tracked", "health"),
    [
        ("downloading", "readarr", "downloading", "downloading", "ok"),
        ("completed", "readarr", "completed", "importPending", "ok"),
        ("failed", "readarr", "failed", "downloadFailed", "error"),
        ("failed", "sonarr", "failed", "failed", "error"),
        ("failed", "", "failed", "downloadFailed", "error"),
        ("completed", "", "completed", "importPending", "ok"),
    ],
)
async def test_arr_queue_words(
    tmp_path: Path, state: str, dialect: str, status: str, tracked: str, health: str
) -> None:
    async with open_app(tmp_path) as world:
        download_id = await queued(world)
        if state != "downloading":
            await moved(world.store, download_id, state)
        body = await (await world.key("GET", f"/api/queue?dialect={dialect}")).get_json()
    record = body["records"][0]
    assert (
        record["status"],
        record["trackedDownloadState"],
        record["trackedDownloadStatus"],
    ) == (status, tracked, health)


async def test_arr_queue_pages_and_sorts(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await queued(world)
        past = await (await world.key("GET", "/api/queue?page=9&pageSize=5")).get_json()
        odd = await (
            await world.key("GET", "/api/queue?sortKey=nonsense&page=x&pageSize=-1")
        ).get_json()
    assert (past["totalRecords"], past["records"], past["page"]) == (1, [], 9)
    assert (odd["page"], len(odd["records"])) == (1, 1)


async def test_client_that_is_silent_makes_its_rows_warn(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await queued(world)
        client_id = world.store.read(
            lambda reader: reader.value("SELECT id FROM client WHERE name = 'q'")
        )
        world.services.board.client_stale(client_id, "unavailable")
        arr = await (await world.key("GET", "/api/queue")).get_json()
        native = await (await world.key("GET", "/api/v1/queue")).get_json()
    assert arr["records"][0]["trackedDownloadStatus"] == "warning"
    assert native["partial"] is True
    assert native["staleClients"][0]["clientId"] == client_id


@pytest.mark.parametrize(
    ("seconds", "text"), [(3660, "1h 01m"), (90, "1m 30s"), (45, "45s"), (0, ""), (None, "")]
)
def test_duration_in_words(seconds: int | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("speed", "text"), [(2 << 20, "2.0 MB/s"), (1024, "1.0 KB/s"), (512, "512 B/s"), (0, "")]
)
def test_rate_in_words(speed: int, text: str) -> None:
    assert rate(speed) == text
