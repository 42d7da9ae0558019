"""One exchange over SCGI, which rTorrent itself speaks (downloads-and-import.md 2.6)."""

import trio

from bindery.adapters.failures import Malformed, TooLarge, Unavailable

PIECE = 64 * 1024


def framed(body: bytes) -> bytes:
    """A request: the headers as a netstring, `CONTENT_LENGTH` first, then the body."""
    headers = (
        ("CONTENT_LENGTH", str(len(body))),
        ("SCGI", "1"),
        ("REQUEST_METHOD", "POST"),
        ("CONTENT_TYPE", "text/xml"),
    )
    head = "".join(f"{name}\0{value}\0" for name, value in headers).encode()
    return b"%d:%s,%s" % (len(head), head, body)


async def exchange(stream: trio.SocketStream, body: bytes, *, max_bytes: int) -> bytes:
    """Send one request, read to the end of the connection, give the body of the answer.

    Raises `Unavailable` (`client_not_scgi` when HTTP answers there), `Malformed`, `TooLarge`.
    """
    answer = bytearray()
    try:
        await stream.send_all(framed(body))
        while piece := await stream.receive_some(PIECE):
            answer += piece
            if len(answer) > max_bytes:
                raise TooLarge(limit=max_bytes)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        if not answer:
            raise Unavailable("connection_broken") from None
    return unframed(bytes(answer))


def unframed(answer: bytes) -> bytes:
    """The body behind the headers, checked against the length that they announce."""
    if not answer:
        raise Unavailable("connection_broken")
    if answer.startswith(b"HTTP/"):
        raise Unavailable("client_not_scgi")
    ends = [(at, len(gap)) for gap in (b"\r\n\r\n", b"\n\n") if (at := answer.find(gap)) >= 0]
    if not ends:
        raise Malformed("not_scgi")
    at, gap = min(ends)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in answer[:at].splitlines())
    }
    status = headers.get(b"status", b"200").split(b" ")[0]
    if status != b"200":
        raise Unavailable("http_status", status=int(status) if status.isdigit() else 0)
    body = answer[at + gap :]
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and len(announced) < 20 and len(body) < int(announced):
        raise Unavailable("connection_broken")
    return body
