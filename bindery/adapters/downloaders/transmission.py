"""Transmission over its RPC, 2.8 to 4.x (downloads-and-import.md 2.4, test-programs.md 4).

Torrents are known by their hash only: the program's own numbers change when it restarts. Labels
may be lost when it is killed, so nothing depends on them.
"""

import base64
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
import trio

from bindery.adapters.configs import TransmissionConfig
from bindery.adapters.failures import Rejected, Unavailable
from bindery.adapters.json_answers import basic, judged
from bindery.adapters.outbound import Ask, Outbound
from bindery.adapters.transmission_wire import (
    FIELDS,
    Listing,
    OtherDialect,
    Torrent,
    added,
    content,
    entries,
    item,
    remote_files,
    request,
    settings,
)
from bindery.domain.addresses import Policy, Reach
from bindery.domain.offers import Transport
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
    Snapshot,
)
from bindery.domain.transmission_states import STOPPED
from bindery.runtime.threads import in_thread

LARGE_BYTES = 256 * 1024
MOST_BYTES = 64 * 1024 * 1024
STOPS_S = 5.0
LOOK_EVERY_S = 0.1
SESSIONS = 3
"""How often one call takes a new session id; more is a program that refuses its own."""


class Transmission:
    """One Transmission. Implements `DownloadClient`; ids are lower-case info-hashes."""

    capabilities = ClientCapabilities(
        transports=(Transport.TORRENT,),
        payload_kinds=("torrent", "magnet"),
        files=True,
        pause=True,
        categories=True,
        seed_ratio=True,
    )

    def __init__(self, config: TransmissionConfig, outbound: Outbound) -> None:
        self._config = config
        base = config.url.rstrip("/").removesuffix("/rpc").removesuffix("/transmission")
        self._url = f"{base}/transmission/rpc"
        self._headers = {"content-type": "application/json"}
        self._headers |= basic(config.username, config.password)
        self._outbound = outbound
        self._http = outbound.client(Policy(Reach.LAN_LOOPBACK), timeout_s=config.timeout_s)
        self._session = ""
        self._modern = False
        """Whether the program speaks only JSON-RPC 2.0; the old dialect is tried first."""

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _call(self, method: str, args: Mapping[str, Any]) -> msgspec.Raw:
        """One call; names in snake_case. The content of its answer."""
        if not self._modern:
            body = await self._post(request(method, args, modern=False))
            try:
                return content(body, modern=False)
            except OtherDialect:
                self._modern = True
        return content(await self._post(request(method, args, modern=True)), modern=True)

    async def _post(self, body: bytes) -> bytes:
        for _ in range(SESSIONS):
            ask = Ask(
                url=self._url,
                method="POST",
                headers={**self._headers, "x-transmission-session-id": self._session},
                content=body,
                redirects=False,
            )
            answer = await self._http.send(ask, max_bytes=MOST_BYTES)
            if answer.status != 409:
                return judged(answer)
            self._session = answer.headers.get("x-transmission-session-id", "")
        raise Unavailable("session_refused")

    async def probe(self) -> ClientInfo:
        """Version, folders that matter, and what will not work as configured."""
        told = settings(await self._call("session_get", {}))
        default = _slashed(str(told.get("download_dir", "")))
        paths = [PathFact(purpose="default", path=self._config.save_path or default)]
        if self._config.category:
            where = self._folder(self._config.category, default)
            paths.append(PathFact(purpose="category", path=where))
        if self._config.category_audiobook:
            where = self._folder(self._config.category_audiobook, default)
            paths.append(PathFact(purpose="category_audiobook", path=where))
        warnings = () if told.get("dht_enabled", True) else ("dht_off",)
        if told.get("download_queue_enabled"):
            warnings += ("queueing_on",)
        return ClientInfo(
            version=str(told.get("version", ""))[:40],
            api_version=str(told.get("rpc_version_semver") or told.get("rpc_version", "")),
            paths=tuple(paths),
            warnings=warnings,
        )

    def _folder(self, category: str, default: str) -> str:
        """Where a category's torrents go: the configured folder, a category that is one, or a
        folder of the category's name in the program's own.
        """
        if self._config.save_path:
            return self._config.save_path
        return category if category.startswith("/") else f"{default.rstrip('/')}/{category}"

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:  # noqa: ARG002 - it lists everything
        """Every torrent of the program, in one request."""
        listed, complete = await self._list({})
        items = [item(torrent) for torrent in listed]
        return Snapshot(items=items, complete=complete, at=self._outbound.clock.now_us())

    async def _list(self, args: Mapping[str, Any]) -> tuple[list[Torrent], bool]:
        raw = await self._call("torrent_get", {**args, "fields": FIELDS})
        if len(bytes(raw)) > LARGE_BYTES:
            cpu = self._outbound.threads.cpu
            return await in_thread(cpu, lambda: entries(raw, Torrent, modern=self._modern))
        return entries(raw, Torrent, modern=self._modern)

    async def find(
        self,
        token: str,  # noqa: ARG002 - Transmission carries hashes, not tokens
        hashes: tuple[str, ...],
        name: str,
    ) -> RemoteItem | Ambiguous | None:
        """By hash; by the exact name only when no hash is known."""
        wanted = sorted({text.lower()[:40] for text in hashes if text})
        if wanted:
            found, _ = await self._list({"ids": wanted})
        else:
            title = name.strip().casefold()
            everything, _ = await self._list({})
            found = [one for one in everything if one.name.strip().casefold() == title]
        if len(found) > 1:
            return Ambiguous(ids=tuple(one.hash_string.lower() for one in found))
        return item(found[0]) if found else None

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        """Paths relative to the item's `save_path`; empty while the metadata is not there."""
        raw = await self._call("torrent_get", {"ids": [id], "fields": ("files", "file_stats")})
        listed, _ = entries(raw, Listing, modern=self._modern)
        if not listed:
            raise Rejected("unknown_item")
        return remote_files(listed[0])

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Add, or adopt what is there already."""
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        args: dict[str, Any] = {"paused": options.paused}
        if payload.kind == "magnet":
            args["filename"] = payload.data.decode()
        else:
            args["metainfo"] = base64.b64encode(payload.data).decode()
        if self._config.save_path:
            args["download_dir"] = self._config.save_path
        elif options.category:
            told = settings(await self._call("session_get", {}))
            default = _slashed(str(told.get("download_dir", "")))
            args["download_dir"] = self._folder(options.category, default)
        raw = await self._call("torrent_add", args)
        id_ = added(raw, modern=self._modern)
        # 3.0 ignores labels on the add itself, and no version takes a ratio there.
        if options.category:
            await self.set_category(id_, options.category)
        if options.seed_ratio is not None:
            await self.limit_seeding(id_, options.seed_ratio)
        return id_

    async def limit_seeding(self, id: RemoteId, ratio: float) -> None:
        """Seed up to this ratio; -1 = without end."""
        args: dict[str, Any] = {"ids": [id], "seed_ratio_mode": 2 if ratio < 0 else 1}
        if ratio >= 0:
            args["seed_ratio_limit"] = ratio
        await self._call("torrent_set", args)

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Remove; an unknown or empty id is no error. Only the torrent's own files go with it."""
        if id:
            await self._call("torrent_remove", {"ids": [id], "delete_local_data": with_data})

    async def pause(self, id: RemoteId) -> None:
        """Stop transferring. The program forgets a stop that comes while it checks a new torrent,
        so it is told again until it shows it (at most 5 s).
        """
        with trio.move_on_after(STOPS_S):
            while True:
                await self._call("torrent_stop", {"ids": [id]})
                found, _ = await self._list({"ids": [id]})
                if all(torrent.status == STOPPED for torrent in found):
                    return
                await trio.sleep(LOOK_EVERY_S)

    async def resume(self, id: RemoteId) -> None:
        """Transfer again."""
        await self._call("torrent_start", {"ids": [id]})

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Label it; a person's own labels stay, the files too."""
        found, _ = await self._list({"ids": [id]})
        ours = {self._config.category, self._config.category_audiobook, category}
        kept = [label for one in found for label in one.labels if label not in ours]
        labels = [category, *kept] if category and not category.startswith("/") else kept
        await self._call("torrent_set", {"ids": [id], "labels": labels})


def _slashed(path: str) -> str:
    return path.replace("\\", "/")
