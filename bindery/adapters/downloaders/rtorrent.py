"""rTorrent over SCGI, or over HTTP behind a gateway (downloads-and-import.md 2.6).

It answers 0 to whatever is loaded, also to garbage, and it never deletes data: so what was added
is looked for, and what shall be deleted we delete, where its folders are visible here.
"""

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import trio

from bindery.adapters.configs import RTorrentConfig
from bindery.adapters.failures import Rejected, Unavailable
from bindery.adapters.json_answers import basic, judged
from bindery.adapters.local_data import delete_files
from bindery.adapters.outbound import Ask, Outbound
from bindery.adapters.rtorrent_wire import (
    FIELDS,
    FILE_FIELDS,
    TOKEN_KEY,
    Torrent,
    command,
    item,
    label_sent,
    remote_files,
    result,
    torrents,
)
from bindery.adapters.scgi import exchange
from bindery.adapters.xml_rpc import Sent, Value, call
from bindery.domain.addresses import Policy, Reach
from bindery.domain.offers import Transport
from bindery.domain.pathmap import to_local
from bindery.domain.torrents import read_torrent
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
from bindery.runtime.threads import RootUnreachable, in_thread

LARGE_BYTES = 128 * 1024
MOST_BYTES = 64 * 1024 * 1024
SMALL_LIMIT = 4 * 1024 * 1024
"""Below this the program refuses larger torrent files; its default is an eighth of it."""
LOOKS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.3, 0.5, 0.5, 0.5, 0.5)
"""Seconds before each look for what was added."""


