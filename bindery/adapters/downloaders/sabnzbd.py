"""SABnzbd over its API, 1.0 to 5.x (downloads-and-import.md 2.1).

It gives a job its id only when it has taken it, so the job's name carries our token. The history
may hold years of other people's jobs: it is asked for ours by id.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlencode

from bindery.adapters.configs import SabnzbdConfig
from bindery.adapters.failures import Rejected, Unauthorized
from bindery.adapters.json_answers import decoded, judged
from bindery.adapters.outbound import Ask, Outbound
from bindery.adapters.sabnzbd_wire import (
    Added,
    Categories,
    ConfigAnswer,
    file_name,
    history,
    queue,
)
from bindery.domain.addresses import Policy, Reach
from bindery.domain.job_names import job_name
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

QUEUE_LIMIT = 5_000
HISTORY_LIMIT = 60
"""Newest entries of the history in which a job is looked for by its token."""


class Sabnzbd:
    """One SABnzbd. Implements `DownloadClient`; ids are its NZO ids."""

    capabilities = ClientCapabilities(
        transports=(Transport.USENET,),
        payload_kinds=("nzb",),
        pause=True,
        categories=True,
        token=True,
    )

    def __init__(self, config: SabnzbdConfig, outbound: Outbound) -> None:
        self._config = config
        self._url = f"{config.url.rstrip('/').removesuffix('/api')}/api"
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

    async def _call(
        self, mode: str, query: Mapping[str, str], nzb: tuple[str, bytes] | None = None
    ) -> bytes:
        """One call; the body of its answer. Refusals of the key come with any status."""
        asked = {"mode": mode, "output": "json", "apikey": self._config.api_key, **query}
        files = None if nzb is None else {"name": (nzb[0], nzb[1], "application/x-nzb")}
        ask = Ask(
            url=f"{self._url}?{urlencode(asked)}",
            method="GET" if nzb is None else "POST",
            form=None if nzb is None else {},
            files=files,
            redirects=False,
        )
        answer = await self._http.send(ask)
        _judge_words(answer.body[:400].decode("utf-8", "replace").casefold(), answer.status)
        return judged(answer)

    async def probe(self) -> ClientInfo:
        """Version, where finished jobs go, and what will not work as configured."""
        version = decoded(await self._call("version", {}), dict[str, object]).get("version", "")
        known = decoded(await self._call("get_cats", {}), Categories).categories
        settings = decoded(await self._call("get_config", {}), ConfigAnswer)
        warnings = ["history_forgets"] if settings.forgets else []
        paths: list[PathFact] = []
        configured: tuple[tuple[Literal["category", "category_audiobook"], str], ...] = (
            ("category", self._config.category),
            ("category_audiobook", self._config.category_audiobook),
        )
        for purpose, name in configured:
            if name and name not in known:
                alike = any(name.lower() == one.lower() for one in known)
                warnings.append("category_case" if alike else "category_unknown")
            if name and (folder := settings.folder_of(name)):
                paths.append(PathFact(purpose=purpose, path=folder))
        if default := settings.folder_of("*"):
            paths.append(PathFact(purpose="default", path=default))
        return ClientInfo(
            version=str(version)[:40],
            paths=tuple(paths),
            warnings=tuple(dict.fromkeys(warnings)),
        )

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:
        """The queue, then those of `ours` that have left it: two requests whatever the number.

        In this order a job that moves meanwhile is seen twice and never not at all.
        """
        items, complete = await self._queue()
        queued = {item.id for item in items}
        gone = [id_ for id_ in ours if id_ not in queued]
        if gone:
            limit = max(HISTORY_LIMIT, len(gone))
            done, whole = await self._history({"nzo_ids": ",".join(gone), "limit": str(limit)})
            missed = set(gone) - {item.id for item in done}
            # Versions that do not know `nzo_ids` show the newest of all instead.
            complete = complete and (whole or not missed)
            items = [*(item for item in items if item.id not in set(gone)), *done]
        return Snapshot(items=items, complete=complete, at=self._outbound.clock.now_us())

    async def _queue(self) -> tuple[list[RemoteItem], bool]:
        return queue(await self._call("queue", {"start": "0", "limit": str(QUEUE_LIMIT)}))

    async def _history(self, query: Mapping[str, str]) -> tuple[list[RemoteItem], bool]:
        return history(await self._call("history", {"start": "0", **query}))

    async def find(
        self,
        token: str,
        hashes: tuple[str, ...],  # noqa: ARG002 - an NZB has none
        name: str,  # noqa: ARG002
    ) -> RemoteItem | Ambiguous | None:
        """By token."""
        items, _ = await self._queue()
        done, _ = await self._history({"limit": str(HISTORY_LIMIT)})
        found = {item.id: item for item in (*items, *done) if token and item.token == token}
        if len(found) > 1:
            return Ambiguous(ids=tuple(found))
        return next(iter(found.values()), None)

    async def files(self, id: RemoteId) -> list[RemoteFile]:  # noqa: ARG002
        """Not told by SABnzbd: a job has a folder of its own."""
        return []

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Add the NZB under the release's title."""
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        name = job_name(options.title, options.token)
        query = {
            "nzbname": name,
            "priority": "-2" if options.paused else "0",
            "pp": "3",
            **({"cat": options.category} if options.category else {}),
        }
        body = await self._call("addfile", query, (file_name(name), payload.data))
        added = decoded(body, Added)
        if not added.status or not added.nzo_ids:
            raise Rejected("client_rejected", message=(added.error or "").strip()[:200])
        return added.nzo_ids[0]

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Remove from the queue and from the history; an unknown or empty id is no error.

        SABnzbd keeps the files of a job that succeeded.
        """
        if id:
            asked = {"name": "delete", "value": id, **({"del_files": "1"} if with_data else {})}
            await self._call("queue", asked)
            await self._call("history", asked)

    async def pause(self, id: RemoteId) -> None:
        """Stop fetching this job."""
        await self._call("queue", {"name": "pause", "value": id})

    async def resume(self, id: RemoteId) -> None:
        """Fetch this job again."""
        await self._call("queue", {"name": "resume", "value": id})

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Change the category of a queued job."""
        await self._call("change_cat", {"value": id, "value2": category or "*"})


def _judge_words(said: str, status: int) -> None:
    """SABnzbd tells a wrong key by its words, as text or as JSON, with status 200 or 403."""
    if "api key required" in said or "api key incorrect" in said or "nzb key" in said:
        raise Unauthorized("client_auth")
    if status == 403 and "hostname" in said:
        raise Unauthorized("host_header_refused")
