"""NZBGet over its JSON-RPC, 16 and later (downloads-and-import.md 2.2, test-programs.md 7).

Our token travels as a post-processing parameter, so that a job is known as ours also after a crash
between the add and the answer.
"""

import base64
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from bindery.adapters.configs import NzbgetConfig
from bindery.adapters.failures import Rejected
from bindery.adapters.json_answers import basic, decoded, judged
from bindery.adapters.nzbget_wire import (
    OUR_PARAMETER,
    categories,
    expanded,
    groups,
    history,
    options,
    request,
    result,
)
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

MOST_BYTES = 64 * 1024 * 1024


class _Status(msgspec.Struct, frozen=True, rename="pascal"):
    download_rate: int = 0
    download_paused: bool = False


class Nzbget:
    """One NZBGet. Implements `DownloadClient`; ids are its NZBIDs as text."""

    capabilities = ClientCapabilities(
        transports=(Transport.USENET,),
        payload_kinds=("nzb",),
        pause=True,
        categories=True,
        token=True,
    )

    def __init__(self, config: NzbgetConfig, outbound: Outbound) -> None:
        self._config = config
        self._url = f"{config.url.rstrip('/').removesuffix('/jsonrpc')}/jsonrpc"
        self._headers = {
            "content-type": "application/json",
            **basic(config.username, config.password),
        }
        self._outbound = outbound
        self._http = outbound.client(Policy(Reach.LAN_LOOPBACK), timeout_s=config.timeout_s)

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

    async def _call(self, method: str, *params: Any) -> msgspec.Raw:
        ask = Ask(
            url=self._url,
            method="POST",
            headers=self._headers,
            content=request(method, params),
            redirects=False,
        )
        return result(judged(await self._http.send(ask, max_bytes=MOST_BYTES)))

    async def probe(self) -> ClientInfo:
        """Version, where finished jobs go, and what will not work as configured."""
        version = decoded(bytes(await self._call("version")), str)
        settings = options(await self._call("config"))
        known = categories(settings)
        warnings = [] if settings.get("KeepHistory", "30") != "0" else ["history_forgets"]
        paths: list[PathFact] = []
        configured: tuple[tuple[Literal["category", "category_audiobook"], str], ...] = (
            ("category", self._config.category),
            ("category_audiobook", self._config.category_audiobook),
        )
        for purpose, name in configured:
            if name in known:
                paths.append(PathFact(purpose=purpose, path=known[name]))
            elif name:
                alike = any(name.lower() == one.lower() for one in known)
                warnings.append("category_case" if alike else "category_unknown")
        default = expanded(settings.get("DestDir", ""), settings)
        paths.append(PathFact(purpose="default", path=default))
        return ClientInfo(
            version=version[:40], paths=tuple(paths), warnings=tuple(dict.fromkeys(warnings))
        )

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:  # noqa: ARG002 - all is told
        """Queue, speed and history: three requests whatever the number.

        In this order a job that moves meanwhile is seen twice and never not at all; what the
        history says then counts.
        """
        items, complete = await self._everything()
        return Snapshot(items=items, complete=complete, at=self._outbound.clock.now_us())

    async def _everything(self) -> tuple[list[RemoteItem], bool]:
        raw = await self._call("listgroups", 0)
        status = decoded(bytes(await self._call("status")), _Status)
        queued, whole = groups(raw, status.download_rate)
        done, all_done = history(await self._call("history", False))
        known = {item.id for item in done}
        return [*(item for item in queued if item.id not in known), *done], whole and all_done

    async def find(
        self,
        token: str,
        hashes: tuple[str, ...],  # noqa: ARG002 - an NZB has none
        name: str,  # noqa: ARG002
    ) -> RemoteItem | Ambiguous | None:
        """By token."""
        items, _ = await self._everything()
        found = [item for item in items if token and item.token == token]
        if len(found) > 1:
            return Ambiguous(ids=tuple(item.id for item in found))
        return found[0] if found else None

    async def files(self, id: RemoteId) -> list[RemoteFile]:  # noqa: ARG002
        """Not asked: a job has a folder of its own."""
        return []

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Add the NZB under the release's title."""
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        raw = await self._call(
            "append",
            options.title + ".nzb",
            base64.b64encode(payload.data).decode(),
            options.category,
            0,
            False,
            options.paused,
            "",
            0,
            "FORCE",
            [OUR_PARAMETER, options.token],
        )
        id_ = decoded(bytes(raw), int)
        if id_ <= 0:
            raise Rejected("client_rejected")
        return str(id_)

    async def _edit(self, command: str, text: str, id_: RemoteId) -> None:
        """`editqueue`; an id that is not there answers false and is no error."""
        if id_.isdecimal():
            await self._call("editqueue", command, text, [int(id_)])

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Remove from the queue and from the history; an unknown or empty id is no error.

        NZBGet keeps the files of a job that succeeded.
        """
        await self._edit("GroupFinalDelete" if with_data else "GroupParkDelete", "", id)
        await self._edit("HistoryFinalDelete" if with_data else "HistoryDelete", "", id)

    async def pause(self, id: RemoteId) -> None:
        """Stop fetching this job."""
        await self._edit("GroupPause", "", id)

    async def resume(self, id: RemoteId) -> None:
        """Fetch this job again."""
        await self._edit("GroupResume", "", id)

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Change the category of a queued job, with what it implies."""
        await self._edit("GroupApplyCategory", category, id)
