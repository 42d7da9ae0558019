"""The outbox: delivered once when all is well, again when it is not, given up in the end."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import trio
from trio.testing import MockClock

from bindery.actors.notifier import BACK_OFF_S, NotifierActor, TargetsPort
from bindery.adapters.failures import (
    AddressRefused,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
)
from bindery.domain.offers import Transport
from bindery.domain.refusal import Code, Refusal
from bindery.operations.clients import went_down_in
from bindery.runtime.supervisor import Child, Supervisor, open_supervisor
from bindery.store import clients, notifiers, outbox
from bindery.store.notifiers import NotifierFields, NotifierRow
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store
from tests.kit.household import add_book, grab

TARGET = NotifierFields(name="phone", url="https://push.test/books", headers={"X-Key": "sesame"})


class Receiver:
    """A target: says what the test put into `answers`, then yes."""

    def __init__(self) -> None:
        self.answers: list[OutsideError] = []
        self.got: list[tuple[str, Mapping[str, object], float]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def send(self, event: Mapping[str, object], *, delivery_id: str) -> None:
        await trio.lowlevel.checkpoint()
        self.got.append((delivery_id, event, trio.current_time()))
        if self.answers:
            raise self.answers.pop(0)


@asynccontextmanager
async def notifier_at_work(store: Store, receiver: Receiver) -> AsyncGenerator[Supervisor, None]:
    def open_target(_row: NotifierRow | NotifierFields) -> Receiver:
        return receiver

    async with open_supervisor(store.clock, rng=random.Random(1)) as supervisor:
        await supervisor.start(Child("notifier", lambda: NotifierActor(store, open_target)))
        yield supervisor
        await supervisor.stop_all()


async def happened(store: Store, fields: NotifierFields = TARGET) -> int:
    """An import with one target that wants to know; the event's id."""

    def work(tx: Tx) -> int:
        notifiers.add_in(tx, fields, None)
        event = tx.record(
            NewEvent(type="bookImported", source_title="Dune", format="ebook", trace="w-1")
        )
        outbox.notify_in(tx, event, "import", library=1, trace="w-1")
        return event

    return await store.write(work)


def told(store: Store) -> list[str]:
    """What kind of events wait for or went to a target."""
    return store.read(
        lambda r: r.values(
            "SELECT e.type FROM command c JOIN event e"
            " ON e.id = json_extract(c.payload, '$.eventId') WHERE c.kind = 'outbox.send'"
        )
    )


async def test_grab_and_client_that_goes_down_are_told_once(tmp_path: Path) -> None:
    everything = msgspec.structs.replace(TARGET, on_health=True)
    async with open_test_store(tmp_path) as store:
        await store.write(lambda tx: notifiers.add_in(tx, everything, None))
        await grab(store, await add_book(store), transport=Transport.HTTP)

        def down(tx: Tx) -> None:
            row = clients.get(tx, 1)
            assert row is not None
            went_down_in(tx, row, "timeout", {})

        for _ in range(3):
            await store.write(down)
        assert told(store) == ["grabbed", "health"]


def command(store: Store) -> tuple[Any, ...]:
    return store.read(
        lambda r: r.tuples("SELECT state, attempts, code FROM command WHERE kind = 'outbox.send'")
    )[0]


async def test_event_is_delivered_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    receiver = Receiver()
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        async with notifier_at_work(store, receiver):
            event = await happened(store)
            await trio.sleep(60)
        assert command(store)[0] == "succeeded"
    assert [(delivery, body["message"]) for delivery, body, _ in receiver.got] == [
        (f"{event}-1", "Dune (ebook)")
    ]


async def test_target_that_is_down_gets_the_same_delivery_later(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    receiver = Receiver()
    receiver.answers = [Unavailable("connection_failed"), RateLimited(retry_after_s=900)]
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        async with notifier_at_work(store, receiver):
            await happened(store)
            await trio.sleep(3_600)
        assert command(store)[0] == "succeeded"
    assert len({delivery for delivery, *_ in receiver.got}) == 1
    first, second, third = (at for *_, at in receiver.got)
    assert second - first >= BACK_OFF_S[0]
    assert third - second >= 900


async def test_delivery_is_given_up_with_its_reason(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    receiver = Receiver()
    receiver.answers = [Unavailable("timeout") for _ in range(20)]
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        async with notifier_at_work(store, receiver):
            await happened(store)
            await trio.sleep(80_000)
        state, _attempts, code = command(store)
    assert (state, code) == ("failed", "timeout")
    assert len(receiver.got) == len(BACK_OFF_S) + 1


async def test_refusal_of_the_target_is_not_repeated(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    receiver = Receiver()
    receiver.answers = [Rejected("http_status", status=404)]
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        async with notifier_at_work(store, receiver):
            await happened(store)
            await trio.sleep(3_600)
        assert command(store)[0] == "failed"
    assert len(receiver.got) == 1


async def test_target_disabled_meanwhile_hears_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    receiver = Receiver()
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        await happened(store)
        off = msgspec.structs.replace(TARGET, enabled=False)
        await store.write(lambda tx: notifiers.update_in(tx, 1, off, None))
        async with notifier_at_work(store, receiver):
            await trio.sleep(60)
        assert command(store)[0] == "succeeded"
    assert receiver.got == []


async def test_test_event_tells_why_it_was_not_taken(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    receiver = Receiver()
    receiver.answers = [Unavailable("timeout"), AddressRefused(reason="private")]
    async with (
        open_test_store(tmp_path, clock=TrioClock()) as store,
        notifier_at_work(store, receiver) as supervisor,
    ):
        port = TargetsPort(supervisor.mailbox("notifier"))
        down, private, fine = [await port.test(TARGET) for _ in range(3)]
    assert isinstance(down, Refusal)
    assert (down.code, down.params) == (
        Code.NOTIFIER_FAILED,
        {"name": "phone", "reason": "timeout"},
    )
    assert isinstance(private, Refusal)
    assert (private.code, private.field) == (Code.URL_NOT_ALLOWED, "url")
    assert fine is None
