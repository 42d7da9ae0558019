"""*Test* of indexers and clients: what it found, or why not; never an error of ours."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import trio
from trio.testing import MockClock

from bindery.actors import prober
from bindery.actors.prober import ProberActor, ProberPort
from bindery.adapters.failures import OutsideError, Unauthorized, Unavailable
from bindery.domain.legs import IndexerReport, ProbeIndexer
from bindery.domain.pathmap import PathMap
from bindery.domain.refusal import Code, Refusal
from bindery.domain.transfers import ClientInfo, PathFact
from bindery.domain.wire.client import ClientTest
from bindery.runtime.mailbox import ActorGone, Inbox, Mailbox
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.runtime.threads import Threads
from bindery.store.clients import ClientFields
from bindery.store.indexers import IndexerFields
from tests.kit.clocks import TrioClock
from tests.kit.fake_indexer import FakeIndexer

FEED = IndexerFields(name="feed", type="torznab", url="http://feed.test", categories=(7020, 9999))
QBIT = ClientFields(name="qbit", type="qbittorrent", host="nas")


@dataclass
class FakeClient:
    """Only what a test of the connection asks."""

    says: ClientInfo | OutsideError = field(default_factory=lambda: ClientInfo(version="5.1"))
    delay_s: float = 0.1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    async def probe(self) -> ClientInfo:
        await trio.sleep(self.delay_s)
        if isinstance(self.says, OutsideError):
            raise self.says
        return self.says


class Saved:
    """Stands for the actor of a saved indexer."""

    async def run(self, inbox: Inbox[Any], ready: Any) -> None:
        ready()
        async for envelope in inbox:
            assert isinstance(envelope.msg, ProbeIndexer)
            envelope.answer(_SAVED)


_SAVED = IndexerReport(ok=True, categories=42)


@asynccontextmanager
async def port(
    indexer: FakeIndexer, client: FakeClient, *, saved: bool = False
) -> AsyncGenerator[ProberPort, None]:
    def open_client(fields: ClientFields) -> Any:
        if fields.type == "deluge":
            message = "there is no adapter for deluge yet"
            raise LookupError(message)
        return client

    with trio.fail_after(1_000):
        async with open_supervisor(TrioClock(), rng=random.Random(1)) as supervisor:
            if saved:
                await supervisor.start(Child("indexer:7", Saved))
            box: Mailbox[Any] = await supervisor.start(
                Child(
                    "prober",
                    lambda: ProberActor(
                        lambda _fields: indexer,
                        open_client,
                        mailbox_of=supervisor.mailbox,
                        threads=Threads(),
                        maps=(PathMap("/downloads", "/here"),),
                    ),
                )
            )
            yield ProberPort(box)
            await supervisor.stop_all()


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def inline(_limiter: object, fn: Any, *args: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return fn(*args)

    monkeypatch.setattr(prober, "in_thread", inline)


async def test_indexer_report(autojump_clock: MockClock) -> None:
    async with port(FakeIndexer(), FakeClient()) as asked:
        report = await asked.test_indexer(FEED)
        assert isinstance(report, IndexerReport)
        assert (report.ok, report.book_search, report.search_results) == (True, True, 1)
        assert report.unknown_categories == (9999,)


async def test_indexer_that_refuses_or_stalls(autojump_clock: MockClock) -> None:
    fake = FakeIndexer()
    fake.caps_answer = Unauthorized("indexer_auth", status=200, text="Incorrect user credentials")
    async with port(fake, FakeClient()) as asked:
        refused = await asked.test_indexer(FEED)
        assert isinstance(refused, IndexerReport)
        assert (refused.ok, refused.code, refused.status) == (False, "indexer_auth", 200)
        fake.delay_s = 1_000
        began = trio.current_time()
        late = await asked.test_indexer(FEED)
        assert isinstance(late, IndexerReport)
        assert (late.ok, late.code) == (False, "timeout")
        assert trio.current_time() - began <= 16


async def test_saved_indexer_is_asked_through_its_actor(autojump_clock: MockClock) -> None:
    fake = FakeIndexer()
    async with port(fake, FakeClient(), saved=True) as asked:
        assert await asked.test_indexer(FEED, 7) == _SAVED
        assert fake.caps_asked == 0
        disabled = await asked.test_indexer(FEED, 8)
        assert isinstance(disabled, IndexerReport)
        assert disabled.ok
        assert fake.caps_asked == 1


async def test_client_and_its_folder(tmp_path: Path, autojump_clock: MockClock) -> None:
    paths = (
        PathFact(purpose="default", path="/downloads"),
        PathFact(purpose="category", path="/downloads/books"),
    )
    client = FakeClient(ClientInfo(version="5.1", paths=paths, warnings=("category_missing",)))
    async with port(FakeIndexer(), client) as asked:
        hidden = await asked.test_client(QBIT)
        assert isinstance(hidden, ClientTest)
        assert hidden.path_visibility is not None
        assert (hidden.path_visibility.status, hidden.path_visibility.path) == (
            "warning",
            "/here/books",
        )
        assert hidden.warnings == ("category_missing",)
        client.says = ClientInfo(
            version="5.1", paths=(PathFact(purpose="default", path=str(tmp_path)),)
        )
        seen = await asked.test_client(QBIT)
        assert isinstance(seen, ClientTest)
        assert seen.path_visibility is not None
        assert seen.path_visibility.status == "ok"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("connection_failed"), "connection_failed"),
        (Unauthorized(), "unauthorized"),
        (Unauthorized("client_auth"), "unauthorized"),
        (Unauthorized("client_forbids_address"), "client_forbids_address"),
    ],
)
async def test_client_that_fails(
    autojump_clock: MockClock, error: OutsideError, reason: str
) -> None:
    async with port(FakeIndexer(), FakeClient(error)) as asked:
        refused = await asked.test_client(QBIT)
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.params["reason"]) == (Code.CLIENT_FAILED, reason)


async def test_client_that_stalls_or_is_unknown(autojump_clock: MockClock) -> None:
    async with port(FakeIndexer(), FakeClient(delay_s=500)) as asked:
        late = await asked.test_client(QBIT)
        assert isinstance(late, Refusal)
        assert late.params["reason"] == "timeout"
        unknown = await asked.test_client(ClientFields(name="d", type="deluge"))
        assert isinstance(unknown, Refusal)
        assert (unknown.code, unknown.field) == (Code.INVALID, "type")


async def test_prober_that_is_gone_is_a_refusal(autojump_clock: MockClock) -> None:
    box: Mailbox[Any] = Mailbox("prober", 4)
    box.close()
    with pytest.raises(ActorGone):
        await box.ask(None)
    refused = await ProberPort(box).test_client(QBIT)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.PROVIDER_UNAVAILABLE
