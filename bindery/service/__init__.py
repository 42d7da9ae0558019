"""The composition root: starts everything in order, stops it in order (architecture.md 11).

    async with open_service(settings) as service:
        await service.wait()

Start: data folder lock, database (snapshot, migrations), actors tier by tier, only then the
listener. Stop: the listener and the sockets, the actors from the highest tier down, the database.
"""

import gc
import os
import random
import secrets
import signal
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog
import trio

from bindery import __version__
from bindery.adapters.failures import OutsideError
from bindery.adapters.outbound import Outbound
from bindery.http import errors
from bindery.http.app import create_app
from bindery.http.routes.system_health import STALLS
from bindery.http.server import GRACEFUL_S, STOPPING_SEND_S, open_listener, serve
from bindery.http.services import Services, WebSettings
from bindery.http.spa import BuiltApp
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.live.topic import EVERYBODY
from bindery.operations import identity
from bindery.operations.ports import Ports
from bindery.runtime.clock import SystemClock
from bindery.runtime.doorbell import Bells
from bindery.runtime.health import ready
from bindery.runtime.stall import StallMeter, open_stall_meter
from bindery.runtime.supervisor import Supervisor, open_supervisor
from bindery.runtime.threads import Threads, in_thread
from bindery.service import actors, topics
from bindery.service.configs import outbound_config
from bindery.service.ports import make_ports
from bindery.settings import Settings
from bindery.store.lock import locked_folder
from bindery.store.store import Store, open_store

HTTP_BUDGET_S = GRACEFUL_S + STOPPING_SEND_S
"""Stage 1: requests in flight finish; who does not read is cut off."""
ACTORS_BUDGET_S = sum(actors.STOP_BUDGET_S.values())
"""Stage 2: commands in hand finish a step or are given back."""
STORE_BUDGET_S = 1.0
"""Stage 3: the checkpoint."""
GUARD_S = 9.5
"""A thread started with the first signal ends the process hard after this long."""

SETUP_CODE = "setup-code"
"""The file in the data folder, until there is an admin."""
STATIC = Path(__file__).resolve().parents[1] / "http" / "static"

_log = structlog.get_logger(__name__)


@dataclass
class Service:
    """A running Bindery."""

    settings: Settings
    store: Store
    supervisor: Supervisor
    hub: Hub
    board: Board
    stalls: StallMeter
    setup_code: str
    urls: list[str] = field(default_factory=list[str])
    stopping: trio.Event = field(default_factory=trio.Event)

    def stop(self) -> None:
        """Begin the ordered stop; `open_service` ends it."""
        self.stopping.set()

    async def wait(self) -> int:
        """Until somebody asks to stop or a critical actor fails; the exit code."""
        async with trio.open_nursery() as nursery:

            async def failed() -> None:
                await self.supervisor.failed.wait()
                self.stop()

            nursery.start_soon(failed)
            await self.stopping.wait()
            nursery.cancel_scope.cancel(reason="the service stops")
        return self.supervisor.exit_code


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncGenerator[Service]:
    """Start Bindery; leaving the block is the ordered stop.

    Raises `FolderLocked`, `NewerDatabase`, `OSError` (the address is in use, the folder cannot
    be written), `StartFailed`.
    """
    threads, clock, bells, board = Threads(), SystemClock(), Bells(), Board()
    # Not a secret: spreads restarts and schedules.
    rng = random.Random()
    with locked_folder(settings.data_dir), _listening(settings) as listener:
        hub = Hub(clock, server=__version__)
        async with (
            open_stall_meter() as stalls,
            open_supervisor(clock, rng=rng) as supervisor,
            open_store(
                settings.db_path,
                threads=threads,
                clock=clock,
                publisher=hub,
                bells=bells,
                supervisor=supervisor,
            ) as store,
        ):
            await identity.seed(store, api_key=settings.api_key)
            topics.register(hub, store, board, supervisor.health, base=settings.url_base)
            supervisor.changed = lambda name: hub.mark("health", EVERYBODY, name)
            service = Service(
                settings=settings,
                store=store,
                supervisor=supervisor,
                hub=hub,
                board=board,
                stalls=stalls,
                setup_code=await _setup_code(settings, store, threads),
            )
            parts = actors.Parts(
                settings=settings,
                store=store,
                supervisor=supervisor,
                hub=hub,
                board=board,
                threads=threads,
                outbound=Outbound(threads=threads, clock=clock, config=outbound_config(settings)),
                rng=rng,
            )
            await actors.start(parts)
            async with trio.open_nursery() as nursery:
                app = create_app(
                    _services(service, threads, make_ports(parts)),
                    built=_built(settings),
                    faults={OutsideError: errors.OUTSIDE},
                )
                service.urls = await nursery.start(
                    partial(
                        serve,
                        app,
                        [listener],
                        base=settings.url_base,
                        stopping=service.stopping,
                    )
                )
                _settle_memory()
                _log.info("service.started", urls=service.urls, version=__version__)
                try:
                    yield service
                finally:
                    service.stop()
                    store.waiters.close()
                    nursery.cancel_scope.deadline = trio.current_time() + HTTP_BUDGET_S
            await supervisor.stop_all()
    _log.info("service.stopped")


