"""A news server on loopback with articles in yEnc, and the NZB that lists them (test-programs.md 7).

It says what NZBGet was seen to need: AUTHINFO, BODY, QUIT.
"""

import zlib
from dataclasses import dataclass, field
from functools import partial
from xml.sax.saxutils import escape, quoteattr

import trio

from bindery.demo.knobs import Bucket, Gate

PART = 100_000
LINE = 128
_CRITICAL = {0x00, 0x0A, 0x0D, 0x3D}
USER, PASSWORD = "reader", "canary-nntp-passw0rd"


def _yenc(data: bytes) -> bytes:
    """Encoded lines, dots doubled, without header and end."""
    encoded = bytearray()
    for byte in data:
        code = (byte + 42) & 0xFF
        if code in _CRITICAL:
            encoded += bytes((0x3D, (code + 64) & 0xFF))
        else:
            encoded.append(code)
    lines: list[bytes] = []
    start = 0
    while start < len(encoded):
        end = min(start + LINE, len(encoded))
        if encoded[end - 1] == 0x3D and end < len(encoded):
            end += 1  # an escape is not torn apart
        line = bytes(encoded[start:end])
        lines.append(b"." + line if line.startswith(b".") else line)
        start = end
    return b"\r\n".join(lines)


def _article(name: str, data: bytes, number: int, parts: int, begin: int, whole: int) -> bytes:
    head = f"=ybegin part={number} total={parts} line={LINE} size={whole} name={name}\r\n"
    head += f"=ypart begin={begin + 1} end={begin + len(data)}\r\n"
    tail = f"\r\n=yend size={len(data)} part={number} pcrc32={zlib.crc32(data):08x}\r\n.\r\n"
    return head.encode() + _yenc(data) + tail.encode()


@dataclass
class NewsServer:
    """Articles by message id; `missing` are answered with 430."""

    port: int
    articles: dict[str, bytes] = field(default_factory=dict[str, bytes])
    missing: set[str] = field(default_factory=set[str])
    bucket: Bucket = field(default_factory=Bucket)
    gate: Gate = field(default_factory=Gate)
    asked: list[str] = field(default_factory=list[str])

    def post(self, files: dict[str, bytes]) -> bytes:
        """Post files and give their NZB."""
        listed: list[str] = []
        for name, content in files.items():
            parts = max(1, -(-len(content) // PART))
            segments: list[str] = []
            for number in range(1, parts + 1):
                begin = (number - 1) * PART
                piece = content[begin : begin + PART]
                id_ = f"{len(self.articles)}.{zlib.crc32(name.encode()):08x}@bindery.test"
                article = _article(name, piece, number, parts, begin, len(content))
                self.articles[id_] = article
                segments.append(
                    f'<segment bytes="{len(article)}" number="{number}">{escape(id_)}</segment>'
                )
            subject = quoteattr(f'"{name}" yEnc (1/{parts})')
            listed.append(
                f'<file poster="p" date="1700000000" subject={subject}>'
                f"<groups><group>alt.test</group></groups>"
                f"<segments>{''.join(segments)}</segments></file>"
            )
        space = 'xmlns="http://www.newzbin.com/DTD/2003/nzb"'
        return f'<?xml version="1.0"?><nzb {space}>{"".join(listed)}</nzb>'.encode()

    async def _talk(self, stream: trio.SocketStream) -> None:
        buffer = b""
        await stream.send_all(b"200 hello\r\n")
        while True:
            while b"\r\n" not in buffer:
                more = await stream.receive_some()
                if not more:
                    return
                buffer += more
            line, _, buffer = buffer.partition(b"\r\n")
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            answer = await self._answer(word.upper(), rest)
            await stream.send_all(answer)
            if word.upper() == "QUIT":
                return

    async def _answer(self, word: str, rest: str) -> bytes:
        match word:
            case "AUTHINFO":
                kind, _, value = rest.partition(" ")
                if kind.upper() == "USER":
                    return b"381 go on\r\n"
                return b"281 welcome\r\n" if value == PASSWORD else b"481 no\r\n"
            case "BODY":
                id_ = rest.strip("<> ")
                self.asked.append(id_)
                if id_ in self.missing or id_ not in self.articles:
                    return b"430 no such article\r\n"
                await self.gate.passed()
                await self.bucket.take(len(self.articles[id_]))
                return f"222 0 <{id_}>\r\n".encode() + self.articles[id_]
            case "QUIT":
                return b"205 bye\r\n"
            case _:
                return b"500 what\r\n"

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            async with stream:
                await self._talk(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


async def start_news_server(nursery: trio.Nursery) -> NewsServer:
    """Listen on a free port of loopback."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = NewsServer(port=listeners[0].socket.getsockname()[1])
    serve = partial(trio.serve_listeners, server._serve, listeners)
    nursery.start_soon(serve)
    return server
