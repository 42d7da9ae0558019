"""What Transmission's RPC sends and takes, in both spellings (downloads-and-import.md 2.4).

Up to 4.0 there is one dialect: `torrent-get` with `arguments`. 4.1 adds JSON-RPC 2.0 with
`torrent_get` and `params`, and keeps the old one. Here names are snake_case; `request` spells them.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from bindery.adapters.failures import Malformed, Rejected
from bindery.adapters.json_answers import decoded
from bindery.domain.transfers import RemoteFile, RemoteItem
from bindery.domain.transmission_states import LOCAL_ERROR, read_state

FIELDS = (
    "hash_string",
    "name",
    "status",
    "percent_done",
    "metadata_percent_complete",
    "size_when_done",
    "left_until_done",
    "rate_download",
    "eta",
    "error",
    "error_string",
    "is_stalled",
    "done_date",
    "added_date",
    "download_dir",
    "labels",
)
"""What a snapshot asks of each torrent; trackers and peers would multiply its size."""

_KEBAB = {"download_dir", "delete_local_data"}
"""Arguments of the old dialect with hyphens; the others, and all fields, are in camelCase."""

_CORRUPT = re.compile(r"invalid|corrupt|unrecognized|not a valid", re.IGNORECASE)


class Torrent(msgspec.Struct, frozen=True, rename="camel"):
    """One torrent, reduced to what we read."""

    hash_string: str
    name: str = ""
    status: int = 0
    percent_done: float = 0.0
    metadata_percent_complete: float = 1.0
    size_when_done: int = 0
    left_until_done: int = 0
    rate_download: int = 0
    eta: int = -1
    error: int = 0
    error_string: str = ""
    is_stalled: bool = False
    done_date: int = 0
    added_date: int = 0
    download_dir: str = ""
    labels: list[str] = []


class File(msgspec.Struct, frozen=True, rename="camel"):
    """One file; the name is relative to the torrent's folder."""

    name: str
    length: int = 0
    bytes_completed: int = 0


class FileStat(msgspec.Struct, frozen=True):
    """What goes with the file of the same position."""

    wanted: bool = True


class Listing(msgspec.Struct, frozen=True, rename="camel"):
    """The files of one torrent."""

    files: list[File] = []
    file_stats: list[FileStat] = []


class Named(msgspec.Struct, frozen=True, rename="camel"):
    """The torrent that an add made or found."""

    hash_string: str


class _Refusal(msgspec.Struct, frozen=True):
    message: str = ""
    data: Any = None


class _Reply(msgspec.Struct, frozen=True):
    """Either dialect: `result` is a text in the old one and the content in the new one."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    arguments: msgspec.Raw = msgspec.Raw(b"{}")
    error: _Refusal | None = None
    jsonrpc: str = ""


class OtherDialect(Exception):
    """The program answered an old request with JSON-RPC 2.0."""


def camel(name: str) -> str:
    """`hash_string` -> `hashString`."""
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name).replace("-", "_")


def request(method: str, args: Mapping[str, Any], *, modern: bool) -> bytes:
    """The body of one call. `args` may hold `fields`, a list of names that is spelled too."""
    if modern:
        return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": args})
    spelled = {_old(name): value for name, value in args.items()}
    if "fields" in spelled:
        spelled["fields"] = [camel(name) for name in args["fields"]]
    return msgspec.json.encode({"method": method.replace("_", "-"), "arguments": spelled})


def _old(name: str) -> str:
    return name.replace("_", "-") if name in _KEBAB else camel(name)


def content(body: bytes, *, modern: bool) -> msgspec.Raw:
    """What a call brought. Raises `Rejected` with the program's own words, or `OtherDialect`."""
    reply = decoded(body, _Reply)
    if reply.jsonrpc and not modern:
        raise OtherDialect
    if reply.error is not None:
        raise _refused(reply.error.message, reply.error.data)
    if modern:
        return reply.result
    said = decoded(bytes(reply.result), str)
    if said != "success":
        raise _refused(said, None)
    return reply.arguments


