"""The mailbox rules of architecture.md 4, one by one."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from bindery.runtime.mailbox import ActorGone, Closed, Inbox, Mailbox, MailboxFull


def box_of(bound: int = 3) -> tuple[Mailbox[str], Inbox[str]]:
    box: Mailbox[str] = Mailbox("box", bound)
    return box, Inbox(box)


async def test_messages_come_in_the_order_they_were_sent() -> None:
    box, inbox = box_of()
    for text in ("a", "b", "c"):
        box.tell(text)
    assert [(await inbox.take()).msg for _ in range(3)] == ["a", "b", "c"]


async def test_a_keyed_message_replaces_the_queued_one_in_its_place_even_when_full() -> None:
    box, inbox = box_of(2)
    box.tell("old", key=1)
    box.tell("other")
    box.tell("new", key=1)
    assert len(box) == 2
    assert [(await inbox.take()).msg for _ in range(2)] == ["new", "other"]


async def test_a_key_in_hand_does_not_swallow_the_next_message() -> None:
    box, inbox = box_of()
    box.tell("first", key="k")
    await inbox.take()
    box.tell("second", key="k")
    assert (await inbox.take()).msg == "second"


async def test_an_unkeyed_message_never_collides_with_a_key() -> None:
    box, _inbox = box_of()
    box.tell("a", key=None)
    box.tell("b", key=("key", None))
    box.tell("c")
    assert len(box) == 3


async def test_overflow_raises_in_the_sender_at_once_and_is_counted() -> None:
    box, _inbox = box_of(1)
    box.tell("a")
    with pytest.raises(MailboxFull):
        box.tell("b")
    with pytest.raises(MailboxFull):
        await box.ask("c")
    assert (box.refused, box.peak, len(box)) == (2, 1, 1)


async def test_ask_returns_the_answer_or_raises_the_failure() -> None:
    box, inbox = box_of()
    results: list[object] = []

    async def asker(text: str) -> None:
        try:
            results.append(await box.ask(text))
        except KeyError as error:
            results.append(error.args[0])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker, "ok")
        await wait_all_tasks_blocked()
        nursery.start_soon(asker, "bad")
        (await inbox.take()).answer(42)
        (await inbox.take()).fail(KeyError("no"))
    assert results == [42, "no"]


async def test_an_answer_is_given_exactly_once() -> None:
    box, inbox = box_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.ask, "x")
        envelope = await inbox.take()
        envelope.answer(1)
        with pytest.raises(RuntimeError, match="exactly once"):
            envelope.answer(2)


async def test_a_cancelled_ask_is_withdrawn_while_it_is_queued() -> None:
    box, inbox = box_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.ask, "x")
        await wait_all_tasks_blocked()
        assert len(box) == 1
        nursery.cancel_scope.cancel()
    assert len(box) == 0
    box.tell("y")
    assert (await inbox.take()).msg == "y"


async def test_a_cancelled_ask_in_hand_runs_to_its_end_and_the_answer_is_dropped() -> None:
    box, inbox = box_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.ask, "x")
        envelope = await inbox.take()
        nursery.cancel_scope.cancel()
    assert envelope.cancelled
    envelope.answer("late")
    assert inbox.in_hand_since() is None


async def test_take_is_a_checkpoint_even_with_mail_waiting() -> None:
    box, inbox = box_of()
    box.tell("x")
    with trio.CancelScope() as scope:
        scope.cancel()
        await inbox.take()
    assert scope.cancelled_caught
    assert len(box) == 1, "a cancelled take loses nothing"


async def test_tell_is_not_a_checkpoint() -> None:
    box, _inbox = box_of()
    with trio.CancelScope() as scope:  # noqa: ASYNC100 - that nothing can cancel it is the point
        scope.cancel()
        box.tell("x")
    assert not scope.cancelled_caught


async def test_take_many_takes_what_is_there_up_to_the_limit() -> None:
    box, inbox = box_of(5)
    for text in "abcde":
        box.tell(text)
    assert [e.msg for e in await inbox.take_many(3)] == ["a", "b", "c"]
    assert [e.msg for e in await inbox.take_many(3)] == ["d", "e"]


async def test_two_readers_share_the_work(autojump_clock: MockClock) -> None:
    box, inbox = box_of(10)
    seen: list[str] = []

    async def reader() -> None:
        async for envelope in inbox:
            await trio.sleep(1)
            seen.append(envelope.msg)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader)
            nursery.start_soon(reader)
            await wait_all_tasks_blocked()
            for text in "abcdef":
                box.tell(text)
            inbox.close(drain=True)
    assert sorted(seen) == list("abcdef")
    assert trio.current_time() == pytest.approx(3.0)


async def test_closing_drains_and_then_raises() -> None:
    box, inbox = box_of()
    box.tell("a")
    box.close()
    inbox.close(drain=True)
    with pytest.raises(ActorGone):
        box.tell("b")
    with pytest.raises(ActorGone):
        await box.ask("b")
    assert (await inbox.take()).msg == "a"
    with pytest.raises(Closed):
        await inbox.take()


async def test_closing_without_draining_leaves_the_mail_for_the_successor() -> None:
    box, inbox = box_of()
    box.tell("a")
    inbox.close(drain=False)
    with pytest.raises(Closed):
        await inbox.take()
    assert (await Inbox(box).take()).msg == "a"


async def test_closing_wakes_a_waiting_reader(autojump_clock: MockClock) -> None:
    _box, inbox = box_of()
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:

            async def reader() -> None:
                with pytest.raises(Closed):
                    await inbox.take()

            nursery.start_soon(reader)
            nursery.start_soon(inbox.wait_closing)
            await wait_all_tasks_blocked()
            inbox.close(drain=True)
    assert inbox.closing


async def test_a_suspended_box_refuses_asks_and_keeps_tells() -> None:
    box, inbox = box_of()
    box.tell("kept")
    refused: list[str] = []

    async def asker() -> None:
        try:
            await box.ask("x")
        except ActorGone:
            refused.append("queued")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker)
        await wait_all_tasks_blocked()
        box.suspend()
    with pytest.raises(ActorGone, match="parked"):
        await box.ask("y")
    assert refused == ["queued"]
    box.resume()
    assert (await inbox.take()).msg == "kept"


async def test_ages_speak_of_the_message_in_hand_and_of_the_oldest_queued(
    autojump_clock: MockClock,
) -> None:
    box, inbox = box_of()
    box.tell("a")
    await trio.sleep(2)
    box.tell("b")
    assert box.oldest_since() == 0.0
    await inbox.take()
    assert (inbox.in_hand_since(), box.oldest_since()) == (2.0, 2.0)
    await trio.sleep(1)
    await inbox.take()
    assert (inbox.in_hand_since(), box.oldest_since()) == (3.0, None)
