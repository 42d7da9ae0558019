"""What rTorrent sends and takes, as data (downloads-and-import.md 2.6, test-programs.md 6)."""

from collections.abc import Collection
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

import msgspec

from bindery.adapters.failures import Malformed, OutsideError, Rejected
from bindery.adapters.xml_rpc import Fault, Value, answer, items, text_of, value_of
from bindery.domain.rtorrent_states import LAST_CHECK, Flags, read_state, storage_failed
from bindery.domain.transfers import RemoteFile, RemoteItem, RemoteState

NO_SUCH_TORRENT, NOT_XML_RPC, NO_SUCH_METHOD = -501, -503, -506
TOKEN_KEY = "bindery"  # noqa: S105 - the name of a custom field
FIELDS = (
    "d.hash=",
    f"d.custom={TOKEN_KEY}",
    "d.name=",
    "d.base_path=",
    "d.directory=",
    "d.custom1=",
    "d.size_bytes=",
    "d.completed_bytes=",
    "d.down.rate=",
    "d.complete=",
    "d.state=",
    "d.is_open=",
    "d.is_active=",
    "d.is_meta=",
    "d.is_multi_file=",
    "d.hashing=",
    "d.is_hash_checking=",
    "d.peers_connected=",
    "d.peers_complete=",
    "d.load_date=",
    "d.message=",
)
"""What a snapshot asks of each torrent, in the order of `Torrent`."""
FILE_FIELDS = ("f.path=", "f.size_bytes=", "f.completed_chunks=", "f.size_chunks=", "f.priority=")


class Torrent(msgspec.Struct, frozen=True, array_like=True):
    """One torrent. Its fields are those of `FIELDS`, in their order."""

    hash: str
    token: str
    name: str
    base_path: str
    directory: str
    label: str
    size: int
    completed: int
    down_rate: int
    complete: int
    state: int
    is_open: int
    is_active: int
    is_meta: int
    is_multi_file: int
    hashing: int
    is_hash_checking: int
    peers_connected: int
    peers_complete: int
    load_date: int
    message: str

    @property
    def folder(self) -> str:
        """The folder in which the item lies, as the program names it."""
        place = self.directory.rstrip("/")
        return place.rpartition("/")[0] if self.is_multi_file else place

    @property
    def path(self) -> str:
        """The item itself; a closed one has no `base_path`."""
        if self.base_path:
            return self.base_path
        place = self.directory.rstrip("/")
        if self.is_multi_file:
            return place
        return f"{place}/{self.name}" if place and self.name else ""


class _File(msgspec.Struct, frozen=True, array_like=True):
    path: str
    size: int
    done_chunks: int
    all_chunks: int
    priority: int


def result(body: bytes) -> Value:
    """The value of an answer; a fault is raised as `Rejected`."""
    told = answer(body)
    if isinstance(told, Fault):
        raise refused(told)
    return value_of(told)


def refused(fault: Fault) -> OutsideError:
    """The program's refusal in our words."""
    text = fault.text[:200]
    if fault.code == NO_SUCH_TORRENT:
        return Rejected("unknown_item")
    if fault.code == NO_SUCH_METHOD:
        return Rejected("client_method_missing", message=text)
    if fault.code == NOT_XML_RPC and "too large" in text:
        return Rejected("client_rpc_limit", message=text)
    return Rejected("client_refused", message=text)


def torrents(body: bytes, only: Collection[str] = ()) -> tuple[list[Torrent], bool]:
    """The rows of `d.multicall2`, and whether all could be read: one odd row must not hide the
    others. With `only` (upper-case hashes), just those and the ones that carry a token of ours;
    reading thousands of foreign rows is what a look costs.
    """
    told = answer(body)
    if isinstance(told, Fault):
        raise refused(told)
    read: list[Torrent] = []
    complete = True
    for row in items(told):
        try:
            cells = list(items(row))
            if len(cells) != len(FIELDS):
                complete = False
            elif not only or text_of(cells[0]) in only or text_of(cells[1]):
                read.append(_torrent(cells))
        except (Malformed, msgspec.ValidationError):
            complete = False
    return read, complete


def _torrent(cells: list[Element]) -> Torrent:
    values = [value_of(cell) for cell in cells]
    torrent = msgspec.convert(values, Torrent, strict=False)
    if len(torrent.hash) != 40:
        raise Malformed("not_xml_rpc")
    return torrent


def item(torrent: Torrent) -> RemoteItem:
    """In the words of all clients."""
    state = read_state(
        Flags(
            started=bool(torrent.state),
            open=bool(torrent.is_open),
            active=bool(torrent.is_active),
            complete=bool(torrent.complete),
            hashing=torrent.hashing,
            checking=bool(torrent.is_hash_checking),
            metadata=bool(torrent.is_meta),
            speed=torrent.down_rate,
            peers=torrent.peers_connected,
            message=torrent.message,
        )
    )
    # A magnet without metadata is shown as a file of one byte.
    size = None if torrent.is_meta else torrent.size or None
    done = min(torrent.completed, size) if size else None
    if size and (torrent.complete or torrent.hashing == LAST_CHECK):
        done = size
    left = size - done if size and done is not None else 0
    speed = torrent.down_rate
    told = "" if torrent.complete and not storage_failed(torrent.message) else torrent.message
    hash_ = torrent.hash.lower()
    return RemoteItem(
        id=hash_,
        name=torrent.name,
        state=state,
        raw_state=_raw(torrent),
        size=size,
        done=done,
        percent=round(100 * done / size, 1) if size and done is not None else 0.0,
        speed=speed,
        eta_s=left // speed if left and speed > 0 else None,
        seeders=torrent.peers_complete,
        category=label_read(torrent.label),
        token=torrent.token or None,
        info_hash_v1=hash_,
        path="" if torrent.is_meta else torrent.path,
        save_path=torrent.folder,
        message=told[:300],
        code="client_error" if state is RemoteState.FAILED else None,
        added_at=torrent.load_date * 1_000_000 if torrent.load_date > 0 else None,
    )


def _raw(torrent: Torrent) -> str:
    words = (
        ("hashing", torrent.hashing or torrent.is_hash_checking),
        ("complete", torrent.complete),
        ("meta", torrent.is_meta),
        ("started", torrent.state),
        ("open", torrent.is_open),
        ("active", torrent.is_active),
    )
    return " ".join(word for word, on in words if on)


def remote_files(torrent: Torrent, listed: Value) -> list[RemoteFile]:
    """Paths relative to the folder in which the item lies."""
    try:
        files = msgspec.convert(listed, list[_File], strict=False)
    except msgspec.ValidationError:
        raise Malformed("not_xml_rpc") from None
    if torrent.is_meta:
        return []
    head = f"{torrent.directory.rstrip('/').rpartition('/')[2]}/" if torrent.is_multi_file else ""
    return [
        RemoteFile(
            path=head + file.path,
            size=file.size,
            done=bool(torrent.complete) or file.done_chunks >= file.all_chunks,
            wanted=file.priority != 0,
        )
        for file in files
    ]


def label_sent(label: str) -> str:
    """As ruTorrent writes labels: percent-encoded."""
    return quote(label, safe="")


def label_read(label: str) -> str:
    """A label as people see it; escapes that are none stay."""
    return unquote(label)


def command(name: str, *values: str) -> str:
    """A command for a load: always quoted."""
    quoted = ('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return f"{name}={','.join(quoted)}"
