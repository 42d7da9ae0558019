"""A real qbittorrent-nox on loopback, configured as test-programs.md 3 says."""

import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import trio

PASSWORD = "canary-qbt-passw0rd"
_CONFIG = r"""[LegalNotice]
Accepted=true
[BitTorrent]
Session\Port={bt}
Session\Interface=lo
Session\InterfaceName=lo
Session\InterfaceAddress=127.0.0.1
Session\DHTEnabled=false
Session\PeXEnabled=false
Session\LSDEnabled=false
Session\DefaultSavePath={home}/dl
Session\Preallocation=false
Session\QueueingSystemEnabled=false
Session\MultiConnectionsPerIp=true
Session\IgnoreLimitsOnLAN=false
Session\RefreshInterval=100
Session\Encryption=2
Session\BTProtocol=TCP
[Network]
PortForwardingEnabled=false
[Preferences]
WebUI\Address=127.0.0.1
WebUI\Port={web}
WebUI\UseUPnP=false
WebUI\Username=admin
WebUI\Password_PBKDF2="@ByteArray({password})"
WebUI\LocalHostAuth=true
General\Locale=en
Connection\ResolvePeerCountries=false
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _password() -> str:
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 100_000, 64)
    return f"{base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()}"


@dataclass
class Daemon:
    """One process; `kill` and `start` may alternate on the same profile."""

    home: Path
    binary: str
    web: int = field(default_factory=_free_port)
    bt: int = field(default_factory=_free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    def configure(self) -> None:
        config = self.home / "prof" / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True, exist_ok=True)
        (self.home / "dl").mkdir(exist_ok=True)
        text = _CONFIG.format(bt=self.bt, web=self.web, home=self.home, password=_password())
        config.write_text(text)

    async def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [self.binary, f"--profile={self.home}/prof"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        async with httpx.AsyncClient(trust_env=False) as http:
            with trio.fail_after(10):
                while True:
                    try:
                        answer = await http.get(f"{self.url}/api/v2/app/version")
                        if answer.status_code in {200, 403}:
                            return
                    except httpx.HTTPError:
                        assert self.process.poll() is None, "qbittorrent-nox ended at once"
                    await trio.sleep(0.02)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def restart(self) -> None:
        """As `start`, for tests without a loop."""
        trio.run(self.start)

    def ask(self, call: str, form: dict[str, str] | None = None) -> str:
        """One call of the Web API, signed in anew, for tests without a loop."""
        with httpx.Client(trust_env=False, base_url=f"{self.url}/api/v2/") as http:
            http.post("auth/login", data={"username": "admin", "password": PASSWORD})
            answer = http.get(call) if form is None else http.post(call, data=form)
            return answer.raise_for_status().text

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how)
        if self.process is not None:
            self.process.wait(10)


@contextmanager
def daemon_in(home: Path) -> Generator[Daemon]:
    """As `open_qbittorrent`, for synchronous tests."""
    daemon = Daemon(home, _binary())
    daemon.configure()
    try:
        trio.run(daemon.start)
        yield daemon
    finally:
        daemon.end()


def _binary() -> str:
    """Its absence skips the test visibly."""
    binary = shutil.which("qbittorrent-nox")
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("qbittorrent-nox is not installed", pytrace=False)
        pytest.skip("qbittorrent-nox is not installed")
    return binary


@asynccontextmanager
async def open_qbittorrent(home: Path) -> AsyncGenerator[Daemon, None]:
    """A started program."""
    daemon = Daemon(home, _binary())
    daemon.configure()
    try:
        await daemon.start()
        yield daemon
    finally:
        daemon.end()
