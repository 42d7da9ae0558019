"""The loop with which an actor works off its commands."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from bindery.store import commands
from bindery.store.commands import EVENT, PERSON, SWEEP, Command
from bindery.store.lanes import Done, Failed, GiveBack, Lane, Outcome, Retry
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store


class Worker:
    """A lane at work, with what it was given in order, and a gate to hold it."""

    def __init__(self, store: Store, *, places: int = 1, for_persons: int = 0) -> None:
        self.seen: list[str] = []
        self.outcomes: dict[str, list[Outcome]] = {}
        self.hold: trio.Event | None = None
        self.closing = trio.Event()
        self.lane = Lane(store, ["work", "other"], places=places, for_persons=for_persons)

    async def handle(self, command: Command) -> Outcome:
        self.seen.append(command.key)
        if self.hold is not None:
            await self.hold.wait()
        left = self.outcomes.get(command.key)
        return left.pop(0) if left else Done()

    async def run(self) -> None:
        await self.lane.run(self.handle, self.closing.wait)


async def ask(store: Store, key: str, *, kind: str = "work", priority: int = EVENT) -> int:
    def work(tx: Tx) -> int:
        return tx.enqueue(kind, {}, key=key, priority=priority)

    return await store.write(work)


def state(store: Store, command_id: int) -> str:
    found = store.read(lambda reader: commands.find(reader, command_id))
    assert found is not None
    return found.state


async def test_command_is_done_and_the_asker_learns_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store)
        worker.outcomes["a"] = [Done({"n": 1})]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            command = await ask(store, "a")
            settled = await store.settled(command, 5)
            worker.closing.set()
    assert settled is not None
    assert (settled.state, bytes(settled.result or b"")) == ("succeeded", b'{"n":1}')


async def test_every_kind_of_the_lane_rings_it_at_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            await wait_all_tasks_blocked()
            before = trio.current_time()
            for kind in ("work", "other"):
                assert await store.settled(await ask(store, kind, kind=kind), 5)
            assert trio.current_time() - before < 1
            worker.closing.set()
    assert worker.seen == ["work", "other"]


async def test_two_lanes_of_one_kind_do_not_steal_rings(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        closing = trio.Event()
        seen: list[str] = []

        async def handle(command: Command) -> Outcome:
            seen.append(command.lane)
            return Done()

        async with trio.open_nursery() as nursery:
            for name in ("client:1", "client:2"):
                lane = Lane(store, ["send"], lane=name)
                nursery.start_soon(lane.run, handle, closing.wait)
            await wait_all_tasks_blocked()
            for name in ("client:1", "client:2", "client:1"):
                before = trio.current_time()

                def work(tx: Tx, name: str = name) -> int:
                    return tx.enqueue("send", {}, key=name, lane=name)

                assert await store.settled(await store.write(work), 60)
                assert trio.current_time() - before < 1
            closing.set()
    assert seen == ["client:1", "client:2", "client:1"]


async def test_retry_waits_its_time_and_counts_an_attempt(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store)
        worker.outcomes["a"] = [
            Retry(after_s=300, code="client_down", spend=False),
            Retry(after_s=60, code="rejected"),
        ]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            before = trio.current_time()
            command = await ask(store, "a")
            assert await store.settled(command, 1_000)
            waited = trio.current_time() - before
            worker.closing.set()
        row = store.read(lambda reader: commands.find(reader, command))
    assert worker.seen == ["a", "a", "a"]
    assert waited == pytest.approx(360, abs=1)
    assert row is not None
    assert row.attempts == 2


async def test_failure_is_told_with_its_code(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store)
        worker.outcomes["a"] = [Failed(code="not_found", params={"id": 7})]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            settled = await store.settled(await ask(store, "a"), 5)
            worker.closing.set()
    assert settled is not None
    assert (settled.state, settled.code, settled.params) == ("failed", "not_found", {"id": 7})


async def test_a_place_is_kept_for_persons(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store, places=2, for_persons=1)
        worker.hold = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            for key in ("sweep-1", "sweep-2", "sweep-3"):
                await ask(store, key, priority=SWEEP)
            await wait_all_tasks_blocked(0.01)
            assert worker.seen == ["sweep-1"]
            await ask(store, "person", priority=PERSON)
            await wait_all_tasks_blocked(0.01)
            assert worker.seen == ["sweep-1", "person"]
            worker.hold.set()
            worker.closing.set()


async def test_who_stands_aside_gives_the_place_to_a_person_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store, places=1)
        worker.hold = trio.Event()
        held = worker.handle

        async def stand_aside(command: Command) -> Outcome:
            with worker.lane.aside():
                return await held(command)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.lane.run, stand_aside, worker.closing.wait)
            await ask(store, "first")
            await wait_all_tasks_blocked(0.01)
            await ask(store, "sweep", priority=SWEEP)
            await wait_all_tasks_blocked(0.01)
            assert worker.seen == ["first"]
            for key in ("ann", "bob"):
                await ask(store, key, priority=PERSON)
            await wait_all_tasks_blocked(0.01)
            # One place may be given away, so bob waits.
            assert worker.seen == ["first", "ann"]
            worker.hold.set()
            await trio.sleep(1)
            worker.closing.set()
    assert sorted(worker.seen) == ["ann", "bob", "first", "sweep"]


async def test_stop_gives_back_what_does_not_finish(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store)
        worker.hold = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            command = await ask(store, "slow")
            await wait_all_tasks_blocked(0.01)
            assert state(store, command) == "running"
            worker.closing.set()
        row = store.read(lambda reader: commands.find(reader, command))
    assert row is not None
    assert (row.state, row.attempts, row.crashes) == ("queued", 0, 0)


async def test_row_of_a_dead_incarnation_runs_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        command = await ask(store, "a")
        await store.write(lambda tx: commands.claim_in(tx, ["work"]))
        worker = Worker(store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            assert await store.settled(command, 5)
            worker.closing.set()
    assert worker.seen == ["a"]


async def test_give_back_keeps_the_row_as_it_was(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_store(tmp_path, clock=TrioClock()) as store:
        worker = Worker(store)
        worker.outcomes["a"] = [GiveBack()]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            assert await store.settled(await ask(store, "a"), 60)
            worker.closing.set()
    assert worker.seen == ["a", "a"]
