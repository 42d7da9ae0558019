"""The built-in client in a process of its own that is killed in the middle."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from bindery.adapters.configs import DirectConfig
from bindery.adapters.direct_job import RECORD
from bindery.adapters.downloaders.direct import Direct
from bindery.adapters.outbound import Outbound
from bindery.domain.transfers import RemoteState
from tests.fixtures_dir import ROOT
from tests.kit.server import ScriptedServer, ranged

pytestmark = pytest.mark.system

DATA = bytes(range(256)) * 8000
_PROGRAM = """
import sys, trio
from bindery.adapters.configs import DirectConfig
from bindery.adapters.downloaders.direct import Direct
from bindery.adapters.outbound import Outbound
from bindery.domain.transfers import AddOptions, Payload
from bindery.runtime.clock import SystemClock
from bindery.runtime.threads import Threads

async def main(folder, url):
    outbound = Outbound(threads=Threads(), clock=SystemClock())
    config = DirectConfig(download_dir=folder, trusted_urls=(url,))
    async with Direct(config, outbound) as client:
        await client.add(Payload(kind="http", data=url.encode(), name=""), AddOptions(token="tok", title="T"))
        await client.run()

trio.run(main, *sys.argv[1:])
"""


async def test_kill_and_resume(tmp_path: Path, server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/b.epub", ranged(DATA, etag='"e"', rate=500_000), ranged(DATA, etag='"e"'))
    url = f"{server.url}/b.epub"
    record = tmp_path / "tok" / RECORD
    process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        [sys.executable, "-c", _PROGRAM, str(tmp_path), url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        with trio.fail_after(20):
            while not (record.exists() and b'"synced"' in record.read_bytes()):  # noqa: ASYNC110 - another process
                await trio.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    config = DirectConfig(download_dir=str(tmp_path), trusted_urls=(url,))
    with trio.fail_after(20):
        async with Direct(config, outbound) as client, trio.open_nursery() as nursery:
            (before,) = (await client.snapshot()).items
            assert before.state is RemoteState.QUEUED
            assert 0 < (before.done or 0) < len(DATA)
            nursery.start_soon(client.run)
            while (await client.snapshot()).items[0].state is not RemoteState.COMPLETE:  # noqa: ASYNC110
                await trio.sleep(0.02)
            nursery.cancel_scope.cancel(reason="the test is done")
    assert (tmp_path / "tok" / "b.epub").read_bytes() == DATA
    assert server.requests[1].headers["range"] == f"bytes={before.done}-"
