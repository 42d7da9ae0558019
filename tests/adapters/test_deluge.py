"""Deluge by scripted and recorded answers: sessions, a lost daemon, labels, refusals, nonsense."""

import json
import traceback
from typing import Any

import pytest
import trio

from bindery.adapters.configs import DelugeConfig
from bindery.adapters.downloaders.deluge import Deluge
from bindery.adapters.failures import Malformed, OutsideError, Rejected, Unauthorized, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.demo.torrent import make_torrent
from bindery.domain.transfers import AddOptions, Payload, RemoteItem, RemoteState
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

PASSWORD = "canaryPassw0rd"
TORRENT = make_torrent("book.epub", {"book.epub": b"x" * 1000})
HASH = TORRENT.info_hash.hex()
PAYLOAD = Payload(kind="torrent", data=TORRENT.meta, name="book", info_hash_v1=HASH)
OPTIONS = AddOptions(token="t1", title="Book", category="Book Shelf", seed_ratio=2)


class Fake:
    """A Web UI with a daemon that can be taken away."""

    def __init__(self, server: ScriptedServer) -> None:
        self.session = 0
        self.connected = True
        self.hosts: list[list[Any]] = [["far", "192.0.2.1", 1, ""], ["near", "127.0.0.1", 1, ""]]
        self.plugins = ["Label"]
        self.torrents: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, list[Any]]] = []
        server.on("/json", self.answer)

    def named(self, name: str) -> list[list[Any]]:
        return [params for method, params in self.calls if method == name]

    def answer(self, request: Request) -> Reply:
        call = json.loads(request.body)
        method, params = call["method"], call["params"]
        self.calls.append((method, params))
        if method == "auth.login":
            if params != [PASSWORD]:
                return told(False)
            self.session += 1
            cookie = {"set-cookie": f"_session_id={self.session}; Path=/json"}
            return Reply(200, json.dumps({"result": True, "error": None}), cookie)
        if f"_session_id={self.session}" not in request.headers.get("cookie", "-"):
            return refusal("Not authenticated", 1)
        if method == "web.connect":
            self.connected = True
            return told([])
        if method.startswith("web."):
            return told({"web.connected": self.connected, "web.get_hosts": self.hosts}[method])
        if not self.connected:
            return refusal("Unknown method", 2)
        return self.inside(method, params)

    def inside(self, method: str, params: list[Any]) -> Reply:
        match method:
            case "core.get_torrents_status":
                wanted = params[0].get("id", list(self.torrents))
                return told({h: t for h, t in self.torrents.items() if h in wanted})
            case "core.add_torrent_file":
                self.torrents[HASH] = {"name": "book.epub", "state": "Downloading"}
                return told(HASH)
            case "core.get_enabled_plugins":
                return told(self.plugins)
            case "label.get_labels":
                return told(["old"])
            case "core.get_config":
                return told({"download_location": "/dl", "dht": False})
            case "daemon.get_version":
                return refusal("Unknown method", 2)
            case "daemon.info":
                return told("1.3.15")
            case _:
                return told(None)


def told(result: Any) -> Reply:
    return Reply(200, json.dumps({"id": 1, "result": result, "error": None}))


def refusal(message: str, code: int) -> Reply:
    error = {"message": message, "code": code}
    return Reply(200, json.dumps({"id": 1, "result": None, "error": error}))


def client(server: ScriptedServer, outbound: Outbound, **more: str) -> Deluge:
    settings = {"url": server.url, "password": PASSWORD, **more}
    return Deluge(DelugeConfig(**settings), outbound)  # pyright: ignore[reportArgumentType]


