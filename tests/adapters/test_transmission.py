"""Transmission by scripted and recorded answers: both dialects, sessions, refusals, nonsense."""

import base64
import json
import traceback
from typing import Any

import pytest
import trio

from bindery.adapters.configs import TransmissionConfig
from bindery.adapters.downloaders.transmission import Transmission
from bindery.adapters.failures import (
    Malformed,
    OutsideError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.outbound import Outbound
from bindery.demo.torrent import make_torrent
from bindery.domain.transfers import AddOptions, Payload, RemoteItem, RemoteState
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

PASSWORD = "canaryPassw0rd"
TORRENT = make_torrent("book.epub", {"book.epub": b"x" * 1000})
HASH = TORRENT.info_hash.hex()
PAYLOAD = Payload(kind="torrent", data=TORRENT.meta, name="book", info_hash_v1=HASH)
OPTIONS = AddOptions(token="t1", title="Book", category="books")


class Fake:
    """A Transmission that remembers one torrent; `modern` understands JSON-RPC 2.0 only."""

    def __init__(self, server: ScriptedServer, *, modern: bool = False) -> None:
        self.modern = modern
        self.session = "s1"
        self.torrents: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        server.on("/transmission/rpc", self.answer)

    def answer(self, request: Request) -> Reply:
        said = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(said).decode() != f"admin:{PASSWORD}":
            return Reply(401, "<h1>401: Unauthorized</h1>")
        if request.headers.get("x-transmission-session-id") != self.session:
            return Reply(409, "<h1>409</h1>", {"X-Transmission-Session-Id": self.session})
        call = json.loads(request.body)
        if ("jsonrpc" in call) is not self.modern:
            error = {"code": -32600, "message": "Invalid Request"}
            return Reply(200, json.dumps({"jsonrpc": "2.0", "id": None, "error": error}))
        name = call["method"].replace("-", "_")
        given = call.get("params" if self.modern else "arguments", {})
        self.calls.append((name, given))
        told = self.inside(name, given)
        if self.modern:
            return Reply(200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": told}))
        return Reply(200, json.dumps({"result": "success", "arguments": told}))

    def spelled(self, snake: str, old: str) -> str:
        return snake if self.modern else old

    def inside(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        if name == "session_get":
            return {self.spelled("download_dir", "download-dir"): "/data/dl", "version": "4.1"}
        if name == "torrent_get":
            wanted = given.get("ids", list(self.torrents))
            return {"torrents": [self.torrents[one] for one in wanted if one in self.torrents]}
        if name == "torrent_add":
            new = HASH not in self.torrents
            here = {self.spelled("hash_string", "hashString"): HASH, "name": "book.epub"}
            self.torrents.setdefault(HASH, {**here, "status": 4, "labels": ["mine"]})
            key = ("torrent_added", "torrent-added") if new else ("torrent_duplicate",) * 2
            return {self.spelled(*key): here}
        return {}


def client(server: ScriptedServer, outbound: Outbound, **more: str) -> Transmission:
    settings = {"url": server.url, "username": "admin", "password": PASSWORD, **more}
    return Transmission(TransmissionConfig(**settings), outbound)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("modern", [False, True])
async def test_add_find_label_and_limits(
    server: ScriptedServer, outbound: Outbound, modern: bool
) -> None:
    fake = Fake(server, modern=modern)
    options = AddOptions(token="t1", title="Book", category="books", seed_ratio=1.5)
    async with client(server, outbound, category="books") as trm:
        assert await trm.find("t1", (HASH,), "Book") is None
        assert await trm.add(PAYLOAD, options) == HASH
        assert await trm.add(PAYLOAD, options) == HASH
        found = await trm.find("t1", (HASH.upper(),), "Book")
        assert isinstance(found, RemoteItem)
        assert (found.id, found.category) == (HASH, "mine")
        await trm.remove(HASH, with_data=True)
        await trm.remove("", with_data=True)
    add = next(given for name, given in fake.calls if name == "torrent_add")
    assert add[fake.spelled("download_dir", "download-dir")] == "/data/dl/books"
    assert base64.b64decode(add["metainfo"]) == TORRENT.meta
    sets = [given for name, given in fake.calls if name == "torrent_set"]
    assert sets[0]["labels"] == ["books", "mine"]
    assert sets[1][fake.spelled("seed_ratio_limit", "seedRatioLimit")] == 1.5
    assert sets[1][fake.spelled("seed_ratio_mode", "seedRatioMode")] == 1
    removed = [given for name, given in fake.calls if name == "torrent_remove"]
    assert len(removed) == 1
    assert removed[0][fake.spelled("delete_local_data", "delete-local-data")] is True


async def test_a_category_that_is_a_folder_and_a_configured_folder(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    absolute = AddOptions(token="t", title="x", category="/mnt/books", seed_ratio=-1)
    async with client(server, outbound) as trm:
        await trm.add(PAYLOAD, absolute)
    async with client(server, outbound, save_path="/mnt/all") as trm:
        await trm.add(PAYLOAD, OPTIONS)
    adds = [given for name, given in fake.calls if name == "torrent_add"]
    assert [given["download-dir"] for given in adds] == ["/mnt/books", "/mnt/all"]
    sets = [given for name, given in fake.calls if name == "torrent_set"]
    assert sets[0]["labels"] == ["mine"], "a folder is no label"
    assert sets[1]["seedRatioMode"] == 2
    assert "seedRatioLimit" not in sets[1]


async def test_a_new_session_is_taken_and_a_storm_of_409_ends(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    async with client(server, outbound) as trm:
        await trm.snapshot()
        fake.session = "s2"
        assert (await trm.snapshot()).complete
        server.on("/transmission/rpc", Reply(409, "", {"X-Transmission-Session-Id": "never"}))
        before = len(server.requests)
        with pytest.raises(Unavailable) as refused:
            await trm.snapshot()
    assert refused.value.code == "session_refused"
    assert len(server.requests) - before <= 3


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(401, "no"), Unauthorized, "client_auth"),
        (Reply(403, "403: Forbidden"), Unauthorized, "client_forbids_address"),
        (Reply(421, "Misdirected"), Unauthorized, "host_header_refused"),
        (Reply(404, "nothing"), Unavailable, "client_path_wrong"),
        (Reply(301, "", {"location": "/transmission/web/"}), Unavailable, "client_path_wrong"),
        (Reply(500, "oops"), Unavailable, "http_status"),
        (Reply(429, "slow down"), RateLimited, "client_rate_limited"),
        (Reply(200, "<html>Login</html>"), Malformed, "malformed_answer"),
        (Reply(200, '{"result": "success"'), Malformed, "malformed_answer"),
        (Reply(200, '{"result": 7}'), Malformed, "malformed_answer"),
        (Reply(200, "[]"), Malformed, "malformed_answer"),
        (Reply(200, '{"result":"success","arguments":{}}'), Malformed, "malformed_answer"),
        (Reply(200, '{"result": "no such method"}'), Rejected, "client_refused"),
        (Reply(200, "x" * 100, truncate_at=10), Unavailable, "connection_broken"),
    ],
)
async def test_bad_days(
    server: ScriptedServer,
    outbound: Outbound,
    reply: Reply,
    kind: type[OutsideError],
    code: str,
) -> None:
    server.on("/transmission/rpc", reply)
    async with client(server, outbound) as trm:
        with trio.fail_after(10), pytest.raises(kind) as raised:
            await trm.snapshot()
    assert raised.value.code == code
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


async def test_one_odd_entry_makes_the_list_incomplete(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.torrents = {"a": {"hashString": "aa" * 20, "name": "good"}, "b": {"name": 7}}
    async with client(server, outbound) as trm:
        snapshot = await trm.snapshot()
    assert [item.name for item in snapshot.items] == ["good"]
    assert not snapshot.complete


async def test_garbage_is_told_as_such(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/transmission/rpc", Reply(200, '{"result": "invalid or corrupt torrent file"}'))
    async with client(server, outbound) as trm:
        with pytest.raises(Rejected) as raised:
            await trm.add(PAYLOAD, AddOptions(token="t", title="x"))
        with pytest.raises(Rejected):
            await trm.add(Payload(kind="http", data=b"http://x/", name=""), OPTIONS)
    assert raised.value.code == "not_a_torrent"


async def test_recorded_torrent(server: ScriptedServer, outbound: Outbound) -> None:
    recorded = fixture("download/transmission/torrent_get_checking.json").read_bytes()
    server.on("/transmission/rpc", Reply(200, recorded))
    async with client(server, outbound) as trm:
        (item,) = (await trm.snapshot()).items
        files = await trm.files(item.id)
    assert (item.state, item.percent, item.eta_s) == (RemoteState.CHECKING, 0.0, None)
    assert item.size == 459276288
    assert item.path == f"{item.save_path}/{item.name}"
    assert [(file.path, file.size, file.done, file.wanted) for file in files] == [
        (item.name, 459276288, False, True)
    ]


@pytest.mark.parametrize("dialect", ["legacy_rpc", "jsonrpc2"])
async def test_recorded_settings_of_both_dialects(
    server: ScriptedServer, outbound: Outbound, dialect: str
) -> None:
    recorded = fixture(f"download/transmission/session_get_4_1_{dialect}.json").read_bytes()
    server.on("/transmission/rpc", Reply(200, recorded))
    async with client(server, outbound, category="books", category_audiobook="/mnt/a") as trm:
        info = await trm.probe()
    assert info.version.startswith("4.1")
    assert [(fact.purpose, fact.path) for fact in info.paths] == [
        ("default", "/home/user/Downloads"),
        ("category", "/home/user/Downloads/books"),
        ("category_audiobook", "/mnt/a"),
    ]
    assert "queueing_on" in info.warnings
    assert "dht_off" not in info.warnings


@pytest.mark.parametrize("name", ["bad_method_legacy.json", "port_test_error_legacy.json"])
async def test_recorded_refusals(server: ScriptedServer, outbound: Outbound, name: str) -> None:
    server.on(
        "/transmission/rpc", Reply(200, fixture(f"download/transmission/{name}").read_bytes())
    )
    async with client(server, outbound) as trm:
        with pytest.raises(Rejected) as raised:
            await trm.snapshot()
    assert raised.value.params["message"]


async def test_five_thousand_torrents_are_one_request(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.torrents = {
        str(number): {"hashString": f"{number:040x}", "name": f"n{number}", "status": 6}
        for number in range(5000)
    }
    async with client(server, outbound) as trm:
        await trm.snapshot()
        before = len(server.requests)
        snapshot = await trm.snapshot()
    assert len(snapshot.items) == 5000
    assert len(server.requests) - before == 1