def _refused(message: str, data: object) -> Rejected:
    more = str(data.get("error_string", "")) if isinstance(data, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
    text = more or message
    code = "not_a_torrent" if _CORRUPT.search(text) else "client_refused"
    return Rejected(code, message=text[:200])


def settings(raw: msgspec.Raw) -> dict[str, Any]:
    """`session_get`, names in snake_case whichever dialect it came in."""
    return {_snake(name): value for name, value in decoded(bytes(raw), dict[str, Any]).items()}


class _List(msgspec.Struct, frozen=True):
    torrents: list[msgspec.Raw]


def entries(raw: msgspec.Raw, kind: type[Any], *, modern: bool) -> tuple[list[Any], bool]:
    """Torrents one by one: a single odd one must not hide all others, but it does make the list
    incomplete, so that absence proves nothing.
    """
    raws = decoded(bytes(raw), _List).torrents
    read: list[Any] = []
    for one in raws:
        try:
            read.append(_entry(bytes(one), kind, modern=modern))
        except Malformed:
            continue
    return read, len(read) == len(raws)


def _entry(raw: bytes, kind: type[Any], *, modern: bool) -> Any:
    if not modern:
        return decoded(raw, kind)
    try:
        return msgspec.convert(_camel_keys(decoded(raw, dict[str, Any])), kind, strict=False)
    except msgspec.ValidationError:
        raise Malformed from None


def _camel_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {camel(str(key)): _camel_keys(one) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return [_camel_keys(one) for one in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType] - JSON


def added(raw: msgspec.Raw, *, modern: bool) -> str:
    """The hash of what an add made, or found there already."""
    values = decoded(bytes(raw), dict[str, Any])
    for name in ("torrent_added", "torrent_duplicate"):
        found = values.get(name) or values.get(name.replace("_", "-"))
        if found:
            return _entry(msgspec.json.encode(found), Named, modern=modern).hash_string.lower()
    raise Malformed


def item(torrent: Torrent) -> RemoteItem:
    """In the words of all clients."""
    state = read_state(
        torrent.status,
        torrent.percent_done,
        left=torrent.left_until_done,
        metadata=torrent.metadata_percent_complete,
        error=torrent.error,
        finished_once=torrent.done_date > 0,
        stalled=torrent.is_stalled,
    )
    known = torrent.metadata_percent_complete >= 1
    size = torrent.size_when_done if known and torrent.size_when_done > 0 else None
    folder = torrent.download_dir.replace("\\", "/").rstrip("/")
    return RemoteItem(
        id=torrent.hash_string.lower(),
        name=torrent.name,
        state=state,
        raw_state=str(torrent.status),
        size=size,
        done=max(0, size - torrent.left_until_done) if size else None,
        percent=round(min(max(torrent.percent_done, 0), 1) * 100, 1) if known else 0.0,
        speed=torrent.rate_download,
        eta_s=torrent.eta if torrent.eta > 0 else None,
        category=torrent.labels[0] if torrent.labels else "",
        info_hash_v1=torrent.hash_string.lower(),
        # The folder is shared by all torrents: what is ours in it begins with the name.
        path=f"{folder}/{torrent.name}" if folder and torrent.name and known else "",
        save_path=folder,
        message=torrent.error_string[:300],
        code="client_error" if torrent.error == LOCAL_ERROR else None,
        added_at=torrent.added_date * 1_000_000 if torrent.added_date > 0 else None,
    )


def remote_files(listing: Listing) -> list[RemoteFile]:
    """Paths relative to the torrent's folder; without statistics every file is wanted."""
    stats = [*listing.file_stats, *[FileStat()] * len(listing.files)]
    return [
        RemoteFile(
            path=file.name.replace("\\", "/"),
            size=file.length,
            done=file.bytes_completed >= file.length,
            wanted=stat.wanted,
        )
        for file, stat in zip(listing.files, stats, strict=False)
    ]
