"""From the snapshot that says complete to the file on the shelf, by hardlink."""

import time
from pathlib import Path

import msgspec
import trio
from trio_websocket import WebSocketConnection

from bench.figures import Figure, percentile
from bench.outside import Outside, open_outside
from bench.process import Running, prepared, service
from bench.rows import add_book, add_clients, add_download, add_root
from bench.start import torrent
from bindery.demo.epub import make_epub
from bindery.demo.shelf import Author, Work

RUNS, PADDING = 6, 2_000_000
LIMIT_S = 60.0
WORKER_GONE_S = 45.0


async def run() -> list[Figure]:
    """The figures of the table's rows "Import" and "peak during an import"."""
    taken: list[float] = []
    peaks: list[int] = []
    async with open_outside() as outside:
        with prepared(100_000) as folder:
            (client,) = add_clients(folder, 1, outside.client_port)
            add_root(folder, folder / "library")
            wanted = [_wish(folder, client, n) for n in range(1, RUNS + 1)]
            outside.torrents = [_downloading(number) for number, _path in wanted]
            async with service(folder) as running, trio.open_nursery() as nursery:
                nursery.start_soon(_sample, running, peaks)
                async with running.socket(["queue"]) as ws:
                    await trio.sleep(3)
                    for number, path in wanted:
                        taken.append(await _shelved(outside, ws, number, path))
                peak = max(peaks)
                await trio.sleep(WORKER_GONE_S)
                after = running.usage()
                nursery.cancel_scope.cancel(reason="measured")
                links = [_links(path) for _number, path in wanted]
    return [
        Figure("import", "complete to shelf, median", percentile(taken, 0.5), "s"),
        Figure("import", "complete to shelf, worst", max(taken), "s", 3),
        Figure("import", "hardlinked", sum(n > 1 for n in links), "", RUNS, "more"),
        Figure("import", "RSS with the worker, at most", peak / 1e6, "MB", 250),
        Figure("import", "processes 45 s later", after.processes, "", 1),
        Figure("import", "RSS 45 s later", after.rss / 1e6, "MB", 120),
    ]


def _wish(folder: Path, client: int, number: int) -> tuple[int, Path]:
    """A book, its file as the client will leave it, and the download; the download's id."""
    work = Work(
        9_000_000 + number, Author(9_100_000 + number, f"Ada Bench{'abcdef'[number - 1]}"),
        f"The Measured Book of {'Ashes Birds Clocks Doors Engines Fields'.split()[number - 1]}",
        1950 + number, padding=PADDING,
    )  # fmt: skip
    path = folder / "downloads" / f"{work.author.name} - {work.title} ({work.year}).epub"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(make_epub(work))
    _book, slot = add_book(folder, work.title, work.author.name, str(work.year))
    download = add_download(folder, slot, client, path.stem + " [EPUB]", f"{number:040x}")
    return download, path


def _links(path: Path) -> int:
    return path.stat().st_nlink


def _downloading(download: int) -> dict[str, object]:
    return {**torrent(download), "hash": f"{download:040x}"}


async def _shelved(outside: Outside, ws: WebSocketConnection, download: int, path: Path) -> float:
    """Let the client say that it is complete; seconds from the poll that hears it to the row."""
    size = (await trio.Path(path).stat()).st_size
    outside.files[f"{download:040x}"] = [
        {"name": path.name, "size": size, "progress": 1, "priority": 1}
    ]
    heard = outside.complete(
        {
            **torrent(download),
            "name": path.name,
            "state": "stalledUP",
            "progress": 1,
            "amount_left": 0,
            "size": size,
            "save_path": str(path.parent),
            "content_path": str(path),
        }
    )
    state = ""
    with trio.move_on_after(LIMIT_S):
        while True:
            frame = msgspec.json.decode(await ws.get_message())
            for row in (*frame.get("put", ()), *frame.get("patch", ())):
                if row["id"] == download:
                    state = row.get("state", state)
            if state == "imported":
                return time.perf_counter() - heard()
    raise RuntimeError(f"download {download} stays {state}")


async def _sample(running: Running, peaks: list[int]) -> None:
    while True:
        peaks.append(running.usage().rss)
        await trio.sleep(0.02)
