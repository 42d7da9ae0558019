"""A client that is only two folders: one to drop torrents or NZBs into, one to find results in.

For programs that Bindery cannot speak to. It sees what arrives and nothing in between; what a
result is called decides whose it is (`domain/drop_results.py`).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

from bindery.adapters.configs import BlackholeConfig
from bindery.adapters.drop_folder import Drop, Folders, Seen
from bindery.adapters.failures import Rejected, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.part_files import write_record
from bindery.domain.drop_results import read_state
from bindery.domain.job_names import job_name
from bindery.domain.offers import Transport
from bindery.domain.torrents import magnet_name, read_torrent
from bindery.domain.transfers import (
    AddOptions,
    Ambiguous,
    ClientCapabilities,
    ClientInfo,
    PathFact,
    Payload,
    RemoteFile,
    RemoteId,
    RemoteItem,
    RemoteState,
    Snapshot,
)
from bindery.runtime.threads import RootUnreachable, in_thread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_ODD = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
_EXTENSIONS = {"torrent": ".torrent", "magnet": ".magnet", "nzb": ".nzb"}


class Blackhole:
    """Implements `DownloadClient`; ids are our own tokens."""

    capabilities: ClientCapabilities

    def __init__(self, config: BlackholeConfig, outbound: Outbound) -> None:
        self.capabilities = CAPABILITIES[config.transport]
        self._config = config
        self._outbound = outbound
        self._folders = Folders(Path(config.drop_dir), Path(config.watch_dir))
        self._disk = outbound.threads.root(f"blackhole:{config.watch_dir}")

    async def __aenter__(self) -> Self:
        """Nothing is looked at yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to close."""

    async def _on_disk(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        try:
            return await in_thread(self._disk, work, *args)
        except RootUnreachable:
            raise Unavailable("timeout") from None
        except FileNotFoundError:
            raise Unavailable("watch_folder_missing", path=self._config.watch_dir) from None
        except OSError:
            raise Unavailable("disk_error") from None

    async def probe(self) -> ClientInfo:
        """Whether both folders are there and can be written into; nothing is made."""
        for folder, code in (
            (self._config.drop_dir, "drop_folder_not_writable"),
            (self._config.watch_dir, "watch_folder_missing"),
        ):
            try:
                await in_thread(self._disk, _try, Path(folder))
            except OSError:
                raise Rejected(code, path=folder) from None
        path = PathFact(purpose="default", path=self._config.watch_dir)
        return ClientInfo(version="built-in", paths=(path,))

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Drop it; a second time nothing happens. A category is remembered, not handed on."""
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        if not self._folders.good_token(options.token):
            raise Rejected("bad_token")
        job = job_name(_plain(options.title or payload.name), options.token)
        drop = Drop(
            token=options.token,
            file=job + _EXTENSIONS[payload.kind],
            expected=[job, *_names(payload)],
            title=options.title or payload.name,
            category=options.category,
            hashes=[one for one in (payload.info_hash_v1, payload.info_hash_v2) if one],
            added_at=self._outbound.clock.now_us(),
        )
        await self._on_disk(self._folders.results.stat)
        try:
            await in_thread(self._disk, self._folders.put, drop, payload.data)
        except RootUnreachable:
            raise Unavailable("timeout") from None
        except OSError:
            raise Unavailable("drop_folder_not_writable", path=self._config.drop_dir) from None
        return options.token

    async def find(
        self,
        token: str,
        hashes: tuple[str, ...],
        name: str,  # noqa: ARG002 - a name may be somebody else's
    ) -> RemoteItem | Ambiguous | None:
        """By token, then by info-hash."""
        seen = await self._on_disk(self._folders.look)
        wanted = set(hashes)
        found = [one for one in seen if one.drop.token == token]
        found = found or [one for one in seen if wanted & set(one.drop.hashes)]
        if len(found) > 1:
            return Ambiguous(ids=tuple(one.drop.token for one in found))
        return self._item(found[0]) if found else None

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:  # noqa: ARG002 - all are ours
        """Everything that was dropped and not removed."""
        seen = await self._on_disk(self._folders.look)
        items = [self._item(one) for one in seen]
        return Snapshot(items=items, complete=True, at=self._outbound.clock.now_us())

    def _item(self, seen: Seen) -> RemoteItem:
        still_s = self._outbound.clock.now_us() / 1e6 - seen.changed_ns / 1e9
        state = read_state(
            seen.result,
            dropped_is_there=seen.waiting,
            still_s=-1 if seen.growing else still_s,
        )
        complete = state is RemoteState.COMPLETE
        size = sum(file.size for file in seen.files)
        hashes = [*seen.drop.hashes, "", ""]
        return RemoteItem(
            id=seen.drop.token,
            name=seen.result.name if seen.result else seen.drop.title,
            state=state,
            raw_state="waiting" if seen.waiting else "found" if seen.result else "taken",
            size=size if complete else None,
            done=size if seen.result else None,
            percent=100.0 if complete else None,
            category=seen.drop.category,
            token=seen.drop.token,
            info_hash_v1=next((one for one in hashes if len(one) == 40), None),
            info_hash_v2=next((one for one in hashes if len(one) == 64), None),
            path=f"{self._config.watch_dir.rstrip('/')}/{seen.result.name}" if seen.result else "",
            save_path=self._config.watch_dir if seen.result else "",
            code="client_failed" if state is RemoteState.FAILED else None,
            added_at=seen.drop.added_at or None,
        )

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        """Paths relative to the folder of results; empty while there is no result."""
        seen = await self._on_disk(self._folders.look)
        found = next((one for one in seen if one.drop.token == id), None)
        if found is None:
            raise Rejected("unknown_item")
        return found.files

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Forget it; what the program does with it is the program's. An unknown id is no error.

        Raises `Rejected("data_left")` when some of the result could not be deleted.
        """

        def work() -> bool:
            return self._folders.forget(id, with_data=with_data)

        if id and not await self._on_disk(work):
            raise Rejected("data_left", path=self._config.watch_dir)

    async def pause(self, id: RemoteId) -> None:  # noqa: ARG002 - the Protocol's
        """Folders cannot pause (capability `pause`)."""
        raise Rejected("unsupported")

    async def resume(self, id: RemoteId) -> None:  # noqa: ARG002 - the Protocol's
        """Folders cannot resume (capability `pause`)."""
        raise Rejected("unsupported")

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Nothing: folders have no categories (capability `categories`)."""


CAPABILITIES = {
    "torrent": ClientCapabilities(
        transports=(Transport.TORRENT,),
        payload_kinds=("torrent", "magnet"),
        files=True,
        token=True,
    ),
    "usenet": ClientCapabilities(
        transports=(Transport.USENET,), payload_kinds=("nzb",), files=True, token=True
    ),
}


def _names(payload: Payload) -> list[str]:
    """What the program may call the result, as far as the payload tells."""
    if payload.kind == "torrent":
        facts = read_torrent(payload.data)
        return [facts.name] if facts is not None and facts.name else []
    name = magnet_name(payload.data.decode("utf-8", "replace")) if payload.kind == "magnet" else ""
    return [name] if name else []


def _plain(title: str) -> str:
    """A title that can be the name of a file and is not hidden."""
    return _ODD.sub("_", title).lstrip(".")


def _try(folder: Path) -> None:
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    write_record(folder / ".bindery-try", b"")
    (folder / ".bindery-try").unlink()
