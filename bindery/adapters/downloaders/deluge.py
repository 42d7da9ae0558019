"""Deluge through its Web UI, 1.3 to 2.x (downloads-and-import.md 2.5, test-programs.md 5).

The Web UI is one program and the daemon another: a session can be good while nothing is behind
it, and then calls to the daemon hang. So before the first call, and after any failure, the Web UI
is asked whether it is connected, and connected if it is not.
"""

import base64
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import trio

from bindery.adapters.configs import DelugeConfig
from bindery.adapters.deluge_wire import (
    FIELDS,
    NOT_SIGNED_IN,
    UNKNOWN_METHOD,
    Listing,
    Torrent,
    item,
    refused,
    remote_files,
    reply,
    request,
    torrents,
)
from bindery.adapters.failures import OutsideError, Rejected, Unauthorized, Unavailable
from bindery.adapters.json_answers import decoded, judged
from bindery.adapters.outbound import Ask, Outbound
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
from bindery.runtime.threads import in_thread

LARGE_BYTES = 256 * 1024
MOST_BYTES = 64 * 1024 * 1024
BAD_CREDENTIALS_S = 60.0
_COOKIE = re.compile(r"(_session_id)=([^;,\s]+)")
_LABEL = re.compile(r"[^a-z0-9_-]+")
_LOCAL = frozenset(("127.0.0.1", "localhost", "::1"))

T = TypeVar("T")


