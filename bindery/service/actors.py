"""Which actors run: names, tiers, budgets, and what each is given (architecture.md 7).

A new actor is one `Child` in `start`, or one `Kind` in `_kinds` when there is one per row.
"""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bindery.actors.downloads import DownloadsActor
from bindery.actors.housekeeper import HousekeeperActor
from bindery.actors.importer import importer_child
from bindery.actors.indexer.actor import indexer_child
from bindery.actors.indexer.opening import fetcher, opener, unsaved_opener
from bindery.actors.live import LiveActor
from bindery.actors.metadata import MetadataActor
from bindery.actors.metadata.covers import CoverCache
from bindery.actors.notifier import NotifierActor
from bindery.actors.prober import ProberActor
from bindery.actors.roster import Kind, RosterActor, Wanted
from bindery.actors.scheduler import SchedulerActor
from bindery.actors.search.actor import search_child
from bindery.actors.trash import TrashActor
from bindery.adapters.configs import OpenLibraryConfig
from bindery.adapters.images import Images
from bindery.adapters.outbound import Outbound
from bindery.adapters.protocols import DownloadClient, MetadataProvider, Notifier
from bindery.adapters.registry import open_client, open_notifier, open_provider
from bindery.domain.pathmap import PathMap
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.runtime.compute import on_cpu
from bindery.runtime.supervisor import Actor, Child, Supervisor
from bindery.runtime.threads import Threads
from bindery.service.configs import client_config, notifier_config, trusted_urls, wanted_clients
from bindery.settings import Settings
from bindery.store import indexers, schedules
from bindery.store.clients import ClientFields, ClientRow
from bindery.store.notifiers import NotifierFields, NotifierRow
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx

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

    @property
    def maps(self) -> tuple[PathMap, ...]:
        """Path mappings that the operator gave for all clients."""
        return tuple(PathMap(there, here) for there, here in self.settings.download_path_remap)

    @property
    def covers(self) -> Path:
        """The folder of the cover cache."""
        return self.settings.data_dir.absolute() / "covers"

    def open_client(self, row: ClientRow | ClientFields) -> DownloadClient:
        """The adapter of a download client. Raises LookupError for a kind without one."""
        trusted = self.store.read(trusted_urls)
        folder = self.settings.download_dir
        config = client_config(row, download_dir=folder, trusted_urls=trusted, maps=self.maps)
        return open_client(config, self.outbound)

    def open_notifier(self, row: NotifierRow | NotifierFields) -> Notifier:
        """The adapter of a notification target."""
        return open_notifier(notifier_config(row), self.outbound)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a command of this kind is due: every so many seconds, or daily at a local time."""

    kind: str
    every_s: int | None = None
    local_time: str | None = None
    jitter_s: int = 0


RHYTHMS: Final = (
    Rhythm("wanted.sweep", every_s=900, jitter_s=120),
    Rhythm("feeds.read", every_s=900, jitter_s=60),
    Rhythm("authors.sweep", every_s=1800, jitter_s=300),
    Rhythm("disk.check", every_s=600, jitter_s=60),
    Rhythm("backup.create", local_time="03:30", jitter_s=600),
    Rhythm("retention.prune", local_time="04:10", jitter_s=600),
    Rhythm("bin.purge", local_time="04:40", jitter_s=600),
    Rhythm("integrity.check", every_s=7 * 86_400, jitter_s=3_600),
)


async def keep_schedules(parts: Parts) -> None:
    """Bring the schedule rows in step with `RHYTHMS`; a due time that stands is kept."""
    zone = parts.settings.timezone

    def work(tx: Tx) -> None:
        for rhythm in RHYTHMS:
            schedules.put_in(
                tx,
                rhythm.kind,
                rhythm.kind,
                zone=zone,
                every_s=rhythm.every_s,
                local_time=rhythm.local_time,
                jitter_s=rhythm.jitter_s,
            )

    await parts.store.write(work, actor=True)


async def start(parts: Parts) -> None:
    """Start every actor, lower tiers first: an actor asks only those started before it.

    Children of configuration rows are started by the roster.
    """
    supervisor = parts.supervisor
    live = child("live", lambda: LiveActor(parts.hub, supervisor.names), TIER_LIVE, critical=True)
    await supervisor.start(live)
    kinds = _kinds(parts)
    roster = child("roster", lambda: RosterActor(parts.store, supervisor, kinds), TIER_DIRECTING)
    await supervisor.start(roster)
    for made in (*_working(parts), *_searching(parts)):
        await supervisor.start(replace(made, stop_budget=STOP_BUDGET_S[made.tier]))
    await keep_schedules(parts)
    zone = parts.settings.timezone
    await supervisor.start(
        child("scheduler", lambda: SchedulerActor(parts.store, zone, parts.rng), TIER_DIRECTING)
    )


def _working(parts: Parts) -> list[Child]:
    def notifier() -> NotifierActor:
        return NotifierActor(parts.store, parts.open_notifier)

    def housekeeper() -> HousekeeperActor:
        return HousekeeperActor(parts.store, parts.threads)

    def trash() -> TrashActor:
        return TrashActor(parts.store, parts.threads)

    return [
        importer_child(parts.store, parts.threads, parts.board, parts.hub, TIER_WORKING),
        child("trash", trash, TIER_WORKING),
        child("notifier", notifier, TIER_WORKING),
        child("housekeeper", housekeeper, TIER_WORKING),
    ]


def _searching(parts: Parts) -> list[Child]:
    compute, mailbox_of = on_cpu(parts.threads), parts.supervisor.mailbox

    def prober() -> ProberActor:
        return ProberActor(
            unsaved_opener(parts.outbound),
            parts.open_client,
            mailbox_of=mailbox_of,
            threads=parts.threads,
            maps=parts.maps,
        )

    return [
        child("metadata", lambda: _metadata(parts), TIER_SEARCHING),
        search_child(parts.store, mailbox_of, compute=compute, tier=TIER_SEARCHING),
        child("prober", prober, TIER_SEARCHING),
    ]


def _metadata(parts: Parts) -> MetadataActor:
    settings, outbound = parts.settings, parts.outbound
    hosts = (settings.openlibrary_url, settings.openlibrary_covers_url)

    def provider(before_request: Callable[[], Awaitable[None]]) -> MetadataProvider:
        config = OpenLibraryConfig(base_url=hosts[0], covers_url=hosts[1])
        return open_provider(config, outbound, before_request)

    @asynccontextmanager
    async def covers() -> AsyncGenerator[CoverCache, None]:
        async with Images(outbound, hosts) as images:
            compute = on_cpu(parts.threads)
            yield CoverCache(parts.store, parts.covers, images.fetch, compute, hosts)

    return MetadataActor(
        parts.store, open_provider=provider, board=parts.board, hub=parts.hub, covers=covers
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
    fetch = fetcher(parts.supervisor.mailbox, parts.outbound)

    def make(name: str) -> Child:
        def actor() -> DownloadsActor:
            return DownloadsActor(
                parts.store,
                _id(name),
                open_client=parts.open_client,
                fetch=fetch,
                board=parts.board,
                hub=parts.hub,
                threads=parts.threads,
                maps=parts.maps,
            )

        return child(name, actor, TIER_WORKING)

    return Kind(lambda reader: _named("client", wanted_clients(reader)), make)


def _named(prefix: str, rows: Iterable[tuple[int, int]]) -> list[Wanted]:
    return [Wanted(f"{prefix}:{number}", rev) for number, rev in rows]


def _id(name: str) -> int:
    return int(name.partition(":")[2])
