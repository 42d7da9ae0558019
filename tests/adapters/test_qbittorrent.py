"""qBittorrent by scripted and recorded answers: 4.x and 5.x, refusals, nonsense."""

import traceback

import msgspec
import pytest
import trio

from bindery.adapters.configs import QBittorrentConfig
from bindery.adapters.downloaders.qbittorrent import QBittorrent
from bindery.adapters.failures import Malformed, OutsideError, Rejected, Unauthorized, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.demo.torrent import make_torrent
from bindery.domain.transfers import AddOptions, Ambiguous, Payload, RemoteState
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

PASSWORD = "canaryPassw0rd"
TORRENT = make_torrent("book.epub", {"book.epub": b"x" * 1000})
HASH = TORRENT.info_hash.hex()
PAYLOAD = Payload(kind="torrent", data=TORRENT.meta, name="book", info_hash_v1=HASH)
OPTIONS = AddOptions(token="t1", title="Book", category="books")


class Fake:
    """A qBittorrent that remembers; `five` answers like 5.x."""

    def __init__(self, server: ScriptedServer, *, five: bool = False) -> None:
        self.server = server
        self.five = five
        self.sid = 0
        self.logins = 0
        self.torrents: dict[str, dict[str, object]] = {}
        self.calls: list[str] = []
        server.on("*", self.answer)

    def expire(self) -> None:
        self.sid += 1000

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/v2")
        self.calls.append(path)
        if path == "/auth/login":
            self.logins += 1
            if PASSWORD.encode() not in request.body:
                return Reply(200, "Fails.")
            assert request.headers["origin"] == self.server.url
            assert request.headers["referer"].startswith(self.server.url)
            self.sid += 1
            name = "QBT_SID_8080" if self.five else "SID"
            cookie = {"set-cookie": f"{name}={self.sid}; HttpOnly; path=/"}
            return Reply(204, b"", cookie) if self.five else Reply(200, "Ok.", cookie)
        if f"SID={self.sid}" not in request.headers.get("cookie", "") and (
            f"SID_8080={self.sid}" not in request.headers.get("cookie", "")
        ):
            return Reply(403, "Forbidden")
        return self.inside(path, request)

    def inside(self, path: str, request: Request) -> Reply:
        match path:
            case "/app/webapiVersion":
                return Reply(200, "2.11.4" if self.five else "2.8.19")
            case "/torrents/info":
                wanted = request.one("hashes")
                rows = [t for h, t in self.torrents.items() if not wanted or h in wanted.split("|")]
                return Reply(200, msgspec.json.encode(rows))
            case "/torrents/add":
                return self.add()
            case "/torrents/createCategory":
                return Reply(409, "")
            case "/torrents/stop" | "/torrents/start" if not self.five:
                return Reply(404, "")
            case "/torrents/pause" | "/torrents/resume" if self.five:
                return Reply(404, "")
            case _:
                return Reply(200, "")

    def add(self) -> Reply:
        if HASH in self.torrents:
            return Reply(409, "") if self.five else Reply(200, "Fails.")
        self.torrents[HASH] = {
            "hash": HASH,
            "name": "book.epub",
            "state": "stalledDL",
            "size": 1000,
            "amount_left": 1000,
        }
        if self.five:
            return Reply(
                200, msgspec.json.encode({"added_torrent_ids": [HASH], "success_count": 1})
            )
        return Reply(200, "Ok.")


def client(server: ScriptedServer, outbound: Outbound, **more: str) -> QBittorrent:
    settings = {"url": server.url, "username": "admin", "password": PASSWORD, **more}
    return QBittorrent(QBittorrentConfig(**settings), outbound)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("five", [False, True])
async def test_add_find_and_pause(server: ScriptedServer, outbound: Outbound, five: bool) -> None:
    fake = Fake(server, five=five)
    async with client(server, outbound) as qbt:
        assert await qbt.find("t1", (HASH,), "Book") is None
        assert await qbt.add(PAYLOAD, OPTIONS) == HASH
        assert await qbt.add(PAYLOAD, OPTIONS) == HASH
        found = await qbt.find("t1", (HASH,), "Book")
        assert not isinstance(found, Ambiguous)
        assert found is not None
        assert (found.state, found.info_hash_v1) == (RemoteState.STALLED, HASH)
        await qbt.pause(HASH)
        await qbt.resume(HASH)
        await qbt.remove(HASH, with_data=True)
        await qbt.remove("", with_data=True)
    assert fake.logins == 1
    assert ("/torrents/stop" in fake.calls) is five
    assert fake.calls.count("/torrents/delete") == 1
    add = next(r for r in server.requests if r.path.endswith("/add"))
    assert b"autoTMM" in add.body
    assert b"savepath" not in add.body
    assert TORRENT.meta in add.body


