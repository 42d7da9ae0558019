"""A real deluged with its deluge-web on loopback, configured as test-programs.md 5 says."""

import hashlib
import json
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bindery.adapters.configs import DelugeConfig
from bindery.adapters.downloaders.deluge import Deluge
from bindery.adapters.outbound import Outbound
from tests.kit.program import Program, binary, free_port, listens

PASSWORD = "canary-deluge-passw0rd"
_DAEMON_PASSWORD = "canary-daemon-passw0rd"


@dataclass
class DelugePair(Program):
    """The daemon (this program) and its Web UI; `end` kills the daemon and leaves the Web UI."""

    labels: bool = True
    bt: int = field(default_factory=free_port)
    rpc: int = field(default_factory=free_port)
    web: int = field(default_factory=free_port)
    face: Program = field(init=False)

    def __post_init__(self) -> None:
        self.face = Program(self.home)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    @property
    def downloads(self) -> Path:
        return self.home / "dl"

    @property
    def folder(self) -> Path:
        return self.downloads

    def configure(self) -> None:
        cfg = self.home / "cfg"
        cfg.mkdir(parents=True, exist_ok=True)
        self.downloads.mkdir(exist_ok=True)
        off = ("allow_remote", "random_port", "dht", "upnp", "natpmp", "utpex", "lsd")
        core = {
            **dict.fromkeys(
                (*off, "pre_allocate_storage", "new_release_check", "send_info"), False
            ),
            "daemon_port": self.rpc,
            "download_location": str(self.downloads),
            "torrentfiles_location": str(self.downloads),
            "move_completed_path": str(self.downloads),
            "listen_ports": [self.bt, self.bt],
            "listen_interface": "127.0.0.1",
            "outgoing_interface": "127.0.0.1",
            "geoip_db_location": "",
            "enabled_plugins": ["Label"] if self.labels else [],
            "enc_in_policy": 2,
            "enc_out_policy": 2,
        }
        salt = "salt"
        web = {
            "interface": "127.0.0.1",
            "port": self.web,
            "pwd_salt": salt,
            "pwd_sha1": hashlib.sha1((salt + PASSWORD).encode()).hexdigest(),
            "default_daemon": "",
            "first_login": False,
            "sessions": {},
        }
        host = ["h1", "127.0.0.1", self.rpc, "localclient", _DAEMON_PASSWORD]
        for name, version, content in (
            ("core.conf", 1, core),
            ("web.conf", 2, web),
            ("hostlist.conf", 3, {"hosts": [host]}),
        ):
            head = json.dumps({"file": version, "format": 1})
            (cfg / name).write_text(head + json.dumps(content))
        auth = cfg / "auth"
        auth.write_text(f"localclient:{_DAEMON_PASSWORD}:10\n")
        auth.chmod(0o600)

    async def start(self) -> None:
        """The daemon, and the Web UI if it does not run yet."""
        cfg = f"{self.home}/cfg"
        local = ["-i", "127.0.0.1"]
        daemon = [binary("deluged"), "-d", "-c", cfg, "-u", "127.0.0.1", "-p", str(self.rpc)]
        await self.launch([*daemon, *local, "-o", "127.0.0.1"], lambda: listens(self.rpc))
        if not self.face.alive:
            web = [binary("deluge-web"), "-d", "-c", cfg, "-p", str(self.web), *local]
            await self.face.launch(web, lambda: listens(self.web))

    def client(self, outbound: Outbound, password: str = PASSWORD) -> Deluge:
        config = DelugeConfig(url=self.url, password=password, category="books", timeout_s=5)
        return Deluge(config, outbound)


@asynccontextmanager
async def open_deluge(home: Path, *, labels: bool = True) -> AsyncGenerator[DelugePair, None]:
    """Both programs, started."""
    pair = DelugePair(home, labels=labels)
    pair.configure()
    try:
        await pair.start()
        yield pair
    finally:
        pair.face.end(signal.SIGKILL)
        pair.end()
