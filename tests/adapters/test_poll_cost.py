"""What a look costs when a client is full of what is not ours: requests, and our CPU.

5,000 items of which 3 are ours. The rows are recorded ones, repeated under other ids.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from xmlrpc.client import dumps, loads

import pytest

from bindery.adapters import deluge_wire, rtorrent_wire
from bindery.adapters.configs import (
    ClientConfig,
    DelugeConfig,
    NzbgetConfig,
    QBittorrentConfig,
    RTorrentConfig,
    SabnzbdConfig,
    TransmissionConfig,
)
from bindery.adapters.outbound import Outbound
from bindery.adapters.registry import open_client
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

MANY = 5_000
OURS = (7, 2_500, 4_999)
MOST_S = 0.05
"""Of our CPU; the server of the test is in it."""
LOOSE = 4
"""How much slower the machine of a test may be."""


def recorded(path: str) -> Any:
    return json.loads(fixture("download", *path.split("/")).read_text())


def hash_of(number: int) -> str:
    return f"{number:040x}"


def told(value: Any) -> Reply:
    return Reply(200, json.dumps(value))


def qbittorrent(server: ScriptedServer) -> ClientConfig:
    row = recorded("qbittorrent/torrents_info_5_1_1.json")[0]
    rows = [{**row, "hash": hash_of(n), "infohash_v1": hash_of(n)} for n in range(MANY)]
    listed = told(rows)
    server.on("/api/v2/auth/login", Reply(200, "Ok.", {"set-cookie": "SID=1"}))
    server.on("/api/v2/torrents/info", listed)
    return QBittorrentConfig(url=server.url, username="u", password="p")


def transmission(server: ScriptedServer) -> ClientConfig:
    row = recorded("transmission/torrent_get_checking.json")["arguments"]["torrents"][0]
    here = told(recorded("transmission/session_get_4_1_legacy_rpc.json"))
    made: dict[str, Reply] = {}

    def answer(request: Request) -> Reply:
        call = json.loads(request.body)
        if call["method"] != "torrent-get":
            return here
        if "list" not in made:  # only what was asked for is told
            asked = {name: row[name] for name in call["arguments"]["fields"] if name in row}
            rows = [{**asked, "hashString": hash_of(n)} for n in range(MANY)]
            made["list"] = told({"result": "success", "arguments": {"torrents": rows}})
        return made["list"]

    server.on("*", answer)
    return TransmissionConfig(url=server.url, username="u", password="p")


def deluge(server: ScriptedServer) -> ClientConfig:
    row = next(iter(recorded("deluge/get_torrents_status_1_3.json")["result"].values()))
    asked = {name: row[name] for name in deluge_wire.FIELDS if name in row}
    listed = told({"id": 1, "result": {hash_of(n): asked for n in range(MANY)}, "error": None})
    yes = told({"id": 1, "result": True, "error": None})

    def answer(request: Request) -> Reply:
        return listed if b"get_torrents_status" in request.body else yes

    server.on("/json", answer)
    return DelugeConfig(url=server.url, password="p")


def rtorrent(server: ScriptedServer) -> ClientConfig:
    def row(number: int) -> list[Any]:
        token = f"token-{number}" if number in OURS else ""
        head = [hash_of(number).upper(), token, "book.epub", "/dl/book.epub", "/dl", "books"]
        return [*head, *[1] * (len(rtorrent_wire.FIELDS) - len(head) - 1), ""]

    rows = [row(number) for number in range(MANY)]
    picked = dumps(([one for one in rows if one[1]],), methodresponse=True)
    everything = dumps((rows,), methodresponse=True)

    def answer(request: Request) -> Reply:
        _, method = loads(request.body)
        return Reply(200, picked if method == "d.multicall.filtered" else everything)

    server.on("/RPC2", answer)
    return RTorrentConfig(url=f"{server.url}/RPC2")


def sabnzbd(server: ScriptedServer) -> ClientConfig:
    queue = recorded("sabnzbd/queue_docs_5_1.json")
    slot = queue["queue"]["slots"][0]
    slots = [{**slot, "nzo_id": hash_of(n)} for n in range(MANY)]
    server.on("/api", told({"queue": {**queue["queue"], "slots": slots, "noofslots": MANY}}))
    return SabnzbdConfig(url=server.url, api_key="k")


def nzbget(server: ScriptedServer) -> ClientConfig:
    row = recorded("nzbget/listgroups_legacy.json")["result"][0]
    done = recorded("nzbget/history_26_3.json")[0]
    half = MANY // 2
    # Its ids are numbers.
    queued = told({"result": [{**row, "NZBID": n} for n in range(1, half)]})
    history = told({"result": [{**done, "NZBID": n, "ID": n} for n in range(half, MANY + 1)]})
    status = told({"result": recorded("nzbget/status_26_3.json")})

    def answer(request: Request) -> Reply:
        if b"listgroups" in request.body:
            return queued
        return history if b"history" in request.body else status

    server.on("*", answer)
    return NzbgetConfig(url=server.url, username="u", password="p")


Serve = Callable[[ScriptedServer], ClientConfig]
CLIENTS: dict[str, tuple[Serve, int]] = {
    "qbittorrent": (qbittorrent, 1),
    "transmission": (transmission, 1),
    "deluge": (deluge, 1),
    "rtorrent": (rtorrent, 1),
    "sabnzbd": (sabnzbd, 1),
    "nzbget": (nzbget, 3),  # queue, speed and history are calls of their own
}


@pytest.mark.parametrize("name", CLIENTS)
async def test_three_of_ours_among_thousands(
    name: str, server: ScriptedServer, outbound: Outbound
) -> None:
    serve, requests = CLIENTS[name]
    config = serve(server)
    ours = [str(n) if name == "nzbget" else hash_of(n) for n in OURS]
    spent: list[float] = []
    async with open_client(config, outbound) as client:
        await client.snapshot(ours)  # signs in
        for _ in range(3):
            before = len(server.requests)
            began = time.process_time()
            snapshot = await client.snapshot(ours)
            spent.append(time.process_time() - began)
            assert len(server.requests) - before == requests
            assert snapshot.complete
            assert set(ours) <= {item.id for item in snapshot.items}
    assert min(spent) < MOST_S * LOOSE
