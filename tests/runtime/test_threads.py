"""Real threads, therefore the real clock; each waits milliseconds."""

import threading
from collections.abc import Callable

import pytest
import trio

from bindery.runtime.threads import RootUnreachable, Threads, in_thread


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - a thread cannot set a trio event
        await trio.sleep(0.001)


async def test_a_call_runs_in_a_thread_and_returns() -> None:
    threads = Threads()
    with trio.fail_after(10):
        name = await in_thread(threads.scan, lambda: threading.current_thread().name)
        assert name != threading.main_thread().name
        assert await in_thread(threads.root("books"), pow, 2, 5) == 32
        with pytest.raises(ZeroDivisionError):
            await in_thread(threads.root("books"), divmod, 1, 0)
    assert threads.root("books").limiter.borrowed_tokens == 0


async def test_each_root_has_its_own_four_places() -> None:
    threads = Threads()
    assert threads.root(1) is threads.root("1")
    assert threads.root(1) is not threads.root(2)
    assert threads.root(1).limiter.total_tokens == 4
    places = [threads.writer, threads.scan, threads.kdf, threads.cpu, threads.dns]
    assert [limiter.total_tokens for limiter in places] == [1, 3, 2, 1, 8]


async def test_a_stuck_call_is_abandoned_marks_the_root_and_keeps_its_place() -> None:
    threads = Threads()
    root = threads.root("mount")
    release = threading.Event()
    with trio.fail_after(10):
        with pytest.raises(RootUnreachable):
            await in_thread(root, release.wait, patience_s=0.02)
        assert root.unreachable
        assert threads.unreachable_roots() == ["mount"]
        assert root.limiter.borrowed_tokens == 1, "not given back until it returns"
        with pytest.raises(RootUnreachable):
            await in_thread(root, pow, 1, 1)
        assert await in_thread(threads.root("other"), pow, 2, 2) == 4
        release.set()
        await until(lambda: not root.unreachable)
        assert root.limiter.borrowed_tokens == 0
        assert await in_thread(root, pow, 2, 3) == 8


async def test_waiting_for_a_place_is_not_being_stuck() -> None:
    threads = Threads()
    root = threads.root("busy")
    release = threading.Event()

    async def short_patience() -> None:
        assert await in_thread(root, pow, 2, 2, patience_s=5) == 4

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(in_thread, root, release.wait)
            await until(lambda: root.limiter.borrowed_tokens == 4)
            nursery.start_soon(short_patience)
            await until(lambda: root.limiter.statistics().tasks_waiting == 1)
            release.set()
    assert not root.unreachable


async def test_a_call_cancelled_while_it_waits_for_a_place_takes_none() -> None:
    threads = Threads()
    root = threads.root("x")
    with trio.CancelScope() as scope:
        scope.cancel()
        await in_thread(root, pow, 1, 1)
    assert scope.cancelled_caught
    assert root.limiter.borrowed_tokens == 0


async def test_cancellation_waits_for_a_call_that_may_not_be_abandoned() -> None:
    root = Threads().root("x")
    began, release = threading.Event(), threading.Event()
    finished: list[str] = []

    def call() -> None:
        began.set()
        release.wait()
        finished.append("whole")

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_thread, root, call)
            await until(began.is_set)
            nursery.cancel_scope.cancel()
            release.set()
    assert finished == ["whole"]


async def test_every_file_thread_blocked_leaves_the_others_free() -> None:
    threads = Threads()
    release = threading.Event()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for key in range(10):
                for _ in range(4):
                    nursery.start_soon(in_thread, threads.root(key), release.wait)
            roots = [threads.root(key).limiter for key in range(10)]
            await until(lambda: sum(root.borrowed_tokens for root in roots) == 40)
            for limiter in (threads.writer, threads.scan, threads.kdf, threads.cpu, threads.dns):
                assert await in_thread(limiter, pow, 2, 2) == 4
            release.set()
