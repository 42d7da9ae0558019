"""The outbox: one command per (event, target), delivered at least once (architecture.md 6b).

A receiver tells repeats by the delivery id, which is the same over retries. A target that is down
delays nobody but itself.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import msgspec
import trio

from bindery.adapters.failures import OutsideError, Unavailable
from bindery.adapters.protocols import Notifier
from bindery.domain.notices import TEST, Notice, body_of
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations.ports import ASK_DEADLINE_S
from bindery.runtime.faults import reach
from bindery.runtime.mailbox import ActorGone, Envelope, Inbox, Mailbox
from bindery.store import events, notifiers
from bindery.store.commands import Command
from bindery.store.events import Event
from bindery.store.lanes import Done, Failed, Lane, Outcome, Retry
from bindery.store.notifiers import NotifierFields, NotifierRow
from bindery.store.store import Store

KIND = "outbox.send"
PLACES = 4
STEP_S = 2.0
BACK_OFF_S = (30.0, 120.0, 600.0, 3_600.0, 21_600.0)
"""After these many tries the delivery is given up; the command keeps the reason."""

OpenNotifier: TypeAlias = Callable[
    [NotifierRow | NotifierFields], AbstractAsyncContextManager[Notifier]
]


class TryTarget(msgspec.Struct, frozen=True):
    """Send a test event to a target, saved or not."""

    fields: NotifierRow | NotifierFields


class _Payload(msgspec.Struct, rename="camel"):
    event_id: int
    notifier_id: int


class NotifierActor:
    """Claims `outbox.send`; answers `TryTarget` with None or a `Refusal`."""

    def __init__(self, store: Store, open_notifier: OpenNotifier) -> None:
        self._store = store
        self._open = open_notifier

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; a delivery in hand is given back and repeated."""
        lane = Lane(self._store, [KIND], places=PLACES, step_budget_s=STEP_S)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lane.run, self._handle, inbox.wait_closing)
            ready()
            async for envelope in inbox:
                nursery.start_soon(self._try, envelope)

    async def _handle(self, command: Command) -> Outcome:
        asked = command.read(_Payload)
        target = self._store.read(lambda reader: notifiers.get(reader, asked.notifier_id))
        event = self._store.read(lambda reader: events.find(reader, asked.event_id))
        if target is None or not target.enabled or event is None:
            return Done()
        delivery = f"{asked.event_id}-{asked.notifier_id}"
        try:
            await self._send(target, notice_of(event), delivery)
        except Unavailable as error:
            if command.attempts >= len(BACK_OFF_S):
                return Failed(code=error.code, params=error.params)
            wait = BACK_OFF_S[command.attempts]
            return Retry(
                after_s=max(wait, error.retry_after_s or 0.0),
                code=error.code,
                params=error.params,
            )
        except OutsideError as error:
            return Failed(code=error.code, params=error.params)
        reach("outbox.sent")
        return Done()

    async def _send(
        self, target: NotifierRow | NotifierFields, notice: Notice, delivery: str
    ) -> None:
        async with self._open(target) as notifier:
            await notifier.send(body_of(notice), delivery_id=delivery)

    async def _try(self, envelope: Envelope[Any]) -> None:
        match envelope.msg:
            case TryTarget(fields):
                envelope.answer(await self._tried(fields))
            case other:
                envelope.fail(TypeError(f"a notifier is not asked {type(other).__name__}"))

    async def _tried(self, fields: NotifierRow | NotifierFields) -> Refusal | None:
        try:
            await self._send(fields, TEST, "test")
        except OutsideError as error:
            if error.code == Code.URL_NOT_ALLOWED:
                return Refusal(code=Code.URL_NOT_ALLOWED, field="url", params=error.params)
            params = {**error.params, "name": fields.name, "reason": error.code}
            return Refusal(code=Code.NOTIFIER_FAILED, params=params)
        return None


class TargetsPort:
    """The port `Targets` over the actor's mailbox; always with a deadline."""

    def __init__(self, mailbox: Mailbox[Any]) -> None:
        self._mailbox = mailbox

    async def test(self, fields: NotifierRow | NotifierFields) -> Refusal | None:
        """None when the target took the test event."""
        with trio.move_on_after(ASK_DEADLINE_S):
            try:
                answer: Refusal | None = await self._mailbox.ask(TryTarget(fields))
            except ActorGone:
                return refuse(Code.PROVIDER_UNAVAILABLE)
            return answer
        return refuse(Code.PROVIDER_TIMEOUT)


def notice_of(event: Event) -> Notice:
    """An event of the history as a notification."""
    client_id = event.params.get("clientId")
    ids = {
        "bookId": event.book_id,
        "authorId": event.author_id,
        "downloadId": event.download_id,
        "clientId": client_id if isinstance(client_id, int) else None,
    }
    path = event.params.get("path")
    return Notice(
        type=event.type,
        item=event.book_title or event.source_title,
        author=event.author_name or "",
        format=event.format,
        size=event.size,
        path=path if isinstance(path, str) else "",
        reason=(event.code or "").replace("_", " "),
        client=event.client,
        ids={name: number for name, number in ids.items() if number is not None},
    )
