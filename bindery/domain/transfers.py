"""Downloads as the outside sees them: payloads handed over, remote items read back.

One vocabulary for every download client (architecture.md 10, downloads-and-import.md 2).
"""

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from bindery.domain.offers import Transport

RemoteId: TypeAlias = str
"""The client's own id: lower-case info-hash, NZO id, NZBID, or our token for `direct`."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed to a client. Never a URL that the client would fetch by itself, except for
    kind `http`, which only the built-in client takes.
    """

    kind: Literal["torrent", "magnet", "nzb", "http"]
    data: bytes
    """Torrent or NZB bytes; magnet URI or URL as UTF-8."""
    name: str
    """File name or release title to show in the client."""
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    size: int | None = None


class AddOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the client shall take it."""

    token: str
    """Our id of the download row; clients that can carry a tag carry it."""
    title: str
    category: str = ""
    seed_ratio: float | None = None
    """None = client's rule, -1 = unlimited."""
    paused: bool = False


class RemoteState(StrEnum):
    """What the client says of an item; overlay of the row's own state."""

    QUEUED = "queued"
    CHECKING = "checking"
    METADATA = "metadata"
    DOWNLOADING = "downloading"
    STALLED = "stalled"
    PAUSED = "paused"
    MOVING = "moving"
    COMPLETE = "complete"
    FAILED = "failed"
    MISSING_FILES = "missingFiles"


class RemoteItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a client's list."""

    id: RemoteId
    name: str
    state: RemoteState
    raw_state: str = ""
    size: int | None = None
    done: int | None = None
    """Bytes that are on the client's disk."""
    percent: float | None = None
    """0..100."""
    speed: int | None = None
    """Bytes per second."""
    eta_s: int | None = None
    seeders: int | None = None
    category: str = ""
    token: str | None = None
    """Our token when the client carries it."""
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    path: str = ""
    """Folder or file as the client names it, before path mapping; empty = not known yet."""
    save_path: str = ""
    message: str = ""
    code: str | None = None
    """Stable reason when failed or held."""
    added_at: int | None = None
    seed_ratio: float | None = None
    """Its own limit, -1 = without end; None = the client's rule, or the client does not tell."""


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an item: path relative to `RemoteItem.save_path`, with `/`."""

    path: str
    size: int
    done: bool
    wanted: bool = True


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One complete look at a client."""

    items: list[RemoteItem]
    complete: bool
    """False when the client could not show everything: absence proves nothing then."""
    at: int
    """µs UTC."""


class Ambiguous(msgspec.Struct, frozen=True, kw_only=True):
    """Several items could be ours; a person decides (architecture.md 6b, `send_unknown`)."""

    ids: tuple[RemoteId, ...]


class ClientCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """Declared by each client, never guessed."""

    transports: tuple[Transport, ...]
    payload_kinds: tuple[str, ...]
    files: bool = False
    pause: bool = False
    categories: bool = False
    priority: bool = False
    seed_ratio: bool = False
    token: bool = False


class PathFact(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that matters for import, as the client names it."""

    purpose: Literal["default", "category", "category_audiobook"]
    path: str


class ClientInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a probe: what *Test* shows."""

    version: str
    api_version: str = ""
    paths: tuple[PathFact, ...] = ()
    warnings: tuple[str, ...] = ()
    """Stable codes: `category_missing`, `category_case`, ..."""
