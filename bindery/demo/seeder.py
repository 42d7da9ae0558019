"""A plain BitTorrent seeder that dials the client (BEP 3; test-programs.md 1).

It needs no tracker and no add-peer call. A client closes the connection until the torrent is
checked and running, so dialling is repeated.
"""

import struct

import trio

from bindery.demo.knobs import Bucket, Gate
from bindery.demo.torrent import Torrent

PROTOCOL = b"\x13BitTorrent protocol"
PEER_ID = b"-BD0001-loopbackseed"
AGAIN_S = 0.05
UNCHOKE, BITFIELD, REQUEST, PIECE = 1, 5, 6, 7


async def _read(stream: trio.SocketStream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await stream.receive_some(count - len(data))
        if not more:
            raise trio.BrokenResourceError
        data += more
    return data


def _bitfield(pieces: int) -> bytes:
    """All pieces; the spare bits at the end are zero."""
    return ((1 << pieces) - 1 << (-pieces % 8)).to_bytes((pieces + 7) // 8, "big")


def _message(kind: int, data: bytes = b"") -> bytes:
    return struct.pack(">IB", 1 + len(data), kind) + data


async def _serve(stream: trio.SocketStream, torrent: Torrent, bucket: Bucket, gate: Gate) -> None:
    await stream.send_all(PROTOCOL + bytes(8) + torrent.info_hash + PEER_ID)
    theirs = await _read(stream, 68)
    if theirs[28:48] != torrent.info_hash:
        return
    await stream.send_all(_message(BITFIELD, _bitfield(torrent.pieces)) + _message(UNCHOKE))
    while True:
        (length,) = struct.unpack(">I", await _read(stream, 4))
        body = await _read(stream, length)
        if not body or body[0] != REQUEST:
            continue
        index, begin, count = struct.unpack(">III", body[1:13])
        start = index * torrent.piece_length + begin
        await gate.passed()
        await bucket.take(count)
        block = torrent.content[start : start + count]
        await stream.send_all(_message(PIECE, struct.pack(">II", index, begin) + block))


async def dial(torrent: Torrent, port: int, bucket: Bucket, gate: Gate) -> None:
    """Seed to the client that listens on 127.0.0.1:`port`, for ever; cancel to stop."""
    while True:
        try:
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await _serve(stream, torrent, bucket, gate)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # not listening yet, or not ready for this torrent
        await trio.sleep(AGAIN_S)