async def test_a_magnet_with_a_save_path_and_a_ratio(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    magnet = Payload(
        kind="magnet", data=f"magnet:?xt=urn:btih:{HASH}".encode(), name="", info_hash_v1=HASH
    )
    options = AddOptions(token="t", title="x", seed_ratio=-1, paused=True)
    async with client(server, outbound, save_path="/downloads") as qbt:
        await qbt.add(magnet, options)
    add = next(r for r in server.requests if r.path.endswith("/add"))
    assert b"savepath=%2Fdownloads" in add.body
    assert b"paused=true&stopped=true" in add.body
    limits = next(r for r in server.requests if r.path.endswith("/setShareLimits"))
    assert b"ratioLimit=-1&seedingTimeLimit=-2&inactiveSeedingTimeLimit=-2" in limits.body
    assert "/torrents/createCategory" not in fake.calls


async def test_never_by_url(server: ScriptedServer, outbound: Outbound) -> None:
    Fake(server)
    async with client(server, outbound) as qbt:
        with pytest.raises(Rejected):
            await qbt.add(Payload(kind="http", data=b"http://x/", name=""), OPTIONS)
    assert server.requests == []


async def test_an_expired_session_is_renewed_once_for_many_callers(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    async with client(server, outbound) as qbt:
        await qbt.snapshot()
        fake.expire()
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(qbt.snapshot)
        fake.expire()
        await qbt.remove(HASH, with_data=False)  # a POST too
    assert fake.logins == 3


async def test_wrong_credentials_are_not_tried_again_and_again(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    async with client(server, outbound, password="wrong") as qbt:
        for _ in range(6):
            with pytest.raises(Unauthorized):
                await qbt.snapshot()
    assert fake.logins == 1


@pytest.mark.parametrize("body", ["", "Your IP address has been banned"])
async def test_banned(server: ScriptedServer, outbound: Outbound, body: str) -> None:
    server.on("*", Reply(403, body))
    async with client(server, outbound) as qbt:
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await qbt.snapshot()
            assert caught.value.code == "client_banned"
            assert (caught.value.retry_after_s or 0) > 500
    assert len(server.requests) == 1


async def test_a_refused_host_header(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("*", Reply(403, "CSRF"))
    async with client(server, outbound) as qbt:
        with pytest.raises(Unauthorized) as caught:
            await qbt.snapshot()
    assert caught.value.code == "host_header_refused"


async def test_an_api_key_replaces_the_login(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("*", Reply(200, "[]"))
    async with client(server, outbound, api_key="qbt_KEY") as qbt:
        assert (await qbt.snapshot()).items == []
    assert [r.path for r in server.requests] == ["/api/v2/torrents/info"]
    assert server.requests[0].headers["authorization"] == "Bearer qbt_KEY"


async def test_without_credentials_there_is_no_login(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("*", Reply(200, "[]"), Reply(403, ""))
    async with client(server, outbound, username="", password="") as qbt:
        await qbt.snapshot()
        with pytest.raises(Unauthorized):
            await qbt.snapshot()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(415, "not valid"), Rejected),
        (Reply(200, "Fails."), Rejected),
        (Reply(200, '{"success_count":0,"failure_count":1}'), Rejected),
        (Reply(500, ""), Unavailable),
        (Reply(200, "{nonsense"), Malformed),
    ],
)
async def test_refused_adds(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: type[OutsideError]
) -> None:
    fake = Fake(server)
    server.on("/api/v2/torrents/add", reply)
    async with client(server, outbound) as qbt:
        with pytest.raises(kind):
            await qbt.add(PAYLOAD, OPTIONS)
    assert fake.torrents == {}


@pytest.mark.parametrize("body", ["", "<html>", "{}", "null", "[", '"x"', "\xff"])
async def test_nonsense_is_malformed_and_tells_no_secret(
    server: ScriptedServer, outbound: Outbound, body: str
) -> None:
    Fake(server)
    server.on("/api/v2/torrents/info", Reply(200, body.encode("latin-1")))
    async with client(server, outbound) as qbt:
        with pytest.raises(Malformed) as caught:
            await qbt.snapshot()
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


async def test_one_odd_entry_makes_the_list_incomplete(
    server: ScriptedServer, outbound: Outbound
) -> None:
    Fake(server)
    server.on(
        "/api/v2/torrents/info",
        Reply(200, '[{"hash":"AA","size":-1,"eta":8640000},{"hash":7.5},5]'),
    )
    async with client(server, outbound) as qbt:
        snapshot = await qbt.snapshot()
    assert [item.id for item in snapshot.items] == ["aa"]
    assert not snapshot.complete
    assert (snapshot.items[0].size, snapshot.items[0].eta_s) == (None, None)


async def test_a_hybrid_is_found_by_its_other_hash(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.torrents["cd" * 20] = {"hash": "cd" * 20, "infohash_v1": HASH, "infohash_v2": "cd" * 32}
    async with client(server, outbound) as qbt:
        found = await qbt.find("t", (HASH,), "")
    assert found is not None
    assert not isinstance(found, Ambiguous)
    assert (found.id, found.info_hash_v2) == ("cd" * 20, "cd" * 32)


async def test_without_a_hash_the_exact_name_decides_or_nobody(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.torrents = {
        h: {"hash": h, "name": n} for h, n in [("aa", "A Book"), ("bb", "a book"), ("cc", "C")]
    }
    async with client(server, outbound) as qbt:
        assert await qbt.find("t", (), "A BOOK") == Ambiguous(ids=("aa", "bb"))
        found = await qbt.find("t", (), "c")
        assert getattr(found, "id", "") == "cc"
        assert await qbt.find("t", (), "d") is None


async def test_recorded_5_1(server: ScriptedServer, outbound: Outbound) -> None:
    Fake(server)
    body = fixture("download", "qbittorrent", "torrents_info_5_1_1.json").read_bytes()
    server.on("/api/v2/torrents/info", Reply(200, body))
    async with client(server, outbound) as qbt:
        snapshot = await qbt.snapshot()
    assert snapshot.complete
    (item,) = snapshot.items
    assert (item.state, item.raw_state, item.path) == (
        RemoteState.COMPLETE,
        "stoppedUP",
        "/mnt/data/Downloads/test.iso",
    )
    assert (item.percent, item.done, item.eta_s) == (100.0, item.size, None)


async def test_probe_warns(server: ScriptedServer, outbound: Outbound) -> None:
    Fake(server)
    root = "/api/v2/app"
    server.on(
        f"{root}/version",
        Reply(200, fixture("download", "qbittorrent", "app_version.txt").read_bytes()),
    )
    server.on(f"{root}/defaultSavePath", Reply(200, "C:\\dl"))
    server.on(
        f"{root}/preferences",
        Reply(200, fixture("download", "qbittorrent", "app_preferences_docs.json").read_bytes()),
    )
    server.on(
        "/api/v2/torrents/categories",
        Reply(200, '{"books":{"name":"books","savePath":"","download_path":false}}'),
    )
    async with client(server, outbound, category="books", category_audiobook="Books") as qbt:
        info = await qbt.probe()
    assert (info.version, info.api_version) == ("v5.1.1.10", "2.8")
    assert [(p.purpose, p.path) for p in info.paths] == [
        ("default", "C:/dl"),
        ("category", "C:/dl/books"),
    ]
    assert "category_case" in info.warnings


async def test_files_and_an_unknown_hash(server: ScriptedServer, outbound: Outbound) -> None:
    Fake(server)
    server.on(
        "/api/v2/torrents/files",
        Reply(
            200, '[{"name":"B\\\\a.mp3","size":5,"progress":1,"priority":0},{"name":"b","size":1}]'
        ),
        Reply(404, "Not Found"),
    )
    async with client(server, outbound) as qbt:
        first, second = await qbt.files(HASH)
        with pytest.raises(Rejected) as caught:
            await qbt.files("ff")
    assert (first.path, first.done, first.wanted) == ("B/a.mp3", True, False)
    assert (second.done, second.wanted) == (False, True)
    assert caught.value.code == "unknown_item"
