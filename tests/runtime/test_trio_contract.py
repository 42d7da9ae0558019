"""What the kernel relies on in trio, so that an upgrade of trio tells us (platform.md 4.3, D5)."""

import inspect
import threading

import pytest
import trio
from trio._core import _run as trio_internals
from trio.testing import MockClock, wait_all_tasks_blocked


def test_the_scheduler_can_be_seeded_for_the_fuzz() -> None:
    assert isinstance(trio_internals._ALLOW_DETERMINISTIC_SCHEDULING, bool)
    assert hasattr(trio_internals._r, "seed")


def test_a_cancel_takes_a_reason() -> None:
    assert "reason" in inspect.signature(trio.CancelScope.cancel).parameters


async def test_a_reader_woken_by_a_message_is_not_cancelled_as_well(
    autojump_clock: MockClock,
) -> None:
    """`Inbox.take` loses nothing because a task that was unparked runs on to its next checkpoint."""
    lot = trio.lowlevel.ParkingLot()
    ran: list[str] = []

    async def reader() -> None:
        await lot.park()
        ran.append("after park")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader)
        await wait_all_tasks_blocked()
        lot.unpark()
        nursery.cancel_scope.cancel()
    assert ran == ["after park"]


async def test_start_reports_success_even_if_a_scope_inside_is_cancelled(
    autojump_clock: MockClock,
) -> None:
    """Cause of platform.md Q2: therefore readiness is a state of our own."""

    async def callee(task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            task_status.started()
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        await nursery.start(callee)


async def test_except_star_splits_a_real_error_from_a_cancellation(
    autojump_clock: MockClock,
) -> None:
    caught: list[str] = []
    with trio.CancelScope() as scope:
        try:
            async with trio.open_nursery() as nursery:

                async def fails_when_cancelled() -> None:
                    try:
                        await trio.sleep_forever()
                    finally:
                        raise LookupError("real")

                nursery.start_soon(fails_when_cancelled)
                nursery.start_soon(trio.sleep_forever)
                await wait_all_tasks_blocked()
                scope.cancel()
        except* LookupError as group:
            caught.extend(str(error) for error in group.exceptions)
    assert caught == ["real"]
    assert scope.cancelled_caught or scope.cancel_called


async def test_the_place_of_an_abandoned_thread_comes_back_when_it_returns() -> None:
    limiter = trio.CapacityLimiter(1)
    release = threading.Event()
    with trio.fail_after(10):
        with trio.move_on_after(0.01):
            await trio.to_thread.run_sync(release.wait, limiter=limiter, abandon_on_cancel=True)
        assert limiter.borrowed_tokens == 1
        release.set()
        while limiter.borrowed_tokens:  # noqa: ASYNC110 - a thread cannot set a trio event
            await trio.sleep(0.001)


async def test_a_limiter_of_our_own_shape_is_taken_and_released_by_the_thread() -> None:
    """`threads._Place` looks like a limiter."""
    calls: list[str] = []

    class Shape:
        async def acquire_on_behalf_of(self, _borrower: object) -> None:
            calls.append("acquire")

        def release_on_behalf_of(self, _borrower: object) -> None:
            calls.append("release")

    assert await trio.to_thread.run_sync(lambda: 3, limiter=Shape()) == 3  # pyright: ignore[reportArgumentType] - the point
    assert calls == ["acquire", "release"]


async def test_groups_are_matched_by_pytest_not_by_trio_testing(autojump_clock: MockClock) -> None:
    with pytest.RaisesGroup(LookupError):
        async with trio.open_nursery() as nursery:

            async def fail() -> None:
                await trio.lowlevel.checkpoint()
                raise LookupError

            nursery.start_soon(fail)
