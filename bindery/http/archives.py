"""Several files as one archive over HTTP: stored, of known length, never in memory or on disk.

A piece of one file is in memory at a time. The check sums are learnt on the way, so there are no
ranges: a client that lost the connection starts anew (catalogue.md 2.2).
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

from quart import Request, Response
from quart.wrappers.response import ResponseBody

from bindery.domain.media_types import ZIP
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.files import CHUNK, PATIENCE_KEY, PATIENCE_S, disposition
from bindery.http.headers import SANDBOX
from bindery.http.zip_layout import Member, archive_size, descriptor, directory, local_header
from bindery.runtime.threads import RootLimiter, in_thread


@dataclass(frozen=True, slots=True)
class Part:
    """A file that goes into an archive: where it really lies, its name there, who may read it."""

    path: str
    name: str
    limiter: RootLimiter


async def archive_response(
    request: Request, parts: Sequence[Part], *, name: str
) -> Response | Refusal:
    """Answer a GET or HEAD with all of them, in order; `name` is the title of the download.

    The paths were checked by the caller. Refusals: `file_missing`, `root_unavailable`.
    """
    found: list[os.stat_result] = []
    for part in parts:
        try:
            status = await in_thread(part.limiter, os.stat, part.path)
        except FileNotFoundError:
            return refuse(Code.FILE_MISSING)
        except OSError:
            return refuse(Code.ROOT_UNAVAILABLE)
        if not stat.S_ISREG(status.st_mode):
            return refuse(Code.FILE_MISSING)
        found.append(status)
    members = [Member(part.name, at.st_size) for part, at in zip(parts, found, strict=True)]
    tag = _tag(members, found)
    headers = {
        "Accept-Ranges": "none",
        "ETag": f'"{tag}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(name, inline=False),
        "Content-Security-Policy": SANDBOX,
    }
    if request.if_none_match.contains_weak(tag):
        return Response(b"", 304, headers)
    response = Response(b"", 200, headers, content_type=ZIP)
    response.timeout = None
    cast("dict[str, object]", request.scope)[PATIENCE_KEY] = PATIENCE_S  # read by our TCPServer
    if request.method != "HEAD":
        response.response = Archive(parts, members)
    response.headers["Content-Length"] = str(archive_size(members))
    return response


def _tag(members: Sequence[Member], found: Sequence[os.stat_result]) -> str:
    state = [
        (member.name, member.size, at.st_mtime_ns)
        for member, at in zip(members, found, strict=True)
    ]
    return hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()


class Archive(ResponseBody):
    """The bytes of the archive; closes the file in hand when the answer ends."""

    def __init__(self, parts: Sequence[Part], members: Sequence[Member]) -> None:
        self._parts = list(zip(parts, members, strict=True))
        self._file: io.FileIO | None = None
        self._pieces = self._run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        await self._pieces.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def _run(self) -> AsyncGenerator[bytes, None]:
        crcs: list[int] = []
        for part, member in self._parts:
            yield local_header(member)
            self._file = await in_thread(part.limiter, io.FileIO, part.path, "rb")
            left, crc = member.size, 0
            while left:
                data, crc = await in_thread(part.limiter, _piece, self._file, min(CHUNK, left), crc)
                left -= len(data)
                yield data
            self._file.close()
            self._file = None
            yield descriptor(member, crc)
            crcs.append(crc)
        yield directory([member for _, member in self._parts], crcs)


def _piece(file: io.FileIO, size: int, crc: int) -> tuple[bytes, int]:
    data = file.read(size)
    if not data:
        raise OSError("the file became shorter while it was sent")
    return data, zlib.crc32(data, crc)
