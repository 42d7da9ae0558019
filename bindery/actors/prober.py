"""Answers *Test*: is this indexer, is this download client usable as configured?

For configurations that are saved and those that are not; nothing is written. A saved indexer that
was not changed is asked through its own actor, so that its budget holds.
"""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import msgspec
import trio

from bindery.adapters.failures import OutsideError
from bindery.adapters.indexer_trial import try_indexer
from bindery.adapters.protocols import DownloadClient, Indexer
from bindery.domain.legs import IndexerReport, ProbeIndexer
from bindery.domain.pathmap import PathMap, map_client_path, parse_spec
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.transfers import ClientInfo, PathFact
from bindery.domain.wire.client import ClientTest, PathVisibility
from bindery.operations.ports import ASK_DEADLINE_S
from bindery.runtime.mailbox import ActorGone, Envelope, Inbox, Mailbox, MailboxFull
from bindery.runtime.threads import RootUnreachable, Threads, in_thread
from bindery.store.clients import ClientFields
from bindery.store.indexers import IndexerFields

OpenIndexer: TypeAlias = Callable[[IndexerFields], AbstractAsyncContextManager[Indexer]]
OpenClient: TypeAlias = Callable[[ClientFields], AbstractAsyncContextManager[DownloadClient]]
"""Raises LookupError for a kind that has no adapter."""

AT_ONCE = 4
VISIBLE = "Connection verified"


class TryIndexer(msgspec.Struct, frozen=True):
    """Try an indexer; `saved_id` when the fields are those of its row."""

    fields: IndexerFields
    saved_id: int | None = None


class TryClient(msgspec.Struct, frozen=True):
    """Try a download client."""

    fields: ClientFields


class ProberActor:
    """Answers `TryIndexer` with an `IndexerReport`, `TryClient` with a `ClientTest | Refusal`."""

    def __init__(
        self,
        open_indexer: OpenIndexer,
        open_client: OpenClient,
        *,
        mailbox_of: Callable[[str], Mailbox[Any]],
        threads: Threads,
        maps: tuple[PathMap, ...] = (),
    ) -> None:
        self._open_indexer = open_indexer
        self._open_client = open_client
        self._mailbox_of = mailbox_of
        self._threads = threads
        self._maps = maps
        self._places = trio.Semaphore(AT_ONCE)

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; tests under way are dropped then."""
        async with trio.open_nursery() as nursery:
            ready()
            async for envelope in inbox:
                nursery.start_soon(self._serve, envelope)
            nursery.cancel_scope.cancel(reason="the prober stops")

    async def _serve(self, envelope: Envelope[Any]) -> None:
        async with self._places:
            if envelope.cancelled:
                return
            match envelope.msg:
                case TryIndexer(fields, saved_id):
                    envelope.answer(await self._indexer(fields, saved_id))
                case TryClient(fields):
                    envelope.answer(await self._client(fields))
                case other:
                    message = f"the prober is not asked {type(other).__name__}"
                    raise TypeError(message)

    async def _indexer(self, fields: IndexerFields, saved_id: int | None) -> IndexerReport:
        if saved_id is not None:
            try:
                report: IndexerReport = await self._mailbox_of(f"indexer:{saved_id}").ask(
                    ProbeIndexer()
                )
            except (ActorGone, MailboxFull):
                # Disabled, being replaced, or much to do: asked directly below.
                await trio.lowlevel.checkpoint()
            else:
                return report
        with trio.move_on_after(ASK_DEADLINE_S):
            async with self._open_indexer(fields) as indexer:
                return await try_indexer(indexer, fields.categories)
        return IndexerReport(ok=False, code="timeout")

    async def _client(self, fields: ClientFields) -> ClientTest | Refusal:
        try:
            opened = self._open_client(fields)
        except LookupError:
            return refuse(Code.INVALID, "type", value=fields.type)
        try:
            with trio.move_on_after(ASK_DEADLINE_S):
                async with opened as client:
                    return await self._report(fields, await client.probe())
        except OutsideError as error:
            return _failed(fields, error)
        return refuse(Code.CLIENT_FAILED, name=fields.name, reason="timeout")

    async def _report(self, fields: ClientFields, info: ClientInfo) -> ClientTest:
        return ClientTest(
            message=VISIBLE,
            version=info.version,
            warnings=info.warnings,
            path_visibility=await self._visibility(fields, info.paths),
        )

    async def _visibility(
        self, fields: ClientFields, paths: tuple[PathFact, ...]
    ) -> PathVisibility | None:
        """Whether we see the folder of the category, else the default one."""
        chosen = next((one for one in paths if one.purpose == "category" and one.path), None)
        chosen = chosen or next((one for one in paths if one.path), None)
        if chosen is None:
            return None
        here = map_client_path(chosen.path, parse_spec(fields.path_remap), self._maps)
        try:
            seen = await in_thread(self._threads.root(here), os.path.isdir, here)
        except RootUnreachable:
            seen = False
        if seen:
            return PathVisibility(status="ok", path=here, message="")
        return PathVisibility(status="warning", path=here, message="not visible from here")


class ProberPort:
    """The port `Prober` over the actor's mailbox; always with a deadline."""

    def __init__(self, mailbox: Mailbox[Any]) -> None:
        self._mailbox = mailbox

    async def test_indexer(
        self, fields: IndexerFields, saved_id: int | None = None
    ) -> IndexerReport | Refusal:
        """Refusals: `provider_timeout`."""
        return await self._ask(TryIndexer(fields, saved_id))

    async def test_client(self, fields: ClientFields) -> ClientTest | Refusal:
        """Refusals: `client_failed` {name, reason}, `invalid` type, `provider_timeout`."""
        return await self._ask(TryClient(fields))

    async def _ask(self, question: TryIndexer | TryClient) -> Any:
        with trio.move_on_after(ASK_DEADLINE_S + 1):
            try:
                return await self._mailbox.ask(question)
            except ActorGone:
                return refuse(Code.PROVIDER_UNAVAILABLE)
        return refuse(Code.PROVIDER_TIMEOUT)


def _failed(fields: ClientFields, error: OutsideError) -> Refusal:
    """Refused credentials are never worded as unreachable (downloads-and-import.md 1.7)."""
    reason = "unauthorized" if error.code == "client_auth" else error.code
    params = {**error.params, "name": fields.name, "reason": reason}
    return Refusal(code=Code.CLIENT_FAILED, params=params)
