"""Files of the shelf over HTTP: own range response, never `send_file` (recipes.md B5).

The file is opened before the answer begins, so that a missing disk is an error and not a broken
200. Reading happens in a thread on the places of the root the file lies in.
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote

import structlog
from quart import Request, Response
from quart.wrappers.response import ResponseBody
from werkzeug.http import http_date, parse_date

from bindery.domain.media_types import media_type
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.headers import SANDBOX
from bindery.http.ranges import Span, Unsatisfiable, parse_range
from bindery.runtime.threads import RootLimiter, in_thread

log = structlog.get_logger()

CHUNK = 1 << 18
PATIENCE_S = 900.0
"""A paused player may leave a file unread for this long (architecture.md 9, slow peers)."""
PATIENCE_KEY = "bindery.patience_s"

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\/;,:\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]')


class Slice(ResponseBody):
    """A part of an open file, in pieces of 256 KiB; closes the file when the answer ends."""

    def __init__(self, file: io.FileIO, span: Span, limiter: RootLimiter) -> None:
        self._file = file
        self._at, self._stop = span
        self._limiter = limiter

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._at >= self._stop:
            raise StopAsyncIteration
        size = min(CHUNK, self._stop - self._at)
        data = await in_thread(self._limiter, os.pread, self._file.fileno(), size, self._at)
        if not data:
            raise OSError("the file became shorter while it was sent")
        self._at += len(data)
        return data


async def file_response(
    request: Request,
    path: str | os.PathLike[str],
    *,
    limiter: RootLimiter,
    name: str,
    inline: bool = False,
) -> Response | Refusal:
    """Answer a GET or HEAD with a file: 200, 206, 304 or 416.

    `path` was resolved and checked against its root by the caller. `name` is the title of the
    download. Refusals: `file_missing`, `root_unavailable` (dead mount, I/O error).
    """
    try:
        file, status = await in_thread(limiter, _open, os.fspath(path))
    except FileNotFoundError:
        return refuse(Code.FILE_MISSING)
    except OSError as error:
        log.warning("file cannot be opened", errno=error.errno)
        return refuse(Code.ROOT_UNAVAILABLE)
    try:
        return _answer(request, file, status, limiter, name, inline=inline)
    except BaseException:
        file.close()
        raise


def _open(path: str) -> tuple[io.FileIO, os.stat_result]:
    file = io.FileIO(path, "rb")
    return file, os.fstat(file.fileno())


def _answer(
    request: Request,
    file: io.FileIO,
    status: os.stat_result,
    limiter: RootLimiter,
    name: str,
    *,
    inline: bool,
) -> Response:
    size = status.st_size
    tag = f"{status.st_mtime_ns:x}-{size:x}"
    modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{tag}"',
        "Last-Modified": http_date(modified),
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(name, inline=inline),
        "Content-Security-Policy": SANDBOX,
    }
    if _unchanged(request, tag, modified):
        file.close()
        return Response(b"", 304, headers)
    wanted = _wanted(request, size, tag, modified)
    if isinstance(wanted, Unsatisfiable):
        file.close()
        return Response(b"", 416, {**headers, "Content-Range": f"bytes */{size}"})
    span = wanted or Span(0, size)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    response = Response(b"", 206 if wanted is not None else 200, headers)
    response.content_type = content_type(name)
    response.timeout = None
    cast("dict[str, object]", request.scope)[PATIENCE_KEY] = PATIENCE_S  # read by our TCPServer
    if request.method == "HEAD":
        file.close()
    else:
        response.response = Slice(file, span, limiter)
    response.headers["Content-Length"] = str(span.stop - span.start)
    return response


def _unchanged(request: Request, tag: str, modified: datetime) -> bool:
    if "If-None-Match" in request.headers:
        return request.if_none_match.contains_weak(tag)
    since = request.if_modified_since
    return since is not None and modified <= since


def _wanted(
    request: Request, size: int, tag: str, modified: datetime
) -> Span | Unsatisfiable | None:
    header = request.headers.get("Range")
    if header is None:
        return None
    condition = request.headers.get("If-Range", "").strip()
    if condition and condition != f'"{tag}"' and parse_date(condition) != modified:
        return None
    return parse_range(header, size)


def content_type(name: str) -> str:
    """A type from the list of media we know; everything else is bytes (security-rulings.md 9)."""
    return media_type(name)


def disposition(name: str, *, inline: bool) -> str:
    """`Content-Disposition` with an ASCII name and the real one; `inline` for audio alone."""
    kind = "inline" if inline and content_type(name).startswith("audio/") else "attachment"
    clean = _UNSAFE.sub("_", name).strip(" .") or "file"
    plain = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode() or "file"
    text = f'{kind}; filename="{plain}"'
    return text if plain == clean else f"{text}; filename*=UTF-8''{quote(clean, safe='')}"
