import math

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from bindery.runtime.doorbell import Bells, Doorbell


async def test_a_ring_before_the_wait_is_not_lost_and_many_are_one(
    autojump_clock: MockClock,
) -> None:
    bell = Doorbell()
    bell.ring()
    bell.ring()
    assert await bell.wait(10)
    assert not await bell.wait(10)
    assert trio.current_time() == 10


async def test_a_ring_wakes_who_waits(autojump_clock: MockClock) -> None:
    bell = Doorbell()
    heard: list[bool] = []

    async def listen() -> None:
        heard.append(await bell.wait(math.inf))

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await wait_all_tasks_blocked()
            bell.ring()
    assert heard == [True]


async def test_a_cancelled_wait_loses_no_ring(autojump_clock: MockClock) -> None:
    bell = Doorbell()
    bell.ring()
    with trio.CancelScope() as scope:
        scope.cancel()
        await bell.wait(1)
    assert scope.cancelled_caught
    assert await bell.wait(0)


async def test_bells_are_one_per_kind(autojump_clock: MockClock) -> None:
    bells = Bells()
    assert bells.bell("slot.search") is bells.bell("slot.search")
    bells.ring("slot.search")
    assert not await bells.bell("author.sync").wait(0)
    assert await bells.bell("slot.search").wait(0)
    bells.ring_all()
    assert await bells.bell("author.sync").wait(0)
