"""What Deluge's Web JSON-RPC sends and takes, as data (downloads-and-import.md 2.5)."""

import re
from typing import Any

import msgspec

from bindery.adapters.failures import Malformed, Rejected
from bindery.adapters.json_answers import decoded
from bindery.domain.deluge_states import read_state
from bindery.domain.transfers import RemoteFile, RemoteItem

NOT_SIGNED_IN, UNKNOWN_METHOD = 1, 2
STALLED_S = 60
FIELDS = (
    "name",
    "hash",
    "state",
    "progress",
    "is_finished",
    "total_wanted",
    "total_done",
    "eta",
    "download_payload_rate",
    "num_seeds",
    "save_path",
    "move_completed",
    "move_completed_path",
    "download_location",
    "label",
    "message",
    "time_added",
    "time_since_transfer",
)
"""What a snapshot asks of each torrent; `label` is there only with the plug-in."""
_NOT_A_TORRENT = re.compile(r"decod|bencod|invalid torrent|torrent file", re.IGNORECASE)


class Torrent(msgspec.Struct, frozen=True):
    """One torrent, reduced to what we read."""

    name: str = ""
    state: str = ""
    progress: float = 0.0
    is_finished: bool = False
    total_wanted: int = 0
    total_done: int = 0
    eta: float = 0
    download_payload_rate: float = 0
    num_seeds: int = -1
    save_path: str = ""
    download_location: str = ""
    label: str = ""
    message: str = ""
    time_added: float = 0
    time_since_transfer: float = -1


class File(msgspec.Struct, frozen=True):
    """One file of a torrent."""

    path: str
    size: int = 0
    index: int = 0


class Listing(msgspec.Struct, frozen=True):
    """The files of one torrent with what goes with each by position."""

    files: list[File] = []
    file_progress: list[float] = []
    file_priorities: list[int] = []


class RpcError(msgspec.Struct, frozen=True):
    """A refusal: `code` 1 not signed in, 2 unknown method or no daemon, 4 the daemon's own."""

    message: str = ""
    code: int = 0


class _Reply(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: RpcError | None = None


def request(method: str, params: list[Any]) -> bytes:
    """The body of one call."""
    return msgspec.json.encode({"id": 1, "method": method, "params": params})


def reply(body: bytes) -> tuple[msgspec.Raw, RpcError | None]:
    """Result and error of one answer."""
    told = decoded(body, _Reply)
    return told.result, told.error


def refused(error: RpcError) -> Rejected:
    """The daemon's refusal in our words."""
    code = "not_a_torrent" if _NOT_A_TORRENT.search(error.message) else "client_refused"
    return Rejected(code, message=error.message[:200])


def torrents(raw: msgspec.Raw) -> tuple[dict[str, Torrent], bool]:
    """Hash -> torrent, one by one: a single odd one must not hide all others."""
    listed = decoded(bytes(raw), dict[str, msgspec.Raw])
    read: dict[str, Torrent] = {}
    for hash_, one in listed.items():
        try:
            read[hash_.lower()] = decoded(bytes(one), Torrent)
        except Malformed:
            continue
    return read, len(read) == len(listed)


def item(hash_: str, torrent: Torrent) -> RemoteItem:
    """In the words of all clients."""
    silent = torrent.time_since_transfer >= STALLED_S
    state = read_state(
        torrent.state,
        finished=torrent.is_finished,
        size=torrent.total_wanted,
        speed=int(torrent.download_payload_rate),
        stalled=silent,
    )
    folder = (torrent.download_location or torrent.save_path).replace("\\", "/").rstrip("/")
    size = torrent.total_wanted or None
    return RemoteItem(
        id=hash_,
        name=torrent.name,
        state=state,
        raw_state=torrent.state,
        size=size,
        done=min(torrent.total_done, size) if size else None,
        percent=round(min(max(torrent.progress, 0.0), 100.0), 1) if size else 0.0,
        speed=int(torrent.download_payload_rate),
        eta_s=int(torrent.eta) if torrent.eta > 0 else None,
        seeders=torrent.num_seeds if torrent.num_seeds >= 0 else None,
        category=torrent.label,
        info_hash_v1=hash_,
        path=f"{folder}/{torrent.name}" if folder and torrent.name and size else "",
        save_path=folder,
        message=torrent.message[:300] if torrent.message != "OK" else "",
        code="client_error" if torrent.state.casefold() == "error" else None,
        added_at=int(torrent.time_added * 1_000_000) if torrent.time_added > 0 else None,
    )


def remote_files(listing: Listing) -> list[RemoteFile]:
    """Paths relative to the torrent's folder."""
    progress = [*listing.file_progress, *[0.0] * len(listing.files)]
    priorities = [*listing.file_priorities, *[1] * len(listing.files)]
    return [
        RemoteFile(
            path=file.path.replace("\\", "/"),
            size=file.size,
            done=progress[at] >= 1,
            wanted=priorities[at] != 0,
        )
        for at, file in enumerate(listing.files)
    ]
