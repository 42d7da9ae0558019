"""What only rTorrent does: a socket file, its limit for requests, its token (test-programs.md 6)."""

import tempfile
from pathlib import Path

import pytest
import trio

from bindery.adapters.configs import RTorrentConfig
from bindery.adapters.downloaders.rtorrent import RTorrent
from bindery.adapters.failures import Rejected, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.demo.torrent import make_torrent
from bindery.domain.transfers import AddOptions, Payload, RemoteItem
from tests.kit.rtorrent import open_rtorrent

pytestmark = pytest.mark.system

OPTIONS = AddOptions(token="token-1", title="A Book", category="books")
ANNOUNCE = "http://127.0.0.1:9/announce"


def payload(name: str, announce: str = ANNOUNCE) -> Payload:
    torrent = make_torrent(name, {name: b"x" * 100_000}, announce=announce)
    return Payload(
        kind="torrent", data=torrent.meta, name=name, info_hash_v1=torrent.info_hash.hex()
    )


async def test_a_socket_file_a_token_and_a_category(outbound: Outbound) -> None:
    # A socket's path may have 107 bytes, and the folders of tests are long.
    with tempfile.TemporaryDirectory() as short:
        async with open_rtorrent(Path(short), socket=True) as program:
            with trio.fail_after(30):
                async with program.client(outbound) as client:
                    foreign = payload("foreign.epub")
                    await client._call("load.raw", "", foreign.data)  # pyright: ignore[reportPrivateUsage] - as another program would
                    id_ = await client.add(payload("Grün.epub"), OPTIONS)
                    ours = await client.snapshot([id_])
                    assert [item.id for item in ours.items] == [id_], "it picks out ours"
                    assert len((await client.snapshot()).items) == 2
                    found = await client.find("token-1", (), "")
                    assert isinstance(found, RemoteItem)
                    assert (found.id, found.category) == (id_, "books")
                    await client.set_category(id_, "Hörbücher")
                    assert (await client.snapshot([id_])).items[0].category == "Hörbücher"


async def test_what_it_refuses_is_named(tmp_path: Path, outbound: Outbound) -> None:
    async with open_rtorrent(tmp_path, more=["network.xmlrpc.size_limit.set = 100K"]) as program:
        with trio.fail_after(30):
            async with program.client(outbound) as client:
                info = await client.probe()
                assert info.version
                assert [fact.path for fact in info.paths] == [str(program.downloads)]
                assert info.warnings == ("client_rpc_limit_small", "dht_off")
                large = payload("large.epub", ANNOUNCE + "?" + "x" * 200_000)
                with pytest.raises(Rejected) as raised:
                    await client.add(large, OPTIONS)
                assert raised.value.code == "client_rpc_limit"
            http = RTorrentConfig(url=f"http://127.0.0.1:{program.rpc}/RPC2", timeout_s=5)
            async with RTorrent(http, outbound) as client:
                with pytest.raises(Unavailable) as wrong:
                    await client.probe()
                assert wrong.value.code == "client_perhaps_scgi"