class Deluge:
    """One Deluge. Implements `DownloadClient`; ids are lower-case info-hashes."""

    capabilities = ClientCapabilities(
        transports=(Transport.TORRENT,),
        payload_kinds=("torrent", "magnet"),
        files=True,
        pause=True,
        categories=True,
        seed_ratio=True,
    )

    def __init__(self, config: DelugeConfig, outbound: Outbound) -> None:
        self._config = config
        self._url = f"{config.url.rstrip('/').removesuffix('/json')}/json"
        self._outbound = outbound
        self._http = outbound.client(Policy(Reach.LAN_LOOPBACK), timeout_s=config.timeout_s)
        self._door = trio.Lock()
        self._cookie = ""
        self._ready = 0
        """Counts sign-ins, so that of several callers with a stale session only one renews it."""
        self._no_login_before = float("-inf")
        self._labels: frozenset[str] | None = None

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections; the session is left to expire."""
        await self._http.aclose()

    # -- session ----------------------------------------------------------------------------

    async def _call(self, method: str, *params: Any) -> msgspec.Raw:
        """One call to the daemon; a stale session and a lost daemon are mended once."""
        for last in (False, True):
            ready = self._ready
            if not ready:
                await self._enter(0)
                ready = self._ready
            try:
                raw, error = await self._send(method, list(params))
            except OutsideError:
                self._ready = 0  # the daemon may be gone: look before the next call
                raise
            if error is None:
                return raw
            if error.code in (NOT_SIGNED_IN, UNKNOWN_METHOD) and not last:
                await self._enter(ready)
                continue
            if error.code == NOT_SIGNED_IN:
                raise Unauthorized("client_auth")
            raise refused(error)
        raise Unavailable("session_refused")

    async def _send(self, method: str, params: list[Any]) -> tuple[msgspec.Raw, Any]:
        headers = {"content-type": "application/json"}
        if self._cookie:
            headers["cookie"] = self._cookie
        ask = Ask(
            url=self._url,
            method="POST",
            headers=headers,
            content=request(method, params),
            redirects=False,
        )
        answer = await self._http.send(ask, max_bytes=MOST_BYTES)
        body = judged(answer)
        found = _COOKIE.search(answer.headers.get("set-cookie", ""))
        if found:
            self._cookie = f"{found[1]}={found[2]}"
        return reply(body)

    async def _web(self, method: str, kind: type[T], *params: Any) -> T:
        """One call to the Web UI itself, which answers whether or not a daemon is there."""
        raw, error = await self._send(method, list(params))
        if error is not None:
            raise refused(error)
        return decoded(bytes(raw), kind)

    async def _enter(self, stale: int) -> None:
        """Sign in and connect, unless somebody else just did."""
        async with self._door:
            if self._ready != stale:
                return
            if trio.current_time() < self._no_login_before:
                raise Unauthorized("client_auth")
            if not await self._web("auth.login", bool, self._config.password):
                self._no_login_before = trio.current_time() + BAD_CREDENTIALS_S
                raise Unauthorized("client_auth")
            if not await self._web("web.connected", bool):
                await self._connect()
            self._labels = None
            self._ready = stale + 1

    async def _connect(self) -> None:
        hosts = await self._web("web.get_hosts", list[list[Any]])
        if not hosts:
            raise Unavailable("client_no_daemon")
        nearest = next((host for host in hosts if host[1:2] and host[1] in _LOCAL), hosts[0])
        await self._web("web.connect", object, nearest[0])
        if not await self._web("web.connected", bool):
            raise Unavailable("client_no_daemon")

    # -- looking ----------------------------------------------------------------------------

    async def probe(self) -> ClientInfo:
        """Version, folders that matter, and what will not work as configured."""
        version = await self._version()
        settings = decoded(bytes(await self._call("core.get_config")), dict[str, Any])
        default = _slashed(str(settings.get("download_location", "")))
        if settings.get("move_completed"):
            default = _slashed(str(settings.get("move_completed_path", "")))
        warnings: list[str] = []
        wanted = self._config.category or self._config.category_audiobook
        if wanted and await self._known_labels() is None:
            warnings.append("labels_off")
        if not settings.get("dht", True):
            warnings.append("dht_off")
        if settings.get("remove_seed_at_ratio") and settings.get("stop_seed_at_ratio"):
            warnings.append("removes_when_seeded")
        path = self._config.save_path or default
        return ClientInfo(
            version=version[:40],
            paths=(PathFact(purpose="default", path=path),),
            warnings=tuple(warnings),
        )

    async def _version(self) -> str:
        """2.x says it by `get_version`, 1.3 by `info`."""
        try:
            raw = await self._call("daemon.get_version")
        except Rejected:
            raw = await self._call("daemon.info")
        return decoded(bytes(raw), str)

    async def _known_labels(self) -> frozenset[str] | None:
        """The labels there are; None without the plug-in."""
        if self._labels is None:
            plugins = decoded(bytes(await self._call("core.get_enabled_plugins")), list[str])
            if "Label" not in plugins:
                return None
            found = decoded(bytes(await self._call("label.get_labels")), list[str])
            self._labels = frozenset(found)
        return self._labels

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:  # noqa: ARG002 - it lists everything
        """Every torrent of the program, in one request."""
        listed, complete = await self._list({})
        items = [item(hash_, torrent) for hash_, torrent in listed.items()]
        return Snapshot(items=items, complete=complete, at=self._outbound.clock.now_us())

    async def _list(self, only: dict[str, Any]) -> tuple[dict[str, Torrent], bool]:
        raw = await self._call("core.get_torrents_status", only, list(FIELDS))
        if len(bytes(raw)) > LARGE_BYTES:
            return await in_thread(self._outbound.threads.cpu, torrents, raw)
        return torrents(raw)

    async def find(
        self,
        token: str,  # noqa: ARG002 - Deluge carries hashes, not tokens
        hashes: tuple[str, ...],
        name: str,
    ) -> RemoteItem | Ambiguous | None:
        """By hash; by the exact name only when no hash is known."""
        wanted = sorted({text.lower()[:40] for text in hashes if text})
        if wanted:
            found, _ = await self._list({"id": wanted})
        else:
            title = name.strip().casefold()
            everything, _ = await self._list({})
            found = {h: t for h, t in everything.items() if t.name.strip().casefold() == title}
        if len(found) > 1:
            return Ambiguous(ids=tuple(found))
        return next((item(hash_, torrent) for hash_, torrent in found.items()), None)

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        """Paths relative to the item's `save_path`; empty while the metadata is not there."""
        fields = ["files", "file_progress", "file_priorities"]
        raw = await self._call("core.get_torrent_status", id, fields)
        if bytes(raw).strip() == b"{}":
            raise Rejected("unknown_item")
        return remote_files(decoded(bytes(raw), Listing))

    # -- changing ---------------------------------------------------------------------------

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Add, or adopt what is there already."""
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        id_ = payload.info_hash_v1 or (payload.info_hash_v2 or "")[:40]
        if not id_:
            raise Rejected("no_info_hash")
        if not (await self._list({"id": [id_]}))[0]:
            await self._add(payload, options)
        if options.category:
            await self.set_category(id_, options.category)
        if options.seed_ratio is not None:
            await self.limit_seeding(id_, options.seed_ratio)
        return id_

    async def _add(self, payload: Payload, options: AddOptions) -> None:
        more: dict[str, Any] = {"add_paused": options.paused}
        if self._config.save_path:
            more["download_location"] = self._config.save_path
        if payload.kind == "magnet":
            raw = await self._call("core.add_torrent_magnet", payload.data.decode(), more)
        else:
            data = base64.b64encode(payload.data).decode()
            raw = await self._call("core.add_torrent_file", f"{options.token}.torrent", data, more)
        if bytes(raw).strip() == b"null":
            raise Rejected("client_rejected")

    async def limit_seeding(self, id: RemoteId, ratio: float) -> None:
        """Seed up to this ratio; -1 = without end."""
        options: dict[str, Any] = {"stop_at_ratio": ratio >= 0, "remove_at_ratio": False}
        if ratio >= 0:
            options["stop_ratio"] = ratio
        await self._call("core.set_torrent_options", [id], options)

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Remove; an unknown or empty id is no error."""
        if id and (await self._list({"id": [id]}))[0]:
            await self._call("core.remove_torrent", id, with_data)

    async def pause(self, id: RemoteId) -> None:
        """Stop transferring."""
        await self._call("core.pause_torrent", [id])

    async def resume(self, id: RemoteId) -> None:
        """Transfer again."""
        await self._call("core.resume_torrent", [id])

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Label it, creating the label; without the plug-in nothing, as *Test* says."""
        known = await self._known_labels()
        label = _LABEL.sub("-", category.casefold()).strip("-")
        if known is None:
            return
        if label and label not in known:
            await self._call("label.add", label)
            self._labels = known | {label}
        await self._call("label.set_torrent", id, label)


def _slashed(path: str) -> str:
    return path.replace("\\", "/")