class RTorrent:
    """One rTorrent. Implements `DownloadClient`; ids are lower-case info-hashes."""

    capabilities = ClientCapabilities(
        transports=(Transport.TORRENT,),
        payload_kinds=("torrent", "magnet"),
        files=True,
        pause=True,
        categories=True,
        token=True,
    )

    def __init__(self, config: RTorrentConfig, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound
        self._policy = Policy(Reach.LAN_LOOPBACK)
        self._http = outbound.client(self._policy, timeout_s=config.timeout_s)
        self._picks = True
        """Whether it knows `d.multicall.filtered`; programs before 0.9.7 do not."""
        self._scgi = config.url.startswith("scgi://")

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections of HTTP; SCGI has one for each call."""
        await self._http.aclose()

    # -- calls ------------------------------------------------------------------------------

    async def _send(self, body: bytes) -> bytes:
        if not self._scgi:
            headers = {"content-type": "text/xml", "accept": "text/xml"}
            headers |= basic(self._config.username, self._config.password)
            ask = Ask(
                url=self._config.url,
                method="POST",
                headers=headers,
                content=body,
                redirects=False,
            )
            return judged(await self._http.send(ask, max_bytes=MOST_BYTES))
        with trio.move_on_after(self._config.timeout_s):
            async with await self._dial() as stream:
                return await exchange(stream, body, max_bytes=MOST_BYTES)
        raise Unavailable("timeout", seconds=self._config.timeout_s)

    async def _dial(self) -> trio.SocketStream:
        place = urlsplit(self._config.url)
        if place.hostname is None:
            return await self._outbound.dial_socket(place.path, self._policy)
        return await self._outbound.dial(place.hostname, place.port or 0, self._policy)

    async def _call(self, method: str, *params: Sent) -> Value:
        body = await self._send(call(method, *params))
        if len(body) > LARGE_BYTES:
            return await in_thread(self._outbound.threads.cpu, result, body)
        return result(body)

    # -- looking ----------------------------------------------------------------------------

    async def probe(self) -> ClientInfo:
        """Version, the folder that matters, and what will not work as configured.

        Raises `Unavailable("client_perhaps_scgi")` when a port takes HTTP without a word.
        """
        asked = (
            "system.client_version",
            "system.library_version",
            "directory.default",
            "network.xmlrpc.size_limit",
            "dht.statistics",
        )
        try:
            told = await self._call(
                "system.multicall", [{"methodName": one, "params": []} for one in asked]
            )
        except Unavailable as error:
            if error.code == "connection_broken" and not self._scgi:
                raise Unavailable("client_perhaps_scgi") from None
            raise
        # A gateway may let calls pass and hide the list: this is what every look needs.
        await self._call("d.multicall2", "", "main", "d.hash=")
        version, library, folder, limit, dht = _answers(told, len(asked))
        warnings: list[str] = []
        if isinstance(limit, int) and 0 < limit < SMALL_LIMIT:
            warnings.append("client_rpc_limit_small")
        if isinstance(dht, dict) and dht.get("dht") in ("disable", "off"):
            warnings.append("dht_off")
        return ClientInfo(
            version=str(version or "")[:40],
            api_version=str(library or "")[:40],
            paths=(PathFact(purpose="default", path=self._config.save_path or str(folder or "")),),
            warnings=tuple(warnings),
        )

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:
        """Every torrent of the program in one request. With `ours` the program picks out what
        carries a token of ours; only when one is not among them it is asked for its whole list.
        """
        wanted = {id_.upper() for id_ in ours}
        listed, complete = await self._marked() if wanted else ([], True)
        if not wanted or wanted - {torrent.hash for torrent in listed}:
            listed, complete = await self._list(wanted)
        return Snapshot(
            items=[item(torrent) for torrent in listed],
            complete=complete,
            at=self._outbound.clock.now_us(),
        )

    async def _marked(self) -> tuple[list[Torrent], bool]:
        if not self._picks:
            return [], True
        try:
            return await self._rows("d.multicall.filtered", f"d.custom={TOKEN_KEY}")
        except Rejected as error:
            if error.code != "client_method_missing":
                raise
            self._picks = False
            return [], True

    async def _list(self, only: Collection[str] = ()) -> tuple[list[Torrent], bool]:
        return await self._rows("d.multicall2", only=only)

    async def _rows(
        self, method: str, *condition: str, only: Collection[str] = ()
    ) -> tuple[list[Torrent], bool]:
        body = await self._send(call(method, "", "main", *condition, *FIELDS))
        wanted = frozenset(only)
        if len(body) > LARGE_BYTES:
            return await in_thread(self._outbound.threads.cpu, torrents, body, wanted)
        return torrents(body, wanted)

    async def find(
        self, token: str, hashes: tuple[str, ...], name: str
    ) -> RemoteItem | Ambiguous | None:
        """By hash, then by our token; by the exact name only when no hash is known."""
        wanted = {text.upper()[:40] for text in hashes if text}
        listed, _ = await self._list()
        found = [one for one in listed if one.hash in wanted]
        found = found or [one for one in listed if token and one.token == token]
        if not found and not wanted:
            title = name.strip().casefold()
            found = [one for one in listed if one.name.strip().casefold() == title]
        if len(found) > 1:
            return Ambiguous(ids=tuple(one.hash.lower() for one in found))
        return item(found[0]) if found else None

    async def _one(self, id_: RemoteId) -> Torrent:
        """One torrent, or `Rejected("unknown_item")`."""
        listed, _ = await self._list([id_.upper()])
        found = next((one for one in listed if one.hash == id_.upper()), None)
        if found is None:
            raise Rejected("unknown_item")
        return found

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        """Paths relative to the item's `save_path`; empty while the metadata is not there."""
        torrent = await self._one(id)
        return remote_files(torrent, await self._call("f.multicall", id.upper(), "", *FILE_FIELDS))

    async def _known(self, id_: RemoteId) -> bool:
        try:
            await self._call("d.hash", id_.upper())
        except Rejected as error:
            if error.code == "unknown_item":
                return False
            raise
        return True

    # -- changing ---------------------------------------------------------------------------

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Add, or adopt what is there already. It has no seed ratio of a single torrent.

        Raises `Rejected("client_ignored")` when the program took the torrent and does not show it.
        """
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        id_ = payload.info_hash_v1 or (payload.info_hash_v2 or "")[:40]
        if not id_:
            raise Rejected("no_info_hash")
        if payload.kind == "torrent" and read_torrent(payload.data) is None:
            raise Rejected("not_a_torrent")
        if await self._known(id_):
            await self._call("d.custom.set", id_.upper(), TOKEN_KEY, options.token)
            if options.category:
                await self.set_category(id_, options.category)
        else:
            await self._load(payload, options)
            await self._shown(id_, payload)
        return id_

    async def _load(self, payload: Payload, options: AddOptions) -> None:
        commands = [command("d.custom.set", TOKEN_KEY, options.token)]
        if options.category:
            commands.append(command("d.custom1.set", label_sent(options.category)))
        if self._config.save_path:
            commands.append(command("d.directory.set", self._config.save_path))
        if payload.kind == "magnet":
            method = "load.normal" if options.paused else "load.start"
            told = await self._call(method, "", payload.data.decode(), *commands)
        else:
            method = "load.raw" if options.paused else "load.raw_start"
            told = await self._call(method, "", payload.data, *commands)
        if told != 0:
            raise Rejected("client_rejected")

    async def _shown(self, id_: RemoteId, payload: Payload) -> None:
        for pause_s in LOOKS:
            await trio.sleep(pause_s)
            if await self._known(id_):
                return
        if payload.kind != "magnet":  # a magnet may take longer to appear
            raise Rejected("client_ignored")

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Remove; an unknown or empty id is no error.

        Raises `Rejected("data_left")` when the entry is gone and its data could not be deleted.
        """
        if not id:
            return
        try:
            left = await self._delete_data(id) if with_data else ""
            await self._call("d.erase", id.upper())
        except Rejected as error:
            if error.code != "unknown_item":
                raise
            return
        if left:
            raise Rejected("data_left", path=left)

    async def _delete_data(self, id_: RemoteId) -> str:
        """Delete its files here, before the program forgets where they are. What was left."""
        torrent = await self._one(id_)
        listed = await self._call("f.multicall", id_.upper(), "", *FILE_FIELDS)
        paths = [file.path for file in remote_files(torrent, listed)]
        for method in ("d.stop", "d.close"):  # it would go on writing
            await self._call(method, id_.upper())
        if not paths:
            return ""
        folder = to_local(torrent.folder, self._config.maps)
        try:
            root = self._outbound.threads.root(folder)
            gone = await in_thread(root, delete_files, folder, paths)
        except RootUnreachable:
            gone = False
        return "" if gone else torrent.path

    async def pause(self, id: RemoteId) -> None:
        """Stop transferring."""
        await self._call("d.stop", id.upper())

    async def resume(self, id: RemoteId) -> None:
        """Transfer again."""
        await self._call("d.start", id.upper())

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Label it; labels need not exist before."""
        await self._call("d.custom1.set", id.upper(), label_sent(category))


def _answers(told: Value, count: int) -> list[Value]:
    """What each call of a `system.multicall` gave; None for a fault."""
    rows: list[Value] = told if isinstance(told, list) else []
    values = [
        cast("list[Value]", row)[0] if isinstance(row, list) and row else None for row in rows
    ]
    return (values + [None] * count)[:count]
