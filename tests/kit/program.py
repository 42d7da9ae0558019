"""A real program on loopback, started and killed by tests (test-programs.md)."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binary(name: str) -> str:
    """Where a program is. Its absence skips the test visibly, and fails it in CI."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed", pytrace=False)
        pytest.skip(f"{name} is not installed")
    return found


@dataclass
class Program:
    """One process in a group of its own; `start` and `end` may alternate on the same folder."""

    home: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    async def launch(self, command: list[str], ready: Callable[[], Awaitable[bool]]) -> None:
        """Start and wait until it answers."""
        self.process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        with trio.fail_after(20):
            while not await ready():
                assert self.process.poll() is None, f"{command[0]} ended at once"
                await trio.sleep(0.02)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Stop it and wait for that."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how)
        if self.process is not None:
            self.process.wait(20)


async def listens(port: int) -> bool:
    """Whether somebody listens on this port of loopback."""
    try:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
    except OSError:
        return False
    await stream.aclose()
    return True
