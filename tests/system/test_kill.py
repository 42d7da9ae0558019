"""SIGKILL at every fault point (architecture.md 6c), a restart, and exactly one correct result.

Each case is two real processes on one data folder: the first is killed at the point, the second
ends the wish. What is covered is a choice, since points x modes x formats x clients is many hours:

* every point of placing (`op.*`), in each import mode, for an ebook;
* the points at which a displaced file makes a difference, in each mode;
* the points at which several tracks make a difference, with hardlink and copy (a torrent is never
  moved), through the real qBittorrent;
* every point of sending, following, the gate and cleaning up, with both kinds of client;
* the grab of an automatic search; the webhook; the backup; the migration.

`tests/actors/test_importer_faults.py` drills the importer alone at every import point in every
combination of mode and shape, tracks x move among them.
"""

import signal
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Literal, Self

import apsw
import pytest

from bindery.demo.shelf import Kind, Work
from bindery.demo.world import ThreadedWorld, World, world_in_thread
from bindery.runtime import faults
from bindery.store.migrate import known_migrations
from tests.kit.process import Died, Service
from tests.kit.qbittorrent import Daemon, daemon_in
from tests.kit.wish import Via, Wish, empty, survive

pytestmark = [pytest.mark.system, pytest.mark.slow]

AT_ONCE = 4
"""Cases side by side: most of their time is spent waiting for the client's next poll."""


@dataclass(frozen=True)
class Case:
    """One kill. `point` may say at which reach, as `op.done@2`."""

    point: str
    via: Via = "direct"
    kind: Kind = "epub"
    mode: str = "hardlink"
    older: str = ""
    begin: Literal["person", "automatic", "grabbed"] = "grabbed"
    remove_completed: bool = False

    def __str__(self) -> str:
        marks = [self.point, self.via, self.kind, self.mode]
        return "-".join(
            [
                *marks,
                *(["displaced"] if self.older == ELSE else []),
                *(["replaced"] if self.older == SAME else []),
            ]
        )


SAME = "Ada Quillfeather/The Lantern Papers (1911)/The Lantern Papers - Ada Quillfeather.epub"
"""A worse file under the very name of the new one: displaced when that is published."""
ELSE = "Ada Quillfeather/a scan.pdf"
"""A worse file under another name: an op of its own after the new one is published."""
MODES = ("hardlink", "copy", "move")
SENDING = (
    "send.claimed",
    "send.fetched",
    "send.payload_stored",
    "send.before_add",
    "send.after_add",
    "send.remote_stored",
    "poll.complete_seen",
    "gate.before_commit",
    "gate.committed",
)
IMPORTING = (
    "import.claimed",
    "import.probed",
    "import.planned",
    "register.before",
    "register.committed",
)
PLACING = (
    "op.tmp_partial",
    "op.tmp_written",
    "op.tmp_synced",
    "op.staged",
    "op.linked",
    "op.renamed",
    "op.dir_synced",
    "op.done",
)
TRACKS = ("op.tmp_written@2", "op.staged@3", "op.renamed", "op.done@2", "register.committed")

MATRIX = [
    *(Case(point) for point in SENDING),
    *(Case(point, "qbittorrent") for point in SENDING),
    *(Case(point) for point in IMPORTING),
    *(Case(point, mode=mode) for mode in MODES for point in PLACING),
    *(
        Case(point, mode=mode, older=SAME)
        for mode in MODES
        for point in ("op.displaced_moved", "op.displaced_stored", "op.renamed")
    ),
    *(Case(point, mode=mode, older=ELSE) for mode in MODES for point in ("op.displaced_moved",)),
    Case("op.done@2", older=ELSE),
    Case("register.before", older=ELSE),
    *(Case(point, "qbittorrent", "mp3") for point in TRACKS),
    *(Case(point, "qbittorrent", "mp3", "copy") for point in TRACKS[:3]),
    Case("source.first_removed", mode="move"),
    Case("source.removed", mode="move"),
    Case("cleanup.after_client"),
    Case("cleanup.after_client", "qbittorrent", remove_completed=True),
    Case("command.before_done", begin="person"),
    Case("command.before_done@2", "qbittorrent", begin="person"),
    Case("grab.committed", begin="automatic"),
    Case("grab.committed", "qbittorrent", begin="automatic"),
]
ELSEWHERE = {"backup.tmp_written", "migrate.snapshot", "migrate.step", "outbox.sent"}
"""Points with a test of their own below."""


def new_work(world: World) -> Work:
    """The book of every case, as an ebook and as an audiobook in tracks."""
    return world.add_work(
        world.add_author("Ada Quillfeather"),
        "The Lantern Papers",
        1911,
        kinds=("epub", "mp3"),
        narrator="Bo Reader",
        minutes=0.2,
    )


