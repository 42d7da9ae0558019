"""Torrents by BEP 3, and the seeder that dials."""

import hashlib
import struct

import pytest
import trio

from bindery.demo.knobs import Bucket, Gate
from bindery.demo.seeder import PROTOCOL, dial
from bindery.demo.torrent import Bencodable, Torrent, bencode, make_torrent

CONTENT = bytes(range(256)) * 700


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (-3, b"i-3e"),
        (b"ab", b"2:ab"),
        ("\u00e9", b"2:\xc3\xa9"),
        ([1, "a"], b"li1e1:ae"),
        ({"b": 1, "a": []}, b"d1:ale1:bi1ee"),
    ],
)
def test_bencoding(value: Bencodable, wire: bytes) -> None:
    assert bencode(value) == wire


def test_a_single_file_torrent() -> None:
    made = make_torrent("a.epub", {"a.epub": CONTENT}, web_seed="http://127.0.0.1:1/a.epub")
    pieces = b"".join(
        hashlib.sha1(CONTENT[at : at + 65_536]).digest() for at in range(0, len(CONTENT), 65_536)
    )
    info = b"d6:lengthi179200e4:name6:a.epub12:piece lengthi65536e6:pieces60:" + pieces + b"e"
    assert made.info == info
    assert made.meta == b"d4:info" + info + b"8:url-listl25:http://127.0.0.1:1/a.epubee"
    assert made.info_hash == hashlib.sha1(info).digest()


def test_a_folder_names_its_files_in_order() -> None:
    made = make_torrent("Book", {"1.mp3": b"one", "cd/2.mp3": b"two"})
    assert b"5:filesld6:lengthi3e4:pathl5:1.mp3eed6:lengthi3e4:pathl2:cd5:2.mp3eee" in made.info
    assert made.content == b"onetwo"


async def fetch(stream: trio.SocketStream, torrent: Torrent) -> bytes:
    """A leecher of few words."""

    async def read(count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += await stream.receive_some(count - len(data))
        return data

    assert (await read(68))[28:48] == torrent.info_hash
    await stream.send_all(PROTOCOL + bytes(8) + torrent.info_hash + b"-XX0000-aaaaaaaaaaaa")
    bitfield, unchoke = await read(4 + 2), await read(5)
    assert bitfield == b"\x00\x00\x00\x02\x05\xe0"  # three pieces: three bits
    assert unchoke == b"\x00\x00\x00\x01\x01"
    content = b""
    while len(content) < len(torrent.content):
        count = min(16_384, len(torrent.content) - len(content))
        index, begin = divmod(len(content), torrent.piece_length)
        await stream.send_all(struct.pack(">IBIII", 13, 6, index, begin, count))
        head = await read(13)
        assert head == struct.pack(">IBII", 9 + count, 7, index, begin)
        content += await read(count)
    return content


async def test_the_seeder_dials_until_answered_and_brings_everything() -> None:
    torrent = make_torrent("a.epub", {"a.epub": CONTENT})
    with trio.fail_after(10):
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        async with trio.open_nursery() as nursery, listener:
            nursery.start_soon(dial, torrent, port, Bucket(), Gate())
            refused = await listener.accept()
            await refused.aclose()  # as a client does until the torrent is checked
            stream = await listener.accept()
            async with stream:
                assert await fetch(stream, torrent) == CONTENT
            nursery.cancel_scope.cancel()
