"""rTorrent by scripted and recorded answers: SCGI and HTTP, labels, deletion, faults, nonsense."""

import time
import traceback
from pathlib import Path
from typing import Any
from xmlrpc.client import Binary, Fault, dumps, loads

import pytest
import trio

from bindery.adapters import rtorrent_wire, xml_rpc
from bindery.adapters.configs import RTorrentConfig
from bindery.adapters.downloaders import rtorrent as module
from bindery.adapters.downloaders.rtorrent import RTorrent
from bindery.adapters.failures import (
    AddressRefused,
    Malformed,
    OutsideError,
    Rejected,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.outbound import Outbound
from bindery.adapters.scgi import framed
from bindery.demo.torrent import make_torrent
from bindery.domain.addresses import Policy, Reach
from bindery.domain.pathmap import PathMap
from bindery.domain.transfers import AddOptions, Ambiguous, Payload, RemoteItem, RemoteState
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

PASSWORD = "canaryPassw0rd"
TORRENT = make_torrent("book.epub", {"book.epub": b"x" * 1000})
HASH = TORRENT.info_hash.hex()
PAYLOAD = Payload(kind="torrent", data=TORRENT.meta, name="book", info_hash_v1=HASH)
OPTIONS = AddOptions(token="t1", title="Book", category='Bücher "neu"')
UNKNOWN = Fault(-501, "Could not find info-hash.")


def row(hash_: str = HASH.upper(), **more: Any) -> dict[str, Any]:
    """One torrent: what the program holds, by command."""
    return {
        "d.hash": hash_,
        "d.custom": "",
        "d.name": "book.epub",
        "d.base_path": "/dl/book.epub",
        "d.directory": "/dl",
        "d.custom1": "",
        "d.size_bytes": 1000,
        "d.completed_bytes": 250,
        "d.down.rate": 50,
        "d.complete": 0,
        "d.state": 1,
        "d.is_open": 1,
        "d.is_active": 1,
        "d.is_meta": 0,
        "d.is_multi_file": 0,
        "d.hashing": 0,
        "d.is_hash_checking": 0,
        "d.peers_connected": 2,
        "d.peers_complete": 1,
        "d.load_date": 1_700_000_000,
        "d.message": "",
        **more,
    }


class Fake:
    """An rTorrent behind a gateway."""

    def __init__(self, server: ScriptedServer) -> None:
        self.torrents: dict[str, dict[str, Any]] = {}
        self.files: list[list[Any]] = [["book.epub", 1000, 0, 1, 1]]
        self.loads_silently = False
        self.old = False
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        server.on("/RPC2", self.answer)

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [params for method, params in self.calls if method == name]

    def answer(self, request: Request) -> Reply:
        params, method = loads(request.body)
        assert method is not None
        self.calls.append((method, params))
        told = self.inside(method, params)
        whole = told if isinstance(told, Fault) else (told,)
        return Reply(200, dumps(whole, methodresponse=True), {"content-type": "text/xml"})

    def rows(self, asked: tuple[str, ...], torrents: list[dict[str, Any]]) -> list[list[Any]]:
        names = [one.rstrip("=").partition("=")[0] for one in asked]
        return [[torrent[name] for name in names] for torrent in torrents]

    def inside(self, method: str, params: tuple[Any, ...]) -> Any:
        match method:
            case "d.multicall2":
                return self.rows(params[2:], list(self.torrents.values()))
            case "d.multicall.filtered":
                if self.old:
                    return Fault(-506, "Method 'd.multicall.filtered' not defined")
                assert params[2] == "d.custom=bindery"
                marked = [one for one in self.torrents.values() if one["d.custom"]]
                return self.rows(params[3:], marked)
            case "system.multicall":
                told = [["0.9.8"], ["0.13.8"], ["/dl"], [524288], [{"dht": "disable"}]]
                return told[: len(params[0])]
            case "load.raw_start" | "load.start" | "load.raw" | "load.normal":
                if not self.loads_silently:
                    self.torrents[HASH.upper()] = row()
                return 0
            case "f.multicall":
                return self.files
            case _ if params and params[0] not in self.torrents:
                return UNKNOWN
            case "d.erase":
                self.torrents.pop(params[0])
                return 0
            case _:
                return 0


def client(server: ScriptedServer, outbound: Outbound, **more: Any) -> RTorrent:
    url = f"{server.url}/RPC2"
    settings: dict[str, Any] = {
        "url": url,
        "username": "u",
        "password": PASSWORD,
        "timeout_s": 5,
        **more,
    }
    return RTorrent(RTorrentConfig(**settings), outbound)


async def scgi(nursery: trio.Nursery, said: bytes | None) -> tuple[str, list[bytes]]:
    """A program that answers so to every request, and what it was sent; None: never answers."""
    heard: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            heard.append(await stream.receive_some(1 << 16))
            if said is None:
                await trio.sleep_forever()
            else:
                await stream.send_all(said)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    return f"scgi://127.0.0.1:{listeners[0].socket.getsockname()[1]}", heard


def cgi(body: bytes, head: bytes = b"Status: 200 OK\r\nContent-Type: text/xml") -> bytes:
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def test_add_label_adopt_and_remove(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    async with client(server, outbound, save_path="/data/b") as program:
        assert await program.find("t1", (HASH,), "Book") is None
        assert await program.add(PAYLOAD, OPTIONS) == HASH
        assert await program.add(PAYLOAD, OPTIONS) == HASH
        found = await program.find("t1", (HASH,), "")
        assert isinstance(found, RemoteItem)
        await program.pause(HASH)
        await program.resume(HASH)
        await program.remove(HASH, with_data=False)
        await program.remove("ee" * 20, with_data=True)
        await program.remove("", with_data=True)
    assert fake.named("load.raw_start") == [
        (
            "",
            Binary(TORRENT.meta),
            'd.custom.set="bindery","t1"',
            'd.custom1.set="B%C3%BCcher%20%22neu%22"',
            'd.directory.set="/data/b"',
        )
    ]
    assert fake.named("d.custom1.set") == [(HASH.upper(), "B%C3%BCcher%20%22neu%22")]
    assert fake.named("d.custom.set") == [(HASH.upper(), "bindery", "t1")]
    assert fake.named("d.erase") == [(HASH.upper(),)]
    assert fake.named("d.stop") == fake.named("d.start") == [(HASH.upper(),)]
    asked = server.requests[0].headers
    assert asked["content-type"] == "text/xml"
    assert asked["authorization"].startswith("Basic ")


async def test_what_it_took_and_does_not_show_is_told(
    server: ScriptedServer, outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKS", (0.0, 0.0))
    fake = Fake(server)
    fake.loads_silently = True
    magnet = Payload(kind="magnet", data=b"magnet:?x", name="m", info_hash_v1="ab" * 20)
    async with client(server, outbound) as program:
        with pytest.raises(Rejected) as ignored:
            await program.add(PAYLOAD, OPTIONS)
        assert await program.add(magnet, OPTIONS) == "ab" * 20, "a magnet may come later"
        for payload, code in (
            (Payload(kind="nzb", data=b"x", name=""), "unsupported_payload"),
            (Payload(kind="torrent", data=b"x", name=""), "no_info_hash"),
            (Payload(kind="torrent", data=b"x", name="", info_hash_v1=HASH), "not_a_torrent"),
        ):
            with pytest.raises(Rejected) as refused:
                await program.add(payload, OPTIONS)
            assert refused.value.code == code
    assert ignored.value.code == "client_ignored"


async def test_a_look_is_one_request_and_one_odd_row_hides_nothing(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.torrents = {"a": row("A" * 40, **{"d.custom1": "b%20x%zz"}), "b": row("short")}
    async with client(server, outbound) as program:
        snapshot = await program.snapshot()
    assert len(server.requests) == 1
    assert not snapshot.complete
    (item,) = snapshot.items
    assert (item.id, item.category, item.percent, item.eta_s) == ("a" * 40, "b x%zz", 25.0, 15)
    assert (item.path, item.save_path, item.seeders) == ("/dl/book.epub", "/dl", 1)
    assert item.added_at == 1_700_000_000_000_000


async def test_the_program_picks_out_ours(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    fake.torrents = {f"{n:040X}": row(f"{n:040X}") for n in range(500)}
    for n in (7, 8):
        fake.torrents[f"{n:040X}"]["d.custom"] = f"t{n}"
    seven, nine = f"{7:040x}", f"{9:040x}"
    async with client(server, outbound) as program:
        picked = await program.snapshot([seven])
        assert {item.id for item in picked.items} == {seven, f"{8:040x}"}
        assert [method for method, _ in fake.calls] == ["d.multicall.filtered"]
        whole = await program.snapshot([seven, nine])  # a person's, without our token
        assert nine in {item.id for item in whole.items}
        gone = await program.snapshot(["ee" * 20])
        assert gone.complete
        assert "ee" * 20 not in {item.id for item in gone.items}
    fake.old = True
    fake.calls.clear()
    async with client(server, outbound) as program:
        for _ in range(3):
            assert seven in {item.id for item in (await program.snapshot([seven])).items}
    assert len(fake.named("d.multicall.filtered")) == 1, "it is not asked again"


async def test_progress_does_not_fall_back_at_the_last_check(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    last = {"d.hashing": 2, "d.is_active": 0, "d.completed_bytes": 0}
    magnet = {"d.is_meta": 1, "d.size_bytes": 1, "d.name": "AB.meta"}
    closed = {"d.base_path": "", "d.complete": 1, "d.is_multi_file": 1, "d.directory": "/dl/Set"}
    fake.torrents = {
        "a": row("A" * 40, **last),
        "b": row("B" * 40, **magnet),
        "c": row("C" * 40, **closed),
    }
    async with client(server, outbound) as program:
        checked, magnet_item, done = (await program.snapshot()).items
    assert (checked.state, checked.done, checked.percent) == (RemoteState.CHECKING, 1000, 100.0)
    assert (magnet_item.state, magnet_item.size, magnet_item.path) == (
        RemoteState.METADATA,
        None,
        "",
    )
    assert (done.path, done.save_path, done.percent) == ("/dl/Set", "/dl", 100.0)


async def test_find_by_token_and_by_name(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    fake.torrents = {"a": row("A" * 40, **{"d.custom": "t9"}), "b": row("B" * 40)}
    async with client(server, outbound) as program:
        by_token = await program.find("t9", ("cc" * 20,), "")
        assert isinstance(by_token, RemoteItem)
        assert (by_token.id, by_token.token) == ("a" * 40, "t9")
        assert isinstance(await program.find("t1", (), " BOOK.epub"), Ambiguous)
        assert await program.find("t1", ("cc" * 20,), "book.epub") is None


async def test_data_is_deleted_where_its_folder_is_visible(
    server: ScriptedServer, outbound: Outbound, tmp_path: Path
) -> None:
    fake = Fake(server)
    book = tmp_path / "book.epub"
    book.write_text("x")
    maps = (PathMap("/dl", str(tmp_path)),)
    async with client(server, outbound, maps=maps) as program:
        fake.torrents = {HASH.upper(): row()}
        await program.remove(HASH, with_data=True)
        assert not book.exists()
    async with client(server, outbound) as program:
        fake.torrents = {HASH.upper(): row(**{"d.directory": "/not/here"})}
        with pytest.raises(Rejected) as left:
            await program.remove(HASH, with_data=True)
    assert (left.value.code, left.value.params["path"]) == ("data_left", "/dl/book.epub")
    assert fake.torrents == {}, "the entry is gone even so"
    methods = [method for method, _ in fake.calls]
    assert methods.index("d.close") < methods.index("d.erase")


async def test_probe_names_what_will_not_work(server: ScriptedServer, outbound: Outbound) -> None:
    Fake(server)
    async with client(server, outbound) as program:
        info = await program.probe()
    assert (info.version, info.api_version) == ("0.9.8", "0.13.8")
    assert info.warnings == ("client_rpc_limit_small", "dht_off")
    assert [fact.path for fact in info.paths] == ["/dl"]


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(401, "no"), Unauthorized, "client_auth"),
        (Reply(404, "no"), Unavailable, "client_path_wrong"),
        (Reply(302, "", {"location": "/login"}), Unavailable, "client_path_wrong"),
        (Reply(500, "no"), Unavailable, "http_status"),
        (Reply(200, "<html>hello</html>"), Malformed, "html_page"),
        (Reply(200, "<html><input type=password>"), Unauthorized, "login_page"),
        (Reply(200, ""), Malformed, "empty_answer"),
        (Reply(200, "{}"), Malformed, "broken_xml"),
        (Reply(200, "<a/>"), Malformed, "not_xml_rpc"),
        (Reply(200, dumps((1,), methodresponse=True)), Malformed, "not_xml_rpc"),
        (Reply(200, dumps(([],), methodresponse=True)[:-30]), Malformed, "broken_xml"),
        (Reply(200, "x" * 100, truncate_at=10), Unavailable, "connection_broken"),
        (Reply(200, dumps(Fault(-506, "Method not defined"))), Rejected, "client_method_missing"),
        (Reply(200, dumps(Fault(-503, "request too large"))), Rejected, "client_rpc_limit"),
        (Reply(raw=b""), Unavailable, "connection_broken"),
    ],
)
async def test_bad_days_over_http(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: type[OutsideError], code: str
) -> None:
    server.on("/RPC2", reply)
    async with client(server, outbound) as program:
        with trio.fail_after(10), pytest.raises(kind) as raised:
            await program.snapshot()
    assert raised.value.code == code
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (b"", Unavailable, "connection_broken"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Unavailable, "client_not_scgi"),
        (b"nonsense", Malformed, "not_scgi"),
        (b"Status: 500 Oops\r\n\r\n", Unavailable, "http_status"),
        (cgi(b"<a/>")[:-2], Unavailable, "connection_broken"),
        (cgi(b"<html>"), Malformed, "html_page"),
        (b"X: y\r\n\r\n" + b"x" * 200_000, TooLarge, "answer_too_large"),
        (None, Unavailable, "timeout"),
    ],
)
async def test_bad_days_over_scgi(
    nursery: trio.Nursery,
    outbound: Outbound,
    monkeypatch: pytest.MonkeyPatch,
    said: bytes | None,
    kind: type[OutsideError],
    code: str,
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100_000)
    url, _heard = await scgi(nursery, said)
    config = RTorrentConfig(url=url, timeout_s=0.2)
    async with RTorrent(config, outbound) as program:
        with trio.fail_after(10), pytest.raises(kind) as raised:
            await program.snapshot()
    assert raised.value.code == code
    nursery.cancel_scope.cancel(reason="the test is over")


async def test_a_call_over_scgi_and_over_a_socket_file(
    nursery: trio.Nursery, outbound: Outbound
) -> None:
    said = cgi(dumps(([],), methodresponse=True).encode())
    url, heard = await scgi(nursery, said)
    async with RTorrent(RTorrentConfig(url=url), outbound) as program:
        assert (await program.snapshot()).complete
    size = heard[0].partition(b"\0")[2].partition(b"\0")[0]
    assert heard[0].partition(b":")[2].startswith(b"CONTENT_LENGTH\0" + size + b"\0SCGI\0001\0")
    assert heard[0].endswith(b"</methodCall>\n")
    missing = RTorrentConfig(url="scgi:///nowhere/rtorrent.sock")
    async with RTorrent(missing, outbound) as program:
        with pytest.raises(Unavailable) as raised:
            await program.snapshot()
    assert raised.value.code == "socket_missing"
    nursery.cancel_scope.cancel(reason="the test is over")


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "[fe80::1]"])
async def test_scgi_obeys_the_address_policy(outbound: Outbound, host: str) -> None:
    async with RTorrent(RTorrentConfig(url=f"scgi://{host}:5000"), outbound) as program:
        with pytest.raises(AddressRefused):
            await program.snapshot()


