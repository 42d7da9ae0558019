"""Facts about trio beyond `tests/runtime/test_trio_contract.py` (platform.md 4.3, 4.2 D5)."""

import time
import warnings

import pytest
import trio
import trio.testing
from trio.testing import MockClock


async def test_d5_virtual_time_jumps_while_a_thread_works(autojump_clock: MockClock) -> None:
    """Therefore tests with virtual clocks open the store inline, without threads."""
    with trio.move_on_after(3600) as hour:
        await trio.to_thread.run_sync(time.sleep, 0.05, abandon_on_cancel=True)
    assert hour.cancelled_caught


def test_matching_groups_by_trio_testing_is_deprecated() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning):
            getattr(trio.testing, "RaisesGroup")  # noqa: B009 - the access is what warns


async def test_a_full_channel_refuses_at_once_and_cannot_be_looked_into() -> None:
    """Therefore the mailbox is a dictionary beside a bell, not a channel."""
    send, receive = trio.open_memory_channel[int](1)
    send.send_nowait(1)
    with pytest.raises(trio.WouldBlock):
        send.send_nowait(2)
    assert not any(hasattr(receive, name) for name in ("replace", "peek", "__getitem__"))
    send.close()
    receive.close()


async def test_ready_tasks_run_in_no_order() -> None:
    orders: set[tuple[int, ...]] = set()
    for _ in range(200):
        ran: list[int] = []

        async def note(number: int, into: list[int] = ran) -> None:
            await trio.lowlevel.checkpoint()
            into.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(note, number)
        orders.add(tuple(ran))
    assert len(orders) > 1


def test_the_first_task_may_be_interrupted_unless_a_receiver_is_open() -> None:
    """Therefore `service.run` opens the signal receiver first."""
    import signal  # noqa: PLC0415 - only here

    async def main() -> int:
        with trio.open_signal_receiver(signal.SIGINT) as signals:
            signal.raise_signal(signal.SIGINT)
            async for number in signals:
                return number
        return 0

    assert trio.run(main) == signal.SIGINT
