"""What SABnzbd's API sends, as data (downloads-and-import.md 2.1)."""

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from bindery.adapters.failures import Malformed
from bindery.adapters.json_answers import decoded
from bindery.domain.job_names import named
from bindery.domain.transfers import RemoteItem, RemoteState
from bindery.domain.usenet_states import sabnzbd_done, sabnzbd_queued

MEBI = 1024 * 1024
_UNSAFE = re.compile(r"[/\\\x00]")


class QueueSlot(msgspec.Struct, frozen=True):
    """One job of the queue; sizes are texts such as `1,277.65`."""

    nzo_id: str
    filename: str = ""
    status: str = ""
    cat: str = ""
    mb: str = ""
    mbleft: str = ""
    percentage: str = ""
    priority: str = ""
    timeleft: str = ""
    time_added: int = 0
    labels: list[str] = []


class HistorySlot(msgspec.Struct, frozen=True):
    """One job of the history."""

    nzo_id: str
    name: str = ""
    status: str = ""
    category: str = ""
    bytes: int = 0
    storage: str | None = ""
    fail_message: str | None = ""
    completed: int = 0


class _Queue(msgspec.Struct, frozen=True):
    slots: list[msgspec.Raw] = []
    paused: bool = False
    kbpersec: str = ""
    noofslots_total: int | None = None
    noofslots: int = 0


class _History(msgspec.Struct, frozen=True):
    slots: list[msgspec.Raw] = []
    noofslots: int | None = None


class _QueueAnswer(msgspec.Struct, frozen=True):
    queue: _Queue


class _HistoryAnswer(msgspec.Struct, frozen=True):
    history: _History


class Added(msgspec.Struct, frozen=True):
    """The answer to an add."""

    status: bool = False
    nzo_ids: list[str] = []
    error: str | None = ""


class Categories(msgspec.Struct, frozen=True):
    """Names of the categories; `*` is the default one."""

    categories: list[str]


class _Category(msgspec.Struct, frozen=True):
    name: str = ""
    dir: str | None = ""


class _Misc(msgspec.Struct, frozen=True):
    complete_dir: str = ""
    history_retention: str | int = ""
    history_retention_option: str = ""


class _Config(msgspec.Struct, frozen=True):
    misc: _Misc = _Misc()
    categories: list[_Category] = []


class ConfigAnswer(msgspec.Struct, frozen=True):
    """The few settings that we look at; the answer holds passwords, which are never read."""

    config: _Config = _Config()

    @property
    def forgets(self) -> bool:
        """Whether finished jobs leave the history at once."""
        misc = self.config.misc
        return str(misc.history_retention) == "-1" or misc.history_retention_option == "all-delete"

    def folder_of(self, category: str) -> str:
        """Where a category's jobs end up; a trailing `*` of its folder means: none of their own."""
        complete = slashed(self.config.misc.complete_dir).rstrip("/")
        named = next((c.dir or "" for c in self.config.categories if c.name == category), "")
        named = slashed(named).rstrip("*/")
        if not named or not complete:
            return complete
        absolute = named.startswith("/") or named[1:2] == ":"
        return named if absolute else f"{complete}/{named}"


def queue(body: bytes) -> tuple[list[RemoteItem], bool]:
    """The jobs of the queue, and whether these are all."""
    told = decoded(body, _QueueAnswer).queue
    slots, whole = _entries(told.slots, QueueSlot)
    speed = _speed(told.kbpersec)
    items = [_queued(slot, paused=told.paused, speed=speed) for slot in slots]
    total = told.noofslots if told.noofslots_total is None else told.noofslots_total
    return items, whole and len(told.slots) >= total


def history(body: bytes) -> tuple[list[RemoteItem], bool]:
    """The jobs of the history that were asked for, and whether these are all."""
    told = decoded(body, _HistoryAnswer).history
    slots, whole = _entries(told.slots, HistorySlot)
    return [_done(slot) for slot in slots], whole and len(told.slots) >= (told.noofslots or 0)


def _entries(raws: list[msgspec.Raw], kind: type[Any]) -> tuple[list[Any], bool]:
    """One by one: a single odd one must not hide all others."""
    read: list[Any] = []
    for raw in raws:
        try:
            read.append(decoded(bytes(raw), kind))
        except Malformed:
            continue
    return read, len(read) == len(raws)


def _queued(slot: QueueSlot, *, paused: bool, speed: int | None) -> RemoteItem:
    forced = slot.priority == "Force"
    state, code = sabnzbd_queued(
        slot.status, slot.filename, tuple(slot.labels), paused=paused and not forced
    )
    size, left = megabytes(slot.mb), megabytes(slot.mbleft)
    running = state is RemoteState.DOWNLOADING
    title, token = named(slot.filename.removeprefix("ENCRYPTED /").strip())
    return RemoteItem(
        id=slot.nzo_id,
        name=title,
        token=token,
        state=state,
        raw_state=slot.status,
        size=size,
        done=max(0, size - left) if size is not None and left is not None else None,
        percent=_percent(slot.percentage),
        speed=speed if running else None,
        eta_s=seconds(slot.timeleft) if running else None,
        category=slot.cat,
        code=code,
        added_at=slot.time_added * 1_000_000 or None,
    )


def _done(slot: HistorySlot) -> RemoteItem:
    message = slot.fail_message or ""
    state, code = sabnzbd_done(slot.status, message)
    path = job_folder(slashed(slot.storage or ""), slot.name)
    title, token = named(slot.name)
    return RemoteItem(
        id=slot.nzo_id,
        name=title,
        token=token,
        state=state,
        raw_state=slot.status,
        size=slot.bytes or None,
        done=slot.bytes or None,
        percent=100.0,
        category=slot.category,
        path=path if state is RemoteState.COMPLETE else "",
        save_path=path if state is RemoteState.COMPLETE else "",
        message=message[:300],
        code=code,
        added_at=slot.completed * 1_000_000 or None,
    )


def job_folder(storage: str, name: str) -> str:
    """The job's own folder: `storage` may be a file deep inside it. Else `storage` as it is."""
    path = PurePosixPath(storage)
    for place in (path, *path.parents):
        if name and place.name == name:
            return str(place)
    return storage


def megabytes(text: str) -> int | None:
    """`1,277.65` or `687 MB` -> bytes; None for what is no number."""
    first = text.split(maxsplit=1)[0].replace(",", "") if text.split() else ""
    try:
        return round(float(first) * MEBI)
    except (ValueError, OverflowError):
        return None


def seconds(text: str) -> int | None:
    """`0:16:44` or `1:02:03:04` -> seconds; None for nothing left or no number."""
    parts = text.split(":")
    if not all(part.isdecimal() for part in parts) or len(parts) > 4:
        return None
    total = 0
    for part, unit in zip(reversed(parts), (1, 60, 3600, 86400), strict=False):
        total += int(part) * unit
    return total or None


def _percent(text: str) -> float | None:
    try:
        return min(max(float(text), 0.0), 100.0)
    except ValueError:
        return None


def _speed(text: str) -> int | None:
    try:
        return int(float(text) * 1024)
    except (ValueError, OverflowError):
        return None


def file_name(title: str) -> str:
    """A name for the NZB that goes with the add."""
    return (_UNSAFE.sub("_", title).strip() or "bindery") + ".nzb"


def slashed(path: str) -> str:
    """A path with slashes, whatever system the client runs on."""
    return path.replace("\\", "/")