class Ground:
    """What all cases share: one world, and a real qBittorrent for each place."""

    def __init__(self, folder: Path, threaded: ThreadedWorld, stack: ExitStack) -> None:
        self.folder = folder
        self.world = threaded.world
        self.work: Work = threaded.call(partial(new_work, self.world))
        self._daemons: SimpleQueue[Daemon] = SimpleQueue()
        for number in range(AT_ONCE):
            self._daemons.put(stack.enter_context(daemon_in(folder / f"qb{number}")))

    def run(self, number: int, case: Case) -> None:
        """One case on its own folder."""
        wish = Wish(
            self.folder / f"case{number}",
            self.world,
            self.work,
            via=case.via,
            kind=case.kind,
            mode=case.mode,
            older=case.older,
            begin=case.begin,
            remove_completed=case.remove_completed,
        )
        if case.via == "direct":
            survive(wish, case.point)
            return
        wish.daemon = self._daemons.get()
        try:
            survive(wish, case.point)
        finally:
            empty(wish.daemon)
            self._daemons.put(wish.daemon)


@pytest.fixture(scope="module")
def ends(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Mapping[Case, Future[None]]]:
    """The ends of all cases that are asked for, several under way at once."""
    here = request.node.nodeid
    asked = [
        case
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.nodeid.startswith(f"{here}::")
        and hasattr(item, "callspec")
        and isinstance(case := item.callspec.params.get("case"), Case)
    ]
    folder = tmp_path_factory.mktemp("kill")
    with ExitStack() as stack:
        threaded = stack.enter_context(world_in_thread(bundled=False))
        ground = Ground(folder, threaded, stack)
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE, "kill"))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        yield {case: pool.submit(ground.run, n, case) for n, case in enumerate(asked)}


@pytest.mark.parametrize("case", MATRIX, ids=str)
def test_a_killed_wish_ends_as_one_correct_result(
    case: Case, ends: Mapping[Case, Future[None]]
) -> None:
    ends[case].result()


class Receiver:
    """Takes webhooks; `got` holds the delivery ids in order."""

    def __init__(self) -> None:
        self.got: list[str] = []
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                got.append(self.headers["X-Bindery-Delivery"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def alone() -> Generator[tuple[World, Work]]:
    """A world for the cases that run by themselves."""
    with world_in_thread(bundled=False) as threaded:
        yield threaded.world, threaded.call(partial(new_work, threaded.world))


def test_a_webhook_is_told_again_under_the_same_id(
    tmp_path: Path, alone: tuple[World, Work]
) -> None:
    """`outbox.sent`: at least once, and the receiver can tell (architecture.md 6b)."""
    with Receiver() as receiver:
        survive(Wish(tmp_path, *alone, begin="grabbed", webhook=receiver.url), "outbox.sent")
    assert len(receiver.got) == 2
    assert len(set(receiver.got)) == 1


@pytest.mark.parametrize("point", ["migrate.snapshot", "backup.tmp_written", "migrate.step"])
def test_an_upgrade_happens_whole_or_not_at_all(
    tmp_path: Path, alone: tuple[World, Work], point: str
) -> None:
    """The snapshot before an upgrade is a backup too: its point is on the way."""
    ours = len(known_migrations())
    wish = Wish(tmp_path, *alone, begin="grabbed")
    wish.prepare()
    service = wish.service
    service.altered = "upgrade"
    try:
        assert service.start(point).ended(30) == -signal.SIGKILL
        assert service.rows("PRAGMA user_version") == [(ours,)]
        assert service.rows("PRAGMA integrity_check") == [("ok",)]
        assert service.rows("SELECT count(*) FROM download") == [(1,)]
        with service.running():
            wish.carry()
        assert service.rows("SELECT a FROM later") == [(1,)]
        assert service.rows("PRAGMA user_version") == [(ours + 1,)]
        wish.judge()
    finally:
        service.kill()
    snapshot = apsw.Connection(str(service.data / f"bindery.before-{ours + 1:04}.db"))
    assert snapshot.pragma("user_version") == ours
    assert snapshot.pragma("integrity_check") == "ok"
    assert list(snapshot.execute("SELECT state FROM download")) == [("grabbed",)]
    snapshot.close()
    assert [path.name for path in service.data.glob(".*.tmp")] == []


def test_a_first_start_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    assert service.start("migrate.step").ended(30) == -signal.SIGKILL
    with service.running():
        assert service.ok("GET", "/api/v1/book")["items"] == []
    assert service.errors() == []


def test_half_a_backup_is_none(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    service.start("backup.tmp_written")
    with pytest.raises(Died):
        service.ok("POST", "/api/v1/backup")
    with service.running():
        service.until(
            lambda: len(service.ok("GET", "/api/v1/backup")) == 1, 20, "the backup to be made again"
        )
        assert service.ok("POST", "/api/v1/backup")["size"] > 0
    folder = service.data / "backups"
    made = sorted(path.name for path in folder.iterdir())
    assert len(made) == 2, made
    for name in made:
        copy = apsw.Connection(str(folder / name))
        assert copy.pragma("integrity_check") == "ok"
        copy.close()
    assert service.errors() == []


def test_no_fault_point_is_left_out() -> None:
    killed = {case.point.partition("@")[0] for case in MATRIX}
    assert killed | ELSEWHERE == faults.known()
    assert not killed & ELSEWHERE
