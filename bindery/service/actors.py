"""Which actors run: names, tiers, budgets, and what each is given (architecture.md 7).

A new actor is one `Child` in `start`, or one `Kind` in `_kinds` when there is one per row.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from bindery.actors.downloads import DownloadsActor
from bindery.actors.indexer.actor import indexer_child
from bindery.actors.indexer.opening import fetcher, opener
from bindery.actors.live import LiveActor
from bindery.actors.roster import Kind, RosterActor, Wanted
from bindery.actors.scheduler import SchedulerActor
from bindery.adapters.outbound import Outbound
from bindery.adapters.protocols import DownloadClient
from bindery.adapters.registry import open_client
from bindery.domain.pathmap import PathMap
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.runtime.compute import on_cpu
from bindery.runtime.supervisor import Actor, Child, Supervisor
from bindery.runtime.threads import Threads
from bindery.service.configs import client_config, trusted_urls, wanted_clients
from bindery.settings import Settings
from bindery.store import indexers
from bindery.store.clients import ClientRow
from bindery.store.store import Store
from bindery.store.tx import Reader

TIER_DIRECTING, TIER_SEARCHING, TIER_WORKING, TIER_INDEXERS, TIER_LIVE = 6, 5, 4, 3, 2
"""Stopped from the highest down, in parallel inside a tier; the writer is tier 0."""

STOP_BUDGET_S: Final = {
    TIER_DIRECTING: 0.4,
    TIER_SEARCHING: 0.8,
    TIER_WORKING: 3.2,
    TIER_INDEXERS: 0.4,
    TIER_LIVE: 0.2,
}
"""Seconds for the commands in hand of each tier; together they are stage 2 of the stop."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that actors are made of."""

    settings: Settings
    store: Store
    supervisor: Supervisor
    hub: Hub
    board: Board
    threads: Threads
    outbound: Outbound
    rng: random.Random


async def start(parts: Parts) -> None:
    """Start every actor. Children of configuration rows are started by the roster."""
    store, supervisor = parts.store, parts.supervisor
    live = child("live", lambda: LiveActor(parts.hub), TIER_LIVE, critical=True)
    await supervisor.start(live)
    kinds = _kinds(parts)
    roster = child("roster", lambda: RosterActor(store, supervisor, kinds), TIER_DIRECTING)
    await supervisor.start(roster)
    zone = parts.settings.timezone
    await supervisor.start(
        child("scheduler", lambda: SchedulerActor(store, zone, parts.rng), TIER_DIRECTING)
    )


def child(
    name: str, factory: Callable[[], Actor], tier: int, *, bound: int = 64, critical: bool = False
) -> Child:
    """A child with the stop budget of its tier."""
    budget = STOP_BUDGET_S[tier]
    return Child(name, factory, tier=tier, bound=bound, stop_budget=budget, critical=critical)


def _kinds(parts: Parts) -> dict[str, Kind]:
    """One entry per kind of configured children; indexers first, since clients ask them."""
    return {"indexer": _indexers(parts), "client": _clients(parts)}


def _indexers(parts: Parts) -> Kind:
    open_row, compute = opener(parts.outbound), on_cpu(parts.threads)

    def wanted(reader: Reader) -> list[Wanted]:
        return _named("indexer", ((row.id, row.rev) for row in indexers.list_enabled(reader)))

    def make(name: str) -> Child:
        made = indexer_child(name, parts.store, open_row, compute=compute, tier=TIER_INDEXERS)
        return replace(made, stop_budget=STOP_BUDGET_S[TIER_INDEXERS])

    return Kind(wanted, make)


def _clients(parts: Parts) -> Kind:
    store, settings = parts.store, parts.settings
    maps = tuple(PathMap(there, here) for there, here in settings.download_path_remap)
    fetch = fetcher(parts.supervisor.mailbox, parts.outbound)

    def open_row(row: ClientRow) -> DownloadClient:
        trusted = store.read(trusted_urls)
        config = client_config(row, download_dir=settings.download_dir, trusted_urls=trusted)
        return open_client(config, parts.outbound)

    def make(name: str) -> Child:
        def actor() -> DownloadsActor:
            return DownloadsActor(
                store,
                _id(name),
                open_client=open_row,
                fetch=fetch,
                board=parts.board,
                hub=parts.hub,
                threads=parts.threads,
                maps=maps,
            )

        return child(name, actor, TIER_WORKING)

    return Kind(lambda reader: _named("client", wanted_clients(reader)), make)


def _named(prefix: str, rows: Iterable[tuple[int, int]]) -> list[Wanted]:
    return [Wanted(f"{prefix}:{number}", rev) for number, rev in rows]


def _id(name: str) -> int:
    return int(name.partition(":")[2])
