"""The JSON lines between the caller and the worker process."""

from __future__ import annotations

from typing import Literal

import msgspec

from bindery.domain.media import ArchiveListing, ProbedFile, TorrentListing
from bindery.files.probe.limits import ProbeLimits

MAX_LINE = 32 * 1024 * 1024
Task = Literal["probe", "archive", "torrent", "spin", "hoard"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is bytes (base64 on the wire): a file name is bytes, and need not be UTF-8.

    `data` is the torrent's content when it is not a file. `spin` and `hoard` break the limits on
    purpose and are answered only by a worker started with `--drill`.
    """

    task: Task
    path: bytes = b""
    data: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one field is set; `out_of_memory` also says that the worker ends now."""

    file: ProbedFile | None = None
    archive: ArchiveListing | None = None
    torrent: TorrentListing | None = None
    out_of_memory: bool = False


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """The first line sent to a new worker."""

    limits: ProbeLimits
