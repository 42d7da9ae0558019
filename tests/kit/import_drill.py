"""Kill an importer at a fault point and let a new one go on, many times in one process.

    python -m tests.kit.import_drill <folder>      (a Drill as JSON on standard input)

Each case forks twice from a process without threads: the first child is killed at the point, the
second recovers and judges. Real files, a real database, real SIGKILL.
"""

import hashlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec
import trio

from bindery.domain.offers import BookFormat
from bindery.files.probe import inspect
from bindery.runtime import faults
from bindery.runtime.clock import SystemClock
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.kit import importing
from tests.kit.database import open_test_store
from tests.kit.importing import House

SHELVED = "Toni Morrison/Sula (1973)/Sula - Toni Morrison.epub"
OLD = "Toni Morrison/Old/Sula.pdf"
WITHIN_S = 20.0
WORKERS = 4
_q_command = "SELECT id FROM command WHERE kind = 'download.import'"

_ = inspect  # its parsers are loaded before the first fork


class Drill(msgspec.Struct):
    """`shape`: ebook, audiobook, displaced (the same path), upgrade (another format)."""

    mode: str
    shape: str
    points: list[str]


class Result(msgspec.Struct):
    """`hit`: the first child was killed there. `trouble`: what is wrong after the recovery."""

    point: str
    hit: bool
    trouble: str = ""


def main() -> None:
    drill = msgspec.json.decode(sys.stdin.buffer.read(), type=Drill)
    folder = Path(sys.argv[1])
    workers = [os.fork() or _work(folder, drill, n) for n in range(WORKERS)]
    for worker in workers:
        os.waitpid(worker, 0)
    results: list[Result] = []
    for n in range(WORKERS):
        results += msgspec.json.decode((folder / f"results{n}").read_bytes(), type=list[Result])
    sys.stdout.buffer.write(msgspec.json.encode(results))


def _work(folder: Path, drill: Drill, worker: int) -> NoReturn:
    """Every `WORKERS`th case, in a child of its own; the disk is waited for side by side."""
    points = drill.points[worker::WORKERS]
    results = [_case(folder / f"{worker}-{n}", drill, p) for n, p in enumerate(points)]
    (folder / f"results{worker}").write_bytes(msgspec.json.encode(results))
    os._exit(0)


def _case(folder: Path, drill: Drill, point: str) -> Result:
    folder.mkdir()
    end = _fork(folder, lambda: trio.run(_prepare, folder, drill))
    if end:
        return Result(point, hit=False, trouble=_told(folder, f"prepare ended with {end}"))

    def killed() -> None:
        faults.arm(point)
        trio.run(_import, folder, drill)

    first = _fork(folder, killed)
    if first not in (0, -signal.SIGKILL):
        return Result(point, hit=False, trouble=_told(folder, f"the first run ended with {first}"))
    second = _fork(folder, lambda: trio.run(_recover, folder, drill))
    trouble = _told(folder, f"the recovery ended with {second}") if second else ""
    return Result(point, hit=first == -signal.SIGKILL, trouble=trouble)


def _fork(folder: Path, work: Callable[[], None]) -> int:
    """Run in a child: 0, or the exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: ASYNC103, BLE001 - a child of fork must never return
            (folder / "trouble").write_text(traceback.format_exc())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _told(folder: Path, what: str) -> str:
    path = folder / "trouble"
    return f"{what}\n{path.read_text() if path.exists() else ''}"


def _payload(drill: Drill) -> dict[str, bytes]:
    return importing.tracks() if drill.shape == "audiobook" else importing.EBOOK


def _house(folder: Path) -> House:
    return House(folder / "house")


async def _prepare(folder: Path, drill: Drill) -> None:
    house = importing.build(folder / "house", _payload(drill))
    format_: BookFormat = "audiobook" if drill.shape == "audiobook" else "ebook"
    protocol = "usenet" if drill.mode == "move" else "torrent"

    def work(tx: Tx) -> None:
        download_id = importing.furnish_in(
            tx, house, format_=format_, mode=drill.mode, protocol=protocol
        )
        if drill.shape == "displaced":
            importing.shelve_in(tx, house, download_id, SHELVED, importing.OLD_PDF)
        if drill.shape == "upgrade":
            importing.shelve_in(tx, house, download_id, OLD, importing.OLD_PDF)
            tx.run("UPDATE slot SET profile_id = 2")
        importing.open_gate_in(tx, house, download_id, forced=drill.shape == "displaced")

    async with open_test_store(folder, clock=SystemClock()) as store:
        await store.write(work)


async def _import(folder: Path, drill: Drill) -> None:
    async with open_test_store(folder, clock=SystemClock()) as store:
        await _until_done(store)


async def _recover(folder: Path, drill: Drill) -> None:
    async with open_test_store(folder, clock=SystemClock()) as store:
        await _until_done(store)
        _judge(store, _house(folder), drill)


async def _until_done(store: Store) -> None:
    with trio.fail_after(WITHIN_S):
        async with importing.at_work(store):
            command: int = store.read(lambda reader: reader.value(_q_command))
            assert await store.settled(command, WITHIN_S) is not None


def _judge(store: Store, house: House, drill: Drill) -> None:
    """The invariants of architecture.md 6c."""
    wanted = sorted(hashlib.sha256(data).hexdigest() for data in _payload(drill).values())
    assert house.hashes() == wanted, house.shelved()
    assert house.strays() == []
    row = importing.download(store)
    assert (row.state, row.live, row.attempts) == ("imported", False, 0), row
    told = store.read(lambda r: r.values("SELECT type FROM event"))
    assert told.count("bookImported") == 1, told
    imports = store.read(lambda r: r.values("SELECT state FROM import ORDER BY id"))
    assert imports[-1] == "done", imports
    assert set(imports[:-1]) <= {"undone"}, imports
    books = [name for name in house.shelved() if not name.endswith(".jpg")]
    known = store.read(lambda r: r.values("SELECT rel_path FROM file ORDER BY rel_path"))
    assert known == books
    assert house.binned() == (
        [importing.OLD_PDF] if drill.shape in ("displaced", "upgrade") else []
    )
    assert house.source.exists() == (drill.mode != "move"), list(house.source.rglob("*"))
    cleanups = "SELECT count(*) FROM command WHERE kind = 'download.cleanup'"
    assert store.read(lambda r: r.value(cleanups)) == 1


if __name__ == "__main__":
    main()