async def run(
    settings: Settings, beside: Callable[[Service], Awaitable[None]] | None = None
) -> int:
    """Serve until SIGTERM, SIGINT or a critical failure; the exit code.

    `beside` runs while the service does, and is cancelled when it begins to stop.
    """
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            async with open_service(settings) as service:
                # The second signal must still count while the service stops.
                nursery.start_soon(_obey, signals, service)  # noqa: ASYNC111 - see above
                async with trio.open_nursery() as company:
                    if beside is not None:
                        company.start_soon(beside, service)
                    code = await service.wait()
                    guard = start_guard()
                    company.cancel_scope.cancel(reason="the service stops")
            nursery.cancel_scope.cancel(reason="the service has stopped")
    guard.cancel()
    return code


async def _obey(signals: AsyncIterator[int], service: Service) -> None:
    """The first signal begins the ordered stop, the second ends the process at once."""
    first = True
    async for number in signals:
        if not first:
            os._exit(128 + number)
        first = False
        _log.info("service.stopping", signal=signal.Signals(number).name)
        service.stop()


def start_guard(after_s: float = GUARD_S) -> threading.Timer:
    """Whatever hangs, the process ends; the database is safe at every moment."""
    guard = threading.Timer(after_s, os._exit, [1])
    guard.daemon = True
    guard.start()
    return guard


def _settle_memory() -> None:
    """What the start made stays to the end: the collector need not look at it ever again.

    Measured under load: the median full collection took 103 ms before, 0.4 ms afterwards. None
    before it: that would keep the first answer waiting for 85 ms, and finds 3,000 objects.
    """
    gc.freeze()
    gc.enable()


def _services(service: Service, threads: Threads, ports: Ports) -> Services:
    settings = service.settings
    return Services(
        settings=WebSettings.of(settings),
        store=service.store,
        clock=service.store.clock,
        threads=threads,
        hub=service.hub,
        board=service.board,
        ports=ports,
        actors=service.supervisor.health,
        ready=lambda: ready(service.supervisor.health()),
        stopping=service.stopping,
        version=__version__,
        started_us=service.store.clock.now_us(),
        setup_code=service.setup_code,
        set_up=partial(_forget_code, settings, threads),
        boot_key=secrets.token_bytes(32),
        extras={STALLS: service.stalls},
    )


def _built(settings: Settings) -> BuiltApp:
    if (STATIC / "index.html").is_file():
        return BuiltApp.load(STATIC, settings.url_base, settings.frame_ancestors)
    return BuiltApp.empty(settings.url_base, settings.frame_ancestors)


@contextmanager
def _listening(settings: Settings) -> Generator[socket.socket]:
    listener: socket.socket = open_listener(settings.host, settings.port)
    try:
        yield listener
    finally:
        listener.close()


async def _setup_code(settings: Settings, store: Store, threads: Threads) -> str:
    """The code that lets a stranger's browser create the first admin; gone once there is one.

    Shown once in the log and kept in the file `setup-code` (mode 0600) of the data folder.
    """
    path = settings.data_dir / SETUP_CODE
    possible = store.read(
        lambda reader: identity.setup_possible(reader, local_auth=settings.local_auth_enabled)
    )
    if possible is not None:
        await _forget_code(settings, threads)
        return ""
    code = secrets.token_hex(4)

    def write() -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(code + "\n")

    await in_thread(threads.scan, write)
    _log.warning("service.setup_required", code=code, file=SETUP_CODE)
    return code


async def _forget_code(settings: Settings, threads: Threads) -> None:
    """There is an admin: the code opens nothing any more."""
    path = settings.data_dir / SETUP_CODE
    try:
        await in_thread(threads.scan, partial(path.unlink, missing_ok=True))
    except OSError as error:
        _log.warning("service.setup_code_kept", file=SETUP_CODE, number=error.errno)
