"""Children follow configuration rows."""

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from bindery.actors.roster import Kind, RosterActor, Wanted
from bindery.domain.principal import Principal, Role, Via
from bindery.operations.clients import ClientPatch, add_client, delete_client, update_client
from bindery.runtime.mailbox import Inbox
from bindery.runtime.supervisor import Child, Supervisor, open_supervisor
from bindery.store import clients
from bindery.store.clients import ClientRow
from bindery.store.store import Store
from bindery.store.tx import Reader
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store

ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))


class Poller:
    """Counts its incarnations per name."""

    born: dict[str, int]

    def __init__(self, name: str, born: dict[str, int]) -> None:
        born[name] = born.get(name, 0) + 1

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        ready()
        async for envelope in inbox:
            envelope.answer(envelope.msg)


def wanted(reader: Reader) -> list[Wanted]:
    return [Wanted(f"client:{row.id}", row.rev) for row in clients.list_enabled(reader)]


@asynccontextmanager
async def roster_at_work(store: Store, born: dict[str, int]) -> AsyncGenerator[Supervisor, None]:
    def child(name: str) -> Child:
        return Child(name, lambda: Poller(name, born), tier=4)

    kinds = {"client": Kind(wanted, child)}
    async with open_supervisor(TrioClock(), rng=random.Random(1)) as supervisor:
        roster = Child("roster", lambda: RosterActor(store, supervisor, kinds), tier=6)
        await supervisor.start(roster)
        yield supervisor
        await supervisor.stop_all()


async def test_children_follow_the_rows(tmp_path: Path, autojump_clock: MockClock) -> None:
    born: dict[str, int] = {}
    async with open_test_store(tmp_path) as store, roster_at_work(store, born) as supervisor:
        assert born == {"client:1": 1}
        row = await add_client(store, ADMIN, ClientPatch(name="q", type="deluge", host="nas"))
        assert isinstance(row, ClientRow)
        await wait_all_tasks_blocked()
        name = f"client:{row.id}"
        assert await supervisor.mailbox(name).ask("alive") == "alive"
        await update_client(store, ADMIN, row.id, ClientPatch(category="x"))
        await wait_all_tasks_blocked()
        assert born[name] == 2
        await delete_client(store, ADMIN, row.id)
        await wait_all_tasks_blocked()
        assert name not in supervisor.names()
        assert born["client:1"] == 1


async def test_replaced_child_keeps_its_mail(tmp_path: Path, autojump_clock: MockClock) -> None:
    born: dict[str, int] = {}
    async with open_test_store(tmp_path) as store, roster_at_work(store, born) as supervisor:
        box = supervisor.mailbox("client:1")
        await update_client(store, ADMIN, 1, ClientPatch(category="x"))
        with trio.fail_after(20):
            assert await box.ask("after") == "after"


async def test_disabled_row_has_no_child(tmp_path: Path, autojump_clock: MockClock) -> None:
    born: dict[str, int] = {}
    async with open_test_store(tmp_path) as store, roster_at_work(store, born) as supervisor:
        await update_client(store, ADMIN, 1, ClientPatch(enabled=False))
        await wait_all_tasks_blocked()
        assert supervisor.names() == ["roster"]


async def test_change_without_a_ring_is_found_within_a_minute(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    born: dict[str, int] = {}
    async with open_test_store(tmp_path) as store, roster_at_work(store, born) as supervisor:
        await store.write(lambda tx: tx.run("UPDATE client SET enabled = 0"))
        await trio.sleep(61)
        assert supervisor.names() == ["roster"]