async def test_a_socket_file_is_this_machine(outbound: Outbound) -> None:
    with pytest.raises(AddressRefused):
        await outbound.dial_socket("/nowhere/rtorrent.sock", Policy(Reach.LAN))


def test_a_frame_counts_bytes() -> None:
    head = b"CONTENT_LENGTH\x002\0SCGI\x001\0REQUEST_METHOD\0POST\0CONTENT_TYPE\0text/xml\0"
    assert framed("ü".encode()) == b"%d:%s,\xc3\xbc" % (len(head), head)


def test_recorded_answers() -> None:
    rows = rtorrent_wire.result(
        fixture("download", "rtorrent", "d_multicall2_two_rows.xml").read_bytes()
    )
    assert rows == [
        ["E84213A794F3CCD890382A54A64CA68B7E925433", 1953349632],
        ["893B9365EE2B98751C41A2B59296BEF747532221", 70000],
    ]
    finished = fixture("download", "rtorrent", "d_timestamp_finished.xml").read_bytes()
    assert rtorrent_wire.result(finished) == 1570426199
    fault = fixture("download", "rtorrent", "fault_method_not_defined.xml").read_bytes()
    with pytest.raises(Rejected) as raised:
        rtorrent_wire.result(fault)
    assert raised.value.code == "client_method_missing"
    assert "d.throttle.down" in str(raised.value.params["message"])