async def test_add_adopt_label_and_remove(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    async with client(server, outbound) as deluge:
        assert await deluge.find("t1", (HASH,), "Book") is None
        assert await deluge.add(PAYLOAD, OPTIONS) == HASH
        assert await deluge.add(PAYLOAD, OPTIONS) == HASH
        found = await deluge.find("t1", (HASH,), "Book")
        assert isinstance(found, RemoteItem)
        await deluge.remove(HASH, with_data=True)
        await deluge.remove("ee" * 20, with_data=True)
        await deluge.remove("", with_data=True)
    assert fake.session == 1
    assert len(fake.named("core.add_torrent_file")) == 1
    assert fake.named("label.add") == [["book-shelf"]]
    assert fake.named("label.set_torrent") == [[HASH, "book-shelf"]] * 2
    limits = {"stop_at_ratio": True, "remove_at_ratio": False, "stop_ratio": 2}
    assert fake.named("core.set_torrent_options")[0] == [[HASH], limits]
    assert fake.named("core.remove_torrent") == [[HASH, True]]


async def test_an_expired_session_is_renewed(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    async with client(server, outbound) as deluge:
        await deluge.snapshot()
        fake.session += 10
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(deluge.snapshot)
    assert len(fake.named("auth.login")) == 2, "once for all who noticed"


async def test_a_lost_daemon_is_connected_again(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    async with client(server, outbound) as deluge:
        await deluge.snapshot()
        fake.connected = False
        assert (await deluge.snapshot()).complete
        assert fake.named("web.connect") == [["near"]]
        fake.connected, fake.hosts = False, []
        with pytest.raises(Unavailable) as raised:
            await deluge.snapshot()
    assert raised.value.code == "client_no_daemon"


async def test_without_the_label_plugin(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    fake.plugins = []
    async with client(server, outbound, category="books") as deluge:
        info = await deluge.probe()
        await deluge.add(PAYLOAD, OPTIONS)
    assert (info.version, info.warnings) == ("1.3.15", ("labels_off", "dht_off"))
    assert [(fact.purpose, fact.path) for fact in info.paths] == [("default", "/dl")]
    assert fake.named("label.set_torrent") == []


async def test_a_wrong_password_is_not_tried_again_at_once(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    async with client(server, outbound, password="wrong") as deluge:
        for _ in range(5):
            with pytest.raises(Unauthorized):
                await deluge.snapshot()
    assert len(fake.named("auth.login")) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(404, "no"), Unavailable, "client_path_wrong"),
        (Reply(500, "no"), Unavailable, "http_status"),
        (Reply(200, "<html>"), Malformed, "malformed_answer"),
        (Reply(200, '{"result": "yes"}'), Malformed, "malformed_answer"),
        (Reply(200, ""), Malformed, "malformed_answer"),
        (Reply(200, "x" * 100, truncate_at=10), Unavailable, "connection_broken"),
    ],
)
async def test_bad_days(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: type[OutsideError], code: str
) -> None:
    server.on("/json", reply)
    async with client(server, outbound) as deluge:
        with trio.fail_after(10), pytest.raises(kind) as raised:
            await deluge.snapshot()
    assert raised.value.code == code
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


async def test_recorded_torrents(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    recorded = json.loads(fixture("download/deluge/get_torrents_status_1_3.json").read_text())
    fake.torrents = recorded["result"]
    async with client(server, outbound) as deluge:
        snapshot = await deluge.snapshot()
    assert snapshot.complete
    item = next(one for one in snapshot.items if one.name == "DownloadOne")
    assert (item.state, item.percent, item.size) == (RemoteState.COMPLETE, 100.0, 1597887280)
    assert item.path == "/path/to/downloads/DownloadOne"
    assert item.message == ""


async def test_recorded_refusal(server: ScriptedServer, outbound: Outbound) -> None:
    recorded = fixture("download/deluge/error_message_code.json").read_bytes()
    server.on("/json", Reply(200, recorded))
    async with client(server, outbound) as deluge:
        with pytest.raises(Rejected) as raised:
            await deluge.snapshot()
    assert raised.value.params["message"] == "Unit Test Error"


async def test_garbage_is_told_as_such(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    fake.inside = lambda method, params: (  # type: ignore[method-assign]
        told({}) if method == "core.get_torrents_status" else refusal("decoding failed", 4)
    )
    async with client(server, outbound) as deluge:
        with pytest.raises(Rejected) as raised:
            await deluge.add(PAYLOAD, OPTIONS)
        with pytest.raises(Rejected):
            await deluge.add(Payload(kind="http", data=b"x", name=""), OPTIONS)
    assert raised.value.code == "not_a_torrent"
