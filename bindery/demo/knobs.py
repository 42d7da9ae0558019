"""What a test or the demo can turn while the world runs: bad answers, slow answers, none at all."""

from dataclasses import dataclass, field

import trio


class Gate:
    """Open or shut; whoever passes waits while it is shut. `shut` and `open` work in any thread."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._opened = trio.Event()
        self._opened.set()
        self._reached = trio.Event()

    @property
    def is_shut(self) -> bool:
        return not self._opened.is_set()

    def shut(self) -> None:
        """From now on everybody waits."""
        if not self.is_shut:
            self._opened = trio.Event()

    def open(self) -> None:
        """Let go on who waits."""
        self._token.run_sync_soon(self._release)

    def _release(self) -> None:
        self._opened.set()
        if self._reached.is_set():
            self._reached = trio.Event()

    async def passed(self) -> None:
        """Wait while it is shut."""
        while self.is_shut:
            self._reached.set()
            await self._opened.wait()

    async def reached(self) -> None:
        """Wait until somebody stands before the shut gate."""
        await self._reached.wait()


class Bucket:
    """One token bucket for all connections together (test-programs.md 1): bytes per second.

    `rate` may be changed while it is in use; None is no limit.
    """

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self._free_at = 0.0

    async def take(self, count: int) -> None:
        """Wait until `count` bytes may go."""
        if self.rate is None:
            return
        now = trio.current_time()
        self._free_at = max(now, self._free_at) + count / self.rate
        await trio.sleep_until(self._free_at)


@dataclass
class Knobs:
    """How one face answers. The defaults are a good day."""

    gate: Gate
    """Shut: requests are read, then nothing comes."""
    latency_s: float = 0.0
    status: int | None = None
    """Answer this instead, with an empty body."""
    retry_after: str = ""
    """`Retry-After` of such an answer: seconds or an HTTP date."""
    html: bool = False
    """Answer 200 with an HTML page, as a login wall does."""
    truncate_at: int | None = None
    """Cut the connection after that many bytes of the body."""
    stall_at: int | None = None
    """Shut the gate after that many bytes of a body, once."""
    times: int | None = None
    """`status`, `html` and `truncate_at` hold for that many answers; None is until reset."""
    error: tuple[int, str] | None = None
    """Indexer faces: an error document with this code and description."""
    bucket: Bucket = field(default_factory=Bucket)

    def reset(self) -> None:
        """A good day again. The bucket is shared between faces and stays as it is."""
        self.latency_s = 0.0
        self.status = self.truncate_at = self.stall_at = self.times = self.error = None
        self.retry_after = ""
        self.html = False
        self.gate.open()

    def spoils(self) -> bool:
        """Whether this answer is a bad one; counts `times` down."""
        bad = self.status is not None or self.html or self.truncate_at is not None
        if not bad or self.times is None:
            return bad
        self.times -= 1
        return self.times >= 0