def test_every_type_of_value_is_read_and_no_entity() -> None:
    sent = {"s": "ä", "i": -3, "f": 1.5, "b": True, "raw": Binary(b"\0\1"), "list": [1, [2]]}
    body = dumps((sent,), methodresponse=True).encode()
    value = rtorrent_wire.result(body)
    assert value == {**sent, "raw": b"\0\1"}
    untyped = b"<methodResponse><params><param><value>x</value></param></params></methodResponse>"
    assert rtorrent_wire.result(untyped) == "x"
    bomb = (
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><methodResponse><params><param>'
        b"<value><string>&e;</string></value></param></params></methodResponse>"
    )
    assert rtorrent_wire.result(bomb) == ""
    for odd in (b"<i4>x</i4>", b"<novelty/>", b"<base64>?</base64>", b"<struct><member/></struct>"):
        with pytest.raises(Malformed):
            rtorrent_wire.result(untyped.replace(b"x</value>", odd + b"</value>"))


def test_names_with_forbidden_letters_do_not_hide_the_list() -> None:
    body = b"<methodResponse><params><param><value>a\x01b\xff</value></param></params></methodResponse>"
    assert rtorrent_wire.result(body) == "ab\N{REPLACEMENT CHARACTER}"


def test_thousands_without_a_token_of_ours_are_bearable() -> None:
    names = [name.rstrip("=").partition("=")[0] for name in rtorrent_wire.FIELDS]
    rows = [row(f"{n:040X}") for n in range(5000)]
    body = dumps(([[one[name] for name in names] for one in rows],), methodresponse=True).encode()
    ours = {f"{n:040X}" for n in (1, 2500, 4999)}
    began = time.process_time()
    read, complete = rtorrent_wire.torrents(body, ours)
    spent = time.process_time() - began
    assert complete
    assert {one.hash for one in read} == ours
    assert spent < 0.5


def test_calls_carry_bytes_as_base64() -> None:
    (params, method) = loads(xml_rpc.call("load.raw", "", b"\0\xff"))
    assert (method, params) == ("load.raw", ("", Binary(b"\0\xff")))
