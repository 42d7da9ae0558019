"""A real transmission-daemon on loopback, configured as test-programs.md 4 says."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bindery.adapters.configs import TransmissionConfig
from bindery.adapters.downloaders.transmission import Transmission
from bindery.adapters.outbound import Outbound
from tests.kit.program import Program, binary, free_port, listens

PASSWORD = "canary-trm-passw0rd"


@dataclass
class TransmissionDaemon(Program):
    """One daemon with its folder."""

    rpc: int = field(default_factory=free_port)
    bt: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rpc}"

    @property
    def downloads(self) -> Path:
        return self.home / "dl"

    @property
    def folder(self) -> Path:
        return self.downloads / "books"

    def configure(self) -> None:
        (self.home / "cfg").mkdir(parents=True, exist_ok=True)
        self.downloads.mkdir(exist_ok=True)
        settings = {
            "rpc-bind-address": "127.0.0.1",
            "rpc-port": self.rpc,
            "rpc-whitelist": "127.0.0.1",
            "rpc-authentication-required": True,
            "rpc-username": "admin",
            "rpc-password": PASSWORD,
            "bind-address-ipv4": "127.0.0.1",
            "bind-address-ipv6": "::1",
            "peer-port": self.bt,
            "peer-port-random-on-start": False,
            "port-forwarding-enabled": False,
            "dht-enabled": False,
            "lpd-enabled": False,
            "pex-enabled": False,
            "utp-enabled": False,
            "encryption": 0,
            "preallocation": 0,
            "download-dir": str(self.downloads),
            "umask": 18,
            "incomplete-dir-enabled": False,
            "cache-size-mb": 1,
            "scrape-paused-torrents-enabled": False,
        }
        (self.home / "cfg" / "settings.json").write_text(json.dumps(settings))

    async def start(self) -> None:
        command = [binary("transmission-daemon"), "-f", "-g", f"{self.home}/cfg", "--log-error"]
        await self.launch(command, lambda: listens(self.rpc))

    def client(self, outbound: Outbound, password: str = PASSWORD) -> Transmission:
        config = TransmissionConfig(
            url=self.url, username="admin", password=password, category="books"
        )
        return Transmission(config, outbound)


@asynccontextmanager
async def open_transmission(home: Path) -> AsyncGenerator[TransmissionDaemon, None]:
    """A started program."""
    daemon = TransmissionDaemon(home)
    daemon.configure()
    try:
        await daemon.start()
        yield daemon
    finally:
        daemon.end()
