"""The flush clock: at once, then in its rhythm, and a pulse for the health page."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock

from bindery.actors.live import PULSE_S, LiveActor
from bindery.domain.principal import Role, Scope
from bindery.live.connection import Viewer
from bindery.live.hub import Hub
from bindery.live.topic import Id, Snapshot, Topic
from bindery.runtime.supervisor import Child, open_supervisor
from tests.kit.clocks import TrioClock


class Rendered:
    """A topic that remembers when it was asked for which ids."""

    def __init__(self) -> None:
        self.at: list[tuple[float, tuple[Id, ...]]] = []

    def topic(self) -> Topic:
        def render(_name: str, ids: Sequence[Id], _scope: Scope) -> list[dict[str, Id]]:
            self.at.append((trio.current_time(), tuple(sorted(map(str, ids)))))
            return [{"id": mark} for mark in ids]

        return Topic(
            kind="state", render=render, snapshot=lambda _name, _scope: Snapshot([]), audience="all"
        )


@asynccontextmanager
async def live_hub(*pulse: str) -> AsyncGenerator[tuple[Hub, Rendered], None]:
    clock, rendered = TrioClock(), Rendered()
    hub = Hub(clock)
    hub.register("health", rendered.topic())
    async with open_supervisor(clock, rng=random.Random(1)) as supervisor:
        await supervisor.start(Child("live", lambda: LiveActor(hub, lambda: pulse)))
        yield hub, rendered
        await supervisor.stop_all()


async def watch(hub: Hub) -> None:
    """A browser that reads whatever comes; runs until cancelled."""
    conn = hub.connect(Viewer(user_id=1, name="ada", role=Role.ADMIN, scope=(1,)))
    hub.subscribe(conn, "health", None, None)
    while True:
        await conn.next_frame()


async def test_change_is_rendered_at_once(autojump_clock: MockClock) -> None:
    async with live_hub() as (hub, rendered), trio.open_nursery() as nursery:
        nursery.start_soon(watch, hub)
        await trio.sleep(10)
        began = trio.current_time()
        hub.mark("health", 0, "search")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert rendered.at == [(began, ("search",))]


async def test_watched_health_page_is_rendered_in_a_rhythm(autojump_clock: MockClock) -> None:
    async with live_hub("live", "search") as (hub, rendered), trio.open_nursery() as nursery:
        await trio.sleep(60)
        assert rendered.at == []
        nursery.start_soon(watch, hub)
        await trio.sleep(3 * PULSE_S + 1)
        nursery.cancel_scope.cancel()
    assert {ids for _, ids in rendered.at} == {("live", "search")}
    assert 3 <= len(rendered.at) <= 5


async def test_nobody_looks_nobody_renders(autojump_clock: MockClock) -> None:
    async with live_hub("live") as (_, rendered):
        await trio.sleep(3_600)
    assert rendered.at == []
