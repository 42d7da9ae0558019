"""What NZBGet's JSON-RPC sends and takes, as data (downloads-and-import.md 2.2)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bindery.adapters.failures import Malformed, Rejected
from bindery.adapters.json_answers import decoded
from bindery.domain.transfers import RemoteItem, RemoteState
from bindery.domain.usenet_states import NZBGET_GROUP, nzbget_done

OUR_PARAMETER = "bindery"
"""The post-processing parameter that carries our token."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class Parameter(msgspec.Struct, frozen=True, rename="pascal"):
    """One post-processing parameter."""

    name: str = ""
    value: str = ""


class Group(msgspec.Struct, frozen=True):
    """One job of the queue."""

    id: int = msgspec.field(name="NZBID")
    name: str = msgspec.field(name="NZBName", default="")
    status: str = msgspec.field(name="Status", default="QUEUED")
    category: str = msgspec.field(name="Category", default="")
    size_lo: int = msgspec.field(name="FileSizeLo", default=0)
    size_hi: int = msgspec.field(name="FileSizeHi", default=0)
    left_lo: int = msgspec.field(name="RemainingSizeLo", default=0)
    left_hi: int = msgspec.field(name="RemainingSizeHi", default=0)
    active: int = msgspec.field(name="ActiveDownloads", default=0)
    parameters: list[Parameter] = msgspec.field(name="Parameters", default_factory=list[Parameter])


class Entry(msgspec.Struct, frozen=True):
    """One entry of the history."""

    id: int = msgspec.field(name="NZBID")
    name: str = msgspec.field(name="Name", default="")
    status: str = msgspec.field(name="Status", default="")
    category: str = msgspec.field(name="Category", default="")
    size_lo: int = msgspec.field(name="FileSizeLo", default=0)
    size_hi: int = msgspec.field(name="FileSizeHi", default=0)
    dest_dir: str = msgspec.field(name="DestDir", default="")
    final_dir: str = msgspec.field(name="FinalDir", default="")
    par: str = msgspec.field(name="ParStatus", default="")
    unpack: str = msgspec.field(name="UnpackStatus", default="")
    move: str = msgspec.field(name="MoveStatus", default="")
    mark: str = msgspec.field(name="MarkStatus", default="")
    time: int = msgspec.field(name="HistoryTime", default=0)
    parameters: list[Parameter] = msgspec.field(name="Parameters", default_factory=list[Parameter])


class _Error(msgspec.Struct, frozen=True):
    name: str = ""
    message: str = ""


class _Reply(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class _Option(msgspec.Struct, frozen=True, rename="pascal"):
    name: str = ""
    value: str = ""


def request(method: str, params: Sequence[Any]) -> bytes:
    """The body of one call. NZBGet's parser misreads what follows `params`: they come last."""
    head = msgspec.json.encode({"method": method, "id": 1})[:-1]
    return head + b',"params":' + msgspec.json.encode(list(params)) + b"}"


def result(body: bytes) -> msgspec.Raw:
    """What a call brought, or `Rejected` with the program's words. Very old versions, and some
    proxies, leave the envelope away.
    """
    if body.lstrip()[:1] == b"[":
        return msgspec.Raw(body)
    reply = decoded(body, _Reply)
    if reply.error is not None:
        raise Rejected("client_refused", message=reply.error.message[:200])
    return reply.result


def options(raw: msgspec.Raw) -> dict[str, str]:
    """`config`: option -> value."""
    return {one.name: one.value for one in decoded(bytes(raw), list[_Option])}


def categories(settings: Mapping[str, str]) -> dict[str, str]:
    """Name of each category -> its folder as the client names it."""
    found: dict[str, str] = {}
    number = 1
    while name := settings.get(f"Category{number}.Name"):
        own = settings.get(f"Category{number}.DestDir", "")
        folder = expanded(own, settings)
        if not folder:
            folder = expanded(settings.get("DestDir", ""), settings)
            if settings.get("AppendCategoryDir", "yes").lower() == "yes":
                folder = f"{folder.rstrip('/')}/{name}"
        found[name] = folder
        number += 1
    return found


def expanded(text: str, settings: Mapping[str, str]) -> str:
    """A path with its `${Variables}` replaced, at most eight times over."""
    for _ in range(8):
        if "${" not in text:
            break
        text = _VARIABLE.sub(lambda found: settings.get(found[1], ""), text)
    return text.replace("\\", "/")


def groups(raw: msgspec.Raw, speed: int | None) -> tuple[list[RemoteItem], bool]:
    """The jobs of the queue, and whether all could be read."""
    read, whole = _entries(raw, Group)
    running = sum(1 for one in read if one.status == "DOWNLOADING")
    return [_group(one, speed if running == 1 else None) for one in read], whole


def history(raw: msgspec.Raw) -> tuple[list[RemoteItem], bool]:
    """The jobs of the history, and whether all could be read."""
    read, whole = _entries(raw, Entry)
    return [_entry(one) for one in read], whole


def _entries(raw: msgspec.Raw, kind: type[Any]) -> tuple[list[Any], bool]:
    raws = decoded(bytes(raw), list[msgspec.Raw])
    read: list[Any] = []
    for one in raws:
        try:
            read.append(decoded(bytes(one), kind))
        except Malformed:
            continue
    return read, len(read) == len(raws)


def _group(group: Group, speed: int | None) -> RemoteItem:
    state = NZBGET_GROUP.get(group.status, RemoteState.QUEUED)
    size = _whole(group.size_hi, group.size_lo)
    left = _whole(group.left_hi, group.left_lo)
    running = state is RemoteState.DOWNLOADING
    return RemoteItem(
        id=str(group.id),
        name=group.name,
        state=state,
        raw_state=group.status,
        size=size or None,
        done=max(0, size - left) if size else None,
        percent=round(max(0, size - left) / size * 100, 1) if size else None,
        speed=speed if running else None,
        eta_s=left // speed if running and speed else None,
        category=group.category,
        token=_token(group.parameters),
    )


def _entry(entry: Entry) -> RemoteItem:
    state, code = nzbget_done(
        entry.status, par=entry.par, unpack=entry.unpack, move=entry.move, mark=entry.mark
    )
    size = _whole(entry.size_hi, entry.size_lo)
    path = (entry.final_dir or entry.dest_dir).replace("\\", "/")
    complete = state is RemoteState.COMPLETE
    return RemoteItem(
        id=str(entry.id),
        name=entry.name,
        state=state,
        raw_state=entry.status,
        size=size or None,
        done=size if complete and size else None,
        percent=100.0 if complete else None,
        category=entry.category,
        token=_token(entry.parameters),
        path=path if complete else "",
        save_path=path if complete else "",
        message="" if complete else entry.status,
        code=code,
        added_at=entry.time * 1_000_000 or None,
    )


def _token(parameters: Sequence[Parameter]) -> str | None:
    return next((one.value for one in parameters if one.name == OUR_PARAMETER and one.value), None)


def _whole(high: int, low: int) -> int:
    """A 64 bit number from its halves; the lower one may come as a negative number."""
    return (high << 32) + (low & 0xFFFFFFFF)
