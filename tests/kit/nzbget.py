"""A real nzbget on loopback, configured as test-programs.md 7 says."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bindery.adapters.configs import NzbgetConfig
from bindery.adapters.downloaders.nzbget import Nzbget
from bindery.adapters.outbound import Outbound
from tests.kit import nntp
from tests.kit.program import Program, binary, free_port, listens

PASSWORD = "canary-nzbget-passw0rd"
_CONFIG = """MainDir={home}/main
DestDir=${{MainDir}}/dst
InterDir=${{MainDir}}/inter
NzbDir=${{MainDir}}/nzb
QueueDir=${{MainDir}}/queue
TempDir=${{MainDir}}/tmp
LogFile={home}/log
LockFile={home}/lock
WebDir=
ConfigTemplate=/usr/share/nzbget/webui/nzbget.conf
ControlIP=127.0.0.1
ControlPort={rpc}
ControlUsername=admin
ControlPassword={password}
DaemonUsername=root
OutputMode=log
Server1.Active=yes
Server1.Level=0
Server1.Host=127.0.0.1
Server1.Port={nntp}
Server1.Username={nntp_user}
Server1.Password={nntp_password}
Server1.JoinGroup=no
Server1.Encryption=no
Server1.Connections=4
Category1.Name=books
ParCheck=manual
Unpack=no
HealthCheck=none
DirectUnpack=no
DupeCheck=no
ArticleRetries=1
ArticleInterval=1
ArticleTimeout=10
UrlRetries=1
DiskSpace=0
NzbDirInterval=0
KeepHistory=30
UpdateCheck=none
"""


@dataclass
class NzbgetDaemon(Program):
    """One process with its folder and its news server."""

    news_port: int = 0
    rpc: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rpc}"

    @property
    def folder(self) -> Path:
        """Where finished jobs of the category `books` are."""
        return self.home / "main" / "dst" / "books"

    def configure(self) -> None:
        text = _CONFIG.format(
            home=self.home,
            rpc=self.rpc,
            password=PASSWORD,
            nntp=self.news_port,
            nntp_user=nntp.USER,
            nntp_password=nntp.PASSWORD,
        )
        (self.home / "nzbget.conf").write_text(text)

    async def start(self) -> None:
        command = [binary("nzbget"), "-c", f"{self.home}/nzbget.conf", "-s"]
        await self.launch(command, lambda: listens(self.rpc))

    def client(
        self, outbound: Outbound, password: str = PASSWORD, category: str = "books"
    ) -> Nzbget:
        config = NzbgetConfig(url=self.url, username="admin", password=password, category=category)
        return Nzbget(config, outbound)


@asynccontextmanager
async def open_nzbget(home: Path, news_port: int) -> AsyncGenerator[NzbgetDaemon, None]:
    """A started program."""
    daemon = NzbgetDaemon(home, news_port=news_port)
    daemon.configure()
    try:
        await daemon.start()
        yield daemon
    finally:
        daemon.end()
